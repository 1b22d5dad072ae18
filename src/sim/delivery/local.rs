//! What machines do without events: each is caught up with before anything else happens there.
//!
//! Much of what a machine does concerns nobody else for a while, so it makes no event of its own. A request that a job signs
//! leaves, and arrives a latency later. At a local receiver it arrives, is verified and takes effect; its sender learns of that a
//! latency later. All of it is done in the order of the events that it would have been (`event`), but as late as possible: when
//! an event comes to the machine, or another machine must know.
//!
//! Others must know in time, so some events make sure that a machine is looked at (`Event::Due`) before what leaves can have
//! arrived or its time is up. A job asks a receiver at the first instant at which its answer can have come and matters
//! (`coupled`); when a request may be refused for its sender's rate, that is sooner. And where a single request waits for what a
//! thread has in its queue, the thread makes events.

use super::machine::{Asker, LANES, Machine, Task, Thread};
use super::{Delivery, Figures, Moment};
use crate::event::{Event, Lane, LetterName, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::pending::Key;
use crate::observe::{Observer, RequestOutcome};
use crate::sim::columns::NEVER;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What a machine will do without events.
#[derive(Default)]
pub(super) struct Ahead {
    /// Requests that will be signed and leave, in that order.
    leaving: VecDeque<Leaving>,
    /// Requests that will arrive, the first at the top.
    arriving: BinaryHeap<Reverse<Arriving>>,
    /// Whether the senders of all of these know that they may be refused.
    heeds_refusals: bool,
    /// When an event will look after what leaves.
    due: Option<Time>,
    /// Requests that will be verified, in that order.
    verifying: VecDeque<(Time, Message)>,
}

/// A request of a job that will leave.
#[derive(Clone, Copy)]
pub(super) struct Leaving {
    pub(super) at: Time,
    /// Until then nobody can know of it.
    pub(super) known: Time,
    /// Its place among what happens at the same instant.
    pub(super) order: Key,
    pub(super) job: u32,
    pub(super) destination: u32,
}

/// A request of a job that will arrive, in the order of the events that would say so at its receiver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arriving {
    pub(super) at: Time,
    pub(super) name: LetterName,
    pub(super) copy: u64,
    pub(super) job: u32,
    pub(super) destination: u32,
}

/// What a local receiver does next.
#[derive(Clone, Copy)]
enum Next {
    Arrives,
    Verified,
    LaneDone(Lane),
}

impl Ahead {
    pub(super) fn is_empty(&self) -> bool {
        self.leaving.is_empty() && self.arriving.is_empty() && self.verifying.is_empty()
    }

    /// A request will leave. (All take equally long to sign: none overtakes.) Returns whether that must be looked after before
    /// the rest.
    pub(super) fn leave(&mut self, request: Leaving) -> bool {
        let is_after = |other: &&Leaving| other.at == request.at && other.order > request.order;
        let after = self.leaving.iter().rev().take_while(is_after).count();
        if after == 0 {
            self.leaving.push_back(request);
        } else {
            self.leaving.insert(self.leaving.len() - after, request);
        }
        self.due.is_none_or(|due| request.known < due)
    }
}

