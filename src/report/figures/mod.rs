//! The figures of a run, in the order in which people ask: what is shown, what it costs, who pays, what waits, what to choose.
//! Each is made from the records and is data; `svg` and `page` draw them.

mod counters;
mod decision;
mod delivery;
mod federation;
mod traffic;

use crate::report::figure::{Figure, Series};
use crate::report::run::Run;

/// A kind of figure: its name, what it shows, and how it is made; none where a run has nothing to show.
pub struct Kind {
    /// The name.
    pub name: &'static str,
    /// What it shows.
    pub doc: &'static str,
    make: fn(&Run) -> Option<Figure>,
}

/// All kinds.
pub const KINDS: [Kind; 11] = [
    Kind { name: "displayed", doc: "displayed and true viewers over time", make: counters::displayed },
    Kind {
        name: "error",
        doc: "how far displayed counts are from the truth, over time",
        make: counters::error,
    },
    Kind { name: "error-distribution", doc: "how often which error is seen", make: counters::distribution },
    Kind { name: "messages", doc: "messages per second over time", make: traffic::messages },
    Kind { name: "bytes", doc: "bytes sent so far, over time", make: traffic::bytes },
    Kind { name: "payers", doc: "who sends and receives how many bytes", make: traffic::payers },
    Kind { name: "queues", doc: "jobs that wait to be sent, over time", make: delivery::queues },
    Kind { name: "delays", doc: "how long messages take", make: delivery::delays },
    Kind { name: "federation", doc: "who sends how much to whom", make: federation::federation },
    Kind { name: "pareto", doc: "cost against error", make: decision::pareto },
    Kind { name: "tornado", doc: "which points of a sweep change the answer most", make: decision::tornado },
];

impl Kind {
    /// The figure of a run: without what is beyond all drawing, and saying so if its records were edited.
    pub fn of(&self, run: &Run) -> Option<Figure> {
        let mut figure = (self.make)(run)?.bounded();
        if !run.edited.is_empty() {
            figure.title += " (edited records)";
            figure.says += " Somebody edited these records.";
        }
        Some(figure)
    }
}

/// All figures that a run has something to show in.
pub fn all(run: &Run) -> Vec<Figure> {
    KINDS.iter().filter_map(|kind| kind.of(run)).collect()
}

/// The series of the columns of the comparison.
fn series(run: &Run) -> Vec<Series> {
    (0..).zip(run.protocols()).map(|(number, name)| Series::Protocol(number, name.to_owned())).collect()
}

/// Model time in minutes.
fn minutes(ms: u64) -> Option<f64> {
    Some(ms as f64 / 60_000.0)
}

/// Which part of the run is drawn, where there are several.
fn which(run: &Run) -> String {
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
fn thinned_note(drawn: usize, of: usize) -> String {
    if drawn < of {
        format!(" Thinned for drawing: down to {drawn} of {of} samples; the records hold all.")
    } else {
        String::new()
    }
}

/// The sum of numbers that may be anybody's; it ends at the largest one.
fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// `NAME VALUE` of each, joined.
fn listed(values: impl Iterator<Item = (String, String)>) -> String {
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
