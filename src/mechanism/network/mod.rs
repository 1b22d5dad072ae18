//! The network between instances: one-way latency and loss of a message on a link.
//!
//! A request has legs (`leg`): there, and on another link back. Latencies are whole microseconds. The latency or loss of a leg
//! is a function of its name (a 64-bit hash) and of the request's destination (`foundation::random::MessageDraws`), never of
//! the order in which it is asked; on a link whose law is constant and loses nothing, no number is drawn. Nothing here knows
//! about queues, time-outs or protocols.

mod bounds;
mod law;
mod leg;
mod links;
mod lognormal;
mod model;
mod places;
#[cfg(test)]
mod tests;

pub use leg::{Leg, Ways};
pub use links::{NO_LATENCY_US, Network};
pub use model::{LATENCY_MAX, Latency, LinkRule, NetworkModel};
pub use places::{PlacePair, Places};
