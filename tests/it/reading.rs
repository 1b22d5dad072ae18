//! What people read of a run: the summary in its formats, plots, the page, the timeline. `tests/browser` opens the page.

use crate::program::{Place, SMALL, page_data};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A folder with a run of `SMALL` in `out`.
fn with_run() -> Place {
    let place = Place::with_small();
    place.good(&["run", "small.yaml", "--out", "out", "--quiet"]);
    place
}

#[test]
fn a_summary_is_printed_as_it_was_asked_for() {
    let place = with_run();
    let told = |format: &str| place.good(&["run", "small.yaml", "--out", "out", "--format", format]);
    let csv = told("csv");
    let first = csv.lines().find(|line| line.starts_with("v1,viewer_messages_sent,")).expect("a row");
    let exact: f64 = first.split(',').nth(4).and_then(|mean| mean.parse().ok()).expect("a mean");
    let json: Value = serde_json::from_str(&told("json")).expect("JSON");
    let values = json["values"].as_array().expect("values");
    let is_same = |row: &&Value| row["protocol"] == "v1" && row["metric"] == "viewer_messages_sent";
    let same = values.iter().find(is_same).expect("a value");
    assert_eq!(same["mean"].as_f64(), Some(exact));
    assert_eq!(json["scenario"], "small");
    assert_eq!(values.len(), csv.lines().count() - 1);
    assert!(told("markdown").starts_with("| "), "{}", told("markdown"));
    let text = told("text");
    assert!(!text.contains('|') && text.contains("VIEWER TRAFFIC"), "{text}");
}

#[test]
fn standard_output_is_clean_and_colour_is_for_terminals() {
    let place = Place::new();
    let expecting = format!("{SMALL}expect:\n  - {{metric: bytes_sent, protocol: v1, min: 1, why: x}}\n");
    place.write("small.yaml", expecting);
    let run = ["run", "small.yaml", "--out", "out"];
    let answer = place.call(&run);
    assert!(!answer.out.contains('\u{1b}') && answer.out.contains("ok   v1"), "{}", answer.out);
    assert!(answer.err.contains("records are in out"), "{}", answer.err);
    let forced = place.call_in(&run, &[("CLICOLOR_FORCE", "1")]);
    assert!(forced.out.contains("\u{1b}[32mok  \u{1b}[0m v1"), "{:?}", forced.out);
    let refused = place.call_in(&run, &[("NO_COLOR", "1")]);
    assert_eq!(refused.out, answer.out);
}

#[test]
fn quiet_prints_nothing_but_what_fails() {
    let place = Place::new();
    let expecting = |max: u32| {
        format!(
            "{SMALL}expect:\n  - {{metric: bytes_sent, protocol: v1, min: 1, why: x}}\n  - {{metric: bytes_sent, protocol: v2, max: {max}, why: x}}\n"
        )
    };
    place.write("small.yaml", expecting(4_000_000_000));
    let answer = place.call(&["run", "small.yaml", "--out", "good", "--quiet"]);
    assert_eq!((answer.code, &answer.out[..], &answer.err[..]), (Some(0), "", ""));
    place.write("small.yaml", expecting(1));
    let answer = place.call(&["run", "small.yaml", "--out", "bad", "-q"]);
    assert_eq!((answer.code, &answer.out[..]), (Some(99), ""));
    assert!(
        answer.err.starts_with("FAIL v2: bytes_sent") && answer.err.lines().count() == 1,
        "{}",
        answer.err
    );
}

