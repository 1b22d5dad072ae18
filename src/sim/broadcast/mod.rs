//! Broadcasts that are computed outside the event loop: all requests of a job when it starts (`whole_job`, on the path in µs
//! of `linear`), without queues when it is sent (`unqueued`), or the arrival of a single request ahead of time (`ahead`).
//!
//! It must not know how events are executed: `run` calls it and schedules what it returns.

mod ahead;
mod linear;
mod routes;
mod state;
mod unqueued;
mod whole_job;

pub(in crate::sim) use crate::sim::replay::{Helpers, with_helpers};
pub use state::Execution;
pub(in crate::sim) use state::{Broadcasts, takes_all_broadcasts};
