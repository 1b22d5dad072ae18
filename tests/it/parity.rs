//! Parity: near decisions are found, and differences between two runs are reported.

mod asked_back;
mod cells;
mod near;

use cells::{Change, PLAIN, Run, cell, crowded, run, run_with};
use fedisim::cell::Cell;
use fedisim::foundation::ids::{InstanceId, SessionId, VideoId};
use fedisim::foundation::units::{Span, Time};
use fedisim::instance::Instance;
use fedisim::mechanism::activity::Kind;
use fedisim::mechanism::network::Latency;
use fedisim::observe::{Observer, QueueSample};
use fedisim::parity::{Comparison, Counter, Setting, Side, compare, decisions};
use std::sync::atomic::AtomicBool;

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

/// How far a message was from its time in the simulation, in µs of real time.
fn furthest_us(comparison: &Comparison) -> u64 {
    (comparison.furthest.as_ref().expect("there are messages").0 * 1e3) as u64
}

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
    // viewers and views of one video
    assert_eq!(comparison.samples, 2 * 3 * 23);
    assert_eq!(furthest_us(&comparison), 0);
}

/// A run that is at most 30 ms late.
#[test]
fn a_run_that_is_a_little_late_is_equal_and_one_that_is_later_is_not() {
    let change = Change { sessions: CROWD, protocol: "peertube-8.2.4", ..PLAIN };
    let late = |change: &Change<'_>, ms: u64| {
        let mut cell = cell(change);
        cell.sessions.iter_mut().for_each(|session| {
            session.start += Span::from_ms(ms);
            session.first_heartbeat += Span::from_ms(ms);
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
                 viewers 3, views none, ";
    assert!(found.iter().any(|line| line.starts_with(total)), "{found:#?}");
    // bytes
    let mut longer = cell.clone();
    longer.names.version = "6.3.10".to_owned();
    let found = lines(&compared(&cell, &run(&longer)));
    assert!(found.iter().any(|line| line.contains("bytes of heads in the simulation")), "{found:#?}");
    assert!(!found.iter().any(|line| line.contains("bytes of bodies")), "{found:#?}");
}

/// An instance that is down displays nothing.
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
        let counts = instances.iter().map(|instance| instance.displayed(VideoId(0)));
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
            let up = sample.counts.iter().map(|counts| counts.as_ref().expect("up"));
            (
                sample.at,
                up.map(|counts| counts.get(&(VideoId(0), Counter::Viewers)).copied().unwrap_or(0)).collect(),
            )
        })
        .collect();
    assert_eq!(logged, shown);
}

/// The cell as a slow network makes it: visits begin up to `late` later, and each message takes up to `late` longer.
fn delayed(cell: &Cell, late: Span, latency_too: bool, draw: u64) -> Cell {
    let mut delayed = cell.clone();
    let (mut state, mut last) = (draw, Time::ZERO);
    for session in &mut delayed.sessions {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let by = Span::from_us((state >> 33) % late.us());
        last = last.max(session.start + by);
        session.end += last.since(session.start);
        session.first_heartbeat = last + session.first_heartbeat.since(session.start);
        session.start = last;
    }
    if latency_too {
        let min = Span::from_ms(50);
        delayed.network.latency = Latency::Uniform { min, max: min + late };
        delayed.seed.seed = draw;
    }
    delayed
}

/// Where no decision is near, a run that is late by less than the margin is equal.
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
                // a forwarded viewer meets three delays; a late message may wait for a thread
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
    // both happen, and near decisions often make a difference
    assert!(clean >= 30 && near >= 30 && near_and_unlike * 4 > near, "{clean} {near} {near_and_unlike}");
}
