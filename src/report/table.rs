//! The comparison table: metrics as rows, protocols as columns, for a terminal or an issue comment.
//!
//! Numbers are rounded for reading; the exact ones are in `summary.csv`. Rows of traffic also say how many times the
//! baseline a value is. With several replications numbers are means, with half the width of their 95 % interval.

use crate::foundation::text::{markdown, one_line};
use crate::intervals::{Comparison, Estimate, Shown, Table as Values};
use crate::metrics::definitions::Definition;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A group of rows with what it is about.
struct Group {
    title: &'static str,
    /// (what the row says, the metric)
    rows: &'static [(&'static str, &'static str)],
    /// Whether values are also shown as a multiple of the baseline's.
    against_baseline: bool,
}

static GROUPS: [Group; 11] = [
    Group {
        title: "VIEWER TRAFFIC (who watches)",
        rows: &[
            ("messages", "viewer_messages_sent"),
            ("bytes", "viewer_bytes_sent"),
            ("of these, the origin's messages", "origin_viewer_messages_sent"),
            ("of these, the origin's bytes", "origin_viewer_bytes_sent"),
        ],
        against_baseline: true,
    },
    Group {
        title: "ALL VIEW TRAFFIC (with plain views)",
        rows: &[
            ("messages", "messages_sent"),
            ("bytes", "bytes_sent"),
            ("of these, the origin's messages", "origin_messages_sent"),
            ("of these, the origin's bytes", "origin_bytes_sent"),
            ("the origin's busiest second", "origin_bytes_per_s_peak"),
        ],
        against_baseline: true,
    },
    Group {
        title: "WHO PAYS (all traffic)",
        rows: &[
            ("origin sends", "payer_origin_bytes_out"),
            ("of that, requests", "payer_origin_request_bytes_out"),
            ("of that, answers", "payer_origin_answer_bytes_out"),
            ("of that, TCP and TLS", "payer_origin_transport_bytes_out"),
            ("origin receives", "payer_origin_bytes_in"),
            ("of that, requests", "payer_origin_request_bytes_in"),
            ("of that, answers", "payer_origin_answer_bytes_in"),
            ("of that, TCP and TLS", "payer_origin_transport_bytes_in"),
            ("followers with viewers send", "payer_with_viewers_bytes_out"),
            ("followers with viewers receive", "payer_with_viewers_bytes_in"),
            ("followers without viewers send", "payer_without_viewers_bytes_out"),
            ("followers without viewers receive", "payer_without_viewers_bytes_in"),
            ("followers not PeerTube send", "payer_not_peertube_bytes_out"),
            ("followers not PeerTube receive", "payer_not_peertube_bytes_in"),
        ],
        against_baseline: false,
    },
    Group {
        title: "AT THEIR OWN DOORS (heartbeats of clients)",
        rows: &[
            ("requests", "heartbeats"),
            ("of these, nobody was there to answer", "heartbeats_unanswered"),
            ("the busiest second of one instance", "door_requests_per_s_peak"),
            ("bytes in", "heartbeat_bytes_in"),
            ("bytes out", "heartbeat_bytes_out"),
        ],
        against_baseline: false,
    },
    Group {
        title: "DELIVERY (all traffic)",
        rows: &[
            ("most jobs waiting at one instance", "queued_jobs_peak"),
            ("requests that failed", "delivery_failed_share"),
            ("activities that never arrived", "activities_never_arrived"),
        ],
        against_baseline: false,
    },
    Group {
        title: "WHAT VIEWERS SEE (each weighs as long as they look)",
        rows: &[
            ("error of the number they see", "seen_error_relative"),
            ("the same in viewers", "seen_error_mean_abs"),
            ("bias (seen - true)", "seen_error_bias"),
            ("time in which it is within 10 %", "seen_within_10_percent_share"),
            ("time in which it is 0", "seen_wrong_zero_share"),
        ],
        against_baseline: false,
    },
    Group {
        title: "LIMITS (what no protocol can do better)",
        rows: &[
            ("error they see if nothing is sent", "nothing_sent_seen_error_relative"),
            ("the same, time within 10 %", "nothing_sent_seen_within_10_percent_share"),
            ("least messages if everybody knows at once", "least_messages_0_percent"),
            ("least messages for an error of at most 1 %", "least_messages_1_percent"),
            ("for 2 %", "least_messages_2_percent"),
            ("for 5 %", "least_messages_5_percent"),
            ("for 5 %, in bytes", "least_bytes_5_percent"),
            ("for 10 %", "least_messages_10_percent"),
            ("for 20 %", "least_messages_20_percent"),
            ("messages to followers with viewers", "interested_messages_received"),
            ("least messages to be right where it is", "least_messages_as_exact"),
            ("so many times the least", "times_least_messages"),
            ("the same in bytes", "times_least_bytes"),
            ("floor that no protocol goes below, with luck", "floor_messages_as_exact"),
        ],
        against_baseline: false,
    },
    Group {
        title: "COUNTERS (every instance weighs alike)",
        rows: &[
            ("true viewers, mean", "viewers_mean"),
            ("the origin shows", "origin_displayed_mean"),
            ("followers show", "followers_displayed_mean"),
            ("absolute error, mean", "display_error_mean_abs"),
            ("the same, relative", "display_error_relative"),
            ("bias (displayed - true)", "display_error_bias"),
            ("absolute error at the sample with most viewers", "display_error_at_peak"),
            ("expiry bias (origin - true)", "expiry_bias"),
            ("federation error (follower - origin)", "federation_error"),
            ("the same, absolute", "federation_error_mean_abs"),
        ],
        against_baseline: false,
    },
    Group {
        title: "VIEWS (the other counter)",
        rows: &[
            ("views that instances counted", "views_counted"),
            ("error of the displayed number", "views_error_relative"),
            ("how old it is at origins", "views_origin_lag_mean_s"),
            ("how old it is at followers", "views_followers_lag_mean_s"),
            ("wrong by, when all is over", "views_final_difference_mean"),
        ],
        against_baseline: false,
    },
    Group {
        title: "LIES (against the same run without them)",
        rows: &[
            ("lies told", "lies_told"),
            ("an honest origin shows more", "lie_effect_origin_mean"),
            ("followers that do not lie show more", "lie_effect_followers_mean"),
            ("most that one of them is moved", "lie_effect_max"),
            ("viewers x seconds per lie", "lie_effect_per_lie"),
        ],
        against_baseline: false,
    },
    Group {
        title: "WHAT PEOPLE COMPLAIN ABOUT",
        rows: &[
            ("largest disagreement at a sample", "disagreement_max"),
            ("shows 0 while somebody watches", "wrong_zero_share"),
            ("collapses per instance and hour", "flapping_per_h"),
            ("age of a displayed total", "staleness_mean_s"),
        ],
        against_baseline: false,
    },
];

