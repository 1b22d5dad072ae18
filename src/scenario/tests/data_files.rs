//! Tables beside a scenario as people have them: what is read, and what is refused in which words.

use super::*;
use crate::domain::crowd::Source;
use crate::foundation::units::{Span, Time};

/// The scenario of `BASE` with a change, and a file beside it; or what is wrong, without the name of the scenario's file. What was
/// resolved is read as the same.
pub(super) fn read_beside(old: &str, new: &str, file: &[u8]) -> Result<Scenario, String> {
    let data = |path: &str| match path {
        "f.csv" => Ok(file.to_vec()),
        _ => super::data(path),
    };
    let parse = |text: &str| {
        let input = Input { file: "base.yaml", bytes: text.as_bytes(), stem: Some("base"), data: &data };
        parse(&input, &Changes::default(), &METRICS)
    };
    let scenario = parse(&changed(old, new)).map_err(|problems| told(&problems))?;
    let again = parse(&scenario.resolved).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    assert_eq!((&again.resolved, &again.crowds), (&scenario.resolved, &scenario.crowds));
    Ok(scenario)
}

pub(super) fn told(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n").replace("base.yaml:", "")
}

pub(super) fn warnings(scenario: &Scenario) -> String {
    told(&scenario.warnings)
}

/// Starts and watch times of a trace in milliseconds, and what is warned of.
fn trace(value: &str, table: &[u8]) -> Result<(Vec<(u64, u64)>, String), String> {
    let crowd = format!("viewers:\n  - {{video: clip, trace: {value}}}\n");
    let scenario = read_beside("viewers:\n", &crowd, table)?;
    let Source::Scripted(visits) = &scenario.crowds[0].source else { panic!("a trace") };
    let times = visits.iter().map(|visit| (visit.start.ms(), visit.watch.ns() / 1_000_000)).collect();
    Ok((times, warnings(&scenario)))
}

#[test]
fn tables_are_read_as_people_have_them() {
    let plain = "instance,viewer,start_s,watch_s\norigin,anna,0.5,60\nfollowers-2,,2,1.25\n";
    let visits = vec![(500, 60_000), (2_000, 1_250)];
    let quoted = "\"instance\",\"viewer\",\"start_s\",\"watch_s\"\n\"origin\",\"anna\",\"0.5\",\"60\"\n\"followers-2\",\"\",\"2\",\"1.25\"\n";
    let turned = "watch_s,start,instance,viewer\n60,0.5,origin,anna\n1.25,2,followers-2,\n";
    let blank = "\n\ninstance;viewer;start_s;watch_s\norigin;anna;0.5;60\n;;;\n\nfollowers-2;;2;1.25\n;;;\n";
    for table in [
        plain.to_owned(),
        plain.replace(',', ";"),
        plain.replace(',', "\t"),
        plain.replace('\n', "\r\n"),
        plain.trim_end().to_owned(),
        format!("\u{feff}{plain}"),
        format!("\u{feff}{}", plain.replace(',', ";").replace('\n', "\r\n")),
        plain.replace(',', " , "),
        plain.replace("instance,viewer", "Instance,VIEWER"),
        quoted.to_owned(),
        turned.to_owned(),
        blank.to_owned(),
    ] {
        assert_eq!(trace("f.csv", table.as_bytes()), Ok((visits.clone(), String::new())), "{table:?}");
    }
}

#[test]
fn columns_that_nothing_is_read_from_are_named_once() {
    for (header, warned) in [
        ("instance,viewer,start_s,watch_s,url", "f.csv:1:1: has columns that nothing is read from: `url`"),
        (
            "instance,viewer,start_s,watch_s,heartbeat",
            "f.csv:1:1: has columns that nothing is read from: `heartbeat`; did you mean `heartbeat_s`?",
        ),
        ("instance,viewer,start_s,watch_s,", "f.csv:1:1: has columns that nothing is read from: ``"),
        (
            "instance,viewer,start_s,watch_s,start",
            "f.csv:1:1: has columns that nothing is read from: `start`",
        ),
        (
            "a,a,b,instance,viewer,start_s,watch_s,c,d,\u{1b}[31m",
            "f.csv:1:1: has columns that nothing is read from: `a`, `a`, `b`, `c`, `d`, 1 more",
        ),
    ] {
        let at = header.split(',').position(|name| name == "instance").expect("it has instances");
        let mut cells = vec!["x"; header.split(',').count()];
        cells.splice(at..at + 4, ["origin", "anna", "0", "60"]);
        let row = cells.join(",");
        let read = trace("f.csv", format!("{header}\n{row}\n{row}\n").as_bytes());
        assert_eq!(read, Ok((vec![(0, 60_000); 2], warned.to_owned())), "{header}");
    }
}

