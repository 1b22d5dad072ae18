//! Sending: an effect of an instance becomes jobs, jobs become requests, requests are settled.
//!
//! The rules that pick a queue are those that the simulation runs. `posting` does what a job does on the network.

use super::observations::{Observation, OwnedMessage};
use super::outbox::{Body, Broadcast, Job, Work};
use super::own_sockets::RequestId;
use super::state::State;
use crate::domain::delivery::Queues;
use crate::event::{Letter, LetterName};
use crate::foundation::ids::{InstanceId, SessionId};
use crate::foundation::units::Time;
use crate::instance::{Effect, Recipients};
use crate::mechanism::activity::{Activity, Kind, Stamp, Subject};
use crate::mechanism::ledger::Arrival;
use crate::mechanism::wire::{Persistence, Sizes};
use crate::observe::{HealthNote, QueueName, QueueSample, RequestOutcome};
use crate::sim::{health_rule, peertube_queue, splits_bad_inboxes};
use hyper::body::Bytes;
use std::sync::Arc;

impl State {
    /// Queues what an effect sends, or starts it if delivery has no queues. `received` is the document that caused the
    /// effect, if one did.
    pub(super) fn send(&mut self, now: Time, from: InstanceId, effect: &Effect, received: Option<&Bytes>) {
        let list = self.recipients(from, effect);
        let reaches_peers = effect.to != Recipients::One(self.cell.federation.origin(effect.activity.video));
        self.send_to(now, from, effect, received, list, reaches_peers);
    }

    /// The same to these inboxes, and to the peers that follow the sender or not.
    fn send_to(
        &mut self,
        now: Time,
        from: InstanceId,
        effect: &Effect,
        received: Option<&Bytes>,
        list: Vec<InstanceId>,
        reaches_peers: bool,
    ) {
        let Effect { activity, to, .. } = *effect;
        let origin = self.cell.federation.origin(activity.video);
        let kind = Kind::of(&activity, from, origin);
        let body = match received {
            Some(received) => Body::Forwarded(received.clone()),
            None => {
                let document = self.cell.names.document(&activity, &self.cell.other.bodies);
                let document = document.expect("checked before the run");
                if self.has_peers {
                    self.registry.note(&document, activity);
                }
                Body::Own(Box::new(document))
            }
        };
        if reaches_peers {
            let interested = || self.instances[from.index()].interested(activity.video);
            let (except, only) = match to {
                Recipients::FollowersBut(author) => (Some(author), None),
                Recipients::Interested => (None, Some(interested())),
                Recipients::Followers | Recipients::One(_) => (None, None),
            };
            self.start(Work::Broadcast(Broadcast {
                from,
                except,
                only,
                built: activity.built,
                body: body.clone(),
            }));
        }
        let rules = self.rules(from);
        let queue = match self.cell.delivery.queues {
            Queues::Unlimited => None,
            _ => Some(peertube_queue(kind, to, &rules)),
        };
        let health = &self.outboxes[from.index()].health;
        if queue.is_some() && splits_bad_inboxes(to, &rules, health) {
            let (bad, fair): (Vec<_>, Vec<_>) = list.iter().partition(|&&inbox| health.was_bad(inbox));
            self.queue(now, from, &activity, queue, fair, body.clone());
            for inbox in bad {
                let unicast = Some(QueueName::Unicast);
                self.queue(now, from, &activity, unicast, vec![inbox], body.clone());
            }
        } else {
            self.queue(now, from, &activity, queue, list, body);
        }
    }

    /// Sends one activity of the background traffic.
    pub(super) fn send_background(&mut self, now: Time, entry: u32, number: u32) {
        let cell = Arc::clone(&self.cell);
        let background = &cell.other.background[entry as usize];
        let (video, origin) = (background.video, cell.federation.origin(background.video));
        if self.is_up(origin) {
            let activity = Activity {
                video,
                author: origin,
                subject: Subject::Background(background.body_bytes),
                result: None,
                views: None,
                built: self.clock_of(origin, now),
                expires: None,
                stamp: Stamp { session: SessionId(entry), number },
                form: self.rules(origin).wire.form(),
            };
            let effect = Effect::new(activity, Recipients::Followers);
            let all: Arc<[InstanceId]> = self.recipients(origin, &effect).into();
            let some = background.recipients(&all).to_vec();
            self.send_to(now, origin, &effect, None, some, background.to.is_none());
        }
    }

