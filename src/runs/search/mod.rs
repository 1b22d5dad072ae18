//! A search for the cheapest protocol of each class of error.
//!
//! Candidates (`candidates`) are combinations of choices over a base. They race (`race`): all are run a few times in each scenario, on
//! the same draws, and whoever is shown to be worse goes; the rest is run again. Where not all combinations began, the neighbours of
//! the best race next, until the best stay the same (`steps`). Each run is a scenario in a folder like any other (`folders`), so a
//! search that is interrupted goes on where it was. What is asked of the values is in `judge`.

mod candidates;
mod folders;
mod judge;
mod race;
mod steps;

pub use candidates::{Candidate, Candidates, Point};
pub use folders::{Round, Rounds, SearchError};
pub use judge::{Judge, Shows, Values};
pub use race::Fate;
pub use steps::{Search, TakenBack, Winner, search};

#[cfg(test)]
mod tests;
