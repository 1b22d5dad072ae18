//! What receivers ask back, in both drivers: equal, and a GET that is missing or answered with another size is found.

use super::cells::{Change, PLAIN, cell, run};
use super::near::{lines, near};
use fedisim::cell::{Cell, preview_delay};
use fedisim::domain::asked_back::{AfterUpdates, Cache};
use fedisim::foundation::ids::InstanceId;
use fedisim::foundation::units::{Span, Time};
use fedisim::live::Addresses;
use fedisim::live::run::{Batch, LiveOptions};
use fedisim::parity::{Comparison, Log, Setting, Side, compare, in_model_time};
use fedisim::runs::cell::plan;
use fedisim::scenario::{Changes, Failure, Input, parse};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Two Updates and a post. Nobody shows a viewer who comes or goes near a sample.
const ASKED: &str = "
name: asked
description: two updates and a post, of which two followers ask the origin
end: 75 s
compare: [COLUMNS]
deliveries:
  closing: {base: peertube, keep_alive: off}
  limited: {base: peertube, keep_alive: off, rate_limit: {requests: 1, per: 10 s}}
instances: {origin: {tick_phase: 64 s}, near: {tick_phase: 66 s}, far: {tick_phase: 68 s}}
videos: {clip: {origin: origin, length: 10 min}}
viewers:
  - video: clip
    sessions: [{instance: origin, start: 1 s, watch: 12 s}, {instance: origin, start: 20 s, watch: 12 s}]
network: {latency: {constant: 200 ms}}
other_traffic:
  updates: {every: 20 s}
  watch_actions: off
  background: [{video: clip, burst: {jobs: 1, at: 56 s}, preview: {answer: 30 kB, within: 4 s}}]
  asked_back: {after_updates: requests}
measure: {every: 17 s}
";

/// What is changed in one column: its delivery, both its cells, and its live cell only.
struct Column {
    delivery: &'static str,
    both: fn(&mut Cell),
    live: fn(&mut Cell),
}

const SAME: Column = Column { delivery: "closing", both: |_| (), live: |_| () };

/// Runs all columns at once in the live driver, and compares each with its simulation. Also the GETs that live servers took.
fn compared(columns: &[Column]) -> Vec<(Comparison, u64)> {
    let named = columns.iter().enumerate();
    let named = named
        .map(|(at, Column { delivery, .. })| format!("{{name: c{at}, protocol: v2, delivery: {delivery}}}"));
    let text = ASKED.replace("COLUMNS", &named.collect::<Vec<_>>().join(", "));
    let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
    let input = Input { file: "here", bytes: text.as_bytes(), stem: None, data: &no_data };
    let scenario = parse(&input, &Changes::default(), &[])
        .unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)));
    let plans: Vec<_> = plan(&scenario).into_iter().take(columns.len()).collect();
    let options = LiveOptions { addresses: Addresses::default(), scale: Some(20.0), capture: None };
    let mut batch = Batch::new(&scenario, &plans, &options).expect("addresses");
    let mut simulated = Vec::new();
    for (cell, column) in batch.cells.iter_mut().zip(columns) {
        let cell = Arc::make_mut(cell);
        // each view is told 13 s later, and nobody sends anything to anybody for 10 s before
        cell.update_phase.fill(Time::from_ms(24_000));
        (column.both)(cell);
        simulated.push(run(cell));
        (column.live)(cell);
    }
    let federation = batch.cells[0].federation.clone();
    let stop = Arc::new(AtomicBool::new(false));
    let live = batch.run(&scenario, &plans, &|_| Log::default(), &stop).expect("a runtime");
    let pairs = simulated.iter().zip(live);
    let compared = pairs.map(|(simulated, live)| {
        let live = live.expect("it lives");
        assert_eq!(live.outcome.refusals, Default::default());
        let result = live.result.expect("it ends");
        let comparison = compare(
            Side { observed: &simulated.observed, log: &simulated.log },
            Side { observed: &result.observed, log: &live.observer },
            Setting {
                federation: &federation,
                counts: &simulated.counts,
                margin: in_model_time(Span::from_ms(200), 20.0),
                scale: 20.0,
            },
        );
        let gets = result.observed.links.iter().filter(|row| row.kind.is_get());
        (comparison, gets.map(|row| row.sums.messages).sum())
    });
    compared.collect()
}

fn differences(of: &(Comparison, u64)) -> Vec<String> {
    of.0.differences.iter().map(ToString::to_string).collect()
}

