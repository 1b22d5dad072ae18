//! The sending side of the instances of one cell: a send becomes a job, which waits in one of the instance's queues; what
//! a running job does on the network is in `posting`.
//!
//! Queues, health and rate limits are the mechanisms that the simulation runs, and so is the rule that picks a queue.

use super::notes::{Note, Posted};
use super::own::Ticket;
use super::peers::Broadcast;
use super::world::World;
use crate::domain::delivery::{Delivery, Queues};
use crate::event::{Letter, LetterName};
use crate::foundation::ids::{InstanceId, SessionId};
use crate::foundation::units::Time;
use crate::instance::{Effect, Recipients};
use crate::mechanism::activity::{Activity, Kind, Stamp, Subject};
use crate::mechanism::follow_health::FollowHealth;
use crate::mechanism::ledger::Arrival;
use crate::mechanism::queue::Queue;
use crate::mechanism::rate_limit::RateLimiter;
use crate::mechanism::wire::{Document, Persistence, Sizes};
use crate::observe::{HealthNote, QueueName, QueueSample, RequestOutcome};
use crate::sim::{health_rule, peertube_queue, splits_bad_inboxes};
use hyper::body::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one instance keeps about its sending and its senders.
pub(super) struct Desk {
    queues: BTreeMap<QueueName, Queue<Job>>,
    health: FollowHealth,
    pub(super) limiter: Option<RateLimiter>,
    /// How often its process has stopped: jobs of an earlier one begin nothing more.
    epoch: u32,
}

/// One activity for some inboxes.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) letter: Letter,
    /// The queue that it came from; none if nobody waits.
    pub(super) queue: Option<QueueName>,
    pub(super) to: Vec<InstanceId>,
    /// By position in `to`: the bytes of the heads of the request and of the response.
    heads: Vec<[u16; 2]>,
    pub(super) body: Body,
    epoch: u32,
}

/// What is to be posted now.
pub(super) enum Work {
    Job(Job),
    /// To the peers that follow.
    Broadcast(Broadcast),
}

/// What a job posts.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// A document of its own, to be signed.
    Own(Box<Document>),
    /// What came, untouched.
    Forwarded(Bytes),
}

impl Desk {
    /// A desk where nothing waits.
    pub(super) fn new(figures: &Delivery) -> Desk {
        let slots = [
            (QueueName::Sequential, figures.sequential_jobs),
            (QueueName::Parallel, figures.parallel_jobs),
            (QueueName::Unicast, figures.unicast_jobs),
        ];
        Desk {
            queues: slots.into_iter().map(|(name, slots)| (name, Queue::new(Some(slots)))).collect(),
            health: FollowHealth::new(),
            limiter: figures.rate_limit.map(|limit| RateLimiter::new(limit.requests, limit.per)),
            epoch: 0,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queues.values().all(Queue::is_idle)
    }

    /// Its process is gone, with what it kept in memory; what waits in queues stays.
    pub(super) fn stop(&mut self) {
        self.epoch += 1;
        self.queues.values_mut().for_each(Queue::stop);
        self.health.restart();
        if let Some(limiter) = &mut self.limiter {
            limiter.restart();
        }
    }

    /// How many jobs wait.
    pub(super) fn waiting(&self) -> u64 {
        self.queues.values().map(Queue::waiting).sum()
    }
}

impl Job {
    /// The message to one of its inboxes.
    pub(super) fn message(&self, place: usize) -> Posted {
        let [head_bytes, response_bytes] = self.heads[place];
        Posted { letter: self.letter, to: self.to[place], head_bytes, response_bytes }
    }

