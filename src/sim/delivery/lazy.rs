//! Lazy execution: the steps in a machine's calendar happen before anything else does at the machine, and before another
//! machine may learn of them.

use super::machine::{LANES, Machine};
use super::state::{Delivery, Moment};
use crate::event::{Event, Lane, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::pending::Key;
use crate::observe::Observer;

/// What a machine does next without an event.
#[derive(Clone, Copy)]
enum Next {
    Request(Step),
    LaneDone(Lane),
}

impl Delivery<'_> {
    /// Executes what all machines do before an event of this time and key: senders first, for what leaves may arrive before.
    pub(in crate::sim) fn catch_up_all(
        &mut self,
        before: (Time, Key),
        moment: &mut Moment<'_, impl Observer>,
    ) {
        for is_lazy in [false, true] {
            for id in (0..self.machines.len()).map(InstanceId::at) {
                if self.machines[id.index()].is_lazy == is_lazy {
                    self.catch_up(id, before, moment);
                }
            }
        }
    }

    /// Executes what a machine does before an event of this time and key.
    pub(in crate::sim) fn catch_up(
        &mut self,
        id: InstanceId,
        (until, key): (Time, Key),
        moment: &mut Moment<'_, impl Observer>,
    ) {
        while let Some((at, next)) = self.machines[id.index()].next() {
            let machine = &mut self.machines[id.index()];
            if at > until || at == until && machine.order(id, next) > key {
                return;
            }
            let then = &mut moment.seen_at(at);
            match next {
                Next::Request(step) => {
                    let request = machine.calendar.pop(step);
                    self.step(step, request, then);
                }
                Next::LaneDone(lane) => {
                    machine.lanes[lane as usize].done = None;
                    let epoch = machine.epoch;
                    self.lane_done(id, lane, epoch, then);
                }
            }
        }
    }

    /// Another machine may learn of something at a machine at an instant: it must have happened by then.
    pub(super) fn be_due(
        &mut self,
        instance: InstanceId,
        known: Time,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let Delivery { machines, due_count, .. } = self;
        if let Some(at) = machines[instance.index()].calendar.be_due(known, moment.pending.now()) {
            *due_count += 1;
            moment.at(at, Event::Due { instance, number: *due_count });
        }
    }

    /// A machine was due and its steps were executed, or one more waits: when it is due next.
    pub(in crate::sim) fn look_after(&mut self, id: InstanceId, moment: &mut Moment<'_, impl Observer>) {
        self.machines[id.index()].calendar.meet_due(moment.now);
        self.plan_due(id, moment);
    }

    /// The next step of a machine of which another one can learn must have happened by then.
    pub(super) fn plan_due(&mut self, id: InstanceId, moment: &mut Moment<'_, impl Observer>) {
        let machine = &self.machines[id.index()];
        if let Some(next) = machine.next_known_elsewhere() {
            let known = machine.calendar.known(next);
            self.be_due(id, known, moment);
        }
    }

    /// A task with effects at the instant when it is done waits for a thread, with this number: events say when its tasks
    /// are done until then.
    pub(super) fn await_task(
        &mut self,
        at: InstanceId,
        lane: Lane,
        number: u64,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let thread = &mut self.machines[at.index()].lanes[lane as usize];
        thread.awaited = thread.awaited.max(number);
        if let Some(done) = thread.done.take() {
            self.plan_lane_done(at, lane, done, moment);
        }
    }
}

impl Machine {
    /// What it does next without an event, and when.
    #[inline]
    fn next(&self) -> Option<(Time, Next)> {
        let mut first = self.calendar.next().map(|(step, waiting)| (waiting.at, Next::Request(step)));
        // what threads do comes after requests at the same instant
        for (lane, thread) in LANES.into_iter().zip(&self.lanes) {
            if let Some(done) = thread.done
                && first.is_none_or(|(at, _)| done < at)
            {
                first = Some((done, Next::LaneDone(lane)));
            }
        }
        first
    }

    /// When it takes the next step without an event of which another machine can learn: it signs a request, or begins to
    /// verify one that waited.
    fn next_known_elsewhere(&self) -> Option<Time> {
        let thread = &self.lanes[Lane::JsonLd as usize];
        let begins = thread.done.filter(|_| thread.queue.waiting() > 0);
        begins.into_iter().chain(self.calendar.next_signed()).min()
    }

    /// The order of what it does next among the events of its instant.
    fn order(&self, id: InstanceId, next: Next) -> Key {
        match next {
            Next::Request(_) => self.calendar.next().map_or(Key::LAST, |(_, waiting)| waiting.order),
            Next::LaneDone(lane) => Event::LaneDone { instance: id, lane, epoch: self.epoch }.key(&[]),
        }
    }
}