    fn recipients(&self, from: InstanceId, Effect { activity, to, .. }: &Effect) -> Vec<InstanceId> {
        let inboxes = self.inboxes.get(&from);
        match (*to, inboxes) {
            (Recipients::One(to), _) => vec![to],
            (_, None) => Vec::new(),
            (Recipients::Followers, Some(inboxes)) => inboxes.own().to_vec(),
            (Recipients::Interested, Some(inboxes)) => {
                inboxes.own_of(&self.instances[from.index()].interested(activity.video))
            }
            (Recipients::FollowersBut(author), Some(inboxes)) => {
                let list = inboxes.forwards(&self.rules(from)).iter();
                list.copied().filter(|&id| id != author).collect()
            }
        }
    }

    /// Queues a job of an activity, or starts it if it waits in no queue.
    pub(super) fn queue(
        &mut self,
        now: Time,
        from: InstanceId,
        activity: &Activity,
        queue: Option<QueueName>,
        to: Vec<InstanceId>,
        body: Body,
    ) {
        if to.is_empty() {
            return;
        }
        let cell = Arc::clone(&self.cell);
        let mut sizes = Sizes::new(&cell.names, cell.other.bodies);
        let body_bytes = match &body {
            Body::Own(_) => sizes.body(activity) as u32,
            Body::Forwarded(received) => received.len() as u32,
            Body::Nothing => 0,
        };
        self.job_count += 1;
        let letter = Letter { job: self.job_count, created: now, ..self.letter(from, activity, body_bytes) };
        let heads = |&to: &InstanceId| letter.heads(to, self.rules(to).wire.form(), &mut sizes);
        let heads = to.iter().map(heads).collect();
        let job = Job { letter, queue, to, heads, body, epoch: self.outboxes[from.index()].epoch };
        for place in 0..job.to.len() {
            let message = job.message(place);
            self.ledger.link(from, message.to).create(message.bytes());
            self.queued.add(message.bytes());
        }
        let Some(queue) = queue else { return self.start(Work::Job(job)) };
        self.outboxes[from.index()].push(now, queue, job);
        self.start_jobs(now, from, queue);
        self.queued_jobs_peak = self.queued_jobs_peak.max(self.outboxes[from.index()].waiting());
    }

    /// The letter of an activity that is posted once, without a job.
    pub(super) fn letter(&self, from: InstanceId, activity: &Activity, body_bytes: u32) -> Letter {
        let kind = Kind::of(activity, from, self.cell.federation.origin(activity.video));
        let authored = self.authored(activity);
        Letter {
            activity: *activity,
            // `setup` refuses batches
            beside: None,
            kind,
            from,
            form: self.rules(from).wire.form(),
            persistence: Persistence::Closed,
            created: authored,
            authored,
            attempt: 0,
            retried: None,
            job: 0,
            body_bytes,
            // nothing of an answer is known before it is there
            counted_response: None,
            name: LetterName::new(activity, kind, from),
        }
    }

    /// Starts the jobs of all queues of an instance that have free slots.
    pub(super) fn start_jobs_of(&mut self, now: Time, from: InstanceId) {
        for queue in [QueueName::Sequential, QueueName::Parallel, QueueName::Unicast] {
            self.start_jobs(now, from, queue);
        }
    }

    fn start_jobs(&mut self, now: Time, from: InstanceId, queue: QueueName) {
        while self.is_up(from) {
            let Some((job, waited)) = self.outboxes[from.index()].start(now, queue) else { return };
            // GETs do not wait, so their waits would only dilute those of others
            if queue != QueueName::Gets {
                self.report(Observation::JobStarted { now, instance: from, queue, waited });
            }
            self.start(Work::Job(job));
        }
    }

