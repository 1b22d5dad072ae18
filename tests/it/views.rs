//! The views counter: what PeerTube's own tests of two servers ask, recordings of real servers, and what a follower shows that counts its
//! own viewers or has just met the video.

use super::program::Place;
use fedisim::conform::{Verdict, ViewsTrace, conform_file};
use fedisim::domain::protocol::Rules;
use fedisim::foundation::ids::{InstanceId, VideoId};
use fedisim::metrics::definitions::names;
use fedisim::runs::cell::{CellResult, Engine, plan, run_cell};
use fedisim::scenario::{Changes, Input, Scenario, parse};
use std::sync::atomic::AtomicBool;

const TWO_SERVERS: &str = include_str!("../../scenarios/two-servers.yaml");

/// The table of PeerTube's tests (`scenarios/two-servers.yaml`): when, of which video, and what both servers show: viewers and views.
const SEQUENCE: [(u64, &str, u32, u32); 17] = [
    (29_000, "counted", 0, 0),
    (59_000, "counted", 0, 1),
    (89_000, "counted", 0, 2),
    (119_000, "counted", 0, 3),
    (119_000, "watched", 0, 0),
    (119_000, "stream", 0, 0),
    (119_000, "configured", 0, 0),
    (125_800, "watched", 1, 0),
    (125_800, "stream", 1, 0),
    (149_000, "configured", 0, 1),
    (179_000, "watched", 0, 1),
    (179_000, "stream", 0, 1),
    (190_800, "watched", 3, 1),
    (214_000, "watched", 0, 4),
    (220_800, "stream", 2, 1),
    (269_000, "watched", 0, 4),
    (269_000, "stream", 0, 3),
];

const RECORDINGS: [&str; 2] = [
    include_str!("../traces/real-servers/views-peertube-7.2.1.json"),
    include_str!("../traces/real-servers/views-peertube-8.2.1.json"),
];

fn read(text: &str, sets: &[&str]) -> Scenario {
    let data = |_: &str| unreachable!("no data files");
    let input = Input { file: "views.yaml", bytes: text.as_bytes(), stem: None, data: &data };
    let sets = sets.iter().map(|set| (*set).to_owned()).collect();
    parse(&input, &Changes { sets, ..Changes::default() }, &names()).expect("a valid scenario")
}

/// Each column of a scenario, in both engines.
fn results(scenario: &Scenario) -> Vec<CellResult> {
    let mut results = Vec::new();
    for plan in plan(scenario) {
        let [plain, fast] = [Engine::Plain, Engine::Fast { helpers: 0 }]
            .map(|engine| run_cell(scenario, &plan, engine, &AtomicBool::new(false)).expect("it ends"));
        assert_eq!(plain.observed.views, fast.observed.views, "{}", plain.protocol);
        results.push(fast);
    }
    results
}

/// The views that an instance displays of the first video at a sample.
fn displayed(result: &CellResult, instance: u32, sample: usize) -> u32 {
    let views = result.observed.views.as_ref().expect("views are told");
    views.displayed(VideoId(0), InstanceId(instance), sample)
}

#[test]
fn both_servers_show_what_peertubes_own_tests_ask_for_under_every_preset() {
    let scenario = read(TWO_SERVERS, &[]);
    let results = results(&scenario);
    assert_eq!(results.len(), 10);
    for CellResult { protocol, observed, .. } in &results {
        let (counters, views) = (&observed.counters, observed.views.as_ref().expect("views are told"));
        for (at_ms, name, viewers, number) in SEQUENCE {
            let video = scenario.videos.iter().position(|video| video.name == name).map(VideoId::at);
            let (video, sample) = (video.expect("a video of the scenario"), (at_ms / 200) as usize);
            assert_eq!(counters.at_ns[sample], at_ms * 1_000_000);
            for server in [0, 1].map(InstanceId) {
                let shown =
                    (counters.displayed(video, server, sample), views.displayed(video, server, sample));
                assert_eq!(
                    shown,
                    (Some(viewers), number),
                    "{protocol}: {name} at {at_ms} ms, server {}",
                    server.0
                );
            }
        }
    }
}

#[test]
fn real_servers_count_and_tell_views_as_ours_do() {
    let verdicts = RECORDINGS.map(|recording| conform_file(recording.as_bytes()).expect("a recording"));
    let conforms = |messages| Verdict::Conforms { messages, samples: 144 };
    assert_eq!(verdicts, [conforms(28), conforms(24)]);
}