#[cfg(feature = "report")]
#[test]
fn plots_are_the_same_every_time_and_say_what_they_show() {
    let place = with_run();
    place.good(&["plot", "out", "--out", "first", "--format", "svg,png"]);
    place.good(&["plot", "out", "--out", "second", "--format", "svg,png"]);
    let first = place.contents("first");
    assert_eq!(first, place.contents("second"));
    // ten kinds (there is no sweep), light and dark, two formats; nothing waits here, so there are no queues
    assert!(first.len() >= 32, "{:?}", first.keys());
    for (name, bytes) in &first {
        if name.ends_with(".png") {
            assert!(bytes.starts_with(b"\x89PNG"), "{name}");
            continue;
        }
        let svg = String::from_utf8(bytes.clone()).expect("text");
        assert!(
            svg.starts_with("<svg ") && svg.contains("role=\"img\"") && svg.trim_end().ends_with("</svg>"),
            "{name}"
        );
        let says = svg.split("<desc>").nth(1).and_then(|rest| rest.split("</desc>").next()).expect("words");
        assert!(says.chars().any(|letter| letter.is_ascii_digit()), "{name}: {says}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
    }
    let svg = String::from_utf8(first["payers.svg"].clone()).expect("text");
    for text in ["origin sends", "v1", "v2", "v3", "bytes"] {
        assert!(svg.contains(&format!(">{text}</text>")), "{text}");
    }
    place.good(&["plot", "out", "--out", "one", "--kind", "displayed", "--view", "followers-3"]);
    let one = place.contents("one");
    assert_eq!(one.keys().collect::<Vec<_>>(), ["displayed-dark.svg", "displayed.svg"]);
    assert!(
        String::from_utf8_lossy(&one["displayed.svg"]).contains("Displayed and true viewers: followers-3")
    );
}

#[cfg(feature = "report")]
#[test]
fn what_cannot_be_shown_is_said() {
    let place = with_run();
    place.good(&["run", "small.yaml", "--out", "other"]);
    let manifest = place.read("other/manifest.json").replace("\"complete\": true", "\"complete\": false");
    place.write("other/manifest.json", manifest);
    place.write("file", "");
    for (arguments, code, message) in [
        (&["plot", "out", "--kind", "displaied"][..], 2, "did you mean `displayed`"),
        (&["plot", "out", "--view", "nobody"], 2, "none of these figures has a view `nobody`"),
        (&["plot", "out", "--point", "2"], 2, "there is no point 2: this run has 1"),
        (&["report", "out", "--replication", "0"], 2, "there is no replication 0: this run has 1"),
        (&["report", "other"], 2, "other is not complete"),
        (&["report", "nowhere"], 1, "cannot read nowhere/manifest.json"),
        (&["report", "out", "--out", "nowhere/report.html"], 1, "nowhere/report.html: cannot be written"),
        (&["plot", "out", "--out", "file"], 1, "file: cannot be made"),
    ] {
        let answer = place.call(arguments);
        assert_eq!(answer.code, Some(code), "{arguments:?}: {}", answer.err);
        assert!(answer.err.contains(message), "{arguments:?}: {}", answer.err);
    }
    place.write("out/counters.csv", place.read("out/counters.csv").replace(",origin,", ",nobody,"));
    let answer = place.call(&["report", "out"]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("counters.csv: line 2 is not as fedisim writes it"), "{}", answer.err);
}

#[cfg(feature = "report")]
#[test]
fn a_page_holds_everything_and_asks_for_nothing() {
    let place = Place::new();
    let hostile = "</script><img onerror=x>";
    place.write("small.yaml", SMALL.replace("something to run", &format!("'{hostile}'")));
    place.good(&["run", "small.yaml", "--out", "out"]);
    place.good(&["report", "out"]);
    let page = place.read("out/report.html");
    assert!(!page.contains(hostile) && page.contains("&lt;/script&gt;&lt;img onerror=x&gt;"));
    let head = page.split("</head>").next().expect("a head");
    assert!(
        head.contains("default-src 'none'; script-src 'sha256-") && !head.contains("unsafe-eval"),
        "{head}"
    );
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!head.contains(outside), "{outside}");
    }
    let data = page_data(&page);
    let kinds: Vec<&str> = data["figures"]
        .as_array()
        .expect("figures")
        .iter()
        .filter_map(|figure| figure["kind"].as_str())
        .collect();
    assert!(
        kinds.contains(&"displayed") && kinds.contains(&"federation") && !kinds.contains(&"tornado"),
        "{kinds:?}"
    );
    assert!(page.len() < 6_000_000);
    place.good(&["report", "out", "--out", "again.html"]);
    assert_eq!(place.read("again.html"), page);
    place.good(&["run", "small.yaml", "--out", "empty", "--set", "viewers=[]", "--quiet"]);
    place.good(&["report", "empty"]);
    assert!(place.read("empty/report.html").contains("Nobody watched, and nothing was sent."));
}

