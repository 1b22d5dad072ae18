//! Files, folders and names that mean harm: pipes, links, records that no run wrote, rows that no run can write, names that do
//! something to a terminal. Nothing hangs, nothing of others is touched, and nothing wrong is believed.

use crate::program::{Answer, Place, SMALL, hex};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

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

// --- the folder is locked

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

// --- links

#[test]
fn no_link_is_followed_when_something_is_written() {
    let place = with_run();
    place.write("mine", "mine");
    let trap = |name: &str| {
        let path = place.path(name);
        let _ = fs::remove_file(&path);
        symlink(place.path("mine"), path).expect("a link");
    };
    for name in [
        "manifest.part",
        "summary.part",
        "counters.part",
        "scenario.resolved.part",
        "summary.csv",
        "manifest.json",
    ] {
        trap(&format!("out/{name}"));
    }
    fs::create_dir(place.path("out/cells")).expect("a folder");
    trap("out/cells/0.part");
    trap("out/cells/1.json");
    place.good(&[&RUN[..], &["--force", "--timeline", "trace.json"]].concat());
    assert_digests_hold(&place, "out");
    for name in ["trace.json", "trace.json.part", "j.xml", "j.xml.part", "baseline/small/summary.csv.part"] {
        trap(name);
    }
    place.good(&[&RUN[..], &["--timeline", "trace.json"]].concat());
    place.good(&[&CHECK_RUN[..], &["--junit", "j.xml"]].concat());
    place.good(&["bless", "--run", "out", "--baseline", "baseline"]);
    if cfg!(feature = "report") {
        fs::create_dir(place.path("out/plots")).expect("a folder");
        for name in ["out/plots/displayed.svg", "out/report.html", "out/report.html.part"] {
            trap(name);
        }
        place.good(&["plot", "out", "--kind", "displayed"]);
        place.good(&["report", "out"]);
        assert!(place.read("out/plots/displayed.svg").contains("<svg"));
        fs::create_dir(place.path("elsewhere")).expect("a folder");
        fs::remove_dir_all(place.path("out/plots")).expect("it goes");
        symlink(place.path("elsewhere"), place.path("out/plots")).expect("a link");
        assert_refused(&place.call(&["plot", "out"]), 1, "out/plots is a link that leads elsewhere");
        assert_eq!(fs::read_dir(place.path("elsewhere")).expect("a folder").count(), 0);
    }
    assert!(place.read("trace.json").contains("traceEvents") && place.read("j.xml").contains("testsuite"));
    assert_eq!(place.read("mine"), "mine");
    // what is no file is not replaced by one
    symlink("/dev/null", place.path("null")).expect("a link");
    let answer = place.call(&[&CHECK_RUN[..], &["--json", "null"]].concat());
    assert_refused(&answer, 1, "null: cannot be written");
    assert!(place.path("null").is_symlink());
    trap("mine.yaml");
    assert_eq!(place.call(&["init", "mine.yaml"]).code, Some(2));
}

#[test]
fn a_folder_of_cells_that_is_a_link_is_not_ours() {
    let place = Place::with_small();
    fs::create_dir_all(place.path("mine")).expect("a folder");
    place.write("mine/0.json", "mine");
    place.good(&RUN);
    symlink(place.path("mine"), place.path("out/cells")).expect("a link");
    assert_eq!(place.call(&RUN).code, Some(0), "it is complete");
    for force in [&[][..], &["--force"]] {
        let manifest = place.read("out/manifest.json").replace("\"complete\": true", "\"complete\": false");
        place.write("out/manifest.json", manifest);
        assert_refused(&place.call(&[&RUN[..], force].concat()), 1, "out/cells: it is a link or a file");
        assert_eq!(place.read("mine/0.json"), "mine");
        assert_eq!(fs::read_dir(place.path("mine")).expect("a folder").count(), 1);
        fs::remove_dir_all(place.path("out")).expect("it goes");
        place.good(&RUN);
        symlink(place.path("mine"), place.path("out/cells")).expect("a link");
    }
}

