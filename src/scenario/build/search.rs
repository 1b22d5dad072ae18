//! A search space: names become rules and metrics, ranges become values, and the parts must fit together.

use crate::domain::protocol::Rules;
use crate::scenario::build::protocols::changed;
use crate::scenario::build::sweep::values;
use crate::scenario::build::unknown::unknown;
use crate::scenario::check::check;
use crate::scenario::emit::flow;
use crate::scenario::format;
use crate::scenario::problem::{Place, Problems};
use crate::scenario::shape::Shape;
use crate::scenario::space::{SearchBound, SearchScenario, SearchSpace};
use crate::scenario::tree;
use crate::scenario::value::{Checked, Value};
use std::collections::BTreeSet;

/// Combinations of all choices are counted in 64 bits.
const POINTS_MAX: u64 = u64::MAX;

/// The space of a checked file, if nothing is wrong with it.
pub(crate) fn build(file: &Checked, metrics: &[&str], problems: &mut Problems) -> Option<SearchSpace> {
    let known = |key: &str, problems: &mut Problems| preset(file.get(key)?, problems);
    let base = known("base", problems);
    let baseline = known("baseline", problems);
    let beside = file.get("beside").map_or(&[][..], Checked::items);
    let beside: Vec<String> = beside.iter().filter_map(|at| preset(at, problems)).collect();
    let choices = choices(file, problems);
    let scenarios = scenarios(file, problems);
    let cost = cost(file, metrics, problems);
    let error = file.get("error").and_then(|at| metric(at, metrics, problems));
    let bounds = file.get("bounds").map_or(&[][..], Checked::items);
    let bounds: Vec<SearchBound> = bounds.iter().filter_map(|at| bound(at, metrics, problems)).collect();
    let mut errors: Vec<f64> =
        file.get("error_at_most")?.items().iter().filter_map(Checked::as_number).collect();
    errors.sort_by(f64::total_cmp);
    errors.dedup();
    let number = |key: &str| u32::try_from(file.integer(key)?).ok();
    if !problems.is_empty() {
        return None;
    }
    Some(SearchSpace {
        name: file.text("name")?.to_owned(),
        description: file.text("description")?.to_owned(),
        seed: file.integer("seed")?,
        scenarios,
        base: base?,
        choices: choices?,
        baseline: baseline?,
        beside,
        cost,
        error: error?,
        errors,
        bounds,
        replications: number("replications")?,
        at_once: number("at_once")?,
        drawn: file.integer("drawn")?,
        rounds: number("rounds")?,
    })
}

/// The name of one of our protocols.
fn preset(at: &Checked, problems: &mut Problems) -> Option<String> {
    let name = at.as_text()?;
    if Rules::preset(name).is_none() {
        let presets = crate::domain::protocol::PRESETS.iter().map(|preset| preset.name);
        unknown(at.spot(), "protocol", name, presets, problems);
    }
    Some(name.to_owned())
}

fn metric(at: &Checked, metrics: &[&str], problems: &mut Problems) -> Option<String> {
    let name = at.as_text()?;
    if !metrics.contains(&name) {
        unknown(at.spot(), "metric", name, metrics.iter().copied(), problems);
    }
    Some(name.to_owned())
}

fn cost(file: &Checked, metrics: &[&str], problems: &mut Problems) -> Vec<(String, f64)> {
    let entries = file.get("cost").map_or(&[][..], Checked::entries);
    for (name, weight) in entries {
        if !metrics.contains(&&name[..]) {
            unknown(weight.spot(), "metric", name, metrics.iter().copied(), problems);
        }
    }
    entries.iter().filter_map(|(name, weight)| Some((name.clone(), weight.as_number()?))).collect()
}

fn bound(at: &Checked, metrics: &[&str], problems: &mut Problems) -> Option<SearchBound> {
    let (min, max) = (at.number("min"), at.number("max"));
    if min.is_none() && max.is_none() {
        problems.at(at.spot(), "bounds nothing; give it a `min` or a `max`");
    }
    let metric = metric(at.get("metric")?, metrics, problems)?;
    Some(SearchBound { metric, min, max, is_relative: at.text("relative_to").is_some() })
}

