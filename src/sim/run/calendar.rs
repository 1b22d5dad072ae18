//! The calendar of a machine: steps that are deferred because they affect this machine only, for the length of the look-ahead.
//!
//! Another machine learns of a step one latency later at the earliest; that is the look-ahead (Chandy and Misra 1979). A
//! deferred step is executed before the next event at this machine, and before another machine may learn of it (`due`). The
//! order of execution is that of the events that the steps replace.

use crate::event::Step;
use crate::foundation::units::{Span, Time};
use crate::mechanism::pending::Key;
use std::collections::VecDeque;

/// A deferred step of a request, ordered like its event: by time, then key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waiting {
    pub(super) at: Time,
    pub(super) order: Key,
    /// The request, by slot.
    pub(super) request: u32,
}

/// The deferred steps of one machine.
pub(super) struct Calendar {
    /// Requests that this machine sends and has not signed, ascending. Service times are equal, so pushes are almost in order.
    signed: VecDeque<Waiting>,
    /// Requests that this machine receives and has not verified, ascending. The times of their answers are known.
    verified: VecDeque<Waiting>,
    /// The look-ahead: the shortest latency so far of any request that this machine sent and of any answer to one that it
    /// received.
    latency_min: Span,
    /// The time of the pending `Event::Due` of the machine.
    due: Option<Time>,
}

impl Calendar {
    pub(super) fn new() -> Calendar {
        Calendar {
            signed: VecDeque::new(),
            verified: VecDeque::new(),
            latency_min: Span::from_ns(u64::MAX),
            due: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.signed.is_empty() && self.verified.is_empty()
    }

    /// Defers a step, `Signed` or `Verified`.
    pub(super) fn push(&mut self, step: Step, waiting: Waiting) {
        match step {
            Step::Signed => insert(&mut self.signed, waiting),
            _ => insert(&mut self.verified, waiting),
        }
    }

    /// A request of this latency is sent here, or one is received whose answer has it.
    #[inline]
    pub(super) fn shorten(&mut self, latency: Span) {
        self.latency_min = self.latency_min.min(latency);
    }

    /// The next deferred step.
    #[inline]
    pub(super) fn next(&self) -> Option<(Step, &Waiting)> {
        match (self.signed.front(), self.verified.front()) {
            (Some(signed), Some(verified)) if verified < signed => Some((Step::Verified, verified)),
            (Some(signed), _) => Some((Step::Signed, signed)),
            (None, verified) => verified.map(|verified| (Step::Verified, verified)),
        }
    }

    /// Takes the next step, which must be of this kind: returns the slot of its request.
    pub(super) fn pop(&mut self, step: Step) -> u32 {
        let queue = if step == Step::Signed { &mut self.signed } else { &mut self.verified };
        queue.pop_front().expect("a step that is next").request
    }

    /// When the next request is signed.
    pub(super) fn next_signed(&self) -> Option<Time> {
        self.signed.front().map(|waiting| waiting.at)
    }

    /// The process stops: removes and returns the requests that are not signed, by slot.
    pub(super) fn stop(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.signed.drain(..).map(|waiting| waiting.request)
    }

    /// The first instant at which another machine may learn of a step here at `from` or later: `from + latency_min`.
    pub(super) fn known_elsewhere(&self, from: Time) -> Time {
        Time::from_ns(from.ns().saturating_add(self.latency_min.ns()))
    }

    /// Another machine may learn at `known` of a step here. Returns the time of the `Event::Due` to schedule, `None` if one is
    /// pending already.
    pub(super) fn set_due(&mut self, known: Time, now: Time) -> Option<Time> {
        // the step must be executed before any event at `known`
        let at = known.before(Span::from_ns(1)).max(now);
        if self.due.is_some_and(|due| due <= at) {
            return None;
        }
        self.due = Some(at);
        Some(at)
    }

    /// The pending `Event::Due` happens.
    pub(super) fn clear_due(&mut self, now: Time) {
        if self.due == Some(now) {
            self.due = None;
        }
    }
}

/// Inserts in ascending order; almost always at the end.
fn insert(queue: &mut VecDeque<Waiting>, waiting: Waiting) {
    let after = queue.iter().rev().take_while(|other| **other > waiting).count();
    if after == 0 {
        queue.push_back(waiting);
    } else {
        queue.insert(queue.len() - after, waiting);
    }
}
