//! Records of cells that no run wrote.

use super::{RUN, assert_refused};
use crate::program::Place;
use serde_json::Value;
use std::fs;

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