#[test]
fn recordings_of_views_with_an_error_differ() {
    let text = RECORDINGS[1];
    // a sample, a number in an Update, a plain view that a follower would have had to send, a flush
    for (right, wrong, difference) in [
        ("[ 252502, 6, 6, 6", "[ 252502, 6, 5, 6", "at 252502 ms: recorded [origin 6, r2 5, r3 6]"),
        (
            "\"t\": 487736,\n   \"from\": \"origin\",\n   \"to\": \"r3\",\n   \"views\": 8",
            "\"t\": 487736,\n   \"from\": \"origin\",\n   \"to\": \"r3\",\n   \"views\": 9",
            "ours [origin 8, r2 8, r3 9]",
        ),
        (
            "\"from\": \"r2\",\n   \"to\": \"origin\",\n   \"author\": \"r2\"",
            "\"from\": \"r3\",\n   \"to\": \"origin\",\n   \"author\": \"r3\"",
            "from origin to ",
        ),
        ("   127676,\n", "", "at 132501 ms: recorded [origin 5, r2 5, r3 5]; ours [origin 0, r2 5, r3 5]"),
    ] {
        let changed = text.replacen(right, wrong, 1);
        assert_ne!(changed, text, "{right}");
        match conform_file(changed.as_bytes()) {
            Ok(Verdict::Differs(found)) => assert!(found.contains(difference), "{found}"),
            other => panic!("{wrong}: {other:?}"),
        }
    }
}

/// The rules of views, one changed at a time.
#[test]
fn every_rule_of_views_is_held_by_the_recordings() {
    for text in RECORDINGS {
        let trace = ViewsTrace::parse(text.as_bytes()).expect("a recording");
        let mut held = Vec::new();
        for rule in Rules::RULES {
            for choice in rule.choices.iter().filter(|choice| choice.name != (rule.get)(&trace.rules)) {
                let mut changed = trace.clone();
                assert!((rule.set)(&mut changed.rules, choice.name));
                if changed.conform() != trace.conform() {
                    held.push((rule.key, choice.name));
                }
            }
        }
        let expected = [
            ("plain_views", "counted"),
            ("plain_views", "in-totals"),
            ("plain_views", "none"),
            ("forward_plain_views", "never"),
            ("origin_views", "in-totals"),
            ("follower_views", "own-count"),
        ];
        assert_eq!(held, expected);
    }
}

#[test]
fn what_is_no_recording_of_views_is_refused() {
    let place = Place::new();
    for (right, wrong, why) in [
        ("peertube-8.2\"", "peertube-9\"", "protocol: there is no protocol `peertube-9`"),
        ("\"views r3\"", "\"views r4\"", "there is no instance `r4` in flushes"),
        ("\"views r3\"", "\"r3\"", "there is no instance `` in flushes"),
        ("[ 2501, 0, 0, 0", "[ 2501, 0, 0", "samples.rows[0]: a time and a count per instance are expected"),
        (
            "[ 2501, 0, 0, 0",
            "[ 2501, 0, 0, -1",
            "samples.rows[0]: a time and a count per instance are expected",
        ),
        ("\"t\": 127755", "\"t\": 127755000000000", "is further from T0"),
        ("\"author\": \"r2\"", "\"author\": 2", "invalid type"),
    ] {
        place.write("views.json", RECORDINGS[1].replacen(right, wrong, 1));
        let answer = place.call(&["conform", "views.json"]);
        assert_eq!(answer.code, Some(2), "{why}: {}{}", answer.out, answer.err);
        assert!(answer.err.contains(why), "{why}: {}", answer.err);
    }
}

const THREE: &str = "
name: three
description: a video of the origin, viewed at a follower
end: 3 min
compare: [{name: mine, protocol: mine, delivery: unlimited}]
protocols: {mine: {base: peertube-8.2.4, heartbeat: 1 s}}
instances: {origin: {update_phase: 60 s}, left: {}, right: {}}
videos: {clip: {origin: origin, length: live}}
viewers: [{video: clip, view_after: 0 s, sessions: [
  {instance: left, start: 500 ms, watch: 1 s}, {instance: left, start: 5500 ms, watch: 1 s}, {instance: right, start: 70500 ms, watch: 1 s}]}]
network: {latency: {constant: 50 ms}}
other_traffic: {updates: {every: 60 s}}
measure: {every: 1 s, bucket: 1 min}
";

#[test]
fn a_follower_shows_its_own_views_at_once_where_the_rule_says_so() {
    // flushes at 60 s with two views, and at 120 s with one more
    for (rule, at_left, at_right) in [
        ("update", [0, 0, 0, 2, 2, 3], [0, 0, 0, 2, 2, 3]),
        ("own-count", [1, 2, 2, 2, 2, 3], [0, 0, 0, 2, 3, 3]),
    ] {
        let scenario = read(THREE, &[&format!("protocols.mine.follower_views={rule}")]);
        let result = &results(&scenario)[0];
        let samples = [1, 6, 60, 61, 71, 121];
        assert_eq!(samples.map(|sample| displayed(result, 1, sample)), at_left, "{rule}");
        assert_eq!(samples.map(|sample| displayed(result, 2, sample)), at_right, "{rule}");
    }
}

