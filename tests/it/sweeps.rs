//! Replications, sweeps and their cells: one run, whichever way its cells ran and however often it was killed.

use crate::program::{Place, SMALL};
use std::fs;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// `SMALL` at five points, thrice each.
fn swept() -> String {
    let sweep = "\
replications: 3
sweep:
  matrix: {network.loss: [0 %, 5 %], instances.followers.count: [2, 4]}
  include: [{network.latency.uniform.max: 1 s}]
pareto: {cost: bytes_sent, error: display_error_relative, error_at_most: [0.9]}
";
    SMALL.replace("name: small", "name: swept") + sweep
}

fn place() -> Place {
    let place = Place::new();
    place.write("swept.yaml", swept());
    place
}

/// Runs every line of `plan` as a process of its own; each record becomes a file.
fn run_cells(place: &Place, plan: &str) {
    fs::create_dir(place.path("cells")).expect("a folder");
    // backwards, as no order is promised
    for (number, spec) in plan.lines().rev().enumerate() {
        let answer = place.call_with(&["cell"], spec);
        assert_eq!(answer.code, Some(0), "{}", answer.err);
        place.write(&format!("cells/{number}.json"), answer.out);
    }
}

#[test]
fn a_sweep_is_the_same_on_any_number_of_threads_and_cell_by_cell() {
    let place = place();
    let printed = place.good(&["run", "swept.yaml", "--out", "out", "--jobs", "1"]);
    let expected = place.contents("out");
    assert_eq!(place.good(&["run", "swept.yaml", "--out", "threads", "--jobs", "4"]), printed);
    assert!(place.contents("threads") == expected);

    let plan = place.good(&["plan", "swept.yaml"]);
    assert_eq!(plan.lines().count(), 5 * 3 * 3);
    run_cells(&place, &plan);
    assert_eq!(place.good(&["collect", "cells", "--out", "collected"]), printed);
    assert!(place.contents("collected") == expected);

    // twice the same cell does no harm; a missing one does
    fs::copy(place.path("cells/0.json"), place.path("cells/twice.json")).expect("a copy");
    place.good(&["collect", "cells", "--out", "again"]);
    assert!(place.contents("again") == expected);
    for name in ["0", "twice", "7"] {
        fs::remove_file(place.path(&format!("cells/{name}.json"))).expect("it goes");
    }
    refused(&place, &["collect", "cells", "--out", "lacking"], "2 of 45 cells are missing: 37, 44;");
    assert!(!place.path("lacking").exists());
}