/// The table of a run without a sweep; `baseline` is one of its protocols.
pub fn comparison(values: &Values, baseline: &str, style: Style) -> String {
    let mut table = empty(style);
    table.set_header(
        std::iter::once(String::new()).chain(values.protocols.iter().map(|name| style.cell(name))),
    );
    let before = table.row_count();
    for (title, rows) in groups(values, 0, baseline) {
        table.add_row([title]);
        table.add_rows(rows.into_iter().map(|row| indented(row.label).chain(row.cells)));
    }
    if table.row_count() == before {
        table.add_row(["nobody watched, and nothing was sent"]);
    }
    align_right(&mut table, 1);
    let replications = values.replications();
    let head = match replications {
        0 | 1 => String::new(),
        _ => format!(
            "Means of {replications} replications, with 95 % intervals of the mean and of the ratio to {baseline}\n"
        ),
    };
    head + &table.trim_fmt()
}

fn indented(label: &str) -> impl Iterator<Item = String> + use<> {
    std::iter::once(format!("  {label}"))
}

/// A row of the comparison.
pub struct Row {
    /// What it says.
    pub label: &'static str,
    /// Its metric.
    pub metric: &'static str,
    /// The values of the columns, rounded.
    pub cells: Vec<String>,
}

/// The rows of the comparison at a point, in groups that are not empty.
pub fn groups(values: &Values, point: usize, baseline: &str) -> Vec<(&'static str, Vec<Row>)> {
    let of_group = |group: &'static Group| {
        let row = |(label, metric): &(&'static str, &'static str)| {
            Some(Row { label, metric, cells: cells(values, point, baseline, group, metric)? })
        };
        (group.title, group.rows.iter().filter_map(row).collect::<Vec<_>>())
    };
    GROUPS.iter().map(of_group).filter(|(_, rows)| !rows.is_empty()).collect()
}

/// The titles of the groups.
pub fn titles() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().map(|group| group.title)
}

/// How tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Aligned, for a terminal.
    Text,
    /// Aligned, and a table where Markdown is read.
    Markdown,
}

impl Style {
    /// Text in a cell, or beside the table, as it is.
    pub fn cell(self, text: &str) -> String {
        match self {
            Style::Text => one_line(text).into_owned(),
            Style::Markdown => markdown(text),
        }
    }
}

