//! Pipes, devices and huge files.

use super::{CHECK_RUN, RUN, assert_refused, with_run};
use crate::program::{Answer, Place, SMALL};
use std::fs;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::Command;

/// Puts something there that is no regular file of bounded size.
fn plant(place: &Place, name: &str, what: &str) {
    let path = place.path(name);
    let _ = fs::remove_file(&path);
    match what {
        "pipe" => assert!(Command::new("mkfifo").arg(&path).status().expect("it starts").success()),
        "device" => symlink("/dev/zero", path).expect("a link"),
        "folder" => fs::create_dir(path).expect("a folder"),
        "huge" => File::create(path).and_then(|file| file.set_len(8 << 30)).expect("a sparse file"),
        _ => unreachable!(),
    }
}

fn unplant(place: &Place, name: &str) {
    let path = place.path(name);
    if fs::remove_file(&path).is_err() {
        fs::remove_dir(path).expect("it goes");
    }
}

#[test]
fn only_regular_files_of_bounded_size_are_opened() {
    let place = with_run();
    fs::create_dir(place.path("cells")).expect("a folder");
    place.write("edges.yaml", SMALL.replace("name: small", "name: edges") + "follows: {edges: edges.csv}\n");
    place.write("log.csv", "event\n");
    let compare = ["compare", "out", "--baseline", "v1"];
    let mut doors: Vec<(&str, &[&str])> = vec![
        ("scenario.yaml", &["validate", "scenario.yaml"]),
        ("edges.csv", &["validate", "edges.yaml"]),
        ("baseline/small/summary.csv", &["check", "small.yaml", "--baseline", "baseline"]),
        ("baseline/small/summary.csv", &CHECK_RUN),
        ("cells/1.json", &["collect", "cells", "--out", "collected"]),
        ("trace.json", &["conform", "trace.json"]),
        ("first.csv", &["events", "--compare", "first.csv", "log.csv"]),
        ("first.csv", &["events", "--compare", "log.csv", "first.csv"]),
        ("out/manifest.json", &compare),
        ("out/manifest.json", &RUN),
        ("out/summary.csv", &compare),
        ("out/summary.csv", &RUN),
        ("out/summary.csv", &CHECK_RUN),
        ("out/scenario.resolved.yaml", &CHECK_RUN),
    ];
    if cfg!(feature = "report") {
        doors.push(("out/counters.csv", &["report", "out", "--out", "page.html"]));
        doors.push(("out/links.csv", &["plot", "out", "--out", "figures"]));
    }
    for (name, arguments) in doors {
        let before = fs::read(place.path(name)).ok();
        for what in ["pipe", "device", "folder", "huge"] {
            plant(&place, name, what);
            let answer = place.call_soon(arguments);
            assert!(
                matches!(answer.code, Some(1 | 2)),
                "{what} {name} {arguments:?}: {}{}",
                answer.out,
                answer.err
            );
            assert!(!place.path("collected").exists());
            unplant(&place, name);
        }
        if let Some(before) = before {
            place.write(name, before);
        }
    }
    place.good(&CHECK_RUN);
    plant(&place, "pipe", "pipe");
    let pipe = place.path("pipe");
    let variables = [("GITHUB_STEP_SUMMARY", pipe.to_str().expect("a name"))];
    assert_eq!(place.call_in(&CHECK_RUN, &variables).code, Some(1));
}

/// Smaller than the largest that is read, and without the end of a line.
#[test]
fn what_is_no_table_takes_little_memory() {
    let place = with_run();
    let mut doors: Vec<(&str, u64, &[&str])> = vec![
        ("out/summary.csv", 500 << 20, &["compare", "out", "--baseline", "v1"]),
        ("baseline/small/summary.csv", 500 << 20, &CHECK_RUN),
    ];
    if cfg!(feature = "report") {
        doors.push(("out/counters.csv", 3 << 30, &["report", "out", "--out", "page.html"]));
    }
    for (name, size, arguments) in doors {
        let before = fs::read(place.path(name)).expect("a file");
        File::create(place.path(name)).and_then(|file| file.set_len(size)).expect("a sparse file");
        let limited = ["-c", "ulimit -v 400000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_fedisim")];
        let mut command = Command::new("sh");
        command.args(limited).args(arguments).current_dir(place.path(""));
        let answer = Answer::of(command.output().expect("it starts"));
        assert_refused(&answer, 1, "a line of more than 1048576 bytes");
        place.write(name, before);
    }
}

#[test]
fn a_kept_cell_that_is_no_file_is_told() {
    let place = with_run();
    let manifest = place.read("out/manifest.json").replace("\"complete\": true", "\"complete\": false");
    fs::create_dir(place.path("out/cells")).expect("a folder");
    place.write("out/manifest.json", manifest);
    for what in ["pipe", "device", "huge"] {
        plant(&place, "out/cells/0.json", what);
        assert_refused(&place.call_soon(&RUN), 1, "out/cells/0.json: it ");
    }
    unplant(&place, "out/cells/0.json");
    place.good(&RUN);
}
