//! The recordings of PeerTube's own code: all conform, every rule that they can see is tested by one, and an altered
//! recording does not conform.

mod files;
mod recorder;
pub(crate) mod rules;
mod written;

use fedisim::conform::{Trace, Verdict, conform};
use files::{assert_conforms, parse, paths, recordings, rows_of, trace};
use serde_json::{Value, json};
use std::fs;

#[test]
fn every_recording_conforms_to_the_message_and_the_sample() {
    assert_eq!(paths().len(), 55);
    for (path, (trace, _)) in paths().iter().zip(recordings()) {
        let name = path.to_string_lossy();
        assert!(!trace.messages.is_empty() && trace.samples.len() >= 144, "{name}");
        assert_conforms(&trace, &name);
    }
}

#[test]
fn an_altered_recording_differs_first_where_it_was_altered() {
    let base = trace("mixed--peertube-6.3-v2");
    let alterations: [(Alter, &str); 6] = [
        (|trace| trace["messages"]["rows"][3][0] = json!(13_138), "at 13137 ms: "),
        (|trace| trace["messages"]["rows"][3][7] = json!(9), "at 13137 ms: "),
        (|trace| trace["samples"]["rows"][5][2] = json!(99), "at 27511 ms: "),
        (|trace| trace["samples"]["rows"][5][5] = json!(99), "at 27511 ms: "),
        (|trace| drop(rows_of(trace).remove(0)), "at 3028 ms: "),
        (
            |trace| {
                let row = trace["messages"]["rows"][0].clone();
                rows_of(trace).push(row);
            },
            "at 3028 ms: ",
        ),
    ];
    for (alter, beginning) in alterations {
        let mut altered = base.clone();
        alter(&mut altered);
        match conform(&parse(&altered).expect("it is understood")) {
            Verdict::Differs(difference) => assert!(difference.starts_with(beginning), "{difference}"),
            Verdict::Conforms { .. } => panic!("nothing was seen of {beginning}"),
        }
    }
}

/// The first message or the last sample that shows somebody says one more.
#[test]
fn every_recording_with_a_number_changed_differs() {
    for path in paths() {
        let text = fs::read(&path).expect("a recording");
        let alter = |change: &dyn Fn(&mut Value)| {
            let mut altered: Value = serde_json::from_slice(&text).expect("JSON");
            change(&mut altered);
            conform(&parse(&altered).expect("it is understood"))
        };
        let add = |number: &mut Value, more: u64| *number = json!(number.as_u64().expect("a number") + more);
        let verdicts = [
            alter(&|trace| add(&mut rows_of(trace)[0][8], 1)),
            alter(&|trace| {
                let rows = trace["samples"]["rows"].as_array_mut().expect("samples");
                let shown = |row: &&mut Value| row[2].as_u64().is_some_and(|count| count > 0);
                add(&mut rows.iter_mut().rev().find(shown).expect("somebody is shown")[2], 1);
            }),
        ];
        for verdict in verdicts {
            assert!(matches!(verdict, Verdict::Differs(_)), "{}: {verdict:?}", path.display());
        }
    }
}

#[test]
fn the_order_of_rows_and_commentary_have_no_meaning() {
    let mut altered = trace("50-viewers--peertube-8.0");
    rows_of(&mut altered).reverse();
    altered["summary"] = json!(null);
    altered["more"] = json!({"anything": 1});
    assert_conforms(&parse(&altered).expect("understood"), "altered");
}

/// A name may hold the separator of the ends of a link.
#[test]
fn instances_may_have_any_name() {
    let text = trace("latency-asym--v2").to_string();
    for name in ["r>1", ">", "", "\u{e9} /../", "https://x:99/y?z#\u{202e}", "default"] {
        let quoted = |name: &str| Value::from(name).to_string();
        let renamed = text.replace("\"r1\"", &quoted(name));
        let links = [("origin>r1", format!("origin>{name}")), ("r1>origin", format!("{name}>origin"))];
        let renamed = links.iter().fold(renamed, |text, (old, new)| text.replace(&quoted(old), &quoted(new)));
        let trace = Trace::parse(renamed.as_bytes()).unwrap_or_else(|problem| panic!("{name:?}: {problem}"));
        assert_conforms(&trace, name);
    }
}