    /// Whether a job may begin another request: its process still runs.
    pub(super) fn may_go_on(&self, job: &Job) -> bool {
        self.outboxes[job.letter.from.index()].is_running(job)
    }

    pub(super) fn begin(&mut self, now: Time, job: &Job, place: usize) {
        let message = job.message(place);
        let (from, to) = (message.letter.from, message.to);
        self.ledger.link(from, to).send(message.bytes());
        self.queued.take(message.bytes());
        self.in_flight.insert(job.request_id(place), (from, to, message.bytes()));
        self.report(Observation::Sent { now, message });
    }

    /// A request will never begin, because its process has stopped.
    pub(super) fn drop_unsent(&mut self, job: &Job, place: usize) {
        let message = job.message(place);
        self.ledger.link(message.letter.from, message.to).drop(message.bytes());
        self.queued.take(message.bytes());
    }

    /// Notes how a request arrived. Only the first call for a request counts.
    pub(super) fn settle(&mut self, request: RequestId, arrival: Arrival) {
        if let Some((from, to, bytes)) = self.in_flight.remove(&request) {
            self.ledger.link(from, to).arrive(bytes, arrival);
        }
    }

    /// A request has ended for its sender.
    pub(super) fn end(&mut self, now: Time, message: OwnedMessage, outcome: RequestOutcome) {
        if outcome == RequestOutcome::TimedOut {
            let link = self.ledger.link(message.letter.from, message.to);
            link.timed_out.add(message.bytes());
        }
        self.report(Observation::Ended { now, message, outcome });
    }

    /// Frees the slot of a job, and starts the next one.
    pub(super) fn free_slot(&mut self, now: Time, job: &Job) {
        let Some(queue) = job.queue.filter(|_| self.may_go_on(job)) else { return };
        self.outboxes[job.letter.from.index()].finish(queue);
        self.start_jobs(now, job.letter.from, queue);
    }

    /// Notes which inboxes were good and which bad in a job that has finished.
    pub(super) fn note_health(&mut self, now: Time, job: &Job, good: &[InstanceId], bad: &[InstanceId]) {
        if job.queue.is_some() && self.may_go_on(job) {
            self.outboxes[job.letter.from.index()].health.job_finished(now, good, bad);
        }
    }

    /// Reports the health of the follows of an instance, and removes followers whose score is too low.
    pub(super) fn flush_health(&mut self, now: Time, of: InstanceId) {
        let rule = health_rule(&self.rules(of), self.cell.delivery.health);
        let Some(inboxes) = self.inboxes.get_mut(&of) else { return };
        let mut notes = Vec::new();
        for finding in self.outboxes[of.index()].health.flush(now, rule) {
            if inboxes.own().binary_search(&finding.follower).is_err() {
                continue;
            }
            if finding.removed {
                inboxes.remove(finding.follower);
            }
            notes.push(HealthNote {
                instance: of,
                follower: finding.follower,
                good: finding.good,
                bad: finding.bad,
                score: finding.score,
                removed: finding.removed,
            });
        }
        notes.into_iter().for_each(|note| self.report(Observation::Health { now, note }));
    }

    /// Samples of the queues that hold jobs, or that started jobs since the last call.
    pub(super) fn queue_samples(&mut self, now: Time) -> Vec<QueueSample> {
        let outboxes = self.outboxes.iter_mut().enumerate();
        outboxes.flat_map(|(id, outbox)| outbox.samples(now, InstanceId::at(id))).collect()
    }

    /// Reports the jobs that still wait when the run ends.
    pub(super) fn report_unstarted(&self, now: Time) {
        for since in self.outboxes.iter().flat_map(|outbox| outbox.waiting_since()) {
            self.report(Observation::JobUnstarted { waited: now.since(since) });
        }
    }
}
