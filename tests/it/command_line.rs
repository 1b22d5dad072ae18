//! Every verb of the program: what it answers, how it ends, and that a mistake leaves nothing behind.

use crate::program::{Place, SMALL};
use std::fs;
use std::process::Command;

/// `SMALL` with an expectation; the messages of `v2` are about a tenth of those of `v1`.
fn expecting(bounds: &str) -> String {
    format!(
        "{SMALL}expect:\n  - {{metric: viewer_messages_sent, protocol: v2, {bounds}, why: for the test}}\n"
    )
}

/// Asserts that nothing but what the test wrote is in the folder.
fn assert_untouched(place: &Place, files: usize) {
    let entries = fs::read_dir(place.path("")).expect("a folder");
    let names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(names.len(), files, "{names:?}");
}

#[test]
fn calls_end_with_their_codes() {
    let place = Place::with_small();
    place.write("trace.json", "{}");
    for (arguments, code, words) in [
        ("--version", 0, ""),
        ("--help", 0, ""),
        ("protocols", 0, ""),
        ("metrics", 0, ""),
        ("schema", 0, ""),
        ("validate small.yaml", 0, ""),
        ("validate small.yaml --resolved", 0, ""),
        ("", 2, "Usage"),
        ("fly", 2, "unrecognized subcommand"),
        ("run", 2, "required"),
        ("run small.yaml --fast", 2, "unexpected argument"),
        ("run small.yaml --seed -1", 2, "-1"),
        ("run small.yaml --seed 18446744073709551616", 2, "--seed"),
        ("run small.yaml --jobs 0", 2, "--jobs"),
        ("run small.yaml --jobs many", 2, "--jobs"),
        ("run small.yaml --set", 2, "--set"),
        ("run small.yaml --set seed", 2, "--set seed"),
        ("run small.yaml --set sed=2", 2, "did you mean `seed`"),
        ("run small.yaml --set end=0", 2, "end"),
        ("run small.yaml --protocol v9", 2, "did you mean `v"),
        ("run missing.yaml", 1, "missing.yaml: cannot be read"),
        ("run .", 1, "not a regular file"),
        ("validate missing.yaml", 1, "cannot be read"),
        ("matrix", 2, "required"),
        ("matrix missing.yaml", 1, "missing.yaml: cannot be read"),
        ("matrix small.yaml --protocols v1,v9", 2, "`v9` is no protocol; did you mean `v"),
        ("matrix small.yaml --protocols v1", 2, "name two or more with --protocols"),
        ("matrix small.yaml --protocols v1,v1", 2, "`v1` is there twice"),
        ("matrix small.yaml --third origin", 2, "has no follower `origin` (--third)"),
        ("matrix small.yaml --rollout v1", 2, "it is written `A..B`"),
        ("matrix small.yaml --rollout v1..v1", 2, "`v1` is there twice"),
        ("matrix small.yaml --rollout v1..v2 --protocols v1,v2", 2, "cannot be used with"),
        ("matrix small.yaml --rollout v1..v2 --third origin", 2, "cannot be used with"),
        (
            "matrix small.yaml --protocols v1,v2 --set instances.followers.protocol=v1",
            2,
            "has no follower whose protocol can change",
        ),
        ("matrix small.yaml --protocols v1,v2 --set limits.cells=3", 2, "limits.cells"),
        ("matrix small.yaml --protocols v1,v2 --set limits.sessions=3", 2, "limits.sessions = 3: raise it"),
        ("matrix small.yaml --rollout v1..v2 --set limits.sessions=3", 2, "limits.sessions = 3: raise it"),
        ("events", 2, "required"),
        ("events small.yaml", 2, "--protocol"),
        ("events missing.yaml --protocol v1", 1, "cannot be read"),
        ("events --compare small.yaml", 2, "--compare"),
        ("events --compare small.yaml missing", 1, "cannot be read"),
        ("events small.yaml --protocol v1 --from -1", 2, "-1"),
        ("init small.yaml", 2, "exists already"),
        ("init Large.yaml", 2, "lower-case"),
        ("init ..", 2, "lower-case"),
        ("init missing/new.yaml", 1, "cannot write"),
        ("import", 2, "Usage"),
        ("import fedivertex", 2, "required"),
        ("import fedivertex --instances . --follows . --out new.yaml", 1, "not a regular file"),
        ("conform", 2, "required"),
        ("conform missing.json", 1, "cannot be read"),
        ("conform .", 1, "not a regular file"),
        ("conform trace.json", 2, "not a recording"),
    ] {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        let answer = place.call(&arguments);
        assert_eq!(answer.code, Some(code), "{arguments:?}: {}", answer.err);
        assert!(answer.err.contains(words), "{arguments:?}: {}", answer.err);
        assert_eq!(answer.err.is_empty(), code == 0, "{arguments:?}: {}", answer.err);
    }
    assert_untouched(&place, 2);
}

