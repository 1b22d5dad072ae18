//! A request: signed, connected, transferred, answered, or not; a chain of steps between two machines.
//!
//! The bytes of a request, those of its handshake included, pass the sender's uplink when it is signed, and the
//! receiver's downlink when they come; so do those of the answer on their way back. A connection takes round trips of
//! the message's own latency. What has left the sender before its time is up arrives, even if nobody waits for the
//! answer any more. The sender's side and the receiver's end apart.

use super::sending::message_name;
use super::{Delivery, Moment};
use crate::domain::delivery::Transport;
use crate::domain::faults::Reachability;
use crate::event::{Event, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::connections::Connection;
use crate::mechanism::ledger::Arrival;
use crate::mechanism::transport::{Handshake, TransportBytes, transport_bytes};
use crate::observe::{Observer, RequestOutcome};

/// The slot of a request that nothing is kept about.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// What is kept about a request.
pub(super) struct Request {
    job: u32,
    pub(super) message: Message,
    /// One-way latency; `None` if the network loses the message.
    latency: Option<Span>,
    /// When the sender stops waiting.
    pub(super) deadline: Time,
    /// What lies below HTTP, if it is counted.
    transport: TransportBytes,
    /// How it will end for the sender, unless its time is up before.
    fate: RequestOutcome,
    /// Its number among all requests: slots are used again.
    number: u64,
    /// Whether its time can run out before it is over.
    time_out: TimeOut,
    /// When it is answered, if it will be.
    answers: Option<Time>,
    /// Whether the sender has no more to do with it.
    is_over: bool,
    /// Whether it has left its sender, or never will.
    has_left: bool,
    /// Which process of the receiver took it.
    receiver_epoch: u32,
    /// Events and tasks to come that name the slot.
    references: u32,
}

/// What is known about a request's time-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeOut {
    /// None was asked for.
    Unasked,
    /// It becomes an event at its deadline, if the request is not over then.
    AtDeadline,
    /// It is an event.
    Event,
}

/// A request that has begun, in the order of deadlines.
pub(super) struct Waiting {
    deadline: Time,
    slot: u32,
    number: u64,
}

