//! What every engine does here, and the engines: a file each.

use crate::workload::{Outcome, Phold, Workload};
use cpu_time::ProcessTime;
use std::time::Duration;

pub mod columns;
pub mod desru;
pub mod nexosim;
pub mod ours;
pub mod simcore;
pub mod simpy;
pub mod simrs;

/// How many events happened in the measured time of a `Phold`, and how long that took.
pub struct Measured {
    pub events: u64,
    pub took: Duration,
}

/// An engine that can run the hold model.
pub trait Hold {
    fn hold(&self, phold: &Phold) -> Measured;
}

/// An engine, or a way of its own through it, that can run the broadcast.
pub trait Broadcast {
    fn run(&self, workload: &Workload) -> Outcome;

    /// `run` and how long it takes; another program says itself how long it took without starting.
    fn timed(&self, workload: &Workload) -> (Outcome, Duration) {
        let start = ProcessTime::now();
        let outcome = self.run(workload);
        (outcome, start.elapsed())
    }
}

/// For engines whose time is a float.
fn secs(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// The nanosecond that a float stands for: sums of floats are off by far less than one.
fn ns(secs: f64) -> u64 {
    (secs * 1e9).round() as u64
}
