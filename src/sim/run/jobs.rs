//! Running jobs: their requests begin while slots are free, end, and are retried.

use super::job::{Job, QueueKey};
use super::request::flow;
use super::state::Run;
use crate::domain::delivery::{Queues, RetryPer};
use crate::domain::receiving::Software;
use crate::event::{Event, Letter, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::breakers::Gate;
use crate::mechanism::fate::Reason;
use crate::observe::RequestOutcome;
use crate::request::message_name;
use std::rc::Rc;

impl Run<'_> {
    /// Starts the requests of a job whose activity is signed, and its time limit.
    pub(super) fn run_job(&mut self, number: u32, now: Time) {
        let delivery = self.delivery;
        let job = self.jobs.get(number);
        // No request lasts longer than its time-out, so most jobs cannot meet the limit.
        let rounds = job.to.len().div_ceil(delivery.requests_per_job as usize) as u64;
        if delivery.timeout.ns().saturating_mul(rounds) > delivery.running_limit.ns()
            && !job.letter.kind.is_get()
        {
            let limit = Event::JobLimit { instance: job.letter.from, job: job.letter.job, slot: number };
            self.schedule(now + delivery.running_limit, limit);
        }
        if self.jobs.get(number).whole_route().is_some() {
            return self.run_whole_job(number, now);
        }
        self.make_requests(number, now);
    }

    /// Computes all requests of a job and schedules its end.
    fn run_whole_job(&mut self, number: u32, now: Time) {
        let job = self.jobs.get(number);
        let (letter, Some(route)) = (Rc::clone(&job.letter), job.route.clone()) else { return };
        let name = message_name(&letter.activity, letter.from, letter.attempt);
        let template = self.message(&letter, route.to[0]);
        let Run { broadcasts, conditions, network, .. } = self;
        let Some(broadcasts) = broadcasts else { return };
        let end = broadcasts.run_job(now, &route, &template, name, network, conditions);
        let job = self.jobs.get(number);
        job.next = job.to.len();
        job.bad = end.bad;
        job.bad.sort_unstable();
        let message = Message { to: route.to[end.last], ..template };
        self.schedule(end.at, Event::JobDone { step: end.step, slot: number, message });
    }

    /// Draws what the network does to all requests of a job, when the first one begins.
    fn draw_ways(&mut self, number: u32) {
        let job = self.jobs.get(number);
        if !job.ways.is_empty() {
            return;
        }
        let Letter { activity, from, attempt, .. } = *job.letter;
        let name = message_name(&activity, from, attempt);
        job.good.reserve_exact(job.to.len());
        job.ways = self.spare_ways.pop().unwrap_or_default();
        self.network.all_ways(name, from, &job.to, &mut job.ways);
    }

    /// Begins requests of a job until `requests_per_job` are in progress; finishes the job if none is left.
    pub(super) fn make_requests(&mut self, number: u32, now: Time) {
        while self.jobs.get(number).under_way < self.delivery.requests_per_job {
            let job = self.jobs.get(number);
            let Some(&to) = job.to.get(job.next) else { break };
            let destination = job.next;
            job.next += 1;
            if job.except != Some(to) {
                self.make_request(number, destination, now);
            }
        }
        let job = self.jobs.get(number);
        if job.under_way == 0 && job.has_begun_all() {
            self.finish_job(number, now);
        }
    }

    /// Begins one request, unless its follower is removed or its circuit breaker open.
    fn make_request(&mut self, number: u32, destination: usize, now: Time) {
        let job = self.jobs.get(number);
        let to = job.to[destination];
        let (letter, route) = (Rc::clone(&job.letter), job.route.clone());
        let message = match &route {
            Some(route) => route.message(letter, destination),
            None => self.message(&letter, to),
        };
        let machine = &mut self.machines[message.from.index()];
        // PeerTube fixes the inboxes of a job when it is created; other queues drop deliveries to removed followers.
        let is_get = message.kind.is_get();
        let is_removed = self.delivery.queues != Queues::Peertube && !is_get && machine.removed.contains(&to);
        let gate = match &mut machine.breakers {
            Some(breakers) if !is_removed && !is_get => breakers.ask(now, to),
            _ => Gate::Closed,
        };
        self.queued.take(message.bytes());
        if gate != Gate::Closed {
            return self.hold_back(&message, route.is_some(), gate, now);
        }
        let flow = flow(&mut self.ledger, route.is_some(), &message);
        if is_removed {
            flow.drop(message.bytes());
            return self.fates.drop(message.retried, Reason::Unfollowed);
        }
        flow.send(message.bytes());
        self.fates_of(message.kind).send(message.retried);
        self.in_flight.add(message.bytes());
        self.draw_ways(number);
        let job = self.jobs.get(number);
        let ways = job.ways[destination];
        job.under_way += 1;
        match (&route, &mut self.broadcasts) {
            (Some(route), Some(broadcasts)) => broadcasts.accounts.begin_one(route, now),
            _ => self.observer.sent(now, &message, None),
        }
        self.begin_request(number, message, route.map(|route| (route, destination as u32)), ways, now);
    }

    /// All requests of a job are over: removes it and frees its slot.
    pub(super) fn finish_job(&mut self, number: u32, now: Time) {
        let job = self.remove_job(number);
        if job.letter.kind.is_get() {
            // GETs wait for no slot, and say nothing about the health of a follow
            self.free_slot(job.letter.from, job.queue);
            return self.get_over(&job.letter.activity, job.to[0], !job.good.is_empty(), now);
        }
        self.note_availability(&job, now);
        let Job { letter, to, good, bad, .. } = &job;
        let health = &mut self.machines[letter.from.index()].health;
        if job.whole_route().is_some() || good.len() == to.len() {
            health.broadcast_finished(now, to, bad);
        } else {
            health.job_finished(now, good, bad);
        }
        if !job.is_given_up {
            self.free_slot(letter.from, job.queue);
        }
    }

    /// All pending requests of a job end without events: schedules the end of the job at the last one.
    pub(super) fn plan_job_end(&mut self, number: u32) {
        let job = self.jobs.get(number);
        let Some((at, _, to)) = job.last_end else { return };
        let message = Message { letter: Rc::clone(&job.letter), to, head_bytes: 0, response_bytes: 0 };
        self.schedule(at, Event::JobDone { step: Step::Ended, slot: number, message });
    }

    /// Removes a running job.
    pub(super) fn remove_job(&mut self, number: u32) -> Job {
        let mut job = self.jobs.remove(number);
        if !job.ways.is_empty() {
            self.spare_ways.push(std::mem::take(&mut job.ways));
        }
        self.machines[job.letter.from.index()].running_jobs.remove(&number);
        if let Some(broadcasts) = &mut self.broadcasts {
            broadcasts.close_job(number);
        }
        job
    }

    /// Frees a slot of a queue; `fill_slots` starts the next job.
    pub(super) fn free_slot(&mut self, from: InstanceId, queue: QueueKey) {
        if let Some(jobs) = self.machines[from.index()].queues.get_mut(&queue) {
            jobs.finish();
        }
        self.freed_queues.push((from, queue));
    }

    /// A job reaches its time limit: its slot becomes free, its requests go on.
    pub(super) fn limit_job(&mut self, slot: u32, number: u64) {
        let still_runs = |job: &&mut Job| job.letter.job == number && !job.is_given_up;
        let Some(job) = self.jobs.find(slot).filter(still_runs) else { return };
        job.is_given_up = true;
        let (from, queue) = (job.letter.from, job.queue);
        self.free_slot(from, queue);
    }

    /// The request in `slot` of a job is over: begins the next ones or a retry. `retry_after` is what a refusal says.
    pub(super) fn request_over(
        &mut self,
        slot: u32,
        number: u32,
        message: &Message,
        outcome: RequestOutcome,
        retry_after: Span,
        now: Time,
    ) {
        let is_good = outcome == RequestOutcome::Good;
        let status = self.refusal_status(message.to, outcome);
        let is_final = self.is_final(status);
        let job = self.jobs.get(number);
        job.under_way -= 1;
        job.note(message.to, is_good, is_final);
        let ends_later = |(at, order, _)| (at, order) > (now, message.order(Step::TimedOut));
        if job.under_way == 0 && job.last_end.is_some_and(ends_later) {
            return self.plan_job_end(number);
        }
        let host = self.host(message.to);
        let machine = &mut self.machines[message.from.index()];
        // whatever the answer says, the connection stands
        if is_good || status.is_some() {
            machine.connections.release(now, host);
        }
        if message.kind.is_get() {
            return self.make_requests(number, now);
        }
        if let Some(breakers) = &mut machine.breakers {
            // who answers can be reached
            let answers = breakers.half_opens() && status.is_some_and(|status| status < 500);
            breakers.note(now, message.to, is_good || is_final || answers);
        }
        if is_good || is_final {
            machine.held_queues.arrived(host);
        }
        if is_good || is_final || self.is_last_attempt(message) {
            self.close_fate(slot);
        } else {
            let place = self.jobs.get(number).place;
            self.retry(message, slot, place, retry_after, now);
        }
        self.make_requests(number, now);
    }

    /// Whether a message is not sent again after this answer.
    pub(super) fn is_final(&self, status: Option<u16>) -> bool {
        status.is_some_and(|status| self.delivery.give_up_on.has(status))
    }

    /// The status of the answer that refused a request.
    pub(super) fn refusal_status(&self, to: InstanceId, outcome: RequestOutcome) -> Option<u16> {
        let RequestOutcome::Refused(refusal) = outcome else { return None };
        let is_peertube = self.cell.federation.instances[to.index()].is_peertube;
        let software = if is_peertube { Software::Peertube } else { Software::Other };
        software.status(refusal)
    }

    /// A process stops: drops its running jobs, or, with retries per destination, tries them again first. Their requests that
    /// have left go on.
    pub(super) fn drop_running_jobs(&mut self, from: InstanceId) {
        let is_tried_again = self.delivery.retry.per == RetryPer::Destination;
        for number in std::mem::take(&mut self.machines[from.index()].running_jobs) {
            let job = self.remove_job(number);
            let is_kept = is_tried_again && !job.letter.kind.is_get();
            for to in job.unsent() {
                let message = self.message(&job.letter, to);
                self.queued.take(message.bytes());
                let flow = flow(&mut self.ledger, job.route.is_some(), &message);
                if is_kept {
                    flow.hold_back(message.bytes());
                } else {
                    flow.drop(message.bytes());
                    self.fates_of(message.kind).drop(message.retried, Reason::ProcessStopped);
                }
            }
            if is_kept {
                let message = self.message(&job.letter, job.to[0]);
                let retried = job.retried.unwrap_or_else(|| self.retried(&message, None));
                self.hold_queue(&message, retried, job.place, Span::ZERO, self.now);
            }
        }
    }
}
