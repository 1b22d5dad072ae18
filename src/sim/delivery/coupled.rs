//! The requests of a job that make one event each: when they may be over for their sender.
//!
//! The same requests as in `request`. A signature takes its turn on the sender's cores when the request begins, and its bytes take
//! theirs on the uplink when it is signed (`local`). What happens at a quiet receiver is worked out then (`columns::coupled`). A
//! local receiver does what it does without events, and plans its answer when it begins to verify the request. The sender asks
//! for that at the first instant at which the answer can have come, and then waits for it if it must.

use super::job::Job;
use super::local::{Arriving, Leaving};
use super::machine::{Asker, Machine, Task};
use super::sending::message_name;
use super::{Delivery, Moment};
use crate::event::{Event, Lane, Letter, Message, Step};
use crate::mechanism::network::NO_LATENCY_US;
use crate::observe::{Fate, Observer};
use crate::sim::columns::{NEVER, Outlook, Route, Trip};
use crate::words::units::{Span, Time};
use std::rc::Rc;
use std::sync::Arc;

/// What is kept about the requests of a running job.
pub(super) struct Steps {
    route: Arc<Route>,
    /// The name of the draws.
    name: u64,
    /// By destination.
    latencies_us: Vec<u32>,
    /// By destination.
    requests: Vec<Each>,
    /// By destination: what is not in the accounts yet.
    trips: Vec<Trip>,
    /// So many events and requests under way name the job.
    mentions: u32,
    /// Whether all of them are over.
    is_finished: bool,
}

/// What is kept about one of them.
#[derive(Clone, Copy)]
struct Each {
    begun: Time,
    /// One way, with what faults add, from when it leaves for a local receiver.
    latency: Span,
    /// When its sender asks for the answer, in which step (an event that says otherwise is out of date), and when that has come
    /// back, as far as it is known.
    asks: (Time, Step),
    answered: Time,
    /// How it ends for its sender, unless its time is up before.
    fate: Fate,
    /// Whether its sender waits for what is not known yet.
    is_awaited: bool,
    /// Whether it times out if it is not over then.
    times_out: bool,
    is_over: bool,
    /// The number of its verification among the tasks of the receiver's thread.
    task: u64,
}

impl Job {
    fn steps(&mut self) -> &mut Steps {
        self.steps.as_mut().expect("a job that makes its requests in steps")
    }

    /// Plans a step of one of its requests.
    fn plan(&mut self, step: Step, at: usize, time: Time, moment: &mut Moment<'_, impl Observer>) {
        let Job { letter, slot, steps: Some(steps), .. } = self else { return };
        steps.mentions += 1;
        let (to, head_bytes) = (steps.route.to[at], steps.route.head_bytes(at));
        let message = Message { letter: Rc::clone(letter), to, head_bytes };
        let key = letter.order(to, step);
        let event = Event::Coupled { step, slot: *slot, destination: at as u32, message };
        moment.pending.push(time, key, event);
    }

    /// The sender asks for the answer of a request then.
    fn plan_to_ask(&mut self, step: Step, at: usize, time: Time, moment: &mut Moment<'_, impl Observer>) {
        self.steps().requests[at].asks = (time, step);
        self.plan(step, at, time, moment);
    }

    /// The request to a destination is over at its deadline if nothing ends it before.
    fn plan_time_out(&mut self, at: usize, timeout: Span, moment: &mut Moment<'_, impl Observer>) {
        let each = &mut self.steps().requests[at];
        if !each.is_over && !std::mem::replace(&mut each.times_out, true) {
            let deadline = each.begun + timeout;
            self.plan(Step::TimedOut, at, deadline.max(moment.now), moment);
        }
    }
}