/// `left` is down at the samples of 70 s and 80 s, and between them up for three seconds in which it counts a view of its own.
#[test]
fn who_counts_views_between_two_samples_that_find_it_down_displays_them_later() {
    let sets = [
        "protocols.mine.follower_views=own-count",
        "viewers.0.sessions.1.start=76500 ms",
        "faults=[{down: [left], at: 65 s, for: 10 s, how: silent}, {down: [left], at: 78 s, for: 7 s, how: silent}]",
        "measure.every=10 s",
    ];
    let result = &results(&read(THREE, &sets))[0];
    assert_eq!([6, 7, 8, 9].map(|sample| displayed(result, 1, sample)), [1, 1, 2, 2]);
    let (observed, counters) = (&result.observed, &result.observed.counters);
    let views = observed.views.as_ref().expect("views are told");
    let pairs = (0..counters.samples()).flat_map(|sample| [(1, sample), (2, sample)]);
    let pairs: Vec<_> = pairs
        .filter(|&(id, sample)| {
            views.counted(VideoId(0), sample) > 0 && counters.is_up(InstanceId(id), sample)
        })
        .collect();
    let shown = pairs.iter().map(|&(id, sample)| u64::from(displayed(result, id, sample))).sum();
    let followers = &views.sums[1];
    assert_eq!((followers.pairs, followers.displayed), (pairs.len() as u64, shown));
    assert_eq!(pairs.len(), 2 * (counters.samples() - 1) - 2);
}

/// Where no plain view is sent, the origin knows of its own people only.
#[test]
fn views_are_counted_at_home_even_if_nobody_sends_them() {
    let sets = ["protocols.mine.plain_views=none", "viewers.0.sessions.1.instance=origin"];
    let result = &results(&read(THREE, &sets))[0];
    let views = result.observed.views.as_ref().expect("views are told");
    assert_eq!((views.counted, [0, 1, 2].map(|id| displayed(result, id, 179))), (3, [1, 1, 1]));
}

#[test]
fn who_meets_a_video_shows_the_number_that_it_fetched() {
    // the first message that reaches `right` comes at 100 s: until then it knows nothing of the video; `left` has asked at 0 s
    let sets = [
        "viewers.0.sessions=[{instance: origin, start: 500 ms, watch: 1 s}, {instance: origin, start: 100500 ms, watch: 1 s}]",
        "faults=[{down: [right], at: 0 s, for: 90 s, how: silent}]",
        // a cache is in front of requests that take time
        "compare=[{name: mine, protocol: mine, delivery: peertube}]",
    ];
    for (asked_back, expected) in [
        ("first_contact: requests", [0, 1, 2]),
        // the answer that `left` got before the first flush
        ("first_contact: requests, cache: {for: 1 h}", [0, 0, 2]),
        ("first_contact: off", [0, 0, 2]),
    ] {
        let asked_back = format!("other_traffic.asked_back={{{asked_back}}}");
        let result = &results(&read(THREE, &[&sets[..], &[&asked_back]].concat()))[0];
        assert_eq!([99, 110, 121].map(|sample| displayed(result, 2, sample)), expected, "{asked_back}");
    }
}

#[test]
fn without_updates_nobody_tells_of_views_and_records_say_none() {
    let result = &results(&read(THREE, &["other_traffic.updates=off"]))[0];
    assert!(result.observed.views.is_none());
    let place = Place::new();
    place.write("three.yaml", THREE);
    let answer = place.call(&["run", "three.yaml", "--set", "other_traffic.updates=off", "--out", "out"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(place.rows("out/counters.csv").iter().all(|row| row.ends_with(&[String::new(), String::new()])));
    assert!(!place.read("out/summary.csv").contains("views_counted"));
}

/// The report draws what the test of the rules asks of `own-count`: what was counted, the mean of the followers, the origin's number.
#[cfg(feature = "report")]
#[test]
fn the_report_draws_views_as_instances_display_them() {
    let place = Place::new();
    place.write("three.yaml", THREE);
    place.good(&["run", "three.yaml", "--set", "protocols.mine.follower_views=own-count", "--out", "out"]);
    place.good(&["report", "out"]);
    let figure = place.figure("out/report.html", "views");
    let at =
        |column: usize| [1, 6, 60, 61, 71, 121].map(|sample| figure["columns"][column][sample].to_string());
    assert_eq!(figure["columns"][0][60], 1, "minutes");
    assert_eq!(at(1), ["1", "2", "2", "2", "3", "3"], "counted");
    assert_eq!(at(2), ["0.5", "1", "1", "2", "2.5", "3"], "followers");
    assert_eq!(at(3), ["0", "0", "2", "2", "2", "3"], "origin");
    for (view, (name, column)) in [("mean of followers", 2), ("origin", 3)].into_iter().enumerate() {
        let view = &figure["views"][view];
        assert_eq!(view["name"], name);
        let marks = serde_json::json!([["views counted", 0, 1, true], [0, 0, column, true]]);
        assert_eq!(view["marks"]["marks"], marks, "{name}");
    }
    assert!(
        figure["says"].as_str().is_some_and(|says| says.contains("followers show on average: mine 3")),
        "{figure}"
    );
}
