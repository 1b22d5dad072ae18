//! Rules by name, and the names of presets.

use super::*;

#[test]
fn a_rule_can_be_read_and_changed_by_name() {
    let mut rules = Rules::preset("peertube-8.2.4").expect("a preset");
    for rule in Rules::RULES {
        for choice in rule.choices {
            assert!((rule.set)(&mut rules, choice.name));
            assert_eq!((rule.get)(&rules), choice.name);
        }
        assert!(!(rule.set)(&mut rules, "sometimes"));
    }
}

#[test]
fn presets_have_names_of_their_own() {
    let mut names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PRESETS.len());
    assert_eq!(Rules::preset("v1"), Rules::preset("peertube-6.0"));
}