#[test]
fn times_are_seconds_or_instants() {
    let starts = |value: &str, times: [&str; 3]| {
        let rows = times.map(|time| format!("origin,,{time},1\n")).concat();
        let read = trace(value, format!("instance,viewer,start_s,watch_s\n{rows}").as_bytes());
        read.map(|(visits, _)| visits.iter().map(|visit| visit.0).collect::<Vec<_>>())
    };
    let instants = ["2020-08-09T13:16:55.090Z", "2020-08-09T13:16:51.342Z", "2020-08-09 15:17:00+02:00"];
    for (value, times, expected) in [
        ("f.csv", ["3", "1.5", "2"], [3_000, 1_500, 2_000]),
        ("{file: f.csv}", ["3", "1.5", "2"], [3_000, 1_500, 2_000]),
        ("{file: f.csv, from: 1}", ["3", "1.5", "2"], [2_000, 500, 1_000]),
        ("{file: f.csv, from: -10.5}", ["3", "-1.5", "2"], [13_500, 9_000, 12_500]),
        ("{file: f.csv, from: 1596978000}", ["1596978003", "1596978001.5", "1596978000"], [3_000, 1_500, 0]),
        // the earliest is second zero
        ("f.csv", instants, [3_748, 0, 8_658]),
        ("{file: f.csv, from: 2020-08-09T13:16:50Z}", instants, [5_090, 1_342, 10_000]),
        ("{file: f.csv, from: '2020-08-09T15:16:50+02:00'}", instants, [5_090, 1_342, 10_000]),
    ] {
        assert_eq!(starts(value, times), Ok(expected.to_vec()), "{value} {times:?}");
    }
}

