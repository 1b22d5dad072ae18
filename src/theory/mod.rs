//! The simulator against theory: the results of queueing theory and of algebra must come out.
//!
//! The closed forms are the analytic half of the evidence that the simulator is right. Recordings of real servers are the
//! other half. `formulas` holds the closed forms, `setting` and `run` make and measure replications with fixed seeds,
//! `acceptance` accepts or refuses a claim, `experiments` lists what is run and claimed. The tests run wrong models through
//! the same acceptance test, because a check that cannot fail is none.
//!
//! So far what viewers and counters do. Delivery and what is asked back have small cases (`cases`) whose claims are exact, but for two:
//! `delivery_formulas`, `request_log`, and what is run and claimed in `sending_cases` and `receiving_cases`.

pub mod acceptance;
pub mod cases;
pub mod delivery_formulas;
pub mod experiment;
pub mod experiments;
pub mod formulas;
pub mod receiving_cases;
pub mod request_log;
pub mod run;
mod scripted;
pub mod sending_cases;
pub mod setting;
mod watch_laws;
