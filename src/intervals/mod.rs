//! Statistics over replications: means with their intervals, paired differences and ratios, Pareto fronts.
//!
//! All columns see the same draws in the same replication (common random numbers), so differences are taken within a
//! replication. Intervals are Student's, two-sided, 95 %. Metrics are known by name only; no file and no scenario is.

mod comparison;
mod pareto;
mod student;
mod table;

pub use comparison::{Comparison, Shown, compared};
pub use pareto::{Candidate, front};
pub use student::{Estimate, mean_of};
pub use table::Table;