#[test]
fn every_row_says_what_was_varied() {
    let place = place();
    place.good(&["run", "swept.yaml", "--out", "out"]);
    let rows = place.rows("out/summary.csv");
    let points: std::collections::BTreeSet<_> = rows.iter().map(|row| row[6..9].to_vec()).collect();
    assert_eq!(points.len(), 5);
    assert!(points.contains(&vec!["5 %".to_owned(), "4".to_owned(), String::new()]));
    let marks: std::collections::BTreeSet<_> = rows.iter().map(|row| row[12].clone()).collect();
    assert_eq!(marks.into_iter().collect::<Vec<_>>(), ["no", "yes"]);
    for file in ["traffic", "counters", "delays", "queues"] {
        let header = place.contents("out")[&format!("{file}.csv")].clone();
        let header = String::from_utf8(header).expect("text");
        let first = header.lines().next().expect("a header").to_owned();
        assert!(first.contains("model_version,network.loss,instances.followers.count,"), "{first}");
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_format_that_this_program_cannot_write_is_refused_at_once() {
    let place = place();
    let run = ["run", "swept.yaml", "--out", "out", "--records", "csv,parquet"];
    refused(&place, &run, "build with `--features parquet`");
    assert!(!place.path("out").exists());
}

/// It holds what the CSV holds: the metadata at its end is between two marks, and it is there for each file of records.
#[cfg(feature = "parquet")]
#[test]
fn parquet_stands_beside_every_file_of_records() {
    let place = place();
    place.good(&["run", "swept.yaml", "--out", "out", "--records", "csv,parquet"]);
    let files = place.contents("out");
    for (name, _) in files.iter().filter(|(name, _)| name.ends_with(".csv")) {
        let parquet = &files[&name.replace(".csv", ".parquet")];
        assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"), "{name}");
    }
    let without = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        files
            .iter()
            .filter(|(name, _)| !name.ends_with("parquet"))
            .map(|(_, bytes)| bytes.clone())
            .collect::<Vec<_>>()
    };
    place.good(&["run", "swept.yaml", "--out", "plain"]);
    assert!(without(&files) == without(&place.contents("plain")));
    place.good(&["run", "swept.yaml", "--out", "out", "--force"]);
    assert!(!place.path("out/summary.parquet").exists(), "what another run left is gone");
}

/// Draws differ between replications, and are the same for all protocols within one.
#[test]
fn protocols_meet_the_same_crowd_in_each_of_different_replications() {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--out", "out", "--replications", "4"]);
    let rows = place.rows("out/summary.csv");
    let values = |metric: &str| -> std::collections::BTreeSet<(String, String)> {
        let rows = rows.iter().filter(|row| row[6] == metric);
        rows.map(|row| (row[3].clone(), row[8].clone())).collect()
    };
    // pairs of a replication and what it saw, over all protocols
    let seen = values("viewers_mean");
    assert_eq!(seen.len(), 4, "one truth per replication: {seen:?}");
    let truths: std::collections::BTreeSet<_> = seen.iter().map(|(_, value)| value).collect();
    assert_eq!(truths.len(), 4, "each replication has its own: {seen:?}");
}

/// A bound between the mean and the greatest value holds for the mean, and not for each replication.
#[test]
fn expectations_bound_the_mean_or_each() {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--out", "out", "--replications", "4"]);
    let rows = place.rows("out/summary.csv");
    let of_v1 = rows.iter().filter(|row| row[1] == "v1" && row[6] == "messages_sent");
    let values: Vec<f64> = of_v1.map(|row| row[8].parse().expect("a number")).collect();
    let (mean, most) = (values.iter().sum::<f64>() / 4.0, values.iter().copied().fold(0.0, f64::max));
    assert!(mean < most);
    for (bounds, code) in [("mean", 0), ("each", 99)] {
        let expect = format!(
            "expect=[{{metric: messages_sent, protocol: v1, max: {}, bounds: {bounds}, why: a test}}]",
            (mean + most) / 2.0
        );
        let run = ["run", "small.yaml", "--out", bounds, "--replications", "4", "--set", &expect];
        assert_eq!(place.call(&run).code, Some(code), "{bounds}");
    }
}

fn refused(place: &Place, arguments: &[&str], message: &str) {
    let answer = place.call(arguments);
    assert_eq!(answer.code, Some(2), "{arguments:?}: {}{}", answer.out, answer.err);
    assert!(answer.err.contains(message), "{message:?} is not in {:?}", answer.err);
    assert!(answer.out.is_empty(), "{}", answer.out);
}

#[test]
fn what_cannot_be_swept_is_refused_before_anything_runs() {
    let place = place();
    let run = |set: &str, message: &str| {
        refused(&place, &["run", "swept.yaml", "--out", "out", "--set", set], message);
        assert!(!place.path("out").exists());
    };
    for (set, message) in [
        (
            "sweep.matrix={network.loss: [1 %, 2 %, 3 %], seed: {range: {from: 1, to: 5000, step: 1}}}",
            "multiplies to 15001 points (3 x 5000) x 3 replications x 3 columns = 135009 cells, more than limits.cells = 10000",
        ),
        ("sweep.matrix={network.los: [1 %]}", "network.los: is not a key here; did you mean `loss`?"),
        ("sweep.matrix={instances.folowers.count: [3]}", "has no `folowers`; did you mean `followers`?"),
        ("sweep.matrix={viewers.1.video: [clip]}", "looks for `1` in a list of 1"),
        ("sweep.matrix={network.loss: [101 %]}", "network.loss: `101 %` is not a share"),
        ("sweep.matrix={network.loss: []}", "has 0 items; it may have from 1 to"),
        (
            "sweep.matrix={network.loss: {range: {from: 0, to: 99999, step: 1}}, end: {range: {from: 1, to: 90000, step: 1}}, seed: {log_range: {from: 1, to: 9, count: 90000}}}",
            "x 90000",
        ),
        (
            "sweep.matrix={network.loss: {range: {from: 0, to: 1, step: 0.000001}}}",
            "has more than 100000 values",
        ),
        (
            "sweep.latin_hypercube={points: 100000, values: {seed: {uniform: {from: 0, to: 5}}}}",
            "(2 x 2 x 100000)",
        ),
        ("sweep.matrix={seed: [1, 2]}", "`seed` belongs to all points together"),
        ("sweep.matrix={first_replication: [1, 2]}", "`first_replication` belongs to all points together"),
        ("sweep.matrix={network.loss: {range: {from: 1 %, to: 5, step: 1 %}}}", "numbers of several units"),
        ("sweep.matrix={network.loss: {range: {from: 5 %, to: 1 %, step: 1 %}}}", "goes nowhere"),
        ("sweep.matrix={network.loss: {log_range: {from: 0 %, to: 1 %, count: 3}}}", "has no logarithm"),
        ("pareto.cost=bytes_snt", "`bytes_snt` is no metric; did you mean `bytes_sent`?"),
        ("precision={metric: byts_sent, half_width: 1 %}", "`byts_sent` is no metric"),
        ("precision={metric: bytes_sent, half_width: 1 %}", "it needs 10 at least"),
    ] {
        run(set, message);
    }
    place.good(&["run", "swept.yaml", "--out", "out"]);
    refused(&place, &["compare", "out", "--baseline", "v4"], "`v4` is no column of these runs");
    refused(&place, &["compare", "out", "--baseline", "v1", "--metric", "bytes"], "`bytes` is no metric");
    assert_eq!(place.call(&["compare", "nowhere", "--baseline", "v1"]).code, Some(1));
}

#[test]
fn cells_that_are_not_of_the_plan_are_refused() {
    let place = place();
    let plan = place.good(&["plan", "swept.yaml"]);
    let spec = plan.lines().nth(7).expect("a cell");
    let cell = |spec: &str| place.call_with(&["cell"], spec);
    for (wrong, message) in [
        (spec.replace("\"cell\":7", "\"cell\":8"), "is not what the plan of its scenario says"),
        (spec.replace("\"cell\":7", "\"cell\":7000"), "is not what the plan of its scenario says"),
        (spec.replace("\"model_version\":\"", "\"model_version\":\"0."), "their models are not mixed"),
        (spec.replace("name: swept", "nam: swept"), "nam: is not a key here"),
        (spec.replace("sessions: 5000000", "sessions: 1"), "is not what the plan of its scenario says"),
        (spec[..100].to_owned(), "is not one line of `fedisim plan`"),
        (String::new(), "is not one line of `fedisim plan`"),
    ] {
        let answer = cell(&wrong);
        assert_eq!((answer.code, &answer.out[..]), (Some(2), ""), "{message}");
        assert!(answer.err.contains(message), "{message:?} is not in {:?}", answer.err);
    }
    let record = cell(spec).out;
    assert_eq!(record, cell(spec).out, "a cell is repeatable");
    fs::create_dir(place.path("cells")).expect("a folder");
    let collect = |message: &str| refused(&place, &["collect", "cells", "--out", "out"], message);
    collect("holds no records of cells");
    place.write("cells/a.json", &record);
    place.write("cells/b.json", record.replace("\"model_version\":\"", "\"model_version\":\"9."));
    collect("b.json was made by version 9.");
    place.write(
        "cells/b.json",
        record.replacen("\"unit\":\"messages\",\"value\":\"", "\"unit\":\"messages\",\"value\":\"1", 1),
    );
    collect("are both cell 7, and differ");
    place.write("cells/b.json", "{}");
    collect("b.json is not the record of a cell");
    assert!(!place.path("out").exists());
}

/// As few replications as make the interval narrow enough, the same however they ran.
#[test]
fn a_run_stops_when_it_is_precise_enough() {
    let place = Place::new();
    let precise =
        SMALL.replace("compare: [v1, v2, v3]", "compare: [v1, v2]").replace("name: small", "name: precise");
    let precise = precise + "replications: 60\nprecision: {metric: bytes_sent, half_width: 6 %}\n";
    place.write("precise.yaml", precise);
    let printed = place.good(&["run", "precise.yaml", "--out", "out", "--jobs", "1"]);
    let replications =
        place.rows("out/summary.csv").iter().map(|row| row[3].parse::<u32>().expect("a number")).max();
    let replications = replications.expect("rows") + 1;
    assert!((10..60).contains(&replications) && replications % 5 == 0, "{replications}");
    assert_eq!(place.good(&["run", "precise.yaml", "--out", "threads", "--jobs", "4"]), printed);
    assert!(place.contents("threads") == place.contents("out"));
    // the plan does not know how many will do: those too many are left out
    let plan = place.good(&["plan", "precise.yaml"]);
    assert_eq!(plan.lines().count(), 120);
    run_cells(&place, &plan);
    assert_eq!(place.good(&["collect", "cells", "--out", "collected"]), printed);
    assert!(place.contents("collected") == place.contents("out"));

    let csv =
        place.good(&["compare", "out", "--baseline", "v1", "--metric", "bytes_sent", "--format", "csv"]);
    let row: Vec<&str> = csv.lines().nth(1).expect("a row").split(',').collect();
    let number = |at: usize| row[at].parse::<f64>().expect("a number");
    assert!(number(10) <= 0.06 * number(7), "half the width {} of {}", number(10), number(7));
}

#[test]
fn runs_are_compared_with_each_other() {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--replications", "5", "--out", "a"]);
    place.good(&[
        "run",
        "small.yaml",
        "--replications",
        "5",
        "--out",
        "b",
        "--set",
        "instances.followers.count=9",
    ]);
    let csv =
        place.good(&["compare", "a", "b", "--baseline", "a:v1", "--metric", "bytes_sent", "--format", "csv"]);
    let shown: Vec<_> = csv
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[0].to_owned(), cells[14].to_owned())
        })
        .collect();
    let pair = |column: &str, shown: &str| (column.to_owned(), shown.to_owned());
    assert!(shown.contains(&pair("a:v2", "less")) && shown.contains(&pair("b:v1", "more")), "{shown:?}");
    let markdown = place.good(&["compare", "a", "--baseline", "v1", "--format", "markdown"]);
    assert!(markdown.starts_with("| metric "), "{markdown}");
    let json = place.good(&["compare", "a", "--baseline", "v1", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(json.as_array().expect("a list").len() > 100);
    place.good(&["run", "small.yaml", "--seed", "7", "--out", "c"]);
    refused(&place, &["compare", "a", "c", "--baseline", "a:v1"], "has another seed");
}

/// The whole run takes some hundred milliseconds: it is killed 12 times at moments spread over that, and always resumed alone.
#[test]
#[expect(clippy::disallowed_methods, reason = "moments are chosen within the time that a run takes here")]
fn a_killed_sweep_is_resumed_to_the_same_bytes() {
    let expected = place();
    let run = ["run", "swept.yaml", "--out", "out", "--jobs", "1"];
    let started = Instant::now();
    expected.good(&run);
    let took = started.elapsed();
    let expected = expected.contents("out");
    let mut interrupted = 0;
    for number in 0..12 {
        let place = place();
        let mut child: Child = place.start(&run);
        // 5 is prime to 12: late and early in turn, and each twelfth of the run once
        sleep(took * (number * 5 % 12) / 12 + Duration::from_micros(u64::from(number) * 137));
        let _ = child.kill();
        child.wait().expect("it ends");
        let is_whole = fs::read_to_string(place.path("out/manifest.json"))
            .is_ok_and(|manifest| manifest.contains("\"complete\": true"));
        interrupted += u32::from(!is_whole);
        place.good(&run);
        assert!(place.contents("out") == expected, "kill {number}");
    }
    assert!(interrupted >= 6, "{interrupted} of 12 kills met a run that was not complete");
}
