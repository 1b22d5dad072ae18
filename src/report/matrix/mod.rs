//! What a matrix of protocols and a roll-out come to: tables for a terminal, CSV, plots, and what is worse than not upgrading. Made from
//! the records of a run whose columns `runs::mixtures` made.

mod answer;
mod combinations;
#[cfg(feature = "report")]
mod drawn;
mod measures;
mod rollout;
mod third;

pub use combinations::MatrixResults;
pub use rollout::RolloutResults;