/// The events of a trace by their phase.
fn trace(text: &str) -> BTreeMap<String, Vec<Value>> {
    let trace: Value = serde_json::from_str(text).expect("JSON");
    let mut by_phase: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in trace["traceEvents"].as_array().expect("events") {
        let phase = event["ph"].as_str().expect("a phase").to_owned();
        by_phase.entry(phase).or_default().push(event.clone());
    }
    by_phase
}

fn ids(events: &[Value], category: &str) -> BTreeSet<u64> {
    let own = events.iter().filter(|event| event["cat"] == category);
    own.map(|event| event["id"].as_u64().expect("an id")).collect()
}

#[test]
fn a_timeline_shows_every_message_from_its_sender_to_its_receiver() {
    let place = Place::with_small();
    let run =
        |file| place.call(&["run", "small.yaml", "--protocol", "v1", "--out", "out", "--timeline", file]);
    let answer = run("first.json");
    assert!(answer.err.contains("the timeline of v1 is in first.json"), "{}", answer.err);
    run("second.json");
    assert_eq!(place.read("first.json"), place.read("second.json"));
    let events = trace(&place.read("first.json"));
    let metric = |name: &str| -> u64 {
        let summary = place.read("out/summary.csv");
        let row =
            summary.lines().find(|row| row.contains(&format!(",{name},"))).expect("a metric").to_owned();
        row.rsplit(',').next().and_then(|value| value.parse().ok()).expect("a count")
    };
    let (began, arrived) = (ids(&events["s"], "message"), ids(&events["f"], "message"));
    assert_eq!(
        began.len() as u64,
        metric("messages_created") - metric("messages_queued") - metric("messages_dropped")
    );
    assert!(arrived.is_subset(&began) && !arrived.is_empty());
    assert_eq!(events["f"].len() as u64, metric("messages_delivered"));
    assert!(ids(&events["e"], "request").is_subset(&ids(&events["b"], "request")));
    let processes = events["M"].iter().filter(|event| event["name"] == "process_name").count();
    assert_eq!(processes, 7, "six instances and what they have in common");
    let names: BTreeSet<&str> = events["C"].iter().filter_map(|event| event["name"].as_str()).collect();
    assert!(names.contains("viewers of clip") && names.contains("true viewers of clip"), "{names:?}");
}

#[test]
fn a_timeline_is_bounded_and_can_be_a_part() {
    let place = Place::with_small();
    let run = |more: &[&str]| {
        let whole =
            ["run", "small.yaml", "--protocol", "v1", "--out", "out", "--force", "--timeline", "trace.json"];
        place.call(&[&whole[..], more].concat())
    };
    run(&["--timeline-from", "100", "--timeline-to", "200"]);
    let events = trace(&place.read("trace.json"));
    let times = events["s"].iter().map(|event| event["ts"].as_u64().expect("a time"));
    assert!(times.clone().min() >= Some(100_000_000) && times.max() <= Some(200_000_000));
    let answer = run(&["--set", "viewers.0.arrivals.constant.rate=60 /s", "--set", "limits.sessions=100000"]);
    assert!(answer.err.contains("it is full at"), "{}", answer.err);
    let text = place.read("trace.json");
    assert!(text.len() < 60_000_000, "{}", text.len());
    assert!(trace(&text)["i"][0]["name"].as_str().is_some_and(|name| name.contains("full")));
    let answer = place.call(&["run", "small.yaml", "--out", "unwritten", "--timeline", "nowhere/trace.json"]);
    assert_eq!(answer.code, Some(1), "{}", answer.err);
    assert!(!place.path("unwritten").exists());
    let answer = run(&["--timeline-from", "5", "--timeline-to", "4"]);
    assert_eq!(answer.code, Some(2), "{}", answer.err);
}
