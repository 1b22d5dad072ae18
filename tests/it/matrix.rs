//! `fedisim matrix` on the committed scenarios: the clobbered count and the mixture of releases, with the numbers that `run` has of the same
//! columns written by hand; and a roll-out.

use crate::program::Place;
use std::collections::BTreeMap;

fn scenario(name: &str) -> String {
    format!("{}/scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// A table of results: by the first of its cells, joined, the others by their names.
fn table(place: &Place, file: &str, keys: usize) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(place.path(file)).expect("a table");
    let header = reader.headers().expect("names").clone();
    let row = |row: Result<csv::StringRecord, csv::Error>| {
        let row = row.expect("a whole row");
        let key: Vec<&str> = row.iter().take(keys).collect();
        let cells = header.iter().zip(&row).map(|(name, cell)| (name.to_owned(), cell.to_owned()));
        (key.join(" "), cells.collect())
    };
    reader.records().map(row).collect()
}

fn number(row: &BTreeMap<String, String>, name: &str) -> f64 {
    row[name].parse().expect("a number")
}

/// Three instances: the origin shows the crowd, and what followers show under 6.3-v2 is what was last forwarded.
#[test]
fn the_matrix_has_the_clobbered_count() {
    let place = Place::new();
    let file = scenario("three-instances");
    let protocols = "peertube-6.3-v2,v2,peertube-8.2.4";
    let arguments = ["matrix", &file, "--protocols", protocols, "--third", "right", "--out", "out"];
    let text = place.good(&arguments);
    let results = table(&place, "out/matrix.csv", 3);
    assert_eq!(results.len(), 27);
    let shown = |key: &str, name: &str| number(&results[key], name);
    let (old, v2, new) = ("peertube-6.3-v2", "v2", "peertube-8.2.4");
    // the bounds of the scenario, derived there
    let everybody = |name: &str| format!("{name} {name} {name}");
    let clobbered = shown(&everybody(old), "followers_displayed_mean");
    assert!((1.0..=6.9).contains(&clobbered), "{clobbered}");
    assert!((39.0..=41.0).contains(&shown(&everybody(old), "origin_displayed_mean")));
    for name in [v2, new] {
        assert_eq!(results[&everybody(name)]["followers_displayed_mean"], "30");
        assert_eq!(results[&everybody(name)]["origin_displayed_mean"], "30");
        assert_eq!(results[&everybody(name)]["third_displayed_mean"], "30");
        assert_eq!(results[&everybody(name)]["third_error_relative"], "0");
    }
    // it needs an origin that forwards and a third that believes what is forwarded; who sends does not matter
    for sender in [old, v2, new] {
        for (origin, third, is_clobbered) in [
            (old, old, true),
            (old, v2, true),
            (old, new, false),
            (v2, old, false),
            (v2, v2, false),
            (v2, new, false),
            (new, old, true),
            (new, v2, true),
            (new, new, false),
        ] {
            let key = format!("{origin} {sender} {third}");
            assert_eq!(shown(&key, "third_displayed_mean") <= 6.9, is_clobbered, "{key}");
        }
    }
    // a follow between 8.0 or later and 7.0 or earlier could not begin, in each pair with the origin
    assert_eq!(results[&format!("{new} {old} {old}")]["incompatible_pairs"], "2");
    assert_eq!(results[&format!("{new} {new} {old}")]["incompatible_pairs"], "1");
    assert_eq!(results[&everybody(old)]["incompatible_pairs"], "0");
    assert!(text.contains("\n* some of these instances could not begin to follow each other"), "{text}");
    let worse = "origin peertube-8.2.4, followers v2, against everybody v2: seen error 29.9 %, not 0 %";
    assert!(text.contains(worse), "{text}");
    let files = place.contents("out");
    assert!(files.contains_key("matrix-seen_error_relative.svg") == cfg!(feature = "report"));
    // nothing changes with the threads, and what is there is not run again
    let again = place.call(&arguments);
    assert!(again.err.contains("complete; nothing was run") && again.out == text, "{}", again.err);
    place.good(&[&arguments[..7], &["one", "--jobs", "1"]].concat());
    assert!(place.contents("out") == place.contents("one"));
}

/// The numbers of the columns that mixed-versions writes by hand.
#[test]
fn the_matrix_has_the_mixture_of_releases() {
    let place = Place::new();
    let file = scenario("mixed-versions");
    let (old, new) = ("peertube-6.0", "peertube-7.2");
    place.good(&["matrix", &file, "--protocols", &format!("{old},{new}"), "--out", "out"]);
    place.good(&["run", &file, "--out", "run", "--quiet"]);
    let results = table(&place, "out/matrix.csv", 2);
    let by_hand: BTreeMap<(String, String), String> = place
        .rows("run/summary.csv")
        .into_iter()
        .map(|row| ((row[1].clone(), row[6].clone()), row[8].clone()))
        .collect();
    for (key, column) in [
        (format!("{new} {new}"), new),
        (format!("{old} {old}"), old),
        (format!("{new} {old}"), "old-followers"),
        (format!("{old} {new}"), "old-origin"),
    ] {
        for metric in ["bytes_sent", "seen_error_relative", "wrong_zero_share", "followers_displayed_mean"] {
            assert_eq!(
                results[&key][metric],
                by_hand[&(column.to_owned(), metric.to_owned())],
                "{key} {metric}"
            );
        }
    }
    // an old follower adds an entry per total: 1 + u, 4 standard errors of 100 followers
    let mixture = number(&results[&format!("{new} {old}")], "followers_displayed_mean");
    assert!((1.38..=1.62).contains(&mixture), "{mixture}");
}

#[test]
fn a_roll_out_goes_from_everybody_old_to_everybody_new() {
    let place = Place::new();
    let file = scenario("mixed-versions");
    let sets = ["--set", "instances.followers.count=20", "--set", "measure.every=30 s"];
    let rollout = ["matrix", &file, "--rollout", "peertube-6.0..peertube-7.2", "--out", "out"];
    let text = place.good(&[&rollout[..], &sets].concat());
    assert!(text.contains("Nobody watches at a follower: there is no roll-out by size."), "{text}");
    let steps = table(&place, "out/rollout.csv", 3);
    assert_eq!(steps.len(), 22);
    place.good(&[&["run", &file, "--out", "run", "--quiet", "--set", "expect=[]"][..], &sets].concat());
    let shows = |column: &str| {
        let is_it = |row: &&Vec<String>| row[1] == column && row[6] == "followers_displayed_mean";
        let row = place.rows("run/summary.csv").iter().find(is_it).expect("a value").clone();
        row[8].parse::<f64>().expect("a number")
    };
    let step = |order: &str, share: u32| {
        number(&steps[&format!("number {order} {share}")], "followers_displayed_mean")
    };
    let near = |one: f64, other: f64| assert!((one - other).abs() < 1e-9, "{one} {other}");
    near(step("followers-first", 0), shows("peertube-6.0"));
    near(step("followers-first", 100), shows("old-origin"));
    near(step("origin-first", 0), shows("old-followers"));
    near(step("origin-first", 100), shows("peertube-7.2"));
    // each follower that upgrades shows everybody in place of 1 to 2: with 119 viewers 5.9 more for each of 20
    for share in (0..100).step_by(10) {
        let rise = step("origin-first", share + 10) - step("origin-first", share);
        assert!((rise - 2.0 * 117.5 / 20.0).abs() < 0.06, "{share}: {rise}");
    }
    let header = "    followers off, in viewers, by: ";
    assert!(text.contains(header) && text.contains("not worse than nobody at any step"), "{text}");
}

/// As many columns as there may be, and as many names in them, are read; more are refused with a remedy.
#[test]
fn the_largest_matrices_and_roll_outs_can_be_read() {
    let place = Place::with_small();
    let releases = "v1,v2,v3,peertube-6.3-v1,peertube-6.3-v2,peertube-7.2,peertube-8.0,peertube-8.2,peertube-8.2.4,peertube-9.0-dev";
    let third = ["--third", "followers-5", "--dry-run"];
    let text = place.good(&[&["matrix", "small.yaml", "--protocols", releases][..], &third].concat());
    assert!(text.starts_with("to be expected: 1000 cells"), "{text}");
    let eleven = place.call(
        &[&["matrix", "small.yaml", "--protocols", &format!("{releases},peertube-6.0")][..], &third].concat(),
    );
    assert_eq!(eleven.code, Some(2), "{}", eleven.err);
    assert!(
        eleven.err.contains("would take 1331 columns for 11 protocols, and there may be 1000"),
        "{}",
        eleven.err
    );
    let rollout = |followers: &str| {
        let count = format!("instances.followers.count={followers}");
        place.call(&["matrix", "small.yaml", "--rollout", "v1..v2", "--set", &count, "--dry-run"])
    };
    let text = rollout("1000").out;
    assert!(text.starts_with("to be expected: 38 cells"), "{text}");
    let large = rollout("4000");
    assert_eq!(large.code, Some(2), "{}", large.err);
    assert!(large.err.contains("take fewer protocols, or a scenario with fewer instances"), "{}", large.err);
}
