//! Parity: near decisions are found where they were planted and nowhere else, and what differs between two runs is told.

use fedisim::foundation::ids::{InstanceId, SessionId};
use fedisim::foundation::units::{Span, Time};
use fedisim::instance::Instance;
use fedisim::mechanism::activity::Kind;
use fedisim::mechanism::network::Latency;
use fedisim::metrics::aggregates::Aggregates;
use fedisim::metrics::{Collector, Observed};
use fedisim::observe::{Both, Observer, QueueSample};
use fedisim::parity::{Comparison, DisplayedCounts, Log, NearDecisions, Setting, Side, compare, decisions};
use fedisim::runs::cell::{build_cell, plan};
use fedisim::scenario::{Changes, Failure, Input, parse};
use fedisim::sim::{self, Cell};
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

/// What of `BASE` a test changes.
struct Change<'a> {
    protocol: &'a str,
    heartbeat: &'a str,
    sessions: &'a str,
    latency: &'a str,
    more: &'a [(&'a str, &'a str)],
}

const PLAIN: Change<'_> = Change {
    protocol: "v2",
    heartbeat: "5043 ms",
    sessions: "{instance: near, start: 3100 ms, watch: 40 s}",
    latency: "50 ms",
    more: &[],
};

fn cell(change: &Change<'_>) -> Cell {
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
    let text = text.replace("FAULTS", "");
    let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
    let input = Input { file: "tiny", bytes: text.as_bytes(), stem: None, data: &no_data };
    let scenario = parse(&input, &Changes::default(), &[])
        .unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)));
    build_cell(&scenario, &plan(&scenario)[0])
}

fn near(change: &Change<'_>, margin_ms: u64) -> NearDecisions {
    decisions(&cell(change), Span::from_ms(margin_ms), &AtomicBool::new(false))
}

/// The decisions that are found, one a line.
fn told(decisions: &NearDecisions) -> String {
    let lines: Vec<String> = decisions.first.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len() as u64, decisions.count.min(20));
    lines.join("\n")
}

#[test]
fn heartbeats_of_five_seconds_tie_with_ninety_and_others_do_not() {
    let sessions = "{instance: near, start: 3100 ms, watch: 100 s}";
    for protocol in ["v1", "peertube-6.3-v2", "v2"] {
        let tied = near(&Change { protocol, heartbeat: "5 s", sessions, ..PLAIN }, 40);
        let expected =
            "near at 93100.0 ms: heartbeat 18 of visit 0 comes just in time to send what it sends (0.0 ms)";
        assert_eq!(told(&tied), expected, "{protocol}");
        assert_eq!(told(&near(&Change { protocol, sessions, ..PLAIN }, 40)), "", "{protocol}");
    }
    // what sends no viewers decides nothing by their age
    assert_eq!(told(&near(&Change { protocol: "v3", heartbeat: "5 s", sessions, ..PLAIN }, 40)), "");
}

#[test]
fn a_message_just_before_a_tick_that_sends_totals_is_near() {
    // sent at 49.949 s, it arrives 1 ms before the origin's tick
    let sessions = "{instance: near, start: 49949 ms, watch: 4 s}";
    let found = near(&Change { sessions, ..PLAIN }, 40);
    assert_eq!(
        told(&found),
        "origin at 49999.0 ms: the View of heartbeat 0 of visit 0 comes just before tick 0; \
         in the other order tick 0 would send 0 activities, not 1 (1.0 ms)"
    );
    // without totals the tick before or after it shows the same
    assert_eq!(told(&near(&Change { sessions, protocol: "v1", ..PLAIN }, 40)), "");
    let sessions = "{instance: near, start: 49900 ms, watch: 4 s}";
    assert_eq!(told(&near(&Change { sessions, ..PLAIN }, 40)), "");
    // just after the tick
    let sessions = "{instance: near, start: 49960 ms, watch: 4 s}";
    let found = near(&Change { sessions, ..PLAIN }, 40);
    assert!(
        told(&found).starts_with("origin at 50000.0 ms: tick 0 comes just before the View"),
        "{}",
        told(&found)
    );
}

