//! Search spaces as data: where the cheapest protocol is sought, and among what.

use crate::scenario::value::Checked;

/// Where the cheapest protocol is sought, and among what.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchSpace {
    /// The name, as the file's.
    pub name: String,
    /// What is searched for.
    pub description: String,
    /// The seed of drawn candidates and of all runs.
    pub seed: u64,
    /// Where candidates must be good.
    pub scenarios: Vec<SearchScenario>,
    /// The protocol that candidates change.
    pub base: String,
    /// Rules and parameters with the values to choose from.
    pub(crate) choices: Vec<(String, Vec<Checked>)>,
    /// The protocol whose cost is 1.
    pub baseline: String,
    /// Protocols that stand beside the candidates.
    pub beside: Vec<String>,
    /// Metrics whose weighted sum is the cost.
    pub cost: Vec<(String, f64)>,
    /// The metric of the error, whose sign does not matter.
    pub error: String,
    /// The classes of error, rising.
    pub errors: Vec<f64>,
    /// What must hold in every scenario.
    pub bounds: Vec<SearchBound>,
    /// Replications of who is not worse.
    pub replications: u32,
    /// Replications between two looks.
    pub at_once: u32,
    /// Candidates that begin.
    pub drawn: u64,
    /// How often neighbours are tried at most.
    pub rounds: u32,
}

/// A scenario of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchScenario {
    /// Its name in the search.
    pub name: String,
    /// Its file, as seen from that of the search.
    pub file: String,
    /// What is different, as in `--set`.
    pub sets: Vec<String>,
    /// How much its cost counts.
    pub weight: f64,
    /// Whether classes of error and bounds must hold there.
    pub in_classes: bool,
}

/// What must hold in every scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchBound {
    /// The metric.
    pub metric: String,
    /// The least that is allowed.
    pub min: Option<f64>,
    /// The most that is allowed.
    pub max: Option<f64>,
    /// Whether it is divided by the baseline's.
    pub is_relative: bool,
}
