//! The integration tests: one binary, a module per topic.

mod conformance;
mod determinism;
mod folders;
mod layers;
mod program;
mod real_servers;
