//! Scenarios after reports from the field: each keeps its expectations, which are derived by hand, and loses them when what it is
//! about is taken away.

use super::program::Place;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// By scenario: a change under which its expectations must not hold.
const PLANTED: [(&str, &str); 10] = [
    ("banned-for-refusals", "instances.strict.receives.ban=off"),
    ("blocked-from-a-time-on", "faults=[]"),
    ("clock-beyond-the-window", "deliveries.strict.signature_window=3 h"),
    ("gone", "faults.0.how=silent"),
    ("inbox-per-account", "instances.vutuv.inboxes=shared"),
    ("inbox-of-other-software", "deliveries.one.inbox=100 ms"),
    ("link-previews", "instances.origin.capacity.uplink=1 Gbit/s"),
    ("proxy-answers-502", "faults.0.how=refused"),
    ("rate-limit-of-other-software", "instances.followers.receives.rate_limit=off"),
    ("retry-after", "deliveries.heeds.retry_after=ignored"),
];

/// What `run` says when an expectation does not hold.
const FAILED: Option<i32> = Some(99);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/field")
}

/// Runs a scenario of the folder; returns the exit code and what was said.
fn run(place: &Place, name: &str, more: &[&str]) -> (Option<i32>, String) {
    let path = folder().join(format!("{name}.yaml")).display().to_string();
    let answer = place.call(&[&["run", &path, "--out", name, "--force"][..], more].concat());
    (answer.code, answer.out + &answer.err)
}

#[test]
fn expectations_of_the_field_hold_and_fail_without_their_reason() {
    let place = Place::new();
    let files = std::fs::read_dir(folder()).expect("the folder is there");
    let names = files.map(|file| file.expect("it is readable").path());
    let names: BTreeSet<String> =
        names.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    for name in &names {
        let (code, said) = run(&place, name, &[]);
        assert_eq!(code, Some(0), "{name}: {said}");
    }
    for (name, change) in PLANTED {
        assert!(names.contains(name), "{name}");
        let (code, said) = run(&place, name, &["--set", change]);
        assert_eq!(code, FAILED, "{name} with {change}: {said}");
    }
}

#[test]
fn a_clock_beyond_the_window_isolates_both_ways() {
    let place = Place::new();
    run(&place, "clock-beyond-the-window", &[]);
    let links = place.path("clock-beyond-the-window/links.csv");
    let links = std::fs::read_to_string(links).expect("links were written");
    // requests that it took, or that were taken of it; those that were refused have crossed the link, too
    let of = |column: &str| -> u64 {
        let rows = links.lines().filter(|row| row.contains(&format!(",{column},")));
        let rows = rows.filter(|row| row.contains(",followers-1,"));
        rows.map(|row| row.split(',').nth(10).expect("messages").parse::<u64>().expect("a count")).sum()
    };
    assert_eq!(of("v2"), 0, "{links}");
    assert!(of("no-window") > 1, "{links}");
}
