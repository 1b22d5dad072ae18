//! The gate: a run's metrics against a baseline, metric by metric, and against what its scenario expects. Runs are
//! deterministic, so a difference is a change, never noise. It reads tables of metrics and knows nothing of how they were made.

pub mod baseline;
pub mod machine;
pub mod messages;

use crate::intervals::{Table, mean_of};
use crate::metrics::definitions::{Better, DEFINITIONS, Definition};
use crate::metrics::possible::is_number;
use crate::report::expect::{Verdict, verdicts};
use crate::scenario::Scenario;
use std::collections::{BTreeMap, BTreeSet};

/// What falls by more than this share is too good to be true.
const TOO_GOOD: f64 = 0.9;

/// How the gate judges.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A metric may be worse by this share of its baseline.
    pub regression_max: f64,
    /// Whether any difference fails.
    pub is_strict: bool,
}

/// What became of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judgement {
    /// Before or now it is a value that no run can write, or lacks one that every run has.
    Impossible,
    /// Worse than allowed.
    Worse,
    /// The baseline has it and the run has not.
    Gone,
    /// Worse, and no more than allowed.
    WithinBudget,
    /// The run has it and the baseline has not.
    New,
    /// Another value of what is neither good nor bad.
    Changed,
    /// Better.
    Better,
    /// The same.
    Unchanged,
}

/// A metric of a column at a point of the sweep, before and now.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What the point sets, such as `measure.every=10 s`; empty without a sweep.
    pub point: String,
    /// The column.
    pub protocol: String,
    /// The metric.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// Its mean in the baseline.
    pub before: Option<f64>,
    /// Its mean now.
    pub now: Option<f64>,
    /// What that means.
    pub judgement: Judgement,
}

/// What the gate found in one scenario.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The scenario's name.
    pub scenario: String,
    /// Its file, for annotations.
    pub file: String,
    /// What was set for the gate.
    pub set: Vec<String>,
    /// Every metric, in the order of the run; then those that are gone.
    pub changes: Vec<Change>,
    /// What became of each expectation, with its line in the file (0: none) and its metric.
    pub expectations: Vec<(Verdict, u32, String)>,
    /// Whether there was a baseline.
    pub has_baseline: bool,
    /// How it was judged.
    pub limits: Limits,
}

impl Judgement {
    /// All, the gravest first.
    pub const ALL: [Judgement; 8] = [
        Judgement::Impossible,
        Judgement::Worse,
        Judgement::Gone,
        Judgement::WithinBudget,
        Judgement::New,
        Judgement::Changed,
        Judgement::Better,
        Judgement::Unchanged,
    ];

    /// The words for it.
    pub fn name(self) -> &'static str {
        match self {
            Judgement::Impossible => "impossible",
            Judgement::Worse => "worse",
            Judgement::Gone => "gone",
            Judgement::WithinBudget => "worse within budget",
            Judgement::New => "new",
            Judgement::Changed => "changed",
            Judgement::Better => "better",
            Judgement::Unchanged => "unchanged",
        }
    }

    /// Whether the gate fails.
    pub fn fails(self, limits: Limits) -> bool {
        match self {
            Judgement::Impossible | Judgement::Worse | Judgement::Gone => true,
            Judgement::Unchanged => false,
            _ => limits.is_strict,
        }
    }
}

impl Change {
    /// By how much it changed, as a share of the baseline; none where that was zero.
    pub fn share(&self) -> Option<f64> {
        let (before, now) = self.before.zip(self.now)?;
        let share = (now - before) / before.abs();
        share.is_finite().then_some(share)
    }

    /// Whether it is too good to be true: nothing is left of it, or less than a tenth. It may be so; then again, perhaps nothing
    /// was sent or counted at all.
    pub fn is_too_good(&self) -> bool {
        let is_candidate = matches!(self.judgement, Judgement::Better | Judgement::Changed);
        let pair = self.before.zip(self.now).filter(|_| is_candidate);
        pair.is_some_and(|(before, now)| now.abs() < before.abs() * (1.0 - TOO_GOOD))
    }
}

