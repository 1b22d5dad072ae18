//! Records: the CSV files of a run's folder, their columns in this one place.
//!
//! Tidy: one meaning per file, units in the column names, integers wherever they exist, and on every row what it
//! belongs to: scenario, protocol, cell, replication, seed and model version. No wall time, path or thread count.

use crate::metrics::Observed;
use crate::metrics::delays::QUANTILES_PER_MILLE;
use crate::runs::cell::CellResult;
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};

/// The version of the model that made a record.
pub const MODEL_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The columns that every row begins with.
const COMMON: [&str; 6] = ["scenario", "protocol", "cell", "replication", "seed", "model_version"];

/// One file of records.
pub struct RecordFile {
    /// Its name in the run's folder.
    pub name: &'static str,
    /// The columns behind the common ones.
    columns: &'static [&'static str],
    /// The rows of a cell, without the common columns.
    rows: fn(&Scenario, &CellResult, Emit<'_>),
}

/// Takes the rows of a file one by one.
type Emit<'a> = &'a mut dyn FnMut(&[String]);

/// The name of the file that holds the metrics.
pub const SUMMARY: &str = "summary.csv";

/// All files of records, in the order of the digest.
pub const RECORD_FILES: [RecordFile; 6] = [
    RecordFile { name: SUMMARY, columns: &["metric", "unit", "value"], rows: summary },
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
        rows: traffic,
    },
    RecordFile {
        name: "counters.csv",
        columns: &["time_ms", "video", "instance", "displayed_viewers", "true_viewers"],
        rows: counters,
    },
    RecordFile { name: "delays.csv", columns: &["kind", "messages", "quantile", "delay_us"], rows: delays },
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
        rows: queues,
    },
    RecordFile {
        name: "followers.csv",
        columns: &["time_ms", "instance", "follower", "good", "bad", "score", "removed"],
        rows: followers,
    },
];

/// A row of `summary.csv`, as later stages read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SummaryRow {
    /// The scenario.
    pub scenario: String,
    /// The column of the comparison.
    pub protocol: String,
    /// The number of the cell in the plan.
    pub cell: usize,
    /// The number of the replication.
    pub replication: u32,
    /// The seed.
    pub seed: u64,
    /// The version of the model.
    pub model_version: String,
    /// The metric.
    pub metric: String,
    /// The unit of the value.
    pub unit: String,
    /// The value.
    pub value: f64,
}

impl RecordFile {
    /// The line of column names.
    ///
    /// # Errors
    /// None in practice: it writes to memory.
    pub fn header(&self) -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(COMMON.iter().chain(self.columns))?;
        writer.into_inner().map_err(|error| error.into_error().into())
    }

    /// The rows of one cell.
    ///
    /// # Errors
    /// None in practice: it writes to memory.
    pub fn cell(&self, scenario: &Scenario, result: &CellResult) -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let common = [
            scenario.name.clone(),
            result.protocol.clone(),
            result.cell.to_string(),
            result.replication.to_string(),
            result.seed.to_string(),
            MODEL_VERSION.to_owned(),
        ];
        let mut outcome = Ok(());
        (self.rows)(scenario, result, &mut |row| {
            if outcome.is_ok() {
                outcome = writer.write_record(common.iter().chain(row));
            }
        });
        outcome?;
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

fn summary(_: &Scenario, result: &CellResult, emit: Emit<'_>) {
    for metric in &result.metrics {
        emit(&[metric.name.clone(), metric.unit.clone(), metric.value.clone()]);
    }
}

fn traffic(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    for row in &result.observed.traffic {
        emit(&[
            ms(row.start_ns),
            scenario.videos[row.video as usize].name.clone(),
            scenario.instances[row.instance as usize].name.clone(),
            row.direction.name().to_owned(),
            row.kind.name().to_owned(),
            row.sums.messages.to_string(),
            row.sums.head_bytes.to_string(),
            row.sums.body_bytes.to_string(),
            row.sums.response_bytes.to_string(),
            row.sums.tcp_up_bytes.to_string(),
            row.sums.tcp_down_bytes.to_string(),
            row.sums.tls_up_bytes.to_string(),
            row.sums.tls_down_bytes.to_string(),
        ]);
    }
}

fn counters(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    let Observed { counters, .. } = &result.observed;
    for (sample, &at_ns) in counters.at_ns.iter().enumerate() {
        for (video, of_video) in scenario.videos.iter().zip(&counters.videos) {
            for shown in &of_video.shown {
                emit(&[
                    ms(at_ns),
                    video.name.clone(),
                    scenario.instances[shown.instance as usize].name.clone(),
                    shown.displayed[sample].map_or_else(String::new, |count| count.to_string()),
                    of_video.watching[sample].to_string(),
                ]);
            }
        }
    }
}

fn delays(_: &Scenario, result: &CellResult, emit: Emit<'_>) {
    for row in &result.observed.delays {
        for (per_mille, delay_us) in QUANTILES_PER_MILLE.iter().zip(row.quantiles_us) {
            let quantile = f64::from(*per_mille) / 1000.0;
            emit(&[
                row.kind.name().to_owned(),
                row.messages.to_string(),
                quantile.to_string(),
                delay_us.to_string(),
            ]);
        }
    }
}

fn queues(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    for row in &result.observed.delivery.queues {
        emit(&[
            ms(row.at_ns),
            scenario.instances[row.instance as usize].name.clone(),
            row.queue.name().to_owned(),
            row.waiting.to_string(),
            row.running.to_string(),
            ms(row.oldest_ns),
            row.started.to_string(),
            ms(row.waited_ns),
        ]);
    }
}

fn followers(scenario: &Scenario, result: &CellResult, emit: Emit<'_>) {
    for row in &result.observed.delivery.health {
        emit(&[
            ms(row.at_ns),
            scenario.instances[row.instance as usize].name.clone(),
            scenario.instances[row.follower as usize].name.clone(),
            row.good.to_string(),
            row.bad.to_string(),
            row.score.to_string(),
            row.removed.to_string(),
        ]);
    }
}

/// Whole milliseconds, rounded down. Buckets and samples begin at whole ones: validation holds scenarios to that.
fn ms(ns: u64) -> String {
    (ns / 1_000_000).to_string()
}

/// The rows of a `summary.csv`.
///
/// # Errors
/// What is wrong with the file, in a sentence.
pub fn read_summary(bytes: &[u8]) -> Result<Vec<SummaryRow>, String> {
    csv::Reader::from_reader(bytes).deserialize().collect::<Result<_, _>>().map_err(|error| error.to_string())
}
