//! What replications say: means with their intervals, paired differences and ratios, and who is on a Pareto front.
//!
//! All replications of a column see the same draws as the same replications of the others (common random numbers), so
//! differences are taken within a replication. Intervals are Student's, two-sided, 95 %. It knows metrics by name only, no
//! file and no scenario.

mod comparison;
mod pareto;
mod student;
mod table;

pub use comparison::{Comparison, Shown, compared};
pub use pareto::{Candidate, front};
pub use student::{Estimate, mean_of, ratio_of};
pub use table::Table;
