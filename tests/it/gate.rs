//! The gate: `check` and `bless`.

use crate::program::{Place, SMALL};
use serde_json::Value;
use std::process::Command;

/// A scenario with a protocol of its own.
fn scenario() -> String {
    SMALL.replace("compare: [v1, v2, v3]", "compare: [v1, mine]\nprotocols: {mine: {base: v2}}")
}

/// A folder with it, and its baseline.
fn blessed() -> Place {
    let place = Place::new();
    place.write("small.yaml", scenario());
    let said = place.good(&["bless", "small.yaml", "--baseline", "baseline"]);
    assert!(said.starts_with("baseline of small: new, "), "{said}");
    place
}

const CHECK: [&str; 4] = ["check", "small.yaml", "--baseline", "baseline"];

#[test]
fn nothing_changed_passes() {
    let place = blessed();
    let before = place.read("baseline/small/summary.csv");
    for more in [&[][..], &["--strict"], &["--jobs", "1"]] {
        let answer = place.call(&[&CHECK[..], more].concat());
        assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.err);
        assert!(answer.out.ends_with("the gate passes: 1 scenarios\n"), "{}", answer.out);
    }
    assert!(place.good(&["bless", "small.yaml", "--baseline", "baseline"]).contains("unchanged"));
    assert_eq!(place.read("baseline/small/summary.csv"), before);
}

#[test]
fn a_planted_change_is_caught_and_named() {
    let place = blessed();
    // in the user agent of every head
    let long = "names.version=600.300.100";
    for (set, metric, kind) in [
        (
            "protocols.mine.forward=always",
            "worse: mine: viewer_messages_sent ",
            "most by kind viewer_forwarded 0 -> ",
        ),
        ("protocols.mine.own_viewers=each", "worse: mine: viewer_bytes_sent ", "most by kind viewer "),
        (
            "protocols.mine.refederation_age=60 s",
            "worse: mine: viewer_messages_sent ",
            "most by kind viewer ",
        ),
        (long, "worse: mine: bytes_sent ", "most by kind "),
    ] {
        let answer = place.call(&[&CHECK[..], &["--set", set]].concat());
        assert_eq!(answer.code, Some(99), "{set}: {}{}", answer.out, answer.err);
        let line =
            answer.out.lines().find(|line| line.trim().starts_with(metric)).expect("the metric is named");
        assert!(line.contains(" -> ") && line.contains(kind) && line.contains("(+"), "{set}: {line}");
    }
    // the last one changes every head: the bytes, and no message
    let answer = place.call(&[&CHECK[..], &["--set", long]].concat());
    assert!(!answer.out.contains("worse: mine: messages_sent"), "{}", answer.out);
    assert_eq!(place.call(&CHECK).code, Some(0), "taking it back passes");
}

#[test]
fn better_passes_unless_it_is_strict_and_budgets_are_kept() {
    let place = blessed();
    let fewer = ["--set", "protocols.mine.lifetime=4 min", "--set", "protocols.mine.refederation_age=3 min"];
    let answer = place.call(&[&CHECK[..], &fewer[..], &["--format", "json"]].concat());
    let json: Value = serde_json::from_str(&answer.out).expect("JSON");
    let verdict = |metric: &str| {
        let metrics = json["scenarios"][0]["metrics"].as_array().expect("metrics");
        let found = metrics.iter().find(|row| row["protocol"] == "mine" && row["metric"] == metric);
        found.expect("the metric")["verdict"].as_str().expect("a word").to_owned()
    };
    assert_eq!(verdict("viewer_messages_sent"), "better");
    // a little more of everything
    let more = ["--set", "names.session_id_length=36"];
    for (arguments, code) in
        [(&[][..], 99), (&["--max-regression", "5"], 0), (&["--max-regression", "5", "--strict"], 99)]
    {
        let answer = place.call(&[&CHECK[..], &more, arguments].concat());
        assert_eq!(answer.code, Some(code), "{arguments:?}: {}{}", answer.out, answer.err);
    }
    let answer = place.call(&[&CHECK[..], &more, &["--max-regression", "5"]].concat());
    assert!(answer.out.contains("worse within budget"), "{}", answer.out);
}

#[test]
fn what_cannot_be_checked_is_an_error_and_no_pass() {
    let place = blessed();
    place.write("other.yaml", scenario().replace("name: small", "name: other"));
    let misspelt = "\nexpect:\n  - {metric: viewer_bytes_sen, protocol: v1, max: 1, why: x}\n";
    place.write("misspelt.yaml", scenario().replace("name: small", "name: misspelt") + misspelt);
    for (arguments, code, message) in [
        (
            &["check", "other.yaml", "--baseline", "baseline"][..],
            2,
            "there is no baseline of other; `fedisim bless` makes one",
        ),
        (
            &["check", "misspelt.yaml", "--baseline", "baseline"],
            2,
            "misspelt.yaml:19:14: expect.0.metric: `viewer_bytes_sen` is no metric; did you mean `viewer_bytes_sent`",
        ),
        (&["check", "small.yaml", "small.yaml", "--baseline", "baseline"], 2, "is named twice"),
        (
            &["check", "small.yaml", "--baseline", "baseline", "--against", "no-such"],
            1,
            "git knows no such revision",
        ),
        (&["check", "--run", "nowhere"], 1, "cannot read nowhere/manifest.json"),
        (&["check", "small.yaml", "--baseline", "baseline", "--max-regression=-1"], 2, "not between"),
        (&["check"], 2, "SCENARIOS"),
    ] {
        let answer = place.call(arguments);
        assert_eq!(answer.code, Some(code), "{arguments:?}: {}", answer.err);
        assert!(answer.err.contains(message), "{arguments:?}: {}", answer.err);
    }
    let summary = place.read("baseline/small/summary.csv");
    place.write(
        "baseline/small/summary.csv",
        summary.replacen("viewer_bytes_sent,bytes,", "viewer_bytes_sent,bytes,many", 1),
    );
    let answer = place.call(&CHECK);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("line 3: the value is no number"), "{}", answer.err);
    place.write("baseline/small/summary.csv", summary + "small,v9,9,0,1,0.1.0,bytes_sent,bytes,7\n");
    let answer = place.call(&CHECK);
    assert_eq!(answer.code, Some(99));
    assert!(answer.out.contains("gone: v9: bytes_sent 7 -> none bytes"), "{}", answer.out);
}