impl Checked {
    /// Compares a run with its baseline. Without one everything is new, which fails nothing: the caller asked for that.
    pub fn new(
        scenario: &Scenario,
        file: &str,
        set: Vec<String>,
        run: &Table,
        baseline: Option<&Table>,
        limits: Limits,
    ) -> Checked {
        let lines = scenario.expect.iter().map(|expected| (expected.line, expected.metric.clone()));
        let expectations = verdicts(scenario, run).into_iter().zip(lines);
        Checked {
            scenario: scenario.name.clone(),
            file: file.to_owned(),
            set,
            changes: changes(run, baseline, limits),
            expectations: expectations.map(|(verdict, (line, metric))| (verdict, line, metric)).collect(),
            has_baseline: baseline.is_some(),
            limits: Limits { is_strict: limits.is_strict && baseline.is_some(), ..limits },
        }
    }

    /// The changes that fail the gate, the gravest first, then the largest.
    pub fn failures(&self) -> Vec<&Change> {
        let mut failures: Vec<&Change> =
            self.changes.iter().filter(|change| change.judgement.fails(self.limits)).collect();
        let size = |change: &Change| change.share().map_or(f64::INFINITY, f64::abs);
        failures.sort_by(|a, b| a.judgement.cmp(&b.judgement).then(size(b).total_cmp(&size(a))));
        failures
    }

    /// The expectations that fail the gate.
    pub fn failed_expectations(&self) -> impl Iterator<Item = &(Verdict, u32, String)> {
        self.expectations.iter().filter(|(verdict, _, _)| verdict.fails && !verdict.holds)
    }

    /// Whether the gate passes.
    pub fn passes(&self) -> bool {
        self.failures().is_empty() && self.failed_expectations().next().is_none()
    }

    /// How many metrics were judged how.
    pub fn counts(&self) -> BTreeMap<Judgement, usize> {
        let mut counts = BTreeMap::new();
        for change in &self.changes {
            *counts.entry(change.judgement).or_default() += 1;
        }
        counts
    }

    /// Of the same column and point, the metric whose name begins so that grew most, if any did: where a change comes from.
    pub fn grew_most(&self, of: &Change, beginning: &str) -> Option<&Change> {
        let growth = |change: &Change| change.now.unwrap_or(0.0) - change.before.unwrap_or(0.0);
        self.changes
            .iter()
            .filter(|change| (&change.point, &change.protocol) == (&of.point, &of.protocol))
            .filter(|change| change.metric.starts_with(beginning) && growth(change) > 0.0)
            .max_by(|a, b| growth(a).total_cmp(&growth(b)))
    }
}

fn changes(run: &Table, baseline: Option<&Table>, limits: Limits) -> Vec<Change> {
    let empty = Table::default();
    let baseline = baseline.unwrap_or(&empty);
    let mut changes = Vec::new();
    for (point, setting) in run.points.iter().enumerate() {
        let before_point = (baseline.parameters == run.parameters)
            .then(|| baseline.points.iter().position(|known| known == setting))
            .flatten();
        for protocol in &run.protocols {
            let replications = before_point.map(|point| replications(baseline, point, protocol));
            for (metric, unit) in &run.metrics {
                let now = run.values(point, protocol, metric);
                let before = before_point.and_then(|point| baseline.values(point, protocol, metric));
                if now.is_none() && before.is_none() {
                    continue;
                }
                let (before_told, now_told) =
                    (before.map(|of| told(metric, of)), now.map(|of| told(metric, of)));
                let judgement = match (&before_told, &now_told) {
                    (Some((_, false)), _) | (_, Some((_, false))) => Judgement::Impossible,
                    _ if replications.as_ref().is_some_and(|all| is_cut(baseline, metric, before, all)) => {
                        Judgement::Impossible
                    }
                    _ if before == now => Judgement::Unchanged,
                    (before, now) => judge(metric, before.map(|of| of.0), now.map(|of| of.0), limits),
                };
                let (protocol, metric, unit) = (protocol.clone(), metric.clone(), unit.clone());
                let point = named(run, point);
                changes.push(Change {
                    point,
                    protocol,
                    metric,
                    unit,
                    before: before_told.map(|(value, _)| value),
                    now: now_told.map(|(value, _)| value),
                    judgement,
                });
            }
        }
    }
    changes.extend(gone(run, baseline));
    changes
}

