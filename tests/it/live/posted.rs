//! Posts of peers: whatever they are and however often they come, the run goes on and its records are written.

use super::attacks::respelled;
use super::peer::{Peer, SIGNED};
use super::sockets::{Servers, ask, date_at, get, moved, until};
use super::visits::{VISITS, counts, unvisited, with_peer};
use crate::program::Place;
use fedisim::foundation::ids::ViewerId;
use fedisim::mechanism::activity::Subject;
use serde_json::{Value, json};

type Headers = Vec<(String, String)>;

/// The second video, which is not in the workload.
const OTHER: u32 = 1;

fn viewers(port: u16) -> Value {
    get(port, "/api/v1/videos/2").json()["viewers"].clone()
}

fn serve_unvisited(place: &Place, peer: &Peer) -> Servers {
    place.write("visits.yaml", with_peer(&unvisited(), peer));
    Servers::start(place, 3, &["live", "visits.yaml", "--time-scale", "1", "--out", "out"])
}

/// A retry is the same document with another date and signature. Both forwards to a follower are in flight at once.
#[test]
fn the_same_document_twice_is_taken_twice() {
    let (place, peer) = (Place::new(), Peer::start());
    let slow = VISITS.replace("200 ms", "2 s").replace("base: peertube-8.2.4", "base: v1");
    let columns = slow.replace("compare: [own]", "compare: [own, v2]");
    // without queues forwards do not wait
    let columns = columns.replace("delivery: peertube", "delivery: unlimited");
    place.write("visits.yaml", with_peer(&columns, &peer));
    let call = ["live", "visits.yaml", "--set", "end=30 s", "--time-scale", "10", "--out", "out"];
    let servers = Servers::start(&place, 6, &call);
    let port = servers.port;
    let body = peer.says(port, OTHER, Subject::Viewer(ViewerId(1), 0), Some(1));
    let date = date_at(port);
    for later_s in 0..3 {
        assert_eq!(peer.post_of(port, &body, &peer.key, &moved(&date, later_s)).status, 204);
    }
    assert_eq!(viewers(port), 3, "up to 6.0 an id that is known is another entry");
    // documents of other servers, and of the server itself, posted to it
    let of_origin = peer.wait_for("View", &format!("{}/accounts/peertube", servers.url(0)));
    let of_near = peer.wait_for("View", &format!("{}/accounts/peertube", servers.url(1)));
    for (number, body) in [&of_origin.body, &of_near.body].into_iter().enumerate() {
        for to in 0..3 {
            let later = moved(&date, 10 + number as i64);
            assert_eq!(peer.post_of(port + to, body, &peer.key, &later).status, 204, "{body}");
        }
    }
    let answer = servers.end();
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert_eq!(counts(&place, "out")["activities_of_peers"], 9);
    let columns: Vec<String> = place.rows("out/summary.csv").into_iter().map(|row| row[1].clone()).collect();
    assert!(columns.contains(&"own".to_owned()) && columns.contains(&"v2".to_owned()), "{columns:?}");
}

#[test]
fn a_request_in_other_words_is_the_same_request() {
    let (place, peer) = (Place::new(), Peer::start());
    let servers = serve_unvisited(&place, &peer);
    let port = servers.port;
    let body = peer.says(port, OTHER, Subject::Viewer(ViewerId(1), 0), Some(1));
    let headers = peer.headers(port, &body, &peer.key, &date_at(port));
    let post = |headers: &[(String, String)]| ask(port, "POST /inbox", headers, &body).status;
    assert_eq!(post(&headers), 204);
    assert_eq!(post(&headers), 409);
    let with = |change: &dyn Fn(&str, &str) -> Headers| -> Headers {
        headers.iter().flat_map(|(name, value)| change(name, value)).collect()
    };
    let signature = headers.iter().find(|(name, _)| name == "signature").expect("it is signed").1.clone();
    for other in respelled(&signature) {
        let other = with(&|name, value| {
            let value = if name == "signature" { &other[..] } else { value };
            vec![(name.to_owned(), value.to_owned())]
        });
        assert_eq!(post(&other), 409, "{other:?}");
    }
    // names of headers in capitals, white space around values, and an unsigned header
    let capitals = with(&|name, value| vec![(name.to_uppercase(), format!("  {value}  "))]);
    let more = [&headers[..], &[("x-more".to_owned(), "1".to_owned())]].concat();
    for other in [capitals, more] {
        assert_eq!(post(&other), 409, "{other:?}");
    }
    // two values of one header are another text, which is not signed
    for twice in ["date", "digest", "signature"] {
        let other = with(&|name, value| {
            let one = (name.to_owned(), value.to_owned());
            if name == twice { vec![one.clone(), one] } else { vec![one] }
        });
        assert!([401, 403].contains(&post(&other)), "{twice}");
    }
    assert_eq!(viewers(port), 1);
}

