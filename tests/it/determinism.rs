//! Same scenario, seed and version: same bytes, whatever the threads; and protocols that are compared meet one crowd.

use crate::command::{Bench, SMALL, files};

const RECORDS: [&str; 6] =
    ["counters.csv", "delays.csv", "manifest.json", "scenario.resolved.yaml", "summary.csv", "traffic.csv"];

fn rows(bytes: &[u8]) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(bytes).records().collect::<Result<_, _>>().expect("records are CSV")
}

#[test]
fn runs_are_equal_to_the_byte_on_any_number_of_threads() {
    let bench = Bench::with(SMALL);
    for (out, jobs) in [("first", "1"), ("second", "1"), ("third", "2"), ("fourth", "7")] {
        assert_eq!(bench.run(&["run", "small.yaml", "--out", out, "--jobs", jobs]).code, 0);
    }
    let first = files(&bench.path("first"));
    assert_eq!(first.keys().collect::<Vec<_>>(), RECORDS);
    for other in ["second", "third", "fourth"] {
        assert_eq!(files(&bench.path(other)), first, "{other}");
    }
    for bytes in first.values() {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("first") && !text.contains(&*bench.path("").to_string_lossy()));
    }
}

#[test]
fn a_resolved_scenario_gives_the_same_records() {
    let bench = Bench::with(SMALL);
    assert_eq!(bench.run(&["run", "small.yaml", "--out", "first"]).code, 0);
    assert_eq!(bench.run(&["run", "first/scenario.resolved.yaml", "--out", "second"]).code, 0);
    assert_eq!(files(&bench.path("first")), files(&bench.path("second")));
}

#[test]
fn another_seed_gives_other_records() {
    let bench = Bench::with(SMALL);
    for (out, seed) in [("first", "1"), ("second", "2")] {
        assert_eq!(bench.run(&["run", "small.yaml", "--out", out, "--seed", seed]).code, 0);
    }
    let [first, second] = ["first", "second"].map(|out| files(&bench.path(out))["counters.csv"].clone());
    assert_ne!(first, second);
}

#[test]
fn a_protocol_meets_the_same_crowd_whatever_it_is_compared_with() {
    let bench = Bench::with(SMALL);
    assert_eq!(bench.run(&["run", "small.yaml", "--out", "all"]).code, 0);
    let alone = bench.run(&["run", "small.yaml", "--out", "alone", "--protocol", "v3", "--protocol", "v2"]);
    assert_eq!(alone.code, 0);
    let of_v2 = |out: &str, file: &str| {
        let mut rows = rows(&files(&bench.path(out))[file]);
        rows.retain(|row| &row[1] == "v2");
        // All but the number of the cell, which is its place in the plan.
        rows.into_iter()
            .map(|row| {
                row.iter()
                    .enumerate()
                    .filter(|(at, _)| *at != 2)
                    .map(|(_, cell)| cell.to_owned())
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    for file in ["summary.csv", "traffic.csv", "counters.csv", "delays.csv"] {
        assert!(!of_v2("all", file).is_empty());
        assert_eq!(of_v2("all", file), of_v2("alone", file), "{file}");
    }
    let counters = rows(&files(&bench.path("all"))["counters.csv"]);
    let truth = |protocol: &str| {
        counters.iter().filter(|row| &row[1] == protocol).map(|row| row[10].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(truth("v1"), truth("peertube-9.0-dev"));
    assert!(truth("v1").iter().any(|viewers| viewers != "0"));
}

#[test]
fn the_first_event_that_differs_is_named() {
    let bench = Bench::with(SMALL);
    let log = |name: &str, seed: &str| {
        let said = bench.run(&["events", "small.yaml", "--protocol", "v2", "--seed", seed]);
        assert_eq!(said.code, 0, "{}", said.err);
        bench.write(name, said.out.as_bytes());
        said.out
    };
    let first = log("first", "1");
    log("same", "1");
    log("other", "2");
    assert_eq!(bench.run(&["events", "--compare", "first", "same"]).code, 0);
    let said = bench.run(&["events", "--compare", "first", "other"]);
    assert_eq!(said.code, 99);
    assert!(said.out.starts_with("line 3 differs\n- 2,"), "{}", said.out);
    // One message with another count, far into the run.
    let line = first.lines().position(|line| line.contains("kind=total")).expect("totals are sent");
    let altered: Vec<_> = first
        .lines()
        .enumerate()
        .map(|(at, text)| if at == line { text.replace("result=", "result=1") } else { text.to_owned() })
        .collect();
    bench.write("altered", altered.join("\n").as_bytes());
    let said = bench.run(&["events", "--compare", "first", "altered"]);
    assert!(said.out.starts_with(&format!("line {} differs\n- ", line + 1)), "{}", said.out);
}
