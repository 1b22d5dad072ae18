//! What a driver reports while it runs: the observations from which every record is made.
//!
//! Both drivers report the same things. An observer never changes what happens.

use crate::event::{Arrival, Event};
use crate::instance::Instance;
use crate::words::units::Time;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should, at this instant.
    Done(Time),
    /// Somebody asked it to stop.
    Interrupted,
    /// It met its event limit at this instant.
    EventLimit(Time),
}

/// Counts that hold at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How it ended.
    pub outcome: Outcome,
    /// Events that happened.
    pub events: u64,
    /// Messages sent and neither delivered nor lost.
    pub in_flight: u64,
    /// Sessions that were still watching.
    pub unfinished_sessions: u64,
}

/// Somebody who watches a run. All methods do nothing unless overridden.
pub trait Observer {
    /// An event is about to happen.
    fn event(&mut self, _now: Time, _event: &Event) {}

    /// A request has begun. `arrives` is when its View will arrive; `None` if it is lost.
    fn sent(&mut self, _now: Time, _message: &Arrival, _arrives: Option<Time>) {}

    /// A View has arrived and been answered.
    fn delivered(&mut self, _now: Time, _message: &Arrival) {}

    /// The displayed counts may be asked for. `instances` are all instances, by id.
    fn sample(&mut self, _now: Time, _number: u32, _instances: &[Instance]) {}
}
