//! Files, folders and names that mean harm: pipes, links, records that no run wrote, rows that no run can write, names that do
//! something to a terminal. Nothing hangs, nothing of others is touched, and nothing wrong is believed.

mod cells;
mod devices;
mod gate;
mod links;
mod locks;
mod names;
mod records;

use crate::program::{Answer, Place, hex};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;

const RUN: [&str; 4] = ["run", "small.yaml", "--out", "out"];
const CHECK_RUN: [&str; 5] = ["check", "--run", "out", "--baseline", "baseline"];

/// A folder with a complete run and its baseline.
fn with_run() -> Place {
    let place = Place::with_small();
    place.good(&RUN);
    place.good(&["bless", "--run", "out", "--baseline", "baseline"]);
    place
}

/// What of a run is told by verbs that read it.
fn readers() -> Vec<Vec<&'static str>> {
    let mut readers = vec![vec!["compare", "out", "--baseline", "v1"], CHECK_RUN.to_vec()];
    if cfg!(feature = "report") {
        readers.push(vec!["report", "out", "--out", "page.html"]);
        readers.push(vec!["plot", "out", "--out", "figures"]);
    }
    readers
}

fn assert_refused(answer: &Answer, code: i32, words: &str) {
    assert_eq!(answer.code, Some(code), "{}{}", answer.out, answer.err);
    assert!(answer.err.contains(words), "{words}: {}", answer.err);
}

/// A file with one line changed.
fn edited(text: &str, line: &str, edit: impl Fn(&str) -> String) -> String {
    assert!(text.contains(line), "{line}");
    let lines =
        text.lines().map(|known| if known.contains(line) { edit(known) } else { known.to_owned() + "\n" });
    lines.collect()
}

/// A row with another last cell.
fn with_value(value: &str) -> impl Fn(&str) -> String {
    move |row| format!("{},{value}\n", row.rsplit_once(',').expect("cells").0)
}

/// That a complete run's files have the digests that its manifest says.
fn assert_digests_hold(place: &Place, folder: &str) {
    let manifest: Value =
        serde_json::from_str(&place.read(&format!("{folder}/manifest.json"))).expect("JSON");
    assert_eq!(manifest["complete"], true);
    for (name, digest) in manifest["records_sha256"].as_object().expect("digests") {
        let bytes = fs::read(place.path(&format!("{folder}/{name}"))).expect("a file of records");
        assert_eq!(*digest, hex(&Sha256::digest(&bytes))[..], "{name}");
    }
}
