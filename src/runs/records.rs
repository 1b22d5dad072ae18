//! Records: the CSV files of a run's folder, their columns in this one place.
//!
//! Tidy: one meaning per file, units in the column names, integers wherever they exist, and on every row what it
//! belongs to: scenario, protocol, cell, replication, seed and model version. No wall time, path or thread count.

use crate::intervals::{Candidate, Table, front};
use crate::runs::cell::{CellResult, MetricValue};
use crate::runs::implied_rows::{ImpliedRows, Rows};
use crate::runs::record_rows::{
    Emit, catalogues, counters, delays, doors, followers, links, queues, traffic,
};
use crate::runs::spec::{CellSpec, MODEL_VERSION};
use crate::scenario::{Pareto, Scenario};
use std::collections::BTreeMap;

/// The columns that every row begins with; behind them stands what the sweep varies.
pub(super) const COMMON: [&str; 6] = ["scenario", "protocol", "cell", "replication", "seed", "model_version"];

/// One file of records.
pub struct RecordFile {
    /// Its name in the run's folder.
    pub name: &'static str,
    /// The columns behind the common ones.
    pub(super) columns: &'static [&'static str],
    /// So many of them tell a row of a cell from its others.
    pub(super) key: usize,
    /// The rows of a cell, without the common columns.
    rows: fn(&Scenario, &CellResult, Emit<'_>),
}

/// The name of the file that holds the metrics.
pub const SUMMARY: &str = "summary.csv";
/// The name of the file that holds displayed and true viewers.
pub(super) const COUNTERS: &str = "counters.csv";

/// All files of records, in the order of the digest.
pub static RECORD_FILES: [RecordFile; 9] = [
    RecordFile { name: SUMMARY, columns: &["metric", "unit", "value"], key: 1, rows: summary },
    RecordFile {
        name: "traffic.csv",
        columns: &[
            "bucket_start_ms",
            "video",
            "instance",
            "direction",
            "kind",
            "messages",
            "head_bytes",
            "body_bytes",
            "response_bytes",
            "tcp_up_bytes",
            "tcp_down_bytes",
            "tls_up_bytes",
            "tls_down_bytes",
        ],
        key: 5,
        rows: traffic,
    },
    RecordFile {
        name: COUNTERS,
        columns: &[
            "time_ms",
            "video",
            "instance",
            "displayed_viewers",
            "true_viewers",
            "displayed_views",
            "true_views",
        ],
        key: 3,
        rows: counters,
    },
    RecordFile {
        name: "catalogues.csv",
        columns: &[
            "time_ms",
            "catalogue",
            "class",
            "watched_videos",
            "true_viewers",
            "origin_pairs",
            "origin_displayed",
            "origin_error_abs",
            "follower_pairs",
            "follower_displayed",
            "follower_error_abs",
            "seen_viewers",
            "seen_error_abs",
            "seen_wrong_zeros",
            "true_views",
            "origin_views",
            "follower_true_views",
            "follower_views",
        ],
        key: 3,
        rows: catalogues,
    },
    RecordFile {
        name: "delays.csv",
        columns: &["kind", "messages", "quantile", "delay_us"],
        key: 3,
        rows: delays,
    },
    RecordFile {
        name: "queues.csv",
        columns: &[
            "time_ms",
            "instance",
            "queue",
            "waiting_jobs",
            "running_jobs",
            "oldest_ms",
            "started_jobs",
            "waited_ms",
        ],
        key: 3,
        rows: queues,
    },
    RecordFile {
        name: "followers.csv",
        columns: &["time_ms", "instance", "follower", "good", "bad", "score", "removed"],
        key: 3,
        rows: followers,
    },
    RecordFile {
        name: "links.csv",
        columns: &["video", "sender", "receiver", "kind", "messages", "head_bytes", "body_bytes"],
        key: 4,
        rows: links,
    },
    RecordFile {
        name: "doors.csv",
        columns: &[
            "instance",
            "request",
            "payer",
            "sent",
            "answered",
            "request_bytes",
            "answer_bytes",
            "per_s_peak",
        ],
        key: 2,
        rows: doors,
    },
];

impl RecordFile {
    /// The line of column names, of a sweep over some paths.
    ///
    /// # Errors
    /// None in practice: it writes to memory.
    pub fn header(&self, parameters: &[String]) -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(self.column_names(parameters))?;
        writer.into_inner().map_err(|error| error.into_error().into())
    }

    /// The names of its columns, of a sweep over some paths.
    pub(super) fn column_names<'a>(&self, parameters: &'a [String]) -> Vec<&'a str> {
        let parameters = parameters.iter().map(String::as_str);
        COMMON.into_iter().chain(parameters).chain(self.columns.iter().copied()).collect()
    }

    /// The file of this name.
    pub(super) fn named(name: &str) -> Option<&'static RecordFile> {
        RECORD_FILES.iter().find(|file| file.name == name)
    }

    /// The rows of one cell.
    ///
    /// # Errors
    /// None in practice: it writes to memory.
    pub(super) fn cell(
        &self,
        scenario: &Scenario,
        spec: &CellSpec,
        result: &CellResult,
        which: Rows,
    ) -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let common = common(spec);
        let mut outcome = Ok(());
        let mut implied = (which == Rows::Needed && self.name == COUNTERS).then(ImpliedRows::default);
        (self.rows)(scenario, result, &mut |row| {
            let is_implied = implied
                .as_mut()
                .is_some_and(|implied| implied.implies(std::array::from_fn(|column| &row[column][..])));
            if outcome.is_ok() && !is_implied {
                outcome = writer.write_record(common.iter().chain(row));
            }
        });
        outcome?;
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

