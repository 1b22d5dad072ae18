//! The metrics by which combinations are judged, and when one is worse than another.

use crate::intervals::{Comparison, Shown, Table};
use crate::report::table::estimated;
use crate::scenario::IncompatibleFollows;
use std::collections::BTreeMap;

pub(super) const BYTES: &str = "bytes_sent";
pub(super) const SEEN_ERROR: &str = "seen_error_relative";
pub(super) const WRONG_ZEROS: &str = "wrong_zero_share";
pub(super) const FOLLOWERS_ERROR: &str = "followers_display_error_mean_abs";
pub(super) const FOLLOWERS_SHOW: &str = "followers_displayed_mean";
/// Of the third follower, computed of its samples.
pub(super) const THIRD_SHOWS: &str = "third_displayed_mean";
pub(super) const THIRD_ERROR: &str = "third_error_relative";
const TRUE_VIEWERS: &str = "viewers_mean";

/// What is written to CSV, with half the widths of the intervals.
pub(super) const RECORDED: [&str; 12] = [
    BYTES,
    "viewer_bytes_sent",
    "origin_bytes_per_s_peak",
    SEEN_ERROR,
    "seen_wrong_zero_share",
    WRONG_ZEROS,
    TRUE_VIEWERS,
    "origin_displayed_mean",
    FOLLOWERS_SHOW,
    FOLLOWERS_ERROR,
    THIRD_SHOWS,
    THIRD_ERROR,
];

/// What is judged, with its name in sentences.
pub(super) const JUDGED: [(&str, &str); 5] = [
    (SEEN_ERROR, "seen error"),
    (FOLLOWERS_ERROR, "followers off, in viewers, by"),
    (THIRD_ERROR, "third follower off by"),
    (WRONG_ZEROS, "share of time at 0"),
    (BYTES, "bytes"),
];

/// A difference of a share, of the true viewers, and of bytes, from which on something is worse.
const SHARE_MIN: f64 = 0.01;
const VIEWERS_MIN: f64 = 0.01;
const BYTES_MIN: f64 = 0.05;
/// The same in words.
pub(super) const MARGINS: &str =
    "by 1 percentage point, 1 % of the true viewers or 5 % of the bytes at least";

/// One metric of a column that is worse than a baseline's.
pub(super) struct Worse {
    /// The metric.
    pub(super) metric: &'static str,
    /// How many times the margin it is worse.
    pub(super) margins: f64,
    /// The same in words.
    pub(super) text: String,
}

/// What of a column is worse than in a baseline, of all that is judged.
pub(super) fn worse(values: &Table, column: &str, baseline: &str) -> Vec<Worse> {
    let judged = |&(metric, name): &(&'static str, &str)| {
        let margins = margins_worse(values, metric, column, baseline)?;
        let [value, base] = [column, baseline].map(|column| shown(values, column, metric));
        Some(Worse { metric, margins, text: format!("{name} {value}, not {base}") })
    };
    JUDGED.iter().filter_map(judged).collect()
}

/// How many times the margin a metric of a column is worse than a baseline's; none if it is not shown to be by one margin.
pub(super) fn margins_worse(values: &Table, metric: &str, column: &str, baseline: &str) -> Option<f64> {
    let comparison = values.compare(0, column, baseline, metric)?;
    let margins = comparison.difference.mean / margin(values, baseline, metric, &comparison)?;
    (matches!(comparison.shown(), Shown::More | Shown::Unknown) && margins >= 1.0).then_some(margins)
}

/// The least difference of a metric that counts; none if there is nothing to judge by.
fn margin(values: &Table, baseline: &str, metric: &str, comparison: &Comparison) -> Option<f64> {
    let margin = match unit(values, metric) {
        "share" => SHARE_MIN,
        "bytes" => BYTES_MIN * comparison.baseline.mean,
        _ => VIEWERS_MIN * values.mean(0, baseline, TRUE_VIEWERS)?.mean,
    };
    // without any bytes everything is more
    Some(margin.max(f64::MIN_POSITIVE))
}

/// The unit of a metric.
pub(super) fn unit<'a>(values: &'a Table, metric: &str) -> &'a str {
    values.metrics.iter().find(|(name, _)| name == metric).map_or("", |(_, unit)| unit)
}

/// A metric of a column for people.
pub(super) fn shown(values: &Table, column: &str, metric: &str) -> String {
    let estimate = values.mean(0, column, metric);
    estimate.map_or_else(|| "-".to_owned(), |estimate| estimated(&estimate, unit(values, metric)))
}

/// The names of the columns of what is recorded, of those metrics that any column of the comparison has.
pub(super) fn header(values: &Table) -> Vec<String> {
    let names = |metric: &&str| [(*metric).to_owned(), format!("{metric}_half_width")];
    recorded(values).iter().flat_map(names).collect()
}

/// What is recorded of a column, exact; empty where there is nothing.
pub(super) fn record(values: &Table, column: &str) -> Vec<String> {
    let cells = |metric: &&str| {
        let estimate = values.mean(0, column, metric);
        let mean = estimate.map_or_else(String::new, |estimate| estimate.mean.to_string());
        let half_width = estimate.and_then(|estimate| estimate.half_width);
        [mean, half_width.map_or_else(String::new, |half_width| half_width.to_string())]
    };
    recorded(values).iter().flat_map(cells).collect()
}

fn recorded(values: &Table) -> Vec<&'static str> {
    RECORDED.into_iter().filter(|metric| values.metrics.iter().any(|(name, _)| name == metric)).collect()
}

/// By column, how many pairs of instances could not begin to follow each other.
pub(super) fn by_column(incompatible: Vec<IncompatibleFollows>) -> BTreeMap<String, usize> {
    incompatible.into_iter().map(|of| (of.column, of.count)).collect()
}

/// What a mark says that stands at columns with such pairs.
pub(super) const INCOMPATIBLE: &str = "* some of these instances could not begin to follow each other: an actor of 8.0 or later has several URLs, \
which 7.0 and earlier refuse. A follow from before an upgrade lasts 2 days at most. In the run they follow each other all the same.";
