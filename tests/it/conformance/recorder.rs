//! Recordings of our own: a run is recorded, read and replayed.

use super::files::assert_conforms;
use fedisim::conform::{Recorder, Recording, Trace, Verdict, conform};
use fedisim::domain::protocol::PlainViews;
use fedisim::runs::cell::{build_cell, plan};
use fedisim::scenario::{self, Changes, Failure};
use fedisim::sim;
use std::sync::atomic::AtomicBool;

/// A run whose times are whole milliseconds, because recordings hold no others.
const RECORDED: &str = "
name: recorded
description: two restarts and lost messages
end: 400 s
compare: [peertube-6.0, peertube-6.3-v2, peertube-8.2.4, peertube-9.0-dev, v3, v4]
delivery: unlimited
other_traffic: {updates: off, watch_actions: off}
instances: {origin: {tick_phase: 50001 ms}, near: {tick_phase: 60002 ms}, far: {tick_phase: 70003 ms}}
videos: {clip: {origin: origin, length: live}}
viewers:
  - video: clip
    sessions:
      - {instance: near, viewer: anna, start: 3107 ms, watch: 199 s}
      - {instance: near, viewer: anna, start: 250111 ms, watch: 99 s}
      - {instance: far, start: 20013 ms, watch: 240 s}
      - {instance: far, start: 22017 ms, watch: 240 s}
      - {instance: origin, start: 30019 ms, watch: 250 s}
network: {latency: {constant: 53 ms}, loss: 10 %}
faults:
  - {restart: [near], at: 140.5 s, startup: 2.5 s}
  - {restart: [origin], at: 200.5 s, startup: 0 s}
measure: {every: 7 s}
";

/// The recording of a column of `RECORDED`.
fn recorded(column: usize) -> Recording {
    let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
    let input = scenario::Input { file: "recorded", bytes: RECORDED.as_bytes(), stem: None, data: &no_data };
    let scenario = scenario::parse(&input, &Changes::default(), &[])
        .unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)));
    let mut cell = build_cell(&scenario, &plan(&scenario)[column]);
    cell.federation.instances.iter_mut().for_each(|instance| instance.rules.plain_views = PlainViews::None);
    let mut recorder = Recorder::new("a simulated run", &cell).unwrap_or_else(|problem| panic!("{problem}"));
    sim::run(&cell, &mut recorder, &AtomicBool::new(false));
    recorder.finish(Some(cell.end.latest()))
}

#[test]
fn a_recording_of_ours_is_read_and_conforms() {
    let mut lost = 0;
    for column in 0..6 {
        let recording = recorded(column);
        assert!(recording.messages.len() > 4 && recording.beats.len() > 150);
        assert_eq!(recording.restarts.len(), 2);
        let text = recording.to_json();
        let trace = Trace::parse(text.as_bytes()).unwrap_or_else(|problem| panic!("{problem}"));
        lost += trace.messages.iter().filter(|row| row.arrives_ms.is_none()).count();
        assert_eq!((trace.messages.len(), trace.samples.len()), (recording.messages.len(), 58));
        assert_conforms(&trace, "a recording of ours");
        // one row per line
        let rows = recording.beats.len() + recording.messages.len() + recording.samples.len();
        assert_eq!(text.lines().count(), rows + 18);
        // a missing message makes a difference
        let mut other = recording.clone();
        other.messages.pop();
        let trace = Trace::parse(other.to_json().as_bytes()).expect("it is understood");
        assert!(matches!(conform(&trace), Verdict::Differs(_)));
    }
    assert!(lost > 5, "{lost}");
}
