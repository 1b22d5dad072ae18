//! The answer of a run in two sentences: who is cheapest, and who is most exact.

use crate::intervals::Estimate;
use crate::metrics::definitions::Definition;
use crate::report::run::Run;
use crate::report::table::{estimated, ratio_text};

/// Cost and error where a scenario names none, in words.
const COST: (&str, &str) = ("viewer_bytes_sent", "bytes of viewer traffic");
const ERROR: (&str, &str) = ("seen_error_relative", "error of the number that viewers see");

/// The sentences.
pub(super) fn answer(run: &Run) -> Vec<String> {
    let pareto = run.scenario.pareto.as_ref();
    let cost = pareto.map_or(COST.0, |pareto| &pareto.cost);
    let error = pareto.map_or(ERROR.0, |pareto| &pareto.error);
    let place = if run.table.points.len() > 1 {
        format!("At point {} of the sweep, ", run.point + 1)
    } else {
        String::new()
    };
    let caution = if run.table.replications() > 1 { "" } else { " One replication: there are no intervals." };
    let costs = ranked(run, cost);
    let errors = ranked(run, error);
    if costs.iter().chain(&errors).all(|(_, estimate)| estimate.mean.abs() <= 0.0) {
        return vec!["Nobody watched, and nothing was sent.".to_owned()];
    }
    let mut sentences = Vec::new();
    if let [best, .., worst] = &costs[..] {
        sentences.push(format!(
            "{place}{} has the fewest {}: {}{}; {} has the most: {}.",
            best.0,
            words(cost),
            shown(&best.1, cost),
            against_baseline(run, best.0, cost),
            worst.0,
            shown(&worst.1, cost),
        ));
    }
    if let [best, ..] = &errors[..] {
        let cheapest = costs.first().filter(|cheapest| cheapest.0 != best.0);
        let cheapest = cheapest.and_then(|cheapest| errors.iter().find(|other| other.0 == cheapest.0));
        let other = cheapest
            .map_or_else(String::new, |(name, value)| format!("; {name} has {}", shown(value, error)));
        sentences.push(format!(
            "{place}{} has the smallest {}: {}{other}.{caution}",
            best.0,
            words(error),
            shown(&best.1, error)
        ));
    }
    sentences
}

/// The columns that have a value of a metric, the lowest first.
fn ranked<'a>(run: &'a Run, metric: &str) -> Vec<(&'a str, Estimate)> {
    let value = |name: &'a str| Some((name, run.table.mean(run.point, name, metric)?));
    let mut all: Vec<_> = run.protocols().filter_map(value).collect();
    all.sort_by(|a, b| a.1.mean.abs().total_cmp(&b.1.mean.abs()));
    all
}

fn shown(estimate: &Estimate, metric: &str) -> String {
    estimated(estimate, Definition::named(metric).map_or("", |definition| definition.unit))
}

fn words(metric: &str) -> &str {
    [COST, ERROR].iter().find(|(name, _)| *name == metric).map_or(metric, |(_, words)| words)
}

fn against_baseline(run: &Run, name: &str, metric: &str) -> String {
    let baseline = run.baseline();
    let comparison = run.table.compare(run.point, name, baseline, metric).filter(|_| name != baseline);
    let ratio =
        comparison.as_ref().and_then(|comparison| Some((ratio_text(comparison)?, comparison.baseline)));
    ratio.map_or_else(String::new, |(ratio, base)| {
        format!(", {ratio} of {baseline}'s {}", shown(&base, metric))
    })
}
