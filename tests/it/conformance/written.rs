//! Recordings that `fedisim conform --write` makes: those of designs are what our instances do, PeerTube's written anew say what they
//! said, and the proposal shows messages of theirs.

use super::files::{assert_conforms, parse, paths, rows_of};
use super::rules::OF_DELIVERY;
use crate::program::Place;
use fedisim::conform::{MessageRow, Trace, Verdict, VisitRow, conform, write_like};
use fedisim::domain::protocol::{Parameters, Rules, Threshold};
use fedisim::foundation::units::Span;
use fedisim::mechanism::wire::Document;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The committed recordings of designs, by path and text.
fn designs() -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(root().join("tests/traces/designs")).expect("the recordings are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("a recording"))).collect()
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn recordings_of_designs_conform_and_are_written_anew_with_the_same_bytes() {
    assert_eq!(designs().len(), 16);
    for (path, text) in designs() {
        let name = path.to_string_lossy();
        let trace = Trace::parse(text.as_bytes()).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert!(trace.has_views);
        // who has no viewers hears nothing, and nobody is named
        let is_silent = name.ends_with("local-only--v4.json");
        assert_eq!(trace.messages.iter().any(|row| row.kind == "total"), !is_silent, "{name}");
        let names_viewers = trace.messages.iter().any(|row| row.viewer.is_some());
        assert!(!names_viewers || trace.presets.iter().any(|preset| preset != "v4"), "{name}");
        assert_conforms(&trace, &name);
        let again = write_like(text.as_bytes(), &[]).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert!(again.to_json() == text, "{name}: make it with scripts/recordings");
        // each instance by itself: it gets what it got when it got it
        let mut alone = json_of(&text);
        alone["params"]["latencyMs"] = json!({});
        assert_conforms(&parse(&alone).expect("it is understood"), &name);
    }
}

/// What an implementer has to get right: a number that is changed is seen, replayed either way.
#[test]
fn a_recording_of_a_design_with_a_number_changed_differs() {
    for (path, text) in designs().into_iter().filter(|(path, _)| !path.ends_with("local-only--v4.json")) {
        for latencies in [None, Some(json!({}))] {
            let alter = |column: usize| {
                let mut altered = json_of(&text);
                if let Some(latencies) = &latencies {
                    altered["params"]["latencyMs"] = latencies.clone();
                }
                let row = rows_of(&mut altered).iter_mut().find(|row| row[column].is_u64())?;
                row[column] = json!(row[column].as_u64()? + 1);
                Some(conform(&parse(&altered).expect("it is understood")))
            };
            let mut counted = json_of(&text);
            counted["viewsCounted"] = json!(counted["viewsCounted"].as_u64().expect("a number") + 1);
            let verdict = conform(&parse(&counted).expect("it is understood"));
            assert!(matches!(verdict, Verdict::Differs(_)), "{}: {verdict:?}", path.display());
            for (column, is_in_all) in [(7, true), (8, true), (9, false)] {
                match alter(column) {
                    Some(verdict) => assert!(matches!(verdict, Verdict::Differs(_)), "{}", path.display()),
                    None => assert!(!is_in_all, "{}: nobody says views", path.display()),
                }
            }
        }
    }
}

/// One rule or parameter of the instances that speak v4 is changed at a time: who gets it wrong is told by a recording. What none notices: nobody
/// sends viewers singly, so their `result` and their ids are none, and are sent again by no age; only the host's totals come; numbers of
/// displayed views, sizes and shared addresses are in no recording; nothing waits in queues.
#[test]
fn every_rule_of_the_proposal_is_held_by_a_recording() {
    let traces: Vec<Trace> = designs()
        .iter()
        .filter(|(path, _)| path.to_string_lossy().contains("--v4"))
        .map(|(_, text)| Trace::parse(text.as_bytes()).expect("valid"))
        .collect();
    let notices = |change: &dyn Fn(&mut Rules)| {
        traces.iter().any(|trace| {
            let mut changed = trace.clone();
            let rows = changed.presets.iter().zip(&mut changed.rules);
            rows.filter(|(preset, _)| *preset == "v4").for_each(|(_, rules)| change(rules));
            conform(&changed) != conform(trace)
        })
    };
    let v4 = Rules::preset("v4").expect("a preset");
    let mut unheld = Vec::new();
    for rule in Rules::RULES.iter().filter(|rule| !OF_DELIVERY.contains(&rule.key)) {
        for choice in rule.choices.iter().filter(|choice| choice.name != (rule.get)(&v4)) {
            if !notices(&|rules| assert!((rule.set)(rules, choice.name))) {
                unheld.push((rule.key, choice.name));
            }
        }
    }
    let invisible = [
        // they have one video
        ("batch", "yes"),
        ("viewer_result", "no"),
        ("accept_result", "anybody"),
        ("origin_views", "updates-by-share"),
        ("follower_views", "own-count"),
        ("viewers_known_by", "address"),
        ("ids_after_restart", "new"),
        ("wire", "peertube-6.0"),
        ("wire", "peertube-6.1"),
        ("wire", "peertube-7.1"),
    ];
    assert_eq!(unheld, invisible);
    type Change = fn(&mut Parameters);
    let changes: [(&str, Change); 8] = [
        ("lifetime", |of| of.lifetime = Span::from_secs(11)),
        ("tick_interval", |of| of.tick_interval = Span::from_secs(11)),
        ("plain_view_after", |of| of.plain_view_after = Span::from_secs(11)),
        ("plain_view_after", |of| of.plain_view_after = Span::from_secs(5)),
        ("share", |of| {
            of.threshold = of.threshold.map(|of| Threshold { share_ppm: of.share_ppm + 10_000, ..of })
        }),
        ("share", |of| {
            of.threshold = of.threshold.map(|of| Threshold { share_ppm: of.share_ppm - 10_000, ..of })
        }),
        ("max_ticks", |of| {
            of.threshold = of.threshold.map(|of| Threshold { max_ticks: of.max_ticks + 1, ..of })
        }),
        ("max_ticks", |of| {
            of.threshold = of.threshold.map(|of| Threshold { max_ticks: of.max_ticks - 1, ..of })
        }),
    ];
    for (name, change) in changes {
        assert!(notices(&|rules| change(&mut rules.parameters)), "{name}");
    }
}

/// No instance meets two things in the same millisecond, so an implementer needs no order of ours.
#[test]
fn recordings_of_designs_hold_no_ties() {
    for (path, text) in designs() {
        let recording = write_like(text.as_bytes(), &[]).expect("valid");
        assert_eq!(recording.ties().next(), None, "{}", path.display());
    }
}

/// One thing at a time is moved to when another happens.
#[test]
fn ties_are_told() {
    let text = fs::read_to_string(root().join("tests/traces/designs/short-visits--v4.json")).expect("there");
    let file = json_of(&text);
    let clean = write_like(text.as_bytes(), &[]).expect("valid");
    let phase = |name: &str| file["params"]["tickPhaseMs"][name].as_u64().expect("a phase");
    let spread = |name: &str| file["params"]["spreadMs"][name].as_u64().expect("a time");
    let arrival = clean.messages.iter().find(|row| row.to == "origin").and_then(|row| row.arrives_ms);
    let arrival = arrival.expect("a message to the origin");
    let visit_from = |instance: &str, start_ms: u64| {
        let mut recording = clean.clone();
        recording.visits[0] = VisitRow {
            instance: instance.to_owned(),
            start_ms,
            end_ms: start_ms + 1,
            ..recording.visits[0].clone()
        };
        recording.ties().map(|tie| tie.to_string()).collect::<Vec<_>>()
    };
    let restart = clean.restarts[0].2;
    for (instance, at_ms, other) in [
        ("r2", phase("r2") + 20_000, "a tick"),
        ("r2", phase("r2") + 30_000 + spread("r2"), "a total to say"),
        ("r1", clean.samples[3].at_ms, "a sample"),
        ("r1", restart, "a restart"),
        ("r1", restart + 10_000, "a tick"),
        ("origin", arrival, "a message"),
    ] {
        let told = format!("{instance} meets a heartbeat and {other} at {at_ms} ms");
        let turned = format!("{instance} meets {other} and a heartbeat at {at_ms} ms");
        let found = visit_from(instance, at_ms);
        assert!(found == [told.clone()] || found == [turned], "{told}: {found:?}");
    }
    // what its restart has stopped: its ticks would have been then
    assert_eq!(visit_from("r1", phase("r1") + 200_000), [""; 0]);
    assert_eq!(visit_from("r1", clean.duration_ms + 1), [""; 0]);
}

/// PeerTube's recordings hold no views. Ours of the same situations do, and all else is the same.
#[test]
fn recordings_of_peertube_written_anew_say_the_same() {
    for path in paths() {
        let text = fs::read(&path).expect("a recording");
        let recorded = Trace::parse(&text).expect("valid");
        let ours = write_like(&text, &[]).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
        let messages: Vec<MessageRow> =
            ours.messages.iter().filter(|row| row.kind != "view").cloned().collect();
        assert_eq!(messages, recorded.messages, "{}", path.display());
        let shown = |samples: &[fedisim::conform::SampleRow]| {
            samples.iter().map(|row| (row.at_ms, row.displayed.clone())).collect::<Vec<_>>()
        };
        assert_eq!(shown(&ours.samples), shown(&recorded.samples), "{}", path.display());
        assert!(ours.messages.len() > messages.len() || path.to_string_lossy().contains("local-only"));
        let again = Trace::parse(ours.to_json().as_bytes()).expect("valid");
        assert_conforms(&again, &path.to_string_lossy());
    }
}

/// A scenario says the same as `run` does: thirty people, whom everybody sees.
#[test]
fn the_situation_of_a_scenario_is_written() {
    let place = Place::new();
    let scenario = root().join("scenarios/three-instances.yaml").display().to_string();
    let said = place.good(&["conform", "--write", &scenario, "--protocol", "v4", "--out", "mine.json"]);
    assert!(said.starts_with("wrote mine.json ("), "{said}");
    assert!(place.good(&["conform", "mine.json"]).ends_with("1 passed, 0 failed\n"));
    let text = fs::read_to_string(place.path("mine.json")).expect("a recording");
    let trace = Trace::parse(text.as_bytes()).expect("valid");
    assert_eq!(trace.instances, ["left", "origin", "right"]);
    assert!(trace.samples.iter().all(|row| row.displayed == [30, 30, 30]));
    assert_eq!(trace.sessions.len(), 30);
    // what hangs on an order of ours is warned of
    let text = fs::read_to_string(&scenario).expect("a scenario").replace("three-instances", "mine");
    for (phase, warning) in [("47291 ms", ""), ("47000 ms", "left meets a sample and a tick at 367000 ms")] {
        place.write("mine.yaml", text.replace("47291 ms", phase));
        let answer =
            place.call(&["conform", "--write", "mine.yaml", "--protocol", "v4", "--out", "mine.json"]);
        assert_eq!(answer.code, Some(0), "{}", answer.err);
        assert_eq!(answer.err.is_empty(), warning.is_empty(), "{}", answer.err);
        assert!(answer.err.contains(warning), "{}", answer.err);
    }
}

/// What a scenario of a recording must not have, and the words in which it is refused.
#[test]
fn scenarios_that_no_recording_holds_are_refused() {
    let place = Place::new();
    let scenario = fs::read_to_string(root().join("scenarios/three-instances.yaml")).expect("a scenario");
    let scenario = scenario
        .split("\nexpect:")
        .next()
        .expect("a beginning")
        .replace("name: three-instances", "name: mine");
    for (from, to, expected) in [
        ("{constant: 100 ms}", "{uniform: {min: 10 ms, max: 90 ms}}", "latencies are constant"),
        ("{constant: 100 ms}}", "{constant: 100 ms}, loss: 1 %}", "nothing is lost"),
        ("delivery: unlimited", "delivery: peertube", "a recording knows no queues"),
        (
            "\nvideos:",
            "\nfaults: [{restart: [left], at: 1 min, startup: 2 s}]\n\nvideos:",
            "knows no fault but a restart",
        ),
        ("\nvideos:", "\nvideos:\n  other: {origin: origin, length: live}", "one video, not 2"),
        ("{tick_phase: 47291 ms}", "{tick_phase: 47291 ms, protocol: mine}", "left speaks"),
        ("  - video: clip\n", "  - video: clip\n    view_after: 3 s\n", "leave out `first_heartbeat_after`"),
        ("length: live", "length: 19 s", "clip is 19 s long, and a recording knows no video of which half"),
        (
            "\nvideos:",
            "\nlies: [{times: 10, instance: left, video: clip}]\n\nvideos:",
            "in a recording nobody lies: leave out `lies`",
        ),
        (
            "\nvideos:",
            "\nother_traffic: {asked_back: {first_contact: requests}}\n\nvideos:",
            "say `other_traffic: {asked_back: {first_contact: off}}`",
        ),
        ("end: 30 min", "end: {when: idle, at_most: 30 min}", "say `end: 1800 s` or less"),
        ("  left: {", "  left: {follows_as: account, ", "all others' servers follow the video's"),
        ("  left: {", "  other: {software: mastodon}\n  left: {", "all instances are PeerTube"),
        ("\nvideos:", "\nfaults: [{clock: [left], ahead: 1 s}]\n\nvideos:", "wrong clocks"),
        ("\nvideos:", "\nreplications: 2\n\nvideos:", "not of 2: choose with --protocol"),
    ] {
        let changed = scenario.replacen(from, to, 1);
        assert_ne!(changed, scenario, "{from}");
        place.write("mine.yaml", changed + "\nprotocols: {mine: {base: v4, lifetime: 20 s}}\n");
        let answer =
            place.call(&["conform", "--write", "mine.yaml", "--protocol", "v4", "--out", "mine.json"]);
        assert_eq!(answer.code, Some(2), "{to}: {}", answer.err);
        assert!(answer.err.contains(expected), "{to}: {}", answer.err);
        assert!(!place.path("mine.json").exists());
    }
}

/// A message that is longer on its way than its receiver's signature window would be refused, on one link as on all.
#[test]
fn a_scenario_in_which_a_date_is_stale_is_refused() {
    let place = Place::new();
    let scenario = fs::read_to_string(root().join("scenarios/three-instances.yaml")).expect("a scenario");
    let scenario =
        scenario.split("\nexpect:").next().expect("a beginning").replace("three-instances", "mine");
    let slow = "{constant: 100 ms}, links: [{from: left, to: origin, latency: {constant: 40 min}}]}";
    let scenario = scenario.replace("{constant: 100 ms}}", slow);
    let write = |window: &str| {
        let window = format!("  origin: {{receives: {{signature_window: {window}}}, ");
        place.write("mine.yaml", scenario.replace("  origin: {", &window));
        place.call(&["conform", "--write", "mine.yaml", "--protocol", "v4", "--out", "mine.json"])
    };
    let answer = write("30 min");
    assert_eq!(answer.code, Some(2), "{}", answer.err);
    let told = "origin refuses what is on its way for 40 min: say `signature_window: off`";
    assert!(answer.err.contains(told), "{}", answer.err);
    let answer = write("40 min");
    assert_eq!(answer.code, Some(0), "{}", answer.err);
}

#[test]
fn wrong_calls_write_nothing() {
    let place = Place::with_small();
    place.write("trace.json", "{}");
    for (arguments, code, words) in [
        ("conform trace.json --out other.json", 2, "cannot be used with"),
        ("conform --out other.json", 2, "--write"),
        ("conform --write small.yaml", 2, "--out"),
        ("conform --write small.yaml trace.json --out other.json", 2, "cannot be used with"),
        ("conform --write missing.yaml --out other.json", 1, "cannot be read"),
        ("conform --write missing.json --out other.json", 1, "cannot be read"),
        ("conform --write trace.json --out other.json", 2, "no recording to write another like"),
        ("conform --write small.yaml --out other.json", 2, "not of 3: choose with --protocol"),
        ("conform --write small.yaml --protocol v9 --out other.json", 2, "v9"),
        ("conform --write small.yaml --protocol v4 --out other.json", 2, "say `delivery: unlimited`"),
    ] {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        let answer = place.call(&arguments);
        assert_eq!(answer.code, Some(code), "{arguments:?}: {}", answer.err);
        assert!(answer.err.contains(words), "{arguments:?}: {}", answer.err);
        assert!(!place.path("other.json").exists());
    }
}

/// Protocols are for all but those that are named, in whatever order they are given.
#[test]
fn the_order_of_protocols_does_not_matter() {
    let text = fs::read(root().join("tests/traces/mixed--v2.json")).expect("a recording");
    let write = |protocols: &[&str]| {
        let protocols: Vec<String> = protocols.iter().map(|&name| name.to_owned()).collect();
        write_like(&text, &protocols).expect("valid")
    };
    let written = write(&["v4", "r1=peertube-8.2.4", "r3=peertube-7.2"]);
    assert_eq!(written, write(&["r3=peertube-7.2", "v4", "r1=peertube-8.2.4"]));
    let presets: Vec<&str> = written.instances.iter().map(|instance| instance.preset.as_str()).collect();
    assert_eq!(presets, ["v4", "peertube-8.2.4", "v4", "peertube-7.2"]);
}

/// A first tick later than the interval stays where it is: only more frequent ticks begin earlier.
#[test]
fn a_late_first_tick_stays_late() {
    let place = Place::new();
    let scenario = fs::read_to_string(root().join("scenarios/three-instances.yaml")).expect("a scenario");
    let scenario =
        scenario.split("\nexpect:").next().expect("a beginning").replace("three-instances", "mine");
    place.write("mine.yaml", scenario);
    place.good(&["conform", "--write", "mine.yaml", "--protocol", "v4", "--out", "mine.json"]);
    let phases = |text: &str| json_of(text)["params"]["tickPhaseMs"].clone();
    let text = place.read("mine.json");
    assert_eq!(phases(&text), json!({"origin": 13_137, "left": 47_291, "right": 71_453}));
    let slower = write_like(text.as_bytes(), &["v3".to_owned()]).expect("valid").to_json();
    assert_eq!(phases(&slower), phases(&text));
    let faster = write_like(slower.as_bytes(), &["v4".to_owned()]).expect("valid").to_json();
    assert_eq!(phases(&faster), json!({"origin": 3_137, "left": 7_291, "right": 1_453}));
}

#[test]
fn what_cannot_be_written_is_told_in_a_sentence() {
    let text = fs::read_to_string(root().join("tests/traces/mixed--v2.json")).expect("a recording");
    let mut as_recorded = json_of(&text);
    as_recorded["params"]["latencyMs"] = json!({});
    let as_recorded = as_recorded.to_string();
    for (text, protocols, expected) in [
        (&text, &["v9"][..], "there is no protocol `v9`"),
        (&text, &["v4", "r1=v9"], "there is no protocol `v9`"),
        (&text, &["r9=v4"], "there is no instance `r9`"),
        (&text, &["v4", "r1=v2", "v3"], "of all instances is given twice, as `v4` and `v3`"),
        (&text, &["r1=v2", "v4", "r1=v2"], "of r1 is given twice, as `v2` and `v2`"),
        (&as_recorded, &["v4"], "its latencies are as recorded"),
        (&"{}".to_owned(), &["v4"], "missing field"),
    ] {
        let protocols: Vec<String> = protocols.iter().map(|name| (*name).to_owned()).collect();
        let problem = write_like(text.as_bytes(), &protocols).expect_err(expected);
        assert!(problem.contains(expected), "{problem}");
    }
}

/// Every example is a body that servers of ours read, and every JSON block of the proposal, headed `json RECORDING: EXAMPLE`, is one of them
/// (all but the first without its context).
#[test]
fn the_examples_of_the_proposal_are_messages_of_the_recordings() {
    let proposal = fs::read_to_string(root().join("docs/proposal.md")).expect("the proposal");
    let blocks: Vec<(&str, &str)> = proposal
        .split("\n```json ")
        .skip(1)
        .map(|block| block.split_once('\n').expect("a block has lines"))
        .map(|(head, rest)| (head, rest.split("\n```").next().unwrap_or_default()))
        .collect();
    assert!(blocks.len() >= 4);
    for (head, block) in blocks {
        let (recording, of) = head.split_once(": ").expect("a recording and an example");
        let path = root().join(format!("tests/traces/designs/{recording}.json"));
        let file = json_of(&fs::read_to_string(path).expect("a recording"));
        let examples = file["examples"].as_array().expect("examples");
        let example = examples.iter().find(|example| example["of"] == of).expect("the example");
        let mut body = example["body"].clone();
        let shown = json_of(block);
        if shown.get("@context").is_none() {
            body.as_object_mut().expect("an object").remove("@context");
        }
        assert_eq!(shown, body, "{head}");
    }
    for (path, text) in designs() {
        // the text as it stands, for members have an order
        for line in text.lines().filter(|line| line.contains("\"body\":")) {
            let (_, body) = line.split_once("\"body\":").expect("a body");
            let body = body.trim_end_matches(',').strip_suffix('}').expect("the end of an example");
            let read = Document::read(body.as_bytes());
            let read = read.unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
            assert_eq!(read.json(), body);
        }
    }
}
