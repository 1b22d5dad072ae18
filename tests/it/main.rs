//! The integration tests: one binary, a module per topic.

mod asked_back;
mod background;
mod batches;
mod bill;
mod catalogues;
mod cells;
mod command_line;
mod compress;
mod conformance;
mod data_files;
mod delivery;
mod determinism;
mod display;
mod doors;
mod engines;
mod extremes;
mod field;
mod folders;
mod gate;
#[cfg(unix)]
mod hostile;
mod import;
mod layers;
mod lies;
mod limits;
#[cfg(feature = "live")]
mod live;
mod matrix;
#[cfg(feature = "live")]
mod parity;
mod peaks;
mod program;
mod queues;
mod reading;
mod real_servers;
mod receiving;
mod search;
mod seen;
mod sweeps;
mod theory;
mod viewers;
mod views;
mod watched;
