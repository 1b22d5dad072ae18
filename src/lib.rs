//! fedisim: a discrete-event simulator of an ActivityPub federation.
//!
//! It answers: if this video goes viral, what does protocol A cost against protocol B, who pays, and how wrong are the
//! counters that people see? ARCHITECTURE.md draws the map; the modules below are its layers, and each imports only
//! from those before it.

pub mod words;
pub mod mechanism;
pub mod domain;
pub mod scenario;