/// What the baseline has of columns, points and metrics that the run does not know at all.
fn gone(run: &Table, baseline: &Table) -> Vec<Change> {
    let mut changes = Vec::new();
    for (point, setting) in baseline.points.iter().enumerate() {
        let is_point = baseline.parameters == run.parameters && run.points.contains(setting);
        for protocol in &baseline.protocols {
            for (metric, unit) in &baseline.metrics {
                let is_known = is_point
                    && run.protocols.contains(protocol)
                    && run.metrics.iter().any(|(known, _)| known == metric);
                let Some(values) = baseline.values(point, protocol, metric).filter(|_| !is_known) else {
                    continue;
                };
                let (before, is_possible) = told(metric, values);
                changes.push(Change {
                    point: named(baseline, point),
                    protocol: protocol.clone(),
                    metric: metric.clone(),
                    unit: unit.clone(),
                    before: Some(before),
                    now: None,
                    judgement: if is_possible { Judgement::Gone } else { Judgement::Impossible },
                });
            }
        }
    }
    changes
}

/// The replications of a column at a point of a baseline.
fn replications(baseline: &Table, point: usize, protocol: &str) -> BTreeSet<u32> {
    let of = |(metric, _): &(String, String)| baseline.values(point, protocol, metric);
    baseline.metrics.iter().filter_map(of).flat_map(|values| values.keys().copied()).collect()
}

/// Whether a metric that every run has is missing in some replication of a column that the baseline has: the baseline was cut. One
/// that is in no column may be newer than the baseline; but the last is as old as any.
fn is_cut(
    baseline: &Table,
    metric: &str,
    before: Option<&BTreeMap<u32, f64>>,
    replications: &BTreeSet<u32>,
) -> bool {
    let last = DEFINITIONS.last().map_or("", |definition| definition.name);
    let is_always =
        metric == last || Definition::named(metric).is_some_and(|definition| definition.is_count());
    let is_known = metric == last || baseline.metrics.iter().any(|(known, _)| known == metric);
    is_always
        && is_known
        && replications.iter().any(|number| before.is_none_or(|values| !values.contains_key(number)))
}

/// The mean over the replications, or the first value that no run can write; and whether there is none such.
fn told(metric: &str, values: &BTreeMap<u32, f64>) -> (f64, bool) {
    let definition = Definition::named(metric);
    let can_be = |value: f64| definition.map_or(is_number(value), |definition| definition.can_be(value));
    match values.values().find(|value| !can_be(**value)) {
        Some(&impossible) => (impossible, false),
        None => (mean_of(&values.values().copied().collect::<Vec<_>>()).mean, true),
    }
}

fn judge(metric: &str, before: Option<f64>, now: Option<f64>, limits: Limits) -> Judgement {
    let (before, now) = match (before, now) {
        (Some(before), Some(now)) => (before, now),
        (None, _) => return Judgement::New,
        (Some(_), None) => return Judgement::Gone,
    };
    let better = Definition::named(metric).map_or(Better::None, |definition| definition.better);
    let worse_by = match better {
        Better::Lower => now - before,
        Better::Higher => before - now,
        Better::NearerZero => now.abs() - before.abs(),
        Better::None => return Judgement::Changed,
    };
    if worse_by > before.abs() * limits.regression_max {
        Judgement::Worse
    } else if worse_by > 0.0 {
        Judgement::WithinBudget
    } else if worse_by < 0.0 {
        Judgement::Better
    } else {
        Judgement::Changed
    }
}