/// A table without anything.
pub(super) fn empty(style: Style) -> Table {
    let mut table = Table::new();
    let lines = match style {
        Style::Text => presets::NOTHING,
        Style::Markdown => presets::ASCII_MARKDOWN,
    };
    table.load_style(lines).set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Lets the columns from `first` on end at the same place.
pub(super) fn align_right(table: &mut Table, first: usize) {
    for column in table.column_iter_mut().skip(first) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// The metrics that the comparison shows, in its order.
pub(super) fn shown_metrics() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().flat_map(|group| group.rows.iter().map(|(_, metric)| *metric))
}

/// The values of a row, unless no protocol has one or all are zero.
fn cells(values: &Values, point: usize, baseline: &str, group: &Group, metric: &str) -> Option<Vec<String>> {
    let unit = Definition::named(metric)?.unit;
    let mean = |protocol: &String| values.mean(point, protocol, metric);
    values.protocols.iter().filter_map(mean).find(|estimate| estimate.mean != 0.0)?;
    let cell = |protocol: &String| {
        let Some(estimate) = mean(protocol) else { return "-".to_owned() };
        let against = (group.against_baseline && protocol != baseline)
            .then(|| values.compare(point, protocol, baseline, metric))
            .flatten()
            .filter(|comparison| comparison.baseline.mean > 0.0);
        let ratio = against.and_then(|comparison| Some(format!(" ({})", ratio_text(&comparison)?)));
        estimated(&estimate, unit) + &ratio.unwrap_or_default()
    };
    Some(values.protocols.iter().map(cell).collect())
}

/// A mean with half the width of its interval, as a share of it.
pub(super) fn estimated(estimate: &Estimate, unit: &str) -> String {
    human_readable(estimate.mean, unit) + &plus_minus(estimate)
}

fn plus_minus(estimate: &Estimate) -> String {
    match estimate.half_width {
        None => String::new(),
        Some(half_width) if half_width <= 0.0 => " ±0 %".to_owned(),
        Some(_) if estimate.mean.abs() <= 0.0 => " ±?".to_owned(),
        Some(half_width) => {
            let percent = half_width / estimate.mean.abs() * 100.0;
            format!(" ±{} %", if percent < 10.0 { format!("{percent:.1}") } else { format!("{percent:.0}") })
        }
    }
}

/// How many times the baseline a column is, and whether that is shown.
pub(super) fn ratio_text(comparison: &Comparison) -> Option<String> {
    let ratio = comparison.ratio?;
    Some(match (ratio.half_width, comparison.shown()) {
        (None, _) => times(ratio.mean),
        (Some(_), Shown::Nothing) => {
            format!("x{}{}, no difference shown", three_digits(ratio.mean), plus_minus(&ratio))
        }
        (Some(_), _) => format!("x{}{}", three_digits(ratio.mean), plus_minus(&ratio)),
    })
}

/// How many times another value one is, or which part of it.
pub(super) fn times(ratio: f64) -> String {
    if ratio >= 0.1 || ratio == 0.0 { format!("x{ratio:.2}") } else { format!("1/{:.0}", 1.0 / ratio) }
}

/// A value for people: three digits, with a prefix for large ones, and its unit where it is not plain.
pub fn human_readable(value: f64, unit: &str) -> String {
    match unit {
        "share" => format!("{} %", three_digits(value * 100.0)),
        "bytes" => format!("{}B", prefixed(value)),
        "bytes/s" => format!("{}B/s", prefixed(value)),
        "requests/s" => format!("{}/s", prefixed(value)),
        "s" => format!("{} s", three_digits(value)),
        "ms" => format!("{} ms", three_digits(value)),
        _ => prefixed(value).trim_end().to_owned(),
    }
}

/// Three significant digits with an SI prefix, and a space before the unit.
fn prefixed(value: f64) -> String {
    const PREFIXES: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    // 999.5 would be shown as 1000: it takes the next prefix.
    let prefix = PREFIXES.iter().find(|(factor, _)| value.abs() >= factor * 0.9995);
    match prefix {
        Some((factor, prefix)) => format!("{} {prefix}", three_digits(value / factor)),
        None => format!("{} ", three_digits(value)),
    }
}

/// At least three significant digits, without an exponent; whole numbers below 1,000 stay whole.
fn three_digits(value: f64) -> String {
    if libm::trunc(value).total_cmp(&value).is_eq() && value.abs() < 1_000.0 {
        return format!("{value}");
    }
    // The exponent of the rounded value: 0.9996 has that of 1.00.
    let rounded = format!("{value:.2e}");
    let exponent: i32 = rounded.rsplit('e').next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let decimals = usize::try_from(2 - exponent).unwrap_or(0).min(9);
    let text = format!("{value:.decimals$}");
    if text.parse() == Ok(0.0) { "0".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_for_reading() {
        for (value, unit, text) in [
            (0.0, "messages", "0"),
            (12.0, "messages", "12"),
            (999.0, "messages", "999"),
            (999_600.0, "messages", "1.00 M"),
            (8_123_456.0, "messages", "8.12 M"),
            (17_900_000_000.0, "bytes", "17.9 GB"),
            (336.0, "bytes", "336 B"),
            (0.01234, "share", "1.23 %"),
            (-37.25, "viewers", "-37.2"),
            (0.00012345, "viewers", "0.000123"),
            (60.1, "s", "60.1 s"),
            (12_345.6, "ms", "12346 ms"),
        ] {
            assert_eq!(human_readable(value, unit), text);
        }
    }
}
