//! The integration tests: one binary, a module per topic.

mod conformance;
mod layers;
mod real_servers;