fn named(table: &Table, point: usize) -> String {
    let pairs = table.parameters.iter().zip(&table.points[point]).filter(|(_, value)| !value.is_empty());
    pairs.map(|(path, value)| format!("{path}={value}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: Limits = Limits { regression_max: 0.0, is_strict: false };

    #[test]
    fn every_metric_knows_which_way_is_better() {
        let lenient = Limits { regression_max: 0.1, is_strict: false };
        for (metric, before, now, limits, judgement) in [
            ("bytes_sent", 100.0, 101.0, EXACT, Judgement::Worse),
            ("bytes_sent", 100.0, 110.0, lenient, Judgement::WithinBudget),
            ("bytes_sent", 100.0, 111.0, lenient, Judgement::Worse),
            ("bytes_sent", 0.0, 1.0, lenient, Judgement::Worse),
            ("bytes_sent", 100.0, 99.0, EXACT, Judgement::Better),
            ("display_error_bias", -5.0, -6.0, EXACT, Judgement::Worse),
            ("display_error_bias", -5.0, 4.0, EXACT, Judgement::Better),
            ("display_error_bias", -5.0, 5.0, EXACT, Judgement::Changed),
            ("sessions", 100.0, 900.0, EXACT, Judgement::Changed),
        ] {
            assert_eq!(judge(metric, Some(before), Some(now), limits), judgement, "{metric} {before} {now}");
        }
        assert_eq!(judge("bytes_sent", None, Some(1.0), EXACT), Judgement::New);
        assert_eq!(judge("bytes_sent", Some(1.0), None, EXACT), Judgement::Gone);
    }

    #[test]
    fn strict_fails_on_whatever_is_not_the_same() {
        let strict = Limits { is_strict: true, ..EXACT };
        for judgement in Judgement::ALL {
            assert_eq!(judgement.fails(strict), judgement != Judgement::Unchanged);
        }
        let fail: Vec<_> = Judgement::ALL.into_iter().filter(|judgement| judgement.fails(EXACT)).collect();
        assert_eq!(fail, [Judgement::Impossible, Judgement::Worse, Judgement::Gone]);
    }

    #[test]
    fn what_no_run_can_write_fails_and_what_is_too_good_is_known() {
        for (before, now, judgement, is_too_good) in [
            (100.0, f64::NAN, Judgement::Impossible, false),
            (f64::NAN, 100.0, Judgement::Impossible, false),
            (f64::NAN, f64::NAN, Judgement::Impossible, false),
            (100.0, -5.0, Judgement::Impossible, false),
            (100.0, f64::INFINITY, Judgement::Impossible, false),
            (100.0, 0.0, Judgement::Better, true),
            (100.0, 9.0, Judgement::Better, true),
            (100.0, 10.0, Judgement::Better, false),
            (0.0, 0.0, Judgement::Unchanged, false),
            (100.0, 101.0, Judgement::Worse, false),
        ] {
            let tables = [before, now].map(|value| table(&[("v1", "bytes_sent", value)]));
            let changes = changes(&tables[1], Some(&tables[0]), EXACT);
            let found = (changes[0].judgement, changes[0].is_too_good());
            assert_eq!(found, (judgement, is_too_good), "{before} {now}");
        }
    }

    #[test]
    fn a_baseline_that_was_cut_is_no_pass() {
        let whole = [
            ("v1", "bytes_sent", 5.0),
            ("v1", "duration_s", 60.0),
            ("v2", "bytes_sent", 6.0),
            ("v2", "sessions", 9.0),
            ("v2", "duration_s", 60.0),
        ];
        let judged = |before: &[(&str, &str, f64)]| {
            let found = changes(&table(&whole), Some(&table(before)), EXACT);
            let fails = found.into_iter().filter(|change| change.judgement.fails(EXACT));
            fails.map(|change| change.metric).collect::<Vec<_>>()
        };
        assert_eq!(judged(&whole), [] as [&str; 0]);
        assert_eq!(judged(&whole[..4]), ["duration_s"]);
        assert_eq!(judged(&whole[..3]), ["duration_s"]);
        assert_eq!(judged(&whole[..2]), [] as [&str; 0], "another column may be new");
        assert_eq!(judged(&whole[1..]), ["bytes_sent"]);
        assert_eq!(judged(&[whole[0], whole[1], whole[2], whole[4]]), [] as [&str; 0], "a metric may be new");
    }

    fn table(rows: &[(&str, &str, f64)]) -> Table {
        let mut table = Table::new(Vec::new());
        for (protocol, metric, value) in rows {
            table.add(&[], protocol, (metric, "bytes"), 0, *value);
        }
        table
    }

    #[test]
    fn what_is_new_or_gone_is_told() {
        let before =
            table(&[("v1", "bytes_sent", 5.0), ("v2", "bytes_sent", 6.0), ("v1", "old_metric", 1.0)]);
        let now = table(&[("v1", "bytes_sent", 5.0), ("v3", "bytes_sent", 6.0)]);
        let found: Vec<_> = changes(&now, Some(&before), EXACT)
            .into_iter()
            .map(|change| (change.protocol, change.metric, change.judgement))
            .collect();
        let row =
            |protocol: &str, metric: &str, judgement| (protocol.to_owned(), metric.to_owned(), judgement);
        assert_eq!(
            found,
            [
                row("v1", "bytes_sent", Judgement::Unchanged),
                row("v3", "bytes_sent", Judgement::New),
                row("v1", "old_metric", Judgement::Gone),
                row("v2", "bytes_sent", Judgement::Gone),
            ]
        );
    }
}