#[cfg(feature = "live")]
#[test]
fn what_live_writes_follows_no_link() {
    let place = Place::new();
    place
        .write("brief.yaml", SMALL.replace("name: small", "name: brief").replace("end: 10 min", "end: 20 s"));
    place.write("mine", "mine");
    for name in ["capture.jsonl", "record.json"] {
        symlink(place.path("mine"), place.path(name)).expect("a link");
    }
    let files = ["--capture", "capture.jsonl", "--record", "record.json"];
    let live = ["live", "brief.yaml", "--protocol", "v2", "--set", "network.loss=0 %", "--time-scale", "100"];
    let answer = place.call_soon(&[&live[..], &files].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert_eq!(place.read("mine"), "mine");
    assert!(place.read("record.json").starts_with('{'));
    fs::create_dir(place.path("folder")).expect("a folder");
    let answer =
        place.call_soon(&["live", "brief.yaml", "--protocol", "v2", "--force", "--capture", "folder"]);
    assert_refused(&answer, 1, "folder: cannot be written");
}

#[test]
fn data_files_lie_in_the_scenarios_folder() {
    let place = Place::new();
    fs::create_dir(place.path("in")).expect("a folder");
    place.write("secret.csv", "SECRET\n");
    place.write("in/own.csv", "follower,followed\nfollowers-1,origin\n");
    symlink("../secret.csv", place.path("in/link.csv")).expect("a link");
    symlink("..", place.path("in/up")).expect("a link");
    symlink("own.csv", place.path("in/good.csv")).expect("a link");
    place
        .write("in/edges.yaml", SMALL.replace("name: small", "name: edges") + "follows: {edges: link.csv}\n");
    for set in ["follows.edges=link.csv", "follows.edges=up/secret.csv"] {
        for verb in ["validate", "run", "plan"] {
            let answer = place.call(&[verb, "in/edges.yaml", "--set", set]);
            assert_refused(&answer, 2, "leads out of the folder");
            assert!(!answer.err.contains("SECRET") && !answer.out.contains("SECRET"), "{}", answer.err);
        }
    }
    for file in ["own", "good"] {
        place.good(&["validate", "in/edges.yaml", "--set", &format!("follows.edges={file}.csv")]);
    }
    let plan = place.good(&["plan", "in/edges.yaml", "--protocol", "v1", "--set", "follows.edges=own.csv"]);
    fs::remove_file(place.path("in/own.csv")).expect("it goes");
    symlink("../secret.csv", place.path("in/own.csv")).expect("a link");
    let answer = place.call_with(&["cell", "--data", "in"], plan.lines().next().expect("a cell"));
    assert_refused(&answer, 2, "leads out of the folder");
}

// --- pipes, devices, huge files

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

// --- records that the run did not write

#[test]
fn edited_records_are_not_believed() {
    let place = with_run();
    let (summary, counters) = (place.read("out/summary.csv"), place.read("out/counters.csv"));
    let sent = ",0,1,0.1.0,bytes_sent,bytes,";
    let last = summary.lines().last().expect("a line").to_owned();
    let edits: [(&str, String, bool); 8] = [
        ("cut at a line's end", edited(&summary, &last, |_| String::new()), true),
        ("another digit", edited(&summary, &format!("v1,0{sent}"), with_value("7")), true),
        ("a row twice", edited(&summary, &format!("v1,0{sent}"), |row| format!("{row}\n{row}\n")), false),
        ("no number", edited(&summary, &format!("v1,0{sent}"), with_value("NaN")), false),
        ("without end", edited(&summary, &format!("v2,1{sent}"), with_value("inf")), false),
        ("too large", edited(&summary, &format!("v2,1{sent}"), with_value("1e309")), false),
        ("negative", edited(&summary, &format!("v2,1{sent}"), with_value("-5")), false),
        ("half a byte", edited(&summary, &format!("v2,1{sent}"), with_value("5.5")), false),
    ];
    for (what, text, can_be_shown) in edits {
        place.write("out/summary.csv", text);
        for reader in readers() {
            let answer = place.call_soon(&reader);
            assert_refused(&answer, 1, "summary.csv");
            assert!(answer.out.is_empty(), "{what}: {}", answer.out);
            if reader[0] == "check" {
                assert_eq!(place.call(&[&reader[..], &["--edited-records"]].concat()).code, Some(2));
                continue;
            }
            let shown = place.call_soon(&[&reader[..], &["--edited-records"]].concat());
            assert_eq!(
                shown.code,
                Some(if can_be_shown { 0 } else { 1 }),
                "{what} {reader:?}: {}",
                shown.err
            );
            if can_be_shown {
                assert!(shown.err.contains("edited since the run wrote them: "), "{}", shown.err);
            }
        }
        assert_eq!(place.call(&RUN).code, Some(1), "{what}");
    }
    place.write("out/summary.csv", edited(&summary, &format!("v1,0{sent}"), with_value("7")));
    let shown = |format: &str| {
        place.good(&["compare", "out", "--baseline", "v1", "--edited-records", "--format", format])
    };
    assert!(shown("text").starts_with("Edited since the runs wrote them: out/summary.csv\n"));
    assert!(shown("markdown").starts_with("Edited since the runs wrote them: out/summary.csv\n\n|"));
    assert!(shown("json").contains("\"edited_records\": true") && shown("csv").contains(",edited_records\n"));
    if cfg!(feature = "report") {
        assert!(
            place
                .read("page.html")
                .contains("Somebody edited these records since the run wrote them: summary.csv.")
        );
        assert!(place.read("figures/payers.svg").contains("(edited records)"));
        place.write("out/summary.csv", &summary);
        place.write("out/counters.csv", edited(&counters, "20000,clip,origin,", with_value("9")));
        assert_refused(
            &place.call(&["report", "out", "--out", "page.html"]),
            1,
            "counters.csv is not what the run wrote",
        );
        place.write("out/counters.csv", counters);
        place.good(&["report", "out", "--out", "page.html"]);
        assert!(!place.read("page.html").contains("Somebody edited"));
    }
}

#[test]
fn files_that_a_verb_does_not_read_are_compared_too() {
    let place = with_run();
    // no verb looks at this one
    let followers = place.read("out/followers.csv");
    place.write("out/followers.csv", followers.clone() + "\n");
    for reader in readers() {
        assert_refused(&place.call(&reader), 1, "followers.csv is not what the run wrote");
    }
    place.write("out/followers.csv", followers);
    let resolved = place.read("out/scenario.resolved.yaml");
    place.write("out/scenario.resolved.yaml", resolved + "# mine\n");
    assert_refused(&place.call(&CHECK_RUN), 1, "scenario.resolved.yaml is not what the run wrote");
}

/// Whoever edits records may edit the manifest, too: what no run can write is refused all the same.
#[test]
fn rows_that_no_run_can_write_are_refused_whatever_the_digests_say() {
    let place = with_run();
    let files: [&str; 6] = ["summary", "counters", "traffic", "queues", "delays", "links"];
    let texts = files.map(|file| place.read(&format!("out/{file}.csv")));
    let second = |text: &str| text.lines().nth(1).expect("a row").to_owned();
    let line = |text: &str, edit: &dyn Fn(&str) -> String| edited(text, &second(text), |row| edit(row));
    let cell = |text: &str, at: usize, value: &str| {
        line(text, &|row| {
            let mut cells: Vec<&str> = row.split(',').collect();
            cells[at] = value;
            cells.join(",") + "\n"
        })
    };
    let [summary, counters, traffic, queues, delays, links] = &texts;
    let large = "18446744073709551615";
    let mut attacks = vec![
        ("summary", summary.replace(",pareto", "").replacen("unit,value", "unit,value,mine", 1)),
        ("summary", summary.replacen(",metric,", ",mine of me,metric,", 1)),
        ("summary", summary.replacen("viewer_messages_sent", "messages_of_mine", 1)),
        ("summary", summary.replacen("viewer_bytes_sent,bytes,", "viewer_bytes_sent,kB,", 1)),
        ("summary", edited(summary, &second(summary), |_| String::new())),
        ("summary", cell(summary, 1, "v\u{1b}[31m")),
        ("summary", cell(summary, 8, "1e308")),
    ];
    if cfg!(feature = "report") {
        attacks.extend([
            ("counters", line(counters, &|row| format!("{row}\n{row}\n"))),
            ("counters", cell(counters, 6, large)),
            ("counters", cell(counters, 9, large)),
            ("counters", cell(counters, 10, "NaN")),
            ("counters", counters.replacen("displayed_viewers", "mine", 1)),
            ("traffic", cell(traffic, 6, "999999999999")),
            ("traffic", cell(traffic, 12, large)),
            ("traffic", cell(traffic, 9, "sideways")),
            ("queues", cell(queues, 9, "-1")),
            ("queues", cell(queues, 7, "nobody")),
            ("delays", cell(delays, 8, "1e308")),
            ("delays", line(delays, &|row| format!("{row}\n{row}\n"))),
            ("links", cell(links, 11, large)),
        ]);
    }
    for (file, text) in attacks {
        let name = format!("out/{file}.csv");
        let before = place.read(&name);
        place.write(&name, &text);
        place.digest_anew("out");
        let readers = readers()
            .into_iter()
            .filter(|reader| file == "summary" || ["report", "plot"].contains(&reader[0]));
        for reader in readers.filter(|reader| reader[0] != "check" || !text.contains("1e308")) {
            let answer = place.call_soon(&reader);
            assert_refused(&answer, 1, &format!("{file}.csv"));
        }
        place.write(&name, before);
    }
    place.digest_anew("out");
    for reader in readers() {
        place.good(&reader);
    }
}

/// Values that a run could write, and records of which a part is missing, are drawn soon and without a panic.
#[cfg(feature = "report")]
#[test]
fn extreme_records_are_drawn_soon() {
    let place = Place::with_small();
    place.good(&[&RUN[..], &["--replications", "2"]].concat());
    let summary = place.read("out/summary.csv");
    let extreme: String = summary
        .lines()
        .enumerate()
        .map(|(number, row)| match (row.contains(",bytes,"), number % 3) {
            (true, 0) => with_value("100000000000000000000")(row),
            (true, 1) => with_value("1")(row),
            _ if row.contains("display_error_relative") => with_value("0.00000000000000000001")(row),
            _ => format!("{row}\n"),
        })
        .collect();
    place.write("out/summary.csv", extreme);
    let fewer: String = place
        .read("out/counters.csv")
        .lines()
        .filter(|row| !row.contains(",v2,1,0,1,0.1.0,3"))
        .map(|row| format!("{row}\n"))
        .collect();
    place.write("out/counters.csv", fewer);
    place.digest_anew("out");
    for verb in [&["plot", "out", "--format", "svg,png"][..], &["report", "out"]] {
        let answer = place.call_soon(verb);
        assert_eq!(answer.code, Some(0), "{}", answer.err);
    }
    let size = fs::metadata(place.path("out/report.html")).expect("a page").len();
    assert!(size < 7_000_000, "{size}");
}

// --- records of cells

/// The record of a cell, spoilt in many ways, and what is said of it.
fn spoilt(good: &Value) -> Vec<(Value, &'static str)> {
    let rows = |file: &str| good["rows"][file].as_str().expect("rows").to_owned();
    let first = |file: &str| rows(file).lines().next().expect("a row").to_owned() + "\n";
    let in_rows = |file: &str, text: String| {
        let mut cell = good.clone();
        cell["rows"][file] = text.into();
        cell
    };
    let in_metrics = |edit: &dyn Fn(&mut Vec<Value>)| {
        let mut cell = good.clone();
        edit(cell["metrics"].as_array_mut().expect("metrics"));
        cell
    };
    let removed = |file: &str| {
        let mut cell = good.clone();
        cell["rows"].as_object_mut().expect("rows").remove(file);
        cell
    };
    vec![
        (in_rows("counters.csv", "junk\n".to_owned()), "counters.csv: row 1 has 1 cells"),
        (in_rows("counters.csv", first("counters.csv") + &rows("counters.csv")), "is there twice"),
        (
            in_rows("counters.csv", rows("counters.csv").replacen(",origin,", ",nobody,", 1)),
            "instance `nobody`",
        ),
        (
            in_rows("counters.csv", rows("counters.csv").replacen(",v1,", ",v9,", 1)),
            "belongs to something else: `v9`",
        ),
        (in_rows("counters.csv", rows("counters.csv").trim_end().to_owned()), "its last row has no end"),
        (
            in_rows("traffic.csv", rows("traffic.csv").replacen(",0,clip,", ",99999999,clip,", 1)),
            "bucket_start_ms `99999999`",
        ),
        (in_rows("delays.csv", rows("delays.csv").replacen(",0.5,", ",NaN,", 1)), "quantile `NaN`"),
        (
            in_rows(
                "summary.csv",
                rows("summary.csv").replacen("bytes_sent,bytes,", "bytes_sent,bytes,1", 1),
            ),
            "other metrics",
        ),
        (in_rows("mine.csv", String::new()), "`mine.csv`, which is no file of records"),
        (removed("links.csv"), "has no rows of links.csv"),
        (in_metrics(&|metrics| metrics[2]["value"] = "NaN".into()), "NaN messages, which no run can write"),
        (in_metrics(&|metrics| metrics[2]["value"] = "007".into()), "007 messages, which no run can write"),
        (in_metrics(&|metrics| metrics[2]["unit"] = "kB".into()), "kB, which no run can write"),
        (in_metrics(&|metrics| metrics[2]["name"] = "mine".into()), "has `mine`, which is no metric"),
        (in_metrics(&|metrics| metrics[3] = metrics[2].clone()), "twice"),
        (in_metrics(&|metrics| drop(metrics.remove(0))), "lacks the metric viewer_messages_sent"),
    ]
}

#[test]
fn only_rows_that_a_run_can_write_are_collected_and_resumed() {
    let place = Place::with_small();
    place.good(&RUN);
    let whole = place.contents("out");
    fs::create_dir(place.path("cells")).expect("a folder");
    for (number, spec) in place.good(&["plan", "small.yaml"]).lines().enumerate() {
        place.write(&format!("cells/{number}.json"), place.call_with(&["cell"], spec).out);
    }
    place.good(&["collect", "cells", "--out", "collected"]);
    assert!(place.contents("collected") == whole);
    let good: Value = serde_json::from_str(&place.read("cells/0.json")).expect("JSON");
    let manifest = String::from_utf8(whole["manifest.json"].clone()).expect("text");
    let open = manifest.replace("\"complete\": true", "\"complete\": false");
    fs::create_dir(place.path("out/cells")).expect("a folder");
    for (cell, words) in spoilt(&good) {
        place.write("cells/0.json", cell.to_string());
        assert_refused(&place.call(&["collect", "cells", "--out", "new"]), 2, words);
        assert!(!place.path("new").exists(), "{words}");
        // an interrupted run that finds it runs that cell again
        place.write("out/manifest.json", &open);
        fs::create_dir_all(place.path("out/cells")).expect("a folder");
        place.write("out/cells/0.json", cell.to_string());
        let answer = place.call(&RUN);
        assert_eq!(answer.code, Some(0), "{words}: {}", answer.err);
        assert!(!answer.err.contains("from an interrupted run"), "{words}: {}", answer.err);
        assert!(place.contents("out") == whole, "{words}");
    }
}

// --- the gate

#[test]
fn the_gate_fails_on_what_no_run_can_write() {
    let place = with_run();
    let (summary, baseline) = (place.read("out/summary.csv"), place.read("baseline/small/summary.csv"));
    let sent = "v1,0,0,1,0.1.0,bytes_sent,bytes,";
    for value in ["NaN", "inf", "-inf", "1e309", "-5", "5.5", "1e308"] {
        for strict in [&[][..], &["--strict"], &["--max-regression", "1000"]] {
            place.write("out/summary.csv", edited(&summary, sent, with_value(value)));
            place.digest_anew("out");
            let answer = place.call(&[&CHECK_RUN[..], strict].concat());
            assert_eq!(answer.code, Some(99), "{value}: {}{}", answer.out, answer.err);
            assert!(answer.out.contains("impossible: v1: bytes_sent "), "{value}: {}", answer.out);
            assert_eq!(
                place.call(&["bless", "--run", "out", "--baseline", "baseline"]).code,
                Some(1),
                "{value}"
            );
            place.write("out/summary.csv", &summary);
            place.digest_anew("out");
            place.write("baseline/small/summary.csv", edited(&baseline, sent, with_value(value)));
            let answer = place.call(&[&CHECK_RUN[..], strict].concat());
            assert_eq!(answer.code, Some(99), "{value}: {}{}", answer.out, answer.err);
            assert!(answer.out.contains("impossible: v1: bytes_sent "), "{value}: {}", answer.out);
            place.write("baseline/small/summary.csv", &baseline);
        }
    }
    let none: String = baseline
        .lines()
        .enumerate()
        .map(|(at, row)| if at == 0 { format!("{row}\n") } else { with_value("NaN")(row) })
        .collect();
    place.write("baseline/small/summary.csv", none);
    let answer = place.call(&[&CHECK_RUN[..], &["--json", "c.json"]].concat());
    assert_eq!(answer.code, Some(99), "{}", answer.out);
    let json: Value = serde_json::from_str(&place.read("c.json")).expect("JSON");
    let metrics = json["scenarios"][0]["metrics"].as_array().expect("metrics");
    assert!(
        metrics
            .iter()
            .all(|row| row["verdict"] == "impossible" && row["fails"] == true && row["before"].is_null())
    );
    // cut at the end of a line
    let rows: Vec<&str> = baseline.lines().collect();
    for left_out in [1, 5, 40] {
        place.write("baseline/small/summary.csv", rows[..rows.len() - left_out].join("\n") + "\n");
        let answer = place.call(&CHECK_RUN);
        assert_eq!(answer.code, Some(99), "{left_out}: {}", answer.out);
        assert!(answer.out.contains("impossible: v3: duration_s none -> "), "{}", answer.out);
    }
    // of a metric that is no more
    place.write(
        "baseline/small/summary.csv",
        baseline.clone() + "small,v1,0,0,1,0.1.0,old_metric,bytes,NaN\n",
    );
    let answer = place.call(&CHECK_RUN);
    assert_eq!(answer.code, Some(99));
    assert!(answer.out.contains("impossible: v1: old_metric NaN -> none"), "{}", answer.out);
    place.write(
        "baseline/small/summary.csv",
        baseline.clone() + baseline.lines().nth(1).expect("a row") + "\n",
    );
    assert_refused(&place.call(&CHECK_RUN), 1, "is there twice");
}

#[test]
fn what_is_too_good_to_be_true_is_said() {
    let place = with_run();
    let sent = "v1,0,0,1,0.1.0,bytes_sent,bytes,";
    let baseline = place.read("baseline/small/summary.csv");
    place.write("baseline/small/summary.csv", edited(&baseline, sent, with_value("99999999999")));
    let files = ["--json", "c.json", "--junit", "j.xml"];
    let answer = place.call_in(&[&CHECK_RUN[..], &files].concat(), &[("GITHUB_ACTIONS", "true")]);
    assert_eq!(answer.code, Some(0), "{}", answer.out);
    assert!(
        answer.out.contains("     better, too good to be true: v1: bytes_sent 99,999,999,999 -> "),
        "{}",
        answer.out
    );
    assert!(answer.out.contains("1 of these too good to be true"), "{}", answer.out);
    assert!(
        answer
            .out
            .contains("::warning file=out/scenario.resolved.yaml,line=1,title=bytes_sent of v1::better, too"),
        "{}",
        answer.out
    );
    let markdown = place.good(&[&CHECK_RUN[..], &["--format", "markdown"]].concat());
    assert!(markdown.contains("| better, too good to be true | v1 | bytes_sent |"), "{markdown}");
    assert!(place.read("j.xml").contains("<system-out>better, too good to be true: v1: bytes_sent "));
    let json: Value = serde_json::from_str(&place.read("c.json")).expect("JSON");
    let metrics = json["scenarios"][0]["metrics"].as_array().expect("metrics");
    let too_good: Vec<&Value> = metrics.iter().filter(|row| row["too_good"] == true).collect();
    assert!(too_good.len() == 1 && too_good[0]["metric"] == "bytes_sent", "{too_good:?}");
    // nothing is left of what was there
    let of_lost = "small,v2,1,0,1,0.1.0,messages_lost,messages,";
    let lost = place.read("out/summary.csv");
    let before = lost.lines().find(|row| row.starts_with(of_lost)).expect("a row").to_owned();
    place.write("out/summary.csv", edited(&lost, of_lost, with_value("0")));
    place.digest_anew("out");
    let answer = place.call(&CHECK_RUN);
    assert!(
        !before.ends_with(",0") && answer.out.contains("changed, too good to be true: v2: messages_lost "),
        "{}",
        answer.out
    );
}

// --- names

/// Text that colours a terminal, moves its cursor, turns its direction, begins a line that a log takes for a command, and ends a cell.
const EVIL: &str = "a\u{1b}[31m\u{9b}\u{202e}\n::error::b|*c*";

#[test]
fn names_do_nothing_to_a_terminal_or_a_log() {
    let place = with_run();
    let file = format!("{EVIL}.yaml");
    place.write(&file, SMALL);
    place.write("log.csv", format!("event\n{}\n", EVIL.replace('\n', "")));
    place.write("other.csv", "event\n");
    let trace =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces").join(first_trace()))
            .expect("a recording");
    place.write(&format!("{EVIL}.json"), &trace);
    place.write(
        "bad.json",
        trace.replacen("\"protocol\": \"", &format!("\"protocol\": \"{}", json_text(EVIL)), 1),
    );
    fs::create_dir(place.path("evil")).expect("a folder");
    let manifest = place.read("out/manifest.json");
    place.write("evil/manifest.json", manifest.replace("\"small\"", &format!("\"{}\"", json_text(EVIL))));
    fs::rename(place.path("out"), place.path(EVIL)).expect("it moves");
    fs::create_dir(place.path("cells")).expect("a folder");
    place.write("cells/0.json", "{\"\u{9b}31m\": 1}");
    let baseline = place.read("baseline/small/summary.csv");
    let evil_row = format!("small,\"{EVIL}\",0,0,1,0.1.0,bytes_sent,bytes,1\n");
    place.write("baseline/small/summary.csv", baseline + &evil_row);
    let option = format!("--{EVIL}");
    let set = format!("end={EVIL}");
    for arguments in [
        &["validate", &file][..],
        &["run", &file],
        &["run", EVIL],
        &["validate", "small.yaml", "--set", &set],
        &["validate", "small.yaml", &option],
        &["run", "small.yaml", "--time-scale", EVIL],
        &["run", "small.yaml", "--out", "evil"],
        &["compare", EVIL, "--baseline", EVIL],
        &["compare", EVIL, "--baseline", "v1", "--metric", EVIL],
        &["compare", EVIL, "evil", "--baseline", "v1"],
        &["check", "--run", EVIL, "--baseline", "baseline"],
        &["check", "small.yaml", "--baseline", EVIL],
        &["collect", "cells", "--out", "new"],
        &["collect", EVIL, "--out", "new"],
        &["conform", EVIL, &format!("{EVIL}.json"), "bad.json"],
        &["events", "--compare", "log.csv", "other.csv"],
        &["events", "--compare", EVIL, "other.csv"],
        &["init", &file],
        #[cfg(feature = "report")]
        &["plot", EVIL, "--kind", EVIL],
        #[cfg(feature = "report")]
        &["plot", EVIL, "--view", EVIL],
        #[cfg(feature = "report")]
        &["plot", EVIL, "--kind", "displayed"],
        #[cfg(feature = "report")]
        &["report", EVIL],
    ] {
        // what is printed holds no control character: that is asked of every answer
        let answer = place.call_soon(arguments);
        for text in [&answer.out, &answer.err] {
            assert!(!text.contains("\n::error") && !text.contains('\u{202e}'), "{arguments:?}: {text}");
        }
        assert!(answer.out.len() + answer.err.len() > 0, "{arguments:?}");
    }
}

fn first_trace() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let names = fs::read_dir(folder).expect("recordings").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().expect("a name")).collect();
    names.retain(|name| name.ends_with(".json"));
    names.sort();
    names.swap_remove(0)
}