#[test]
fn restarts_may_be_listed_twice() {
    let mut doubled = trace("restart-origin--peertube-9.0-dev");
    let restarts = doubled["params"]["restarts"].as_array_mut().expect("it has restarts");
    restarts.extend(restarts.clone());
    assert_conforms(&parse(&doubled).expect("understood"), "doubled");
}

type Alter = fn(&mut Value);

/// Alters a recording, which then must be refused with a text.
fn assert_refused(alterations: &[(Alter, &str)]) {
    for (alter, expected) in alterations {
        let mut altered = trace("mixed--v2");
        alter(&mut altered);
        let problem = parse(&altered).expect_err(expected);
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn what_is_no_recording_is_told_in_a_sentence() {
    let alterations: [(Alter, &str); 20] = [
        (|trace| trace["protocol"]["r1"] = json!("peertube-7"), "there is no protocol `peertube-7`"),
        (|trace| trace["viewers"][0]["periodMs"] = json!(0), "viewers.periodMs: 0 ms"),
        (|trace| trace["viewers"][0]["instance"] = json!("r9"), "there is no instance `r9`"),
        (|trace| trace["params"]["durationMs"] = json!(u64::MAX), "durationMs"),
        (|trace| trace["params"]["durationMs"] = json!(-1), "-1"),
        (|trace| trace["params"]["tickPhaseMs"] = json!({}), "tickPhaseMs: `origin` is missing"),
        (|trace| trace["params"]["latencyMs"]["origin>"] = json!(1), "`origin>`"),
        (|trace| trace["messages"]["rows"][1][2] = json!(7), "messages.rows[1]"),
        (|trace| trace["samples"]["columns"] = json!(["t", "origin", "watching"]), "`r1` is missing"),
        (|trace| trace["samples"]["columns"] = json!(["t"]), "samples.columns"),
        (|trace| trace["samples"]["rows"][2] = json!([1, 2]), "samples.rows[2]"),
        (|trace| trace["protocol"] = json!({"origin": "v2"}), "2 to 10000 instances"),
        (|trace| trace["params"]["origin"] = json!("r9"), "there is no instance `r9`"),
        (|trace| trace["params"]["latencyMs"] = json!({"origin>r1": 5}), "nor `r1>origin`"),
        // more than the longest latency, a day
        (|trace| trace["params"]["latencyMs"]["default"] = json!(86_400_001), "latencyMs: 86400001 ms"),
        (|trace| trace["messages"]["rows"][1][2] = json!("r9"), "there is no instance `r9`"),
        (|trace| trace["messages"]["rows"][1][4] = json!("like"), "messages.rows[1]"),
        (|trace| trace["messages"]["rows"][1][5] = json!(2), "messages.rows[1]"),
        (|trace| trace["messages"]["rows"][1] = json!([1]), "not one value per column"),
        (
            |trace| {
                trace["params"]["durationMs"] = json!(34_560_000_000_u64);
                trace["params"]["tickIntervalMs"] = json!(1);
            },
            "heartbeats, ticks and samples are more than",
        ),
    ];
    assert_refused(&alterations);
    for text in ["", "[]", "{", "\u{0}", "{\"protocol\": {}}"] {
        assert!(Trace::parse(text.as_bytes()).is_err());
    }
}

/// Without latencies each message takes as long as its row says, in an open-loop replay.
#[test]
fn every_recording_conforms_with_its_latencies_as_recorded() {
    for path in paths() {
        let mut value: Value = serde_json::from_slice(&fs::read(&path).expect("a recording")).expect("JSON");
        value["params"]["latencyMs"] = json!({});
        let trace = parse(&value).expect("it is understood");
        assert!(trace.latencies_as_recorded);
        assert_conforms(&trace, &path.to_string_lossy());
    }
}

#[test]
fn an_altered_recording_differs_with_its_latencies_as_recorded_too() {
    let mut base = trace("mixed--peertube-8.0");
    base["params"]["latencyMs"] = json!({});
    let alterations: [Alter; 6] = [
        |trace| trace["messages"]["rows"][0][0] = json!(3_029),
        |trace| trace["messages"]["rows"][3][7] = json!(9),
        |trace| trace["samples"]["rows"][5][2] = json!(99),
        |trace| drop(rows_of(trace).remove(0)),
        // the origin neither counts nor forwards a View of a follower that is lost
        |trace| {
            let of_follower = |row: &&mut Value| row[2] != "origin";
            rows_of(trace).iter_mut().find(of_follower).expect("a View of a follower")[1] = json!(null);
        },
        |trace| trace["params"]["tickPhaseMs"]["r1"] = json!(100),
    ];
    assert_conforms(&parse(&base).expect("understood"), "unaltered");
    for (number, alter) in alterations.into_iter().enumerate() {
        let mut altered = base.clone();
        alter(&mut altered);
        let verdict = conform(&parse(&altered).expect("it is understood"));
        assert!(matches!(verdict, Verdict::Differs(_)), "alteration {number}");
    }
}

#[test]
fn what_only_latencies_as_recorded_can_have_is_refused_elsewhere() {
    let alterations: [(Alter, &str); 5] = [
        (
            |trace| trace["messages"]["rows"][1][1] = json!(null),
            "never arrives, which needs an empty latencyMs",
        ),
        (
            |trace| trace["params"]["restarts"] = json!([{"instance": "r1", "stopMs": 1, "atMs": 5}]),
            "restarts.stopMs: needs an empty latencyMs",
        ),
        (
            |trace| {
                trace["params"]["latencyMs"] = json!({});
                trace["params"]["restarts"] = json!([{"instance": "r1", "stopMs": 6, "atMs": 5}]);
            },
            "restarts.stopMs: 6 ms is not in 0 to 5 ms",
        ),
        (
            |trace| {
                trace["params"]["latencyMs"] = json!({});
                trace["messages"]["rows"][1][7] = json!(4_000_000_000_u64);
            },
            "messages.resultCount: 4000000000 is more than 100000",
        ),
        (
            |trace| {
                trace["params"]["latencyMs"] = json!({});
                trace["messages"]["rows"][1][8] = json!(u64::MAX);
            },
            "messages.expires: ",
        ),
    ];
    assert_refused(&alterations);
    let of_designs: [(Alter, &str); 4] = [
        (
            |params| params["spreadMs"]["r1"] = json!(10_000),
            "spreadMs.r1: 10000 ms is not below the tick interval of 10 s",
        ),
        (
            |params| params["spreadMs"]["r1"] = json!(4_000),
            "spreadMs.r1: 4000 ms, other than the 8833 ms here, needs an empty latencyMs",
        ),
        (
            |params| {
                params["latencyMs"] = json!({});
                params["spreadMs"]["r1"] = json!(10_000);
            },
            "spreadMs.r1: 10000 ms is not below the tick interval of 10 s",
        ),
        (|params| params["spreadMs"]["r9"] = json!(4_000), "there is no instance `r9`"),
    ];
    for (alter, expected) in of_designs {
        let mut altered = trace("designs/mixed--v4");
        alter(&mut altered["params"]);
        let problem = parse(&altered).expect_err(expected);
        assert!(problem.contains(expected), "{problem}");
    }
    let mut at_ticks = trace("mixed--v2");
    at_ticks["params"]["spreadMs"] = json!({"r1": 0});
    assert!(parse(&at_ticks).expect_err("it spreads nothing").contains("v2 says totals at its ticks"));
    // a message that arrives after the end has no effect
    let mut late = trace("mixed--v2");
    late["params"]["latencyMs"] = json!({});
    rows_of(&mut late).iter_mut().for_each(|row| row[1] = json!(u64::MAX));
    assert!(matches!(conform(&parse(&late).expect("understood")), Verdict::Differs(_)));
}
