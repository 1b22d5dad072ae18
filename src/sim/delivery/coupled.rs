//! The requests of a job whose sender or receivers have an order of their own: one event at a time, for all of them.
//!
//! The same requests as in `request`. A signature takes its turn on the sender's cores when the request begins, and its bytes take
//! theirs on the uplink when it is signed (`local`). What happens at a quiet receiver is worked out then (`columns::coupled`); a
//! local receiver does what it does without events.
//!
//! Of each request is kept when it is over for its sender, or before when it is not. The job's event is at the first instant at
//! which it can begin another request; when all have begun, at the first at which the last can be over. Then it asks the
//! receiver, which tells when it answers, or before when it does not, and the next event follows from that.

use super::job::Job;
use super::local::{Arriving, Leaving};
use super::machine::{Asker, Machine, Task};
use super::sending::message_name;
use super::{Delivery, Moment};
use crate::event::{Event, Lane, Letter, Message, Step};
use crate::foundation::units::{Span, Time};
use crate::mechanism::network::NO_LATENCY_US;
use crate::mechanism::pending::Key;
use crate::observe::{Observer, RequestOutcome};
use crate::sim::columns::{NEVER, Outlook, Route, Trip};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::sync::Arc;

/// What is kept about the requests of a running job.
pub(super) struct Steps {
    route: Arc<Route>,
    /// The name of the draws.
    name: u64,
    /// By destination: the latency that was drawn. (Aggregates, since the next request's is looked at when one is over.)
    latencies_us: Vec<u32>,
    /// By destination.
    requests: Vec<Each>,
    /// By destination, if any is a local receiver.
    ways: Vec<Way>,
    /// While the end of each matters: those that have left and are not over, the first at the top. What is known for good stands
    /// once, so that the request need not be looked at; among what is not are entries that are out of date.
    soon: BinaryHeap<Reverse<Known>>,
    /// Whether another request begins when one is over, or answers take their turns on a downlink.
    needs_each: bool,
    /// Its events to come, the first at the end: one is planned only before all others.
    asks: Vec<Asks>,
    /// So many events and requests under way name the job.
    mentions: u32,
    /// Whether all of them are over.
    is_finished: bool,
}

/// What is kept about one of them. It is small: many jobs take turns.
#[derive(Clone, Copy)]
struct Each {
    begun: Time,
    /// When what its state says happens.
    over: Time,
    state: State,
    /// Whether what became of it after it had begun is in the accounts.
    is_noted: bool,
}

/// What is kept beside of one to a local receiver.
#[derive(Clone, Copy)]
struct Way {
    left: Time,
    arrived: Time,
    /// Whether it was refused when it arrived.
    is_refused: bool,
    /// One way, with what faults add.
    latency: Span,
    /// The number of its verification among the tasks of the receiver's thread.
    task: u64,
}

/// What its sender will learn of a request. What is known for good comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// Its answer comes to the sender's downlink.
    Returns(RequestOutcome),
    /// It is over.
    Ends(RequestOutcome),
    /// It is not over yet at that instant, or just then.
    Waits,
    /// It has not left.
    Leaves,
    /// It was over.
    Over,
}

/// `Each::over`, the destination, and what happens then.
type Known = (Time, u32, State);

/// A job asks at an instant about the request to a destination, in a step. The events of a job are in that order.
type Asks = (Time, u32, Step);

fn asks((over, at, state): Known) -> Asks {
    let step = match state {
        State::Returns(_) => Step::Answered,
        State::Ends(RequestOutcome::TimedOut) => Step::TimedOut,
        _ => Step::Ended,
    };
    (over, at, step)
}

impl Each {
    fn asks(&self, at: u32) -> Asks {
        asks((self.over, at, self.state))
    }

    fn is_under_way(&self) -> bool {
        !matches!(self.state, State::Leaves | State::Over)
    }
}

impl Steps {
    /// What will become of a request, when.
    fn set(&mut self, at: usize, over: Time, state: State) {
        let each = &mut self.requests[at];
        let stands_there = each.over == over && each.state == State::Waits;
        (each.over, each.state) = (over, state);
        if self.needs_each && !stands_there {
            self.soon.push(Reverse((over, at as u32, state)));
        }
    }

    /// The same, unless its time is up before.
    fn set_in_time(&mut self, at: usize, over: Time, state: State, timeout: Span) {
        let deadline = self.requests[at].begun + timeout;
        if over > deadline {
            self.set(at, deadline, State::Ends(RequestOutcome::TimedOut));
        } else {
            self.set(at, over, state);
        }
    }

    /// How far a request has got, for the accounts.
    fn trip(&self, at: usize) -> Trip {
        let Each { begun, is_noted, .. } = self.requests[at];
        match self.ways.get(at) {
            Some(&Way { left, arrived, is_refused, .. }) => {
                Trip { begun, left, arrived, is_refused, is_noted }
            }
            None => Trip { begun, is_noted, ..Trip::default() },
        }
    }

