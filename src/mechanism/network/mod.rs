//! The network between instances: one-way latency and loss of a message on a link.
//!
//! Latencies are whole microseconds. The latency or loss of a message is a function of its name (a 64-bit hash) and of its
//! destination (`foundation::random::MessageDraws`), never of the order in which it is asked; on a link whose law is constant
//! and loses nothing, no number is drawn. Nothing here knows about queues, time-outs or protocols.

mod bounds;
mod law;
mod links;
mod lognormal;
mod model;
#[cfg(test)]
mod tests;

pub use links::{NO_LATENCY_US, Network};
pub use model::{LATENCY_MAX, Latency, LinkRule, NetworkModel};
