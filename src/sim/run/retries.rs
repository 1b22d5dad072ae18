//! Retries: what becomes of a message whose request failed or was held back, until it is queued again.
//!
//! A message that waits for its next attempt is in no queue and in no account of the ledger: it is created again when it is
//! queued again. With retries per destination the queue of the destination is held meanwhile (`mechanism/held_queues`).

use super::job::{Job, QueueKey};
use super::request::flow;
use super::state::Run;
use super::waiting::Failed;
use crate::domain::delivery::{Queues, RetryAfter, RetryPer};
use crate::event::{Event, Letter, Message};
use crate::foundation::units::{Span, Time};
use crate::mechanism::breakers::Gate;
use crate::mechanism::fate::{Reason, RetriedId};
use crate::request::message_name;
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
        let at = match gate {
            Gate::HeldUntil(at) => at,
            Gate::Open | Gate::Closed => now + self.backoff(message, attempt),
        };
        let retried = self.retried(message, None);
        self.wait_for_attempt(message, retried, attempt, at, now);
    }

    /// How long a message waits that has failed so often.
    fn backoff(&mut self, message: &Message, failures: u32) -> Span {
        let name = message_name(&message.activity, message.from, message.attempt);
        let draw = self.retry_draws.one(name, message.to.0);
        self.delivery.retry.backoff.wait(failures, draw)
    }

    /// A message waits until an instant for its attempt of this number.
    fn wait_for_attempt(&mut self, message: &Message, retried: RetriedId, attempt: u32, at: Time, now: Time) {
        self.note_waiting(message, now);
        let letter = Rc::new(Letter { attempt, retried: Some(retried), ..*message.letter });
        self.schedule(at, Event::Retry { message: Box::new(Message { letter, ..*message }), since: now });
    }

    /// Counts a message that waits for its next attempt.
    fn note_waiting(&mut self, message: &Message, now: Time) {
        self.to_retry += 1;
        let retries = &mut self.machines[message.from.index()].retries;
        retries.wait(message, now);
        self.retries_waiting_peak = self.retries_waiting_peak.max(retries.waiting());
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
        self.note_waiting(message, now);
        let attempt = message.attempt.saturating_add(1);
        let letter = Rc::new(Letter { attempt, retried: Some(retried), ..*message.letter });
        let failed = Failed { message: Message { letter, ..*message }, since: now, place };
        let next = failed.message.clone();
        let host = self.host(message.to);
        let queues = &mut self.machines[message.from.index()].held_queues;
        if let Some(failures) = queues.fail(host, place, failed) {
            let at = now + self.backoff(message, failures).max(told);
            self.schedule(at, Event::Retry { message: Box::new(next), since: now });
        }
    }

    /// The next attempt of a message is due, or that of the head of a queue that is held back.
    pub(super) fn try_again(&mut self, message: &Message, since: Time, now: Time) {
        match self.delivery.retry.per {
            RetryPer::Message => {
                // thousands may ask each second: what is held goes on waiting, without a job
                let machine = &self.machines[message.from.index()];
                let gate = machine.breakers.as_ref().map(|breakers| breakers.gate(now, message.to));
                if let Some(Gate::HeldUntil(at)) = gate
                    && !machine.removed.contains(&message.to)
                {
                    return self.schedule(at, Event::Retry { message: Box::new(message.clone()), since });
                }
                self.note_begun(message, since, now);
                let queue = match self.delivery.queues {
                    Queues::Unlimited | Queues::Peertube => QueueKey::Unicast,
                    Queues::PerDestination => QueueKey::To(self.host(message.to)),
                    Queues::Workers => QueueKey::Workers,
                };
                let job = self.job_again(message, queue, now);
                self.push_job(job, now);
            }
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

    /// A message waits no longer.
    fn note_begun(&mut self, message: &Message, since: Time, now: Time) {
        self.to_retry -= 1;
        self.machines[message.from.index()].retries.begin(message, since, now);
    }

    /// A job with one request for the next attempt of a message.
    fn job_again(&mut self, message: &Message, queue: QueueKey, now: Time) -> Job {
        let Letter { activity, kind, from, created, attempt, retried, .. } = *message.letter;
        let job = self.job(from, queue, kind, &activity, [message.to].into(), None, now);
        let letter = Rc::new(Letter { created, attempt, retried, ..*job.letter });
        Job { letter, signs: false, ..job }
    }
}
