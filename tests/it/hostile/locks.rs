//! The folder of a run is locked.

use super::{RUN, assert_digests_hold, assert_refused};
use crate::program::{Answer, Place, SMALL};
use std::fs;
use std::os::unix::fs::symlink;
use std::thread::sleep;
use std::time::Duration;

/// A run of some seconds.
const LONG: [&str; 8] = ["run", "long.yaml", "--out", "out", "--replications", "400", "--jobs", "1"];

fn wait_for_a_cell(place: &Place) {
    for _ in 0..4_000 {
        if place.path("out/cells/0.json").exists() {
            return;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("the first cell never came");
}

#[test]
fn a_folder_is_written_by_one_run_at_a_time() {
    let place = Place::with_small();
    fs::create_dir(place.path("cells")).expect("a folder");
    let plan = place.good(&["plan", "small.yaml"]);
    for (number, spec) in plan.lines().enumerate() {
        place.write(&format!("cells/{number}.json"), place.call_with(&["cell"], spec).out);
    }
    place.write("long.yaml", SMALL.replace("name: small", "name: long").replace("count: 5", "count: 60"));
    let mut first = place.start(&LONG);
    wait_for_a_cell(&place);
    fs::create_dir(place.path("runs")).expect("a folder");
    symlink(place.path("out"), place.path("runs/small")).expect("a link");
    let mut seconds: Vec<&[&str]> = vec![
        // the very run that goes on there, then others
        &LONG,
        &RUN,
        &["run", "small.yaml", "--out", "out", "--force"],
        &["collect", "cells", "--out", "out", "--force"],
        &["bless", "small.yaml", "--out", "runs"],
        &["check", "small.yaml", "--out", "runs", "--against", "HEAD"],
    ];
    if cfg!(feature = "live") {
        seconds.push(&["live", "small.yaml", "--protocol", "v2", "--out", "out", "--force"]);
    }
    for second in seconds {
        let answer = place.call_soon(second);
        if second[0] != "check" {
            assert_refused(&answer, 1, "another run uses ");
        }
    }
    assert!(first.try_wait().expect("it runs").is_none(), "the first goes on");
    first.kill().expect("it runs");
    first.wait().expect("it ends");
    place.good(&["run", "small.yaml", "--out", "out", "--force"]);
    assert_digests_hold(&place, "out");
}

#[test]
fn two_runs_at_once_leave_one_whole_run() {
    let place = Place::with_small();
    for round in 0..12 {
        let seed = (round + 1).to_string();
        let start = |seed: &str| place.start(&[&RUN[..], &["--force", "--quiet", "--seed", seed]].concat());
        let both = [start(&seed), start("77")];
        let codes = both.map(|child| Answer::of(child.wait_with_output().expect("it ends")).code);
        assert!(
            codes.contains(&Some(0)) && codes.iter().all(|code| [Some(0), Some(1)].contains(code)),
            "{codes:?}"
        );
        assert_digests_hold(&place, "out");
    }
}
