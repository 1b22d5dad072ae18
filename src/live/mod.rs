//! The instances as real HTTP servers: what a simulation counts, sent and signed for real.
//!
//! Not here: what an instance does (`instance`) and what a message looks like (`mechanism::wire`).

pub mod http_signature;
pub mod keys;
pub mod ld_signature;
