//! Faults: what goes wrong in a run, scripted or drawn from the seed.
//!
//! A fault names instances by id and times since T0. Nothing here acts: the driver asks the timetable that is made of
//! the faults of a column and a replication. All draws are made with it, from separate streams, so that every protocol
//! meets the same faults.

mod builder;
mod fault;
#[cfg(test)]
mod tests;
mod timetable;

pub use fault::{Fault, Period, Unreachable};
pub use timetable::{Change, Reachability, Timetable};
