//! `fedisim import`: from what a crawler publishes to a scenario that runs.

use super::program::{Answer, Place};
use std::fs;

/// Made by `scripts/synthetic-federation --seed 3 --nodes 40 --follows 160 --core 12`.
const INSTANCES: &str = include_str!("../federation/instances.csv");
const FOLLOWS: &str = include_str!("../federation/follows.csv");
const WRITTEN: [&str; 4] = ["tubes-dead.csv", "tubes-follows.csv", "tubes-instances.csv", "tubes.yaml"];

/// A folder with a crawl.
fn crawled(instances: &str, follows: &str) -> Place {
    let place = Place::new();
    place.write("instances.csv", instances);
    place.write("follows.csv", follows);
    place
}

fn import(place: &Place, more: &str) -> Answer {
    let arguments = format!("import fedivertex --instances instances.csv --follows follows.csv {more}");
    place.call(&arguments.split_whitespace().collect::<Vec<_>>())
}

/// The files in a folder, but for the crawl's.
fn files(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.path("")).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    let mut names: Vec<String> =
        names.filter(|name| !matches!(&name[..], "instances.csv" | "follows.csv")).collect();
    names.sort();
    names
}

#[test]
fn a_crawl_becomes_a_scenario_that_runs() {
    let place = crawled(INSTANCES, FOLLOWS);
    let answer = import(&place, "--out tubes.yaml --seed 5");
    assert_eq!((answer.code, &answer.err[..]), (Some(0), ""));
    for words in [
        "40 instances: 38 that answered, and 2 dead ones, which are down from the beginning\n",
        "\n160 follows\n",
        "\n13604 videos\n",
        "| 8.2.1   |         8 | peertube-8.2    |\n",
        "| 5.2.1   |         1 | peertube-6.0    |\n",
        " pairs follow each other that could not begin to with these releases (8.0 or later with 7.0 or earlier), such as tube-",
        "\nnothing was left out\n",
        "to be expected: 3 cells, each of about ",
        "wrote tubes-dead.csv, tubes-follows.csv, tubes-instances.csv, tubes.yaml; now: fedisim run tubes.yaml\n",
    ] {
        assert!(answer.out.contains(words), "{words}: {}", answer.out);
    }
    assert_eq!(files(&place), WRITTEN);
    let valid = place.call(&["validate", "tubes.yaml"]);
    assert_eq!(valid.code, Some(0), "{}", valid.err);
    assert!(
        valid.out.starts_with("tubes is valid: 40 instances, 13604 videos, protocols v1, v2, as-found\n"),
        "{}",
        valid.out
    );
    let run = place.call(&["run", "tubes.yaml", "--set", "end=3 h", "--out", "out"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let manifest = place.read("out/manifest.json");
    assert!(manifest.contains("\"seed\": 5"), "{manifest}");
}

/// The numbers of the releases' pairs are counted a second way: from the tables that were written.
#[test]
fn pairs_that_cannot_meet_are_kept_and_counted() {
    let place = crawled(INSTANCES, FOLLOWS);
    let said = import(&place, "--out tubes.yaml").out;
    let protocol_of = |host: &str| {
        let rows = place.rows("tubes-instances.csv");
        rows.iter().find(|row| row[0] == host).map_or(String::new(), |row| row[1].clone())
    };
    let mut pairs: Vec<[String; 2]> = Vec::new();
    for row in place.rows("tubes-follows.csv") {
        let is_new = |host: &str| matches!(&protocol_of(host)[..], "peertube-8.0" | "peertube-8.2");
        let is_old = |host: &str| matches!(&protocol_of(host)[..], "peertube-6.3-v1" | "peertube-6.0");
        let mut pair = [row[0].clone(), row[1].clone()];
        pair.sort();
        if (is_new(&row[0]) && is_old(&row[1]) || is_old(&row[0]) && is_new(&row[1]))
            && !pairs.contains(&pair)
        {
            pairs.push(pair);
        }
    }
    assert!(pairs.len() > 5, "{pairs:?}");
    assert!(said.contains(&format!("\n{} pairs follow each other", pairs.len())), "{}: {said}", pairs.len());
}

#[test]
fn damage_is_told_by_reason_and_the_rest_runs() {
    let more = "tube-1.example,far.example,1\n".repeat(12) + "tube-1.example,tube-1.example,1\n";
    let place = crawled(&INSTANCES.replace(",7.0.1,", ",\u{1b}[31m,"), &format!("{FOLLOWS}{more}"));
    let answer = import(&place, "--out tubes.yaml");
    assert_eq!((answer.code, &answer.err[..]), (Some(0), ""));
    let told = "\
left out, or not taken as it stands:
  2 versions that are none (these instances get the preset that most have)
    instances.csv:2:1: serverVersion: `\\u{1b}[31m` is not a version
";
    assert!(answer.out.contains(told), "{}", answer.out);
    assert!(answer.out.contains("| `\\u{1b}[31m`, unknown |         2 | "), "{}", answer.out);
    let told = "  12 follows of or by who is not among the instances\n    follows.csv:162:1: Target: `far.example` is neither ";
    assert!(answer.out.contains(told) && answer.out.contains("    and 2 more\n"), "{}", answer.out);
    assert!(
        answer.out.contains("  1 follows of an instance by itself\n    follows.csv:174:1: "),
        "{}",
        answer.out
    );
    place.good(&["validate", "tubes.yaml"]);
}

#[test]
fn what_cannot_be_imported_leaves_nothing_behind() {
    for (instances, follows, more, code, words) in [
        (INSTANCES, FOLLOWS, "", 2, "--out"),
        (INSTANCES, FOLLOWS, "--out Tubes.yaml", 2, "lower-case"),
        (INSTANCES, FOLLOWS, "--out tubes.csv", 2, "is not NAME.yaml"),
        (INSTANCES, FOLLOWS, "--out ..", 2, "is not NAME.yaml"),
        (INSTANCES, FOLLOWS, "--out tubes.yaml --seed -1", 2, "-1"),
        (INSTANCES, FOLLOWS, "--out nowhere/tubes.yaml", 1, "cannot be written"),
        (INSTANCES, FOLLOWS, "--out tubes.yaml --follows missing.csv", 2, "--follows"),
        (INSTANCES, "Source\n", "--out tubes.yaml", 2, "follows.csv:1:1: has no column `Target`"),
        (
            "host\n",
            FOLLOWS,
            "--out tubes.yaml",
            2,
            "instances.csv:1:1: has no column `totalMonthlyActiveUsers`",
        ),
        ("\u{0}", FOLLOWS, "--out tubes.yaml", 2, "instances.csv:1:1: has no column"),
    ] {
        let place = crawled(instances, follows);
        let answer = import(&place, more);
        assert_eq!(answer.code, Some(code), "{more}: {}", answer.err);
        assert!(answer.err.contains(words) && answer.out.is_empty(), "{more}: {} {}", answer.err, answer.out);
        assert_eq!(files(&place), [""; 0], "{more}");
    }
    let place = crawled(INSTANCES, FOLLOWS);
    let answer = place.call(&[
        "import",
        "fedivertex",
        "--instances",
        "missing.csv",
        "--follows",
        "follows.csv",
        "--out",
        "a.yaml",
    ]);
    assert_eq!(
        (answer.code, answer.err.starts_with("missing.csv: cannot be read: ")),
        (Some(1), true),
        "{}",
        answer.err
    );
}

#[test]
fn files_are_written_over_only_if_that_is_said_and_never_those_that_are_read() {
    let place = crawled(INSTANCES, FOLLOWS);
    for name in WRITTEN {
        place.write(name, "mine");
        let answer = import(&place, "--out tubes.yaml");
        assert_eq!(answer.code, Some(2), "{name}");
        assert!(answer.err.starts_with(&format!("{name}: exists already;")), "{}", answer.err);
        assert_eq!((files(&place), &place.read(name)[..]), (vec![name.to_owned()], "mine"));
        fs::remove_file(place.path(name)).expect("it was there");
    }
    place.write("tubes.yaml", "mine");
    assert_eq!(import(&place, "--out tubes.yaml --force").code, Some(0));
    let first = place.contents("");
    assert_eq!(import(&place, "--out tubes.yaml --force").code, Some(0));
    assert_eq!(place.contents(""), first, "the same crawl gives the same bytes");
    place.write("mine-instances.csv", INSTANCES);
    let own = [
        "import",
        "fedivertex",
        "--instances",
        "mine-instances.csv",
        "--follows",
        "follows.csv",
        "--out",
        "./mine.yaml",
        "--force",
    ];
    let answer = place.call(&own);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("is read by this import"), "{}", answer.err);
    assert_eq!(place.read("mine-instances.csv"), INSTANCES);
}
