//! The folder of a run: resumed after an interruption, said to be complete, kept from other scenarios.

use crate::command::{Bench, SMALL, Said, files};
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// Runs for some seconds, so that there is time to interrupt it.
fn long() -> String {
    SMALL
        .replace("end: 8 min", "end: 40 min")
        .replace("rate: 0.2 /s", "rate: 12 /s")
        .replace("count: 4", "count: 12")
}

fn is_complete(bench: &Bench, out: &str) -> bool {
    let manifest = fs::read_to_string(bench.path(out).join("manifest.json")).expect("a manifest");
    manifest.contains("\"complete\": true")
}

#[test]
fn a_complete_folder_is_said_to_be_so() {
    let bench = Bench::with(SMALL);
    let first = bench.run(&["run", "small.yaml", "--out", "a"]);
    let before = files(&bench.path("a"));
    let again = bench.run(&["run", "small.yaml", "--out", "a"]);
    assert_eq!((again.code, again.out), (0, first.out));
    assert!(again.err.contains("complete; nothing was run"), "{}", again.err);
    assert_eq!(files(&bench.path("a")), before);
}

#[test]
fn a_folder_of_something_else_is_refused_without_force() {
    let bench = Bench::with(SMALL);
    assert_eq!(bench.run(&["run", "small.yaml", "--out", "a"]).code, 0);
    fs::create_dir(bench.path("mine")).expect("a folder");
    bench.write("mine/letter.txt", b"dear diary");
    bench.write("file", b"dear diary");
    for out in ["a", "mine"] {
        let before = files(&bench.path(out));
        let said = bench.run(&["run", "small.yaml", "--out", out, "--seed", "9"]);
        assert_eq!((said.code, said.out.as_str()), (2, ""));
        assert!(said.err.contains("--force"), "{}", said.err);
        assert_eq!(files(&bench.path(out)), before);
        assert_eq!(bench.run(&["run", "small.yaml", "--out", out, "--seed", "9", "--force"]).code, 0);
        assert!(is_complete(&bench, out));
    }
    assert_eq!(fs::read(bench.path("mine/letter.txt")).expect("it is there"), b"dear diary");
    assert_eq!(bench.run(&["run", "small.yaml", "--out", "file"]).code, 2);
    assert_eq!(bench.run(&["run", "small.yaml", "--out", "file/below"]).code, 2);
}

#[test]
fn an_interrupted_run_keeps_whole_rows_and_resumes_to_the_same_bytes() {
    let bench = Bench::with(&long());
    assert_eq!(bench.run(&["run", "small.yaml", "--out", "whole"]).code, 0);
    let whole = files(&bench.path("whole"));
    for (signal, code) in [("INT", Some(130)), ("TERM", Some(130)), ("KILL", None)] {
        let mut ended_early = 0;
        for wait_ms in [150, 400, 900, 1_600] {
            let arguments = ["run", "small.yaml", "--out", signal, "--jobs", "1"];
            let child = bench.command(&arguments).spawn().expect("the binary starts");
            sleep(Duration::from_millis(wait_ms));
            // It may have ended by itself, then there is nobody to signal.
            let _ = Command::new("kill").args(["-s", signal, &child.id().to_string()]).output();
            let output = child.wait_with_output().expect("it ends");
            if output.status.success() {
                break;
            }
            ended_early += 1;
            assert_eq!(output.status.code(), code);
            assert!(!is_complete(&bench, signal));
            for (name, bytes) in files(&bench.path(signal)) {
                if name.ends_with(".csv") {
                    assert!(bytes.is_empty() || bytes.ends_with(b"\n"), "{name} ends in the middle of a row");
                    assert!(whole[&name].starts_with(&bytes), "{name} holds other rows");
                }
            }
        }
        assert!(ended_early > 0, "no run was interrupted by {signal}");
        let last = bench.run(&["run", "small.yaml", "--out", signal]);
        assert_eq!(last.code, 0, "{}", last.err);
        assert_eq!(files(&bench.path(signal)), whole, "{signal}");
    }
}

#[test]
fn an_interruption_says_how_to_go_on() {
    let bench = Bench::with(&long());
    let child = bench.command(&["run", "small.yaml", "--out", "a"]).spawn().expect("the binary starts");
    sleep(Duration::from_millis(150));
    let _ = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).output();
    let said = Said::of(child.wait_with_output().expect("it ends"));
    assert_eq!((said.code, said.out.as_str()), (130, ""));
    assert!(said.err.contains("the same command resumes"), "{}", said.err);
}
