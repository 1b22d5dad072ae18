//! `fedisim search`: the front of all combinations, whatever raced and however often it was killed; and spaces that are wrong.

use crate::program::{Answer, Place};
use std::collections::BTreeMap;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

/// 72 combinations in two small scenarios.
const SPACE: &str = "\
name: space
description: how long entries live, and which totals are said to whom
scenarios:
  - {file: small.yaml}
  - {file: small.yaml, name: lossy, set: {network.loss: 10 %}, weight: 0.5}
base: v3
choices:
  lifetime: [10 s, 20 s, 60 s, 120 s]
  threshold: [off, {share: 10 %, at_least_every: 6}, {share: 30 %, at_least_every: 12}]
  totals_to: [everybody, interested]
  plain_views: [each, counted, in-totals]
beside: [v2]
bounds: [{metric: origin_bytes_per_s_peak, max: 1, relative_to: baseline}]
error_at_most: [0.1, 0.2, 0.4]
replications: 6
";
const SEARCH: [&str; 4] = ["search", "space.yaml", "--out", "out"];

fn place(space: &str) -> Place {
    let place = Place::with_small();
    place.write("space.yaml", space);
    place
}

/// Rows of `candidates.csv` by the protocol.
fn candidates(place: &Place) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(place.path("out/candidates.csv")).expect("a table");
    let header = reader.headers().expect("names").clone();
    let row = |row: Result<csv::StringRecord, csv::Error>| {
        let row = row.expect("a whole row");
        let cells = header.iter().zip(&row).map(|(name, cell)| (name.to_owned(), cell.to_owned()));
        (row[1].to_owned(), cells.collect())
    };
    reader.records().map(row).collect()
}

fn winners(candidates: &BTreeMap<String, BTreeMap<String, String>>) -> BTreeMap<&str, &str> {
    let won = candidates.iter().filter(|(_, row)| !row["classes"].is_empty());
    won.map(|(protocol, row)| (&protocol[..], &row["classes"][..])).collect()
}

#[test]
fn a_race_has_the_front_of_everybody_run_to_the_end() {
    let raced = place(&format!("{SPACE}at_once: 3\n"));
    raced.good(&SEARCH);
    // with one look at the end nobody goes before who could be in a class
    let whole = place(&format!("{SPACE}at_once: 6\n"));
    whole.good(&SEARCH);
    let (raced, whole) = (candidates(&raced), candidates(&whole));
    let racing =
        |row: &&BTreeMap<String, String>| row["protocol"].starts_with('{') && row["fate"] != "taken back";
    assert_eq!(whole.values().filter(racing).count(), 72);
    let is_whole = |row: &BTreeMap<String, String>| {
        row["replications"] == "6" || row["fate"].starts_with("in no class in ")
    };
    assert!(whole.values().all(is_whole));
    assert_eq!(winners(&raced), winners(&whole));
    assert!(!winners(&whole).is_empty());
    let gone = raced.values().filter(|row| row["replications"] != "6").count();
    // a small crowd differs much between replications
    assert!(gone >= 10, "{gone} of 72 went before the end");
    // who was run to the end has the same values
    for (protocol, row) in raced.iter().filter(|(_, row)| row["replications"] == "6") {
        assert_eq!(
            (&row["cost"], &row["error_lossy"]),
            (&whole[protocol]["cost"], &whole[protocol]["error_lossy"])
        );
    }
}

#[test]
fn a_search_that_is_killed_goes_on_and_threads_change_nothing() {
    let space = format!("{SPACE}drawn: 12\n");
    let expected = place(&space);
    expected.good(&[&SEARCH[..], &["--jobs", "1"]].concat());
    let expected = expected.contents("out");
    let place = place(&space);
    let mut kills = 0;
    loop {
        let mut child = place.start(&[&SEARCH[..], &["--jobs", "2"]].concat());
        let rounds = place.path("out/rounds");
        let count = || std::fs::read_dir(&rounds).map_or(0, Iterator::count);
        let before = count();
        if has_ended_or_goes_on(&mut child, || count() > before) {
            break;
        }
        let _ = child.kill();
        let _ = child.wait();
        kills += 1;
    }
    assert!(kills > 2, "{kills}");
    assert_eq!(place.contents("out"), expected);
    let again = place.good(&SEARCH);
    assert_eq!(again.as_bytes(), &expected["answer.txt"][..]);
}

/// Waits until a process has ended (true) or something is so (false).
fn has_ended_or_goes_on(child: &mut Child, goes_on: impl Fn() -> bool) -> bool {
    for _ in 0..30_000 {
        if child.try_wait().expect("it is ours").is_some() {
            return true;
        }
        if goes_on() {
            return false;
        }
        sleep(Duration::from_millis(2));
    }
    panic!("a search hangs");
}

#[test]
fn a_scenario_of_the_front_has_the_numbers_of_the_search() {
    let place = place(SPACE);
    place.good(&SEARCH);
    let found = candidates(&place);
    let winner = found.values().find(|row| row["classes"].split(' ').any(|class| class == "0.4"));
    let winner = winner.expect("somebody is in the widest class");
    let file = "out/front/error-at-most-0.4/small/small.yaml";
    place.good(&["run", file, "--out", "again"]);
    let mut reader = csv::Reader::from_path(place.path("again/summary.csv")).expect("metrics");
    let header = reader.headers().expect("names").clone();
    let at = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let (protocol, metric, value) = (at("protocol"), at("metric"), at("value"));
    let mut sums: BTreeMap<(String, String), f64> = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("a row");
        *sums.entry((row[protocol].to_owned(), row[metric].to_owned())).or_default() +=
            row[value].parse::<f64>().expect("a number");
    }
    let name = &winner["candidate"];
    let error = sums[&(name.clone(), "seen_error_relative".to_owned())] / 6.0;
    let expected: f64 = winner["error_small"].parse().expect("a number");
    assert!((error - expected).abs() < 1e-12, "{error} {expected}");
}

