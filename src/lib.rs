//! fedisim: a discrete-event simulator of an ActivityPub federation.
//!
//! It answers: if this video goes viral, what does protocol A cost against protocol B, who pays, and how wrong are the
//! counters that people see? ARCHITECTURE.md draws the map; the modules below and in main.rs are its layers, in their order, and each
//! imports only from those before it (a test holds them to that).

pub mod foundation;

pub mod files;

pub mod mechanism;

pub mod domain;

pub mod event;

pub mod instance;

pub mod observe;

pub mod metrics;

pub mod scenario;

pub mod cell;

pub mod request;

pub mod sim;

pub mod intervals;

pub mod runs;

pub mod import;

#[cfg(feature = "live")]
pub mod live;

pub mod conform;

#[cfg(feature = "live")]
pub mod parity;

pub mod theory;
