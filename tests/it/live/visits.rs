//! The scenarios of the live tests.

use super::peer::Peer;
use super::sockets::Servers;
use crate::program::Place;
use serde_json::Value;

/// Three servers and a few visits without near decisions, for a time scale of 20.
pub(super) const VISITS: &str = "\
name: visits
description: a few visits to three servers
end: 124 s
compare: [own]
protocols: {own: {base: peertube-8.2.4, heartbeat: 12 s, plain_view_after: 22 s}}
delivery: closing
deliveries: {closing: {base: peertube, keep_alive: off}}
other_traffic: {updates: off, watch_actions: off}
instances: {origin: {tick_phase: 48 s}, near: {tick_phase: 58 s}, far: {tick_phase: 68 s}}
videos: {clip: {origin: origin, length: live}, other: {origin: origin, length: 10 min}}
viewers:
  - video: clip
    sessions:
      - {instance: near, start: 5 s, watch: 80 s}
      - {instance: far, start: 14 s, watch: 60 s}
      - {instance: origin, start: 23 s, watch: 80 s}
      - {instance: near, start: 33 s, watch: 30 s}
      - {instance: far, start: 74 s, watch: 30 s}
network: {latency: {constant: 200 ms}}
measure: {every: 20 s}
names: {video_id_digits: 1}
";

/// The scenario under v1, with other visits to the first video, as a scenario file lists them.
pub(super) fn with_sessions(end: &str, sessions: &str) -> String {
    let (before, after) = VISITS.split_once("viewers:").expect("it has visits");
    let (_, after) = after.split_once("network:").expect("they end");
    let before = before.replace("124 s", end).replace("peertube-8.2.4, heartbeat: 12 s", "v1");
    format!("{before}viewers: [{{video: clip, sessions: [{sessions}]}}]\nnetwork:{after}")
}

/// The same servers without early visits, for as long as a test needs them, at a time scale of 1.
pub(super) fn unvisited() -> String {
    with_sessions("10 min", "{instance: far, start: 9 min, watch: 9 s}")
}

/// The scenario with a peer that follows the origin.
pub(super) fn with_peer(scenario: &str, peer: &Peer) -> String {
    let (actor, inbox) = (&peer.actor, &peer.inbox);
    let peers = format!("peers: [{{actor: '{actor}', inbox: '{inbox}', follows: origin}}]");
    scenario.replace("network:", &format!("{peers}\nnetwork:"))
}

pub(super) fn serve_unvisited(place: &Place) -> Servers {
    place.write("visits.yaml", unvisited());
    Servers::start(place, 3, &["live", "visits.yaml", "--time-scale", "1", "--out", "out"])
}

/// The counts of a run by reason.
pub(super) fn counts(place: &Place, out: &str) -> Value {
    let manifest: Value = serde_json::from_str(&place.read(&format!("{out}/manifest.json"))).expect("JSON");
    assert_eq!(manifest["driver"], "live");
    manifest["ran"][0]["live"]["counts"].clone()
}
