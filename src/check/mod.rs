//! The gate: a run's metrics against a baseline, metric by metric, and against what its scenario expects. Runs are
//! deterministic, so a difference is a change, never noise. It reads tables of metrics and knows nothing of how they were made.

pub mod baseline;
pub mod machine;
pub mod words;

use crate::intervals::Table;
use crate::metrics::definitions::{Better, Definition};
use crate::report::expect::{Verdict, verdicts};
use crate::scenario::Scenario;
use std::collections::BTreeMap;

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
    pub const ALL: [Judgement; 7] = [
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
            Judgement::Worse | Judgement::Gone => true,
            Judgement::Unchanged => false,
            _ => limits.is_strict,
        }
    }
}

impl Change {
    /// By how much it changed, as a share of the baseline; none where that was zero.
    pub fn share(&self) -> Option<f64> {
        let (before, now) = self.before.zip(self.now)?;
        (before != 0.0).then(|| (now - before) / before.abs())
    }
}

impl Checked {
    /// Compares a run with its baseline. Without one everything is new, which fails nothing: somebody asked for that.
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
            for (metric, unit) in &run.metrics {
                let now = run.values(point, protocol, metric);
                let before = before_point.and_then(|point| baseline.values(point, protocol, metric));
                if now.is_none() && before.is_none() {
                    continue;
                }
                let mean =
                    |table: &Table, point| table.mean(point, protocol, metric).map(|estimate| estimate.mean);
                let (before_mean, now_mean) =
                    (before_point.and_then(|point| mean(baseline, point)), mean(run, point));
                let judgement = match before == now {
                    true => Judgement::Unchanged,
                    false => judge(metric, before_mean, now_mean, limits),
                };
                let (protocol, metric, unit) = (protocol.clone(), metric.clone(), unit.clone());
                let point = named(run, point);
                changes.push(Change {
                    point,
                    protocol,
                    metric,
                    unit,
                    before: before_mean,
                    now: now_mean,
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
                let Some(before) = baseline.mean(point, protocol, metric).filter(|_| !is_known) else {
                    continue;
                };
                changes.push(Change {
                    point: named(baseline, point),
                    protocol: protocol.clone(),
                    metric: metric.clone(),
                    unit: unit.clone(),
                    before: Some(before.mean),
                    now: None,
                    judgement: Judgement::Gone,
                });
            }
        }
    }
    changes
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
        assert_eq!(fail, [Judgement::Worse, Judgement::Gone]);
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
