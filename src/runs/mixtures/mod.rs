//! Columns in which instances speak different protocols, made over a scenario of the user's: every combination of protocols
//! (`matrix`), and the steps of a roll-out (`rollout`). The scenario's videos decide who is an origin; every other PeerTube instance is a
//! follower.
//!
//! What is made is text of the scenario format, so that these columns run as those that somebody wrote. Nothing here runs a cell.

mod columns;
mod matrix;
mod roles;
mod rollout;

pub use columns::Columns;
pub use matrix::{Combination, Matrix};
pub use rollout::{By, Order, Rollout, Step};

#[cfg(test)]
mod tests;
