//! Peers that take part, and `parity`, in which none may.

use super::peer::Peer;
use super::sockets::{Servers, get, post, until};
use super::visits::{VISITS, counts, with_peer, with_sessions};
use crate::program::Place;
use fedisim::live::keys::{KeyPair, PublicKey};
use fedisim::live::ld_signature;
use fedisim::mechanism::activity::Subject;
use fedisim::mechanism::wire::Document;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::Duration;

/// A visit every two seconds of model time, alternately to the origin and to a follower, and a peer that follows nobody yet.
fn visited_often(peer: &Peer) -> String {
    let visit = |number: u32| {
        let instance = ["origin", "near"][number as usize % 2];
        format!("{{instance: {instance}, start: {} s, watch: 1 s}}", 2 * number + 1)
    };
    let visits: Vec<String> = (0..29).map(visit).collect();
    with_peer(&with_sessions("60 s", &visits.join(", ")), peer).replace(", follows: origin", "")
}

fn key_of(servers: &Servers, number: u16) -> PublicKey {
    let document = get(servers.port + number, "/accounts/peertube").json();
    PublicKey::from_pem(document["publicKey"]["publicKeyPem"].as_str().expect("text")).expect("a key")
}

/// Checks what a peer gets while it follows: each activity is signed by its sender and by its author.
fn check_broadcasts(servers: &Servers, peer: &Peer) -> String {
    let [origin, near] = [0, 1].map(|number| format!("{}/accounts/peertube", servers.url(number)));
    let [of_origin, of_near] = [0, 1].map(|number| key_of(servers, number));
    let own = peer.wait_for("View", &origin);
    for (got, author, other) in
        [(&own, &of_origin, &of_near), (&peer.wait_for("View", &near), &of_near, &of_origin)]
    {
        let claim = got.check(&of_origin).expect("the origin sends it");
        assert_eq!(claim.actor(), origin);
        assert!(got.check(&of_near).is_err());
        let document = Document::read(got.body.as_bytes()).expect("a document");
        assert!(ld_signature::verify(&document, author), "{}", got.body);
        assert!(!ld_signature::verify(&document, other), "{}", got.body);
    }
    own.body
}

/// The View of an author as a View by the peer, about another video.
fn said_by_peer(body: &str, servers: &Servers, peer: &Peer) -> Document {
    let uuid = |video: u8| {
        let video = get(servers.port, &format!("/api/v1/videos/{video}")).json();
        video["uuid"].as_str().expect("text").to_owned()
    };
    let mut value: Value = serde_json::from_str(body).expect("JSON");
    value.as_object_mut().expect("an object").remove("signature");
    let text = value.to_string();
    let text = text.replace(&format!("{}/accounts/peertube", servers.url(0)), &peer.actor);
    Document::read(text.replace(&uuid(1), &uuid(2)).as_bytes()).expect("a document")
}

#[test]
fn a_server_of_others_follows_and_is_believed_if_it_signs() {
    let (place, peer) = (Place::new(), Peer::start());
    place.write("visits.yaml", visited_often(&peer));
    let servers = Servers::start(&place, 3, &["live", "visits.yaml", "--time-scale", "10", "--out", "out"]);
    let (port, origin) = (servers.port, format!("{}/accounts/peertube", servers.url(0)));
    let id = format!("{}/follows/1", peer.actor);
    let follow = json!({ "id": id, "type": "Follow", "actor": peer.actor, "object": origin });
    let stranger = KeyPair::generate().expect("a key");
    assert_eq!(peer.post(port, &follow.to_string(), &stranger).status, 403);
    for (of, object) in
        [("nobody", format!("{}/accounts/nobody", servers.url(0))), ("another", format!("{origin}1"))]
    {
        let other = json!({ "id": id, "type": "Follow", "actor": peer.actor, "object": object });
        assert_eq!(peer.post(port, &other.to_string(), &peer.key).status, 204, "{of}");
    }
    let followers = || get(port, "/accounts/peertube/followers").json()["orderedItems"].clone();
    assert_eq!(followers().as_array().map(Vec::len), Some(2));
    assert_eq!(peer.post(port, &follow.to_string(), &peer.key).status, 204);
    let accept = peer.wait_for("Accept", &origin);
    accept.check(&key_of(&servers, 0)).expect("the origin signs it");
    assert_eq!(accept.json()["object"], follow);
    assert!(followers().as_array().is_some_and(|all| all.contains(&json!(peer.actor))), "{}", followers());

    let body = check_broadcasts(&servers, &peer);
    let document = said_by_peer(&body, &servers, &peer);
    let signature = ld_signature::sign(&document, &peer.key, "2026-01-01T00:00:00.000Z".to_owned());
    let viewers = |number: u16| get(port + number, "/api/v1/videos/2").json()["viewers"].clone();
    assert_eq!(viewers(0), 0);
    assert_eq!(peer.post(port, &document.signed(signature).json(), &peer.key).status, 204);
    for number in 0..3 {
        until(&format!("a viewer at {number}"), || (viewers(number) == 1).then_some(()));
    }

    let undo = json!({ "id": format!("{id}/undo"), "type": "Undo", "actor": peer.actor, "object": follow });
    assert_eq!(peer.post(port, &undo.to_string(), &peer.key).status, 204);
    assert_eq!(followers().as_array().map(Vec::len), Some(2));
    sleep(Duration::from_millis(200));
    let got = peer.got().len();
    let answer = servers.end();
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert_eq!(peer.got().len(), got, "it follows nobody any more");
    assert!(peer.got().iter().all(|got| got.json()["actor"] != peer.actor), "its own words come back");
    let counts = counts(&place, "out");
    assert_eq!(counts["posts_to_peers"], got, "{counts}");
    assert_eq!(counts["signatures_wrong"], 1, "{counts}");
    assert_eq!(counts["activities_of_peers_ignored"], 2, "{counts}");
    // a follower to the end gets more, and nothing of the peer is in the records
    let links = place.rows("out/links.csv");
    assert!(links.iter().all(|row| row.contains(&"clip".to_owned())), "{links:?}");
    let of_far =
        links.iter().filter(|row| row[8] == "far").map(|row| row[10].parse::<usize>().expect("a number"));
    let of_far: usize = of_far.sum();
    assert!(of_far > got, "{of_far} for a follower, {got} for the peer");
}

