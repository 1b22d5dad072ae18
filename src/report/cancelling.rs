//! Errors that cancel: the number that followers show is near the truth because two errors stand against each other.
//!
//! The error of followers is that of their origin (`expiry_bias`) and what they show beside it (`federation_error`). Where one hides most of the
//! other, the sum says nothing about either, and another load or another machine brings them out. Shares are of the true viewers.

use super::table::human_readable;
use crate::domain::delivery::Queues;
use crate::intervals::Table as Values;
use crate::scenario::{Scenario, Variant};

/// A part is worth mention from this share of the true viewers on.
const PART_MIN: f64 = 0.1;
/// Parts cancel if less than this share of the greater one is left.
const LEFT_MAX: f64 = 0.5;

/// The mean error of what followers show, as shares of the true viewers.
struct Parts {
    expiry: f64,
    federation: f64,
}

impl Parts {
    fn of(values: &Values, point: usize, column: &str) -> Option<Parts> {
        let mean = |metric| Some(values.mean(point, column, metric)?.mean);
        let truth = mean("viewers_mean").filter(|truth| *truth > 0.0)?;
        Some(Parts { expiry: mean("expiry_bias")? / truth, federation: mean("federation_error")? / truth })
    }

    fn sum(&self) -> f64 {
        self.expiry + self.federation
    }

    fn cancel(&self) -> bool {
        let (lesser, greater) = {
            let [one, other] = [self.expiry.abs(), self.federation.abs()];
            (one.min(other), one.max(other))
        };
        self.expiry * self.federation < 0.0 && lesser >= PART_MIN && self.sum().abs() < LEFT_MAX * greater
    }
}

/// A sentence for each column whose error is two that cancel.
pub(super) fn cancelling(values: &Values, scenario: &Scenario, point: usize) -> Vec<String> {
    let sentence = |column: &Variant| {
        let parts = Parts::of(values, point, &column.name).filter(Parts::cancel)?;
        let fast =
            twin(scenario, column).and_then(|twin| Some((twin, Parts::of(values, point, &twin.name)?)));
        let without_queues = fast.map_or_else(String::new, |(twin, parts)| {
            format!("; where nothing is held up ({}) it is {}", twin.name, off(parts.sum()))
        });
        Some(format!(
            "What followers show under {} is {} on average, which is two errors against each other: {}, since origins count people for too long, and {}, \
             between origins and followers{without_queues}.",
            column.name,
            off(parts.sum()),
            off(parts.expiry),
            off(parts.federation),
        ))
    };
    scenario.compare.iter().filter_map(sentence).collect()
}

/// The column in which the same protocols deliver without queues.
fn twin<'a>(scenario: &'a Scenario, column: &Variant) -> Option<&'a Variant> {
    let is_it = |other: &&Variant| {
        other.delivery.queues == Queues::Unlimited
            && other.rules == column.rules
            && other.faults == column.faults
            && other.name != column.name
    };
    scenario.compare.iter().find(is_it)
}

fn off(share: f64) -> String {
    format!("{} too {}", human_readable(share.abs(), "share"), if share < 0.0 { "low" } else { "high" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Changes, Input, parse};

    fn parts(expiry: f64, federation: f64) -> bool {
        Parts { expiry, federation }.cancel()
    }

    #[test]
    fn errors_cancel_if_one_hides_most_of_the_other() {
        assert!(parts(1.06, -1.14) && parts(-0.2, 0.15));
        assert!(!parts(0.57, -0.22), "more than half is left");
        assert!(!parts(0.5, 0.5), "they add up");
        assert!(!parts(0.05, -0.06), "both are small");
        assert!(!parts(0.0, -0.5));
    }

    #[test]
    fn a_column_is_named_with_what_it_is_without_queues() {
        let text = "name: small\ndescription: x\nend: 1 min\ncompare: [v1, v2, {name: fast, protocol: v1, delivery: unlimited}]\n\
            instances: {origin: {}}\nvideos: {clip: {origin: origin, length: live}}\nviewers: []\nnetwork: {latency: {constant: 1 ms}}\n";
        let data = |_: &str| unreachable!("no data files");
        let input = Input { file: "small.yaml", bytes: text.as_bytes(), stem: None, data: &data };
        let scenario = parse(&input, &Changes::default(), &[]).expect("a valid scenario");
        let mut values = Values::new(Vec::new());
        for (column, expiry, federation) in
            [("v1", 106.0, -119.0), ("v2", 57.0, -22.0), ("fast", 106.0, 29.0)]
        {
            for (metric, value) in
                [("viewers_mean", 100.0), ("expiry_bias", expiry), ("federation_error", federation)]
            {
                values.add(&[], column, (metric, "viewers"), 1, value);
            }
        }
        assert_eq!(
            cancelling(&values, &scenario, 0),
            [
                "What followers show under v1 is 13.0 % too low on average, which is two errors against each other: 106 % too high, since origins count \
              people for too long, and 119 % too low, between origins and followers; where nothing is held up (fast) it is 135 % too high."
            ]
        );
    }
}
