//! What a cell came to, as JSON on one line: its metrics and its rows of every file of records.

use crate::runs::cell::{CellResult, ExecutionReport, MetricValue};
use crate::runs::implied_rows::Rows;
use crate::runs::records::RECORD_FILES;
use crate::runs::spec::CellSpec;
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a cell came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellRecord {
    /// What decided it.
    pub spec: CellSpec,
    /// All metrics that have a value.
    pub metrics: Vec<MetricValue>,
    /// How it ran.
    pub ran: ExecutionReport,
    /// Its rows of each file of records.
    pub rows: BTreeMap<String, String>,
}

impl CellRecord {
    /// The record of a result.
    pub(super) fn new(spec: CellSpec, scenario: &Scenario, result: CellResult, which: Rows) -> CellRecord {
        let text = |bytes| String::from_utf8(bytes).expect("rows are text");
        let rows = RECORD_FILES.iter().map(|file| {
            (
                file.name.to_owned(),
                text(file.cell(scenario, &spec, &result, which).expect("memory takes everything")),
            )
        });
        CellRecord { rows: rows.collect(), metrics: result.metrics, ran: result.ran, spec }
    }
}
