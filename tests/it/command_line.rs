//! Every verb as a user meets it: exit codes, what is printed, and that wrong input writes nothing.

use crate::command::{Bench, SMALL};
use std::io::Read;

#[test]
fn verbs_that_print_print() {
    let bench = Bench::with(SMALL);
    for (arguments, expected) in [
        (&["protocols"][..], "| forward             | always"),
        (&["metrics"][..], "| `display_error_relative` | share | lower |"),
        (&["schema"][..], "\"$schema\""),
        (&["validate", "small.yaml"][..], "small is valid: 5 instances"),
        (&["validate", "small.yaml", "--resolved"][..], "bucket: 1 min"),
        (&["--version"][..], env!("CARGO_PKG_VERSION")),
        (&["--help"][..], "Exit codes: 0 good"),
    ] {
        let said = bench.run(arguments);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{arguments:?}");
        assert!(said.out.contains(expected), "{arguments:?}: {}", said.out);
    }
}

#[test]
fn the_committed_definitions_are_the_printed_ones() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    let committed = std::fs::read_to_string(path).expect("the definitions");
    assert_eq!(committed, Bench::with(SMALL).run(&["metrics"]).out, "fedisim metrics > docs/metrics.md");
}

#[test]
fn init_writes_a_scenario_that_runs_and_overwrites_nothing() {
    let bench = Bench::with(SMALL);
    assert_eq!(bench.run(&["init", "mine.yaml"]).code, 0);
    assert_eq!(bench.run(&["run", "mine.yaml", "--out", "out"]).code, 0);
    let again = bench.run(&["init", "mine.yaml"]);
    assert_eq!((again.code, again.err.contains("exists already")), (2, true));
    assert_eq!(bench.run(&["init", "My Scenario.yaml"]).code, 2);
    assert_eq!(bench.run(&["init", "nowhere/mine.yaml"]).code, 1);
}

#[test]
fn an_expectation_is_a_gate() {
    for (severity, code, word) in [("fail", 99, "FAIL v2"), ("warn", 0, "warn v2")] {
        let bench = Bench::with(&SMALL.replace("max: 1, ", &format!("max: 0.0001, severity: {severity}, ")));
        let said = bench.run(&["run", "small.yaml"]);
        assert_eq!(said.code, code);
        assert!(said.out.contains(word), "{}", said.out);
        assert!(bench.path("results/small/summary.csv").exists());
    }
}

#[test]
fn changes_on_the_command_line_are_made() {
    let bench = Bench::with(SMALL);
    let said =
        bench.run(&["validate", "small.yaml", "--resolved", "--set", "network.loss=7 %", "--seed", "5"]);
    assert!(said.out.contains("loss: 7 %") && said.out.contains("seed: 5"), "{}", said.out);
    let said = bench.run(&["validate", "small.yaml", "--set", "network.los=7 %"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("did you mean `loss`?"), "{}", said.err);
}

#[test]
fn wrong_input_gets_a_sentence_and_writes_nothing() {
    let bomb = format!(
        "a: &a [1,1,1,1,1,1,1,1,1,1]\n{}",
        ('b'..='i')
            .map(|c| format!("{c}: &{c} [{}]\n", vec![format!("*{}", (c as u8 - 1) as char); 10].join(",")))
            .collect::<String>()
    );
    let changed = |from: &str, to: &str| SMALL.replace(from, to).into_bytes();
    for (bytes, expected) in [
        (Vec::new(), "small.yaml:1:1: is empty"),
        (b"- 1\n- 2\n".to_vec(), "small.yaml:1:1: a list"),
        (vec![0xff, 0xfe, 0x00, 0x41], "UTF-8"),
        (bomb.into_bytes(), "20000"),
        (vec![b'['; 200_000], "small.yaml:1:"),
        (changed("rate: 0.2 /s", "rate: 1e400"), "small.yaml:12:33: viewers.0.arrivals.constant.rate"),
        (changed("name: small", "name: ../small"), "small.yaml:1:7: name"),
        (changed("count: 4", "cuont: 4"), "did you mean `count`?"),
        (
            changed("metric: viewer_messages_sent", "metric: viewer_message_sent"),
            "did you mean `viewer_messages_sent`?",
        ),
        (changed("v2, relative_to", "v9, relative_to"), "v9"),
        (changed("loss: 2 %", "loss: 200 %"), "from 0 % to 100 %"),
    ] {
        let bench = Bench::with("");
        bench.write("small.yaml", &bytes);
        let said = bench.run(&["run", "small.yaml", "--out", "out"]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{expected}: {}", said.err);
        assert!(said.err.contains(expected), "{expected}: {}", said.err);
        assert!(!bench.path("out").exists());
    }
}

#[test]
fn what_cannot_be_read_and_what_is_no_command() {
    let bench = Bench::with(SMALL);
    for (arguments, code) in [
        (&["run", "nothing.yaml"][..], 1),
        (&["run", "."][..], 1),
        (&["conform", "nothing.json"][..], 1),
        (&["conform", "small.yaml"][..], 2),
        (&["events", "small.yaml"][..], 2),
        (&["events"][..], 2),
        (&["run"][..], 2),
        (&["walk"][..], 2),
        (&["run", "small.yaml", "--jobs", "0"][..], 2),
        (&["run", "small.yaml", "--seed", "-1"][..], 2),
        (&["run", "small.yaml", "--set", "limits.events=10"][..], 2),
    ] {
        let said = bench.run(arguments);
        assert_eq!(
            (said.code, said.out.is_empty()),
            (code, !arguments.contains(&"conform")),
            "{arguments:?}"
        );
        assert!(!said.err.is_empty(), "{arguments:?}");
    }
    assert!(!bench.path("results").exists());
}

#[test]
fn conform_counts_and_exits_by_what_it_found() {
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traces/mixed--v2.json");
    let text = std::fs::read_to_string(good).expect("a recording");
    let bench = Bench::with(SMALL);
    bench.write("bad.json", text.replace("[3028, 3128,", "[3028, 3129,").as_bytes());
    let last = |out: &str| out.lines().last().unwrap_or_default().to_owned();
    let said = bench.run(&["conform", good, good]);
    assert_eq!((said.code, last(&said.out).as_str()), (0, "2 passed, 0 failed"));
    let said = bench.run(&["conform", good, "bad.json"]);
    assert_eq!((said.code, last(&said.out).as_str()), (99, "1 passed, 1 failed"));
    assert!(said.out.contains("FAIL bad.json: at 3028 ms: recorded ["), "{}", said.out);
    let said = bench.run(&["conform", "small.yaml", good]);
    assert_eq!((said.code, last(&said.out).as_str()), (2, "1 passed, 1 failed"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let bench = Bench::with(SMALL);
    let mut child = bench.command(&["events", "small.yaml", "--protocol", "v1"]).spawn().expect("it starts");
    let mut first = [0; 10];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("it prints");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
