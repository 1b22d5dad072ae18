//! Delivery: from an effect to an activity that takes effect elsewhere.
//!
//! A send becomes one job or several (`sending`), which wait in queues; a running job makes requests (`running`), each of
//! which takes the legs of its path (`sim::request`) on the stations of two machines (`steps`, `machine`); the receiver
//! verifies, answers and works through its inbox queue (`receiving`). Steps that concern one machine alone wait in its
//! calendar instead of being events (`look_ahead`, `lazy`). Without queues (`Queues::Unlimited`) a send leaves at once and
//! arrives after its latency (`unqueued`).
//! No protocol rules but those about delivery are read here. Nothing is ever forgotten: `Ledger`, asserted at every
//! sample.

mod job;
mod lazy;
mod look_ahead;
mod machine;
mod receiving;
mod request;
mod running;
mod samples;
mod sending;
mod slots;
mod state;
mod steps;
mod unqueued;

pub(super) use request::NO_REQUEST;
pub use sending::{message_name, peertube_queue, splits_bad_inboxes};
pub use state::health_rule;
pub(super) use state::{Delivery, Moment};
