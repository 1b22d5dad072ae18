//! Scenarios after reports from the field: each keeps its expectations, which are derived by hand, and loses them when what it is
//! about is taken away.

use super::program::Place;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// By scenario, every one of the folder: a change that takes its reason away, under which its expectations must not hold.
const PLANTED: [(&str, &str); 23] = [
    ("account-deletion", "deliveries.plain.sequential_jobs=1000"),
    ("banned-for-refusals", "instances.strict.receives.ban=off"),
    ("blocked-from-a-time-on", "faults=[]"),
    ("clock-beyond-the-window", "deliveries.strict.signature_window=3 h"),
    ("delayed-jobs", "faults=[]"),
    ("first-contact", "other_traffic.asked_back.first_contact=off"),
    ("gets-after-update", "other_traffic.asked_back.after_updates=counted"),
    ("gone", "faults.0.how=silent"),
    ("half-open", "compare.0.delivery=no-breaker"),
    ("head-of-line", "compare.0.delivery=once"),
    ("inbox-of-other-software", "deliveries.one.inbox=100 ms"),
    ("inbox-per-account", "instances.vutuv.inboxes=shared"),
    // as if the figures of the table were one way, not there and back
    ("latency-table", "network.latency={regions: {sigma: 0, one_way: latency-table.csv}}"),
    ("link-previews", "instances.origin.capacity.uplink=1 Gbit/s"),
    // the law that it says is wrong, with the same mean
    ("live-watch-times", "viewers.0.watch={exponential: 222400 ms}"),
    ("one-way-outage", "faults.0={loss: 100 %, from: [origin], to: [followers-1], at: 10 min}"),
    ("proxy-answers-502", "faults.0.how=refused"),
    ("rate-limit-of-other-software", "instances.followers.receives.rate_limit=off"),
    ("retry-after", "deliveries.heeds.retry_after=ignored"),
    ("silent-host", "faults.0.how=refused"),
    ("slow-way-back", "faults.0.latency=2 s"),
    ("there-and-back", "network.links=[]"),
    // timers that do not run together
    ("thundering-herd", "instances.followers={count: 500}"),
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
    let paths = files.map(|file| file.expect("it is readable").path());
    let scenarios = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let names: BTreeSet<String> =
        scenarios.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    let planted: BTreeSet<String> = PLANTED.map(|(name, _)| name.to_owned()).into();
    assert_eq!(names, planted, "each scenario of the folder has a change that takes its reason away");
    for name in &names {
        let (code, said) = run(&place, name, &[]);
        assert_eq!(code, Some(0), "{name}: {said}");
    }
    for (name, change) in PLANTED {
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
