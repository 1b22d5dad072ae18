//! The calendar of a machine: its next steps that concern no other machine for a while.
//!
//! Another machine learns of a step one latency later at the earliest: that is the look-ahead (Chandy and Misra 1979). So
//! steps wait here instead of being events, until something else happens at the machine or another one may learn of them
//! (`due`). They are executed in the order in which they would have been events.

use crate::event::Step;
use crate::foundation::units::{Span, Time};
use crate::mechanism::pending::Key;
use std::collections::VecDeque;

/// A step of a request that waits: the order is that of events.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waiting {
    pub(super) at: Time,
    pub(super) order: Key,
    /// The request, by slot.
    pub(super) request: u32,
}

pub(super) struct Calendar {
    /// Requests of this machine that will be signed. Services are equally long: they come almost in order.
    signed: VecDeque<Waiting>,
    /// Requests that will be verified here, and are answered already; almost in order.
    verified: VecDeque<Waiting>,
    /// No request that ever concerned this machine has a shorter latency.
    latency_min: Span,
    /// When an event will look after the calendar.
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

    /// A request will take a step.
    pub(super) fn push(&mut self, step: Step, waiting: Waiting) {
        match step {
            Step::Signed => insert(&mut self.signed, waiting),
            _ => insert(&mut self.verified, waiting),
        }
    }

    /// A request of this latency concerns the machine.
    #[inline]
    pub(super) fn shorten(&mut self, latency: Span) {
        self.latency_min = self.latency_min.min(latency);
    }

    /// The next step.
    #[inline]
    pub(super) fn next(&self) -> Option<(Step, &Waiting)> {
        match (self.signed.front(), self.verified.front()) {
            (Some(signed), Some(verified)) if verified < signed => Some((Step::Verified, verified)),
            (Some(signed), _) => Some((Step::Signed, signed)),
            (None, verified) => verified.map(|verified| (Step::Verified, verified)),
        }
    }

    /// Takes the next step, which is one of this kind: its request, by slot.
    pub(super) fn pop(&mut self, step: Step) -> u32 {
        let queue = if step == Step::Signed { &mut self.signed } else { &mut self.verified };
        queue.pop_front().expect("a step that is next").request
    }

    /// When the next request is signed.
    pub(super) fn next_signed(&self) -> Option<Time> {
        self.signed.front().map(|waiting| waiting.at)
    }

    /// The process is gone: the requests that it will not sign.
    pub(super) fn stop(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.signed.drain(..).map(|waiting| waiting.request)
    }

    /// The first instant at which another machine may learn of something that happens here from an instant on.
    pub(super) fn known_elsewhere(&self, from: Time) -> Time {
        Time::from_ns(from.ns().saturating_add(self.latency_min.ns()))
    }

    /// Another machine may learn of a step here at an instant. Returns when an event must look after the calendar, if none
    /// does before.
    pub(super) fn set_due(&mut self, known: Time, now: Time) -> Option<Time> {
        // what is known at an instant must be so before anything else happens then
        let at = known.before(Span::from_ns(1)).max(now);
        if self.due.is_some_and(|due| due <= at) {
            return None;
        }
        self.due = Some(at);
        Some(at)
    }

    /// An event looks after the calendar.
    pub(super) fn clear_due(&mut self, now: Time) {
        if self.due == Some(now) {
            self.due = None;
        }
    }
}

/// Behind all that comes before it, which is most.
fn insert(queue: &mut VecDeque<Waiting>, waiting: Waiting) {
    let after = queue.iter().rev().take_while(|other| **other > waiting).count();
    if after == 0 {
        queue.push_back(waiting);
    } else {
        queue.insert(queue.len() - after, waiting);
    }
}