impl Delivery<'_> {
    /// Whether an instance is a local receiver.
    pub(in crate::sim) fn is_local(&self, id: InstanceId) -> bool {
        self.machines[id.index()].is_local
    }

    /// Does what all machines do before an event of this time and key.
    pub(in crate::sim) fn catch_up_all(
        &mut self,
        before: (Time, Key),
        moment: &mut Moment<'_, impl Observer>,
    ) {
        // first the senders, for what leaves may arrive before
        for is_receiver in [false, true] {
            for id in (0..self.machines.len()).map(InstanceId::at) {
                if self.is_local(id) == is_receiver {
                    self.catch_up(id, before, moment);
                }
            }
        }
    }

    /// Does what a machine does before an event of this time and key.
    pub(in crate::sim) fn catch_up(
        &mut self,
        id: InstanceId,
        before: (Time, Key),
        moment: &mut Moment<'_, impl Observer>,
    ) {
        if self.is_local(id) {
            self.catch_up_receiver(id, before, moment);
        } else {
            self.catch_up_sender(id, before, moment);
        }
    }

    fn catch_up_sender(
        &mut self,
        id: InstanceId,
        (until, key): (Time, Key),
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let is_before =
            |request: &mut Leaving| request.at < until || request.at == until && request.order <= key;
        while let Some(request) = self.machines[id.index()].ahead.leaving.pop_front_if(is_before) {
            self.leave_coupled(request.job, request.destination, &mut moment.back_at(request.at));
        }
    }

    fn catch_up_receiver(
        &mut self,
        id: InstanceId,
        (until, key): (Time, Key),
        moment: &mut Moment<'_, impl Observer>,
    ) {
        loop {
            let machine = &mut self.machines[id.index()];
            let (at, next) = machine.next_ahead();
            if at > until || at == until && machine.order(id, next) > key {
                return;
            }
            let then = &mut moment.back_at(at);
            match next {
                Next::Arrives => {
                    let Some(Reverse(request)) = machine.ahead.arriving.pop() else { return };
                    self.arrive_coupled(request.job, request.destination, then);
                }
                Next::Verified => {
                    let Some((_, message)) = machine.ahead.verifying.pop_front() else { return };
                    self.queue_activity(message, then);
                }
                Next::LaneDone(lane) => {
                    machine.lanes[lane as usize].done = NEVER;
                    let epoch = machine.epoch;
                    self.lane_done(id, lane, epoch, then);
                }
            }
        }
    }

    /// A request will arrive at a local receiver. Returns whether it may be refused for its sender's rate.
    pub(super) fn arrive_at(
        &mut self,
        to: InstanceId,
        from: InstanceId,
        request: Arriving,
        moment: &mut Moment<'_, impl Observer>,
    ) -> bool {
        let may_be_refused = self.heed_refusals(to, from, moment);
        self.machines[to.index()].ahead.arriving.push(Reverse(request));
        may_be_refused
    }

    /// Looks whether one more request of a sender may be refused; those that are on their way might then be, too.
    pub(super) fn heed_refusals(
        &mut self,
        to: InstanceId,
        from: InstanceId,
        moment: &mut Moment<'_, impl Observer>,
    ) -> bool {
        let Machine { ahead, limiter, .. } = &mut self.machines[to.index()];
        let limiter = limiter.as_ref();
        let may_refuse = limiter.is_some_and(|limiter| ahead.arriving.len() >= limiter.left(from) as usize);
        if may_refuse && !ahead.heeds_refusals {
            let all: Vec<_> = ahead.arriving.iter().map(|Reverse(request)| *request).collect();
            for request in all {
                self.heed_refusal(request, moment);
            }
        }
        self.machines[to.index()].ahead.heeds_refusals = may_refuse;
        may_refuse
    }

    /// A machine was due and is caught up with: when it is next.
    pub(in crate::sim) fn look_after(&mut self, id: InstanceId, moment: &mut Moment<'_, impl Observer>) {
        let Delivery { machines, due_count, .. } = self;
        let ahead = &mut machines[id.index()].ahead;
        if ahead.due == Some(moment.now) {
            ahead.due = None;
        }
        if let Some(at) = ahead.leaving.iter().map(|request| request.known).min() {
            ahead.be_due(id, at, due_count, moment);
        }
    }

    /// A local receiver begins to verify a request that was not forwarded: when it is done.
    pub(super) fn verify_locally(&mut self, message: Message, now: Time) -> Time {
        let Machine { cores, ahead, .. } = &mut self.machines[message.to.index()];
        let verified = cores.serve(now, self.figures.verify);
        // all take equally long: what begins later is not done before
        let order = |message: &Message| message.order(Step::Verified);
        let is_after = |other: &&(Time, Message)| other.0 == verified && order(&other.1) > order(&message);
        let after = ahead.verifying.iter().rev().take_while(is_after).count();
        ahead.verifying.insert(ahead.verifying.len() - after, (verified, message));
        verified
    }

    /// A local receiver answers at an instant, which may lie ahead.
    pub(super) fn answer_early(
        &mut self,
        message: &Message,
        asker: Asker,
        at: Time,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        match asker {
            Asker::Request(slot) => {
                self.answer_ahead(slot, at, moment);
                self.unrefer(slot);
            }
            Asker::Coupled { job, destination } => {
                let running = self.jobs.rows[job as usize].as_ref();
                if running.is_some_and(|running| running.letter.job == message.job) {
                    self.answer_coupled(job, destination as usize, at, RequestOutcome::Good);
                }
            }
        }
    }

    /// Somebody waits for what a thread of a local receiver will take up as its task of this number.
    pub(super) fn await_task(
        &mut self,
        at: InstanceId,
        lane: Lane,
        number: u64,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let thread = &mut self.machines[at.index()].lanes[lane as usize];
        thread.awaited = thread.awaited.max(number);
        let done = std::mem::replace(&mut thread.done, NEVER);
        if done != NEVER {
            self.plan_lane_done(at, lane, done, moment);
        }
    }
}

