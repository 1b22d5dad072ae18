//! Retries: what becomes of a message whose request failed or was held back, until it is queued again.
//!
//! A message that waits for its next attempt is in no queue and in no account of the ledger: it is created again when it is
//! queued again. With retries per destination the queue of the destination is held meanwhile (`mechanism/held_queues`). What a
//! half-open circuit breaker holds back is an event per question, not per message (`mechanism/held_messages`).

use super::job::{Job, QueueKey};
use super::request::flow;
use super::state::Run;
use super::waiting::Failed;
use crate::domain::delivery::{Queues, RetryAfter, RetryPer};
use crate::event::{Event, Letter, Message};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Activity;
use crate::mechanism::breakers::Gate;
use crate::mechanism::fate::{Reason, RetriedId};
use crate::mechanism::held_messages::Group;
use crate::request::message_name;
use std::collections::BTreeMap;
use std::rc::Rc;

impl Run<'_> {
    /// The request in `slot` has failed: its message waits for its next attempt. `told` is how long a refusal told it to wait.
    pub(super) fn retry(&mut self, message: &Message, slot: u32, place: u64, told: Span, now: Time) {
        let retried = self.retried(message, Some(slot));
        let told = match self.delivery.retry_after {
            RetryAfter::Heeded => told,
            RetryAfter::Ignored => Span::ZERO,
        };
        let retry = self.delivery.retry;
        match retry.per {
            RetryPer::Message => {
                let at = now + self.backoff(message, message.attempt + 1).max(told);
                self.wait_for_attempt(message, retried, message.attempt + 1, at, now);
            }
            RetryPer::Destination => self.hold_queue(message, retried, place, told, now),
        }
    }

    /// A circuit breaker holds a request back: it counts as a failed attempt or not, and its message waits for the next one.
    pub(super) fn hold_back(&mut self, message: &Message, is_together: bool, gate: Gate, now: Time) {
        let attempt = match gate {
            Gate::Open => message.attempt + 1,
            Gate::Closed | Gate::HeldUntil(_) => message.attempt,
        };
        let flow = flow(&mut self.ledger, is_together, message);
        if attempt >= self.delivery.retry.attempts {
            self.fates.drop(message.retried, Reason::CircuitOpen);
            return flow.drop(message.bytes());
        }
        flow.hold_back(message.bytes());
        let retried = self.retried(message, None);
        match gate {
            Gate::HeldUntil(until) => {
                let message = self.note_waiting(message, retried, attempt, now);
                self.hold(message, now, until);
            }
            Gate::Open | Gate::Closed => {
                let at = now + self.backoff(message, attempt);
                self.wait_for_attempt(message, retried, attempt, at, now);
            }
        }
    }

    /// How long a message waits that has failed so often.
    fn backoff(&mut self, message: &Message, failures: u32) -> Span {
        let name = message_name(&message.activity, message.from, message.attempt);
        let draw = self.retry_draws.one(name, message.to.0);
        self.delivery.retry.backoff.wait(failures, draw)
    }

    /// A message waits until an instant for its attempt of this number.
    fn wait_for_attempt(&mut self, message: &Message, retried: RetriedId, attempt: u32, at: Time, now: Time) {
        let message = self.note_waiting(message, retried, attempt, now);
        self.schedule(at, Event::Retry { message: Box::new(message), since: now });
    }

    /// Counts a message that waits for its attempt of this number, and returns it as it will be sent.
    fn note_waiting(&mut self, message: &Message, retried: RetriedId, attempt: u32, now: Time) -> Message {
        self.to_retry += 1;
        let retries = &mut self.machines[message.from.index()].retries;
        retries.wait(message, now);
        self.retries_waiting_peak = self.retries_waiting_peak.max(retries.waiting());
        let letter = Rc::new(Letter { attempt, retried: Some(retried), ..(*message.letter).clone() });
        Message { letter, ..*message }
    }

    /// The queue of a destination is held back, its head being what failed, and for no less than it was told.
    pub(super) fn hold_queue(
        &mut self,
        message: &Message,
        retried: RetriedId,
        place: u64,
        told: Span,
        now: Time,
    ) {
        let next = self.note_waiting(message, retried, message.attempt.saturating_add(1), now);
        let failed = Failed { message: next.clone(), since: now, place };
        let host = self.host(next.to);
        let queues = &mut self.machines[next.from.index()].held_queues;
        if let Some(failures) = queues.fail(host, place, failed) {
            let at = now + self.backoff(message, failures).max(told);
            self.schedule(at, Event::Retry { message: Box::new(next), since: now });
        }
    }

    /// The next attempt of a message is due, or that of the head of a queue that is held back.
    pub(super) fn try_again(&mut self, message: &Message, since: Time, now: Time) {
        match self.delivery.retry.per {
            RetryPer::Message => match self.held_until(message.from, message.to, now) {
                Some(until) => self.hold(message.clone(), since, until),
                None => self.queue_again(message, since, now),
            },
            RetryPer::Destination => {
                let (from, to) = (message.from, self.host(message.to));
                for failed in self.machines[from.index()].held_queues.resume(to).rev() {
                    self.note_begun(&failed.message, failed.since, now);
                    let job = self.job_again(&failed.message, QueueKey::To(to), now);
                    self.put_first(Job { place: failed.place, ..job }, now);
                }
                self.start_jobs(from, QueueKey::To(to), now);
            }
        }
    }

    /// Until when a circuit breaker holds what is to be sent to a follower.
    fn held_until(&self, from: InstanceId, to: InstanceId, now: Time) -> Option<Time> {
        let machine = &self.machines[from.index()];
        match machine.breakers.as_ref()?.gate(now, to) {
            Gate::HeldUntil(at) if !machine.removed.contains(&to) => Some(at),
            _ => None,
        }
    }

    /// A circuit breaker holds a message, which waits since `since`, until an instant.
    fn hold(&mut self, message: Message, since: Time, until: Time) {
        let (from, to) = (message.from, message.to);
        self.hold_group(from, to, BTreeMap::from([(message.retry_order(), (message, since))]), until);
    }

    fn hold_group(&mut self, from: InstanceId, to: InstanceId, group: Group<(Message, Time)>, until: Time) {
        if self.machines[from.index()].held_messages.hold(to, until, group) {
            self.schedule(until, Event::AskBreaker { instance: from, to });
        }
    }

    /// The messages to a destination that a circuit breaker has held until now ask it again.
    pub(super) fn ask_breaker(&mut self, from: InstanceId, to: InstanceId, now: Time) {
        let mut group = self.machines[from.index()].held_messages.take(to, now);
        while !group.is_empty() {
            if let Some(until) = self.held_until(from, to, now) {
                return self.hold_group(from, to, group, until);
            }
            if let Some((_, (message, since))) = group.pop_first() {
                self.queue_again(&message, since, now);
            }
        }
    }

    /// A message is queued for its next attempt.
    fn queue_again(&mut self, message: &Message, since: Time, now: Time) {
        self.note_begun(message, since, now);
        let queue = match self.delivery.queues {
            Queues::Unlimited | Queues::Peertube => QueueKey::Unicast,
            Queues::PerDestination => QueueKey::To(self.host(message.to)),
            Queues::Workers => QueueKey::Workers,
        };
        let job = self.job_again(message, queue, now);
        self.push_job(job, now);
    }

    /// A message waits no longer.
    fn note_begun(&mut self, message: &Message, since: Time, now: Time) {
        self.to_retry -= 1;
        self.machines[message.from.index()].retries.begin(message, since, now);
    }

    /// A job with one request for the next attempt of a message.
    fn job_again(&mut self, message: &Message, queue: QueueKey, now: Time) -> Job {
        let Letter { kind, from, created, attempt, retried, .. } = *message.letter;
        let activities: Vec<Activity> = message.letter.activities().copied().collect();
        let job = self.job(from, queue, kind, &activities, [message.to].into(), None, now);
        let letter = Rc::new(Letter { created, attempt, retried, ..(*job.letter).clone() });
        Job { letter, signs: false, ..job }
    }
}
