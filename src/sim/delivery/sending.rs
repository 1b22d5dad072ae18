//! Sending: an effect becomes jobs, jobs wait in queues, a running job makes its requests.

use super::job::{Job, QueueKey};
use super::machine::Task;
use super::{Delivery, Moment};
use crate::domain::delivery::Queues;
use crate::domain::federation::Inboxes;
use crate::domain::protocol::{BadInbox, BroadcastQueue, ForwardQueue, Rules};
use crate::event::{Event, Lane, Letter, LetterName, Message};
use crate::foundation::ids::InstanceId;
use crate::foundation::random::fold;
use crate::foundation::units::{Span, Time};
use crate::instance::{Effect, Recipients};
use crate::mechanism::activity::{Activity, Kind, Subject};
use crate::mechanism::follow_health::FollowHealth;
use crate::mechanism::queue::Queue;
use crate::mechanism::retry::retry_delay;
use crate::mechanism::wire::Persistence;
use crate::observe::{Observer, QueueName, RequestOutcome};
use crate::sim::columns::Route;
use std::rc::Rc;
use std::sync::Arc;

impl Delivery<'_> {
    /// Queues what an effect sends; without queues, sends it.
    pub(in crate::sim) fn send(
        &mut self,
        from: InstanceId,
        rules: &Rules,
        effect: &Effect,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let Effect { activity, to } = *effect;
        let kind = Kind::of(&activity, from, self.cell.federation.origin(activity.video));
        let (list, except) = self.recipients(from, rules, to);
        if self.is_unlimited() {
            return self.send_at_once(from, kind, &activity, &list, except, moment);
        }
        match self.figures.queues {
            Queues::Unlimited | Queues::Peertube => {
                let queue = QueueKey::of_peertube(peertube_queue(kind, to, rules));
                let health = &self.machines[from.index()].health;
                if !splits_bad_inboxes(to, rules, health) {
                    self.queue_job(from, queue, kind, &activity, list, except, moment);
                    return;
                }
                let (bad, fair): (Vec<_>, Vec<_>) = list.iter().partition(|&&inbox| health.was_bad(inbox));
                self.queue_job(from, queue, kind, &activity, fair.into(), None, moment);
                for inbox in bad {
                    let alone: Arc<[InstanceId]> = [inbox].into();
                    self.queue_job(from, QueueKey::Unicast, kind, &activity, alone, None, moment);
                }
            }
            Queues::PerDestination | Queues::Workers => {
                let is_per_destination = self.figures.queues == Queues::PerDestination;
                let mut signs = !kind.is_forwarded();
                for &inbox in list.iter().filter(|&&inbox| Some(inbox) != except) {
                    let queue = if is_per_destination { QueueKey::To(inbox) } else { QueueKey::Workers };
                    let job = self.job(from, queue, kind, &activity, [inbox].into(), None, moment.now);
                    // The activity is signed once, with the first of its jobs.
                    self.push_job(Job { signs: std::mem::take(&mut signs), ..job }, moment);
                }
            }
        }
    }

    fn recipients(
        &self,
        from: InstanceId,
        rules: &Rules,
        to: Recipients,
    ) -> (Arc<[InstanceId]>, Option<InstanceId>) {
        let inboxes = self.inboxes.get(&from);
        let list = |list: Option<&Arc<[InstanceId]>>| list.map_or_else(|| [].into(), Arc::clone);
        match to {
            Recipients::One(to) => ([to].into(), None),
            Recipients::Followers => (list(inboxes.map(Inboxes::own)), None),
            Recipients::FollowersBut(author) => {
                (list(inboxes.map(|inboxes| inboxes.forwards(rules))), Some(author))
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a job is just that many things")]
    fn queue_job(
        &mut self,
        from: InstanceId,
        queue: QueueKey,
        kind: Kind,
        activity: &Activity,
        to: Arc<[InstanceId]>,
        except: Option<InstanceId>,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let job = self.job(from, queue, kind, activity, to, except, moment.now);
        self.push_job(job, moment);
    }

    #[expect(clippy::too_many_arguments, reason = "a job is just that many things")]
    fn job(
        &mut self,
        from: InstanceId,
        queue: QueueKey,
        kind: Kind,
        activity: &Activity,
        to: Arc<[InstanceId]>,
        except: Option<InstanceId>,
        now: Time,
    ) -> Job {
        self.job_count += 1;
        Job::new(self.letter(from, kind, activity, now), queue, to, except)
    }

    fn letter(&mut self, from: InstanceId, kind: Kind, activity: &Activity, created: Time) -> Rc<Letter> {
        Rc::new(Letter {
            activity: *activity,
            kind,
            from,
            form: self.rules[from.index()].wire.form(),
            persistence: match self.figures.keep_alive.idle(&self.rules[from.index()]) {
                Some(_) => Persistence::Kept,
                None => Persistence::Closed,
            },
            created,
            authored: self.true_time(activity),
            attempt: 0,
            job: self.job_count,
            body_bytes: self.sizes.body(activity) as u32,
            name: LetterName::new(activity, kind, from),
        })
    }

    /// Puts a job into its queue, unless it is for nobody.
    fn push_job(&mut self, mut job: Job, moment: &mut Moment<'_, impl Observer>) {
        if job.unsent().next().is_none() {
            return;
        }
        let (letter, queue) = (Rc::clone(&job.letter), job.queue);
        let from = letter.from;
        job.route = self.route_of(&job);
        match self.columns.as_mut().zip(job.route.as_ref()) {
            Some((columns, route)) => columns.create(route, job.except),
            None => {
                for to in job.unsent() {
                    let bytes = self.message(&letter, to).bytes();
                    self.ledger.link(from, to).create(bytes);
                    self.queued.add(bytes);
                }
            }
        }
        let number = self.jobs.insert(job);
        self.jobs.get(number).slot = number;
        let slots = self.slots_of(queue);
        let machine = &mut self.machines[from.index()];
        machine.queues.entry(queue).or_insert_with(|| Queue::new(Some(slots))).push(moment.now, number);
        machine.waiting_jobs += 1;
        self.start_jobs(from, queue, moment);
        self.queued_jobs_peak = self.queued_jobs_peak.max(self.machines[from.index()].waiting_jobs);
    }

    /// The route of a job whose requests make no events.
    fn route_of(&mut self, job: &Job) -> Option<Arc<Route>> {
        self.columns.as_ref()?;
        let (letter, to) = (&job.letter, &job.to);
        let like = self.message(letter, to[0]);
        let columns = self.columns.as_mut()?;
        if let Some(route) = columns.known_route(&like, to) {
            return Some(route);
        }
        if let Err(because) = columns.takes(letter.from, to, letter.kind.is_forwarded()) {
            let messages = job.unsent().count() as u64;
            *columns.ran.messages_with_events.entry(because).or_default() += messages;
            return None;
        }
        self.route(letter, to)
    }

    fn slots_of(&self, queue: QueueKey) -> u32 {
        match queue {
            QueueKey::Sequential => self.figures.sequential_jobs,
            QueueKey::Parallel => self.figures.parallel_jobs,
            QueueKey::Unicast => self.figures.unicast_jobs,
            QueueKey::To(_) => self.figures.requests_per_destination,
            QueueKey::Workers => self.figures.workers,
        }
    }

    /// Starts jobs where a slot has become free since the last call. A job that is over at once frees its slot again, so
    /// this is a loop and no recursion.
    pub(in crate::sim) fn fill_slots(&mut self, moment: &mut Moment<'_, impl Observer>) {
        while let Some((from, queue)) = self.with_room.pop() {
            self.start_jobs(from, queue, moment);
        }
    }

    /// Starts the jobs of a queue for which there is room.
    pub(super) fn start_jobs(
        &mut self,
        from: InstanceId,
        queue: QueueKey,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        loop {
            let machine = &mut self.machines[from.index()];
            let Some(jobs) = machine.queues.get_mut(&queue).filter(|_| machine.is_up) else { return };
            let Some((job, waited)) = jobs.start(moment.now) else { return };
            machine.waiting_jobs -= 1;
            machine.running_jobs.insert(job);
            moment.observer.job_started(moment.now, from, queue.name(), waited);
            self.start_job(job, moment);
        }
    }

    fn start_job(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let job = self.jobs.get(number);
        if job.signs {
            let from = job.letter.from;
            self.give_task(from, Lane::JsonLd, Task::Sign { job: number }, moment);
        } else {
            self.run_job(number, moment);
        }
    }

    /// A job whose activity is signed makes its requests; from now on counts how long it may run.
    pub(super) fn run_job(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let figures = self.figures;
        let job = self.jobs.get(number);
        // No request lasts longer than its time-out, so most jobs cannot meet the limit.
        let rounds = job.to.len().div_ceil(figures.requests_per_job as usize) as u64;
        if figures.timeout.ns().saturating_mul(rounds) > figures.running_limit.ns() {
            let limit = Event::JobLimit { instance: job.letter.from, job: job.letter.job, slot: number };
            moment.at(moment.now + figures.running_limit, limit);
        }
        let route = self.jobs.get(number).route.as_ref();
        match self.columns.as_ref().zip(route).map(|(columns, route)| columns.makes_events(route)) {
            None => {
                self.draw_fates(number);
                self.make_requests(number, moment);
            }
            Some(true) => self.run_coupled(number, moment),
            Some(false) => self.run_apart(number, moment),
        }
    }

    /// Works out all requests of a job; its end is an event.
    fn run_apart(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let Job { letter, route, .. } = self.jobs.get(number);
        let (letter, Some(route)) = (Rc::clone(letter), route.clone()) else { return };
        let name = message_name(&letter.activity, letter.from, letter.attempt);
        let like = self.message(&letter, route.to[0]);
        let Delivery { columns, conditions, network, .. } = self;
        let Some(columns) = columns else { return };
        let finish = columns.run_job(moment.now, &route, &like, name, network, conditions);
        let job = self.jobs.get(number);
        job.next = job.to.len();
        job.bad = finish.bad;
        job.bad.sort_unstable();
        let message = Message { to: route.to[finish.last], ..like };
        moment.at(finish.at, Event::JobDone { step: finish.step, slot: number, message });
    }

    /// The last request of a job is over whose requests made no events.
    pub(in crate::sim) fn job_done(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let job = self.jobs.get(number);
        let (to, bad, from) = (Arc::clone(&job.to), std::mem::take(&mut job.bad), job.letter.from);
        self.machines[from.index()].health.broadcast_finished(moment.now, &to, &bad);
        self.end_job(number);
    }

    pub(super) fn draw_fates(&mut self, number: u32) {
        let job = self.jobs.get(number);
        let Letter { activity, from, attempt, .. } = *job.letter;
        let name = message_name(&activity, from, attempt);
        self.network.latencies(name, from, &job.to, &mut job.fates);
    }

    /// Begins as many requests of a job as it may have at once; ends it when there is nothing left.
    pub(super) fn make_requests(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        while self.jobs.get(number).under_way < self.figures.requests_per_job {
            let job = self.jobs.get(number);
            let Some(&to) = job.to.get(job.next) else { break };
            let fate = job.fates[job.next];
            job.next += 1;
            if job.except == Some(to) {
                continue;
            }
            self.make_request(number, to, fate, moment);
        }
        let job = self.jobs.get(number);
        if job.under_way == 0 && job.next == job.to.len() {
            self.finish_job(number, moment);
        }
    }

    fn make_request(
        &mut self,
        number: u32,
        to: InstanceId,
        fate: Option<Span>,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let letter = Rc::clone(&self.jobs.get(number).letter);
        let message = self.message(&letter, to);
        let machine = &mut self.machines[message.from.index()];
        let link = self.ledger.link(message.from, to);
        // The list of a broadcast job is made with the job; single deliveries go with the follow.
        let is_removed = self.figures.queues != Queues::Peertube && machine.removed.contains(&to);
        let is_open = machine.breakers.as_ref().is_some_and(|breakers| breakers.is_open(moment.now, to));
        self.queued.take(message.bytes());
        if is_removed || is_open {
            link.drop(message.bytes());
            if is_open && !is_removed {
                self.retry(&message, moment);
            }
            return;
        }
        link.send(message.bytes());
        self.in_flight.add(message.bytes());
        self.jobs.get(number).under_way += 1;
        moment.observer.sent(moment.now, &message, None);
        self.begin_request(number, message, fate, moment);
    }

    fn finish_job(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let job = self.jobs.get(number);
        let (good, bad) = (std::mem::take(&mut job.good), std::mem::take(&mut job.bad));
        let machine = &mut self.machines[job.letter.from.index()];
        machine.health.job_finished(moment.now, &good, &bad);
        self.end_job(number);
    }

    fn end_job(&mut self, number: u32) {
        let job = self.remove_job(number);
        if !job.is_given_up {
            self.free_slot(job.letter.from, job.queue);
        }
    }

    /// A job that runs is gone.
    pub(super) fn remove_job(&mut self, number: u32) -> Job {
        let job = self.jobs.remove(number);
        self.machines[job.letter.from.index()].running_jobs.remove(&number);
        job
    }

    pub(super) fn free_slot(&mut self, from: InstanceId, queue: QueueKey) {
        if let Some(jobs) = self.machines[from.index()].queues.get_mut(&queue) {
            jobs.finish();
        }
        self.with_room.push((from, queue));
    }

    /// A job has been running for as long as it may: its slot is free, its requests go on.
    pub(in crate::sim) fn limit_job(&mut self, slot: u32, number: u64) {
        let still_runs = |job: &&mut Job| job.letter.job == number && !job.is_given_up;
        let Some(job) = self.jobs.rows[slot as usize].as_mut().filter(still_runs) else { return };
        job.is_given_up = true;
        let (from, queue) = (job.letter.from, job.queue);
        self.free_slot(from, queue);
    }

    /// A request of a job is over.
    pub(super) fn request_over(
        &mut self,
        number: u32,
        message: &Message,
        fate: RequestOutcome,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let is_good = fate == RequestOutcome::Good;
        let job = self.jobs.get(number);
        job.under_way -= 1;
        if is_good { &mut job.good } else { &mut job.bad }.push(message.to);
        let machine = &mut self.machines[message.from.index()];
        if let Some(breakers) = &mut machine.breakers {
            breakers.note(moment.now, message.to, is_good);
        }
        if is_good {
            machine.connections.release(moment.now, message.to);
        } else {
            self.retry(message, moment);
        }
        self.make_requests(number, moment);
    }

    /// Plans the next attempt of a message, if it has one.
    fn retry(&mut self, message: &Message, moment: &mut Moment<'_, impl Observer>) {
        if u32::from(message.attempt) + 1 >= self.figures.attempts {
            return;
        }
        let name = message_name(&message.activity, message.from, message.attempt);
        let delay = retry_delay(message.attempt, self.retry_draws.one(name, message.to.0));
        self.to_retry += 1;
        let letter = Rc::new(Letter { attempt: message.attempt + 1, ..*message.letter });
        moment.at(moment.now + delay, Event::Retry(Message { letter, ..*message }));
    }

    /// Queues a message again, alone.
    pub(in crate::sim) fn send_again(&mut self, message: &Message, moment: &mut Moment<'_, impl Observer>) {
        self.to_retry -= 1;
        let Letter { activity, kind, from, created, attempt, .. } = *message.letter;
        let to = message.to;
        let queue = match self.figures.queues {
            Queues::Unlimited | Queues::Peertube => QueueKey::Unicast,
            Queues::PerDestination => QueueKey::To(to),
            Queues::Workers => QueueKey::Workers,
        };
        let job = self.job(from, queue, kind, &activity, [to].into(), None, moment.now);
        let letter = Rc::new(Letter { created, attempt, ..*job.letter });
        self.push_job(Job { letter, signs: false, ..job }, moment);
    }

    /// The running jobs of a process that is gone go with it; their requests that have left go on.
    pub(super) fn drop_running_jobs(&mut self, from: InstanceId) {
        for number in std::mem::take(&mut self.machines[from.index()].running_jobs) {
            let job = self.jobs.remove(number);
            for to in job.unsent() {
                let bytes = self.message(&job.letter, to).bytes();
                self.ledger.link(from, to).drop(bytes);
                self.queued.take(bytes);
            }
        }
    }

    pub(super) fn message(&mut self, letter: &Rc<Letter>, to: InstanceId) -> Message {
        let receiver = self.rules[to.index()].wire.form();
        let [head_bytes, response_bytes] = letter.heads(to, receiver, &mut self.sizes);
        Message { letter: Rc::clone(letter), to, head_bytes, response_bytes }
    }

    /// When an activity was built, by the true clock.
    fn true_time(&self, activity: &Activity) -> Time {
        activity.built.before(self.conditions.timetable.clock_ahead(activity.author))
    }

    /// Without queues: every request leaves at once, and arrives after its latency or not at all.
    fn send_at_once(
        &mut self,
        from: InstanceId,
        kind: Kind,
        activity: &Activity,
        list: &Arc<[InstanceId]>,
        except: Option<InstanceId>,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let mut destinations = std::mem::take(&mut self.destinations);
        let mut fates = std::mem::take(&mut self.fates);
        let letter = self.letter(from, kind, activity, moment.now);
        let others = self.send_apart_at_once(&letter, list, except, &mut fates, moment.now);
        destinations.clear();
        destinations.extend(others.iter().copied().filter(|&to| Some(to) != except));
        self.network.latencies(message_name(activity, from, 0), from, &destinations, &mut fates);
        for (&to, &fate) in destinations.iter().zip(&fates) {
            let message = self.message(&letter, to);
            let latency = self.latency(&message, fate, moment.now);
            self.leave_at_once(message, latency, moment);
        }
        self.destinations = destinations;
        self.fates = fates;
    }
}

impl Delivery<'_> {
    /// Without queues: sends what makes no events, and returns the other inboxes.
    fn send_apart_at_once(
        &mut self,
        letter: &Rc<Letter>,
        list: &Arc<[InstanceId]>,
        except: Option<InstanceId>,
        fates: &mut Vec<Option<Span>>,
        now: Time,
    ) -> Arc<[InstanceId]> {
        let Some(columns) = &mut self.columns else { return Arc::clone(list) };
        let [quiet, others] = columns.split(list);
        if quiet.iter().all(|&id| Some(id) == except) {
            return others;
        }
        let route = self.route(letter, &quiet);
        let name = message_name(&letter.activity, letter.from, letter.attempt);
        let like = self.message(letter, quiet[0]);
        self.network.latencies(name, letter.from, &quiet, fates);
        let Delivery { columns, conditions, .. } = self;
        if let Some((columns, route)) = columns.as_mut().zip(route) {
            columns.send_at_once(now, &route, except, &like, fates, name, conditions);
        }
        others
    }

    /// The route of messages that make no events.
    fn route(&mut self, letter: &Rc<Letter>, to: &Arc<[InstanceId]>) -> Option<Arc<Route>> {
        let like = self.message(letter, to[0]);
        let known = self.columns.as_ref()?.known_route(&like, to);
        known.or_else(|| {
            let messages: Vec<Message> = to.iter().map(|&to| self.message(letter, to)).collect();
            self.columns.as_mut().map(|columns| columns.add_route(&messages, to))
        })
    }
}

/// The queue of PeerTube that a send uses.
pub fn peertube_queue(kind: Kind, to: Recipients, rules: &Rules) -> QueueName {
    match (kind, to) {
        (Kind::Update | Kind::Background, _) => QueueName::Sequential,
        (_, Recipients::One(_)) => QueueName::Unicast,
        (_, Recipients::Followers) => match rules.broadcast_queue {
            BroadcastQueue::Sequential => QueueName::Sequential,
            BroadcastQueue::Parallel => QueueName::Parallel,
        },
        (_, Recipients::FollowersBut(_)) => match rules.forward_queue {
            ForwardQueue::Sequential => QueueName::Sequential,
            ForwardQueue::Parallel => QueueName::Parallel,
        },
    }
}

/// Whether PeerTube sends to the bad inboxes of the last finished job by single jobs now.
pub fn splits_bad_inboxes(to: Recipients, rules: &Rules, health: &FollowHealth) -> bool {
    matches!(to, Recipients::Followers) && rules.bad_inbox == BadInbox::Unicast && health.any_bad()
}

/// The name under which a message's latency and loss are drawn: the protocol plays no part in it.
pub fn message_name(activity: &Activity, from: InstanceId, attempt: u8) -> u64 {
    let (subject, viewer) = match activity.subject {
        Subject::Viewer(viewer, _) => (0, viewer.0),
        Subject::Total => (1, 0),
        Subject::Plain(viewer) => (2, viewer.0),
        Subject::Update => (3, 0),
        Subject::WatchAction(viewer) => (4, viewer.0),
        Subject::Background => (5, 0),
    };
    let words = [
        subject,
        activity.video.0,
        activity.author.0,
        from.0,
        viewer,
        activity.stamp.session.0,
        activity.stamp.number,
    ];
    let name = fold(&words.map(u64::from));
    if attempt == 0 { name } else { fold(&[name, u64::from(attempt)]) }
}
