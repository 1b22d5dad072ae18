//! Expectations: whether the bounds that a scenario carries hold in its results.

use crate::metrics::definitions::Definition;
use crate::report::summary::Summary;
use crate::report::table::humane;
use crate::scenario::{Expectation, Scenario, Severity};

/// What became of one expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether it holds.
    pub holds: bool,
    /// Whether the run fails if it does not.
    pub fails: bool,
    /// One line about it.
    pub line: String,
}

/// The verdicts on all expectations of a scenario, in the order of the file.
pub fn verdicts(scenario: &Scenario, summary: &Summary) -> Vec<Verdict> {
    scenario.expect.iter().map(|expectation| verdict(scenario, summary, expectation)).collect()
}

fn verdict(scenario: &Scenario, summary: &Summary, expectation: &Expectation) -> Verdict {
    let Expectation { metric, min, max, severity, .. } = expectation;
    let value_in = |variant: usize| summary.value(&scenario.compare[variant].name, metric);
    let value = match expectation.relative_to {
        None => value_in(expectation.variant),
        Some(other) => value_in(expectation.variant)
            .zip(value_in(other))
            .and_then(|(value, base)| (base != 0.0).then(|| value / base)),
    };
    let in_bounds = |value: f64| min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max);
    let holds = value.is_some_and(in_bounds);
    let fails = *severity == Severity::Fail;
    let word = match (holds, fails) {
        (true, _) => "ok  ",
        (false, true) => "FAIL",
        (false, false) => "warn",
    };
    let protocol = &scenario.compare[expectation.variant].name;
    let relative = expectation
        .relative_to
        .map_or_else(String::new, |other| format!(" relative to {}", scenario.compare[other].name));
    let unit = match expectation.relative_to {
        Some(_) => "",
        None => Definition::named(metric).map_or("", |definition| definition.unit),
    };
    let found = value.map_or_else(|| "no value".to_owned(), |value| humane(value, unit));
    let line = format!("{word} {protocol}: {metric}{relative} = {found} ({})", bounds(*min, *max, unit));
    Verdict { holds, fails, line }
}

fn bounds(min: Option<f64>, max: Option<f64>, unit: &str) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("expected {} to {}", humane(min, unit), humane(max, unit)),
        (Some(min), None) => format!("expected at least {}", humane(min, unit)),
        (None, Some(max)) => format!("expected at most {}", humane(max, unit)),
        (None, None) => "nothing expected".to_owned(),
    }
}
