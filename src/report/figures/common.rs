//! What several figures share: the series of the columns, notes, and how numbers are written.

use crate::report::figure::Series;
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