/// What the rows of a cell begin with.
pub(super) fn common(spec: &CellSpec) -> Vec<String> {
    let mut common = vec![
        spec.scenario.clone(),
        spec.protocol.clone(),
        spec.cell.to_string(),
        spec.replication.to_string(),
        spec.seed.to_string(),
        MODEL_VERSION.to_owned(),
    ];
    common.extend(spec.parameters.iter().map(|parameter| as_text(&parameter.value)));
    common
}

/// The same as it stands in a file, with the comma behind it.
pub(super) fn common_text(spec: &CellSpec) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(common(spec)).expect("memory takes everything");
    let bytes = writer.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("text was written").trim_end_matches('\n').to_owned() + ","
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnType {
    /// Text: a name or a word.
    Text,
    /// A real number.
    Real,
    /// A whole number; empty where there is none.
    Whole,
}

/// What a column holds that is not one of what was varied.
pub(super) fn column_type(column: &str) -> ColumnType {
    match column {
        "scenario" | "protocol" | "model_version" | "metric" | "unit" | "pareto" | "video" | "instance"
        | "follower" | "catalogue" | "direction" | "kind" | "queue" | "removed" | "sender" | "receiver"
        | "request" | "payer" => ColumnType::Text,
        "value" | "quantile" => ColumnType::Real,
        _ => ColumnType::Whole,
    }
}

/// A value of a sweep as a cell that no spreadsheet takes for a formula; numbers stay numbers.
pub fn as_text(value: &str) -> String {
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']) && value.parse::<f64>().is_err();
    if is_formula { format!("'{value}") } else { value.to_owned() }
}

fn summary(_: &Scenario, result: &CellResult, emit: Emit<'_>) {
    for metric in &result.metrics {
        emit(&summary_row(metric));
    }
}

fn summary_row(metric: &MetricValue) -> [String; 3] {
    [metric.name.clone(), metric.unit.clone(), metric.value.clone()]
}

/// The rows of `summary.csv` that a cell with these metrics has.
pub(super) fn summary_rows(spec: &CellSpec, metrics: &[MetricValue]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let common = common(spec);
    for metric in metrics {
        writer.write_record(common.iter().chain(&summary_row(metric))).expect("memory takes everything");
    }
    let bytes = writer.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("text was written")
}

/// The rows of a `summary.csv` with a column more: whether the column of the comparison at that point is on the Pareto front.
pub(super) fn mark_front(summary: &[u8], table: &Table, pareto: &Pareto) -> Vec<u8> {
    let front = on_front(table, pareto);
    let numbers: BTreeMap<&[String], usize> = table.points.iter().map(Vec::as_slice).zip(0..).collect();
    let mut reader = csv::Reader::from_reader(summary);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = reader.headers().expect("our own file").clone();
    let protocol = header.iter().position(|column| column == "protocol").expect("our own file");
    let first = COMMON.len();
    header.push_field("pareto");
    writer.write_record(&header).expect("memory takes everything");
    for row in reader.records() {
        let mut row = row.expect("our own file");
        let point: Vec<String> = (0..table.parameters.len()).map(|at| row[first + at].to_owned()).collect();
        let number = numbers[&point[..]];
        let is_on = front.get(&(number, row[protocol].to_owned()));
        row.push_field(match is_on {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        });
        writer.write_record(&row).expect("memory takes everything");
    }
    writer.into_inner().expect("memory takes everything")
}

/// By point and column, whether it is on the Pareto front; what lacks the cost or the error is in neither.
pub fn on_front(table: &Table, pareto: &Pareto) -> BTreeMap<(usize, String), bool> {
    let mut keys = Vec::new();
    let mut candidates = Vec::new();
    for point in 0..table.points.len() {
        for protocol in &table.protocols {
            let values = |metric| table.values(point, protocol, metric);
            if let (Some(cost), Some(error)) = (values(&pareto.cost), values(&pareto.error)) {
                keys.push((point, protocol.clone()));
                candidates.push(Candidate { cost: cost.clone(), error: error.clone() });
            }
        }
    }
    keys.into_iter().zip(front(&candidates)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_a_sweep_is_a_formula() {
        for (value, cell) in [
            ("10 min", "10 min"),
            ("-5", "-5"),
            ("-1 s", "'-1 s"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("", ""),
        ] {
            assert_eq!(as_text(value), cell);
        }
    }
}
