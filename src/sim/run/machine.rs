//! The machine of one instance: its stations (cores, links, threads), job queues, and memory about other instances.

use super::calendar::Calendar;
use super::job::QueueKey;
use super::waiting::{Failed, Retries};
use crate::domain::delivery::{Delivery, Health};
use crate::domain::federation::Instance;
use crate::domain::receiving::Receiving;
use crate::event::{Lane, Message};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::availability::{Availability, AvailabilityRule};
use crate::mechanism::ban::Bans;
use crate::mechanism::breakers::Breakers;
use crate::mechanism::connections::{Connection, Connections};
use crate::mechanism::follow_health::FollowHealth;
use crate::mechanism::held_messages::HeldMessages;
use crate::mechanism::held_queues::HeldQueues;
use crate::mechanism::queue::Queue;
use crate::mechanism::rate_limit::RateLimiter;
use crate::mechanism::servers::{Link, Servers};
use crate::observe::Busy;
use crate::request::Host;
use std::collections::{BTreeMap, BTreeSet};

/// The threads, in the order of `Machine::lanes`.
pub(super) const LANES: [Lane; 3] = [Lane::JsonLd, Lane::Inbox, Lane::ViewsInbox];

/// Everything of an instance but its protocol state.
pub(super) struct Machine {
    pub(super) is_up: bool,
    /// Whether steps of the requests that it receives, and of its threads, are deferred (`Eligibility::is_lazy`).
    pub(super) is_lazy: bool,
    /// Whether the end of a request that it sends affects its job only (`Eligibility::ends_without_event`).
    pub(super) ends_without_event: bool,
    /// Its deferred steps.
    pub(super) calendar: Calendar,
    /// The number of its process: how often it has stopped. Tasks of an earlier process are void.
    pub(super) epoch: u32,
    pub(super) cores: Servers,
    pub(super) uplink: Link,
    pub(super) downlink: Link,
    pub(super) lanes: [Thread; 3],
    /// Waiting jobs, by slot. They survive a stop.
    pub(super) queues: BTreeMap<QueueKey, Queue<u32>>,
    /// Jobs that wait in all its queues together.
    pub(super) waiting_jobs: u64,
    /// Jobs that have started and are not done, by slot.
    pub(super) running_jobs: BTreeSet<u32>,
    pub(super) health: FollowHealth,
    /// Which destinations answer, if it leaves out those that do not until they speak.
    pub(super) availability: Option<Availability>,
    /// The followers that it removed, and the destinations that it leaves out.
    pub(super) removed: BTreeSet<InstanceId>,
    /// What it does with what it receives.
    pub(super) receiving: Receiving,
    pub(super) limiter: Option<RateLimiter>,
    pub(super) bans: Option<Bans>,
    pub(super) connections: Connections,
    pub(super) breakers: Option<Breakers>,
    /// The queues that are held back, with retries per destination.
    pub(super) held_queues: HeldQueues<Failed>,
    /// What waits for its next attempt.
    pub(super) retries: Retries,
    /// Of that, what circuit breakers hold back, and since when each waits.
    pub(super) held_messages: HeldMessages<(Message, Time)>,
}

/// A thread with its queue of tasks, or several workers at one queue: each works on one task at a time, on one of the cores.
pub(super) struct Thread {
    pub(super) queue: Queue<Task>,
    /// By worker: the task that it works on. Those that never had one are missing.
    pub(super) current: Vec<Option<Task>>,
    /// When the task of the only worker is done, if that is deferred instead of an event.
    pub(super) done: Option<Time>,
    /// Tasks queued so far.
    pub(super) came: u64,
    /// Tasks begun so far.
    pub(super) begun: u64,
    /// While `awaited > begun`, the end of each task is an event: the task of this number has effects elsewhere.
    pub(super) awaited: u64,
}

/// A task of a thread.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// Signs the activity of a job.
    Sign { job: u32 },
    /// Verifies a forwarded activity.
    Verify { request: u32 },
    /// Processes a received activity.
    Process(Message),
}

impl Host for Machine {
    #[inline]
    fn work(&mut self, arrival: Time, work: Span) -> Time {
        self.cores.serve(arrival, work)
    }

    #[inline]
    fn upload(&mut self, arrival: Time, bytes: u64) -> Time {
        self.uplink.transfer(arrival, bytes)
    }

    #[inline]
    fn download(&mut self, arrival: Time, bytes: u64) -> Time {
        self.downlink.transfer(arrival, bytes)
    }

    #[inline]
    fn connect(&mut self, now: Time, to: InstanceId) -> Connection {
        self.connections.open(now, to)
    }
}