#[test]
fn an_expiry_near_a_tick_is_near() {
    // the last heartbeat at 49.98 s: the entry expires 20 ms before the tick at 170 s
    let sessions = "{instance: origin, start: 49980 ms, watch: 3 s}";
    for protocol in ["v1", "v2"] {
        let found = near(&Change { sessions, protocol, ..PLAIN }, 40);
        assert!(told(&found).contains("origin at 170000.0 ms: "), "{}", told(&found));
        assert!(told(&found).contains("(20.0 ms)"), "{}", told(&found));
    }
    assert_eq!(told(&near(&Change { sessions, protocol: "v1", ..PLAIN }, 15)), "");
    // ticks at one time: a total expires at the tick of its receiver, but both are exact
    let more = &[("tick_phase: 60 s", "tick_phase: 50 s")];
    assert_eq!(told(&near(&Change { more, ..PLAIN }, 40)), "");
}

/// Under 6.3 with V2 a follower takes each viewer that is forwarded to it for a total.
#[test]
fn a_total_and_a_forwarded_viewer_that_arrive_together_are_near() {
    // The tick's total reaches far at 50.05 s, the viewer of near by way of the origin at 50.06 s. Two more watch at the origin.
    let sessions = "{instance: origin, start: 1 s, watch: 100 s}, {instance: origin, start: 2 s, watch: 100 s}, \
                    {instance: near, start: 49960 ms, watch: 4 s}";
    let change = Change { protocol: "peertube-6.3-v2", sessions, ..PLAIN };
    let found = told(&near(&change, 40));
    let expected = "far at 50050.0 ms: the total of tick 0 of instance 0 comes just before the View of heartbeat 0 of visit 2; \
                    in the other order the sample at 54000 ms would show 2 (10.0 ms)";
    assert!(found.contains(expected), "{found}");
    // from 8.0 on such a viewer is none
    for protocol in ["peertube-8.0", "peertube-8.2.4"] {
        let found = told(&near(&Change { protocol, ..change }, 40));
        assert!(!found.contains("far at"), "{protocol}: {found}");
    }
    // without totals each counts one
    let found = told(&near(&Change { protocol: "v1", ..change }, 40));
    assert!(!found.contains("far at"), "{found}");
}

#[test]
fn what_is_decided_outside_of_instances_is_found() {
    let sessions = "{instance: near, start: 30 s, watch: 4 s}, {instance: far, start: 31 s, watch: 4 s}";
    let with = |old: &str, new: &str| {
        let more = &[(old, new)];
        told(&near(&Change { sessions, more, ..PLAIN }, 40))
    };
    assert_eq!(with("FAULTS", ""), "");
    // it leaves 20 ms before the link is cut
    let found = with("FAULTS", "{partition: [[origin], [near]], at: 30.02 s, for: 5 s}");
    assert!(
        found.contains("near at 30000.0 ms: the View of heartbeat 0 of visit 0, near -> origin passes near"),
        "{found}"
    );
    // others are cut, or it is later
    assert_eq!(with("FAULTS", "{partition: [[origin], [far]], at: 30.02 s, for: 500 ms}"), "");
    assert_eq!(with("FAULTS", "{partition: [[origin], [near]], at: 30.1 s, for: 5 s}"), "");
    // its receiver is down from 30 ms after it has arrived, or is up again by then
    let found = with("FAULTS", "{down: [origin], at: 30.08 s, for: 500 ms}");
    assert!(found.contains("near -> origin passes near"), "{found}");
    let found = with("FAULTS", "{down: [origin], at: 29 s, for: 1.03 s}");
    assert!(found.contains("near -> origin passes near"), "{found}");
    // the end comes just after it has arrived, or just before it would
    for end in ["end: 30070 ms", "end: 30030 ms", "end: 29990 ms"] {
        let found = with("end: 200 s", end);
        assert!(found.contains("near the end of the run") == (end != "end: 29990 ms"), "{end}: {found}");
    }
}