    /// All of them, by destination.
    fn trips(&self) -> impl Iterator<Item = Trip> + Clone {
        (0..self.requests.len()).map(|at| self.trip(at))
    }

    /// The request whose end matters next: the first, or else the last that may be over.
    fn next(&mut self) -> Option<Asks> {
        if !self.needs_each {
            let asks = |(at, each): (usize, &Each)| each.is_under_way().then(|| each.asks(at as u32));
            return self.requests.iter().enumerate().filter_map(asks).max();
        }
        self.first().map(asks)
    }

    /// The first request that may be over, as far as that is known.
    fn first(&mut self) -> Option<Known> {
        while let Some(&Reverse((over, at, state))) = self.soon.peek() {
            if state != State::Waits {
                return Some((over, at, state));
            }
            let each = &self.requests[at as usize];
            if each.over == over && each.is_under_way() {
                return Some((over, at, each.state));
            }
            self.soon.pop();
        }
        None
    }
}

impl Job {
    fn steps(&mut self) -> &mut Steps {
        self.steps.as_mut().expect("a job that makes its requests in steps")
    }

    /// Plans an event of one of its requests.
    fn plan(&mut self, (time, at, step): Asks, moment: &mut Moment<'_, impl Observer>) {
        let Job { letter, slot, steps: Some(steps), .. } = self else { return };
        steps.mentions += 1;
        let message = steps.route.message(letter, at as usize);
        let key = letter.order(message.to, step);
        let event = Event::Coupled { step, slot: *slot, destination: at, message };
        moment.pending.push(time, key, event);
    }

    /// Asks when the next end that matters may be, if not before.
    fn ask_next(&mut self, moment: &mut Moment<'_, impl Observer>) {
        let steps = self.steps();
        if let Some(next) = steps.next()
            && steps.asks.last().is_none_or(|first| next < *first)
        {
            steps.asks.push(next);
            self.plan(next, moment);
        }
    }

