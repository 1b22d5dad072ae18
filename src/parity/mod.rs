//! Parity: the same cell in the simulation and over real HTTP, and whether both did the same.
//!
//! Real time is never exact: what comes of another machine, or of a client, comes a little later than in the simulation.
//! So first a simulated run is searched for what such a delay could turn (`decisions`), and only where nothing is that
//! near must messages, bytes and displayed counts be equal (`compare`). Times are those of the model; a margin is given
//! in model time, too. No rule of a protocol is written here a second time: instances are asked, on copies. Sockets,
//! files and printing are not known here.

mod compare;
mod decisions;
mod history;
mod log;
mod order;
mod record;
mod requests;

pub use compare::{Comparison, Difference, Setting, Side, compare};
pub use decisions::{Decisions, Near, decisions};
pub use log::{Both, Counts, Log, Name, Passage, Shown};
