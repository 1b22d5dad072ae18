//! The paths that servers of a run ask each other for: strangers get no more of them than of others, and make nobody ask.

use super::peer::Peer;
use super::sockets::{Servers, connect, get, post};
use super::visits::{VISITS, counts, unvisited, with_peer};
use crate::program::Place;
use std::io::{Read, Write};

const ASKS: &str = "other_traffic: {updates: {every: 1 s}, watch_actions: off, asked_back: {after_updates: requests}, \
    background: [{video: clip, burst: {jobs: 1, at: 9 min}, preview: {answer: 200 kB, within: 0 s}}]}";

/// The scenario, but that followers ask back.
fn asking(scenario: &str) -> String {
    let asking = scenario.replace("other_traffic: {updates: off, watch_actions: off}", ASKS);
    assert_ne!(asking, scenario);
    asking
}

#[test]
fn strangers_get_small_documents_of_known_videos_only() {
    let place = Place::new();
    place.write("visits.yaml", asking(&unvisited()));
    let servers = Servers::start(&place, 3, &["live", "visits.yaml", "--time-scale", "1", "--out", "out"]);
    let port = servers.port;
    let uuid = get(port, "/api/v1/videos/1").json()["uuid"].as_str().expect("text").to_owned();
    let path = format!("/videos/watch/{uuid}");
    // servers of the run get the same, filled up to the size that the scenario says
    for part in ["", "/chapters", "/likes", "/dislikes"] {
        let reply = get(port, &format!("{path}{part}"));
        assert_eq!(reply.json()["id"], format!("{}{path}{part}", servers.url(0)));
        assert!(reply.body.len() < 500 && reply.body.ends_with('}'), "{reply:?}");
    }
    for nothing in [
        format!("{path}/comments"),
        format!("{path}/likes/1"),
        format!("{path}/likes/"),
        format!("{path}/LIKES"),
        "/videos/watch/nobody/likes".to_owned(),
        "/videos/watch//likes".to_owned(),
        format!("/videos/watch/{}/likes", "0".repeat(9_000)),
        "/videos/watch/9/chapters".to_owned(),
    ] {
        assert_eq!(get(port, &nothing).status, 404, "{nothing}");
    }
    assert_eq!(get(port + 1, &format!("{path}/likes")).status, 404, "the video is another server's");
    assert_eq!(post(port, &format!("{path}/likes"), "{}").status, 404);
    // hundreds at once on one connection are answered one after another
    let mut stream = connect(port).expect("a connection");
    let request = format!("GET {path}/likes HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(request.repeat(300).as_bytes()).expect("it is read");
    stream.write_all(request.replace("host", "connection: close\r\nhost").as_bytes()).expect("it is read");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("text");
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 301);
}

/// A peer that hands on an `Update` and a post of the origin to its followers makes nobody ask the origin once more.
#[test]
fn what_peers_post_makes_nobody_ask() {
    let (place, peer) = (Place::new(), Peer::start());
    let scenario = asking(VISITS).replace("every: 1 s", "every: 30 s").replace("at: 9 min", "at: 50 s");
    place.write("visits.yaml", with_peer(&scenario, &peer));
    // no update is under way at the end
    let call = ["live", "visits.yaml", "--set", "end=110 s", "--time-scale", "20", "--out", "out"];
    let servers = Servers::start(&place, 3, &call);
    let port = servers.port;
    for (kind, account) in [("Announce", "peertube"), ("Update", "root")] {
        let said = peer.wait_for(kind, &format!("{}/accounts/{account}", servers.url(0)));
        for number in 0..3 {
            let reply = peer.post(port + number, &said.body, &peer.key);
            assert_eq!(reply.status, 204, "{kind}: {reply:?}");
        }
    }
    let answer = servers.end();
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert_eq!(counts(&place, "out")["activities_of_peers"], 6);
    let links = place.rows("out/links.csv");
    let taken = |at: &str, kind: &str| -> u64 {
        // sender and receiver, kind, messages
        let of_kind = links.iter().filter(|row| row[9] == kind && row[7..9].iter().any(|name| name == at));
        of_kind.map(|row| row[10].parse::<u64>().expect("a count")).sum()
    };
    for follower in ["near", "far"] {
        let [posts, previews] = ["background", "link_preview"].map(|kind| taken(follower, kind));
        assert_eq!([posts, previews], [1, 1], "{links:?}");
        let [updates, fetches] = ["update", "update_fetch"].map(|kind| taken(follower, kind));
        assert!(updates > 0 && fetches == 3 * updates, "{links:?}");
    }
}
