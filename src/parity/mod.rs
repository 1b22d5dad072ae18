//! Parity: the same cell in the simulation and over real HTTP, and whether both do the same.
//!
//! Real time is never exact: what another machine or a client sends comes a little later than in the simulation. So a
//! simulated run is first searched for decisions that such a delay could change (`decisions`). Where there are none,
//! messages, bytes and displayed counts must be equal (`compare`). Times and margins are model time. No rule of a protocol
//! is written here: copies of instances are asked. No files and no printing are here, and sockets only through the live
//! driver, which `drive` calls.

mod compare;
mod decisions;
mod drive;
mod history;
mod log;
mod near;
mod order;
mod record;
mod requests;
mod thresholds;

pub use compare::{Comparison, Difference, Setting, Side, compare};
pub use decisions::decisions;
pub use drive::{ColumnResult, fix_ends, in_model_time, near_decisions, run_both};
pub use history::Counter;
pub use log::{DisplaySample, DisplayedCounts, Log, MessageName, Request};
pub use near::{NearDecision, NearDecisions};