#[test]
fn a_date_is_of_now_and_is_signed() {
    let (place, peer) = (Place::new(), Peer::start());
    let servers = serve_unvisited(&place, &peer);
    let port = servers.port;
    let body = peer.says(port, OTHER, Subject::Plain(ViewerId(1)), None);
    let now = date_at(port);
    for (date, status) in [
        ("Mon, 01 Jan 2001 00:00:00 GMT".to_owned(), 403),
        ("Thu, 01 Jan 2099 00:00:00 GMT".to_owned(), 403),
        ("never".to_owned(), 403),
        (String::new(), 403),
        (moved(&now, -31 * 60), 403),
        (moved(&now, 31 * 60), 403),
        (moved(&now, -29 * 60), 204),
        (moved(&now, 29 * 60), 204),
    ] {
        assert_eq!(peer.post_of(port, &body, &peer.key, &date).status, status, "{date}");
    }
    for missing in SIGNED.split(' ') {
        let signed: Vec<&str> = SIGNED.split(' ').filter(|name| *name != missing).collect();
        let headers = peer.headers_signing(port, &body, &signed.join(" "));
        assert_eq!(ask(port, "POST /inbox", &headers, &body).status, 403, "without {missing}");
    }
    let headers = peer.headers_signing(port, &body, &format!("{SIGNED} content-length"));
    assert_eq!(ask(port, "POST /inbox", &headers, &body).status, 204, "with more than is needed");
}

/// Totals of peers add up to more than a number on the wire can hold.
#[test]
fn extreme_numbers_change_nothing_but_what_is_shown() {
    std::thread::scope(|scope| {
        for protocol in ["v3", "v4", "peertube-6.3-v2", "peertube-8.2.4"] {
            scope.spawn(move || claim_extremes(protocol));
        }
    });
}

fn claim_extremes(protocol: &str) {
    let (place, peer) = (Place::new(), Peer::start());
    let scenario = VISITS.replace("base: peertube-8.2.4", &format!("base: {protocol}"));
    place.write("visits.yaml", with_peer(&scenario, &peer));
    let call = ["live", "visits.yaml", "--set", "end=70 s", "--time-scale", "20", "--out", "out"];
    let servers = Servers::start(&place, 3, &call);
    let port = servers.port;
    let mut posted = 0;
    let mut post = |to: u16, body: &str, statuses: &[u16]| {
        posted += 1;
        let date = moved(&date_at(port), posted);
        let status = peer.post_of(port + to, body, &peer.key, &date).status;
        assert!(statuses.contains(&status), "{protocol}: {status} for {body}");
    };
    for video in [0, OTHER] {
        let total = peer.says(port, video, Subject::Total, Some(u32::MAX));
        let viewer = peer.says(port, video, Subject::Viewer(ViewerId(1), 0), Some(u32::MAX));
        for to in 0..3 {
            [&total, &viewer, &viewer].into_iter().for_each(|body| post(to, body, &[204]));
        }
    }
    let total = peer.says(port, OTHER, Subject::Total, Some(77));
    for number in ["-3", "4294967296", "1e300", "0.5", "\"5\"", "null"] {
        let body = total.replace(":77}", &format!(":{number}}}"));
        assert_ne!(body, total);
        post(0, &body, &[204, 400]);
    }
    let expires = serde_json::from_str::<Value>(&total).expect("JSON")["expires"].clone();
    let expires = expires.as_str().expect("text");
    for time in [
        "9999-12-31T23:59:59.999Z",
        "2600-01-01T00:00:00.000Z",
        "0000-01-01T00:00:00.000Z",
        "2026-02-30T00:00:00.000Z",
        "2026-01-01T24:00:60.000Z",
    ] {
        post(0, &total.replace(expires, time), &[204, 400]);
    }
    let answer = servers.end();
    assert_eq!(answer.code, Some(0), "{protocol}: {}", answer.err);
    assert!(!place.rows("out/counters.csv").is_empty());
}

/// A peer that never answers costs one connection at a time.
#[test]
fn a_server_that_hangs_holds_one_socket() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it has one"));
    let scenario =
        VISITS.replace("base: peertube-8.2.4", "base: v1").replace("heartbeat: 12 s", "heartbeat: 1 s");
    let peer = json!([{ "actor": format!("{url}/accounts/me"), "inbox": format!("{url}/inbox"), "follows": "origin" }]);
    place.write("visits.yaml", scenario);
    let set = format!("peers={peer}");
    let call =
        ["live", "visits.yaml", "--set", "end=90 s", "--set", &set, "--time-scale", "30", "--out", "out"];
    let servers = Servers::start(&place, 3, &call);
    listener.set_nonblocking(true).expect("a socket");
    let mut held = Vec::new();
    until("a post", || {
        held.extend(listener.accept().ok());
        (!held.is_empty()).then_some(())
    });
    let answer = servers.end();
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    held.extend(std::iter::from_fn(|| listener.accept().ok()));
    assert_eq!(held.len(), 1);
}