impl Thread {
    /// Whether somebody waits for the thread itself: its task has effects elsewhere, or another one will have some.
    pub(super) fn is_awaited(&self) -> bool {
        self.awaited > self.begun || matches!(self.current, Some(Task::Sign { .. }))
    }
}

impl Ahead {
    /// The machine must be looked at by then.
    pub(super) fn be_due(
        &mut self,
        instance: InstanceId,
        at: Time,
        count: &mut u64,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        // what a machine has not done yet may lie before the event at hand
        let at = at.max(moment.pending.now());
        if self.due.is_none_or(|due| at < due) {
            self.due = Some(at);
            *count += 1;
            moment.at(at, Event::Due { instance, number: *count });
        }
    }
}

impl Machine {
    /// An instant before which a local receiver has not verified what waits for its thread as the task of a number.
    pub(super) fn verifies_after(&self, now: Time, task: u64, figures: &Figures) -> Time {
        let thread = &self.lanes[Lane::JsonLd as usize];
        let work = figures.verify + figures.json_ld_verify;
        let others = figures.json_ld_sign.min(work).ns().saturating_mul(task - thread.begun - 1);
        // that of a thread with events of its own is not known here
        let free = if thread.done == NEVER { now } else { thread.done };
        Time::from_ns(free.ns().saturating_add(others).saturating_add(work.ns()))
    }

    /// What a local receiver does next without an event, and when.
    fn next_ahead(&self) -> (Time, Next) {
        let Ahead { arriving, verifying, .. } = &self.ahead;
        let mut first = match arriving.peek() {
            Some(Reverse(request)) => (request.at, Next::Arrives),
            None => (NEVER, Next::Arrives),
        };
        if let Some((at, message)) = verifying.front()
            && (*at < first.0
                || *at == first.0 && message.order(Step::Verified) < self.order(message.to, first.1))
        {
            first = (*at, Next::Verified);
        }
        // what threads do comes after requests at the same instant
        for (lane, thread) in LANES.into_iter().zip(&self.lanes) {
            if thread.done < first.0 {
                first = (thread.done, Next::LaneDone(lane));
            }
        }
        first
    }

    /// The order of what it does next among the events of its instant.
    fn order(&self, id: InstanceId, next: Next) -> Key {
        let Ahead { arriving, verifying, .. } = &self.ahead;
        match next {
            Next::Arrives => arriving.peek().map_or(Key::LAST, |Reverse(request)| request.order(id)),
            Next::Verified => verifying[0].1.order(Step::Verified),
            Next::LaneDone(lane) => Event::LaneDone { instance: id, lane, epoch: self.epoch }.key(&[]),
        }
    }
}

impl Arriving {
    fn order(&self, to: InstanceId) -> Key {
        self.name.order(to, 0, Step::Arrived, self.copy)
    }
}
