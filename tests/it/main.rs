//! The integration tests: one binary, a module per topic.

mod command;
mod command_line;
mod conformance;
mod determinism;
mod folders;
mod layers;
mod real_servers;
mod theory;
