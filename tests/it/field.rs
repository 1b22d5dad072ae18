//! The scenarios after public reports (`scenarios/field`): each keeps its own expectations, which were worked out by hand.

use super::program::Place;
use std::fs;
use std::path::Path;

#[test]
fn what_the_field_reports_comes_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/field");
    let entries = fs::read_dir(&folder).expect("the folder is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    paths.sort();
    assert!(!paths.is_empty(), "there is a scenario in {}", folder.display());
    for path in paths {
        let text = fs::read_to_string(&path).expect("it can be read");
        assert!(text.contains("\nexpect:"), "{} expects something", path.display());
        let answer = Place::new().call(&["run", path.to_str().expect("a path in UTF-8"), "--out", "out"]);
        assert_eq!(answer.code, Some(0), "{}: {answer:?}", path.display());
    }
}
