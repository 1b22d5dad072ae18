//! Broadcasts that are computed outside of the event loop, whole jobs at once.
//!
//! It must not know when events happen: the run calls it when a job starts, and hands over what the replay needs.

mod ahead;
mod linear;
mod state;
mod unqueued;
mod whole_job;

pub(in crate::sim) use crate::sim::replay::{Helpers, with_helpers};
pub use state::Execution;
pub(in crate::sim) use state::{Broadcasts, takes_all_broadcasts};