#[test]
fn damaged_tables_are_refused_with_their_line() {
    let header = "instance,viewer,start_s,watch_s\n";
    let of_time = "is not a time: seconds such as `12.5`, or an instant such as `2020-08-09T13:16:51Z`";
    let of_epoch = "is no second of the run; of seconds since 1970 say which one is its first, as in `{file: ..., from: 1596978000}`";
    let mixed = "all times of a file, and its `from`, are seconds or all are instants";
    let needs = "it needs instance,viewer,start_s,watch_s[,heartbeat_s]";
    for (value, table, expected) in [
        ("f.csv", "instance,viewer,starts,watch_s\n", format!("f.csv:1:1: has no column `start_s`; {needs}; did you mean `starts`?")),
        ("f.csv", "instance|viewer|start_s|watch_s\n", format!("f.csv:1:1: has no column `instance`; {needs}; there is only instance|viewer|start_s|watch_s")),
        ("f.csv", "", format!("f.csv:1:1: has no column `instance`; {needs}")),
        ("f.csv", "\u{1b}[31m,viewer,start_s,watch_s\n", format!("f.csv:1:1: has no column `instance`; {needs}; there is only \\u{{1b}}[31m")),
        ("f.csv", "instance,viewer,start_s,watch_s,Start_s\n", "f.csv:1:1: has the column `start_s` twice".to_owned()),
        ("f.csv", &format!("{header}origin,,1,5,\n"), "f.csv:2:1: has 5 cells; the header has 4".to_owned()),
        ("f.csv", &format!("{header}origin,\"anna,1,5\norigin,,2,5\n"), "f.csv:2:1: has a quote that is never closed, so that 2 lines are one row".to_owned()),
        ("f.csv", "instance;viewer;start_s;watch_s\r\norigin;;1,5;5\r\norigin;;1;1.005,5\r\n", format!(
            "f.csv:2:1: start_s: `1,5` {of_time}; write a decimal point, and no comma\n\
             f.csv:3:1: watch_s: `1.005,5` is not a number of seconds from 0.001 to 36000000, to the nanosecond; write a decimal point, and no comma"
        )),
        ("f.csv", &format!("{header}origin,,1,5\norigin,,2020-08-09T13:16:51Z,5\n"), format!("f.csv:3:1: start_s: `2020-08-09T13:16:51Z` is an instant; {mixed}")),
        ("f.csv", &format!("{header}\n\norigin,,2020-08-09T13:16:51Z,5\norigin,,1,5\n"), format!("f.csv:5:1: start_s: `1` is seconds; {mixed}")),
        ("{file: f.csv, from: 5}", &format!("{header}origin,,2020-08-09T13:16:51Z,5\n"), format!("f.csv:2:1: start_s: `2020-08-09T13:16:51Z` is an instant; {mixed}")),
        ("f.csv", &format!("{header}origin,,2020-08-09T13:16:51,5\n"), format!("f.csv:2:1: start_s: `2020-08-09T13:16:51` {of_time}")),
        ("f.csv", &format!("{header}origin,,2020-02-30T13:16:51Z,5\n"), format!("f.csv:2:1: start_s: `2020-02-30T13:16:51Z` {of_time}")),
        ("f.csv", &format!("{header}origin,,1,5\norigin,,-3,5\n"), "f.csv:3:1: start_s: lies 3 s before second zero of the run".to_owned()),
        ("{file: f.csv, from: 2020-08-09T13:16:52Z}", &format!("{header}origin,,2020-08-09T13:16:51Z,5\n"), "f.csv:2:1: start_s: lies 1 s before second zero of the run".to_owned()),
        ("f.csv", &format!("{header}origin,,1596978003,5\norigin,,1596978003000,5\n"), format!("f.csv:2:1: start_s: `1596978003` {of_epoch}\nf.csv:3:1: start_s: `1596978003000` {of_epoch}")),
        ("f.csv", &format!("{header}origin,,1920-08-09T13:16:51Z,5\norigin,,2020-08-09T13:16:51Z,5\n"), "f.csv:3:1: start_s: lies 3155760000 s after second zero of the run; that is more than 10000 h".to_owned()),
        ("f.csv", &format!("{header}origin,,9999-08-09T13:16:51Z,5\n"), format!("f.csv:2:1: start_s: `9999-08-09T13:16:51Z` {of_time}")),
        ("{file: f.csv, from: yesterday}", header, "15:46: viewers.0.trace.from: `yesterday` is not a time as in the file: seconds such as `12.5`, or an instant such as `2020-08-09T13:16:51Z`".to_owned()),
    ] {
        assert_eq!(trace(value, table.as_bytes()).map(|_| ()), Err(expected), "{table:?}");
    }
    for not_utf8 in [&b"\xff\xfei\0n\0"[..], b"instance,viewer,start_s,watch_s\xe9\n"] {
        let expected = "f.csv:1:1: is not UTF-8 text; save the file as UTF-8";
        assert_eq!(trace("f.csv", not_utf8).map(|_| ()), Err(expected.to_owned()));
    }
}

#[test]
fn from_is_part_of_the_resolved_scenario() {
    let crowd = "viewers:\n  - {video: clip, trace: {file: f.csv, from: 2020-08-09T13:16:50Z}}\n";
    let table = b"instance,viewer,start_s,watch_s\norigin,,2020-08-09T13:16:51Z,5\n";
    let scenario = read_beside("viewers:\n", crowd, table).expect("it is right");
    assert!(scenario.resolved.contains("      from: \"2020-08-09T13:16:50Z\"\n"), "{}", scenario.resolved);
    let Source::Scripted(visits) = &scenario.crowds[0].source else { panic!("a trace") };
    assert_eq!(visits[0].start, Time::ZERO + Span::from_secs(1));
}
