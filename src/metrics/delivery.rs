//! Delivery: how long jobs waited, how requests ended, how busy instances were, and how followers' inboxes did.
//!
//! A *job* is one of the queues that send; what waits in an inbox queue is an activity. A job that never started counts
//! among the waits with the time that it had waited when the run ended: else a jammed queue would look fast.

use crate::foundation::units::{Span, Time};
use crate::mechanism::fate::Fates;
use crate::mechanism::ledger::Flow;
use crate::metrics::distribution::{Counting, Distribution};
use crate::observe::{Busy, Ending, HealthNote, QueueName, QueueSample, RequestOutcome};

/// The primaries of delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What became of all messages, of whatever kind.
    pub flow: Flow,
    /// What became of all activities, once for each inbox.
    pub fates: Fates,
    /// How the requests ended that are over for their senders.
    pub outcomes: OutcomeCounts,
    /// How long jobs waited until they started or, if they never did, until the run ended.
    pub waits: Distribution,
    /// Jobs that had not started when the run ended.
    pub jobs_unstarted: u64,
    /// The most jobs that waited at one instance at one moment.
    pub queued_jobs_peak: u64,
    /// The most activities that waited in one inbox queue at one moment.
    pub inbox_waiting_peak: u64,
    /// The most messages that waited for their next attempt at one instance at one moment.
    pub retries_waiting_peak: u64,
    /// Messages that waited for their next attempt when the run ended.
    pub retries_waiting: u64,
    /// Activities that were answered and lost with the inbox queue when their receiver's process stopped.
    pub inbox_dropped: u64,
    /// By `InstanceId`: how long what it has was busy.
    pub busy: Vec<Busy>,
    /// The queues at each sample.
    pub queues: Vec<QueueRow>,
    /// What was written down about followers.
    pub health: Vec<HealthRow>,
}

/// How requests ended for their senders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// They were delivered and answered in time.
    pub good: u64,
    /// The receiver refused them, for whatever reason.
    pub refused: u64,
    /// There was no connection.
    pub failed_connect: u64,
    /// Nothing came back in time.
    pub timed_out: u64,
}

/// A queue of an instance at a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// When the sample was taken, in ns.
    pub at_ns: u64,
    /// The number of the instance.
    pub instance: u32,
    /// Which queue.
    pub queue: QueueName,
    /// Jobs (of an inbox: activities) that wait.
    pub waiting: u64,
    /// Jobs that run.
    pub running: u64,
    /// How long the oldest has waited, in ns.
    pub oldest_ns: u64,
    /// Jobs that have started since the sample before.
    pub started: u64,
    /// How long those had waited together, in ns.
    pub waited_ns: u64,
}

/// What was written down about one follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthRow {
    /// When, in ns.
    pub at_ns: u64,
    /// The number of the instance that is followed.
    pub instance: u32,
    /// The number of the instance that follows.
    pub follower: u32,
    /// Good deliveries since the row before.
    pub good: u64,
    /// Bad deliveries since the row before.
    pub bad: u64,
    /// The score after that.
    pub score: i64,
    /// Whether the follow is removed now.
    pub removed: bool,
}

/// Notes how delivery goes while a run goes on.
pub(super) struct DeliveryLog {
    outcomes: OutcomeCounts,
    waits: Counting,
    jobs_unstarted: u64,
    queues: Vec<QueueRow>,
    health: Vec<HealthRow>,
}

impl OutcomeCounts {
    /// Requests that are over for their senders.
    pub fn over(&self) -> u64 {
        self.good + self.failed()
    }

    /// Adds one request.
    pub fn add_one(&mut self, outcome: RequestOutcome) {
        let count = match outcome {
            RequestOutcome::Good => &mut self.good,
            RequestOutcome::Refused(_) => &mut self.refused,
            RequestOutcome::FailedConnect => &mut self.failed_connect,
            RequestOutcome::TimedOut => &mut self.timed_out,
        };
        *count += 1;
    }

    /// Adds others.
    pub fn add(&mut self, other: &OutcomeCounts) {
        self.good += other.good;
        self.refused += other.refused;
        self.failed_connect += other.failed_connect;
        self.timed_out += other.timed_out;
    }

    /// Those of them that are bad.
    pub fn failed(&self) -> u64 {
        self.refused + self.failed_connect + self.timed_out
    }
}

impl Delivery {
    /// Follows that were removed.
    pub fn followers_lost(&self) -> u64 {
        self.health.iter().filter(|row| row.removed).count() as u64
    }
}

impl DeliveryLog {
    pub(super) fn new() -> DeliveryLog {
        DeliveryLog {
            outcomes: OutcomeCounts::default(),
            waits: Counting::new(),
            jobs_unstarted: 0,
            queues: Vec::new(),
            health: Vec::new(),
        }
    }

    pub(super) fn ended(&mut self, outcome: RequestOutcome) {
        self.outcomes.add_one(outcome);
    }

    pub(super) fn job_started(&mut self, waited: Span) {
        self.waits.note(waited);
    }

    pub(super) fn job_unstarted(&mut self, waited: Span) {
        self.waits.note(waited);
        self.jobs_unstarted += 1;
    }

    pub(super) fn health(&mut self, now: Time, note: &HealthNote) {
        let HealthNote { instance, follower, good, bad, score, removed } = *note;
        let (instance, follower) = (instance.0, follower.0);
        self.health.push(HealthRow { at_ns: now.ns(), instance, follower, good, bad, score, removed });
    }

    pub(super) fn sample(&mut self, now: Time, queues: &[QueueSample]) {
        self.queues.extend(queues.iter().map(|sample| QueueRow {
            at_ns: now.ns(),
            instance: sample.instance.0,
            queue: sample.queue,
            waiting: sample.waiting,
            running: sample.running,
            oldest_ns: sample.oldest.ns(),
            started: sample.started,
            waited_ns: sample.waited.ns(),
        }));
    }

    pub(super) fn finish(self, ending: &Ending) -> Delivery {
        Delivery {
            flow: ending.flow,
            fates: ending.fates,
            outcomes: self.outcomes,
            waits: self.waits.finish(),
            jobs_unstarted: self.jobs_unstarted,
            queued_jobs_peak: ending.queued_jobs_peak,
            inbox_waiting_peak: ending.inbox_waiting_peak,
            retries_waiting_peak: ending.retries_waiting_peak,
            retries_waiting: ending.retries_waiting,
            inbox_dropped: ending.inbox_dropped,
            busy: ending.busy.clone(),
            queues: self.queues,
            health: self.health,
        }
    }
}