impl Delivery<'_> {
    /// Begins a request: the sender signs it.
    pub(super) fn begin_request(
        &mut self,
        job: u32,
        message: Message,
        latency: Option<Span>,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let signed = self.machines[message.from.index()].cores.serve(moment.now, self.figures.sign);
        let deadline = moment.now + self.figures.timeout;
        self.request_count += 1;
        let number = self.request_count;
        let slot = self.requests.insert(Request {
            job,
            message,
            latency,
            deadline,
            transport: TransportBytes::default(),
            fate: RequestOutcome::Good,
            number,
            time_out: TimeOut::Unasked,
            answers: None,
            is_over: false,
            has_left: false,
            receiver_epoch: 0,
            references: 0,
        });
        while self.waiting.front().is_some_and(|first| !self.is_waiting(first)) {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting { deadline, slot, number });
        self.plan(slot, Step::Signed, signed, moment);
    }

    /// Takes a step of a request.
    pub(in crate::sim) fn step(
        &mut self,
        step: Step,
        slot: u32,
        message: &Message,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        if slot == NO_SLOT {
            return self.arrive_at_once(message, moment);
        }
        match step {
            Step::Signed => self.leave(slot, message, moment),
            Step::Reached => {
                let bytes = self.bytes_up(slot);
                let arrives = self.machines[message.to.index()].downlink.transfer(moment.now, bytes);
                self.plan(slot, Step::Arrived, arrives, moment);
            }
            Step::Arrived => self.arrive(slot, message, moment),
            Step::Verified => self.verified(slot, moment),
            Step::Answered if self.requests.get(slot).answers.is_none() => {}
            Step::Answered => {
                let bytes = self.bytes_down(slot);
                let ends = self.machines[message.from.index()].downlink.transfer(moment.now, bytes);
                self.plan_end(slot, Step::Ended, ends, moment);
            }
            Step::Ended => {
                let fate = self.requests.get(slot).fate;
                self.end(slot, fate, moment);
            }
            Step::TimedOut => self.end(slot, RequestOutcome::TimedOut, moment),
        }
        self.unrefer(slot);
    }

    /// The sender has signed: the request leaves, or finds that it cannot.
    fn leave(&mut self, slot: u32, message: &Message, moment: &mut Moment<'_, impl Observer>) {
        let now = moment.now;
        let request = self.requests.get(slot);
        if std::mem::replace(&mut request.has_left, true) {
            return; // its process was gone before
        }
        let Request { deadline, latency: drawn, .. } = *request;
        let (from, to) = (message.from, message.to);
        let latency = self.latency(message, drawn, now);
        let Some(latency) = latency else { return self.lose(slot, moment) };
        self.requests.get(slot).latency = Some(latency);
        let connection = self.machines[from.index()].connections.open(now, to);
        match self.conditions.timetable.reachability(to, now + latency) {
            Reachability::Up => {}
            Reachability::Silent => return self.lose(slot, moment),
            Reachability::Refused => return self.fail(slot, now + latency * 2, moment),
        }
        let round_trips = match connection {
            Connection::Kept => 0,
            Connection::Stale => return self.fail(slot, now + latency * 2, moment),
            Connection::New if self.handshake == Handshake::None => 1,
            Connection::New => 2,
        };
        if self.figures.transport == Transport::Counted {
            let kept = connection == Connection::Kept;
            let response_bytes = u64::from(message.response_bytes);
            let transport = transport_bytes(message.bytes(), response_bytes, kept, self.handshake);
            self.requests.get(slot).transport = transport;
        }
        let bytes = self.bytes_up(slot);
        let left = self.machines[from.index()].uplink.transfer(now, bytes) + latency * (2 * round_trips);
        if left > deadline {
            return self.lose(slot, moment);
        }
        moment.observer.transported(now, message, &self.requests.get(slot).transport);
        let is_limited = self.machines[to.index()].downlink.is_limited();
        let step = if is_limited { Step::Reached } else { Step::Arrived };
        if left + latency > deadline {
            self.plan_time_out(slot, moment);
        }
        self.plan(slot, step, left + latency, moment);
    }

    /// The latency of a message that leaves now, with what faults add; `None` if it gets lost.
    pub(super) fn latency(&mut self, message: &Message, drawn: Option<Span>, now: Time) -> Option<Span> {
        let (from, to) = (message.from, message.to);
        let name = || message_name(&message.activity, from, message.attempt);
        self.conditions.latency(from, to, name, drawn, now)
    }

    /// Nobody will answer: the sender waits until its time is up.
    fn lose(&mut self, slot: u32, moment: &mut Moment<'_, impl Observer>) {
        self.settle(slot, Arrival::Lost);
        self.plan_time_out(slot, moment);
    }

    /// There is no connection, which the sender learns at `known`.
    fn fail(&mut self, slot: u32, known: Time, moment: &mut Moment<'_, impl Observer>) {
        self.settle(slot, Arrival::FailedConnect);
        self.requests.get(slot).fate = RequestOutcome::FailedConnect;
        self.plan_end(slot, Step::Ended, known, moment);
    }

    /// The receiver has the whole request.
    fn arrive(&mut self, slot: u32, message: &Message, moment: &mut Moment<'_, impl Observer>) {
        if self.conditions.timetable.reachability(message.to, moment.now) != Reachability::Up {
            return self.lose(slot, moment);
        }
        let machine = &mut self.machines[message.to.index()];
        let epoch = machine.epoch;
        let is_peertube = self.cell.federation.instances[message.to.index()].is_peertube;
        let columns = self.columns.as_mut().filter(|columns| columns.follower(message.to).is_some());
        let limiter = machine.limiter.as_mut().filter(|_| is_peertube);
        let takes = match columns {
            // the replay counts, since it knows of the other requests
            Some(columns) => {
                columns.arrive_now(moment.now, message);
                true
            }
            None => limiter.is_none_or(|limiter| limiter.takes(moment.now, message.from)),
        };
        self.requests.get(slot).receiver_epoch = epoch;
        if self.is_local(message.to) {
            self.heed_refusals(message.to, message.from, moment);
        }
        if !takes {
            self.settle(slot, Arrival::Refused);
            self.requests.get(slot).fate = RequestOutcome::Refused;
            return self.answer(slot, moment.now, moment);
        }
        self.settle(slot, Arrival::Delivered);
        moment.observer.delivered(moment.now, message);
        self.verify(slot, message, moment);
    }

    /// A local receiver will answer at an instant, which may be too late.
    pub(super) fn answer_ahead(&mut self, slot: u32, at: Time, moment: &mut Moment<'_, impl Observer>) {
        if at <= self.requests.get(slot).deadline {
            self.answer(slot, at, moment);
        }
    }

    /// The receiver answers at an instant (which may lie ahead if it is local); the sender learns of it if it still waits.
    pub(super) fn answer(&mut self, slot: u32, at: Time, moment: &mut Moment<'_, impl Observer>) {
        let request = self.requests.get(slot);
        let (from, to) = (request.message.from, request.message.to);
        let latency = request.latency.expect("what arrived has a latency");
        let bytes = self.bytes_down(slot);
        let left = self.machines[to.index()].uplink.transfer(at, bytes);
        let back = left + self.conditions.timetable.answer_delay(to, at) + latency;
        let request = self.requests.get(slot);
        if request.is_over {
            return;
        }
        request.answers = Some(at);
        let is_limited = self.machines[from.index()].downlink.is_limited();
        let step = if is_limited { Step::Answered } else { Step::Ended };
        self.plan_end(slot, step, back, moment);
    }

    /// Plans the step that ends a request for its sender, or its time-out if that comes first.
    fn plan_end(&mut self, slot: u32, step: Step, at: Time, moment: &mut Moment<'_, impl Observer>) {
        if at > self.requests.get(slot).deadline {
            self.plan_time_out(slot, moment);
        } else {
            self.plan(slot, step, at, moment);
        }
    }

    /// The request times out at its deadline, if it is not over then. Most are, so that becomes an event at the deadline only.
    pub(super) fn plan_time_out(&mut self, slot: u32, moment: &mut Moment<'_, impl Observer>) {
        let request = self.requests.get(slot);
        if request.is_over || request.time_out != TimeOut::Unasked {
            return;
        }
        let deadline = request.deadline;
        if deadline > moment.now {
            request.time_out = TimeOut::AtDeadline;
            self.last_time_out = self.last_time_out.max(deadline);
        } else {
            request.time_out = TimeOut::Event;
            self.plan(slot, Step::TimedOut, moment.now, moment);
        }
    }

    /// The first deadline that may have to become an event.
    pub(in crate::sim) fn next_deadline(&self) -> Option<Time> {
        self.waiting.front().map(|first| first.deadline)
    }

    /// It becomes one if somebody still waits.
    pub(in crate::sim) fn meet_deadline(&mut self, moment: &mut Moment<'_, impl Observer>) {
        let Some(first) = self.waiting.pop_front().filter(|first| self.is_waiting(first)) else { return };
        let request = self.requests.get(first.slot);
        if request.time_out == TimeOut::AtDeadline {
            request.time_out = TimeOut::Event;
            self.plan(first.slot, Step::TimedOut, first.deadline, moment);
        }
    }

    fn is_waiting(&self, waiting: &Waiting) -> bool {
        let request = self.requests.rows[waiting.slot as usize].as_ref();
        request.is_some_and(|request| request.number == waiting.number && !request.is_over)
    }

    pub(super) fn plan(&mut self, slot: u32, step: Step, at: Time, moment: &mut Moment<'_, impl Observer>) {
        let request = self.requests.get(slot);
        request.references += 1;
        moment.at(at, Event::Request { step, slot, message: request.message.clone() });
    }

    /// A task of the receiver's names the slot, too.
    pub(super) fn refer(&mut self, slot: u32) {
        self.requests.get(slot).references += 1;
    }

    pub(super) fn unrefer(&mut self, slot: u32) {
        self.requests.get(slot).references -= 1;
        self.free_if_done(slot);
    }

    /// Whether the process that took a request is still the one that runs.
    pub(super) fn is_same_process(&mut self, slot: u32) -> bool {
        let request = self.requests.get(slot);
        let machine = &self.machines[request.message.to.index()];
        machine.is_up && machine.epoch == request.receiver_epoch
    }

    pub(super) fn request(&mut self, slot: u32) -> &mut Request {
        self.requests.get(slot)
    }

    fn settle(&mut self, slot: u32, arrival: Arrival) {
        let Delivery { requests, ledger, in_flight, .. } = self;
        let message = &requests.get(slot).message;
        ledger.link(message.from, message.to).arrive(message.bytes(), arrival);
        in_flight.take(message.bytes());
    }

    fn end(&mut self, slot: u32, fate: RequestOutcome, moment: &mut Moment<'_, impl Observer>) {
        let request = self.requests.get(slot);
        if std::mem::replace(&mut request.is_over, true) {
            return;
        }
        let (message, job) = (request.message.clone(), request.job);
        if fate == RequestOutcome::TimedOut {
            self.ledger.link(message.from, message.to).timed_out.add(message.bytes());
        }
        moment.observer.ended(moment.now, &message, fate);
        self.request_over(job, &message, fate, moment);
    }

    /// The requests of a process that is gone: those that have not left never will, and nobody waits for answers. Those of local
    /// receivers may be planned and not have left.
    pub(super) fn abandon_requests(&mut self, from: InstanceId, now: Time) {
        let all: Vec<u32> = self.requests.in_use().collect();
        for slot in all {
            let request = self.requests.get(slot);
            if request.message.from != from {
                continue;
            }
            request.is_over = true;
            request.answers = request.answers.filter(|answers| *answers < now);
            if !std::mem::replace(&mut request.has_left, true) {
                self.settle(slot, Arrival::Lost);
            }
            self.free_if_done(slot);
        }
    }

    fn free_if_done(&mut self, slot: u32) {
        let request = self.requests.get(slot);
        if request.is_over && request.references == 0 {
            self.requests.remove(slot);
        }
    }

    fn bytes_up(&mut self, slot: u32) -> u64 {
        let Request { message, transport, .. } = self.requests.get(slot);
        message.bytes() + transport.tcp_up + transport.tls_up
    }

    fn bytes_down(&mut self, slot: u32) -> u64 {
        let Request { message, transport, .. } = self.requests.get(slot);
        u64::from(message.response_bytes) + transport.tcp_down + transport.tls_down
    }

    /// Without queues: a message leaves at once, and arrives after its latency or not at all.
    pub(super) fn leave_at_once(
        &mut self,
        message: Message,
        latency: Option<Span>,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let arrives = latency.map(|latency| moment.now + latency);
        let link = self.ledger.link(message.from, message.to);
        link.create(message.bytes());
        link.send(message.bytes());
        moment.observer.sent(moment.now, &message, arrives);
        match arrives {
            Some(time) => {
                self.in_flight.add(message.bytes());
                moment.at(time, Event::Request { step: Step::Arrived, slot: NO_SLOT, message });
            }
            None => self.ledger.link(message.from, message.to).arrive(message.bytes(), Arrival::Lost),
        }
    }

    fn arrive_at_once(&mut self, message: &Message, moment: &mut Moment<'_, impl Observer>) {
        let arrival = match self.conditions.timetable.reachability(message.to, moment.now) {
            Reachability::Up => Arrival::Delivered,
            Reachability::Silent => Arrival::Lost,
            Reachability::Refused => Arrival::FailedConnect,
        };
        self.ledger.link(message.from, message.to).arrive(message.bytes(), arrival);
        self.in_flight.take(message.bytes());
        if arrival == Arrival::Delivered {
            moment.observer.delivered(moment.now, message);
            self.processed.push_back((moment.now, message.clone()));
        }
    }
}
