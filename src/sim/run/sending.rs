//! Sending: an effect of an instance becomes jobs, which wait in queues and start while slots are free.

use super::job::{Job, QueueKey};
use super::machine::Task;
use super::state::Run;
use crate::domain::delivery::Queues;
use crate::domain::federation::Inboxes;
use crate::domain::protocol::{BadInbox, Batch, BroadcastQueue, ForwardQueue, Rules};
use crate::event::{Lane, Letter, LetterName, Message};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::instance::{Effect, Recipients, batches};
use crate::mechanism::activity::{Activity, Kind, Subject};
use crate::mechanism::follow_health::FollowHealth;
use crate::mechanism::queue::Queue;
use crate::mechanism::wire::Persistence;
use crate::observe::QueueName;
use crate::sim::route::Route;
use std::rc::Rc;
use std::slice;
use std::sync::Arc;

impl Run<'_> {
    /// Creates and queues the jobs of an effect; without queues, sends its messages.
    pub(super) fn send(&mut self, from: InstanceId, effect: &Effect, now: Time) {
        let rules = self.instances[from.index()].rules();
        let recipients = self.recipients(from, rules, effect);
        self.send_to(from, effect, recipients, now);
    }

    /// Sends the totals of a tick in batches, if its instance does so; the other effects are left.
    pub(super) fn send_batches(&mut self, from: InstanceId, effects: &mut Vec<Effect>, now: Time) {
        let rules = *self.instances[from.index()].rules();
        if rules.batch == Batch::No {
            return;
        }
        let is_total = |effect: &mut Effect| effect.activity.subject == Subject::Total;
        let totals: Vec<Effect> = effects.extract_if(.., is_total).collect();
        let is_to_one = |effect: &Effect| matches!(effect.to, Recipients::One(_));
        let (to_origins, to_followers): (Vec<_>, Vec<_>) = totals.into_iter().partition(is_to_one);
        for alike in [to_followers, to_origins] {
            let Some(Effect { to, .. }) = alike.first().copied() else { continue };
            let with_inboxes = alike.iter().map(|it| (it.activity, self.recipients(from, &rules, it).0));
            for (activities, list) in batches(&with_inboxes.collect::<Vec<_>>()) {
                self.send_activities(from, &activities, to, (list, None), now);
            }
        }
    }

    /// The same to these inboxes but the one that gets nothing.
    pub(super) fn send_to(
        &mut self,
        from: InstanceId,
        effect: &Effect,
        recipients: (Arc<[InstanceId]>, Option<InstanceId>),
        now: Time,
    ) {
        self.send_activities(from, slice::from_ref(&effect.activity), effect.to, recipients, now);
    }

    /// Sends activities that are of one kind as one letter.
    fn send_activities(
        &mut self,
        from: InstanceId,
        activities: &[Activity],
        to: Recipients,
        (list, except): (Arc<[InstanceId]>, Option<InstanceId>),
        now: Time,
    ) {
        let rules = *self.instances[from.index()].rules();
        let kind = Kind::of(&activities[0], from, self.cell.federation.origin(activities[0].video));
        if self.delivery.queues == Queues::Unlimited {
            return self.send_unqueued(from, kind, activities, &list, except, now);
        }
        match self.delivery.queues {
            Queues::Unlimited | Queues::Peertube => {
                let queue = QueueKey::of_peertube(peertube_queue(kind, to, &rules));
                let health = &self.machines[from.index()].health;
                if !splits_bad_inboxes(to, &rules, health) {
                    let job = self.job(from, queue, kind, activities, list, except, now);
                    return self.push_job(job, now);
                }
                let (bad, good): (Vec<_>, Vec<_>) = list.iter().partition(|&&inbox| health.was_bad(inbox));
                let job = self.job(from, queue, kind, activities, good.into(), None, now);
                self.push_job(job, now);
                for inbox in bad {
                    let job = self.job(from, QueueKey::Unicast, kind, activities, [inbox].into(), None, now);
                    self.push_job(job, now);
                }
            }
            Queues::PerDestination | Queues::Workers => {
                let is_per_destination = self.delivery.queues == Queues::PerDestination;
                let mut signs = !kind.is_forwarded();
                for &inbox in list.iter().filter(|&&inbox| Some(inbox) != except) {
                    let host = self.host(inbox);
                    let queue = if is_per_destination { QueueKey::To(host) } else { QueueKey::Workers };
                    let job = self.job(from, queue, kind, activities, [inbox].into(), None, now);
                    // The first of the jobs signs the activity for all.
                    self.push_job(Job { signs: std::mem::take(&mut signs), ..job }, now);
                }
            }
        }
    }

    /// The inboxes of an effect, and the one of these that gets nothing.
    fn recipients(
        &self,
        from: InstanceId,
        rules: &Rules,
        Effect { activity, to, .. }: &Effect,
    ) -> (Arc<[InstanceId]>, Option<InstanceId>) {
        let inboxes = self.inboxes.get(&from);
        let list = |list: Option<&Arc<[InstanceId]>>| list.map_or_else(|| [].into(), Arc::clone);
        match *to {
            Recipients::One(to) => ([to].into(), None),
            Recipients::Interested => {
                let interested = self.instances[from.index()].interested(activity.video);
                (inboxes.map_or_else(|| [].into(), |inboxes| inboxes.own_of(&interested).into()), None)
            }
            Recipients::Followers => (list(inboxes.map(Inboxes::own)), None),
            Recipients::FollowersBut(author) => {
                (list(inboxes.map(|inboxes| inboxes.forwards(rules))), Some(author))
            }
        }
    }

    /// Creates a job, which is not queued yet.
    #[expect(clippy::too_many_arguments, reason = "the parts of a job have no type of their own")]
    pub(super) fn job(
        &mut self,
        from: InstanceId,
        queue: QueueKey,
        kind: Kind,
        activities: &[Activity],
        to: Arc<[InstanceId]>,
        except: Option<InstanceId>,
        now: Time,
    ) -> Job {
        self.job_count += 1;
        Job::new(self.letter(from, kind, activities, now), queue, to, except)
    }

    /// What the messages of a new job share.
    pub(super) fn letter(
        &mut self,
        from: InstanceId,
        kind: Kind,
        activities: &[Activity],
        created: Time,
    ) -> Rc<Letter> {
        let (activity, beside) = activities.split_first().expect("a letter carries something");
        let letter = Letter {
            activity: *activity,
            beside: (!beside.is_empty()).then(|| beside.into()),
            kind,
            from,
            form: self.instances[from.index()].rules().wire.form(),
            persistence: match self.delivery.keep_alive.idle(self.instances[from.index()].rules()) {
                Some(_) => Persistence::Kept,
                None => Persistence::Closed,
            },
            created,
            authored: self.true_time(activity),
            attempt: 0,
            retried: None,
            job: self.job_count,
            body_bytes: self.path.body_bytes(self.sizes.body_of_all(activities)) as u32,
            counted_response: None,
            name: LetterName::new(activity, kind, from),
        };
        let counted_response = self.counted_response(&letter);
        Rc::new(Letter { counted_response, ..letter })
    }

    /// Queues a job, unless it has no destination, and starts jobs while slots are free.
    pub(super) fn push_job(&mut self, job: Job, now: Time) {
        if job.unsent().next().is_none() {
            return;
        }
        let (from, queue) = (job.letter.from, job.queue);
        let number = self.create_job(job);
        self.queue(from, queue).push(now, number);
        self.machines[from.index()].waiting_jobs += 1;
        self.start_jobs(from, queue, now);
        self.queued_jobs_peak = self.queued_jobs_peak.max(self.machines[from.index()].waiting_jobs);
    }

    /// Queues a job with one inbox before all others; it starts when others do.
    pub(super) fn put_first(&mut self, job: Job, now: Time) {
        let (from, queue) = (job.letter.from, job.queue);
        let number = self.create_job(job);
        self.queue(from, queue).put_first(now, number);
        self.machines[from.index()].waiting_jobs += 1;
    }

    /// A queue of an instance.
    fn queue(&mut self, from: InstanceId, queue: QueueKey) -> &mut Queue<u32> {
        let slots = self.slots_of(queue);
        self.machines[from.index()].queues.entry(queue).or_insert_with(|| Queue::new(Some(slots)))
    }

    /// The messages of a job are created.
    fn create_job(&mut self, mut job: Job) -> u32 {
        let letter = Rc::clone(&job.letter);
        let from = letter.from;
        job.route = self.route_of(&job);
        if letter.retried.is_none() && job.whole_route().is_none() {
            self.fates_of(letter.kind).create(job.unsent().count() as u64);
        }
        match (&job.route, &mut self.broadcasts) {
            (Some(route), Some(broadcasts)) if route.is_whole => broadcasts.create(route, job.except),
            (Some(route), _) => {
                let all = route.all_but(job.except);
                self.ledger.together().create_all(all);
                self.queued += all;
            }
            (None, _) => {
                for to in job.unsent() {
                    let bytes = self.message(&letter, to).bytes();
                    self.ledger.link(from, to).create(bytes);
                    self.queued.add(bytes);
                }
            }
        }
        self.jobs.insert(job)
    }

    /// The route of a job with several inboxes. Counts why its requests make events, if they do.
    fn route_of(&mut self, job: &Job) -> Option<Arc<Route>> {
        let broadcasts = self.broadcasts.as_mut()?;
        let (letter, to) = (&job.letter, &job.to);
        let takes = broadcasts.takes(letter.from, to, letter.kind.is_forwarded());
        if let Err(fallback) = takes {
            let messages = job.unsent().count() as u64;
            *broadcasts.execution.messages_with_events.entry(fallback).or_default() += messages;
        }
        // after an upgrade a receiver may answer with other sizes
        let has_constant_sizes = takes.is_ok() || self.upgrades.is_empty();
        // a route knows of one activity
        if to.len() < 2 || !has_constant_sizes || letter.beside.is_some() {
            return None;
        }
        self.route(letter, to, takes.is_ok())
    }

    /// The remembered route of a letter to these inboxes, or a new one. `is_whole` is that of `Route`.
    pub(super) fn route(
        &mut self,
        letter: &Rc<Letter>,
        to: &Arc<[InstanceId]>,
        is_whole: bool,
    ) -> Option<Arc<Route>> {
        let known = self.broadcasts.as_mut()?.find_route(letter, to);
        known.or_else(|| {
            let messages: Vec<Message> = to.iter().map(|&to| self.message(letter, to)).collect();
            self.broadcasts.as_mut().map(|broadcasts| broadcasts.add_route(&messages, to, is_whole))
        })
    }

    /// How many jobs of a queue may run at the same time.
    fn slots_of(&self, queue: QueueKey) -> u32 {
        match queue {
            QueueKey::Sequential => self.delivery.sequential_jobs,
            QueueKey::Parallel => self.delivery.parallel_jobs,
            QueueKey::Unicast => self.delivery.unicast_jobs,
            QueueKey::To(_) => self.delivery.requests_per_destination,
            QueueKey::Workers => self.delivery.workers,
            QueueKey::Gets => u32::MAX,
        }
    }

    /// Starts jobs of queues in which a slot has become free since the last call. A job without duration frees its slot again:
    /// a loop avoids the recursion.
    pub(super) fn fill_slots(&mut self, now: Time) {
        while let Some((from, queue)) = self.freed_queues.pop() {
            self.start_jobs(from, queue, now);
        }
    }

    /// Starts jobs of a queue while slots are free.
    pub(super) fn start_jobs(&mut self, from: InstanceId, queue: QueueKey, now: Time) {
        loop {
            let machine = &mut self.machines[from.index()];
            let Some(jobs) = machine.queues.get_mut(&queue).filter(|_| machine.is_up) else { return };
            if let QueueKey::To(to) = queue
                && !machine.held_queues.may_start(to, jobs.running())
            {
                return;
            }
            let Some((job, waited)) = jobs.start(now) else { return };
            machine.waiting_jobs -= 1;
            machine.running_jobs.insert(job);
            // GETs do not wait, so their waits would only dilute those of others
            if queue != QueueKey::Gets {
                self.observer.job_started(now, from, queue.name(), waited);
            }
            self.start_job(job, now);
        }
    }

    /// Starts a job: its activity is signed (JSON-LD), if it must be, before its requests begin.
    fn start_job(&mut self, number: u32, now: Time) {
        let job = self.jobs.get(number);
        if job.signs {
            let from = job.letter.from;
            self.give_task(from, Lane::JsonLd, Task::Sign { job: number }, now);
        } else {
            self.run_job(number, now);
        }
    }

    /// The message of a letter to one inbox, with its sizes.
    pub(super) fn message(&mut self, letter: &Rc<Letter>, to: InstanceId) -> Message {
        let receiver = self.instances[to.index()].rules().wire.form();
        let [head_bytes, response_bytes] = letter.heads(to, receiver, &mut self.sizes);
        Message {
            letter: Rc::clone(letter),
            to,
            head_bytes: if letter.kind.is_get() { head_bytes } else { self.path.head_bytes(head_bytes) },
            response_bytes,
        }
    }

    /// When an activity was built, by the true clock.
    fn true_time(&self, activity: &Activity) -> Time {
        activity.built.before(self.conditions.timetable.clock_ahead(activity.author))
    }
}

/// The queue of PeerTube for an activity of this kind to these recipients.
pub fn peertube_queue(kind: Kind, to: Recipients, rules: &Rules) -> QueueName {
    match (kind, to) {
        (Kind::Update | Kind::Background, _) => QueueName::Sequential,
        (_, Recipients::One(_)) => QueueName::Unicast,
        (_, Recipients::Followers | Recipients::Interested) => match rules.broadcast_queue {
            BroadcastQueue::Sequential => QueueName::Sequential,
            BroadcastQueue::Parallel => QueueName::Parallel,
        },
        (_, Recipients::FollowersBut(_)) => match rules.forward_queue {
            ForwardQueue::Sequential => QueueName::Sequential,
            ForwardQueue::Parallel => QueueName::Parallel,
        },
    }
}

/// Whether PeerTube makes one job for each inbox that was bad in the last finished job.
pub fn splits_bad_inboxes(to: Recipients, rules: &Rules, health: &FollowHealth) -> bool {
    matches!(to, Recipients::Followers | Recipients::Interested)
        && rules.bad_inbox == BadInbox::Unicast
        && health.any_bad()
}
