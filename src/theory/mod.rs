//! The simulator against theory: what queueing theory and a few lines of algebra say must come out.
//!
//! The closed forms are the analytic half of the evidence that the simulator is right (recordings of real servers are the other
//! half). `table` says what is run and claimed, `formulas` holds the closed forms by their row numbers, `experiment` runs
//! replications with fixed seeds, and `door` is the one place that passes or refuses a claim. The tests run wrong models
//! through the same door: a check that cannot fail is none.

pub mod door;
pub mod experiment;
pub mod formulas;
pub mod table;