/// Where totals go to those who are interested, a peer gets them from when it has said that somebody watches there.
#[test]
fn a_peer_gets_totals_once_it_is_interested() {
    let (place, peer) = (Place::new(), Peer::start());
    let scenario = VISITS.replace("{base: peertube-8.2.4, heartbeat: 12 s,", "{base: v4, heartbeat: 5 s,");
    place.write("visits.yaml", with_peer(&scenario, &peer));
    let servers = Servers::start(&place, 3, &["live", "visits.yaml", "--time-scale", "10", "--out", "out"]);
    let viewers = |number: u16| get(servers.port + number, "/api/v1/videos/1").json()["viewers"].as_u64();
    // more than its own: a total has come
    until("a total at a follower", || (viewers(1) > Some(2)).then_some(()));
    assert!(peer.got().is_empty(), "{:?}", peer.got());
    let total = peer.says(servers.port, 0, Subject::Total, Some(4));
    assert_eq!(peer.post(servers.port, &total, &peer.key).status, 204);
    let got = peer.wait_for("View", &format!("{}/accounts/peertube", servers.url(0))).json();
    assert!(got["result"]["userInteractionCount"].as_u64() > Some(4), "{got}");
    assert_eq!(servers.end().code, Some(0));
}

#[test]
fn a_simulated_and_a_living_run_are_alike() {
    let place = Place::new();
    place.write("visits.yaml", VISITS);
    let call = ["parity", "visits.yaml", "--set", "end=64 s", "--time-scale", "20", "--margin", "100"];
    let answer = place.call(&call);
    assert_eq!(answer.code, Some(0), "{}\n{}", answer.out, answer.err);
    assert!(answer.out.ends_with("1 passed, 0 failed\n"), "{}", answer.out);
}

#[test]
fn somebody_who_watches_a_living_run_makes_it_another() {
    let place = Place::new();
    place.write("visits.yaml", VISITS);
    let call = ["parity", "visits.yaml", "--set", "end=43 s", "--time-scale", "20", "--margin", "50"];
    let servers = Servers::start(&place, 3, &call);
    let heartbeat = r#"{"currentTime": 1, "sessionId": "somebody"}"#;
    assert_eq!(post(servers.port + 1, "/api/v1/videos/1/views", heartbeat).status, 204);
    let answer = servers.end();
    assert_eq!(answer.code, Some(99), "{}\n{}", answer.out, answer.err);
    assert!(
        answer.out.contains("FAIL own: near -> origin, viewer of clip: 2 messages in the simulation, 3 live"),
        "{}",
        answer.out
    );
    assert!(answer.out.ends_with("0 passed, 1 failed\n"), "{}", answer.out);
}

#[test]
fn a_tie_is_named_and_nothing_runs() {
    let place = Place::new();
    let tied = VISITS
        .replace("heartbeat: 12 s", "heartbeat: 5 s")
        .replace("start: 5 s, watch: 80 s", "start: 5 s, watch: 100 s");
    place.write("visits.yaml", tied);
    let answer = place.call(&["parity", "visits.yaml", "--time-scale", "20"]);
    assert_eq!(answer.code, Some(2), "{}", answer.err);
    let named =
        "near at 95000.0 ms: heartbeat 18 of visit 0 comes just in time to send what it sends (0.0 ms)";
    assert!(answer.err.contains(named), "{}", answer.err);
    assert_eq!(answer.out, "");
    let peers = place.call(&[
        "parity",
        "visits.yaml",
        "--set",
        "peers=[{actor: 'http://127.0.0.1:9/a', inbox: 'http://127.0.0.1:9/i'}]",
    ]);
    assert_eq!(peers.code, Some(2), "{}", peers.err);
    assert!(peers.err.contains("servers of others have no simulation"), "{}", peers.err);
}