#[test]
fn a_heartbeat_near_the_stop_of_its_instance_is_near_if_it_matters() {
    let with = |fault: &str| {
        let sessions = "{instance: near, start: 30 s, watch: 4 s}";
        let more = &[("FAULTS", fault)];
        told(&near(&Change { protocol: "peertube-9.0-dev", sessions, more, ..PLAIN }, 40))
    };
    let found = with("{restart: [near], at: 30.01 s, startup: 3 s}");
    assert!(found.contains("heartbeat 0 of visit 0 comes just before the stop"), "{found}");
    let found = with("{restart: [near], at: 29.97 s, startup: 3 s}");
    assert!(found.contains("the stop comes just before heartbeat 0 of visit 0"), "{found}");
    assert_eq!(with("{restart: [near], at: 29 s, startup: 500 ms}"), "");
}

/// With one slot, the queue of forwards lets the second wait until the first is over.
#[test]
fn two_forwards_that_enter_a_queue_together_are_near() {
    let sessions = "{instance: near, start: 30 s, watch: 4 s}, {instance: far, start: 30.02 s, watch: 4 s}";
    let more = &[("delivery: unlimited", "delivery: peertube")];
    let found = near(&Change { protocol: "peertube-8.0", sessions, more, ..PLAIN }, 40);
    assert!(told(&found).contains("two jobs enter its sequential queue"), "{}", told(&found));
    // from 8.2 on they go at once
    let found = near(&Change { protocol: "peertube-8.2.4", sessions, more, ..PLAIN }, 40);
    assert_eq!(told(&found), "");
}

struct Run {
    observed: Observed,
    log: Log,
    counts: DisplayedCounts,
}

fn run(cell: &Cell) -> Run {
    run_with(cell, Nobody).0
}

/// Runs a cell in the simulation before another observer, too.
fn run_with<O: Observer>(cell: &Cell, other: O) -> (Run, O) {
    let collector =
        Collector::new(&cell.federation, &cell.sessions, cell.sampling.every, cell.sampling.bucket);
    let log = Log::new(cell.federation.videos.len());
    let mut all = Both(collector, Both(log, Both(DisplayedCounts::new(cell), other)));
    let ending = sim::run(cell, &mut all, &AtomicBool::new(false));
    let Both(collector, Both(log, Both(counts, other))) = all;
    let observed = collector.finish(cell.end.latest(), &ending, Aggregates::default());
    (Run { observed, log, counts }, other)
}

fn compared(cell: &Cell, live: &Run) -> Comparison {
    let simulated = run(cell);
    let setting = Setting {
        federation: &cell.federation,
        counts: &simulated.counts,
        margin: Span::from_ms(40),
        scale: 2.0,
    };
    compare(
        Side { observed: &simulated.observed, log: &simulated.log },
        Side { observed: &live.observed, log: &live.log },
        setting,
    )
}

/// How far in real microseconds a message was from where it was to be.
fn furthest_us(comparison: &Comparison) -> u64 {
    (comparison.furthest.as_ref().expect("there are messages").0 * 1e3) as u64
}

struct Nobody;

impl Observer for Nobody {}

const CROWD: &str = "{instance: near, start: 3.1 s, watch: 99 s}, {instance: far, start: 20 s, watch: 60 s}, \
                     {instance: origin, start: 30 s, watch: 99 s}";

#[test]
fn two_equal_runs_have_no_difference() {
    let cell = cell(&Change { sessions: CROWD, protocol: "peertube-8.2.4", ..PLAIN });
    let comparison = compared(&cell, &run(&cell));
    assert_eq!(comparison.differences, []);
    assert_eq!(
        comparison.messages,
        run(&cell).observed.links.iter().map(|row| row.sums.messages).sum::<u64>()
    );
    assert!(comparison.messages > 5 && comparison.bytes > 1_000 * comparison.messages);
    assert_eq!(comparison.samples, 3 * 23);
    assert_eq!(furthest_us(&comparison), 0);
}

