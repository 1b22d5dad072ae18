//! Expectations: whether the bounds that a scenario carries hold in its results.

use crate::intervals::Table;
use crate::metrics::definitions::Definition;
use crate::report::table::human_readable;
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
pub fn verdicts(scenario: &Scenario, table: &Table) -> Vec<Verdict> {
    scenario.expect.iter().map(|expectation| verdict(scenario, table, expectation)).collect()
}

fn verdict(scenario: &Scenario, table: &Table, expectation: &Expectation) -> Verdict {
    let Expectation { metric, min, max, severity, .. } = expectation;
    let points = 0..table.points.len().max(1);
    let values: Vec<Option<f64>> =
        points.flat_map(|point| bounded_values(scenario, table, expectation, point)).collect();
    let in_bounds = |value: f64| min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max);
    let holds = values.iter().all(|value| value.is_some_and(in_bounds));
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
    let found = found(&values, unit);
    let line = format!("{word} {protocol}: {metric}{relative} = {found} ({})", bounds(*min, *max, unit));
    Verdict { holds, fails, line }
}

/// What must be within the bounds at a point: the mean, or each replication's value; divided by that of another column if so said.
fn bounded_values(
    scenario: &Scenario,
    table: &Table,
    expectation: &Expectation,
    point: usize,
) -> Vec<Option<f64>> {
    let name = |variant: usize| &scenario.compare[variant].name[..];
    let metric = &expectation.metric;
    let values = table.values(point, name(expectation.variant), metric);
    let others = expectation.relative_to.map(|other| table.values(point, name(other), metric));
    let divided = |value: f64, base: f64| (base != 0.0).then(|| value / base);
    if expectation.bounds_each {
        let Some(values) = values else { return vec![None] };
        let one = |(number, &value): (&u32, &f64)| match others {
            None => Some(value),
            Some(base) => divided(value, *base?.get(number)?),
        };
        return values.iter().map(one).collect();
    }
    let mean = |protocol| Some(table.mean(point, protocol, metric)?.mean);
    let value = match expectation.relative_to {
        None => mean(name(expectation.variant)),
        Some(other) => mean(name(expectation.variant))
            .zip(mean(name(other)))
            .and_then(|(value, base)| divided(value, base)),
    };
    vec![value]
}

/// One value, or the range of several.
fn found(values: &[Option<f64>], unit: &str) -> String {
    let mut known: Vec<f64> = values.iter().copied().flatten().collect();
    known.sort_by(f64::total_cmp);
    match known[..] {
        _ if known.len() < values.len() => "no value".to_owned(),
        [only] => human_readable(only, unit),
        [first, .., last] => format!("{} to {}", human_readable(first, unit), human_readable(last, unit)),
        [] => "no value".to_owned(),
    }
}

fn bounds(min: Option<f64>, max: Option<f64>, unit: &str) -> String {
    match (min, max) {
        (Some(min), Some(max)) => {
            format!("expected {} to {}", human_readable(min, unit), human_readable(max, unit))
        }
        (Some(min), None) => format!("expected at least {}", human_readable(min, unit)),
        (None, Some(max)) => format!("expected at most {}", human_readable(max, unit)),
        (None, None) => "nothing expected".to_owned(),
    }
}
