//! The manifest of a run: what the folder says about itself.

use crate::runs::cell::ExecutionReport;
use crate::runs::spec::{EngineChoice, MODEL_VERSION};
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(in crate::runs) const MANIFEST: &str = "manifest.json";
/// A manifest has at most so many bytes.
pub(in crate::runs) const MANIFEST_BYTES_MAX: u64 = 16 << 20;

/// What a folder says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the model that made it.
    pub model_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// SHA-256 of the resolved scenario, in hex.
    pub scenario_sha256: String,
    /// The driver: `sim`, or `live` if real servers made the records, which then depend on the machine.
    #[serde(default = "simulated")]
    pub driver: String,
    /// The seed.
    pub seed: u64,
    /// Cells in the records; while not complete, in the plan.
    pub cells: usize,
    /// Whether all of them are in the records.
    pub complete: bool,
    /// Of each file of records, the SHA-256 in hex; empty while not complete.
    pub records_sha256: BTreeMap<String, String>,
    /// How the cells of each column ran, their messages added up: nothing that changes the records.
    #[serde(default)]
    pub ran: Vec<ExecutionReport>,
    /// SHA-256 over all files of records in their order, in hex; empty while not complete.
    pub digest_sha256: String,
}

/// The driver of a manifest that does not name one.
fn simulated() -> String {
    EngineChoice::Fast.driver().to_owned()
}

impl Manifest {
    pub(super) fn new(scenario: &Scenario, driver: &str, cells: usize) -> Manifest {
        Manifest {
            model_version: MODEL_VERSION.to_owned(),
            scenario: scenario.name.clone(),
            scenario_sha256: scenario.hash.clone(),
            driver: driver.to_owned(),
            seed: scenario.seed,
            cells,
            complete: false,
            records_sha256: BTreeMap::new(),
            ran: Vec::new(),
            digest_sha256: String::new(),
        }
    }

    pub(super) fn is_of_same_run(&self, other: &Manifest) -> bool {
        let of = |run: &Manifest| [&run.model_version, &run.scenario_sha256, &run.driver].map(String::clone);
        of(self) == of(other)
    }
}
