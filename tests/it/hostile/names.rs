//! Names do nothing to a terminal, a log or a page.

use super::with_run;
use crate::program::SMALL;
use serde_json::Value;
use std::fs;
use std::path::Path;

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