/// Text as it stands between the quotes of JSON.
fn json_text(text: &str) -> String {
    let json = Value::from(text).to_string();
    json[1..json.len() - 1].to_owned()
}

#[test]
fn names_are_escaped_in_markdown() {
    let place = with_run();
    let name = "a|b*<img>_[x](y)`";
    fs::rename(place.path("out"), place.path(name)).expect("it moves");
    place.good(&["run", "small.yaml", "--out", "other"]);
    let baseline = "other:v1";
    let text = place.good(&["compare", name, "other", "--baseline", baseline, "--format", "markdown"]);
    assert!(text.contains("| a\\|b\\*&lt;img&gt;\\_\\[x\\](y)\\`:v1 "), "{text}");
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut lines = text.lines().map(bars);
    let first = lines.next().expect("a table");
    assert!(lines.all(|count| count == first), "{text}");
    // values of a sweep are anybody's text
    place.write(
        "swept.yaml",
        SMALL.replace("name: small", "name: swept") + "sweep: {matrix: {description: ['a|b*c*', '<img>']}}\n",
    );
    let text = place.good(&["run", "swept.yaml", "--format", "markdown"]);
    assert!(text.contains("| a\\|b\\*c\\* ") && text.contains("| &lt;img&gt; "), "{text}");
}