#[test]
fn the_committed_definitions_are_the_printed_ones() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    let committed = fs::read_to_string(path).expect("the definitions");
    assert_eq!(committed, Place::new().good(&["metrics"]), "make it with: fedisim metrics > docs/metrics.md");
    // hosts of 22 and 24 characters, session ids of 32, video ids of six digits
    let sizes = Place::new().good(&["metrics", "--sizes"]);
    assert!(
        sizes.contains("| viewer of a follower, with `result` 1 | 8.0 | 1353 | `@context` 377, "),
        "{sizes}"
    );
}

#[test]
fn the_first_scenario_of_a_new_user_runs() {
    let place = Place::new();
    let said = place.good(&["init", "mine.yaml"]);
    assert_eq!(said, "wrote mine.yaml; now: fedisim run mine.yaml\n");
    let valid = place.good(&["validate", "mine.yaml"]);
    assert!(valid.starts_with("mine is valid: "), "{valid}");
    let table = place.good(&["run", "mine.yaml", "--set", "end=5 min"]);
    assert!(table.contains(" VIEWER TRAFFIC"), "{table}");
    assert!(place.path("results/mine/summary.csv").exists());
}

#[test]
fn the_table_and_nothing_else_is_printed() {
    let place = Place::with_small();
    let answer = place.call(&["run", "small.yaml", "--out", "out"]);
    assert_eq!(answer.err, "records are in out\n");
    let rows = answer.out.lines().filter(|line| line.starts_with("   ")).count();
    assert!(rows > 20 && !answer.out.contains("records"), "{}", answer.out);
    assert!(
        answer.out.lines().next().is_some_and(|line| ["v1", "v2", "v3"].iter().all(|p| line.contains(p)))
    );
}

#[test]
fn a_run_in_which_nothing_happens_says_so() {
    let place = Place::with_small();
    let table = place.good(&["run", "small.yaml", "--out", "out", "--set", "viewers=[]"]);
    assert!(table.contains("nobody watched, and nothing was sent"), "{table}");
}

#[test]
fn what_is_changed_on_the_command_line_is_what_runs() {
    let place = Place::with_small();
    for (arguments, resolved) in [
        (&["--seed", "77"][..], "seed: 77"),
        (&["--set", "seed=77"], "seed: 77"),
        (&["--set", "end=90 s"], "end: 90 s"),
        (&["--set", "network.loss=2 %", "--set", "network.loss=3 %"], "loss: 3 %"),
        (&["--protocol", "v2"], "compare:\n  - v2\nbaseline: v2"),
        (&["--protocol", "v3", "--protocol", "v1"], "compare:\n  - v3\n  - v1\nbaseline: v1"),
    ] {
        let text = place.good(&[&["validate", "small.yaml", "--resolved"], arguments].concat());
        assert!(text.contains(resolved), "{arguments:?}: {text}");
    }
}

#[test]
fn expectations_decide_how_a_run_ends() {
    let place = Place::new();
    for (bounds, code, verdict) in [
        ("relative_to: v1, max: 0.5", 0, "ok  "),
        ("relative_to: v1, max: 0.01", 99, "FAIL"),
        ("relative_to: v1, max: 0.01, severity: warn", 0, "warn"),
        ("min: 1", 0, "ok  "),
        ("min: 1e9", 99, "FAIL"),
    ] {
        place.write("small.yaml", expecting(bounds));
        let answer = place.call(&["run", "small.yaml", "--out", "out", "--force"]);
        assert_eq!(answer.code, Some(code), "{bounds}: {}", answer.err);
        assert!(
            answer.out.contains(&format!("{verdict} v2: viewer_messages_sent")),
            "{bounds}: {}",
            answer.out
        );
        assert!(place.path("out/summary.csv").exists());
        // The verdict stays when the complete folder is read again.
        assert_eq!(place.call(&["run", "small.yaml", "--out", "out"]).code, Some(code), "{bounds}");
    }
    place.write("small.yaml", expecting("max: 1").replace("viewer_messages_sent", "viewer_mesages_sent"));
    let answer = place.call(&["run", "small.yaml", "--out", "other"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("did you mean `viewer_messages_sent`"), "{}", answer.err);
    assert!(!place.path("other").exists());
}

#[test]
fn an_expectation_without_a_value_fails() {
    let place = Place::new();
    let expecting = expecting("max: 100").replace("viewer_messages_sent", "staleness_mean_s");
    place.write("small.yaml", expecting.replace("protocol: v2", "protocol: v1"));
    let answer = place.call(&["run", "small.yaml", "--out", "out"]);
    assert_eq!(answer.code, Some(99), "{}", answer.err);
    assert!(answer.out.contains("no value"), "{}", answer.out);
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        bomb += &format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(9));
    }
    let with = |old: &str, new: &str| SMALL.replace(old, new).into_bytes();
    vec![
        ("empty", Vec::new()),
        ("a list", b"- a\n- b\n".to_vec()),
        ("not UTF-8", b"name: \xff\xfe\n".to_vec()),
        ("an alias bomb", bomb.into_bytes()),
        ("brackets", b"[".repeat(200_000)),
        ("1e400", with("rate: 10 /min", "rate: 1e400 /min")),
        ("another 1e400", with("exponential: 2 min", "exponential: 1e400 s")),
        ("a name with a path", with("name: small", "name: ../small")),
        ("an absolute name", with("name: small", "name: /tmp/small")),
        ("another name", with("name: small", "name: large")),
        ("a name of an instance with a path", with("followers:", "../followers:")),
        ("null", b"null".to_vec()),
        ("zeros", vec![0; 100_000]),
        ("an unknown key", with("videos:", "video:")),
        ("a fraction of a follower", with("count: 5", "count: 0.5")),
        ("no follower", with("count: 5", "count: 0")),
        ("too many followers", with("count: 5", "count: 99999999999999999999")),
        ("a run of for ever", with("end: 10 min", "end: 9999999 d")),
        ("too many sessions", with("10 /min", "1000000 /s")),
        ("too many samples", with("network:", "measure: {every: 1 ms}\nlimits: {output: 1 MB}\nnetwork:")),
    ]
}

