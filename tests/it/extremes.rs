//! Scenarios that are strange and valid: each comes to its end, writes whole records and keeps the model's promises.

use crate::program::{Place, SMALL};
use std::collections::BTreeMap;

/// Runs `SMALL` with changes, all presets compared, and returns the metrics by column and name.
fn run(sets: &[&str]) -> BTreeMap<(String, String), f64> {
    let place = Place::with_small();
    let all = "compare=[v1, v2, v3, peertube-6.0, peertube-6.3-v1, peertube-6.3-v2, peertube-8.2.4, peertube-9.0-dev]";
    let mut arguments = vec!["run", "small.yaml", "--out", "out", "--set", all];
    sets.iter().for_each(|set| arguments.extend(["--set", set]));
    let answer = place.call(&arguments);
    assert_eq!(answer.code, Some(0), "{sets:?}: {}", answer.err);
    assert!(answer.out.starts_with(' '), "{sets:?}: {}", answer.out);
    for name in ["traffic.csv", "counters.csv", "delays.csv"] {
        place.rows(&format!("out/{name}"));
    }
    let summary = place.rows("out/summary.csv").into_iter().map(|row| {
        let value: f64 = row[8].parse().expect("a number");
        assert!(value.is_finite(), "{row:?}");
        ((row[1].clone(), row[6].clone()), value)
    });
    summary.collect()
}

#[test]
fn strange_scenarios_come_to_their_end() {
    for sets in [
        &["viewers=[]"][..],
        &["instances={origin: {}}", "viewers.0.spread={list: [origin]}"],
        &["instances.followers.software=other"],
        &["instances.followers.count=1", "instances.followers.software=other"],
        &["follows={random: {mean: 0}}"],
        &["network.loss=100 %"],
        &["network.latency={constant: 0 s}"],
        &["network.latency={constant: 1 h}"],
        &["network.latency={lognormal: {median: 1 us, sigma: 3}}"],
        &["seed=18446744073709551615"],
        &["seed=0"],
        &["end=1 ms"],
        &["end={when: idle, at_most: 20 min}"],
        &["end={when: idle, at_most: 1 ms}"],
        &["measure={every: 1 h, bucket: 1 h}"],
        &["measure={from: 599 s, every: 1 s}"],
        &["measure={every: 100 ms, bucket: 1 s}"],
        &["viewers.0.watch={fixed: 1 ms}"],
        &["viewers.0.watch={exponential: 400 d}"],
        &["viewers.0.watch=retention", "videos.clip.length=1 ms"],
        &["viewers.0.from=10 min"],
        &["viewers.0.returns={probability: 99 %, after: 1 ms}", "viewers.0.watch={fixed: 5 s}"],
        &["viewers.0.arrivals={stages: [{duration: 1 ms, rate: 0 /s}]}"],
        &["viewers.0.arrivals={viral: {peak: 0, growth: 1 ms, decay_scale: 1 ms}}"],
        &["viewers.0.arrivals={viral: {peak: 5, growth: 10 d, decay_scale: 1 ms, decay_exponent: 10}}"],
        &["videos.unseen={origin: followers-1, length: live}"],
        &["instances.followers.tick_phase=0 s", "network.latency={constant: 0 s}"],
        &["instances.followers.tick_phase=400 d"],
    ] {
        run(sets);
    }
}

#[test]
fn strange_protocols_come_to_their_end() {
    for rules in [
        "base: v1, lifetime: 1 ms",
        "base: v2, tick_interval: 10 ms",
        "base: v2, tick_interval: 400 d",
        "base: v1, heartbeat: 100 ms, refederation_age: 0 s",
        "base: v3, threshold: off",
        "base: v3, threshold: {share: 0 %, at_least_every: 1}",
        "base: v3, threshold: {share: 100 %, at_least_every: 10000}",
        "base: v2, hints: {heartbeats_per_s: 1, at_most: 10000 h}",
        "base: v1, lifetime: 10000 h, heartbeat: 1 ms, hints: {heartbeats_per_s: 1000000, at_most: 10000 h}",
        "base: v3, forward: always, accept_result: anybody",
        "base: v3, store: keyed, known_viewer: another-entry, own_viewers: each",
        "base: peertube-9.0-dev, origin_total: no, forward: always, accept_result: nobody",
    ] {
        run(&[&format!("protocols={{odd: {{{rules}}}}}"), "compare=[odd, v1]"]);
    }
}

