//! The answer of a run in sentences: who is cheapest, who is most exact, what a choice is between, and which errors cancel.

use crate::intervals::{Candidate, Estimate, Shown, front};
use crate::metrics::definitions::Definition;
use crate::report::cancelling::cancelling;
use crate::report::flips::flips;
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
    if let [best, others @ ..] = &errors[..] {
        let cheapest = costs.first().filter(|cheapest| cheapest.0 != best.0);
        let cheapest = cheapest.and_then(|cheapest| errors.iter().find(|other| other.0 == cheapest.0));
        let other = cheapest
            .map_or_else(String::new, |(name, value)| format!("; {name} has {}", shown(value, error)));
        sentences.push(format!(
            "{place}{} has the smallest {}: {}{other}{}.{caution}",
            best.0,
            words(error),
            shown(&best.1, error),
            not_worse(run, best.0, others, error),
        ));
    }
    sentences.extend(front_of(run, &costs, cost, error).map(|front| format!("{place}{front}")));
    sentences.extend(cancelling(&run.table, &run.scenario, run.point));
    sentences.extend(flips(&run.table, &run.scenario));
    sentences
}

/// Those that are not shown to have a greater error than the best.
fn not_worse(run: &Run, best: &str, others: &[(&str, Estimate)], error: &str) -> String {
    let is_equal = |name: &&str| {
        let comparison = run.table.compare(run.point, name, best, error);
        comparison.is_some_and(|comparison| matches!(comparison.shown(), Shown::Nothing | Shown::Equal))
    };
    let equal: Vec<&str> = others.iter().map(|other| other.0).filter(is_equal).collect();
    if equal.is_empty() { String::new() } else { format!("; not shown to be worse: {}", equal.join(", ")) }
}

/// Which columns nothing else is shown to beat in both cost and error.
fn front_of(run: &Run, costs: &[(&str, Estimate)], cost: &str, error: &str) -> Option<String> {
    let known = |&(name, _): &(&str, Estimate)| {
        let values = |metric| run.table.values(run.point, name, metric).cloned();
        Some((name.to_owned(), Candidate { cost: values(cost)?, error: values(error)? }))
    };
    let (names, candidates): (Vec<String>, Vec<Candidate>) = costs.iter().filter_map(known).unzip();
    let on: Vec<String> =
        names.into_iter().zip(front(&candidates)).filter(|one| one.1).map(|one| one.0).collect();
    match &on[..] {
        [] => None,
        _ if candidates.len() < 2 => None,
        [one] => Some(format!("Nothing is shown to be cheaper than {one}, or more exact.")),
        several => Some(format!(
            "A choice is between {}: nothing else is shown to be as cheap and more exact, or as exact and cheaper.",
            several.join(", ")
        )),
    }
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