fn scenarios(file: &Checked, problems: &mut Problems) -> Vec<SearchScenario> {
    let items = file.get("scenarios").map_or(&[][..], Checked::items);
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut scenarios = Vec::new();
    for item in items {
        let Some(path) = item.text("file") else { continue };
        let stem = path.rsplit('/').next().unwrap_or_default();
        let stem = stem.strip_suffix(".yaml").unwrap_or(stem);
        let name = item.text("name").unwrap_or(stem).to_owned();
        if !names.insert(name.clone()) {
            problems
                .at(item.spot(), format!("is a second scenario called `{name}`; give one another `name`"));
        }
        let sets = item.get("set").map_or(&[][..], Checked::entries);
        let set = |(path, value): &(String, Checked)| Some(format!("{path}={}", value.as_text()?));
        let sets = sets.iter().filter_map(set).collect();
        let weight = item.number("weight").unwrap_or(1.0);
        let in_classes = item.text("in_classes") == Some("yes");
        scenarios.push(SearchScenario { name, file: path.to_owned(), sets, weight, in_classes });
    }
    if let Some(at) = file.get("scenarios").filter(|_| scenarios.len() == items.len()) {
        if scenarios.iter().all(|scenario| scenario.weight <= 0.0) {
            problems.at(at.spot(), "have no weight at all; give one of them a `weight` above 0");
        }
        if scenarios.iter().all(|scenario| !scenario.in_classes) {
            problems
                .at(at.spot(), "have no class of error at all; leave `in_classes: no` away in one of them");
        }
    }
    scenarios
}

/// What each rule may be, ranges written out.
fn choices(file: &Checked, problems: &mut Problems) -> Option<Vec<(String, Vec<Checked>)>> {
    let section = file.get("choices")?;
    let Shape::Record(fields) = format::protocol() else { unreachable!("a protocol is a record") };
    let mut choices: Vec<(String, Vec<Checked>)> = Vec::new();
    for (key, values) in section.entries() {
        let shape = &fields.iter().find(|field| field.key == key).expect("the format has its keys").shape;
        let mut texts = BTreeSet::new();
        let values = values_of(values, shape, problems)?;
        for value in values.iter().filter(|value| value.is_sound()) {
            if !texts.insert(flow(value)) {
                problems.at(value.spot(), format!("is there twice: {}; leave one out", flow(value)));
            }
        }
        choices.push((key.clone(), values));
    }
    let points = choices.iter().try_fold(1u64, |all, (_, values)| all.checked_mul(values.len() as u64));
    if choices.is_empty() {
        problems.at(section.spot(), "leave nothing to choose; name a rule or parameter with its values");
    } else if points.is_none() {
        problems.at(section.spot(), format!("have more than {POINTS_MAX} combinations; take fewer values"));
    }
    Some(choices)
}

/// The values of a list or range.
fn values_of(listed: &Checked, shape: &Shape, problems: &mut Problems) -> Option<Vec<Checked>> {
    let Some(("range" | "log_range", _)) = listed.case() else {
        return Some(listed.case()?.1.items().to_vec());
    };
    let texts = values(listed, problems)?;
    let mut written = Vec::new();
    for text in texts {
        let Ok(node) = tree::parse(text.as_bytes(), 0) else { return None };
        written.push(check(shape, &node.moved_to(listed.place), &listed.path, problems));
    }
    // values that are equal once they are rounded stand once
    let mut texts = BTreeSet::new();
    let is_sound = written.iter().all(Checked::is_sound);
    is_sound.then(|| written.into_iter().filter(|value| texts.insert(flow(value))).collect())
}

/// A point of a space: the protocol that takes these choices, or why it contradicts itself.
pub(crate) fn rules(base: &str, chosen: &[(&str, &Checked)]) -> Result<Rules, &'static str> {
    let entries = chosen.iter().map(|(key, value)| ((*key).to_owned(), (*value).clone())).collect();
    let place = Place { source: 0, line: 0, column: 0 };
    let definition = Checked { place, path: String::new(), value: Value::Record(entries) };
    let rules = changed(Rules::preset(base).expect("the base is a protocol of ours"), &definition);
    rules.contradiction().map_or(Ok(rules), Err)
}