    /// What will become of a request is known better than `before`, if it had left before: asks sooner if that is needed now.
    fn heed(&mut self, at: usize, before: Option<Asks>, moment: &mut Moment<'_, impl Observer>) {
        let steps = self.steps();
        let now = steps.requests[at].asks(at as u32);
        let may_be_last = |first: Asks| before.is_some_and(|before| before >= first);
        if steps.asks.last().is_none_or(|first| now < *first && (steps.needs_each || may_be_last(*first))) {
            self.ask_next(moment);
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
        debug_assert!(job.to.is_sorted(), "events of one instant are in the order of receivers");
        let name = message_name(&activity, from, attempt);
        let mut latencies_us = Vec::new();
        network.latencies_us(name, from, &job.to, &mut latencies_us);
        let each = Each { begun: NEVER, over: NEVER, state: State::Leaves, is_noted: false };
        let way = Way { left: NEVER, arrived: NEVER, is_refused: false, latency: Span::ZERO, task: 0 };
        let ways = if route.is_local.contains(&true) { job.to.len() } else { 0 };
        job.steps = Some(Box::new(Steps {
            name,
            latencies_us,
            requests: vec![each; job.to.len()],
            ways: vec![way; ways],
            soon: BinaryHeap::with_capacity(2 * job.to.len().min(self.figures.requests_per_job as usize)),
            needs_each: true,
            asks: Vec::new(),
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
            steps.mentions += 1;
            // nobody can know of it before its time is up, or a refused connection is known
            let known = match steps.latencies_us[at] {
                NO_LATENCY_US => deadline,
                _ if signed >= deadline => deadline,
                us => deadline.min(signed + Span::from_us(u64::from(us) * 2)),
            };
            if known <= signed {
                job.plan((signed, at as u32, Step::Signed), moment);
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
        let is_limited = self.machines[from.index()].downlink.is_limited();
        job.steps().needs_each = is_limited || job.next < job.to.len();
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
            columns.note_trips(&steps.route, steps.trips());
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
    pub(in crate::sim) fn settle_running(&mut self, end: Time) {
        let Delivery { jobs, columns, figures, .. } = self;
        let Some(columns) = columns else { return };
        for job in jobs.rows.iter_mut().flatten() {
            let Some(steps) = job.steps.as_mut().filter(|steps| !steps.is_finished) else { continue };
            columns.note_trips(&steps.route, steps.trips());
            for (at, each) in steps.requests.iter().enumerate() {
                match each.state {
                    State::Ends(fate) if each.over <= end => {
                        columns.end_request(each.over, &steps.route, at, fate);
                    }
                    State::Waits if each.begun + figures.timeout <= end => {
                        columns.end_request(end, &steps.route, at, RequestOutcome::TimedOut);
                    }
                    _ => {}
                }
            }
        }
    }

    /// A job asks about a request, in a step.
    pub(in crate::sim) fn step_coupled(
        &mut self,
        step: Step,
        number: u32,
        destination: u32,
        message: &Message,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let asks = (moment.now, destination, step);
        // that a request leaves was caught up with
        if self.jobs.get(number).steps().asks.pop_if(|first| *first == asks).is_some() {
            self.ask(number, asks, message.order(step), moment);
        }
        if let Some(columns) = &mut self.columns {
            columns.pass_on(moment.now);
        }
        self.forget_mention(number);
    }

    fn ask(&mut self, number: u32, asks: Asks, order: Key, moment: &mut Moment<'_, impl Observer>) {
        let steps = self.jobs.get(number).steps();
        if steps.needs_each {
            self.ask_for_one(number, asks, order, moment);
        } else if steps.next().is_some_and(|last| last <= asks) {
            self.ask_for_all(number, asks, order, moment);
        }
        self.jobs.get(number).ask_next(moment);
    }

    /// Asks about the first request that may be over. If it is, another one may begin.
    fn ask_for_one(&mut self, number: u32, wanted: Asks, order: Key, moment: &mut Moment<'_, impl Observer>) {
        let at = wanted.1 as usize;
        let steps = self.jobs.get(number).steps();
        let Some((_, _, mut state)) = steps.first().filter(|first| asks(*first) == wanted) else { return };
        if state == State::Waits {
            self.find_out(number, at, order, moment);
            let each = &self.jobs.get(number).steps().requests[at];
            if each.asks(wanted.1) != wanted {
                return;
            }
            state = each.state;
        } else {
            steps.soon.pop();
        }
        let Delivery { jobs, columns: Some(columns), machines, figures, .. } = self else { return };
        let job = jobs.get(number);
        let from = job.letter.from;
        match state {
            State::Returns(fate) => {
                let steps = job.steps();
                let bytes = columns.answer_bytes(&steps.route, at);
                let over = machines[from.index()].downlink.transfer(moment.now, bytes);
                steps.set_in_time(at, over, State::Ends(fate), figures.timeout);
            }
            State::Ends(fate) => {
                self.end_coupled(number, at, moment.now, fate);
                self.begin_coupled(number, moment);
            }
            State::Leaves | State::Waits | State::Over => unreachable!("it was asked for"),
        }
    }

    /// Asks about all requests of a job, when the last one may be over: no other will begin.
    fn ask_for_all(&mut self, number: u32, asks: Asks, order: Key, moment: &mut Moment<'_, impl Observer>) {
        for at in 0..self.jobs.get(number).to.len() {
            self.find_out(number, at, order, moment);
            let each = self.jobs.get(number).steps().requests[at];
            if let State::Ends(fate) = each.state
                && each.asks(at as u32) <= asks
            {
                self.end_coupled(number, at, each.over, fate);
            }
        }
        if self.jobs.get(number).under_way == 0 {
            self.finish_coupled(number, moment);
        }
    }

    /// Asks a receiver about a request that may have been over by now.
    fn find_out(&mut self, number: u32, at: usize, order: Key, moment: &mut Moment<'_, impl Observer>) {
        let now = moment.now;
        let may_be_over = |steps: &Steps| {
            let each = &steps.requests[at];
            each.state == State::Waits && each.over <= now
        };
        let steps = self.jobs.get(number).steps();
        if !may_be_over(steps) {
            return;
        }
        let to = steps.route.to[at];
        self.catch_up(to, (now, order), moment);
        let Delivery { jobs, machines, figures, .. } = self;
        let steps = jobs.get(number).steps();
        if may_be_over(steps) {
            let Way { task, latency, .. } = steps.ways[at];
            let answers = machines[to.index()].verifies_after(now, task, figures);
            let over = Time::from_ns(answers.ns().saturating_add(latency.ns()));
            steps.set_in_time(at, over, State::Waits, figures.timeout);
        }
    }

    /// An event or a request that named a job is gone, and perhaps the job with it.
    fn forget_mention(&mut self, number: u32) {
        let steps = self.jobs.get(number).steps();
        steps.mentions -= 1;
        if steps.is_finished && steps.mentions == 0 {
            self.remove_job(number);
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
        let Some(columns) = columns else { return };
        let machine = &mut machines[letter.from.index()];
        let us = steps.latencies_us[at];
        let drawn = (us != NO_LATENCY_US).then(|| Span::from_us(u64::from(us)));
        let (route, begun) = (&steps.route, steps.requests[at].begun);
        let transfer = |bytes| machine.uplink.transfer(now, bytes);
        match columns.leave(now, number, route, at, drawn, steps.name, begun, conditions, transfer) {
            Outlook::Over(over, fate) => {
                steps.requests[at].is_noted = true;
                let returns = fate == RequestOutcome::Good && machine.downlink.is_limited();
                let state = if returns { State::Returns(fate) } else { State::Ends(fate) };
                steps.set(at, over, state);
                job.heed(at, None, moment);
                self.forget_mention(number);
            }
            Outlook::Arrives(arrives, latency) => {
                (steps.ways[at].left, steps.ways[at].latency) = (now, latency);
                let (from, to) = (letter.from, route.to[at]);
                let deadline = begun + figures.timeout;
                let more = if letter.kind.is_forwarded() { figures.json_ld_verify } else { Span::ZERO };
                let verified = arrives + figures.verify + more;
                let arriving =
                    Arriving { at: arrives, name: letter.name, copy: letter.job, job: number, destination };
                let may_be_refused = self.arrive_at(to, from, arriving, moment);
                let is_late = verified + latency > deadline;
                let answers = if may_be_refused || is_late { arrives } else { verified };
                let job = self.jobs.get(number);
                let steps = job.steps();
                steps.set_in_time(at, answers + latency, State::Waits, self.figures.timeout);
                job.heed(at, None, moment);
            }
        }
    }

    /// A request that will arrive at a local receiver may be refused: its sender asks as early as it can know of that.
    pub(super) fn heed_refusal(&mut self, request: Arriving, moment: &mut Moment<'_, impl Observer>) {
        let (at, job) = (request.destination as usize, self.jobs.get(request.job));
        let steps = job.steps();
        let each = &steps.requests[at];
        let (refused, before) = (request.at + steps.ways[at].latency, each.asks(request.destination));
        // What uses the limit up arrives after now, so an earlier one is not refused: its answer would be known already.
        if each.state == State::Waits && refused < each.over && refused > moment.pending.now() {
            steps.set(at, refused, State::Waits);
            job.heed(at, Some(before), moment);
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
        let to = steps.route.to[at];
        let machine = &mut machines[to.index()];
        let is_peertube = self.cell.federation.instances[to.index()].is_peertube;
        let limiter = machine.limiter.as_mut().filter(|_| is_peertube);
        let takes = limiter.is_none_or(|limiter| limiter.takes(now, letter.from));
        let way = &mut steps.ways[at];
        (way.arrived, way.is_refused) = (now, !takes);
        if steps.is_finished
            && let Some(columns) = columns
        {
            columns.note_late(&steps.route, at, &steps.trip(at));
        }
        if !takes {
            self.answer_coupled(number, at, now, RequestOutcome::Refused);
            return self.forget_mention(number);
        }
        let message = steps.route.message(letter, at);
        if message.kind.is_forwarded() {
            // as all requests that wait for a thread, it may time out
            let deadline = steps.requests[at].begun + figures.timeout;
            self.last_time_out = self.last_time_out.max(deadline);
            steps.ways[at].task = machine.lanes[Lane::JsonLd as usize].came + 1;
            let asker = Asker::Coupled { job: number, destination };
            self.give_task(to, Lane::JsonLd, Task::Verify { message, asker }, moment);
        } else {
            let verified = self.verify_locally(message, now);
            self.answer_coupled(number, at, verified, RequestOutcome::Good);
        }
        self.forget_mention(number);
    }

    /// When a local receiver answers is known.
    pub(super) fn answer_coupled(&mut self, number: u32, at: usize, answers: Time, fate: RequestOutcome) {
        let Delivery { jobs, machines, figures, conditions, .. } = self;
        let job = jobs.get(number);
        let is_limited = machines[job.letter.from.index()].downlink.is_limited();
        let steps = job.steps();
        if steps.requests[at].state != State::Waits {
            return; // its time is up
        }
        let state = if is_limited { State::Returns(fate) } else { State::Ends(fate) };
        let returned = if answers > steps.requests[at].begun + figures.timeout {
            answers // too late already, perhaps for ever
        } else {
            let delay = conditions.timetable.answer_delay(steps.route.to[at], answers);
            answers + delay + steps.ways[at].latency
        };
        steps.set_in_time(at, returned, state, figures.timeout);
    }

    /// A request is over for its sender, since an instant.
    fn end_coupled(&mut self, number: u32, at: usize, over: Time, fate: RequestOutcome) {
        let Delivery { jobs, columns, .. } = self;
        let Job { steps: Some(steps), bad, under_way, .. } = jobs.get(number) else { return };
        steps.requests[at].state = State::Over;
        if let Some(columns) = columns {
            columns.end_request(over, &steps.route, at, fate);
        }
        if fate != RequestOutcome::Good {
            bad.push(steps.route.to[at]);
        }
        *under_way -= 1;
    }
}