/// A run that is a little late, as real ones are: 30 ms at most.
#[test]
fn a_run_that_is_a_little_late_is_equal_and_one_that_is_later_is_not() {
    let change = Change { sessions: CROWD, protocol: "peertube-8.2.4", ..PLAIN };
    let late = |change: &Change<'_>, ms: u64| {
        let mut cell = cell(change);
        cell.sessions.iter_mut().for_each(|session| {
            session.start += Span::from_ms(ms);
            session.end += Span::from_ms(ms);
        });
        cell
    };
    let same = compared(&cell(&change), &run(&late(&change, 30)));
    assert_eq!(same.differences, []);
    assert_eq!(furthest_us(&same), 15_000);
    // the visit at 30 s begins after the sample at 36 s: two samples show one less
    let later = compared(&cell(&change), &run(&late(&change, 8_000)));
    let lines: Vec<String> = later.differences.iter().map(ToString::to_string).collect();
    assert!(
        lines.contains(&"origin at 36000 ms: shows 3 in the simulation, 2 live".to_owned()),
        "{lines:#?}"
    );
}

#[test]
fn missing_messages_and_other_contents_are_named() {
    let change = Change { sessions: CROWD, protocol: "peertube-8.2.4", ..PLAIN };
    let cell = cell(&change);
    let mut other = cell.clone();
    other.sessions.remove(1);
    let lines =
        |comparison: &Comparison| comparison.differences.iter().map(ToString::to_string).collect::<Vec<_>>();
    let found = lines(&compared(&cell, &run(&other)));
    let expected = "far -> origin, viewer: 1 requests begun in the simulation, 0 live; \
                    first the View of heartbeat 0 of visit 1, far -> origin at 20000 ms, in the simulation only";
    assert!(found.contains(&expected.to_owned()), "{found:#?}");
    assert!(
        found.contains(&"far -> origin, viewer: 1 messages in the simulation, 0 live".to_owned()),
        "{found:#?}"
    );
    let total = "origin -> near, total: 1 messages are not alike; first the total of tick 0, origin -> near at 50000 ms: \
                 a count of 3, ";
    assert!(found.iter().any(|line| line.starts_with(total)), "{found:#?}");
    // bytes
    let mut longer = cell.clone();
    longer.names.version = "6.3.10".to_owned();
    let found = lines(&compared(&cell, &run(&longer)));
    assert!(found.iter().any(|line| line.contains("bytes of heads in the simulation")), "{found:#?}");
    assert!(!found.iter().any(|line| line.contains("bytes of bodies")), "{found:#?}");
}

/// What is sampled at an instance without a process is nothing.
#[test]
fn a_process_that_is_gone_shows_nothing_in_both() {
    let more = &[("FAULTS", "{restart: [near], at: 40 s, startup: 10 s}")];
    let cell = cell(&Change { sessions: CROWD, more, ..PLAIN });
    let simulated = run(&cell);
    let down = simulated.log.samples().iter().filter(|sample| sample.counts[1].is_none()).count();
    assert_eq!(down, 1);
    assert_eq!(compared(&cell, &simulated).differences, []);
    let up = run(&self::cell(&Change { sessions: CROWD, ..PLAIN }));
    let found: Vec<String> = compared(&cell, &up).differences.iter().map(ToString::to_string).collect();
    assert!(
        found.iter().any(|line| line.starts_with("near at 45000 ms: shows nothing in the simulation, ")),
        "{found:#?}"
    );
}

/// DisplayedCounts what is shown, to hold `DisplayedCounts` to the instances themselves.
struct Shows(Vec<(Time, Vec<u64>)>);

impl Observer for Shows {
    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], _queues: &[QueueSample]) {
        let counts =
            instances.iter().map(|instance| instance.displayed(fedisim::foundation::ids::VideoId(0)));
        self.0.push((now, counts.collect()));
    }
}

