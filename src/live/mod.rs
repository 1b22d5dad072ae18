//! The live driver: the instances of a cell as real HTTP servers on this machine, which exchange signed activities.
//!
//! Observers see the same as in the simulation, so the same records come out. Latency, loss and faults are those of the
//! scenario, applied at the sender. The files in the order in which they build on each other:
//!
//! - `keys`, `http_signature`, `ld_signature`: what is signed, and by whom;
//! - `clock`, `refusals`, `capture`, `counted_stream`, `own_sockets`, `connection_limit`, `http_client`: time, counts, sockets;
//! - `schedule`, `outbox`, `registry`, `state`: the state of a cell; `sending`, `asking` and `inputs` change it;
//! - `peers`, `replays`, `cluster`: what the servers of a cell share, and what each has for itself;
//! - `reply`, `documents`, `heartbeats`, `authentication`, `follows`, `inbox`, `answering`, `server`: what answers requests;
//! - `posting`, `peer_posting`, `viewers`: what sends requests;
//! - `cell` runs one cell, `run` those of one replication at once; `setup` finds addresses, keys and a time scale.
//!
//! What comes over a socket may be anybody's. It cannot cause a panic, and what it can create is bounded. Cells share
//! nothing but the machine: a panic in one ends that one.
//!
//! Here are sockets, real time and threads. No rule of a protocol is here, and nothing of how a run is simulated.

mod answering;
mod asking;
mod authentication;
mod capture;
mod cell;
mod clock;
mod cluster;
mod connection_limit;
mod counted_stream;
mod documents;
mod follows;
mod heartbeats;
mod http_client;
pub mod http_signature;
mod inbox;
mod inputs;
pub mod keys;
pub mod ld_signature;
mod observations;
mod outbox;
mod own_sockets;
mod peer_posting;
mod peers;
mod posting;
mod refusals;
mod registry;
mod replays;
mod reply;
pub mod run;
mod schedule;
mod sending;
mod server;
mod setup;
mod state;
mod viewers;

pub use capture::Capture;
pub use cell::{CellError, LiveOutcome};
pub use refusals::Reason;
pub use setup::{Addresses, SetupError, check};
