//! A fault as a scenario gives it.

use crate::domain::protocol::Rules;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};

/// One fault as a scenario gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The processes of these instances are gone for a time; they come back as after a restart.
    Down {
        /// Which.
        instances: Vec<InstanceId>,
        /// When.
        during: Period,
        /// What others meet.
        how: Unreachable,
    },
    /// A share of these instances is down for the whole run: dead followers.
    Dead {
        /// Names the draws: in every column the same.
        number: u64,
        /// Among which; each is drawn on its own.
        of: Vec<InstanceId>,
        /// How many of them, in millionths, rounded to whole instances.
        share_ppm: u32,
        /// What others meet.
        how: Unreachable,
    },
    /// Each of these instances goes down and comes back again and again, after exponential times.
    Outages {
        /// Names the draws: in every column the same.
        number: u64,
        /// Which.
        of: Vec<InstanceId>,
        /// Mean time from coming back (or T0) to the next outage.
        mean_between: Span,
        /// Mean length of an outage.
        mean_duration: Span,
        /// What others meet.
        how: Unreachable,
    },
    /// These instances answer late.
    Slow {
        /// Which.
        instances: Vec<InstanceId>,
        /// When.
        during: Period,
        /// So much later than they would.
        answer: Span,
    },
    /// The process of an instance stops, and is up again after its start-up time, perhaps with other rules.
    Restart {
        /// Which.
        instance: InstanceId,
        /// When it stops.
        at: Time,
        /// How long it takes to start.
        startup: Span,
        /// What it speaks from then on, if something else.
        rules: Option<Rules>,
    },
    /// Between the sides nothing gets through; who is on no side is not affected.
    Partition {
        /// The sides, each in ascending order; no instance is on two.
        sides: Vec<Vec<InstanceId>>,
        /// When.
        during: Period,
    },
    /// More messages are lost.
    Loss {
        /// The senders, in ascending order.
        from: Vec<InstanceId>,
        /// The receivers, in ascending order.
        to: Vec<InstanceId>,
        /// When.
        during: Period,
        /// The share that is lost of those that the network would deliver, in millionths.
        loss_ppm: u32,
    },
    /// Messages take longer.
    Latency {
        /// The senders, in ascending order.
        from: Vec<InstanceId>,
        /// The receivers, in ascending order.
        to: Vec<InstanceId>,
        /// When.
        during: Period,
        /// So much longer, one way.
        added: Span,
    },
    /// Receivers refuse what these senders send (403), once they have verified who it is.
    Blocked {
        /// The senders, in ascending order.
        senders: Vec<InstanceId>,
        /// The receivers, in ascending order.
        by: Vec<InstanceId>,
        /// When.
        during: Period,
    },
    /// The clocks of these instances are wrong for the whole run.
    Skew {
        /// Which.
        instances: Vec<InstanceId>,
        /// Ahead of the true time; negative: behind.
        ahead_ns: i64,
    },
}

impl Fault {
    /// The instances whose processes it may stop.
    pub fn stopped(&self) -> &[InstanceId] {
        match self {
            Fault::Down { instances, .. } => instances,
            Fault::Dead { of, .. } | Fault::Outages { of, .. } => of,
            Fault::Restart { instance, .. } => std::slice::from_ref(instance),
            Fault::Slow { .. }
            | Fault::Partition { .. }
            | Fault::Loss { .. }
            | Fault::Latency { .. }
            | Fault::Blocked { .. }
            | Fault::Skew { .. } => &[],
        }
    }
}

/// From one instant, that included, to another, that not; without an end it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub from: Time,
    /// The first instant after it.
    pub until: Option<Time>,
}

/// What others meet at an instance that is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// Its host refuses connections at once.
    Refused,
    /// Nothing answers: requests end at their timeout.
    Silent,
    /// A proxy in front of it reads the whole request and answers 502.
    BadGateway,
    /// What is left of it answers 410: it is no more.
    Gone,
}

impl Period {
    /// Whether it holds at an instant.
    pub(super) fn holds(self, at: Time) -> bool {
        self.from <= at && at < self.end()
    }

    pub(super) fn end(self) -> Time {
        self.until.unwrap_or(Time::NEVER)
    }
}