impl Machine {
    pub(super) fn new(instance: &Instance, delivery: &Delivery) -> Machine {
        let Instance { capacity, receiving, .. } = *instance;
        let inbox = || Thread::new(receiving.inbox_workers);
        Machine {
            is_up: true,
            is_lazy: false,
            ends_without_event: false,
            calendar: Calendar::new(),
            epoch: 0,
            cores: Servers::new(capacity.cores),
            uplink: Link::new(capacity.uplink_bits_per_s),
            downlink: Link::new(capacity.downlink_bits_per_s),
            lanes: [Thread::new(1), inbox(), inbox()],
            queues: BTreeMap::new(),
            waiting_jobs: 0,
            running_jobs: BTreeSet::new(),
            health: FollowHealth::new(),
            availability: match delivery.health {
                Health::AsReleased | Health::Off | Health::Score | Health::SevenDays => None,
                Health::UnavailableDays => Some(Availability::new(AvailabilityRule::FailureDays)),
                Health::Suspended => Some(Availability::new(AvailabilityRule::FailingFor)),
            },
            removed: BTreeSet::new(),
            receiving,
            limiter: receiving.rate_limit.map(|limit| RateLimiter::new(limit.requests, limit.per)),
            bans: receiving.ban.map(Bans::new),
            connections: Connections::new(
                delivery.keep_alive.idle(&instance.rules),
                delivery.stale_connections,
            ),
            breakers: delivery
                .breaker
                .map(|breaker| Breakers::new(breaker.failures, breaker.pause, breaker.half_opens)),
            held_queues: HeldQueues::new(),
            retries: Retries::default(),
            held_messages: HeldMessages::new(),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.calendar.is_empty()
            && self.queues.values().all(Queue::is_idle)
            && self.lanes.iter().all(|lane| lane.queue.is_idle())
    }

    pub(super) fn busy(&self, until: Time) -> Busy {
        Busy {
            cpu_ns: self.cores.busy_ns(until),
            uplink_ns: self.uplink.busy_ns(until),
            downlink_ns: self.downlink.busy_ns(until),
        }
    }

    /// The most activities that waited in one of its inbox queues.
    pub(super) fn inbox_waiting_peak(&self) -> u64 {
        let [_, inboxes @ ..] = &self.lanes;
        inboxes.iter().map(|thread| thread.queue.waiting_peak()).max().unwrap_or(0)
    }

    /// The process stops and loses its memory. Returns the number of received activities lost, and the slots of requests that
    /// it will not verify and of those that it will not sign.
    pub(super) fn stop(&mut self, now: Time) -> (u64, Vec<u32>, Vec<u32>) {
        self.is_up = false;
        self.epoch += 1;
        self.cores.stop(now);
        let (mut dropped, mut verifying) = (0, Vec::new());
        for Thread { queue, current, done, came, begun, .. } in &mut self.lanes {
            for task in queue.take_waiting(now).into_iter().chain(current.drain(..).flatten()) {
                match task {
                    Task::Sign { .. } => {}
                    Task::Verify { request } => verifying.push(request),
                    Task::Process(_) => dropped += 1,
                }
            }
            queue.stop();
            *done = None;
            *begun = *came;
        }
        self.queues.values_mut().for_each(Queue::stop);
        self.health.restart();
        self.connections.restart();
        if let Some(limiter) = &mut self.limiter {
            limiter.restart();
        }
        if let Some(breakers) = &mut self.breakers {
            breakers.restart();
        }
        (dropped, verifying, self.calendar.stop().collect())
    }
}

impl Thread {
    /// An idle one with so many workers.
    fn new(workers: u32) -> Thread {
        Thread {
            queue: Queue::new(Some(workers)),
            current: Vec::new(),
            done: None,
            came: 0,
            begun: 0,
            awaited: 0,
        }
    }

    /// A worker without a task begins one. Returns its number.
    pub(super) fn begin(&mut self, task: Task) -> u32 {
        let free = self.current.iter().position(Option::is_none).unwrap_or_else(|| {
            self.current.push(None);
            self.current.len() - 1
        });
        self.current[free] = Some(task);
        free as u32
    }

    /// A worker is done with its task.
    pub(super) fn end(&mut self, worker: u32) -> Task {
        self.queue.finish();
        self.current[worker as usize].take().expect("a task is done once")
    }

    /// Whether the end of its current task is an event.
    pub(super) fn is_awaited(&self) -> bool {
        self.awaited > self.begun || matches!(self.current[..], [Some(Task::Sign { .. })])
    }
}