#[test]
fn messages_are_conserved() {
    for sets in [
        &[][..],
        &["network.loss=30 %"],
        &["network.loss=100 %"],
        &["network.latency={constant: 5 min}"],
        &["network.latency={lognormal: {median: 1 s, sigma: 3}}", "network.loss=3 %"],
    ] {
        // `messages_sent` is of Views, the accounts are of all messages
        let only_views = [sets, &["other_traffic={updates: off, watch_actions: off}"]].concat();
        let metrics = run(&only_views);
        let protocols: Vec<_> =
            metrics.keys().filter(|key| key.1 == "messages_sent").map(|key| &key.0).collect();
        assert_eq!(protocols.len(), 8);
        for protocol in protocols {
            let value = |name: &str| metrics[&(protocol.clone(), name.to_owned())] as u64;
            let sum =
                |names: &[&str]| names.iter().map(|name| value(&format!("messages_{name}"))).sum::<u64>();
            let ends = sum(&["delivered", "lost", "refused", "failed_connect", "in_flight"]);
            assert_eq!(value("messages_sent"), ends, "{protocol} {sets:?}");
            let created = ends + sum(&["queued", "dropped"]);
            assert_eq!(value("messages_created"), created, "{protocol} {sets:?}");
            assert!(value("messages_sent") > 0);
        }
    }
}

/// Totals of two followers that an old origin forwards reach a third one at the same instant.
#[test]
fn messages_that_arrive_at_once_are_told_apart() {
    run(&[
        "compare=[{name: mixed, protocol: v3, groups: {origin: peertube-8.2.4}}, {name: turned, protocol: peertube-6.0, groups: {origin: v3}}]",
        "instances.followers.tick_phase=10 s",
        "network.latency={constant: 50 ms}",
        "network.loss=0 %",
    ]);
}

#[test]
fn the_same_person_may_watch_twice_at_once() {
    let visit =
        |rest: &str| format!("{{instance: followers-1, viewer: anna, start: 0 s, watch: 5 min{rest}}}");
    let sessions = [visit(""), visit(""), visit(", heartbeat: 1 ms")].join(", ");
    let metrics = run(&[
        &format!("viewers=[{{video: clip, sessions: [{sessions}]}}]"),
        "network.latency={constant: 0 s}",
    ]);
    for ((protocol, name), value) in metrics {
        if name == "sessions" {
            assert!((value - 3.0).abs() < f64::EPSILON, "{protocol}: {value}");
        }
    }
}

#[test]
fn what_would_fill_the_memory_or_never_end_is_refused_with_the_knob() {
    let place = Place::new();
    let visit = "{instance: origin, start: 0 s, watch: 400 d, heartbeat: 1 ms}";
    let scripted = format!("viewers=[{{video: clip, sessions: [{visit}]}}]");
    let rare = "measure={every: 1 d, bucket: 1 d}";
    let unlimited = "limits={events: 1000000000000}";
    let fast = "protocols={fast: {base: v1, tick_interval: 1 ms}}";
    let busy = "other_traffic.background=[{video: clip, rate: 100 /s}]";
    let outages = "faults=[{outages: [origin], mean_between: 1 ms, mean_duration: 1 ms}]";
    for (sets, knob) in [
        (&["viewers.0.arrivals={constant: {rate: 1000000 /s}}"][..], "limits.sessions"),
        (
            &["instances.followers.count=19000", "viewers.0.arrivals={constant: {rate: 1000 /s}}"],
            "limits.events",
        ),
        (
            &[
                "delivery=unlimited",
                "viewers.0.arrivals={constant: {rate: 200 /s}}",
                "instances.followers.count=500",
                "network.latency={constant: 1 h}",
            ],
            "limits.memory",
        ),
        (&["measure={every: 1 ms}", "instances.followers.count=1000"], "limits."),
        // most of its heartbeats would be skipped, but their number must fit all the same
        (&["end=400 d", &scripted, rare], "heartbeat"),
        (
            &["end=400 d", "viewers=[]", rare, unlimited, fast, "compare=[fast]", "delivery=unlimited"],
            "tick_interval",
        ),
        (&["end=400 d", "viewers=[]", rare, unlimited, "limits.memory=1000 TB", busy], "background"),
        (&["end=400 d", "viewers=[]", rare, outages], "limits.events"),
    ] {
        place.write("small.yaml", SMALL);
        let mut arguments = vec!["run", "small.yaml"];
        sets.iter().for_each(|set| arguments.extend(["--set", set]));
        let answer = place.call(&arguments);
        assert_eq!(answer.code, Some(2), "{sets:?}: {}", answer.err);
        assert!(answer.err.contains(knob), "{sets:?}: {}", answer.err);
        assert!(!place.path("results").exists());
    }
}
