//! Files that mean harm, or none at all: an answer always comes, soon, and it is a scenario or a list of problems.

use super::*;
use proptest::prelude::*;

const FULL: &str = include_str!("full.yaml");

/// Reads bytes; whatever they are, this returns.
fn answer(bytes: &[u8], sets: &[String]) -> Result<Scenario, Vec<Problem>> {
    let changes = Changes { sets: sets.to_vec(), protocols: Vec::new(), ..Changes::default() };
    let answer = parse(&Input { file: "base.yaml", bytes, stem: None, data: &data }, &changes, &METRICS);
    if let Err(problems) = &answer {
        assert!(!problems.is_empty());
        for problem in problems {
            assert!(problem.to_string().len() < 2_000, "{problem}");
            assert!(!problem.to_string().contains(char::is_control), "{problem:?}");
        }
    }
    answer
}

/// Files with a weak point of parsers in mind, and how the answer begins.
fn weak_points() -> Vec<(String, &'static str)> {
    let mib = |text: &str| text.repeat((1 << 20) / text.len());
    vec![
        (String::new(), ":1:1: is empty"),
        ("- a\n- b\n".to_owned(), ":1:1: a list is not a mapping"),
        ("just text".to_owned(), ":1:1: `just text` is not a mapping"),
        ("null".to_owned(), ":1:1: has no value"),
        ("1e400".to_owned(), ":1:1: `1e400` is not a mapping"),
        ("\0".to_owned(), ":1:"),
        ("[".repeat(200_000), ":1:1: has 200000 brackets"),
        ("[".repeat(100_000), ":1:256: is nested more than 64 deep"),
        ("{a: ".repeat(50_000), ":1:1021: is nested more than 64 deep"),
        ("- ".repeat(200_000), ":1:129: is nested more than 64 deep"),
        ("? ".repeat(200_000), ":1:"),
        (mib("\""), ":1:1: has 1048576 brackets"),
        ("]".repeat(100_000), ":1:1: is not YAML here"),
        ("\"".repeat(100_000), ":1:"),
        ("'".repeat(100_000), ":1:"),
        (format!("[{}", "a,".repeat(110_000)), ":1:"),
        (format!("[{}", "[],".repeat(39_000)), ":1:"),
        (format!("[{}", "[]".repeat(59_000)), ":1:"),
        (format!("[{}", "\"\"".repeat(59_000)), ":1:"),
        (format!("{{{}", "a: 1,".repeat(59_000)), ":1:"),
        (format!("{{{}", "a,".repeat(110_000)), ":1:"),
        (format!("[{}", mib("? ")), ":1:"),
        (format!("[{}", mib("a ")), ":"),
        (format!("[{}", mib("a\n")), ":"),
        (format!("[{}", "*a ".repeat(119_990)), ":"),
        (format!("[{}", "&a ".repeat(119_990)), ":"),
        (format!("[{}", "!a ".repeat(119_990)), ":"),
        (format!("[{}", mib("|\n")), ":"),
        ("&a ".repeat(120_000), ":1:"),
        ("*a ".repeat(120_000), ":1:"),
        ("!a ".repeat(120_000), ":1:"),
        ("%a ".repeat(120_000), ":"),
        ("%a\n".repeat(120_000), ":"),
        (mib("#"), ":1:1: is empty"),
        (mib("#\n"), ":1:1: is empty"),
        (mib("\t"), ":1:"),
        (mib("\n"), ":1:1: is empty"),
        (mib("\r"), ":1:1: is empty"),
        (mib(" \n"), ":1:1: is empty"),
        (mib("---\n"), ":2:1: starts a second document"),
        (mib("...\n"), ":1:1: is empty"),
        (": ".repeat(110_000), ":1:"),
        ("a: ".repeat(110_000), ":1:"),
        ("a: |\n".repeat(110_000), ":"),
        (mib("a "), ":1:1: `a a"),
        (mib("a\n"), ":1:1: `a a"),
        (mib("- a\n"), ":20000:3: has more than 20000"),
        ("a: b\n".repeat(110_000), ":2:1: has the key `a` twice"),
        (format!("{}: 1", "k".repeat(1_000)), ":1:1: kkkkkkkkkk"),
        (format!("? {}\n: 1", "k".repeat(1_000_000)), ":1:"),
        (format!("name: {}", "k".repeat(1_000_000)), ":1:1: description: is missing"),
        (format!("seed: {}", "9".repeat(1_000_000)), ":1:1: name: is missing"),
        (format!("end: 1{} s", "0".repeat(1_000_000)), ":1:1: name: is missing"),
        (format!("expect: [{{max: 1{}}}]", "0".repeat(1_000_000)), ":1:1: name: is missing"),
        (format!("\"a\": \"{}\"", "\\u0000".repeat(100_000)), ":1:1: a: is not a key here"),
    ]
}

