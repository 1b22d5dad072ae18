//! Lazy execution: deferred steps of a machine are executed before the next event at the machine, and before another machine
//! may learn of them. Deferred are steps of requests (`calendar`) and the ends of thread tasks (`Thread::done`).

use super::machine::{LANES, Machine};
use super::state::Run;
use crate::domain::delivery::Queues;
use crate::event::{Event, Lane, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::pending::Key;

/// The next deferred step of a machine.
#[derive(Clone, Copy)]
enum Next {
    Request(Step),
    LaneDone(Lane),
}

impl Run<'_> {
    /// Executes the deferred steps of all machines before this time and key: those that do not receive lazily first, since
    /// their requests may arrive at the others before.
    pub(super) fn catch_up_all(&mut self, before: (Time, Key)) {
        for is_lazy in [false, true] {
            for id in (0..self.machines.len()).map(InstanceId::at) {
                if self.machines[id.index()].is_lazy == is_lazy {
                    self.catch_up(id, before);
                }
            }
        }
    }

    /// Executes the deferred steps of a machine before this time and key.
    pub(super) fn catch_up(&mut self, id: InstanceId, (until, key): (Time, Key)) {
        if self.delivery.queues == Queues::Unlimited {
            // without queues no step is deferred
            return;
        }
        while let Some((at, next)) = self.machines[id.index()].next() {
            let machine = &mut self.machines[id.index()];
            if at > until || at == until && machine.order(id, next) > key {
                return;
            }
            match next {
                Next::Request(step) => {
                    let request = machine.calendar.pop(step);
                    self.step(step, request, at);
                }
                Next::LaneDone(lane) => {
                    machine.lanes[lane as usize].done = None;
                    let epoch = machine.epoch;
                    self.lane_done(id, lane, 0, epoch, at);
                }
            }
        }
    }

    /// Another machine may learn at `known` of a deferred step: schedules its execution before that.
    pub(super) fn schedule_due(&mut self, instance: InstanceId, known: Time) {
        if let Some(at) = self.machines[instance.index()].calendar.set_due(known, self.pending.now()) {
            self.due_count += 1;
            self.schedule(at, Event::Due { instance, number: self.due_count });
        }
    }

    /// `Event::Due` at a machine, whose steps were executed before: schedules the next one.
    pub(super) fn due(&mut self, id: InstanceId, now: Time) {
        self.machines[id.index()].calendar.clear_due(now);
        self.schedule_next_due(id);
    }

    /// Schedules the execution of the next deferred step of which another machine can learn.
    pub(super) fn schedule_next_due(&mut self, id: InstanceId) {
        let machine = &self.machines[id.index()];
        if let Some(next) = machine.next_known_elsewhere() {
            let known = machine.calendar.known_elsewhere(next);
            self.schedule_due(id, known);
        }
    }

    /// Task `number` has effects elsewhere at the instant when it is done: until then, the ends of the thread's tasks are
    /// events.
    pub(super) fn await_task(&mut self, at: InstanceId, lane: Lane, number: u64) {
        let thread = &mut self.machines[at.index()].lanes[lane as usize];
        thread.awaited = thread.awaited.max(number);
        if let Some(done) = thread.done.take() {
            self.plan_lane_done(at, lane, 0, done);
        }
    }
}

impl Machine {
    /// Its next deferred step, and when.
    #[inline]
    fn next(&self) -> Option<(Time, Next)> {
        let mut first = self.calendar.next().map(|(step, waiting)| (waiting.at, Next::Request(step)));
        // at one instant, threads come after requests
        for (lane, thread) in LANES.into_iter().zip(&self.lanes) {
            if let Some(done) = thread.done
                && first.is_none_or(|(at, _)| done < at)
            {
                first = Some((done, Next::LaneDone(lane)));
            }
        }
        first
    }

    /// When it next takes a deferred step of which another machine can learn: it signs a request, or begins to verify a
    /// forwarded one that waited.
    fn next_known_elsewhere(&self) -> Option<Time> {
        let thread = &self.lanes[Lane::JsonLd as usize];
        let begins = thread.done.filter(|_| thread.queue.waiting() > 0);
        begins.into_iter().chain(self.calendar.next_signed()).min()
    }

    /// The key of the event that its next deferred step replaces.
    fn order(&self, id: InstanceId, next: Next) -> Key {
        match next {
            Next::Request(_) => self.calendar.next().map_or(Key::LAST, |(_, waiting)| waiting.order),
            Next::LaneDone(lane) => {
                Event::LaneDone { instance: id, lane, worker: 0, epoch: self.epoch }.key(&[])
            }
        }
    }
}
