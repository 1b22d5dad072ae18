//! A request at its receiver: it arrives, and is taken or refused.
//!
//! What stands in front of a receiver (a firewall, a proxy) refuses here, too.

use super::request::Request;
use super::state::Run;
use crate::domain::faults::Reachability;
use crate::event::Step;
use crate::foundation::units::Time;
use crate::mechanism::ledger::Arrival;
use crate::mechanism::network::Leg;
use crate::mechanism::refusal::Refusal;
use crate::observe::RequestOutcome;
use crate::request::{Host, Sent};

impl Run<'_> {
    /// The request reaches the receiver's downlink.
    pub(super) fn reach(&mut self, slot: u32, now: Time) {
        let request = self.requests.get(slot);
        let (host, answer_bytes) = (request.host, request.message.answer_bytes());
        let bytes = self.path.bytes_up(request.message.bytes(), answer_bytes, request.connection);
        let arrives = self.machines[host.index()].download(now, bytes);
        self.plan(slot, Step::Arrived, arrives);
    }

    /// The receiver, or what stands in front of it, has the whole request; it may wait for a key.
    pub(super) fn arrive(&mut self, slot: u32, now: Time) {
        let arrival = self.arrival(slot, now);
        if arrival != Arrival::Delivered || !self.waits_for_key(slot, now) {
            self.take(slot, arrival, now);
        }
    }

    /// A request that has arrived is taken, refused or lost.
    pub(super) fn take(&mut self, slot: u32, arrival: Arrival, now: Time) {
        if arrival == Arrival::Lost {
            self.settle(slot, Arrival::Lost);
            return self.expect_time_out(slot, now);
        }
        let Run { requests, machines, .. } = self;
        let request = requests.get(slot);
        let (from, host) = (request.message.from, request.host);
        let machine = &mut machines[host.index()];
        request.receiver_epoch = machine.epoch;
        if let Some(back) = request.ways.of(Leg::Answer) {
            machine.calendar.shorten(back);
        }
        let Arrival::Refused(refusal) = arrival else {
            let to = request.message.to;
            self.settle(slot, Arrival::Delivered);
            self.report_delivered(slot, now);
            if self.requests.get(slot).message.kind.is_get() {
                return self.take_get(slot, now);
            }
            self.hear(to, from, now);
            return self.verify(slot, now);
        };
        request.outcome = RequestOutcome::Refused(refusal);
        if let Some(limiter) = &machine.limiter
            && refusal == Refusal::RateLimited
            && machine.receiving.rate_limit.is_some_and(|limit| limit.says_when)
        {
            request.retry_after = limiter.retry_after(now, from);
        }
        if let Some(bans) = &mut machine.bans
            && machine.is_up
        {
            bans.note_refusal(now, from);
        }
        self.settle(slot, arrival);
        self.report_refused(slot, now);
        match refusal {
            // who sends it must be verified
            Refusal::Blocked => self.verify(slot, now),
            _ => self.answer(slot, now),
        }
    }

    /// A GET is taken: a cache answers, or a core does.
    fn take_get(&mut self, slot: u32, now: Time) {
        if self.requests.get(slot).is_cached {
            let message = self.requests.get(slot).message.clone();
            self.answer_views(&message, true);
            return self.answer(slot, now);
        }
        let host = self.requests.get(slot).host;
        let answers = self.machines[host.index()].work(now, self.cell.other.asked_back.cpu);
        if answers > self.requests.get(slot).deadline {
            self.expect_time_out(slot, now);
        }
        self.plan(slot, Step::Verified, answers);
    }

    /// How a request ends that its receiver has: the rate limit comes first, then its date and its sender are looked at.
    fn arrival(&mut self, slot: u32, now: Time) -> Arrival {
        if self.requests.get(slot).message.kind.is_get() {
            let message = self.requests.get(slot).message.clone();
            self.requests.get(slot).is_cached = self.is_cached(&message, now);
        }
        let Run { requests, conditions, machines, broadcasts, path, .. } = self;
        let request = requests.get(slot);
        let message = &request.message;
        let (from, to) = (message.from, request.host);
        if conditions.timetable.reachability(to, now) == Reachability::Up {
            if let Some(broadcasts) = broadcasts.as_mut().filter(|it| it.follower(to).is_some()) {
                // the replay applies the rate limit, since it has all other requests too; nothing else refuses there
                broadcasts.arrive_now(now, message);
                return Arrival::Delivered;
            }
            if !request.is_cached
                && machines[to.index()].limiter.as_mut().is_some_and(|limiter| !limiter.takes(now, from))
            {
                return Arrival::Refused(Refusal::RateLimited);
            }
        }
        let dated = request.deadline.before(path.timeout);
        // nobody looks at the `Date` of a GET
        let window = machines[to.index()].receiving.signature_window.filter(|_| !message.kind.is_get());
        match conditions.arrival(Sent { from, to, dated }, window, now) {
            // the connection was there
            Arrival::FailedConnect => Arrival::Lost,
            arrival => arrival,
        }
    }

    /// If the receiver is uncontended, the rest of the path is known when the request leaves: hands its arrival to the replay
    /// and answers. Returns false if the arrival must be an event.
    pub(super) fn arrive_ahead(&mut self, slot: u32, arrives: Time) -> bool {
        let Run { requests, broadcasts: Some(broadcasts), path, cell, conditions, .. } = self else {
            return false;
        };
        let Request { message, job, deadline, .. } = requests.get(slot);
        let (to, verified) = (message.to, arrives + path.verify);
        let is_uncontended = broadcasts.follower(to).is_some() && !message.kind.is_forwarded();
        if !is_uncontended || verified > *deadline || arrives > cell.end.latest() {
            return false;
        }
        if conditions.timetable.reachability(to, arrives) != Reachability::Up {
            return false;
        }
        broadcasts.receive_ahead(*job, message, verified, conditions);
        self.settle(slot, Arrival::Delivered);
        self.report_delivered(slot, arrives);
        let verified = self.machines[to.index()].work(arrives, self.path.verify);
        self.answer(slot, verified);
        true
    }
}
