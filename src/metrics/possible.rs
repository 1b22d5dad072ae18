//! Which values a metric can have: what is none of them was not written by a run.

use super::definitions::{Better, Definition};

/// Counts and quotients are of integers of 64 bits, and so within these.
const LARGEST: f64 = 1e20;
const SMALLEST: f64 = 1e-20;
/// Units of which there are only whole ones.
const COUNTED: [&str; 10] = [
    "messages",
    "Views",
    "bytes",
    "bytes/s",
    "jobs",
    "activities",
    "followers",
    "sessions",
    "requests",
    "requests/s",
];
/// Other metrics that count.
const COUNTS: [&str; 2] = ["disagreement_max", "viewers_peak"];
/// Parts of a whole.
const PARTS: [&str; 8] = [
    "delivery_failed_share",
    "activities_never_arrived_share",
    "refused_share",
    "wrong_zero_share",
    "seen_wrong_zero_share",
    "seen_within_10_percent_share",
    "nothing_sent_seen_error_relative",
    "nothing_sent_seen_within_10_percent_share",
];

impl Definition {
    /// Whether it counts something. What counts has a value in every run; a quotient has none where there is nothing to divide by.
    pub fn is_count(&self) -> bool {
        COUNTED.contains(&self.unit) || COUNTS.contains(&self.name)
    }

    /// Whether a run can write this value.
    pub fn can_be(&self, value: f64) -> bool {
        let is_whole = libm::trunc(value).total_cmp(&value).is_eq();
        let may_be_negative = self.better == Better::NearerZero;
        is_number(value)
            && (value >= 0.0 || may_be_negative)
            && (is_whole || !self.is_count())
            && (value <= 1.0 || !PARTS.contains(&self.name))
    }
}

/// Whether any metric can have this value.
pub fn is_number(value: f64) -> bool {
    // false for what is no number
    value.abs() <= LARGEST && (value.abs() >= SMALLEST || value.abs() <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_values_are_known() {
        for (metric, value, can_be) in [
            ("bytes_sent", 5.0, true),
            ("bytes_sent", 0.0, true),
            ("bytes_sent", 5.5, false),
            ("bytes_sent", -5.0, false),
            ("bytes_sent", 1e308, false),
            ("bytes_sent", f64::NAN, false),
            ("bytes_sent", f64::INFINITY, false),
            ("viewers_mean", 2.5, true),
            ("viewers_mean", 1e-300, false),
            ("display_error_bias", -2.5, true),
            ("display_error_bias", f64::NEG_INFINITY, false),
            ("display_error_relative", 3.5, true),
            ("delivery_failed_share", 1.5, false),
            ("seen_error_relative", 3.5, true),
            ("seen_error_bias", -2.5, true),
            ("seen_error_mean_abs", -2.5, false),
            ("seen_within_10_percent_share", 1.0, true),
            ("seen_wrong_zero_share", 1.5, false),
        ] {
            let definition = Definition::named(metric).expect("a metric");
            assert_eq!(definition.can_be(value), can_be, "{metric} {value}");
        }
    }
}
