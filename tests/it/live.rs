//! `fedisim live` on real sockets: what it serves, what it accepts, and that attacks neither stop a run nor change a count.

mod asked_back;
mod attacks;
mod columns;
mod floods;
mod peer;
mod peers;
mod posted;
mod sockets;
mod visits;

use crate::program::{Answer, Place};
use fedisim::live::keys::PublicKey;
use serde_json::json;
use sockets::{Servers, get, post};
use std::net::TcpListener;
use std::thread::sleep;
use std::time::Duration;
use visits::{VISITS, serve_unvisited, unvisited};

#[test]
fn actors_and_servers_are_described() {
    let place = Place::new();
    let servers = serve_unvisited(&place);
    let (port, url) = (servers.port, servers.url(0));
    for name in ["peertube", "root"] {
        let actor = format!("{url}/accounts/{name}");
        let reply = get(port, &format!("/accounts/{name}"));
        assert!(reply.head.contains("content-type: application/activity+json"), "{}", reply.head);
        let document = reply.json();
        assert_eq!(document["id"], actor);
        assert_eq!(document["preferredUsername"], name);
        assert_eq!(document["endpoints"]["sharedInbox"], format!("{url}/inbox"));
        assert_eq!(document["publicKey"]["owner"], actor);
        assert_eq!(document["publicKey"]["id"], format!("{actor}#main-key"));
        PublicKey::from_pem(document["publicKey"]["publicKeyPem"].as_str().expect("text")).expect("a key");

        for form in ["acct:NAME@127.0.0.1:PORT", "acct%3ANAME%40127.0.0.1%3APORT"] {
            let resource = form.replace("NAME", name).replace("PORT", &port.to_string());
            let found = get(port, &format!("/.well-known/webfinger?a=b&resource={resource}")).json();
            assert_eq!(found["links"][0]["rel"], "self");
            assert_eq!(found["links"][0]["href"], actor);
        }
    }
    for nobody in [
        "/accounts/nobody".to_owned(),
        "/accounts/nobody/followers".to_owned(),
        "/.well-known/webfinger".to_owned(),
        format!("/.well-known/webfinger?resource=acct:nobody@127.0.0.1:{port}"),
        format!("/.well-known/webfinger?resource=acct:peertube@127.0.0.1:{}", port + 1),
        "/api/v1/videos/3".to_owned(),
        "/".to_owned(),
    ] {
        assert_eq!(get(port, &nobody).status, 404, "{nobody}");
    }
    assert_eq!(get(port + 1, "/accounts/root").status, 404, "it owns no video");

    let links = get(port, "/.well-known/nodeinfo").json();
    let nodeinfo =
        links["links"][0]["href"].as_str().and_then(|link| link.strip_prefix(&url)).expect("a link");
    let nodeinfo = get(port, nodeinfo).json();
    assert_eq!((&nodeinfo["version"], &nodeinfo["protocols"]), (&json!("2.0"), &json!(["activitypub"])));
    let followers = get(port, "/accounts/peertube/followers").json();
    let expected = [1, 2].map(|number| format!("{}/accounts/peertube", servers.url(number)));
    assert_eq!(followers["totalItems"], 2);
    assert_eq!(followers["orderedItems"], json!(expected));
}

