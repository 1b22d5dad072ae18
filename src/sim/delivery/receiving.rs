//! Receiving: verification, the answer, and the inbox queues; and what a machine's process takes with it when it stops.
//!
//! A thread works on one thing at a time, on one of the cores: it takes up the next when it is done with the last.

use super::machine::{Asker, Task, Thread};
use super::{Delivery, Moment};
use crate::domain::protocol::ViewsInbox;
use crate::event::{Event, Lane, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::connections::Connections;
use crate::observe::Observer;

impl Delivery<'_> {
    /// The receiver verifies a request; what was forwarded takes its turn on the JSON-LD thread.
    pub(super) fn verify(&mut self, slot: u32, message: &Message, moment: &mut Moment<'_, impl Observer>) {
        if message.kind.is_forwarded() {
            // How long it waits for the thread is not known yet.
            self.plan_time_out(slot, moment);
            self.refer(slot);
            let task = Task::Verify { message: message.clone(), asker: Asker::Request(slot) };
            return self.give_task(message.to, Lane::JsonLd, task, moment);
        }
        let is_local = self.is_local(message.to);
        let verified = if is_local {
            self.verify_locally(message.clone(), moment.now)
        } else {
            self.machines[message.to.index()].cores.serve(moment.now, self.figures.verify)
        };
        if verified > self.request(slot).deadline {
            self.plan_time_out(slot, moment);
        }
        if is_local {
            self.answer_ahead(slot, verified, moment);
        } else {
            self.plan(slot, Step::Verified, verified, moment);
        }
    }

    /// A request is verified: the receiver answers and queues the activity.
    pub(super) fn verified(&mut self, slot: u32, moment: &mut Moment<'_, impl Observer>) {
        if !self.is_same_process(slot) {
            self.inbox_dropped += 1;
            return self.plan_time_out(slot, moment);
        }
        self.answer(slot, moment.now, moment);
        let message = self.request(slot).message.clone();
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
        let is_local = self.is_local(at);
        let thread = self.thread(at, lane);
        thread.came += 1;
        if thread.queue.start_at_once() {
            return self.start_task(at, lane, task, moment);
        }
        let is_awaited = match task {
            Task::Sign { .. } | Task::Verify { asker: Asker::Request(_), .. } => is_local,
            Task::Verify { .. } | Task::Process(_) => false,
        };
        let number = thread.came;
        thread.queue.push(moment.now, task);
        if is_awaited {
            self.await_task(at, lane, number, moment);
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
            Task::Verify { .. } => self.figures.verify + self.figures.json_ld_verify,
            Task::Process(_) => self.figures.inbox,
        };
        let thread = self.thread(at, lane);
        thread.begun += 1;
        if work > Span::ZERO {
            return self.begin_task(at, lane, task, work, moment);
        }
        thread.queue.finish();
        if let Task::Verify { message, asker } = &task
            && self.is_local(at)
        {
            self.answer_early(message, *asker, moment.now, moment);
        }
        self.finish_task(task, moment);
    }

    /// A thread takes up a task that takes time.
    fn begin_task(
        &mut self,
        at: InstanceId,
        lane: Lane,
        task: Task,
        work: Span,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let done = self.machines[at.index()].cores.serve(moment.now, work);
        if !self.is_local(at) {
            self.thread(at, lane).current = Some(task);
            return self.plan_lane_done(at, lane, done, moment);
        }
        if let Task::Verify { message, asker } = &task {
            self.answer_early(message, *asker, done, moment);
        }
        let thread = self.thread(at, lane);
        thread.current = Some(task);
        if thread.is_awaited() {
            self.plan_lane_done(at, lane, done, moment);
        } else {
            thread.done = done;
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
            Task::Verify { message, .. } if self.is_local(message.to) => self.queue_activity(message, moment),
            Task::Verify { asker: Asker::Request(request), .. } => {
                self.verified(request, moment);
                self.unrefer(request);
            }
            Task::Verify { .. } => unreachable!("its receiver is local"),
            Task::Process(message) => self.processed.push_back((moment.now, message)),
        }
    }

    fn thread(&mut self, at: InstanceId, lane: Lane) -> &mut Thread {
        &mut self.machines[at.index()].lanes[lane as usize]
    }

    /// The process of an instance is gone: its memory, its running jobs, the requests that have not left.
    pub(in crate::sim) fn stop(&mut self, instance: InstanceId, moment: &mut Moment<'_, impl Observer>) {
        let (dropped, verifying) = self.machines[instance.index()].stop(moment.now);
        self.inbox_dropped += dropped;
        for request in verifying {
            self.inbox_dropped += 1;
            self.unrefer(request);
        }
        self.abandon_requests(instance, moment.now);
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
        let figures = &self.figures;
        machine.connections = Connections::new(figures.keep_alive.idle(&rules), figures.stale_connections);
        machine.is_up = true;
        let queues: Vec<_> = machine.queues.keys().copied().collect();
        for queue in queues {
            self.start_jobs(instance, queue, moment);
        }
    }
}