#[test]
fn the_log_names_what_the_run_did() {
    let cell = cell(&Change { sessions: CROWD, protocol: "peertube-8.2.4", ..PLAIN });
    let (run, Shows(shown)) = run_with(&cell, Shows(Vec::new()));
    let first =
        run.log.messages().keys().find(|name| name.kind == Kind::ViewerForwarded).expect("one is forwarded");
    assert_eq!((first.from, first.to), (InstanceId(0), InstanceId(1)));
    assert_eq!(first.stamp.session, SessionId(1), "a visit of far");
    let logged: Vec<(Time, Vec<u64>)> = run
        .log
        .samples()
        .iter()
        .map(|sample| {
            (sample.at, sample.counts.iter().map(|counts| counts.as_ref().expect("up")[0]).collect())
        })
        .collect();
    assert_eq!(logged, shown);
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

fn crowded(protocol: &str, delivery: &str, seed: u64) -> Cell {
    let text = CROWDED.replace("PROTOCOL", protocol).replace("DELIVERY", delivery);
    let text = text + "deliveries: {closing: {base: peertube, keep_alive: off}}\n";
    let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
    let input = Input { file: "crowded", bytes: text.as_bytes(), stem: None, data: &no_data };
    let changes = Changes { sets: vec![format!("seed={seed}")], ..Changes::default() };
    let scenario =
        parse(&input, &changes, &[]).unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)));
    build_cell(&scenario, &plan(&scenario)[0])
}

/// The same run over a real network, as it were: visits begin up to `late` later, and each message takes up to `late` longer.
fn delayed(cell: &Cell, late: Span, latency_too: bool, draw: u64) -> Cell {
    let mut delayed = cell.clone();
    let (mut state, mut last) = (draw, Time::ZERO);
    for session in &mut delayed.sessions {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let by = Span::from_us((state >> 33) % late.us());
        last = last.max(session.start + by);
        session.end += last.since(session.start);
        session.start = last;
    }
    if latency_too {
        let min = Span::from_ms(50);
        delayed.network.latency = Latency::Uniform { min, max: min + late };
        delayed.seed.seed = draw;
    }
    delayed
}

/// What the two modules promise together: where no decision is near, a run that is a little late is equal.
#[test]
fn where_nothing_is_near_a_delayed_run_is_equal() {
    const MARGIN: Span = Span::from_ms(160);
    let (mut clean, mut near, mut near_and_unlike) = (0, 0, 0);
    for protocol in ["v1", "peertube-6.3-v2", "peertube-8.0", "peertube-8.2.4", "peertube-9.0-dev", "v3"] {
        for (delivery, latency_too) in [("unlimited", true), ("closing", false)] {
            for seed in 0..24 {
                let cell = crowded(protocol, delivery, seed);
                let found = decisions(&cell, MARGIN, &AtomicBool::new(false));
                let simulated = run(&cell);
                let setting = Setting {
                    federation: &cell.federation,
                    counts: &simulated.counts,
                    margin: MARGIN,
                    scale: 1.0,
                };
                // a forwarded viewer has met three delays; and who is late may have to wait for a thread
                let late = Span::from_ms(if latency_too { 160 / 3 } else { 140 });
                let unlike = (1..4).find_map(|draw| {
                    let live = run(&delayed(&cell, late, latency_too, draw * 1_000_003));
                    let side = Side { observed: &live.observed, log: &live.log };
                    let simulated = Side { observed: &simulated.observed, log: &simulated.log };
                    compare(simulated, side, setting).differences.first().map(ToString::to_string)
                });
                if found.count == 0 {
                    clean += 1;
                    assert_eq!(unlike, None, "{protocol}, {delivery}, seed {seed}");
                } else {
                    near += 1;
                    near_and_unlike += u32::from(unlike.is_some());
                }
            }
        }
    }
    // both happen, and what is near is often unlike
    assert!(clean >= 30 && near >= 30 && near_and_unlike * 4 > near, "{clean} {near} {near_and_unlike}");
}
