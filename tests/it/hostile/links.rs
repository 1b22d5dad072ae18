//! No link is followed.

use super::{CHECK_RUN, RUN, assert_digests_hold, assert_refused, with_run};
use crate::program::{Place, SMALL};
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn no_link_is_followed_when_something_is_written() {
    let place = with_run();
    place.write("mine", "mine");
    let trap = |name: &str| {
        let path = place.path(name);
        let _ = fs::remove_file(&path);
        symlink(place.path("mine"), path).expect("a link");
    };
    for name in [
        "manifest.part",
        "summary.part",
        "counters.part",
        "scenario.resolved.part",
        "summary.csv",
        "manifest.json",
    ] {
        trap(&format!("out/{name}"));
    }
    fs::create_dir(place.path("out/cells")).expect("a folder");
    trap("out/cells/0.part");
    trap("out/cells/1.json");
    place.good(&[&RUN[..], &["--force", "--timeline", "trace.json"]].concat());
    assert_digests_hold(&place, "out");
    for name in ["trace.json", "trace.json.part", "j.xml", "j.xml.part", "baseline/small/summary.csv.part"] {
        trap(name);
    }
    place.good(&[&RUN[..], &["--timeline", "trace.json"]].concat());
    place.good(&[&CHECK_RUN[..], &["--junit", "j.xml"]].concat());
    place.good(&["bless", "--run", "out", "--baseline", "baseline"]);
    if cfg!(feature = "report") {
        fs::create_dir(place.path("out/plots")).expect("a folder");
        for name in ["out/plots/displayed.svg", "out/report.html", "out/report.html.part"] {
            trap(name);
        }
        place.good(&["plot", "out", "--kind", "displayed"]);
        place.good(&["report", "out"]);
        assert!(place.read("out/plots/displayed.svg").contains("<svg"));
        fs::create_dir(place.path("elsewhere")).expect("a folder");
        fs::remove_dir_all(place.path("out/plots")).expect("it goes");
        symlink(place.path("elsewhere"), place.path("out/plots")).expect("a link");
        assert_refused(&place.call(&["plot", "out"]), 1, "out/plots is a link that leads elsewhere");
        assert_eq!(fs::read_dir(place.path("elsewhere")).expect("a folder").count(), 0);
    }
    assert!(place.read("trace.json").contains("traceEvents") && place.read("j.xml").contains("testsuite"));
    assert_eq!(place.read("mine"), "mine");
    // what is no file is not replaced by one
    symlink("/dev/null", place.path("null")).expect("a link");
    let answer = place.call(&[&CHECK_RUN[..], &["--json", "null"]].concat());
    assert_refused(&answer, 1, "null: cannot be written");
    assert!(place.path("null").is_symlink());
    trap("mine.yaml");
    assert_eq!(place.call(&["init", "mine.yaml"]).code, Some(2));
}

#[test]
fn a_folder_of_cells_that_is_a_link_is_not_ours() {
    let place = Place::with_small();
    fs::create_dir_all(place.path("mine")).expect("a folder");
    place.write("mine/0.json", "mine");
    place.good(&RUN);
    symlink(place.path("mine"), place.path("out/cells")).expect("a link");
    assert_eq!(place.call(&RUN).code, Some(0), "it is complete");
    for force in [&[][..], &["--force"]] {
        let manifest = place.read("out/manifest.json").replace("\"complete\": true", "\"complete\": false");
        place.write("out/manifest.json", manifest);
        assert_refused(&place.call(&[&RUN[..], force].concat()), 1, "out/cells: it is a link or a file");
        assert_eq!(place.read("mine/0.json"), "mine");
        assert_eq!(fs::read_dir(place.path("mine")).expect("a folder").count(), 1);
        fs::remove_dir_all(place.path("out")).expect("it goes");
        place.good(&RUN);
        symlink(place.path("mine"), place.path("out/cells")).expect("a link");
    }
}

#[cfg(feature = "live")]
#[test]
fn what_live_writes_follows_no_link() {
    let place = Place::new();
    place
        .write("brief.yaml", SMALL.replace("name: small", "name: brief").replace("end: 10 min", "end: 20 s"));
    place.write("mine", "mine");
    for name in ["capture.jsonl", "record.json"] {
        symlink(place.path("mine"), place.path(name)).expect("a link");
    }
    let files = ["--capture", "capture.jsonl", "--record", "record.json"];
    let live = ["live", "brief.yaml", "--protocol", "v2", "--set", "network.loss=0 %", "--time-scale", "100"];
    let answer = place.call_soon(&[&live[..], &files].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert_eq!(place.read("mine"), "mine");
    assert!(place.read("record.json").starts_with('{'));
    fs::create_dir(place.path("folder")).expect("a folder");
    let answer =
        place.call_soon(&["live", "brief.yaml", "--protocol", "v2", "--force", "--capture", "folder"]);
    assert_refused(&answer, 1, "folder: cannot be written");
}

#[test]
fn data_files_lie_in_the_scenarios_folder() {
    let place = Place::new();
    fs::create_dir(place.path("in")).expect("a folder");
    place.write("secret.csv", "SECRET\n");
    place.write("in/own.csv", "follower,followed\nfollowers-1,origin\n");
    symlink("../secret.csv", place.path("in/link.csv")).expect("a link");
    symlink("..", place.path("in/up")).expect("a link");
    symlink("own.csv", place.path("in/good.csv")).expect("a link");
    place
        .write("in/edges.yaml", SMALL.replace("name: small", "name: edges") + "follows: {edges: link.csv}\n");
    for set in ["follows.edges=link.csv", "follows.edges=up/secret.csv"] {
        for verb in ["validate", "run", "plan"] {
            let answer = place.call(&[verb, "in/edges.yaml", "--set", set]);
            assert_refused(&answer, 2, "leads out of the folder");
            assert!(!answer.err.contains("SECRET") && !answer.out.contains("SECRET"), "{}", answer.err);
        }
    }
    for file in ["own", "good"] {
        place.good(&["validate", "in/edges.yaml", "--set", &format!("follows.edges={file}.csv")]);
    }
    let plan = place.good(&["plan", "in/edges.yaml", "--protocol", "v1", "--set", "follows.edges=own.csv"]);
    fs::remove_file(place.path("in/own.csv")).expect("it goes");
    symlink("../secret.csv", place.path("in/own.csv")).expect("a link");
    let answer = place.call_with(&["cell", "--data", "in"], plan.lines().next().expect("a cell"));
    assert_refused(&answer, 2, "leads out of the folder");
}