impl Delivery<'_> {
    /// A job starts its requests.
    pub(super) fn run_coupled(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let Delivery { jobs, network, .. } = self;
        let job = jobs.get(number);
        let Letter { activity, from, attempt, .. } = *job.letter;
        let Some(route) = job.route.clone() else { return };
        let name = message_name(&activity, from, attempt);
        let mut latencies_us = Vec::new();
        network.latencies_us(name, from, &job.to, &mut latencies_us);
        let each = Each {
            begun: moment.now,
            latency: Span::ZERO,
            asks: (Time::ZERO, Step::Ended),
            answered: NEVER,
            fate: Fate::Good,
            is_awaited: false,
            times_out: false,
            is_over: false,
            task: 0,
        };
        job.steps = Some(Box::new(Steps {
            name,
            latencies_us,
            requests: vec![each; job.to.len()],
            trips: vec![Trip::default(); job.to.len()],
            mentions: 0,
            is_finished: false,
            route: Arc::clone(&route),
        }));
        let (letter, to) = (Rc::clone(&job.letter), job.to[0]);
        let like = self.message(&letter, to);
        if let Some(columns) = &mut self.columns {
            columns.open_job(number, &route, &like, &self.conditions);
        }
        self.begin_coupled(number, moment);
    }

    /// Begins as many requests of a job as it may have at once; finishes it when there is nothing left.
    fn begin_coupled(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let job = self.jobs.get(number);
        let from = job.letter.from;
        while job.under_way < self.figures.requests_per_job && job.next < job.to.len() {
            let at = job.next;
            job.next += 1;
            if job.except == Some(job.to[at]) {
                continue;
            }
            job.under_way += 1;
            let Machine { cores, ahead, is_local, .. } = &mut self.machines[from.index()];
            assert!(!*is_local, "who receives the Views of others broadcasts none");
            let signed = cores.serve(moment.now, self.figures.sign);
            let deadline = moment.now + self.figures.timeout;
            let steps = job.steps();
            steps.requests[at].begun = moment.now;
            steps.trips[at].begun = moment.now;
            steps.mentions += 1;
            // nobody can know of it before its time is up, or a refused connection is known
            let known = match steps.latencies_us[at] {
                NO_LATENCY_US => deadline,
                _ if signed >= deadline => deadline,
                us => deadline.min(signed + Span::from_us(u64::from(us) * 2)),
            };
            if known <= signed {
                job.plan(Step::Signed, at, signed, moment);
            }
            let known = known.before(Span::from_ns(1)).max(signed);
            let leaving = Leaving {
                at: signed,
                known,
                order: job.letter.order(job.to[at], Step::Signed),
                job: number,
                destination: at as u32,
            };
            if ahead.leave(leaving) {
                ahead.be_due(from, known, &mut self.due_count, moment);
            }
        }
        if job.under_way == 0 {
            self.finish_coupled(number, moment);
        }
    }

    /// All requests of a job are over for it.
    fn finish_coupled(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let Delivery { jobs, columns, machines, .. } = self;
        let job = jobs.get(number);
        let Job { letter, to, except, steps: Some(steps), bad, .. } = job else { return };
        if let Some(columns) = columns {
            columns.close_job(number);
            columns.note_trips(&steps.route, *except, &steps.trips);
        }
        steps.is_finished = true;
        bad.sort_unstable();
        let health = &mut machines[letter.from.index()].health;
        match *except {
            None => health.broadcast_finished(moment.now, to, bad),
            Some(except) => {
                let is_good = |id: &_| *id != except && bad.binary_search(id).is_err();
                let good: Vec<_> = to.iter().copied().filter(is_good).collect();
                health.job_finished(moment.now, &good, bad);
            }
        }
        let (from, queue) = (letter.from, job.queue);
        if !std::mem::replace(&mut job.is_given_up, true) {
            self.free_slot(from, queue);
        }
    }

    /// The run ends: what is known of the requests of jobs that run goes into the accounts.
    pub(in crate::sim) fn settle_running(&mut self) {
        let Delivery { jobs, columns, .. } = self;
        let Some(columns) = columns else { return };
        for job in jobs.rows.iter_mut().flatten() {
            if let Some(steps) = job.steps.as_mut().filter(|steps| !steps.is_finished) {
                columns.note_trips(&steps.route, job.except, &steps.trips);
            }
        }
    }

    /// A request may have been answered, or its time is up.
    pub(in crate::sim) fn step_coupled(
        &mut self,
        step: Step,
        number: u32,
        destination: u32,
        message: &Message,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let at = destination as usize;
        match step {
            // that it leaves was caught up with
            Step::Signed => {}
            Step::TimedOut => self.end_coupled(number, at, Fate::TimedOut, moment),
            _ => self.ask(step, number, at, message, moment),
        }
        if let Some(columns) = &mut self.columns {
            columns.pass_on(moment.now);
        }
        self.forget_mention(number);
    }

    /// The sender asks when the answer comes.
    fn ask(
        &mut self,
        step: Step,
        number: u32,
        at: usize,
        message: &Message,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let now = moment.now;
        if self.is_local(message.to) {
            self.catch_up(message.to, (now, message.order(step)), moment);
        }
        let Delivery { jobs, columns, machines, figures, .. } = self;
        let job = jobs.get(number);
        let steps = job.steps();
        let each = &mut steps.requests[at];
        let Each { begun, asks, answered, fate, task, is_over, .. } = *each;
        let deadline = begun + figures.timeout;
        if is_over || asks != (now, step) {
            // it was refused, which was known before
        } else if answered == NEVER {
            each.is_awaited = true;
            job.plan_time_out(at, figures.timeout, moment);
            self.await_task(message.to, Lane::JsonLd, task, moment);
        } else if answered > deadline {
            job.plan_time_out(at, figures.timeout, moment);
        } else if answered > now {
            job.plan_to_ask(step, at, answered, moment);
        } else if step == Step::Answered {
            let Some(columns) = columns else { return };
            let bytes = columns.answer_bytes(&steps.route, at);
            let ends = machines[message.from.index()].downlink.transfer(now, bytes);
            if ends > deadline {
                job.plan_time_out(at, figures.timeout, moment);
            } else {
                each.answered = ends;
                job.plan_to_ask(Step::Ended, at, ends, moment);
            }
        } else {
            self.end_coupled(number, at, fate, moment);
        }
    }

    /// An event or a request that named a job is gone, and perhaps the job with it.
    fn forget_mention(&mut self, number: u32) {
        let steps = self.jobs.get(number).steps();
        steps.mentions -= 1;
        if steps.is_finished && steps.mentions == 0 {
            self.jobs.remove(number);
        }
    }

    /// A request is signed and leaves.
    pub(super) fn leave_coupled(
        &mut self,
        number: u32,
        destination: u32,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let (now, at) = (moment.now, destination as usize);
        let Delivery { jobs, columns, machines, figures, conditions, .. } = self;
        let job = jobs.get(number);
        let Job { letter, steps: Some(steps), .. } = job else { return };
        let Steps { route, name, latencies_us, requests, trips, .. } = &mut **steps;
        let Some(columns) = columns else { return };
        let machine = &mut machines[letter.from.index()];
        let ends = if machine.downlink.is_limited() { Step::Answered } else { Step::Ended };
        let us = latencies_us[at];
        let drawn = (us != NO_LATENCY_US).then(|| Span::from_us(u64::from(us)));
        let each = &mut requests[at];
        let transfer = |bytes| machine.uplink.transfer(now, bytes);
        match columns.leave(now, number, route, at, drawn, *name, each.begun, conditions, transfer) {
            Outlook::Over(over, fate) => {
                trips[at].is_noted = true;
                if fate == Fate::TimedOut {
                    job.plan_time_out(at, figures.timeout, moment);
                } else {
                    (each.fate, each.answered) = (fate, over);
                    job.plan_to_ask(if fate == Fate::Good { ends } else { Step::Ended }, at, over, moment);
                }
                self.forget_mention(number);
            }
            Outlook::Arrives(arrives, latency) => {
                trips[at].left = now;
                let is_forwarded = letter.kind.is_forwarded();
                let more = if is_forwarded { figures.json_ld_verify } else { Span::ZERO };
                let asks = arrives + figures.verify + more + latency;
                (each.latency, each.asks) = (latency, (asks, ends));
                let (to, name, copy) = (route.to[at], letter.name, letter.job);
                let is_in_time = asks <= each.begun + figures.timeout;
                if is_in_time {
                    job.plan_to_ask(ends, at, asks, moment);
                } else {
                    job.plan_time_out(at, figures.timeout, moment);
                }
                let arriving = Arriving { at: arrives, name, copy, job: number, destination };
                self.arrive_at(to, arriving, moment);
            }
        }
    }

    /// A local receiver has the whole request.
    pub(super) fn arrive_coupled(
        &mut self,
        number: u32,
        destination: u32,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let (now, at) = (moment.now, destination as usize);
        let Delivery { jobs, columns, machines, figures, .. } = self;
        let Job { letter, steps: Some(steps), .. } = jobs.get(number) else { return };
        let Steps { route, requests, trips, is_finished, .. } = &mut **steps;
        let to = route.to[at];
        let machine = &mut machines[to.index()];
        let is_peertube = self.cell.federation.instances[to.index()].is_peertube;
        let limiter = machine.limiter.as_mut().filter(|_| is_peertube);
        let takes = limiter.is_none_or(|limiter| limiter.takes(now, letter.from));
        let trip = &mut trips[at];
        (trip.arrived, trip.is_refused) = (now, !takes);
        if *is_finished && let Some(columns) = columns {
            columns.note_late(route, at, trip);
        }
        let each = &mut requests[at];
        if takes {
            let message = Message { letter: Rc::clone(letter), to, head_bytes: route.head_bytes(at) };
            if message.kind.is_forwarded() {
                // as all requests that wait for a thread, it may time out
                self.last_time_out = self.last_time_out.max(each.begun + figures.timeout);
                each.task = machine.lanes[Lane::JsonLd as usize].came + 1;
                let asker = Asker::Coupled { job: number, destination };
                self.give_task(to, Lane::JsonLd, Task::Verify { message, asker }, moment);
            } else {
                let verified = self.verify_locally(message, now);
                self.answer_coupled(number, at, verified, moment);
            }
        } else {
            each.fate = Fate::Refused;
            self.answer_coupled(number, at, now, moment);
        }
        self.forget_mention(number);
    }

    /// When a local receiver answers is known; its sender may wait for that.
    pub(super) fn answer_coupled(
        &mut self,
        number: u32,
        at: usize,
        answers: Time,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let Delivery { jobs, machines, figures, conditions, .. } = self;
        let job = jobs.get(number);
        let steps = job.steps();
        let to = steps.route.to[at];
        let each = &mut steps.requests[at];
        each.answered = if answers > each.begun + figures.timeout {
            answers // too late already, perhaps for ever
        } else {
            answers + conditions.timetable.answer_delay(to, answers) + each.latency
        };
        let Each { begun, answered, asks, is_awaited, is_over, .. } = *each;
        // a refusal may come before anybody asks
        if (is_awaited || answered < asks.0) && !is_over && answered <= begun + figures.timeout {
            let is_limited = machines[job.letter.from.index()].downlink.is_limited();
            job.plan_to_ask(if is_limited { Step::Answered } else { Step::Ended }, at, answered, moment);
        }
    }

    /// A request is over for its sender, if it was not before.
    fn end_coupled(&mut self, number: u32, at: usize, fate: Fate, moment: &mut Moment<'_, impl Observer>) {
        let Delivery { jobs, columns, .. } = self;
        let job = jobs.get(number);
        let Job { steps: Some(steps), bad, .. } = job else { return };
        if std::mem::replace(&mut steps.requests[at].is_over, true) {
            return;
        }
        if let Some(columns) = columns {
            columns.end_request(moment.now, &steps.route, at, fate);
        }
        if fate != Fate::Good {
            bad.push(steps.route.to[at]);
        }
        job.under_way -= 1;
        self.begin_coupled(number, moment);
    }
}