#[test]
fn a_heartbeat_by_hand_is_a_viewer_everywhere() {
    let place = Place::new();
    place.write("visits.yaml", unvisited());
    // views are told once in a second
    let updates = "other_traffic.updates={every: 1 s}";
    let call = ["live", "visits.yaml", "--set", updates, "--time-scale", "1", "--out", "out"];
    let servers = Servers::start(&place, 3, &call);
    let port = servers.port;
    let video = get(port, "/api/v1/videos/1").json();
    assert_eq!(
        (&video["name"], &video["isLocal"], &video["isLive"]),
        (&json!("clip"), &json!(true), &json!(true))
    );
    let shown = |number: u16| {
        let uuid = video["uuid"].as_str().expect("text");
        let shown = get(port + number, &format!("/api/v1/videos/{uuid}")).json();
        ["viewers", "views"].map(|name| shown[name].as_u64().expect("a number"))
    };
    let watch = |number: u16, session: &str, seconds: f64| {
        let heartbeat = json!({ "currentTime": seconds, "sessionId": session }).to_string();
        assert_eq!(post(port + number, "/api/v1/videos/1/views", &heartbeat).status, 204);
    };
    let comes = |expected: [[u64; 2]; 3]| {
        sockets::until(&format!("{expected:?}"), || ([0, 1, 2].map(&shown) == expected).then_some(()));
    };
    comes([[0, 0]; 3]);
    watch(0, "a", 1.0);
    comes([[1, 0]; 3]);
    watch(0, "a", 2.0);
    // another viewer at a follower; the same name at another server is another viewer
    watch(1, "b", 0.0);
    watch(2, "a", 0.0);
    comes([[3, 0]; 3]);
    // after 22 s it counts as a view too, which the origin tells to all
    watch(1, "b", 25.0);
    comes([[3, 1]; 3]);

    let malformed = [
        "",
        "{}",
        "[1]",
        r#"{"currentTime": 1}"#,
        r#"{"sessionId": "a"}"#,
        r#"{"currentTime": "1", "sessionId": "a"}"#,
        r#"{"currentTime": -1, "sessionId": "a"}"#,
        r#"{"currentTime": 1e300, "sessionId": "a"}"#,
        r#"{"currentTime": 1, "sessionId": 1}"#,
        // only own clients post heartbeats of the visits of the workload
        r#"{"currentTime": 1, "visit": 0, "heartbeat": 0}"#,
        r#"{"currentTime": 1, "visit": 7, "heartbeat": 0}"#,
        r#"{"currentTime": 1, "sessionId": "a", "visit": 0}"#,
    ];
    for body in malformed {
        assert_eq!(post(port, "/api/v1/videos/1/views", body).status, 400, "{body}");
    }
    let long = json!({ "currentTime": 1, "sessionId": "a".repeat(65) }).to_string();
    assert_eq!(post(port, "/api/v1/videos/1/views", &long).status, 400);
    assert_eq!(post(port, "/api/v1/videos/9/views", r#"{"currentTime": 1, "sessionId": "a"}"#).status, 404);
    assert_eq!([0, 1, 2].map(shown), [[3, 1]; 3]);
}

#[test]
fn an_interrupted_run_ends_at_once() {
    let place = Place::new();
    for name in ["-INT", "-TERM"] {
        let mut servers = serve_unvisited(&place);
        servers.signal(name);
        for _ in 0..200 {
            if !servers.is_running() {
                break;
            }
            sleep(Duration::from_millis(10));
        }
        assert!(!servers.is_running(), "{name}: two seconds are not enough");
        let answer = servers.end();
        assert_eq!(answer.code, Some(130), "{name}: {}", answer.err);
        assert!(place.read("out/manifest.json").contains("\"complete\": false"));
    }
}

/// The files that a call leaves beside the scenario.
fn left(place: &Place) -> Vec<String> {
    place.contents("").into_keys().filter(|name| name != "visits.yaml").collect()
}

#[test]
fn a_port_in_use_is_told_before_anything_is_written() {
    let place = Place::new();
    place.write("visits.yaml", VISITS);
    let port = sockets::free_ports(3);
    let _taken = TcpListener::bind(("127.0.0.1", port + 2)).expect("it was free");
    let at = port.to_string();
    for command in ["live", "parity"] {
        let Answer { code, out, err } =
            place.call(&[command, "visits.yaml", "--port", &at, "--capture", "capture.jsonl"]);
        assert_eq!(code, Some(1), "{command}: {err}");
        assert!(err.contains(&format!("cannot listen at 127.0.0.1:{}: ", port + 2)), "{err}");
        assert!(err.contains("--port"), "{err}");
        assert_eq!((out.as_str(), left(&place)), ("", vec![]), "{command}");
    }
    // an address of another machine
    let elsewhere = place.call(&["live", "visits.yaml", "--allow-address", "192.0.2.1"]);
    assert_eq!(elsewhere.code, Some(1), "{}", elsewhere.err);
    assert!(elsewhere.err.contains("cannot listen at 192.0.2.1:"), "{}", elsewhere.err);
    assert_eq!(left(&place), [""; 0]);
}

#[test]
fn what_cannot_come_alive_is_refused_before_anything_is_written() {
    let place = Place::new();
    place.write("visits.yaml", VISITS);
    let set = |set: &'static str| ["live", "visits.yaml", "--capture", "capture.jsonl", "--set", set];
    let scale =
        |scale: &'static str| ["live", "visits.yaml", "--capture", "capture.jsonl", "--time-scale", scale];
    let port = |port: &'static str| ["live", "visits.yaml", "--capture", "capture.jsonl", "--port", port];
    for (arguments, expected) in [
        (set("instances.far.capacity={cores: 2}"), "far has a `capacity`"),
        (set("delivery=lemmy"), "set `delivery: peertube` or `unlimited`"),
        (set("delivery=mastodon"), "set `delivery: peertube` or `unlimited`"),
        (set("deliveries={kept: {base: peertube, keep_alive: 5 s}}"), "a delivery with `keep_alive: off`"),
        (set("deliveries={kept: {base: peertube, breaker: {failures: 2, pause: 5 s}}}"), "`breaker: off`"),
        (set("protocols.own.batch=yes"), "take protocols with `batch: no`"),
        (set("faults=[{blocked: [near], by: [far]}]"), "take the faults `blocked`"),
        (set("faults=[{down: [far], how: bad-gateway}]"), "no live server answers for far"),
        (set("faults=[{clock: [far], ahead: 31 min}]"), "sign with this machine's clock"),
        (set("other_traffic.asked_back.first_contact=requests"), "live servers know each other"),
        (set("protocols.own.pull=yes"), "live servers answer no GET for a count"),
        (set("lies=[{times: 2, instance: far, video: clip}]"), "live servers tell none: take them out"),
        (
            set("other_traffic.background=[{video: clip, rate: 1 /h, preview: {answer: 1 MB}}]"),
            "with 750 to 256000 bytes, not 1000000",
        ),
        (
            set("other_traffic.background=[{video: clip, rate: 1 /h, preview: {answer: 749 B}}]"),
            "not 749: set another `answer`",
        ),
        (set("instances.far.receives={rate_limit: off}"), "live servers refuse as the delivery says"),
        (set("instances.more={software: other, inboxes: {per_account: 2}}"), "take `inboxes` of more out"),
        (set("instances.more={count: 998}"), "servers at once are more than 1000"),
        (scale("0"), "a number from 0.01 to 1000 is expected"),
        (scale("1001"), "a number from 0.01 to 1000 is expected"),
        (scale("NaN"), "a number from 0.01 to 1000 is expected"),
        (scale("fast"), "a number from 0.01 to 1000 is expected"),
        (port("0"), "--port"),
        (port("65535"), "3 servers need more ports than there are"),
    ] {
        let more: &[&str] = if expected.ends_with("off`") { &["--set", "delivery=kept"] } else { &[] };
        let answer = place.call(&[&arguments[..], more].concat());
        assert_eq!(answer.code, Some(2), "{arguments:?}: {}", answer.err);
        assert!(answer.err.contains(expected), "{arguments:?}: {}", answer.err);
        assert_eq!((answer.out.as_str(), left(&place)), ("", vec![]), "{arguments:?}");
    }
}

/// The servers of each replication have the same ports.
#[test]
fn replications_live_one_after_another_at_the_same_ports() {
    let place = Place::new();
    place.write("visits.yaml", VISITS);
    let port = sockets::free_ports(6).to_string();
    let sets = ["--set", "end=8 s", "--set", "replications=3", "--set", "compare=[own, v1]"];
    let call = ["live", "visits.yaml", "--out", "out", "--time-scale", "40", "--port", &port];
    place.good(&[&call[..], &sets].concat());
    let rows = place.rows("out/links.csv");
    assert_eq!(
        rows.len(),
        12,
        "a View of a follower, forwarded to the other, in each of six cells: {rows:?}"
    );
    let again = place.call(&[&call[..], &sets].concat());
    assert!(again.err.contains("holds this run already"), "{}", again.err);
}
