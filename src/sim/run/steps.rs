//! The steps of a request: at each, one leg of its path (`request::path`) on the stations of one machine.
//!
//! A step is an event, or is deferred in the calendar of its machine. A request is over for its sender when it is answered or
//! times out; its steps at the receiver go on independently.

use super::calendar::Waiting;
use super::request::{Deadline, Request};
use super::state::Run;
use crate::domain::protocol::CountOnReply;
use crate::event::{Event, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::activity::Kind;
use crate::mechanism::ledger::Arrival;
use crate::mechanism::network::{Leg, Ways};
use crate::mechanism::refusal::Refusal;
use crate::mechanism::slab::Slab;
use crate::observe::{AnswerEnd, RequestOutcome};
use crate::request::{Failure, Host, Load, Path, Transit, message_name, name_at_host};
use crate::sim::route::Route;
use std::sync::Arc;

impl Run<'_> {
    /// Begins a request: the sender signs it.
    pub(super) fn begin_request(
        &mut self,
        job: u32,
        message: Message,
        on_route: Option<(Arc<Route>, u32)>,
        ways: Ways,
        now: Time,
    ) {
        let sender = &mut self.machines[message.from.index()];
        let signed = match message.kind {
            // anybody may ask for a count
            Kind::CountFetch => now,
            kind if kind.is_get() => self.path.begin_get(sender, now),
            _ => self.path.begin(sender, now),
        };
        let deadline = now + self.path.timeout;
        self.request_count += 1;
        let number = self.request_count;
        let is_last = self.is_last_attempt(&message);
        let host = self.host(message.to);
        let request = Request::new(job, message, host, on_route, ways, signed, deadline, number, is_last);
        let slot = self.requests.insert(request);
        while let Some(first) = self.deadlines.front()
            && !is_waited_for(&mut self.requests, first)
        {
            self.deadlines.pop_front();
        }
        self.deadlines.push_back(Deadline { at: deadline, slot, number });
        self.plan(slot, Step::Signed, signed);
    }

    /// Takes a step of a request.
    pub(super) fn step(&mut self, step: Step, slot: u32, now: Time) {
        match step {
            Step::Signed => self.leave(slot, now),
            Step::Reached => self.reach(slot, now),
            Step::Arrived => self.arrive(slot, now),
            Step::Verified => self.verified(slot, now),
            Step::Answered => self.answered(slot, now),
            Step::Ended => {
                let outcome = self.requests.get(slot).outcome;
                self.end(slot, outcome, now);
            }
            Step::TimedOut => self.end(slot, RequestOutcome::TimedOut, now),
        }
        self.unrefer(slot);
    }

    /// The sender has signed the request: it leaves or fails.
    fn leave(&mut self, slot: u32, now: Time) {
        let Run { requests, path, conditions, machines, .. } = self;
        let request = requests.get(slot);
        if std::mem::replace(&mut request.has_left, true) {
            return; // its process has stopped before
        }
        let (from, host) = (request.message.from, request.host);
        let is_banned = machines[host.index()].bans.as_ref().is_some_and(|bans| bans.is_banned(now, from));
        let load = request.load(is_banned);
        let (message, &Load { to, deadline, .. }) = (&request.message, &load);
        let name = || draws_name(message, host);
        match path.leave(&mut machines[from.index()], conditions, &load, name, now) {
            Err(failure) => {
                self.report_failed(slot, &failure);
                match failure.known {
                    None => {
                        self.settle(slot, Arrival::Lost);
                        self.expect_time_out(slot, now);
                    }
                    Some(known) => {
                        let banned = Arrival::Refused(Refusal::Banned);
                        self.settle(slot, if failure.is_banned { banned } else { Arrival::FailedConnect });
                        self.requests.get(slot).outcome = RequestOutcome::FailedConnect;
                        self.plan_end(slot, Step::Ended, known, now);
                    }
                }
                if deadline < now {
                    // it took longer to sign than the sender waits
                    self.plan(slot, Step::TimedOut, now);
                }
            }
            Ok(Transit { left, reaches, connection }) => {
                request.connection = connection;
                match (&request.on_route, &mut self.broadcasts) {
                    (Some((route, destination)), Some(broadcasts)) => {
                        broadcasts.accounts.leave_one(route, *destination as usize, connection, left);
                    }
                    _ if left <= self.cell.end.latest() => {
                        let transport = path.transport(load.bytes, load.response_bytes, connection);
                        self.observer.left(left, &request.message, &transport);
                    }
                    _ => {}
                }
                let is_limited = machines[to.index()].downlink.is_limited();
                if reaches > deadline {
                    self.expect_time_out(slot, now);
                }
                if is_limited {
                    self.plan(slot, Step::Reached, reaches);
                } else if !self.arrive_ahead(slot, reaches) {
                    self.plan(slot, Step::Arrived, reaches);
                }
            }
        }
    }

    /// The receiver answers; the answer ends the request if the sender still waits.
    pub(super) fn answer(&mut self, slot: u32, now: Time) {
        self.count_in_answer(slot, now);
        let Run { requests, path, conditions, machines, .. } = self;
        let request = requests.get(slot);
        let load = request.load(false);
        let message = &request.message;
        let name = || draws_name(message, load.to);
        let bytes = answer_bytes(path, request);
        let (left, back) = path.answer(&mut machines[load.to.index()], conditions, &load, name, bytes, now);
        self.report_answered(slot, left, back);
        let request = self.requests.get(slot);
        if request.over <= now {
            return;
        }
        request.answers = now;
        let Some(back) = back else { return self.expect_time_out(slot, now) };
        let is_limited = self.machines[load.from.index()].downlink.is_limited();
        let step = if is_limited { Step::Answered } else { Step::Ended };
        self.plan_end(slot, step, back, now);
    }

    /// The answer of a request may carry a count.
    fn count_in_answer(&mut self, slot: u32, now: Time) {
        let Run { requests, instances, .. } = self;
        let request = requests.get(slot);
        let rules = instances[request.message.to.index()].rules();
        let is_asked_for = request.message.kind == Kind::CountFetch;
        if rules.count_on_reply == CountOnReply::No && !is_asked_for || request.is_refused() {
            return;
        }
        let (message, number) = (request.message.clone(), request.number);
        if let Some((total, bytes)) = self.count_for(&message, now) {
            self.requests.get(slot).counted_bytes = bytes;
            self.counts_under_way.extend(total.map(|total| (number, total)));
        }
    }

    /// The answer reaches the sender's downlink, if the receiver has sent one.
    fn answered(&mut self, slot: u32, now: Time) {
        let request = self.requests.get(slot);
        if request.answers != Time::NEVER {
            let (from, bytes) = (request.message.from, answer_bytes(&self.path, request));
            let ends = self.machines[from.index()].download(now, bytes);
            self.plan_end(slot, Step::Ended, ends, now);
        }
    }

    /// Plans the step that ends a request for its sender, unless the deadline is before.
    fn plan_end(&mut self, slot: u32, step: Step, at: Time, now: Time) {
        let request = self.requests.get(slot);
        if at > request.deadline {
            return self.expect_time_out(slot, now);
        }
        request.has_end = step == Step::Ended;
        if request.has_end && self.ends_without_event(slot, at) {
            self.end_without_event(slot, at);
        } else {
            self.plan(slot, step, at);
        }
    }

    /// Whether the end of a request affects its job only, and the job has no other request to begin.
    fn ends_without_event(&mut self, slot: u32, at: Time) -> bool {
        let Run { requests, jobs, machines, cell, .. } = self;
        let request = requests.get(slot);
        machines[request.message.from.index()].ends_without_event
            && request.is_waited_for()
            && at <= cell.end.latest()
            && !request.message.kind.is_get()
            // its sender takes what it is answered
            && request.counted_bytes == 0
            && jobs.get(request.job).has_begun_all()
    }

    /// Ends a request at a later instant without an event.
    fn end_without_event(&mut self, slot: u32, at: Time) {
        self.requests.get(slot).over = at;
        self.report_ended(slot, at);
        let Request { message, outcome, job: number, .. } = self.requests.get(slot);
        let (to, number, outcome) = (message.to, *number, *outcome);
        let order = message.order(Step::Ended);
        let is_final = self.is_final(self.refusal_status(to, outcome));
        let job = self.jobs.get(number);
        job.under_way -= 1;
        job.last_end = job.last_end.max(Some((at, order, to)));
        job.note(to, outcome == RequestOutcome::Good, is_final);
        if job.under_way == 0 {
            self.plan_job_end(number);
        }
    }

    /// The sender may have to wait for a request until its deadline: the run is not idle before.
    pub(super) fn expect_time_out(&mut self, slot: u32, now: Time) {
        let request = self.requests.get(slot);
        if request.over > now && request.deadline > now {
            self.last_deadline = self.last_deadline.max(request.deadline);
        }
    }

    /// The first deadline of any request that may not be over.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.front().map(|first| first.at)
    }

    /// Takes the first deadline: plans the time-out of its request, unless something ends it before.
    pub(super) fn meet_deadline(&mut self) {
        let Some(first) = self.deadlines.pop_front() else { return };
        if !is_waited_for(&mut self.requests, &first) {
            return;
        }
        let request = self.requests.get(first.slot);
        if !request.has_end {
            self.plan(first.slot, Step::TimedOut, first.at);
        }
    }

    /// Plans a step of a request: as an event, or deferred in the calendar of its machine.
    pub(super) fn plan(&mut self, slot: u32, step: Step, at: Time) {
        let request = self.requests.get(slot);
        request.references += 1;
        let message = &request.message;
        let waits_at = match step {
            // a request that is signed after its deadline ends then, which affects its job
            Step::Signed => (self.looks_ahead && at <= request.deadline).then_some(message.from),
            // an instance that shares its host is not lazy
            Step::Verified => self.machines[message.to.index()].is_lazy.then_some(message.to),
            _ => None,
        };
        let Some(id) = waits_at else {
            let message = message.clone();
            return self.schedule(at, Event::Request { step, slot, message });
        };
        let calendar = &mut self.machines[id.index()].calendar;
        calendar.push(step, Waiting { at, order: message.order(step), request: slot });
        if step == Step::Signed
            && let Some(there) = request.ways.of(Leg::Request)
        {
            calendar.shorten(there);
            let known = Time::from_ns(at.ns().saturating_add(there.ns()));
            self.schedule_due(id, known);
        }
    }

    /// One more task refers to the slot.
    pub(super) fn refer(&mut self, slot: u32) {
        self.requests.get(slot).references += 1;
    }

    /// One reference to the slot less.
    pub(super) fn unrefer(&mut self, slot: u32) {
        self.requests.get(slot).references -= 1;
        self.free_if_done(slot);
    }

    /// Whether the process that took a request is still the one that runs.
    pub(super) fn is_same_process(&mut self, slot: u32) -> bool {
        let request = self.requests.get(slot);
        let machine = &self.machines[request.host.index()];
        machine.is_up && machine.epoch == request.receiver_epoch
    }

    /// A request is no longer in flight.
    pub(super) fn settle(&mut self, slot: u32, arrival: Arrival) {
        let Run { requests, ledger, in_flight, .. } = self;
        let request = requests.get(slot);
        request.flow(ledger).arrive(request.message.bytes(), arrival);
        in_flight.take(request.message.bytes());
        self.settle_fate(slot, arrival);
    }

    /// A request is delivered: counts it by route or reports it.
    pub(super) fn report_delivered(&mut self, slot: u32, at: Time) {
        let request = self.requests.get(slot);
        match (&request.on_route, &mut self.broadcasts) {
            (Some((route, destination)), Some(broadcasts)) => {
                broadcasts.accounts.deliver_one(route, *destination as usize, at);
            }
            _ => self.observer.delivered(at, &request.message),
        }
    }

    /// A request fails at its sender: counts it by route or reports it. What leaves after the run does not count.
    fn report_failed(&mut self, slot: u32, failure: &Failure) {
        let &Failure { left, departed, ref transport, .. } = failure;
        let (request, end) = (self.requests.get(slot), self.cell.end.latest());
        match (&request.on_route, &mut self.broadcasts) {
            (Some((route, destination)), Some(broadcasts)) => {
                broadcasts.accounts.fail_one(route, *destination as usize, departed, transport, left);
            }
            _ if left <= end => self.observer.failed(left, &request.message, departed, transport),
            _ => {}
        }
        // a run is not idle before
        self.last_deadline = self.last_deadline.max(left.min(end));
    }

    /// A request is refused by its receiver: counts it by route or reports it.
    pub(super) fn report_refused(&mut self, slot: u32, now: Time) {
        let request = self.requests.get(slot);
        match (&request.on_route, &mut self.broadcasts) {
            (Some((route, destination)), Some(broadcasts)) => {
                broadcasts.accounts.refuse_one(route, *destination as usize, now);
            }
            _ => self.observer.refused(now, &request.message),
        }
    }

    /// The receiver answers a request at an instant, and the answer has crossed the link back at another, unless it is lost:
    /// counts it by route or reports it. What comes after the run does not count.
    fn report_answered(&mut self, slot: u32, leaves: Time, arrives: Option<Time>) {
        let Run { requests, broadcasts, observer, cell, .. } = self;
        let (request, end) = (requests.get(slot), cell.end.latest());
        match (&request.on_route, broadcasts) {
            (Some((route, destination)), Some(broadcasts)) => {
                broadcasts.accounts.answer_one(route, *destination as usize, Some(leaves), arrives);
            }
            _ => {
                let bytes = request.answer_bytes();
                let ends = [(Some(leaves), AnswerEnd::Leaves), (arrives, AnswerEnd::Arrives)];
                for (at, which) in ends {
                    let Some(at) = at.filter(|at| *at <= end) else { continue };
                    observer.answered(at, &request.message, bytes, which);
                }
            }
        }
        let is_waited_for = |at: &Time| request.is_waited_for() && *at <= request.deadline;
        let at = arrives.unwrap_or(leaves);
        if arrives.is_none() || !is_waited_for(&at) {
            // a run is not idle before
            self.last_deadline = self.last_deadline.max(at.min(end));
        }
    }

    /// A request is over for its sender: counts it by route or reports it.
    fn report_ended(&mut self, slot: u32, at: Time) {
        let request = self.requests.get(slot);
        match (&request.on_route, &mut self.broadcasts) {
            (Some(_), Some(broadcasts)) => {
                broadcasts.accounts.end_one(request.outcome);
            }
            _ => self.observer.ended(at, &request.message, request.outcome),
        }
    }

    /// A request is over for its sender.
    fn end(&mut self, slot: u32, outcome: RequestOutcome, now: Time) {
        let request = self.requests.get(slot);
        if !request.is_waited_for() {
            return;
        }
        (request.over, request.outcome) = (now, outcome);
        let (message, job, retry_after) = (request.message.clone(), request.job, request.retry_after);
        let number = request.number;
        if outcome == RequestOutcome::TimedOut {
            request.flow(&mut self.ledger).timed_out.add(message.bytes());
        }
        self.report_ended(slot, now);
        if let Some(total) = self.counts_under_way.remove(&number)
            && outcome == RequestOutcome::Good
        {
            self.take_count(&message, &total, now);
        }
        self.request_over(slot, job, &message, outcome, retry_after, now);
    }

    /// A process stops: its requests are over, and those that have not left are lost.
    pub(super) fn abandon_requests(&mut self, from: InstanceId, now: Time) {
        let all: Vec<u32> = self.requests.in_use().collect();
        for slot in all {
            let request = self.requests.get(slot);
            if request.message.from != from {
                continue;
            }
            let is_waited_for = request.is_waited_for();
            if is_waited_for {
                request.over = now;
            }
            if request.answers >= now {
                request.answers = Time::NEVER;
            }
            if is_waited_for {
                self.abandon_fate(slot);
            }
            if !std::mem::replace(&mut self.requests.get(slot).has_left, true) {
                self.settle(slot, Arrival::Lost);
            }
            self.free_if_done(slot);
        }
    }

    /// Removes a request that is over and to which nothing refers.
    fn free_if_done(&mut self, slot: u32) {
        let request = self.requests.get(slot);
        if !request.is_waited_for() && request.references == 0 {
            // what came too late is read by nobody
            self.counts_under_way.remove(&request.number);
            self.requests.discard(slot);
        }
    }
}

/// The name of a request's random draws.
fn draws_name(message: &Message, host: InstanceId) -> u64 {
    name_at_host(message_name(&message.activity, message.from, message.attempt), message.to, host)
}

/// Bytes of a request's answer on the links.
fn answer_bytes(path: &Path, request: &Request) -> u64 {
    path.bytes_down(request.message.bytes(), request.answer_bytes(), request.connection)
}

/// Whether the request of a deadline is not over.
fn is_waited_for(requests: &mut Slab<Request>, deadline: &Deadline) -> bool {
    let request = requests.find(deadline.slot);
    request.is_some_and(|request| request.number == deadline.number && request.is_waited_for())
}
