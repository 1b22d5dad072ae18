//! Peaks are taken at every moment: when samples come decides nothing, and both engines find the same.

use super::cells::{count, run, scenario};
use super::program::Place;
use fedisim::runs::cell::Engine;
use std::fmt::Write;

/// Followers with one viewer each, whose timers run together: all send their totals to the origin at one instant.
fn herd(followers: usize) -> String {
    let mut text = format!(
        "
name: herd
description: totals of all followers at one instant
end: 4 min
compare: [herd]
protocols: {{herd: {{base: v3, threshold: \"off\", plain_views: none}}}}
instances: {{origin: {{tick_phase: 60 s}}, followers: {{count: {followers}, tick_phase: 0 s}}}}
videos: {{clip: {{origin: origin, length: live}}}}
network: {{latency: {{constant: 30 ms}}}}
other_traffic: {{updates: off, watch_actions: off}}
viewers:
  - video: clip
    sessions:
"
    );
    for number in 1..=followers {
        _ = writeln!(text, "      - {{instance: followers-{number}, start: 10 s, watch: 3 min}}");
    }
    // 13 at the origin for three seconds between samples
    for _ in 0..13 {
        text += "      - {instance: origin, start: 31 s, watch: 3 s}\n";
    }
    text
}

/// All paths take equally long, so 500 totals come at one instant; the first is worked on for 5 ms and 499 wait. Who watches
/// for three seconds is seen by no sample a minute apart: 500 + 13.
#[test]
fn when_samples_come_changes_no_peak() {
    let text = herd(500);
    for every in ["100 ms", "10 s", "1 min"] {
        let scenario = scenario(&text, &[&format!("measure.every={every}")]);
        for engine in [Engine::Plain, Engine::Fast { helpers: 0 }] {
            let result = run(&scenario, engine);
            let peaks = ["inbox_waiting_peak", "viewers_peak"].map(|name| count(&result, name));
            assert_eq!(peaks, [499, 513], "{every} {engine:?}");
        }
    }
}

/// With work that takes no time nobody waits for longer than an instant, however many come.
#[test]
fn nobody_waits_for_work_that_takes_no_time() {
    let set = ["deliveries={quick: {base: peertube, inbox: 0 s}}", "delivery=quick"];
    let scenario = scenario(&herd(20), &set);
    for engine in [Engine::Plain, Engine::Fast { helpers: 0 }] {
        assert_eq!(count(&run(&scenario, engine), "inbox_waiting_peak"), 0, "{engine:?}");
    }
}

#[test]
fn a_herd_is_seen_by_samples_that_are_far_apart() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/field/thundering-herd.yaml");
    let answer = Place::new().call(&["run", scenario, "--out", "records"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
}
