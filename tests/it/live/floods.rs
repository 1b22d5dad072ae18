//! Floods of clients during a run: its records are those of a run without floods, and what is refused is counted.

use super::sockets::{Servers, connect, get, post, until};
use super::visits::{VISITS, counts};
use crate::program::Place;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

/// A short run, so slow that a client can post more than one heartbeat per ms of model time.
const SHORT: [&str; 6] = ["--set", "end=22 s", "--set", "measure.every=10 s", "--time-scale", "6"];

/// After this time the run has begun.
const BEGUN: Duration = Duration::from_millis(400);

/// The rows of counters and links about the video of the workload, without times.
fn of_clip(place: &Place, out: &str) -> [Vec<Vec<String>>; 2] {
    ["counters.csv", "links.csv"].map(|file| {
        let rows = place.rows(&format!("{out}/{file}")).into_iter();
        let rows: Vec<_> = rows.filter(|row| row.iter().any(|cell| cell == "clip")).collect();
        assert!(!rows.is_empty(), "{file}");
        // the sizes of heads depend on the names of the servers
        if file == "links.csv" {
            rows.into_iter().map(|row| row[..row.len() - 2].to_vec()).collect()
        } else {
            rows
        }
    })
}

/// Runs the visits flooded and simulated, and checks that the rows about the workload's video are equal.
fn flooded(more: &[&str], flood: impl FnOnce(u16)) -> Value {
    let place = Place::new();
    place.write("visits.yaml", VISITS);
    let sets: Vec<&str> = more.iter().copied().take_while(|word| *word != "--time-scale").collect();
    place.good(&[&["run", "visits.yaml", "--out", "simulated"], &sets[..]].concat());
    let call = [&["live", "visits.yaml", "--out", "flooded"], more].concat();
    let servers = Servers::start(&place, 3, &call);
    sleep(BEGUN);
    flood(servers.port);
    let answer = servers.end();
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert_eq!(of_clip(&place, "flooded"), of_clip(&place, "simulated"));
    counts(&place, "flooded")
}

fn heartbeat(port: u16, video: u8, session: &str) -> Vec<u8> {
    let body = json!({ "currentTime": 1, "sessionId": session }).to_string();
    let length = body.len();
    format!(
        "POST /api/v1/videos/{video}/views HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Posts heartbeats as fast as possible. Returns how many are answered with 204, and with 429.
fn hammer(port: u16, count: usize) -> [usize; 2] {
    const AT_ONCE: usize = 200;
    let one = heartbeat(port, 2, "somebody");
    let mut stream = connect(port).expect("a connection");
    let mut answers = [0, 0];
    for _ in 0..count / AT_ONCE {
        stream.write_all(&one.repeat(AT_ONCE)).expect("it is read");
        let mut text = Vec::new();
        let mut found = 0;
        while found < AT_ONCE {
            let mut bytes = [0; 16 << 10];
            let read = stream.read(&mut bytes).expect("an answer");
            assert!(read > 0, "the connection ends");
            text.extend_from_slice(&bytes[..read]);
            found = text.windows(9).filter(|window| window == b"HTTP/1.1 ").count();
        }
        let answered = |status: &[u8]| text.windows(12).filter(|window| *window == status).count();
        answers[0] += answered(b"HTTP/1.1 204");
        answers[1] += answered(b"HTTP/1.1 429");
    }
    answers
}

/// Each input gets a later time, but more inputs than milliseconds do not make time pass.
#[test]
fn heartbeats_do_not_push_the_clock() {
    let mut answers = [0, 0];
    let counts = flooded(&SHORT, |port| {
        let hammers = [1, 1, 2].map(|number| thread::spawn(move || hammer(port + number, 10_000)));
        for hammer in hammers {
            let [taken, refused] = hammer.join().expect("it ends");
            answers = [answers[0] + taken, answers[1] + refused];
        }
    });
    assert_eq!(answers[0] + answers[1], 30_000);
    assert!(answers[1] > 0, "nothing was refused: {answers:?}");
    assert_eq!(counts["heartbeats_of_strangers"], answers[0], "{counts}");
    assert_eq!(counts["inputs_ahead_of_clock"], answers[1], "{counts}");
}

/// Sends half a head on each of many connections, waits, and connects again.
fn sit(port: u16, count: usize, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        let mut held = Vec::new();
        for _ in 0..count {
            if let Ok(mut stream) = connect(port) {
                let _ = stream.write_all(b"GET /nodeinfo/2.0.json HTTP/1.1\r\nhost: x\r\n");
                held.push(stream);
            }
        }
        for _ in 0..10 {
            if !is_over.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(100));
            }
        }
    }
}

