//! Records that the run did not write.

use super::{CHECK_RUN, RUN, assert_refused, edited, readers, with_run, with_value};
#[cfg(feature = "report")]
use crate::program::Place;
#[cfg(feature = "report")]
use std::fs;

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
