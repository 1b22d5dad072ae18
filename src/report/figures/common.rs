//! What several figures share: the series of the columns, notes, and how numbers are written.

use crate::intervals::Estimate;
use crate::report::figure::{Column, DotSeries, Dots, Series};
use crate::report::run::Run;

/// The series of the columns of the comparison.
pub(super) fn series(run: &Run) -> Vec<Series> {
    (0..).zip(run.protocols()).map(|(number, name)| Series::Protocol(number, name.to_owned())).collect()
}

/// Model time in minutes.
pub(super) fn minutes(ms: u64) -> Option<f64> {
    Some(ms as f64 / 60_000.0)
}

/// Which part of the run is drawn, where there are several.
pub(super) fn which(run: &Run) -> String {
    let mut parts = Vec::new();
    if run.scenario.sweep.points.len() > 1 {
        parts.push(format!("point {} of the sweep", run.point + 1));
    }
    if run.table.replications() > 1 {
        parts.push(format!("replication {}", run.replication + 1));
    }
    if parts.is_empty() { String::new() } else { format!(" This is {}.", parts.join(", ")) }
}

/// What is said of thinned lines.
pub(super) fn thinned_note(drawn: usize, of: usize) -> String {
    if drawn < of {
        format!(" Thinned for drawing: down to {drawn} of {of} samples; the records hold all.")
    } else {
        String::new()
    }
}

/// The sum of untrusted numbers; it saturates.
pub(super) fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// `NAME VALUE` of each, joined.
pub(super) fn listed(values: impl Iterator<Item = (String, String)>) -> String {
    values.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

/// A whole number with commas between thousands.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The means of metrics, a row for each with its label. Those that are zero everywhere are left out; none if all are.
pub(super) fn dots(run: &Run, rows: &[(&str, &str)]) -> Option<Dots> {
    let mean = |protocol: &str, metric| run.table.mean(run.point, protocol, metric);
    let is_any =
        |metric| run.protocols().any(|protocol| mean(protocol, metric).is_some_and(|of| of.mean > 0.0));
    let rows: Vec<_> = rows.iter().filter(|(_, metric)| is_any(metric)).collect();
    if rows.is_empty() {
        return None;
    }
    let values = |series: Series| {
        let estimates: Vec<_> = rows.iter().map(|(_, metric)| mean(series.name(), metric)).collect();
        let value = |estimate: &Option<Estimate>| estimate.map(|of| of.mean).filter(|of| *of > 0.0);
        let half_width = |estimate: &Option<Estimate>| estimate.and_then(|of| of.half_width);
        DotSeries {
            values: Column(estimates.iter().map(value).collect()),
            half_widths: Column(estimates.iter().map(half_width).collect()),
            series,
        }
    };
    Some(Dots {
        categories: rows.iter().map(|(label, _)| (*label).to_owned()).collect(),
        series: series(run).into_iter().map(values).collect(),
        reference: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
