//! What waits for its next attempt at one instance: how many messages, since when. When they are due is not known here.

use crate::event::Message;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use std::collections::BTreeSet;

/// What waits for its next attempt at one instance.
#[derive(Debug, Default)]
pub(super) struct Retries {
    /// Since when, the number of the job that failed, and the destination.
    waiting: BTreeSet<(Time, u64, InstanceId)>,
    /// Attempts begun since they were last asked for, and how long they waited together.
    begun: (u64, Span),
}

impl Retries {
    /// How many wait.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// How long the oldest has waited.
    pub(super) fn oldest(&self, now: Time) -> Span {
        self.waiting.first().map_or(Span::ZERO, |&(since, ..)| now.since(since))
    }

    /// How many attempts were queued since the last call, and how long they waited together.
    pub(super) fn take_begun(&mut self) -> (u64, Span) {
        std::mem::take(&mut self.begun)
    }

    /// A message begins to wait.
    pub(super) fn wait(&mut self, message: &Message, now: Time) {
        self.waiting.insert((now, message.job, message.to));
    }

    /// A message that has waited is queued.
    pub(super) fn begin(&mut self, message: &Message, since: Time, now: Time) {
        self.waiting.remove(&(since, message.job, message.to));
        let (count, together) = self.begun;
        self.begun = (count + 1, Span::from_ns(together.ns().saturating_add(now.since(since).ns())));
    }
}

/// A message that waits for its next attempt.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) message: Message,
    /// When it failed.
    pub(super) since: Time,
    /// Its place in the queue of its destination.
    pub(super) place: u64,
}