#[test]
fn slow_heads_do_not_take_the_places_of_the_run() {
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let is_over = Arc::new(AtomicBool::new(false));
    let mut sitting = Vec::new();
    let counts = flooded(&["--set", "end=64 s", "--time-scale", "20"], |port| {
        for number in [0, 0, 1, 1] {
            let is_over = Arc::clone(&is_over);
            sitting.push(thread::spawn(move || sit(port + number, 350, &is_over)));
        }
        // a normal request is answered
        sleep(Duration::from_millis(300));
        assert_eq!(get(port, "/nodeinfo/2.0.json").status, 200);
    });
    is_over.store(true, Ordering::Relaxed);
    for sitting in sitting {
        sitting.join().expect("it ends");
    }
    // how many is a matter of how soon this machine connects
    assert!(counts["connections_pushed_out"].as_u64() > Some(0), "{counts}");
}

#[test]
fn made_up_viewers_are_only_so_many() {
    const MADE_UP_MAX: usize = 1_000;
    let counts = flooded(&["--set", "end=44 s", "--time-scale", "10"], |port| {
        // at an origin whose rules send nothing of single viewers
        let watch = |number: usize| {
            let body = json!({ "currentTime": 1, "sessionId": format!("somebody {number}") }).to_string();
            post(port, "/api/v1/videos/2/views", &body).status
        };
        for number in 0..MADE_UP_MAX {
            until("a place for one more", || (watch(number) == 204).then_some(()));
        }
        for number in 0..50 {
            assert_eq!(watch(MADE_UP_MAX + number), 429);
        }
        until("who is known", || (watch(0) == 204).then_some(()));
    });
    assert!(counts["viewers_too_many"].as_u64() > Some(0), "{counts}");
    assert_eq!(counts["heartbeats_of_strangers"], MADE_UP_MAX + 1, "{counts}");
}

/// A process that is stopped for a while is late for what is planned meanwhile.
#[test]
fn a_run_that_cannot_keep_up_says_so() {
    let place = Place::new();
    place.write("visits.yaml", VISITS);
    let call = ["live", "visits.yaml", "--set", "end=44 s", "--time-scale", "10", "--out", "out"];
    let mut servers = Servers::start(&place, 3, &call);
    sleep(Duration::from_secs(1));
    servers.signal("-STOP");
    sleep(Duration::from_millis(2_200));
    servers.signal("-CONT");
    assert!(servers.is_running());
    let answer = servers.end();
    assert_eq!(answer.code, Some(1), "{}", answer.err);
    assert!(answer.err.contains("own requests failed or came late"), "{}", answer.err);
    assert!(counts(&place, "out")["heartbeats_late"].as_u64() > Some(0));
    assert!(!place.rows("out/summary.csv").is_empty());
    let again = place.call(&call);
    assert_eq!(again.code, Some(1), "it is still not what the scenario says: {}", again.err);
}

/// Only own clients can post heartbeats of the workload.
#[test]
fn nobody_else_speaks_for_the_workload() {
    let counts = flooded(&["--set", "end=24 s", "--time-scale", "20"], |port| {
        for number in 0..20 {
            let body = json!({ "currentTime": 30, "sessionId": "0", "visit": 0, "heartbeat": number });
            assert_eq!(post(port + 1, "/api/v1/videos/1/views", &body.to_string()).status, 400);
        }
    });
    assert_eq!(counts["heartbeats_forged"], 20, "{counts}");
}
