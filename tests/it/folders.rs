//! The folder of a run: whose it is, and what is left of a run that was interrupted or killed.

use crate::program::{Answer, Place};
use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

/// Four cells of some hundred milliseconds each: long enough to be interrupted.
const LONG: &str = "\
name: long
description: something to interrupt
end: 20 min
compare: [v1, {name: second, protocol: v1}, {name: third, protocol: v1}, {name: fourth, protocol: v1}]
instances:
  origin: {}
  followers: {count: 60}
videos:
  clip: {origin: origin, length: live}
viewers:
  - video: clip
    arrivals: {constant: {rate: 2 /s}}
    watch: {exponential: 5 min}
    spread: {zipf: {origin_share: 50 %}}
network: {latency: {constant: 50 ms}}
measure: {every: 30 s}
";
const RUN: [&str; 6] = ["run", "long.yaml", "--out", "out", "--jobs", "1"];

fn long() -> Place {
    let place = Place::new();
    place.write("long.yaml", LONG);
    place
}

/// What an uninterrupted run writes.
fn expected() -> BTreeMap<String, Vec<u8>> {
    let place = long();
    place.good(&RUN);
    place.contents("out")
}

fn signal(name: &str, child: &Child) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.expect("there is a `kill`").success());
}

/// Waits until a file of a run is there.
fn wait_for(place: &Place, file: &str) {
    for _ in 0..6_000 {
        if place.path(file).exists() {
            return;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("{file} never came");
}

fn assert_is_resumable(place: &Place) {
    let manifest = String::from_utf8(place.contents("out")["manifest.json"].clone()).expect("text");
    assert!(manifest.contains("\"complete\": false"), "{manifest}");
    for (name, bytes) in place.contents("out") {
        if name.ends_with(".csv") {
            assert!(bytes.ends_with(b"\n"), "{name} ends in a part of a line");
            // The reader refuses a row of another length.
            place.rows(&format!("out/{name}"));
        }
        assert!(!name.ends_with(".part"), "{name}");
    }
}

#[test]
fn an_interrupted_run_ends_well_and_is_resumed() {
    let expected = expected();
    for name in ["-INT", "-TERM"] {
        let place = long();
        let child = place.start(&RUN);
        wait_for(&place, "out/cells/0.json");
        signal(name, &child);
        let answer = Answer::of(child.wait_with_output().expect("it ends"));
        assert_eq!(answer.code, Some(130), "{name}: {}", answer.err);
        assert!(answer.err.contains("of 4 cells are kept; the same command resumes them"), "{}", answer.err);
        assert_is_resumable(&place);
        assert!(!place.rows("out/summary.csv").is_empty(), "the finished cell is in the records");

        let resumed = place.call(&[&RUN[..4], &["--jobs", "2"]].concat());
        assert_eq!(resumed.code, Some(0), "{}", resumed.err);
        assert!(resumed.err.contains("from an interrupted run"), "{}", resumed.err);
        assert!(place.contents("out") == expected, "{name}");
    }
}

#[test]
fn a_killed_run_is_resumed_wherever_it_was_killed() {
    let expected = expected();
    let place = long();
    for wait_ms in [0, 1, 2, 3, 5, 8, 13, 21, 100, 300, 500] {
        let mut child = place.start(&RUN);
        sleep(Duration::from_millis(wait_ms));
        // It may have come to its end.
        let _ = child.kill();
        child.wait().expect("it ends");
    }
    let answer = place.call(&RUN);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(place.contents("out") == expected);
}

/// What a kill can leave at each step of a run, made by hand.
#[test]
fn every_state_that_a_kill_can_leave_leads_to_the_same_folder() {
    let place = Place::with_small();
    let run = ["run", "small.yaml", "--out", "out"];
    place.good(&run);
    let whole = place.contents("out");
    let manifest = String::from_utf8(whole["manifest.json"].clone()).expect("text");
    let (head, _) = manifest.split_once("\"complete\"").expect("it says so");
    let open =
        format!("{head}\"complete\": false,\n  \"records_sha256\": {{}},\n  \"digest_sha256\": \"\"\n}}\n");
    let resolved = String::from_utf8(whole["scenario.resolved.yaml"].clone()).expect("text");
    let half = &resolved[..resolved.len() / 2];
    let states: [&[(&str, &str)]; 8] = [
        &[],
        &[("manifest.part", "{\n  \"mod")],
        &[("manifest.json", &open)],
        &[("manifest.json", &open), ("scenario.resolved.part", half)],
        &[("manifest.json", &open), ("scenario.resolved.yaml", &resolved)],
        &[("manifest.json", &open), ("cells/0.part", "{\"cell\":0,")],
        &[("manifest.json", &open), ("cells/1.json", "{\"cell\":1,"), ("summary.csv", "scenario,proto")],
        &[("manifest.json", &open), ("manifest.part", &manifest), ("summary.csv", "")],
    ];
    for (number, state) in states.iter().enumerate() {
        fs::remove_dir_all(place.path("out")).expect("the folder goes");
        fs::create_dir_all(place.path("out/cells")).expect("a folder");
        if state.iter().all(|(name, _)| !name.starts_with("cells") && *name != "manifest.json") {
            fs::remove_dir(place.path("out/cells")).expect("the folder goes");
        }
        for (name, content) in *state {
            place.write(&format!("out/{name}"), content);
        }
        let answer = place.call(&run);
        assert_eq!(answer.code, Some(0), "state {number}: {}", answer.err);
        assert!(place.contents("out") == whole, "state {number}");
    }
    // Killed after the last word: the cells' files are left.
    fs::create_dir_all(place.path("out/cells")).expect("a folder");
    place.write("out/cells/0.json", "{}");
    place.good(&run);
    assert!(place.contents("out") == whole && !place.path("out/cells").exists());
}

#[test]
fn a_complete_run_is_not_run_again() {
    let place = Place::with_small();
    let table = place.good(&["run", "small.yaml", "--out", "out"]);
    place.write("out/delays.csv", "changed by hand\n");
    let again = place.call(&["run", "small.yaml", "--out", "out"]);
    assert_eq!((again.code, again.out.as_str()), (Some(0), table.as_str()));
    assert!(again.err.contains("holds this run already, complete"), "{}", again.err);
    let forced = place.call(&["run", "small.yaml", "--out", "out", "--force"]);
    assert_eq!(forced.out, table);
    assert!(place.rows("out/delays.csv").len() > 10, "it was run again");
}

#[test]
fn the_default_folder_is_named_after_the_scenario() {
    let place = Place::with_small();
    let answer = place.call(&["run", "small.yaml"]);
    assert!(answer.err.contains("results/small"), "{}", answer.err);
    assert!(place.path("results/small/manifest.json").exists());
}

#[test]
fn another_runs_folder_is_replaced_only_by_force() {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--out", "out"]);
    place.good(&["run", "small.yaml", "--out", "other", "--seed", "2"]);
    let (before, other) = (place.contents("out"), place.contents("other"));
    let other_seed = ["run", "small.yaml", "--out", "out", "--seed", "2"];
    let refused = place.call(&other_seed);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("another form of scenario `small`"), "{}", refused.err);
    assert!(refused.err.contains("--force"), "{}", refused.err);
    assert!(place.contents("out") == before, "nothing was touched");

    place.write("out/notes.txt", "mine");
    place.good(&[&other_seed[..], &["--force"]].concat());
    let mut after = place.contents("out");
    assert_eq!(after.remove("notes.txt").as_deref(), Some(&b"mine"[..]));
    assert!(after == other);

    place.write("else.yaml", crate::program::SMALL.replace("name: small", "name: else"));
    let refused = place.call(&["run", "else.yaml", "--out", "out"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("a run of scenario `small`"), "{}", refused.err);
}

#[test]
fn files_of_others_are_left_alone() {
    let place = Place::with_small();
    fs::create_dir_all(place.path("mine/cells")).expect("a folder");
    place.write("mine/cells/blood.txt", "red");
    place.write("mine/notes.txt", "mine");
    let refused = place.call(&["run", "small.yaml", "--out", "mine"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("not a run"), "{}", refused.err);
    assert_eq!(place.contents("mine").len(), 2);
    place.good(&["run", "small.yaml", "--out", "mine", "--force"]);
    let after = place.contents("mine");
    assert_eq!(
        (after["cells/blood.txt"].as_slice(), after["notes.txt"].as_slice()),
        (&b"red"[..], &b"mine"[..])
    );
    assert!(after.contains_key("summary.csv"));
}

#[test]
fn a_folder_that_cannot_be_is_told() {
    let place = Place::with_small();
    for (out, code, words) in [
        ("small.yaml", 2, "is not a folder"),
        ("/proc/no-such-place", 1, "cannot create"),
        ("/dev/null", 2, "is not a folder"),
    ] {
        let answer = place.call(&["run", "small.yaml", "--out", out]);
        assert_eq!(answer.code, Some(code), "{out}: {}", answer.err);
        assert!(answer.err.contains(words), "{out}: {}", answer.err);
        assert_eq!(answer.out, "");
    }
    // A folder where a file of records should go.
    fs::create_dir_all(place.path("out/manifest.json")).expect("a folder");
    let answer = place.call(&["run", "small.yaml", "--out", "out"]);
    assert_eq!(answer.code, Some(1), "{}", answer.err);
}
