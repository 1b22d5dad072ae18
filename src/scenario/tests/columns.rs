//! Columns that name single instances, and how many columns there may be.

use super::right::FULL;
use super::*;
use crate::domain::protocol::Rules;

#[test]
fn a_column_names_single_instances() {
    let part = "{name: part, protocol: v1, groups: {followers: mine}, instances: {v2: [followers-2, origin], v3: [wolf]}}";
    let sets = [&format!("compare=[{part}]")[..], "baseline=part", "expect=[]", "faults=[]"];
    let scenario = valid_with(FULL, &sets);
    assert_eq!(scenario.compare[0].protocols, ["v2", "mine", "v2", "mine", "v3", "v1", "v1", "v3"]);
    assert_eq!(scenario.compare[0].rules[2], Rules::preset("v2").expect("a preset"));
    assert_eq!(scenario.own_protocols, ["mine", "other", "capped"]);
    let fixed: Vec<&str> = scenario
        .groups
        .iter()
        .filter(|group| group.has_fixed_protocol)
        .map(|group| &group.name[..])
        .collect();
    assert_eq!(fixed, ["fixed"]);
}

#[test]
fn columns_and_instances_multiply_to_a_bound() {
    let columns: Vec<String> = (0..200).map(|at| format!("{{name: c{at}, protocol: v1}}")).collect();
    let text = changed("[v1, v2]", &format!("[v1, v2, {}]", columns.join(", ")));
    assert_eq!(valid(&text).compare.len(), 202);
    let problems = read_with(&text, &["instances.followers.count=4000"]).expect_err("too much of both");
    let bound =
        "has 202 columns for 4002 instances; there may be 640000 of both multiplied: take fewer of one";
    assert!(problems.iter().any(|problem| problem.message == bound), "{problems:?}");
}
