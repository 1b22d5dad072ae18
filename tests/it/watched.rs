//! A run costs what is watched: videos that nobody watches take no memory at each instance, and their rows are there.

use crate::program::{Place, SMALL};
use fedisim::runs::cell::{Engine, plan, run_cell};
use fedisim::scenario::{Changes, Input, Scenario, parse};
use std::fmt::Write;
use std::fs;
use std::sync::atomic::AtomicBool;

/// As many videos as a scenario may have, of which one is watched; `SMALL` otherwise.
fn catalogue(followers: u32) -> String {
    let mut videos = String::new();
    for number in 1..1_000 {
        writeln!(videos, "  unwatched-{number}: {{origin: origin, length: live}}").expect("memory");
    }
    let clip = "  clip: {origin: origin, length: 10 min}\n";
    let more = "measure: {every: 5 min}\nlimits: {output: 100 GB}\n";
    let small = SMALL.replace("[v1, v2, v3]", "[v1, v2]").replace("10 /min", "1 /min");
    small.replace("count: 5", &format!("count: {followers}")).replace(clip, &(clip.to_owned() + &videos))
        + more
}

fn read(text: &str) -> Scenario {
    let data = |_: &str| unreachable!("no data files");
    let input = Input { file: "small.yaml", bytes: text.as_bytes(), stem: None, data: &data };
    parse(&input, &Changes::default(), &[]).expect("a valid scenario")
}

#[test]
fn samples_are_kept_where_viewers_are_displayed() {
    const FOLLOWERS: u32 = 19_999;
    let scenario = read(&catalogue(FOLLOWERS));
    for (plan, engine) in plan(&scenario).iter().zip([Engine::Fast { helpers: 0 }, Engine::Plain]) {
        let result = run_cell(&scenario, plan, engine, &AtomicBool::new(false)).expect("it ends");
        let counters = &result.observed.counters;
        assert_eq!(counters.samples(), 3);
        // of 20,000,000 pairs
        let pairs = counters.displayed.len();
        assert!((10_000..=20_000).contains(&pairs), "{}: {pairs}", result.protocol);
        assert!(counters.displayed.values().all(|counts| counts.iter().count() <= counters.samples()));
        assert_eq!((counters.watching.len(), counters.down.len()), (1, 0));
        // and who sits where costs what is watched
        let seats: usize = counters.watching_at.values().map(|counts| counts.iter().count()).sum();
        assert!((1..=10).contains(&seats), "{}: {seats}", result.protocol);
    }
}

/// Three samples of two columns have 3,000,000 rows.
#[cfg(unix)]
#[test]
fn rows_of_unwatched_videos_are_not_held_in_memory() {
    let place = Place::new();
    place.write("small.yaml", catalogue(499));
    let limited = ["-c", "ulimit -v 400000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_fedisim")];
    let arguments = ["run", "small.yaml", "--out", "out", "--jobs", "1"];
    let status = std::process::Command::new("sh")
        .args(limited.iter().chain(&arguments))
        .current_dir(place.path(""))
        .status();
    assert!(status.expect("a shell").success());
    let rows = fs::read_to_string(place.path("out/counters.csv")).expect("records");
    assert_eq!(rows.lines().count(), 1 + 2 * 3 * 1_000 * 500);
}

#[test]
fn rows_that_are_put_back_are_those_of_cells_that_ran_alone() {
    let place = Place::new();
    let faults = "faults: [{dead: 40 %, of: [followers], how: refused}, {down: [origin], at: 150 s, for: 2 min, how: silent}]\n";
    let clip = "  clip: {origin: origin, length: 10 min}\n";
    let videos = format!(
        "  first: {{origin: followers-2, length: live}}\n{clip}  last: {{origin: origin, length: live}}\n"
    );
    let faults =
        format!("{faults}follows: {{random: {{mean: 3}}}}\nreplications: 2\nmeasure: {{every: 20 s}}\n");
    place.write("small.yaml", SMALL.replace(clip, &videos) + &faults);
    place.good(&["run", "small.yaml", "--out", "out"]);
    fs::create_dir(place.path("cells")).expect("a folder");
    for (number, spec) in place.good(&["plan", "small.yaml"]).lines().enumerate() {
        let answer = place.call_with(&["cell"], spec);
        let record: serde_json::Value = serde_json::from_str(&answer.out).expect("a record");
        let rows = record["rows"]["counters.csv"].as_str().expect("rows").to_owned();
        place.write(&format!("cells/{number}.json"), answer.out);
        let of_cell = |row: &&str| row.split(',').nth(2) == Some(&number.to_string());
        let all = place.read("out/counters.csv");
        let written: String = all.lines().skip(1).filter(of_cell).map(|row| format!("{row}\n")).collect();
        assert!(rows == written, "cell {number}");
        assert!(rows.contains(",,0,") && rows.contains(",0,0,"), "some are down, some show nothing");
    }
    place.good(&["collect", "cells", "--out", "collected"]);
    assert!(place.contents("collected") == place.contents("out"));
}
