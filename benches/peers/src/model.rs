//! The broadcast as a state machine: what each event does, the same for every engine.
//!
//! Times are nanoseconds. An engine keeps the events that the model schedules and gives each back at its time. The order of
//! events at one instant plays no part in the outcome. Knows no engine.

use crate::workload::{Outcome, Workload};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Event {
    /// The sender makes a message, and of it a job.
    Create { message: u32 },
    /// A request has reached its receiver.
    Arrive { message: u32, receiver: u32 },
    /// A request is over for the sender.
    End { message: u32, receiver: u32 },
    /// The counts of all receivers are noted.
    Sample { number: u32 },
}

pub struct Model {
    workload: Workload,
    /// By message.
    jobs: Vec<Job>,
    waiting: VecDeque<u32>,
    running: u32,
    receivers: Vec<Receiver>,
    outcome: Outcome,
}

#[derive(Clone, Default)]
struct Job {
    next_receiver: u32,
    open_requests: u32,
}

#[derive(Clone)]
struct Receiver {
    count: u32,
    /// Of the count: by the sample period in which the entries were created. They expire together, for a sample.
    by_period: Vec<u32>,
}

impl Model {
    pub fn new(workload: &Workload) -> Model {
        let periods = (u64::from(workload.messages) * workload.every_ns).div_ceil(workload.sample_every_ns);
        let receiver = Receiver { count: 0, by_period: vec![0; periods as usize + 1] };
        Model {
            workload: workload.clone(),
            jobs: vec![Job::default(); workload.messages as usize],
            waiting: VecDeque::new(),
            running: 0,
            receivers: vec![receiver; workload.receivers as usize],
            outcome: Outcome { deliveries: 0, sum_of_counts: 0, sum_of_squares: 0 },
        }
    }

    /// The events to begin with, with their times.
    pub fn first(&self) -> [(u64, Event); 2] {
        let sample_ns = self.workload.sample_every_ns + self.workload.sample_offset_ns;
        [(0, Event::Create { message: 0 }), (sample_ns, Event::Sample { number: 0 })]
    }

    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What an event does; `schedule` takes how much later another one happens.
    pub fn happen(&mut self, now_ns: u64, event: Event, schedule: &mut impl FnMut(u64, Event)) {
        match event {
            Event::Create { message } => {
                self.waiting.push_back(message);
                self.start_jobs(schedule);
                if message + 1 < self.workload.messages {
                    schedule(self.workload.every_ns, Event::Create { message: message + 1 });
                }
            }
            Event::Arrive { message, receiver } => self.arrive(now_ns, message, receiver),
            Event::End { message, .. } => {
                self.jobs[message as usize].open_requests -= 1;
                self.fill(message, schedule);
                if self.jobs[message as usize].open_requests == 0 {
                    self.running -= 1;
                    self.start_jobs(schedule);
                }
            }
            Event::Sample { number } => {
                self.sample(number as usize);
                if number + 1 < self.workload.samples {
                    schedule(self.workload.sample_every_ns, Event::Sample { number: number + 1 });
                }
            }
        }
    }

    fn start_jobs(&mut self, schedule: &mut impl FnMut(u64, Event)) {
        while self.running < self.workload.jobs_at_once {
            let Some(message) = self.waiting.pop_front() else { return };
            self.running += 1;
            self.fill(message, schedule);
        }
    }

    /// Sends the next requests of a job, as many as may be open.
    fn fill(&mut self, message: u32, schedule: &mut impl FnMut(u64, Event)) {
        let workload = &self.workload;
        let job = &mut self.jobs[message as usize];
        while job.open_requests < workload.requests_at_once && job.next_receiver < workload.receivers {
            let receiver = job.next_receiver;
            let [there_ns, back_ns] = workload.latencies_ns(message, receiver);
            let held_ns = (workload.request_ns + 3 * (there_ns + back_ns)).min(workload.time_out_ns);
            schedule(workload.request_ns + 3 * there_ns + 2 * back_ns, Event::Arrive { message, receiver });
            schedule(held_ns, Event::End { message, receiver });
            job.next_receiver += 1;
            job.open_requests += 1;
        }
    }

    fn arrive(&mut self, now_ns: u64, message: u32, receiver: u32) {
        self.outcome.deliveries += 1;
        let created_ns = u64::from(message) * self.workload.every_ns;
        if now_ns < created_ns + self.workload.lifetime_ns {
            let period = created_ns.div_ceil(self.workload.sample_every_ns);
            let receiver = &mut self.receivers[receiver as usize];
            receiver.count += 1;
            receiver.by_period[period as usize] += 1;
        }
    }

    fn sample(&mut self, number: usize) {
        let lifetime_periods = (self.workload.lifetime_ns / self.workload.sample_every_ns) as usize;
        let expired = (number + 1).checked_sub(lifetime_periods);
        for receiver in &mut self.receivers {
            if let Some(count) = expired.and_then(|period| receiver.by_period.get_mut(period)) {
                receiver.count -= std::mem::take(count);
            }
            let count = u64::from(receiver.count);
            self.outcome.sum_of_counts += count;
            self.outcome.sum_of_squares += count * count;
        }
    }
}