#[test]
fn expectations_fail_the_gate_at_their_line() {
    let place = Place::new();
    let expect = "expect:\n  - {metric: bytes_sent, protocol: v1, max: 1, why: x}\n  - {metric: bytes_sent, protocol: v1, max: 2, severity: warn, why: x}\n";
    place.write("small.yaml", scenario() + expect);
    place.good(&["bless", "small.yaml", "--baseline", "baseline"]);
    let answer = place.call_in(&CHECK, &[("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", "summary.md")]);
    assert_eq!(answer.code, Some(99));
    let error = "::error file=small.yaml,line=18,title=expect bytes_sent::v1: bytes_sent = ";
    let warning = "::warning file=small.yaml,line=19,title=expect bytes_sent::v1: bytes_sent = ";
    assert!(answer.out.contains(error) && answer.out.contains(warning), "{}", answer.out);
    let lines: Vec<String> = place.read("small.yaml").lines().map(str::to_owned).collect();
    assert!(lines[17].contains("max: 1,") && lines[18].contains("max: 2,"), "{lines:?}");
    let summary = place.read("summary.md");
    assert!(
        summary.starts_with("## fedisim: the gate fails\n") && summary.contains("| small | **fail** |"),
        "{summary}"
    );
}

#[test]
fn a_scenario_says_how_the_gate_takes_it() {
    let place = Place::new();
    place.write("small.yaml", scenario() + "gate: {set: {end: 2 min, instances.followers.count: 2}}\n");
    place.write("large.yaml", scenario().replace("name: small", "name: large") + "gate: {skip: too large}\n");
    place.good(&["bless", "small.yaml", "large.yaml", "--baseline", "baseline"]);
    assert!(!place.path("baseline/large").exists());
    let answer =
        place.call(&["check", "small.yaml", "large.yaml", "--baseline", "baseline", "--out", "runs"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(answer.err.contains("skip large: too large"), "{}", answer.err);
    assert!(
        answer.out.contains("for the gate with end=2 min, instances.followers.count=2"),
        "{}",
        answer.out
    );
    let resolved = place.read("runs/small/scenario.resolved.yaml");
    assert!(resolved.contains("end: 2 min") && resolved.contains("count: 2"), "{resolved}");
    // the run alone is enough
    let answer = place.call(&["check", "--run", "runs/small", "--baseline", "baseline"]);
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.err);
    for gate in ["gate: {set: {end: 2 min}, skip: x}", "gate: {}", "gate: {set: {}}"] {
        place.write("small.yaml", scenario() + gate + "\n");
        assert_eq!(place.call(&["validate", "small.yaml"]).code, Some(2), "{gate}");
    }
}

#[test]
fn a_branch_is_held_against_its_origin() {
    let place = blessed();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let mut command = Command::new("git");
        let done =
            command.args(identity).args(arguments).current_dir(place.path("")).output().expect("git starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "--quiet"]);
    git(&["add", "baseline"]);
    git(&["commit", "--quiet", "-m", "baseline"]);
    place.good(&["bless", "small.yaml", "--baseline", "baseline", "--set", "protocols.mine.forward=always"]);
    let changed = [&CHECK[..], &["--set", "protocols.mine.forward=always"]].concat();
    assert_eq!(place.call(&changed).code, Some(0), "it was blessed here");
    let answer = place.call(&[&changed[..], &["--against", "HEAD"]].concat());
    assert_eq!(answer.code, Some(99), "{}{}", answer.out, answer.err);
    place.write("other.yaml", scenario().replace("name: small", "name: other"));
    let answer =
        place.call(&["check", "other.yaml", "--baseline", "baseline", "--against", "HEAD", "--strict"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(answer.out.contains("no baseline there: all is new"), "{}", answer.out);
}

#[test]
fn programs_get_what_they_read() {
    let place = blessed();
    let files = [
        "--junit",
        "j.xml",
        "--json",
        "c.json",
        "--bencher",
        "b.json",
        "--set",
        "protocols.mine.forward=always",
    ];
    assert_eq!(place.call(&[&CHECK[..], &files].concat()).code, Some(99));
    let json: Value = serde_json::from_str(&place.read("c.json")).expect("JSON");
    assert_eq!(json["passed"], false);
    let metrics = json["scenarios"][0]["metrics"].as_array().expect("metrics");
    let failing = metrics.iter().filter(|row| row["fails"] == true).count();
    let xml = place.read("j.xml");
    assert_eq!(xml.matches("<failure ").count(), failing);
    assert_eq!(xml.matches("<testcase ").count(), metrics.len());
    let bencher: Value = serde_json::from_str(&place.read("b.json")).expect("JSON");
    let now = metrics
        .iter()
        .find(|row| row["protocol"] == "mine" && row["metric"] == "bytes_sent")
        .expect("a metric");
    assert_eq!(bencher["small/mine"]["bytes_sent"]["value"], now["now"]);
    let answer = place.call(&[&CHECK[..], &["--junit", "nowhere/j.xml"]].concat());
    assert_eq!(answer.code, Some(1), "{}", answer.err);
}