#[test]
fn no_candidate_in_any_class_names_what_is_binding() {
    let place = place(&SPACE.replace("max: 1, relative", "max: 0.0001, relative"));
    let Answer { code, err, .. } = place.call(&SEARCH);
    assert_eq!(code, Some(2), "{err}");
    let lines: Vec<&str> = err.lines().collect();
    let at = lines.iter().position(|line| line.contains("No candidate is in any class"));
    let binding = &lines[at.expect("it says so") + 1];
    let expected = "  small: origin_bytes_per_s_peak at most 0.0001 times that of v1 is missed by ";
    assert!(binding.starts_with(expected) && binding.contains("; the best has "), "{err}");
}

#[test]
fn a_wrong_space_says_what_is_wrong() {
    for (from, to, expected) in [
        ("base: v3", "base: v33", "space.yaml:6:7: base: `v33` is no protocol; did you mean `v3`?"),
        (
            "lifetime: [10 s, 20 s",
            "lifetime: [10 s, 10 s",
            "choices.lifetime.1: is there twice: 10 s; leave one out",
        ),
        ("totals_to: [everybody", "totals_to: [nobody", "choices.totals_to.0: `nobody` is not known here"),
        ("metric: origin_bytes_per_s_peak", "metric: bytes_per_s", "`bytes_per_s` is no metric"),
        (
            "max: 1, relative_to: baseline",
            "relative_to: baseline",
            "bounds.0: bounds nothing; give it a `min` or a `max`",
        ),
        (
            "name: lossy",
            "name: small",
            "scenarios.1: is a second scenario called `small`; give one another `name`",
        ),
        (
            "name: space",
            "name: spaces",
            "name: is not the file's name without its ending, `space`; make them equal",
        ),
        ("file: small.yaml, name", "file: /etc/passwd, name", "is not a file as seen from this one"),
        ("network.loss: 10 %", "network.los: 10 %", "small.yaml, --set network.los=10 %"),
        ("replications: 6", "replications: 0", "replications: `0` is not a whole number from 1 to 1000"),
    ] {
        assert!(SPACE.contains(from), "{from}");
        let place = place(&SPACE.replace(from, to));
        let Answer { code, out, err } = place.call(&SEARCH);
        assert_eq!((code, &out[..]), (Some(2), ""), "{to}: {err}");
        assert!(err.contains(expected), "{to}: {err}");
    }
    for (key, expected) in [
        (
            "protocols: {c17: {base: v3}}",
            "small: its protocol `c17` is called as a candidate is; give it another name",
        ),
        (
            "precision: {metric: viewer_bytes_sent, half_width: 1 %}",
            "small: its `precision` says how often it is run",
        ),
    ] {
        let place = place(SPACE);
        let scenario = place.read("small.yaml") + "replications: 20\n";
        place.write("small.yaml", format!("{scenario}\n{key}\n"));
        let Answer { code, out, err } = place.call(&SEARCH);
        assert_eq!((code, &out[..]), (Some(2), ""), "{key}: {err}");
        assert!(err.contains(expected), "{key}: {err}");
    }
    let place = place(&SPACE.replace("small.yaml, name", "other.yaml, name"));
    let Answer { code, err, .. } = place.call(&SEARCH);
    assert!(code == Some(1) && err.contains("other.yaml: cannot be read"), "{err}");
}

#[test]
fn another_search_into_the_folder_leaves_nothing_of_the_one_before() {
    let place = place(SPACE);
    place.good(&SEARCH);
    let space = SPACE.replace("[0.1, 0.2, 0.4]", "[0.3]").replace("[10 s, 20 s, 60 s, 120 s]", "[20 s]");
    place.write("space.yaml", &space);
    let refused = place.call(&SEARCH);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    place.good(&[&SEARCH[..], &["--force"]].concat());
    let fresh = self::place(&space);
    fresh.good(&SEARCH);
    let (left, expected) = (place.contents("out"), fresh.contents("out"));
    assert_eq!(left.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    let other: Vec<&String> = left.keys().filter(|file| left[*file] != expected[*file]).collect();
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn the_sign_of_an_error_does_not_matter() {
    let space = SPACE.replace("[0.1, 0.2, 0.4]", "[1000]");
    let place = place(&format!("{space}error: followers_display_error_bias\n"));
    place.good(&SEARCH);
    let found = candidates(&place);
    let errors = found.values().flat_map(|row| [&row["error_small"], &row["error_lossy"]]);
    let errors: Vec<f64> = errors.filter_map(|error| error.parse().ok()).collect();
    assert!(errors.iter().all(|error| *error >= 0.0) && errors.iter().any(|error| *error > 0.0));
}

#[test]
fn replications_go_on_where_others_ended() {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--replications", "4", "--out", "four"]);
    place.good(&[
        "run",
        "small.yaml",
        "--replications",
        "2",
        "--set",
        "first_replication=2",
        "--out",
        "last",
    ]);
    // what a cell came to, whatever its number
    let rows = |folder: &str| {
        let mut rows = place.rows(&format!("{folder}/summary.csv"));
        rows.iter_mut().for_each(|row| {
            row.remove(2);
        });
        rows
    };
    let (four, last) = (rows("four"), rows("last"));
    let of_last: Vec<_> = four.into_iter().filter(|row| row[2] == "2" || row[2] == "3").collect();
    assert!(!last.is_empty() && last == of_last);
    place.good(&["report", "last", "--replication", "2", "--out", "page.html"]);
}
