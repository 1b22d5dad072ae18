//! Three real PeerTube 6.3.0 servers, twelve minutes of scripted viewers: fed with the heartbeats that they answered, our
//! instances send the same messages over each link and show the same counts.
//!
//! The recording is of wall clock, so times are not compared; a heartbeat counts when the server had answered it.

use fedisim::runs::cell::{CellResult, Engine, plan, run_cell};
use fedisim::scenario::{Changes, Failure, Input, Scenario, parse};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::AtomicBool;

const RECORDING: &str = include_str!("../traces/real-servers/peertube-6.3-v2.json");
const INSTANCES: [&str; 3] = ["origin", "r2", "r3"];

/// Samples taken while the first View of an actor that the receiver had never met was on its way: fetching the actor
/// took 1.6 s and 3.4 s, and the model has no such fetch.
const FIRST_CONTACTS_MS: [u64; 2] = [7_501, 22_503];

fn recording() -> Value {
    serde_json::from_str(RECORDING).expect("the recording is JSON")
}

fn rows<'a>(recording: &'a Value, table: &str) -> impl Iterator<Item = &'a [Value]> {
    let rows = recording[table]["rows"].as_array().expect("a table has rows");
    rows.iter().map(|row| row.as_array().expect("a row is a list").as_slice())
}

fn scenario(recording: &Value) -> Scenario {
    let mut text = String::from(
        "name: real\ndescription: as recorded\nend: 12 min\ncompare: [viewers-only]\n\
         protocols: {viewers-only: {base: peertube-6.3-v2, plain_views: none}}\n\
         videos: {clip: {origin: origin, length: live}}\n\
         network: {latency: {constant: 70 ms}}\nmeasure: {every: 5 s, from: 2501 ms}\n\
         delivery: unlimited\nother_traffic: {updates: off, watch_actions: off}\ninstances:\n",
    );
    for instance in INSTANCES {
        let phase = &recording["params"]["tickPhaseMs"][instance];
        writeln!(text, "  {instance}: {{tick_phase: {phase} ms}}").expect("text grows");
    }
    text.push_str("viewers:\n  - video: clip\n    sessions:\n");
    let viewers = recording["viewers"].as_array().expect("viewers are a list");
    for heartbeat in rows(recording, "heartbeats") {
        let (done_ms, viewer) = (&heartbeat[1], &heartbeat[2]);
        let seat = viewers.iter().find(|row| row["session"] == *viewer).expect("a viewer is listed");
        // A visit of one heartbeat: the real ones come when they come.
        writeln!(
            text,
            "      - {{instance: {}, viewer: {viewer}, start: {done_ms} ms, watch: 1 ms}}",
            seat["instance"]
        )
        .expect("text grows");
    }
    let no_data = |_: &str| Err(std::io::Error::other("no data"));
    let input = Input { file: "real.yaml", bytes: text.as_bytes(), stem: None, data: &no_data };
    parse(&input, &Changes::default(), &[])
        .unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)))
}

fn replay(recording: &Value) -> CellResult {
    let scenario = scenario(recording);
    run_cell(&scenario, &plan(&scenario)[0], Engine::Fast { helpers: 0 }, &AtomicBool::new(false))
        .expect("it comes to its end")
}

#[test]
fn each_instance_sends_and_receives_as_many_messages_of_each_kind() {
    let recording = recording();
    let mut recorded: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for row in rows(&recording, "messages") {
        let text = |column: usize| row[column].as_str().expect("a name");
        let kind = match (text(4), row[5].as_u64()) {
            ("viewer", Some(1)) => "viewer_forwarded",
            ("view", _) => continue,
            (kind, _) => kind,
        };
        *recorded.entry((text(1), "out", kind)).or_default() += 1;
        *recorded.entry((text(2), "in", kind)).or_default() += 1;
    }
    let mut ours = BTreeMap::new();
    let result = replay(&recording);
    for row in &result.observed.traffic {
        let key = (INSTANCES[row.instance as usize], row.direction.name(), row.kind.name());
        *ours.entry(key).or_default() += row.sums.messages;
    }
    assert_eq!(ours, recorded);
}

#[test]
fn each_instance_shows_the_same_count_at_every_sample_but_two() {
    let recording = recording();
    let result = replay(&recording);
    let shown = &result.observed.counters.videos[0].shown;
    let mut differing_ms = Vec::new();
    for (sample, row) in rows(&recording, "samples").enumerate() {
        let recorded: Vec<_> = row[1..].iter().filter_map(Value::as_u64).collect();
        let ours: Vec<_> =
            shown.iter().map(|counter| u64::from(counter.displayed[sample].expect("it is up"))).collect();
        if ours != recorded {
            differing_ms.extend(row[0].as_u64());
        }
    }
    assert_eq!(differing_ms, FIRST_CONTACTS_MS);
}