/// Files that want more than there is, and how the answer begins.
fn greedy() -> Vec<(String, &'static str)> {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        bomb += &format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(9));
    }
    let keys: String = (0..9_990).map(|number| format!("key{number}: 1\n")).collect();
    let anchors: String = (0..60).map(|level| format!("{}- &a{level}\n", " ".repeat(level))).collect();
    let regions: String = (0..990).map(|number| format!("  a{number}: {{region: r{number}}}\n")).collect();
    let long_names: String = (0..990).map(|number| format!("\n  b{number:->55}: {{}}")).collect();
    let unknown_names: String = (0..990).map(|number| format!("a{number:->55}, ")).collect();
    // the full scenario with more groups, and more in a list of instances
    let big = |groups: &str, list: &str| {
        let full = FULL.replace("\nvideos:", &format!("\n{groups}\nvideos:"));
        full.replace("[origin, followers]", &format!("[{list}]"))
    };
    let in_faults = |fault: &str, count: usize| {
        let full = FULL.replace("\nvideos:", "\n  many: {count: 19000, region: de}\nvideos:");
        let (head, rest) = full.split_once("faults:\n").expect("it has faults");
        let (_, tail) = rest.split_once("other_traffic:").expect("it has other traffic");
        format!("{head}faults:\n{}other_traffic:{tail}", format!("  - {fault}\n").repeat(count))
    };
    vec![
        (bomb, ":5:10: has more than 20000"),
        (keys, ":1:1: key0: is not a key here"),
        (anchors, ":"),
        (big("  many: {count: 20000}", ""), ":103:3: instances: are 20008 instances"),
        (
            big("  many: {count: 19000}", &"many, ".repeat(9_000)),
            ":133:1354: viewers.2.spread.list.210: is one too many",
        ),
        (big(&regions, "origin"), ":1132:62: network.latency.regions.round_trip: has no figure between"),
        (
            in_faults("{clock: [many], ahead: 1 s}", 201),
            ":150:3: faults: has 201 items; it may have from 0 to 200",
        ),
        (
            in_faults(&format!("{{clock: [{}], ahead: 1 s}}", "many, ".repeat(300)), 1),
            ":150:1250: faults.0.clock.206: is one too many",
        ),
        (in_faults("{upgrade: [many], at: 0 s, to: v1, startup: 0 s}", 200), ":1"),
        (big(&long_names, &unknown_names), ":1123:94: viewers.2.spread.list.0: `a---"),
    ]
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a limit on real time is what is tested")]
fn hostile_files_are_refused_soon() {
    for (text, expected) in weak_points().into_iter().chain(greedy()) {
        let start = std::time::Instant::now();
        let problems = answer(text.as_bytes(), &[]).expect_err("no scenario");
        let took = start.elapsed();
        let (first, head) = (problems[0].to_string(), text.chars().take(20).collect::<String>());
        assert!(first.starts_with(&format!("base.yaml{expected}")), "{head:?}: {first}");
        // 100 ms are promised for the program as it is shipped; tests run less optimised and side by side
        assert!(took.as_millis() < 1_000, "{head:?} took {took:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    for bytes in [&b"\xff\xfe"[..], b"name: \xc3\x28", b"\xf0\x9f"] {
        let problems = answer(bytes, &[]).expect_err("no text");
        assert!(problems[0].message.starts_with("is not UTF-8 text here"), "{}", problems[0]);
    }
}

/// What a file may be made of.
fn soup() -> impl Strategy<Value = String> {
    let words = [
        "name: ",
        "base",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "\"",
        "'",
        "&a ",
        "*a",
        "!t ",
        "|",
        ">",
        "? ",
        "# ",
        "%",
        "---\n",
        "...",
        "\t",
        "1",
        "10 min",
        "2 %",
        "-1",
        "1e999",
        "null",
        "~",
        "é",
        "\u{2028}",
        "instances: ",
        "origin",
        "count: ",
        "videos: ",
        "clip: ",
        "viewers: ",
        "compare: ",
        "v1",
        "protocols: ",
        "base: ",
        "spread: ",
        "list: ",
        "weights: ",
        "follows: ",
        "edges: ",
        "wrong-edges.csv",
        "network: ",
        "latency: ",
        "regions: ",
        "expect: ",
        "faults: ",
        "restart: ",
        "upgrade: ",
        "partition: ",
        "at: ",
        "delivery: ",
        "metric: ",
        "end: ",
        "<<: ",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..60).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = answer(&bytes, &[]);
    }

    #[test]
    fn any_soup_of_words_gets_an_answer(text in soup()) {
        let _ = answer(text.as_bytes(), &[]);
    }

    #[test]
    fn a_damaged_scenario_gets_an_answer(at in 0..FULL.len(), length in 0..30usize, patch in soup()) {
        let mut bytes = FULL.as_bytes().to_vec();
        bytes.splice(at..(at + length).min(FULL.len()), patch.into_bytes());
        let _ = answer(&bytes, &[]);
    }

    #[test]
    fn a_scenario_with_one_line_exchanged_resolves_to_itself_or_is_refused(one in 0..FULL.lines().count(), other in 0..FULL.lines().count()) {
        let mut lines: Vec<&str> = FULL.lines().collect();
        lines[one] = lines[other];
        if let Ok(scenario) = answer(lines.join("\n").as_bytes(), &[]) {
            let again = answer(scenario.resolved.as_bytes(), &[]).expect("a resolved scenario is valid");
            prop_assert_eq!(again.resolved, scenario.resolved);
        }
    }

    #[test]
    fn any_argument_gets_an_answer(path in "[a-z0-9.]{0,30}", key in 0..FULL.lines().count(), value in soup()) {
        let key = FULL.lines().nth(key).and_then(|line| line.trim().split(':').next()).unwrap_or("seed");
        let _ = answer(FULL.as_bytes(), &[format!("{key}={value}"), format!("{key}.{path}={value}"), format!("{path}={value}")]);
    }
}
