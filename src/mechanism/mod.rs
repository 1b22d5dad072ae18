//! Layer 2, mechanisms: pending events, activities and their wire form, the viewer store, the
//! network and what it costs below HTTP, queues and servers, and the ledger of messages.
//!
//! Each stands alone, without protocol rules (layer 3) and without drivers (layer 6).

pub mod activity;
pub mod availability;
pub mod ban;
pub mod boundary;
pub mod breakers;
pub mod by_instance;
pub mod connections;
pub mod fate;
pub mod follow_health;
pub mod held_messages;
pub mod held_queues;
pub mod ledger;
pub mod lindley;
pub mod network;
pub mod pending;
pub mod queue;
pub mod rate_limit;
pub mod refusal;
pub mod retry;
pub mod servers;
pub mod slab;
pub mod slot_schedule;
pub mod sparse_counts;
pub mod step_counts;
pub mod store;
pub mod tally;
pub mod time_sort;
pub mod trains;
pub mod transport;
pub mod views;
pub mod wire;