/// In the last two columns an origin takes one request of a sender in 10 s: of three GETs the first, unless a cache answers.
#[test]
fn gets_cross_sockets_as_they_are_simulated_and_what_is_planted_is_found() {
    let columns = [
        SAME,
        Column {
            live: |cell| {
                let preview = cell.other.background[0].preview.as_mut();
                preview.expect("it has one").answer_bytes += 1;
            },
            ..SAME
        },
        Column {
            live: |cell| {
                let preview = cell.other.background[0].preview.as_mut();
                preview.expect("it has one").share_ppm = 0;
            },
            ..SAME
        },
        Column { live: |cell| cell.other.asked_back.after_updates = AfterUpdates::Counted, ..SAME },
        Column { delivery: "limited", ..SAME },
        Column {
            delivery: "limited",
            both: |cell| cell.other.asked_back.cache = Cache::Share(1_000_000),
            ..SAME
        },
    ];
    let [same, longer, no_preview, counted, limited, cached] = &compared(&columns)[..] else {
        panic!("six columns")
    };
    for equal in [same, limited, cached] {
        assert_eq!(differences(equal), [""; 0]);
    }
    // of each of two followers two times three GETs and a fetch; of three at once one is taken
    assert_eq!([same, limited, cached].map(|of| of.1), [2 * 7, 2 * 3, 2 * 7]);

    let preview = |from: &str| format!("{from} -> origin, link_preview: ");
    let found = differences(longer);
    for from in ["near", "far"] {
        let text = format!("{}30000 bytes of answers in the simulation, 30001 live", preview(from));
        assert!(found.contains(&text), "{found:#?}");
        let first = format!(
            "{}1 messages are not alike; first the preview of background job 0 of entry 0",
            preview(from)
        );
        assert!(found.iter().any(|line| line.starts_with(&first)), "{found:#?}");
    }
    assert_eq!(found.len(), 4, "{found:#?}");
    let found = differences(no_preview);
    let text = format!("{}1 requests begun in the simulation, 0 live; first the preview", preview("near"));
    assert!(found.iter().any(|line| line.starts_with(&text)), "{found:#?}");
    let found = differences(counted);
    let text =
        "far -> origin, update_fetch: 6 requests begun in the simulation, 0 live; first GET 0 after update 0";
    assert!(found.iter().any(|line| line.starts_with(text)), "{found:#?}");
}

/// A post reaches near at 30.05 s, which fetches what it links to within 10 s.
#[test]
fn a_fetch_near_a_stop_a_start_or_the_end_is_near() {
    const POST: &str = "other_traffic: {updates: off, watch_actions: off, background: [{video: clip, burst: {jobs: 1, at: 30 s}, to: [near], preview: {answer: 1 kB, within: 10 s}}]}";
    let found = |old: &str, new: &str| {
        let more = &[("other_traffic: {updates: off, watch_actions: off}", POST), (old, new)];
        lines(&near(&Change { more, ..PLAIN }, 40))
    };
    assert_eq!(found("FAULTS", ""), "");
    let more = &[("other_traffic: {updates: off, watch_actions: off}", POST)];
    let delay = preview_delay(&cell(&Change { more, ..PLAIN }), 0, 0, InstanceId(1)).expect("it fetches");
    let fetches_us = 30_050_000 + delay.us();
    let at = |moved_us: i64| format!("{} us", fetches_us as i64 + moved_us);
    let down = |from: i64, lasts: i64| {
        found("FAULTS", &format!("{{down: [near], at: {}, for: {lasts} us}}", at(from)))
    };
    let text = "near at";
    // it stops just after, just before (then it does not fetch), or starts just after
    for (from, lasts) in [(20_000, 900_000), (-20_000, 900_000), (-900_000, 920_000)] {
        let found = down(from, lasts);
        assert!(
            found.starts_with(text)
                && found.contains("it asks back near a stop or start, after background job 0"),
            "{found}"
        );
    }
    assert_eq!(down(-900_000, 500_000), "");
    for (moved, how) in [(20_000, "begins"), (70_000, "arrives")] {
        let found = found("end: 200 s", &format!("end: {}", at(moved)));
        assert!(found.contains(&format!("near -> origin {how} near the end of the run")), "{how}: {found}");
    }
    assert_eq!(found("end: 200 s", &format!("end: {}", at(200_000))), "");
}

/// With a handshake of two round trips a fetch arrives after 250 ms, and its answer is there 55 ms later.
#[test]
fn an_answer_near_the_end_is_near() {
    const POST: &str = "other_traffic: {updates: off, watch_actions: off, background: [{video: clip, burst: {jobs: 1, at: 30 s}, to: [near], preview: {answer: 1 kB, within: 0 s}}]}";
    let found = |end: &str| {
        let more = &[
            ("other_traffic: {updates: off, watch_actions: off}", POST),
            (
                "delivery: unlimited",
                "delivery: closing\ndeliveries: {closing: {base: peertube, keep_alive: off, json_ld_sign: 0 s, inbox: 0 s}}",
            ),
            ("end: 200 s", end),
        ];
        lines(&near(&Change { more, ..PLAIN }, 40))
    };
    // the post itself takes 250 ms
    let answered = found("end: 30575 ms");
    assert!(answered.contains("near -> origin is answered near the end of the run (1"), "{answered}");
    assert_eq!(found("end: 30700 ms"), "");
}
