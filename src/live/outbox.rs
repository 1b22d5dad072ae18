//! The outbox of an instance: its queues of jobs, the health of its follows, and the rate limit of its inbox.
//!
//! Queues, health and rate limits are the mechanisms that the simulation runs.

use super::observations::OwnedMessage;
use super::own_sockets::RequestId;
use crate::domain::delivery::Delivery;
use crate::event::Letter;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::follow_health::FollowHealth;
use crate::mechanism::queue::Queue;
use crate::mechanism::rate_limit::RateLimiter;
use crate::mechanism::wire::Document;
use crate::observe::{QueueName, QueueSample};
use hyper::body::Bytes;
use std::collections::BTreeMap;

/// What one instance keeps about its sending and its senders.
pub(super) struct Outbox {
    queues: BTreeMap<QueueName, Queue<Job>>,
    pub(super) health: FollowHealth,
    /// Limits what the instance accepts from each sender.
    pub(super) limiter: Option<RateLimiter>,
    /// How often the process has stopped. Jobs of an earlier epoch begin no further request.
    pub(super) epoch: u32,
}

/// One activity for some inboxes.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) letter: Letter,
    /// The queue that it came from. None if delivery has no queues.
    pub(super) queue: Option<QueueName>,
    pub(super) to: Vec<InstanceId>,
    /// By position in `to`: the bytes of the heads of the request and of the response.
    pub(super) heads: Vec<[u16; 2]>,
    pub(super) body: Body,
    /// The epoch of the outbox in which it started.
    pub(super) epoch: u32,
}

/// What a job posts.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// A document that the sender has built and will sign.
    Own(Box<Document>),
    /// The bytes of a received document, which keep the signature of its author.
    Forwarded(Bytes),
    /// A GET has none.
    Nothing,
}

/// An activity for those peers that follow the sender.
pub(super) struct Broadcast {
    pub(super) from: InstanceId,
    /// The author of a forwarded activity, who does not get it back.
    pub(super) except: Option<InstanceId>,
    /// If not all get it: those that do, ascending.
    pub(super) only: Option<Vec<InstanceId>>,
    pub(super) built: Time,
    pub(super) body: Body,
}

/// What is to be posted now.
pub(super) enum Work {
    Job(Job),
    Broadcast(Broadcast),
}

impl Outbox {
    pub(super) fn new(figures: &Delivery) -> Outbox {
        let slots = [
            (QueueName::Sequential, Some(figures.sequential_jobs)),
            (QueueName::Parallel, Some(figures.parallel_jobs)),
            (QueueName::Unicast, Some(figures.unicast_jobs)),
            (QueueName::Gets, None),
        ];
        Outbox {
            queues: slots.into_iter().map(|(name, slots)| (name, Queue::new(slots))).collect(),
            health: FollowHealth::new(),
            limiter: figures.receiving.rate_limit.map(|limit| RateLimiter::new(limit.requests, limit.per)),
            epoch: 0,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queues.values().all(Queue::is_idle)
    }

    /// The process stops: its memory is lost, jobs that wait in queues stay.
    pub(super) fn stop(&mut self) {
        self.epoch += 1;
        self.queues.values_mut().for_each(Queue::stop);
        self.health.restart();
        if let Some(limiter) = &mut self.limiter {
            limiter.restart();
        }
    }

    pub(super) fn waiting(&self) -> u64 {
        self.queues.values().map(Queue::waiting).sum()
    }

    /// Whether the process that started a job still runs.
    pub(super) fn is_running(&self, job: &Job) -> bool {
        job.queue.is_none() || job.epoch == self.epoch
    }

    pub(super) fn push(&mut self, now: Time, queue: QueueName, job: Job) {
        self.queue(queue).push(now, job);
    }

    /// Starts the next job of a queue that has a free slot: the job, and how long it waited.
    pub(super) fn start(&mut self, now: Time, queue: QueueName) -> Option<(Job, Span)> {
        let (mut job, waited) = self.queue(queue).start(now)?;
        job.epoch = self.epoch;
        Some((job, waited))
    }

    /// Frees the slot of a job.
    pub(super) fn finish(&mut self, queue: QueueName) {
        self.queue(queue).finish();
    }

    /// Samples of the queues that hold jobs, or that started jobs since the last call.
    pub(super) fn samples(&mut self, now: Time, instance: InstanceId) -> impl Iterator<Item = QueueSample> {
        self.queues.iter_mut().filter_map(move |(&name, queue)| {
            let (started, waited) = queue.take_started();
            let (waiting, running, oldest) = (queue.waiting(), queue.running(), queue.oldest(now));
            (waiting > 0 || running > 0 || started > 0).then_some(QueueSample {
                instance,
                queue: name,
                waiting,
                running,
                oldest,
                started,
                waited,
            })
        })
    }

    /// Since when the jobs wait that have not started.
    pub(super) fn waiting_since(&self) -> impl Iterator<Item = Time> {
        self.queues.values().flat_map(|queue| queue.jobs().map(|(since, _)| since))
    }

    fn queue(&mut self, name: QueueName) -> &mut Queue<Job> {
        self.queues.get_mut(&name).expect("an outbox has all four queues")
    }
}

impl Job {
    /// The message to one of its inboxes.
    pub(super) fn message(&self, place: usize) -> OwnedMessage {
        let [head_bytes, response_bytes] = self.heads[place];
        OwnedMessage { letter: self.letter.clone(), to: self.to[place], head_bytes, response_bytes }
    }

    /// The id of the request to one of its inboxes. Requests with the same document differ in it.
    pub(super) fn request_id(&self, place: usize) -> RequestId {
        (self.letter.job, place)
    }
}
