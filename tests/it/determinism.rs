//! One scenario, one seed, one version: the same bytes, whatever the threads; and each protocol's results its own.

use crate::program::{Place, SMALL};
use fedisim::mechanism::activity::Kind;
use fedisim::metrics::traffic::{Direction, Sums};
use fedisim::runs::cell::{Engine, plan, run_cell};
use fedisim::runs::folder::LockedFolder;
use fedisim::runs::{EngineChoice, RunOptions, run};
use fedisim::scenario::{Changes, Failure, Input, Scenario, Study, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::AtomicBool;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

const RECORDS: [&str; 5] = ["summary.csv", "traffic.csv", "counters.csv", "delays.csv", "doors.csv"];

#[test]
fn the_same_run_writes_the_same_bytes_whatever_the_number_of_threads() {
    let place = Place::with_small();
    let table = place.good(&["run", "small.yaml", "--out", "first", "--jobs", "1"]);
    let first = place.contents("first");
    assert_eq!(first.len(), 11, "{:?}", first.keys());
    for (out, jobs) in [("again", "1"), ("two", "2"), ("a-million", "1000000")] {
        assert_eq!(place.good(&["run", "small.yaml", "--out", out, "--jobs", jobs]), table);
        assert!(place.contents(out) == first, "--jobs {jobs}");
    }
}

#[test]
fn another_seed_gives_other_viewers() {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--out", "first"]);
    place.good(&["run", "small.yaml", "--out", "other", "--seed", "2"]);
    let (first, other) = (place.contents("first"), place.contents("other"));
    for name in RECORDS {
        assert_ne!(first[name], other[name], "{name}");
    }
}

#[test]
fn the_resolved_scenario_gives_the_same_records() {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--out", "first"]);
    place.good(&["run", "first/scenario.resolved.yaml", "--out", "second"]);
    assert!(place.contents("first") == place.contents("second"));
}

#[test]
fn no_record_tells_where_when_or_how_it_was_made() {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--out", "here", "--jobs", "3"]);
    let folder = place.path("").to_string_lossy().trim_end_matches('/').to_owned();
    for (name, bytes) in place.contents("here") {
        let text = String::from_utf8(bytes).expect("records are text");
        for word in [folder.as_str(), "thread", "--jobs", "elapsed", "hostname"] {
            assert!(!text.contains(word), "{name} holds {word:?}");
        }
    }
}

/// Of each file: the rows of a column of the comparison, without the number of its cell.
fn rows_of(place: &Place, folder: &str, protocol: &str) -> Vec<Vec<String>> {
    let rows = RECORDS.iter().flat_map(|name| place.rows(&format!("{folder}/{name}")));
    let own = rows.filter(|row| row[1] == protocol).map(|mut row| {
        row.remove(2);
        row
    });
    own.collect()
}

#[test]
fn what_else_is_compared_does_not_matter_to_a_protocol() {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--out", "all"]);
    let all = ["v1", "v2", "v3"].map(|protocol| rows_of(&place, "all", protocol));
    assert!(all.iter().all(|rows| rows.len() > 500));
    for (compare, out) in [("[v3, v1, v2]", "reordered"), ("[v1, peertube-6.3-v1, v2, v3]", "one-more")] {
        place.good(&["run", "small.yaml", "--out", out, "--set", &format!("compare={compare}")]);
        for (rows, protocol) in all.iter().zip(["v1", "v2", "v3"]) {
            assert!(rows_of(&place, out, protocol) == *rows, "{protocol} in {compare}");
        }
    }
    place.good(&["run", "small.yaml", "--out", "alone", "--protocol", "v2"]);
    assert!(rows_of(&place, "alone", "v2") == all[1]);
}

#[test]
fn a_column_of_another_name_has_the_same_results() {
    let place = Place::with_small();
    let named = "compare=[v2, {name: renamed, protocol: v2}]";
    place.good(&["run", "small.yaml", "--out", "out", "--set", named]);
    let nameless = |protocol| {
        let mut rows = rows_of(&place, "out", protocol);
        rows.iter_mut().for_each(|row| row[1].clear());
        rows
    };
    assert!(nameless("v2") == nameless("renamed"));
}

#[test]
fn all_protocols_see_the_same_viewers() {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--out", "out"]);
    let mut true_viewers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in place.rows("out/counters.csv") {
        let [_, protocol, .., displayed, watching, _, _] = row.as_slice() else { panic!("{row:?}") };
        assert!(displayed.parse::<u64>().is_ok());
        true_viewers.entry(protocol.clone()).or_default().push(watching.clone());
    }
    let distinct: BTreeSet<_> = true_viewers.values().collect();
    assert_eq!((true_viewers.len(), distinct.len()), (3, 1));
    assert!(true_viewers["v1"].iter().any(|watching| watching != "0"));
}

#[test]
fn event_logs_of_equal_runs_are_equal_and_the_first_difference_is_named() {
    let place = Place::with_small();
    let log = |seed| place.good(&["events", "small.yaml", "--protocol", "v2", "--seed", seed]);
    let (first, other) = (log("1"), log("2"));
    assert_eq!(first, log("1"));
    place.write("a", &first);
    place.write("b", &other);
    place.write("c", &first);
    let same = place.good(&["events", "--compare", "a", "c"]);
    assert_eq!(same, format!("the same {} events\n", first.lines().count() - 1));
    let differs = place.call(&["events", "--compare", "a", "b"]);
    let (number, lines) =
        (1..).zip(first.lines().zip(other.lines())).find(|(_, (a, b))| a != b).expect("two seeds differ");
    assert_eq!(differs.code, Some(99));
    assert_eq!(differs.out, format!("line {number} differs\n- {}\n+ {}\n", lines.0, lines.1));
}

#[test]
fn a_part_of_a_log_shows_that_something_before_it_differs() {
    let place = Place::with_small();
    // The second of two heartbeats comes a second later in one of them; from 400 s on nothing is left of that.
    let sessions = |heartbeat: &str| {
        let session = format!("{{instance: origin, start: 1 s, watch: 10 s, heartbeat: {heartbeat}}}");
        format!("viewers=[{{video: clip, sessions: [{session}]}}]")
    };
    let log = |name: &str, heartbeat: &str, from: &str| {
        let set = sessions(heartbeat);
        let log = place.good(&["events", "small.yaml", "--protocol", "v2", "--set", &set, "--from", from]);
        place.write(name, &log);
        log
    };
    let whole = log("whole", "6 s", "0");
    let (part, other) = (log("a", "6 s", "400"), log("b", "7 s", "400"));
    assert!(part.lines().count() > 10 && whole.ends_with(part.split_once('\n').expect("lines").1));
    let without_digests = |log: &str| {
        let events = log.lines().map(|line| line.rsplit_once(',').expect("columns").0.to_owned());
        events.collect::<Vec<_>>()
    };
    assert_eq!(without_digests(&part), without_digests(&other));
    let differs = place.call(&["events", "--compare", "a", "b"]);
    assert_eq!(differs.code, Some(99));
    assert!(
        differs.out.contains("line 2 differs (the events are the same: an earlier one"),
        "{}",
        differs.out
    );
}

/// What receivers took by link is what they took by bucket of traffic.
#[test]
fn links_add_up_to_the_traffic_that_arrived() {
    let scenario = small();
    for (engine, variant) in
        [(Engine::Plain, 0), (Engine::Fast { helpers: 0 }, 0), (Engine::Fast { helpers: 0 }, 1)]
    {
        let cell = &plan(&scenario)[variant];
        let observed = run_cell(&scenario, cell, engine, &AtomicBool::new(false)).expect("it runs").observed;
        let mut arrived = BTreeMap::new();
        for row in observed
            .traffic
            .iter()
            .filter(|row| row.direction == Direction::In && row.kind != Kind::UpdateFetch)
        {
            let sums: &mut [u64; 3] = arrived.entry((row.instance, row.listing.0, row.kind)).or_default();
            let Sums { messages, head_bytes, body_bytes, .. } = row.sums;
            [messages, head_bytes, body_bytes].iter().zip(sums).for_each(|(more, sum)| *sum += more);
        }
        arrived.retain(|_, sums| sums[0] > 0);
        assert!(arrived.len() > 5, "{arrived:?}");
        for row in &observed.links {
            let key = (row.receiver.0, row.listing.0, row.kind);
            let sums = arrived.get_mut(&key).expect("it is in the traffic");
            let less = [row.sums.messages, row.sums.head_bytes, row.sums.body_bytes];
            less.iter().zip(sums).for_each(|(less, sum)| *sum -= less);
        }
        assert!(arrived.values().all(|left| *left == [0; 3]), "{arrived:?}");
    }
}

fn small() -> Scenario {
    let no_data = |_: &str| Err(std::io::Error::other("no data"));
    let input = Input { file: "small.yaml", bytes: SMALL.as_bytes(), stem: None, data: &no_data };
    parse(&input, &Changes::default(), &[])
        .unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)))
}

#[test]
fn two_jobs_work_at_the_same_time() {
    let place = Place::new();
    // Each of the first two cells waits for the other at its end: one thread alone would never have both there.
    let arrived = (Mutex::new(0), Condvar::new());
    let meet = |_: &_| {
        let mut count = arrived.0.lock().expect("no thread panics");
        *count += 1;
        arrived.1.notify_all();
        let together = arrived.1.wait_timeout_while(count, Duration::from_secs(30), |count| *count < 2);
        assert!(!together.expect("no thread panics").1.timed_out(), "only one cell ran");
    };
    run(
        &Study::new(small(), &place.path(""), &[]),
        &LockedFolder::take(&place.path("out")).expect("a folder"),
        &RunOptions { jobs: 2, force: false, engine: EngineChoice::Fast },
        &AtomicBool::new(false),
        &meet,
    )
    .expect("it runs");
    assert_eq!(fs::read_dir(place.path("out")).expect("a folder").count(), 11);
}