#[test]
fn bad_scenarios_are_refused_and_nothing_is_written() {
    let place = Place::new();
    for (what, bytes) in hostile() {
        place.write("small.yaml", &bytes);
        for verb in
            [&["run", "small.yaml"][..], &["run", "small.yaml", "--out", "out"], &["validate", "small.yaml"]]
        {
            let answer = place.call(verb);
            assert_eq!(answer.code, Some(2), "{what}: {}", answer.err);
            assert!(answer.err.starts_with("small.yaml:"), "{what}: {}", answer.err);
            assert!(answer.out.is_empty() && answer.err.len() < 20_000, "{what}: {}", answer.err);
        }
        assert_untouched(&place, 1);
    }
}

#[test]
fn a_pipe_is_no_scenario_and_no_recording() {
    let place = Place::new();
    let made = Command::new("mkfifo").arg(place.path("pipe.yaml")).status();
    assert!(made.expect("there is a `mkfifo`").success());
    for verb in ["run", "validate", "conform"] {
        let answer = place.call(&[verb, "pipe.yaml"]);
        assert_eq!(answer.code, Some(1), "{verb}: {}", answer.err);
        assert!(answer.err.contains("not a regular file"), "{verb}: {}", answer.err);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let place = Place::with_small();
    for arguments in
        ["protocols", "metrics", "schema", "validate small.yaml", "events small.yaml --protocol v1"]
    {
        let mut child = place.start(&arguments.split_whitespace().collect::<Vec<_>>());
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{arguments}");
        assert!(output.stderr.is_empty(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut child = place.start(&["run", "small.yaml", "--out", "out"]);
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"records are in out\n");
}

#[test]
fn recordings_are_judged_one_by_one() {
    let place = Place::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traces");
    let good = format!("{folder}/mixed--v2.json");
    let text = fs::read_to_string(&good).expect("a recording");
    place.write("altered.json", text.replacen("3128", "3129", 1));
    place.write("broken.json", "{");
    let good = good.as_str();
    for (traces, code, last) in [
        (&[good][..], 0, "1 passed, 0 failed"),
        (&[good, good], 0, "2 passed, 0 failed"),
        (&["altered.json", good], 99, "1 passed, 1 failed"),
        (&["altered.json"], 99, "0 passed, 1 failed"),
        (&["broken.json", good], 2, "1 passed, 1 failed"),
        (&["altered.json", "broken.json"], 2, "0 passed, 2 failed"),
        (&["missing.json", "altered.json", good], 1, "1 passed, 2 failed"),
    ] {
        let answer = place.call(&[&["conform"], traces].concat());
        assert_eq!(answer.code, Some(code), "{traces:?}: {}", answer.err);
        assert_eq!(answer.out.lines().last(), Some(last), "{traces:?}");
        let told = answer.out.lines().count() - 1 + answer.err.lines().count();
        assert_eq!(told, traces.len(), "a line each: {}{}", answer.out, answer.err);
    }
    let failed = place.call(&["conform", "altered.json"]);
    assert!(
        failed.out.starts_with(
            "FAIL altered.json: at 3028 ms: recorded [3028 ms: viewer from r1 to origin, arrives 3129 ms"
        ),
        "{}",
        failed.out
    );
}

#[test]
fn all_recordings_pass() {
    let place = Place::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traces");
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let paths: Vec<_> =
        entries.filter(|path| path.is_file()).map(|path| path.display().to_string()).collect();
    let arguments: Vec<_> = ["conform"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let out = place.good(&arguments);
    assert_eq!(out.lines().count(), 56);
    assert_eq!(out.lines().last(), Some("55 passed, 0 failed"));
}
