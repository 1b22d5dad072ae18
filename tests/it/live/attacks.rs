//! Attacks on a run: its records are those of a run without attacks, and the attacks are counted.

use super::peer::signed_as;
use super::sockets::{Servers, ask, connect, date_at, until};
use super::visits::{VISITS, counts};
use crate::program::Place;
use fedisim::live::http_signature::prove;
use fedisim::live::keys::KeyPair;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

/// Announces a body of 1 GiB, and sends it although it is refused. Returns the bytes that got through.
fn announce(port: u16) -> usize {
    const GIB: usize = 1 << 30;
    let mut stream = connect(port).expect("a connection");
    let head = format!("POST /inbox HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: {GIB}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("it is read");
    let mut status = [0; 12];
    stream.read_exact(&mut status).expect("an answer before the body");
    assert_eq!(&status, b"HTTP/1.1 413");
    let chunk = vec![b' '; 64 << 10];
    (0..GIB / chunk.len()).take_while(|_| stream.write_all(&chunk).is_ok()).count() * chunk.len()
}

/// Streams a body without an end. Returns the bytes that got through.
fn stream(port: u16) -> usize {
    let mut stream = connect(port).expect("a connection");
    let head = format!(
        "POST /api/v1/videos/1/views HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("it is read");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    (0..1 << 14).take_while(|_| stream.write_all(chunk.as_bytes()).is_ok()).count() * chunk.len()
}

/// Sends a head byte by byte until the connection ends. Returns how long that took, in 0.1 s.
fn drip(port: u16) -> usize {
    let mut stream = connect(port).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a socket");
    stream.write_all(b"GET /nodeinfo/2.0.json HTTP/1.1\r\nx: ").expect("it is read");
    for tenths in 0..100 {
        let refused = stream.write_all(b"x").is_err();
        // an end, an answer or a reset
        let mut bytes = [0; 1];
        let ended = stream
            .read(&mut bytes)
            .map_or_else(|error| error.kind() != std::io::ErrorKind::WouldBlock, |_| true);
        if refused || ended {
            return tenths;
        }
    }
    100
}

/// A captured request.
struct Captured {
    headers: Vec<(String, String)>,
    body: String,
}

impl Captured {
    /// Waits for a request to a server.
    fn wait_for(place: &Place, port: u16) -> Captured {
        let host = json!(["host", format!("127.0.0.1:{port}")]);
        until("a captured request", || {
            let text = place.read("capture.jsonl");
            let whole = text.lines().filter(|_| text.ends_with('\n'));
            let mut values = whole.map(|line| serde_json::from_str::<Value>(line).expect("a whole line"));
            let value =
                values.find(|value| value["headers"].as_array().is_some_and(|all| all.contains(&host)))?;
            let headers = serde_json::from_value(value["headers"].clone()).expect("names and values");
            Some(Captured { headers, body: value["body"].as_str().expect("text").to_owned() })
        })
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str()).expect("a header")
    }

    /// The request with another header.
    fn with(&self, name: &str, value: &str) -> Captured {
        let mut headers = self.headers.clone();
        headers.iter_mut().filter(|(own, _)| own == name).for_each(|(_, own)| value.clone_into(own));
        Captured { headers, body: self.body.clone() }
    }

    fn without(&self, name: &str) -> Captured {
        let headers = self.headers.iter().filter(|(own, _)| own != name).cloned().collect();
        Captured { headers, body: self.body.clone() }
    }

    fn with_body(&self, body: String) -> Captured {
        Captured { headers: self.headers.clone(), body }
    }

    fn post(&self, port: u16) -> u16 {
        ask(port, "POST /inbox", &self.headers, &self.body).status
    }
}

/// A `signature` header in other spellings of the same claim.
pub(super) fn respelled(signature: &str) -> Vec<String> {
    let parts: Vec<&str> = signature.split(',').collect();
    let [key_id, algorithm, list, value] = parts[..] else { panic!("{signature}") };
    let bare = key_id.trim_end_matches('"').trim_end_matches("#main-key");
    vec![
        format!("{value},{list},{algorithm},{key_id}"),
        format!("{key_id},algorithm=\"hs2019\",{list},{value}"),
        format!("{key_id},{list},{value}"),
        format!("{key_id}, {algorithm}, {list}, {value}"),
        format!("{bare}\",{algorithm},{list},{value}"),
        format!("{bare}#main-key\",{algorithm},{list},{value}"),
        format!("{bare}#another\",{algorithm},{list},{value}"),
        format!("{key_id},{algorithm},{list},{value},nonce=\"1\""),
        format!("created=1,{key_id},{algorithm},{list},{value}"),
        format!("{key_id},{algorithm},{},{value}", list.replace("host", "HOST").replace("date", "Date")),
    ]
}

/// Posts an accepted request again, in ways that must all be refused.
fn forge(place: &Place, port: u16) {
    let taken = Captured::wait_for(place, port);
    assert_eq!(taken.post(port), 409, "a second time");
    assert_eq!(taken.post(port + 2), 400, "by another server");
    let signature = taken.header("signature");
    let (start, value) = signature.split_once(",signature=\"").expect("a signature");
    let first = if value.starts_with('A') { "B" } else { "A" };
    let other = format!("{start},signature=\"{first}{}", &value[1..]);
    assert_eq!(taken.with("signature", &other).post(port), 403, "with another signature");
    assert_eq!(taken.with("date", "Thu, 01 Jan 2026 00:00:00 GMT").post(port), 403, "of another day");
    assert_eq!(taken.without("signature").post(port), 401, "without a signature");
    let end = taken.body.len() - 1;
    let tampered = taken.with_body(format!("{} {}", &taken.body[..end], &taken.body[end..]));
    let tampered = tampered.with("content-length", &tampered.body.len().to_string());
    assert_eq!(tampered.post(port), 401, "with another body");
    let key = KeyPair::generate().expect("a key");
    let digest = prove(&key, "", "", "", "", tampered.body.as_bytes()).digest;
    assert_eq!(tampered.with("digest", &format!("SHA-256={digest}")).post(port), 403, "and its digest");
    for other in respelled(signature) {
        assert_eq!(taken.with("signature", &other).post(port), 409, "{other}");
    }
    // the owner of videos has the same key
    let owner = signature.replace("/accounts/peertube", "/accounts/root");
    assert!([401, 409].contains(&taken.with("signature", &owner).post(port)), "{owner}");
    let stranger = signature.replace("/accounts/peertube", "/accounts/nobody");
    assert_ne!(stranger, signature);
    assert_eq!(taken.with("signature", &stranger).post(port), 401, "by nobody");
    let actor = start.split('"').nth(1).and_then(|id| id.split('#').next()).expect("an actor");
    let mut own = taken.without("x");
    for (name, value) in signed_as(actor, &key, port, &taken.body, &date_at(port)) {
        own = own.with(&name, &value);
    }
    assert_eq!(own.post(port), 403, "by a key that is not its sender's");
    assert_eq!(taken.post(port), 409, "a third time");
}

/// The rows of a record without the last columns.
fn rows(place: &Place, file: &str, without_last: usize) -> Vec<Vec<String>> {
    let mut rows = place.rows(file);
    for row in &mut rows {
        row.truncate(row.len() - without_last);
    }
    assert!(!rows.is_empty(), "{file}");
    rows
}

/// The metrics that are counts.
fn counted(place: &Place, out: &str) -> Vec<Vec<String>> {
    let rows = place.rows(&format!("{out}/summary.csv")).into_iter();
    rows.filter(|row| row.iter().any(|cell| cell == "messages" || cell == "B" || cell == "viewers")).collect()
}

#[test]
fn attacks_neither_stop_a_run_nor_change_a_count() {
    const IDLE: usize = 500;
    let place = Place::new();
    place.write("visits.yaml", VISITS);
    let near = place.call(&["parity", "visits.yaml", "--time-scale", "20", "--margin", "100", "--dry-run"]);
    assert_eq!(near.code, Some(0), "{}", near.err);
    place.good(&["run", "visits.yaml", "--out", "simulated"]);
    let live = |out: &'static str| ["live", "visits.yaml", "--time-scale", "20", "--out", out];
    let quiet = Servers::start(&place, 3, &live("quiet"));
    let more = ["--capture", "capture.jsonl"];
    let attacked = Servers::start(&place, 3, &[&live("attacked")[..], &more].concat());
    let port = attacked.port;
    let dripping = [0, 1, 2].map(|number| thread::spawn(move || drip(port + number)));
    let idle: Vec<_> = (0..IDLE).map(|_| connect(port).expect("a connection")).collect();
    let large = [thread::spawn(move || announce(port + 1)), thread::spawn(move || stream(port))];
    forge(&place, port);
    for large in large {
        let bytes = large.join().expect("it ends");
        assert!(bytes < 64 << 20, "{bytes} got through");
    }
    for dripping in dripping {
        let tenths = dripping.join().expect("it ends");
        assert!((30..70).contains(&tenths), "{tenths}");
    }
    for servers in [quiet, attacked] {
        let answer = servers.end();
        assert_eq!(answer.code, Some(0), "{}", answer.err);
    }
    drop(idle);

    assert_eq!(rows(&place, "attacked/links.csv", 0), rows(&place, "quiet/links.csv", 0));
    assert_eq!(rows(&place, "attacked/links.csv", 2), rows(&place, "simulated/links.csv", 2));
    assert_eq!(rows(&place, "attacked/counters.csv", 0), rows(&place, "quiet/counters.csv", 0));
    assert_eq!(rows(&place, "attacked/counters.csv", 0), rows(&place, "simulated/counters.csv", 0));
    assert_eq!(counted(&place, "attacked"), counted(&place, "quiet"));
    assert!(counted(&place, "quiet").len() > 10);

    let quiet = counts(&place, "quiet");
    assert_eq!(quiet, json!({}), "nobody attacked it");
    let counts = counts(&place, "attacked");
    for (reason, count) in [
        ("requests_replayed", 2 + 10),
        ("requests_for_others", 1),
        ("signatures_wrong", 4),
        ("requests_not_signed", 2),
        ("actors_unknown", 1 + 1),
        ("bodies_too_large", 2),
    ] {
        assert_eq!(counts[reason], count, "{reason}: {counts}");
    }
    assert!(counts["heads_too_slow"].as_u64() >= Some(3), "{counts}");
}
