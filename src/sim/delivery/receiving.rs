//! Receiving: verification, the answer, and the inbox queues; and what a machine's process takes with it when it stops.
//!
//! A thread works on one thing at a time, on one of the cores: it takes up the next when it is done with the last.

use super::machine::{Task, Thread};
use super::{Delivery, Moment};
use crate::domain::protocol::ViewsInbox;
use crate::event::{Event, Lane, Message, Step};
use crate::instance::Instance;
use crate::observe::Observer;
use crate::words::ids::InstanceId;
use crate::words::units::Span;

impl Delivery<'_> {
    /// The receiver verifies a request; what was forwarded takes its turn on the JSON-LD thread.
    pub(super) fn verify(&mut self, slot: u32, message: &Message, moment: &mut Moment<'_, impl Observer>) {
        if message.kind.is_forwarded() {
            // How long it waits for the thread is not known yet.
            self.plan_time_out(slot, moment);
            self.refer(slot);
            self.give_task(message.to, Lane::JsonLd, Task::Verify { request: slot }, moment);
        } else {
            let verified = self.machines[message.to.index()].cores.serve(moment.now, self.figures.verify);
            self.plan(slot, Step::Verified, verified, moment);
        }
    }

    /// A request is verified: the receiver answers and queues the activity.
    pub(super) fn verified(&mut self, slot: u32, moment: &mut Moment<'_, impl Observer>) {
        if !self.is_same_process(slot) {
            self.inbox_dropped += 1;
            return self.plan_time_out(slot, moment);
        }
        self.answer(slot, moment);
        let message = self.request(slot).message.clone();
        if !self.cell.federation.instances[message.to.index()].is_peertube {
            return;
        }
        let Delivery { columns, conditions, .. } = self;
        if let Some(columns) = columns.as_mut().filter(|columns| columns.follower(message.to).is_some()) {
            columns.receive_now(moment.now, &message, message.kind.is_forwarded(), conditions);
            return;
        }
        let has_own = self.views_inbox[message.to.index()] == ViewsInbox::Own;
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
        self.thread(at, lane).queue.push(moment.now, task);
        self.start_tasks(at, lane, moment);
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
            let work = match task {
                Task::Sign { .. } => self.figures.json_ld_sign,
                Task::Verify { .. } => self.figures.verify + self.figures.json_ld_verify,
                Task::Process(_) => self.figures.inbox,
            };
            let machine = &mut self.machines[at.index()];
            if work > Span::ZERO {
                let done = machine.cores.serve(moment.now, work);
                let epoch = machine.epoch;
                self.thread(at, lane).current = Some(task);
                moment.at(done, Event::LaneDone { instance: at, lane, epoch });
                return;
            }
            self.thread(at, lane).queue.finish();
            self.finish_task(task, moment);
        }
    }

    fn finish_task(&mut self, task: Task, moment: &mut Moment<'_, impl Observer>) {
        match task {
            Task::Sign { job } => self.run_job(job, moment),
            Task::Verify { request } => {
                self.verified(request, moment);
                self.unrefer(request);
            }
            Task::Process(message) => self.processed.push_back(message),
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
        self.abandon_requests(instance);
        self.drop_running_jobs(instance);
    }

    /// The process of an instance is up (again), with the rules that it has now: its queues go on.
    pub(in crate::sim) fn start(
        &mut self,
        instance: InstanceId,
        instances: &[Instance],
        moment: &mut Moment<'_, impl Observer>,
    ) {
        self.views_inbox[instance.index()] = instances[instance.index()].rules().views_inbox;
        let machine = &mut self.machines[instance.index()];
        machine.is_up = true;
        let queues: Vec<_> = machine.queues.keys().copied().collect();
        for queue in queues {
            self.start_jobs(instance, queue, moment);
        }
    }
}
