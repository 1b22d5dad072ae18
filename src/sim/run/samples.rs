//! What samples, hourly health flushes and the end of a run read from machines.

use super::machine::{LANES, Machine};
use super::state::{Run, health_rule};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::follow_health::HealthFinding;
use crate::observe::{Busy, HealthNote, QueueName, QueueSample};

impl Run<'_> {
    /// Busy times of all machines, by `InstanceId`.
    pub(super) fn busy(&self, until: Time) -> Vec<Busy> {
        self.machines.iter().map(|machine| machine.busy(until)).collect()
    }

    /// Reports the jobs that still wait when the run ends.
    pub(super) fn report_unstarted(&mut self, now: Time) {
        for machine in &self.machines {
            for queue in machine.queues.values() {
                queue.jobs().for_each(|(since, _)| self.observer.job_unstarted(now.since(since)));
            }
        }
    }

    /// The queues that are not empty, and those from which something has started since the previous call.
    pub(super) fn queue_samples(&mut self, now: Time) -> Vec<QueueSample> {
        let mut samples = Vec::new();
        for (id, machine) in self.machines.iter_mut().enumerate() {
            sample_machine(InstanceId::at(id), machine, now, &mut samples);
        }
        samples
    }

    /// Reports the health of an instance's followers and removes those that fail its rule.
    pub(super) fn note_health(&mut self, of: InstanceId) {
        let Run { inboxes, machines, instances, observer, now, delivery, .. } = self;
        let Some(inboxes) = inboxes.get_mut(&of) else { return };
        let machine = &mut machines[of.index()];
        let rule = health_rule(instances[of.index()].rules(), delivery.health);
        for finding in machine.health.flush(*now, rule) {
            // an instance that gets single deliveries need not be a follower
            if inboxes.own().binary_search(&finding.follower).is_err() {
                continue;
            }
            if finding.removed {
                inboxes.remove(finding.follower);
                machine.removed.insert(finding.follower);
            }
            let HealthFinding { follower, good, bad, score, removed } = finding;
            observer.health(*now, &HealthNote { instance: of, follower, good, bad, score, removed });
        }
    }
}

/// Appends the queues of one machine.
fn sample_machine(instance: InstanceId, machine: &mut Machine, now: Time, samples: &mut Vec<QueueSample>) {
    let mut note = |queue, waiting, running, oldest: Span, (started, waited): (u64, Span)| {
        if waiting == 0 && running == 0 && started == 0 {
            return;
        }
        match samples.last_mut().filter(|last| last.instance == instance && last.queue == queue) {
            // the queues per destination are one row in the records
            Some(last) => {
                last.waiting += waiting;
                last.running += running;
                last.oldest = last.oldest.max(oldest);
                last.started += started;
                last.waited = last.waited + waited;
            }
            None => samples.push(QueueSample { instance, queue, waiting, running, oldest, started, waited }),
        }
    };
    for (key, queue) in &mut machine.queues {
        let oldest = queue.oldest(now);
        note(key.name(), queue.waiting(), queue.running(), oldest, queue.take_started());
    }
    let retries = &mut machine.retries;
    note(QueueName::Retries, retries.waiting(), 0, retries.oldest(now), retries.take_begun());
    for (lane, thread) in LANES.into_iter().zip(&mut machine.lanes) {
        let queue = &mut thread.queue;
        let oldest = queue.oldest(now);
        let started = queue.take_started();
        note(QueueName::Lane(lane), queue.waiting(), queue.running(), oldest, started);
    }
}
