//! The summary of a run as it is printed: the tables for people, or every metric and verdict, exact, for programs.

use crate::intervals::{Estimate, Table as Values};
use crate::report::cancelling::cancelling;
use crate::report::expect::Verdict;
use crate::report::flips::flips;
use crate::report::sweep::sweep;
use crate::report::table::{Style, comparison};
use crate::scenario::{Expectation, Scenario};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a run came to.
pub struct Summary<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// All metrics.
    pub values: &'a Values,
    /// What became of the expectations.
    pub verdicts: &'a [Verdict],
}

/// A metric of a column at a point.
#[derive(Serialize)]
struct Row<'a> {
    parameters: BTreeMap<&'a str, &'a str>,
    protocol: &'a str,
    metric: &'a str,
    unit: &'a str,
    replications: usize,
    mean: f64,
    half_width: Option<f64>,
}

#[derive(Serialize)]
struct Json<'a> {
    scenario: &'a str,
    scenario_sha256: &'a str,
    seed: u64,
    baseline: &'a str,
    values: Vec<Row<'a>>,
    expectations: Vec<JsonVerdict>,
}

#[derive(Serialize)]
struct JsonVerdict {
    metric: String,
    protocol: String,
    relative_to: Option<String>,
    min: Option<f64>,
    max: Option<f64>,
    holds: bool,
    severity: &'static str,
}

impl Summary<'_> {
    /// The tables, rounded, then the verdicts.
    pub fn text(&self, style: Style) -> String {
        let is_sweep = !self.scenario.sweep.parameters.is_empty() || self.scenario.pareto.is_some();
        let mut text = match is_sweep {
            false => comparison(self.values, self.baseline(), style),
            true => sweep(self.values, self.scenario, style),
        };
        let bullet = match style {
            Style::Markdown => "- ",
            Style::Text => "",
        };
        let notes = match is_sweep {
            true => flips(self.values, self.scenario),
            false => cancelling(self.values, self.scenario, 0),
        };
        if !notes.is_empty() {
            text.push_str("\n\n");
            text.extend(notes.iter().map(|note| format!("{bullet}{}\n", style.cell(note))));
        }
        if !self.verdicts.is_empty() {
            text.push_str(if notes.is_empty() { "\n\nExpectations:\n" } else { "\nExpectations:\n" });
            if style == Style::Markdown {
                text.push('\n');
            }
            text.extend(
                self.verdicts.iter().map(|verdict| format!("{bullet}{}\n", style.cell(&verdict.line))),
            );
        }
        text
    }

    /// Exact, as one JSON object.
    pub fn json(&self) -> String {
        let Scenario { name, hash, seed, compare, .. } = self.scenario;
        let column = |position: usize| compare[position].name.clone();
        let verdict = |(verdict, expected): (&Verdict, &Expectation)| JsonVerdict {
            metric: expected.metric.clone(),
            protocol: column(expected.variant),
            relative_to: expected.relative_to.map(column),
            min: expected.min,
            max: expected.max,
            holds: verdict.holds,
            severity: if verdict.fails { "fail" } else { "warn" },
        };
        let json = Json {
            scenario: name,
            scenario_sha256: hash,
            seed: *seed,
            baseline: self.baseline(),
            values: self.rows(),
            expectations: self.verdicts.iter().zip(&self.scenario.expect).map(verdict).collect(),
        };
        serde_json::to_string_pretty(&json).expect("a summary is JSON") + "\n"
    }

    /// Exact, a row for each metric of each column at each point; verdicts are the exit code's.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let parameters = self.values.parameters.iter().map(String::as_str);
        let columns = ["protocol", "metric", "unit", "replications", "mean", "half_width"];
        writer.write_record(parameters.chain(columns)).expect("memory takes everything");
        for row in self.rows() {
            let parameters = self.values.parameters.iter().map(|path| row.parameters[&path[..]].to_owned());
            let cells = [
                row.protocol.to_owned(),
                row.metric.to_owned(),
                row.unit.to_owned(),
                row.replications.to_string(),
                row.mean.to_string(),
                row.half_width.map_or_else(String::new, |half_width| half_width.to_string()),
            ];
            writer.write_record(parameters.chain(cells)).expect("memory takes everything");
        }
        String::from_utf8(writer.into_inner().expect("memory takes everything")).expect("text was written")
    }

    fn baseline(&self) -> &str {
        &self.scenario.compare[self.scenario.baseline].name
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let values = self.values;
        let mut rows = Vec::new();
        for (point, setting) in values.points.iter().enumerate() {
            for protocol in &values.protocols {
                for (metric, unit) in &values.metrics {
                    let Some(Estimate { mean, half_width, count, .. }) = values.mean(point, protocol, metric)
                    else {
                        continue;
                    };
                    let pairs = values.parameters.iter().zip(setting);
                    let parameters = pairs.map(|(path, value)| (&path[..], &value[..])).collect();
                    rows.push(Row {
                        parameters,
                        protocol,
                        metric,
                        unit,
                        replications: count,
                        mean,
                        half_width,
                    });
                }
            }
        }
        rows
    }
}
