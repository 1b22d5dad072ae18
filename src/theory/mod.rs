//! The simulator against theory: the results of queueing theory and of algebra must come out.
//!
//! The closed forms are the analytic half of the evidence that the simulator is right. Recordings of real servers are the
//! other half. `formulas` holds the closed forms, `setting` and `run` make and measure replications with fixed seeds,
//! `acceptance` accepts or refuses a claim, `experiments` lists what is run and claimed. The tests run wrong models through
//! the same acceptance test, because a check that cannot fail is none.

pub mod acceptance;
pub mod experiment;
pub mod experiments;
pub mod formulas;
pub mod run;
mod scripted;
pub mod setting;
mod watch_laws;