    /// What tells the request to one of its inboxes from all others, also from those with the same document.
    pub(super) fn ticket(&self, place: usize) -> Ticket {
        (self.letter.job, place)
    }
}

impl World {
    /// Queues what an effect sends; without queues, starts it. `came` is the document that caused it, if one did.
    pub(super) fn send(&mut self, now: Time, from: InstanceId, effect: &Effect, came: Option<&Bytes>) {
        let Effect { activity, to } = *effect;
        let kind = Kind::of(&activity, from, self.cell.federation.origin(activity.video));
        let body = match came {
            // its own words, too, if somebody posts them back
            Some(came) => Body::Forwarded(came.clone()),
            None => {
                let document = self.cell.names.document(&activity, &self.cell.other.bodies);
                let document = document.expect("checked before the run");
                if self.has_peers {
                    self.book.note(&document, activity);
                }
                Body::Own(Box::new(document))
            }
        };
        if to != Recipients::One(self.cell.federation.origin(activity.video)) {
            let but = match to {
                Recipients::FollowersBut(author) => Some(author),
                Recipients::Followers | Recipients::One(_) => None,
            };
            let broadcast = Broadcast { from, but, built: activity.built, body: body.clone() };
            self.start(Work::Broadcast(broadcast));
        }
        let list = self.recipients(from, to);
        let rules = self.rules(from);
        let queue = match self.cell.delivery.queues {
            Queues::Unlimited => None,
            _ => Some(peertube_queue(kind, to, &rules)),
        };
        let health = &self.desks[from.index()].health;
        if queue.is_some() && splits_bad_inboxes(to, &rules, health) {
            let (bad, fair): (Vec<_>, Vec<_>) = list.iter().partition(|&&inbox| health.was_bad(inbox));
            self.queue(now, from, kind, &activity, queue, fair, body.clone());
            for inbox in bad {
                let unicast = Some(QueueName::Unicast);
                self.queue(now, from, kind, &activity, unicast, vec![inbox], body.clone());
            }
        } else {
            self.queue(now, from, kind, &activity, queue, list, body);
        }
    }

    /// A job of the background comes.
    pub(super) fn send_background(&mut self, now: Time, entry: u32, number: u32) {
        let video = self.cell.other.background[entry as usize].video;
        let origin = self.cell.federation.origin(video);
        if self.is_up(origin) {
            let activity = Activity {
                video,
                author: origin,
                subject: Subject::Background,
                result: None,
                built: self.clock_of(origin, now),
                expires: None,
                stamp: Stamp { session: SessionId(entry), number },
                form: self.rules(origin).wire.form(),
            };
            self.send(now, origin, &Effect { activity, to: Recipients::Followers }, None);
        }
    }

