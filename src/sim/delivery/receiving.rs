//! Receiving: verification, the answer, and the inbox queues; and what a machine's process takes with it when it stops.
//!
//! A thread works on one thing at a time, on one of the cores: it takes up the next when it is done with the last.

use super::machine::{Task, Thread};
use super::state::{Delivery, Moment};
use crate::domain::protocol::ViewsInbox;
use crate::event::{Event, Lane, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::connections::Connections;
use crate::observe::Observer;
use crate::sim::request::Host;

impl Delivery<'_> {
    /// The receiver verifies a request; what was forwarded takes its turn on the JSON-LD thread.
    pub(super) fn verify(&mut self, slot: u32, moment: &mut Moment<'_, impl Observer>) {
        let request = self.requests.get(slot);
        let to = request.message.to;
        if !request.message.kind.is_forwarded() {
            let machine = &mut self.machines[to.index()];
            let verified = machine.work(moment.now, self.path.verify);
            if machine.is_lazy {
                self.answer(slot, &mut moment.seen_at(verified));
            }
            return self.plan(slot, Step::Verified, verified, moment);
        }
        // how long it waits for the thread is not known yet
        if request.over.is_none_or(|over| over > moment.now) && request.deadline > moment.now {
            self.last_deadline = self.last_deadline.max(request.deadline);
        }
        self.refer(slot);
        self.give_task(to, Lane::JsonLd, Task::Verify { request: slot }, moment);
    }

    /// A request is verified: the receiver answers, if it has not known before when it would, and queues the activity.
    pub(super) fn verified(&mut self, slot: u32, moment: &mut Moment<'_, impl Observer>) {
        if !self.is_same_process(slot) {
            self.inbox_dropped += 1;
            return;
        }
        let message = self.requests.get(slot).message.clone();
        if !self.machines[message.to.index()].is_lazy {
            self.answer(slot, moment);
        }
        self.queue_activity(message, moment);
    }

    /// What is verified waits to take effect.
    pub(super) fn queue_activity(&mut self, message: Message, moment: &mut Moment<'_, impl Observer>) {
        if !self.cell.federation.instances[message.to.index()].is_peertube {
            return;
        }
        let Delivery { columns, conditions, .. } = self;
        if let Some(columns) = columns.as_mut().filter(|columns| columns.follower(message.to).is_some()) {
            columns.receive_now(moment.now, &message, message.kind.is_forwarded(), conditions);
            return;
        }
        let has_own = self.rules[message.to.index()].views_inbox == ViewsInbox::Own;
        let lane = if has_own && message.kind.is_view() { Lane::ViewsInbox } else { Lane::Inbox };
        self.give_task(message.to, lane, Task::Process(message), moment);
    }

    /// Queues a task for a thread.
    pub(super) fn give_task(
        &mut self,
        at: InstanceId,
        lane: Lane,
        task: Task,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let is_lazy = self.machines[at.index()].is_lazy;
        let thread = self.thread(at, lane);
        thread.came += 1;
        if thread.queue.start_at_once() {
            return self.start_task(at, lane, task, moment);
        }
        let (number, is_sign) = (thread.came, matches!(task, Task::Sign { .. }));
        thread.queue.push(moment.now, task);
        if is_lazy && is_sign {
            self.await_task(at, lane, number, moment);
        } else if is_lazy && lane == Lane::JsonLd {
            self.plan_due(at, moment);
        }
    }

    /// A thread is done with its task.
    pub(in crate::sim) fn lane_done(
        &mut self,
        at: InstanceId,
        lane: Lane,
        epoch: u32,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        if epoch != self.machines[at.index()].epoch {
            return; // the process whose thread it was is gone
        }
        let thread = self.thread(at, lane);
        let task = thread.current.take().expect("a task is done once");
        thread.queue.finish();
        self.finish_task(task, moment);
        self.start_tasks(at, lane, moment);
    }

    fn start_tasks(&mut self, at: InstanceId, lane: Lane, moment: &mut Moment<'_, impl Observer>) {
        while let Some((task, _)) = self.thread(at, lane).queue.start(moment.now) {
            self.start_task(at, lane, task, moment);
        }
    }

    fn start_task(&mut self, at: InstanceId, lane: Lane, task: Task, moment: &mut Moment<'_, impl Observer>) {
        let work = match task {
            Task::Sign { .. } => self.figures.json_ld_sign,
            Task::Verify { .. } => self.path.verify_forwarded,
            Task::Process(_) => self.figures.inbox,
        };
        let machine = &mut self.machines[at.index()];
        machine.lanes[lane as usize].begun += 1;
        let (is_lazy, takes_time) = (machine.is_lazy, work > Span::ZERO);
        let done = if takes_time { machine.work(moment.now, work) } else { moment.now };
        if let Task::Verify { request } = task
            && is_lazy
        {
            self.answer(request, &mut moment.seen_at(done));
        }
        let thread = self.thread(at, lane);
        if !takes_time {
            thread.queue.finish();
            return self.finish_task(task, moment);
        }
        thread.current = Some(task);
        if !is_lazy || thread.is_awaited() {
            return self.plan_lane_done(at, lane, done, moment);
        }
        thread.done = Some(done);
        if lane == Lane::JsonLd && thread.queue.waiting() > 0 {
            self.plan_due(at, moment);
        }
    }

    pub(super) fn plan_lane_done(
        &self,
        instance: InstanceId,
        lane: Lane,
        done: Time,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let epoch = self.machines[instance.index()].epoch;
        moment.at(done, Event::LaneDone { instance, lane, epoch });
    }

    fn finish_task(&mut self, task: Task, moment: &mut Moment<'_, impl Observer>) {
        match task {
            Task::Sign { job } => self.run_job(job, moment),
            Task::Verify { request } => {
                self.verified(request, moment);
                self.unrefer(request);
            }
            Task::Process(message) => self.processed.push_back((moment.now, message)),
        }
    }

    fn thread(&mut self, at: InstanceId, lane: Lane) -> &mut Thread {
        &mut self.machines[at.index()].lanes[lane as usize]
    }

    /// The process of an instance is gone: its memory, its running jobs, the requests that have not left.
    pub(in crate::sim) fn stop(&mut self, instance: InstanceId, moment: &mut Moment<'_, impl Observer>) {
        let (dropped, verifying, unsigned) = self.machines[instance.index()].stop(moment.now);
        self.inbox_dropped += dropped;
        for request in verifying {
            self.inbox_dropped += 1;
            self.unrefer(request);
        }
        self.abandon_requests(instance, moment.now);
        unsigned.into_iter().for_each(|request| self.unrefer(request));
        self.drop_running_jobs(instance);
    }

    /// The process of an instance is up (again), with the rules that it has now: its queues go on.
    pub(in crate::sim) fn start(
        &mut self,
        instance: InstanceId,
        instances: &[Instance],
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let rules = *instances[instance.index()].rules();
        self.rules[instance.index()] = rules;
        let machine = &mut self.machines[instance.index()];
        machine.connections = Connections::new(self.figures.keep_alive.idle(&rules));
        machine.is_up = true;
        let queues: Vec<_> = machine.queues.keys().copied().collect();
        for queue in queues {
            self.start_jobs(instance, queue, moment);
        }
    }
}
