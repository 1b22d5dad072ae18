//! What decides a cell, as JSON on one line.
//!
//! A spec holds all of its scenario but the data files, whose hashes are in the scenario. So a cell may run in any process, on any
//! machine, in any order: the same spec gives the same record, to the byte.

use crate::runs::cell::{CellPlan, plan};
use crate::scenario::{Scenario, Study};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version of the model that made a record.
pub const MODEL_VERSION: &str = env!("CARGO_PKG_VERSION");

/// How cells are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// Event by event.
    Plain,
    /// Without events where none are needed.
    Fast,
    /// As real servers, by the live driver: what comes out depends on the machine.
    Live,
}

impl EngineChoice {
    /// The driver: `sim` or `live`.
    pub fn driver(self) -> &'static str {
        match self {
            EngineChoice::Plain | EngineChoice::Fast => "sim",
            EngineChoice::Live => "live",
        }
    }
}

/// What decides a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellSpec {
    /// The version of the model.
    pub model_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// SHA-256 of `resolved`, in hex.
    pub scenario_sha256: String,
    /// Its number in the plan.
    pub cell: usize,
    /// Cells in the plan.
    pub cells: usize,
    /// The name of the column.
    pub protocol: String,
    /// The number of the replication.
    pub replication: u32,
    /// The seed.
    pub seed: u64,
    /// What the sweep sets, as in `--set`; empty where the file's value holds.
    pub parameters: Vec<Parameter>,
    /// How it is run; it changes nothing in the records.
    pub engine: EngineChoice,
    /// The resolved scenario, with its sweep.
    pub resolved: Arc<str>,
}

/// A value of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What is set.
    pub path: String,
    /// To what.
    pub value: String,
}

impl CellSpec {
    /// The spec of a cell of a study.
    pub fn of(study: &Study, cell: &CellPlan, engine: EngineChoice) -> CellSpec {
        CellSpec::within(&study.scenario, cell, engine, &Arc::from(&study.scenario.resolved[..]))
    }

    fn within(scenario: &Scenario, cell: &CellPlan, engine: EngineChoice, resolved: &Arc<str>) -> CellSpec {
        let values = scenario.sweep.parameters.iter().zip(&scenario.sweep.points[cell.point]);
        let parameter =
            |(path, value): (&String, &String)| Parameter { path: path.clone(), value: value.clone() };
        CellSpec {
            model_version: MODEL_VERSION.to_owned(),
            scenario: scenario.name.clone(),
            scenario_sha256: scenario.hash.clone(),
            cell: cell.number,
            cells: scenario.sweep.points.len() * scenario.replications as usize * scenario.compare.len(),
            protocol: scenario.compare[cell.variant].name.clone(),
            replication: cell.seed.replication,
            seed: cell.seed.seed,
            parameters: values.map(parameter).collect(),
            engine,
            resolved: Arc::clone(resolved),
        }
    }

    /// The specs of all cells of a study.
    pub fn all(study: &Study, engine: EngineChoice) -> Vec<CellSpec> {
        let resolved = Arc::from(&study.scenario.resolved[..]);
        plan(&study.scenario)
            .iter()
            .map(|cell| CellSpec::within(&study.scenario, cell, engine, &resolved))
            .collect()
    }

    /// Whether two specs decide the same cell, however its driver runs it.
    pub fn is_same_cell(&self, other: &CellSpec) -> bool {
        let is_same_driver = self.engine.driver() == other.engine.driver();
        let other = CellSpec { engine: self.engine, ..other.clone() };
        is_same_driver && *self == other
    }
}
