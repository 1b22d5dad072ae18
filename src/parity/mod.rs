//! Parity: the same cell in the simulation and over real HTTP, and whether both did the same.
//!
//! Real time is never exact: what comes of another machine, or of a client, comes a little later than in the simulation.
//! So first a simulated run is searched for what such a delay could turn (`decisions`), and only where nothing is that
//! near must messages, bytes and displayed counts be equal (`compare`). Times are those of the model; a margin is given
//! in model time, too. No rule of a protocol is written here a second time: instances are asked, on copies. Files and
//! printing are not known here, and sockets only through the live driver, which `drive` calls.

mod compare;
mod decisions;
mod drive;
mod history;
mod log;
mod order;
mod record;
mod requests;

pub use compare::{Comparison, Difference, Setting, Side, compare};
pub use decisions::{Decisions, Near, decisions};
pub use drive::{Pair, fix_ends, in_model_time, near_decisions, run_both};
pub use log::{Counts, Log, Name, Passage, Shown};