    fn recipients(&self, from: InstanceId, to: Recipients) -> Vec<InstanceId> {
        let Some(inboxes) = self.inboxes.get(&from) else {
            return match to {
                Recipients::One(to) => vec![to],
                Recipients::Followers | Recipients::FollowersBut(_) => Vec::new(),
            };
        };
        match to {
            Recipients::One(to) => vec![to],
            Recipients::Followers => inboxes.own().to_vec(),
            Recipients::FollowersBut(author) => {
                let list = inboxes.forwards(&self.rules(from)).iter();
                list.copied().filter(|&id| id != author).collect()
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a job is just that many things")]
    fn queue(
        &mut self,
        now: Time,
        from: InstanceId,
        kind: Kind,
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
            Body::Own(_) => sizes.body(activity),
            Body::Forwarded(came) => came.len() as u64,
        };
        self.job_count += 1;
        let letter = Letter {
            activity: *activity,
            kind,
            from,
            form: self.rules(from).wire.form(),
            persistence: Persistence::Closed,
            created: now,
            authored: self.authored(activity),
            attempt: 0,
            job: self.job_count,
            body_bytes: body_bytes as u32,
            name: LetterName::new(activity, kind, from),
        };
        let heads = |&to: &InstanceId| letter.heads(to, self.rules(to).wire.form(), &mut sizes);
        let heads = to.iter().map(heads).collect();
        let epoch = self.desks[from.index()].epoch;
        let job = Job { letter, queue, to, heads, body, epoch };
        for place in 0..job.to.len() {
            let message = job.message(place);
            self.ledger.link(from, message.to).create(message.bytes());
            self.queued.add(message.bytes());
        }
        let Some(queue) = queue else { return self.start(Work::Job(job)) };
        self.desks[from.index()].queues.get_mut(&queue).expect("it has all three").push(now, job);
        self.start_jobs(now, from, queue);
        self.queued_jobs_peak = self.queued_jobs_peak.max(self.desks[from.index()].waiting());
    }

    fn start(&self, work: Work) {
        // nobody posts any more when a run was interrupted
        let _ = self.work.send(work);
    }

    /// Starts the jobs of all queues of an instance for which there is room.
    pub(super) fn start_jobs_of(&mut self, now: Time, from: InstanceId) {
        for queue in [QueueName::Sequential, QueueName::Parallel, QueueName::Unicast] {
            self.start_jobs(now, from, queue);
        }
    }

    fn start_jobs(&mut self, now: Time, from: InstanceId, queue: QueueName) {
        while self.is_up(from) {
            let desk = &mut self.desks[from.index()];
            let jobs = desk.queues.get_mut(&queue).expect("it has all three");
            let Some((mut job, waited)) = jobs.start(now) else { return };
            job.epoch = desk.epoch;
            self.note(Note::JobStarted { now, instance: from, queue, waited });
            self.start(Work::Job(job));
        }
    }

    /// Whether a job may begin another request: its process still runs.
    pub(super) fn may_go_on(&self, job: &Job) -> bool {
        job.queue.is_none() || self.desks[job.letter.from.index()].epoch == job.epoch
    }

    /// A request begins.
    pub(super) fn begin(&mut self, now: Time, job: &Job, place: usize) {
        let message = job.message(place);
        let (from, to) = (message.letter.from, message.to);
        self.ledger.link(from, to).send(message.bytes());
        self.queued.take(message.bytes());
        self.in_flight.insert(job.ticket(place), (from, to, message.bytes()));
        self.note(Note::Sent { now, message });
    }

    /// A request will never begin: its process is gone.
    pub(super) fn drop_unsent(&mut self, job: &Job, place: usize) {
        let message = job.message(place);
        self.ledger.link(message.letter.from, message.to).drop(message.bytes());
        self.queued.take(message.bytes());
    }

    /// What became of a request, if that was not known before.
    pub(super) fn settle(&mut self, request: Ticket, arrival: Arrival) {
        if let Some((from, to, bytes)) = self.in_flight.remove(&request) {
            self.ledger.link(from, to).arrive(bytes, arrival);
        }
    }

    /// A request is over for its sender.
    pub(super) fn end(&mut self, now: Time, message: Posted, outcome: RequestOutcome) {
        if outcome == RequestOutcome::TimedOut {
            let link = self.ledger.link(message.letter.from, message.to);
            link.timed_out.add(message.bytes());
        }
        self.note(Note::Ended { now, message, outcome });
    }

    /// A job's slot is free.
    pub(super) fn free_slot(&mut self, now: Time, job: &Job) {
        let Some(queue) = job.queue.filter(|_| self.may_go_on(job)) else { return };
        let desk = &mut self.desks[job.letter.from.index()];
        desk.queues.get_mut(&queue).expect("it has all three").finish();
        self.start_jobs(now, job.letter.from, queue);
    }

    /// A job has finished: to whom it was good, to whom bad.
    pub(super) fn note_health(&mut self, now: Time, job: &Job, good: &[InstanceId], bad: &[InstanceId]) {
        if job.queue.is_some() && self.may_go_on(job) {
            self.desks[job.letter.from.index()].health.job_finished(now, good, bad);
        }
    }

    /// Writes down how the followers' inboxes of an instance did; followers that did too badly are removed.
    pub(super) fn flush_health(&mut self, now: Time, of: InstanceId) {
        let rule = health_rule(&self.rules(of));
        let Some(inboxes) = self.inboxes.get_mut(&of) else { return };
        let mut notes = Vec::new();
        for finding in self.desks[of.index()].health.flush(now, rule) {
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
        notes.into_iter().for_each(|note| self.note(Note::Health { now, note }));
    }

    /// The queues that hold something, or from which something started since the call before.
    pub(super) fn queue_samples(&mut self, now: Time) -> Vec<QueueSample> {
        let mut samples = Vec::new();
        for (id, desk) in self.desks.iter_mut().enumerate() {
            for (&name, queue) in &mut desk.queues {
                let (started, waited) = queue.take_started();
                let (waiting, running) = (queue.waiting(), queue.running());
                if waiting > 0 || running > 0 || started > 0 {
                    let (instance, oldest) = (InstanceId::at(id), queue.oldest(now));
                    let queue = name;
                    samples.push(QueueSample { instance, queue, waiting, running, oldest, started, waited });
                }
            }
        }
        samples
    }

    /// Tells of the jobs that still wait when the run ends.
    pub(super) fn note_unstarted(&self, now: Time) {
        for queue in self.desks.iter().flat_map(|desk| desk.queues.values()) {
            queue.jobs().for_each(|(since, _)| self.note(Note::JobUnstarted { waited: now.since(since) }));
        }
    }

    /// Every message of every link is somewhere.
    pub(super) fn assert_conserved(&self) {
        let mut in_flight = crate::mechanism::ledger::Amount::default();
        self.in_flight.values().for_each(|&(_, _, bytes)| in_flight.add(bytes));
        self.ledger.assert_conserved(self.queued, in_flight);
    }
}
