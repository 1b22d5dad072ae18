//! Cells to compare, and simulated runs of them.

use fedisim::cell::Cell;
use fedisim::metrics::Observed;
use fedisim::metrics::aggregates::Aggregates;
use fedisim::observe::{Both, Observer};
use fedisim::parity::{DisplayedCounts, Log};
use fedisim::runs::cell::{build_cell, plan};
use fedisim::scenario::{Changes, Failure, Input, parse};
use fedisim::sim;
use std::sync::atomic::AtomicBool;

/// Three instances; the ticks are at 50, 60 and 70 s.
const BASE: &str = "
name: tiny
description: three instances and a few visits
end: 200 s
compare: [PROTOCOL]
protocols: {own: {base: PROTOCOL, heartbeat: HEARTBEAT, plain_views: none}}
delivery: unlimited
other_traffic: {updates: off, watch_actions: off}
instances: {origin: {tick_phase: 50 s}, near: {tick_phase: 60 s}, far: {tick_phase: 70 s}}
videos: {clip: {origin: origin, length: live}}
viewers: [{video: clip, sessions: [SESSIONS]}]
network: {latency: {constant: LATENCY}}
faults: [FAULTS]
measure: {every: 9 s}
";

/// The values in `BASE` that a test changes.
pub(super) struct Change<'a> {
    pub(super) protocol: &'a str,
    pub(super) heartbeat: &'a str,
    pub(super) sessions: &'a str,
    pub(super) latency: &'a str,
    pub(super) more: &'a [(&'a str, &'a str)],
}

pub(super) const PLAIN: Change<'_> = Change {
    protocol: "v2",
    heartbeat: "5043 ms",
    sessions: "{instance: near, start: 3100 ms, watch: 40 s}",
    latency: "50 ms",
    more: &[],
};

pub(super) fn cell(change: &Change<'_>) -> Cell {
    let mut text = BASE
        .replacen("[PROTOCOL]", "[own]", 1)
        .replacen("PROTOCOL", change.protocol, 1)
        .replace("HEARTBEAT", change.heartbeat)
        .replace("SESSIONS", change.sessions)
        .replace("LATENCY", change.latency);
    for (old, new) in change.more {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    first_cell(&text.replace("FAULTS", ""), Changes::default())
}

fn first_cell(text: &str, changes: Changes) -> Cell {
    let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
    let input = Input { file: "scenario", bytes: text.as_bytes(), stem: None, data: &no_data };
    let scenario =
        parse(&input, &changes, &[]).unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)));
    build_cell(&scenario, &plan(&scenario)[0])
}

/// A crowd on four instances.
const CROWDED: &str = "
name: crowded
description: viewers of two videos on four instances
end: 420 s
compare: [one]
protocols: {one: {base: PROTOCOL, heartbeat: 5043 ms}}
delivery: DELIVERY
instances: {origin: {tick_phase: 50 s}, near: {tick_phase: 61 s}, far: {count: 2}}
videos: {clip: {origin: origin, length: 10 min}, stream: {origin: near, length: live}}
viewers:
  - video: clip
    arrivals: {constant: {rate: 2 /min}}
    watch: {exponential: 90 s}
    spread: {weights: {origin: 1, near: 1, far: 1}}
    returns: {probability: 30 %, after: 30 s}
  - {video: stream, arrivals: {constant: {rate: 1 /min}}, watch: {fixed: 100 s}, spread: {list: [origin, far]}}
network: {latency: {constant: 50 ms}}
faults: [{restart: [near], at: 200 s, startup: 2 s}]
measure: {every: 7 s}
";

pub(super) fn crowded(protocol: &str, delivery: &str, seed: u64) -> Cell {
    let text = CROWDED.replace("PROTOCOL", protocol).replace("DELIVERY", delivery);
    let text = text + "deliveries: {closing: {base: peertube, keep_alive: off}}\n";
    first_cell(&text, Changes { sets: vec![format!("seed={seed}")], ..Changes::default() })
}

pub(super) struct Run {
    pub(super) observed: Observed,
    pub(super) log: Log,
    pub(super) counts: DisplayedCounts,
}

pub(super) fn run(cell: &Cell) -> Run {
    run_with(cell, ()).0
}

/// Simulates a cell, with one more observer.
pub(super) fn run_with<O: Observer>(cell: &Cell, other: O) -> (Run, O) {
    let collector = cell.collector();
    let log = Log::default();
    let mut all = Both(collector, Both(log, Both(DisplayedCounts::new(cell), other)));
    let ending = sim::run(cell, &mut all, &AtomicBool::new(false));
    let Both(collector, Both(log, Both(counts, other))) = all;
    let observed = collector.finish(cell.end.latest(), &ending, Aggregates::default());
    (Run { observed, log, counts }, other)
}
