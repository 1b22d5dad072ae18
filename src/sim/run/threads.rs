//! Threads of a machine: JSON-LD signatures and verifications, and the inbox queues; and the stop and start of its process.
//!
//! A thread works on one task at a time, on one of the cores, first come first served; an inbox queue may have several workers.

use super::machine::{Task, Thread};
use super::state::Run;
use crate::domain::protocol::ViewsInbox;
use crate::event::{Event, Lane, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::connections::Connections;
use crate::request::Host;

impl Run<'_> {
    /// The receiver verifies a request on its cores; a forwarded one waits for the JSON-LD thread, unless its sender is blocked.
    pub(super) fn verify(&mut self, slot: u32, now: Time) {
        let request = self.requests.get(slot);
        let to = request.host;
        if !request.message.kind.is_forwarded() || request.is_refused() {
            let machine = &mut self.machines[to.index()];
            let verified = machine.work(now, machine.receiving.verify);
            if machine.is_lazy {
                self.answer(slot, verified);
            }
            if verified > self.requests.get(slot).deadline {
                self.expect_time_out(slot, now);
            }
            return self.plan(slot, Step::Verified, verified);
        }
        // the sender may still wait when the thread is done
        self.expect_time_out(slot, now);
        self.refer(slot);
        self.give_task(to, Lane::JsonLd, Task::Verify { request: slot }, now);
    }

    /// A request is verified: the receiver queues the activity, and answers unless a lazy receiver has done so before.
    pub(super) fn verified(&mut self, slot: u32, now: Time) {
        let request = self.requests.get(slot);
        let (is_taken, is_get) = (!request.is_refused(), request.message.kind.is_get());
        if !self.is_same_process(slot) {
            self.inbox_dropped += u64::from(is_taken && !is_get);
            return self.expect_time_out(slot, now);
        }
        let message = self.requests.get(slot).message.clone();
        if !self.machines[message.to.index()].is_lazy {
            self.answer(slot, now);
        }
        if is_taken && is_get {
            self.keep_answer(&message, now);
        } else if is_taken {
            self.queue_activity(message, now);
        }
    }

    /// A verified activity enters the inbox queue, in the run or in the replay.
    pub(super) fn queue_activity(&mut self, message: Message, now: Time) {
        let Run { broadcasts, conditions, .. } = self;
        if let Some(broadcasts) =
            broadcasts.as_mut().filter(|broadcasts| broadcasts.follower(message.to).is_some())
        {
            broadcasts.receive_now(now, &message, message.kind.is_forwarded(), conditions);
            return;
        }
        let has_own = self.cell.federation.instances[message.to.index()].is_peertube
            && self.instances[message.to.index()].rules().views_inbox == ViewsInbox::Own;
        let lane = if has_own && message.kind.is_view() { Lane::ViewsInbox } else { Lane::Inbox };
        self.give_task(self.host(message.to), lane, Task::Process(message), now);
    }

    /// Queues a task for a thread.
    pub(super) fn give_task(&mut self, at: InstanceId, lane: Lane, task: Task, now: Time) {
        let is_lazy = self.machines[at.index()].is_lazy;
        let thread = self.thread(at, lane);
        thread.came += 1;
        if thread.queue.start_at_once() {
            return self.start_task(at, lane, task, now);
        }
        let (number, is_sign) = (thread.came, matches!(task, Task::Sign { .. }));
        thread.queue.push(now, task);
        if is_lazy && is_sign {
            self.await_task(at, lane, number);
        } else if is_lazy && lane == Lane::JsonLd {
            self.schedule_next_due(at);
        }
    }

    /// A thread is done with its task and begins the next one. `epoch` is that of the process of the task.
    pub(super) fn lane_done(&mut self, at: InstanceId, lane: Lane, worker: u32, epoch: u32, now: Time) {
        if epoch != self.machines[at.index()].epoch {
            return; // the process of the thread has stopped
        }
        let task = self.thread(at, lane).end(worker);
        self.finish_task(task, now);
        self.start_tasks(at, lane, now);
    }

    /// Begins waiting tasks while the thread is free.
    fn start_tasks(&mut self, at: InstanceId, lane: Lane, now: Time) {
        while let Some((task, _)) = self.thread(at, lane).queue.start(now) {
            self.start_task(at, lane, task, now);
        }
    }

    /// Begins a task: it takes CPU time, and its end is an event or deferred.
    fn start_task(&mut self, at: InstanceId, lane: Lane, task: Task, now: Time) {
        let machine = &mut self.machines[at.index()];
        let work = match task {
            Task::Sign { .. } => self.delivery.json_ld_sign,
            Task::Verify { .. } => machine.receiving.verify + machine.receiving.json_ld_verify,
            Task::Process(_) => machine.receiving.inbox,
        };
        machine.lanes[lane as usize].begun += 1;
        let (is_lazy, takes_time) = (machine.is_lazy, work > Span::ZERO);
        let done = if takes_time { machine.work(now, work) } else { now };
        if let Task::Verify { request } = task
            && is_lazy
        {
            self.answer(request, done);
        }
        let thread = self.thread(at, lane);
        if !takes_time {
            thread.queue.finish();
            return self.finish_task(task, now);
        }
        let worker = thread.begin(task);
        if !is_lazy || thread.is_awaited() {
            return self.plan_lane_done(at, lane, worker, done);
        }
        thread.done = Some(done);
        if lane == Lane::JsonLd && thread.queue.waiting() > 0 {
            self.schedule_next_due(at);
        }
    }

    /// Schedules the end of the task of a thread's worker.
    pub(super) fn plan_lane_done(&mut self, instance: InstanceId, lane: Lane, worker: u32, done: Time) {
        let epoch = self.machines[instance.index()].epoch;
        self.schedule(done, Event::LaneDone { instance, lane, worker, epoch });
    }

    /// A task takes effect.
    fn finish_task(&mut self, task: Task, now: Time) {
        match task {
            Task::Sign { job } => self.run_job(job, now),
            Task::Verify { request } => {
                self.verified(request, now);
                self.unrefer(request);
            }
            Task::Process(message) => self.processed.push_back((now, message)),
        }
    }

    fn thread(&mut self, at: InstanceId, lane: Lane) -> &mut Thread {
        &mut self.machines[at.index()].lanes[lane as usize]
    }

    /// The process of an instance stops: its memory, running jobs and requests that have not left are lost.
    pub(super) fn stop(&mut self, instance: InstanceId, now: Time) {
        let (dropped, verifying, unsigned) = self.machines[instance.index()].stop(now);
        self.inbox_dropped += dropped;
        for request in verifying {
            self.inbox_dropped += 1;
            self.unrefer(request);
        }
        self.forget_fetches(instance, now);
        self.pulls.forget(instance);
        self.abandon_requests(instance, now);
        unsigned.into_iter().for_each(|request| self.unrefer(request));
        self.drop_running_jobs(instance);
    }

    /// The process of an instance starts with its current rules: its job queues go on.
    pub(super) fn start(&mut self, instance: InstanceId, now: Time) {
        let idle = self.delivery.keep_alive.idle(self.instances[instance.index()].rules());
        let machine = &mut self.machines[instance.index()];
        machine.connections = Connections::new(idle, self.delivery.stale_connections);
        machine.is_up = true;
        let queues: Vec<_> = machine.queues.keys().copied().collect();
        for queue in queues {
            self.start_jobs(instance, queue, now);
        }
    }
}
