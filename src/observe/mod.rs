//! What a driver reports while it runs: the observations from which all records are made.
//!
//! Both drivers report the same observations. An observer never changes a run.

mod forwarding;
mod observer;

pub use forwarding::Both;
pub use observer::{
    AnswerEnd, Busy, Departed, Ending, HealthNote, Observer, QueueName, QueueSample, RequestOutcome,
    RunOutcome, SecondBytes,
};
