//! Who hears what, and in which terms: the observer of a driver.

use crate::domain::door::Door;
use crate::event::{Event, Lane, Message};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::{Input, Instance};
use crate::mechanism::fate::Fates;
use crate::mechanism::ledger::Flow;
use crate::mechanism::refusal::Refusal;
use crate::mechanism::transport::TransportBytes;
use crate::mechanism::views::ViewsLog;

/// Bytes that an instance sent in a second: of Views of its own videos, and of all else.
pub type SecondBytes = [u64; 2];

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// It reached its end, at this instant.
    Done(Time),
    /// It was asked to stop.
    Interrupted,
    /// It reached its event limit, at this instant.
    EventLimit(Time),
}

/// Counts that hold at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How it ended.
    pub outcome: RunOutcome,
    /// Events that happened.
    pub events: u64,
    /// All messages, by what became of them.
    pub flow: Flow,
    /// What became of all activities, once for each inbox.
    pub fates: Fates,
    /// Sessions that were still watching.
    pub unfinished_sessions: u64,
    /// By `InstanceId`: busy times of its cores and links.
    pub busy: Vec<Busy>,
    /// The maximum over instances and time of the jobs that wait in the delivery queues of one instance.
    pub queued_jobs_peak: u64,
    /// The maximum over inbox queues and time of the activities that wait in one of them, without the one that is worked on.
    pub inbox_waiting_peak: u64,
    /// The maximum over instances and time of the messages of one instance that wait for their next attempt.
    pub retries_waiting_peak: u64,
    /// Messages that wait for their next attempt.
    pub retries_waiting: u64,
    /// Forwarded viewers that took effect as plain views.
    pub viewers_as_plain_views: u64,
    /// How often lies were told, each to one inbox.
    pub lies_told: u64,
    /// Activities that were answered, and lost with the inbox queue when the receiver's process stopped.
    pub inbox_dropped: u64,
    /// What clients sent to their own instances.
    pub doors: Vec<Door>,
}

/// How long an instance's cores and links were busy, in ns; two busy cores count twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// Time of the cores.
    pub cpu_ns: u64,
    /// Time of the uplink; 0 if it is not limited.
    pub uplink_ns: u64,
    /// Time of the downlink; 0 if it is not limited.
    pub downlink_ns: u64,
}

/// How a request ended for its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestOutcome {
    /// It was delivered and answered in time.
    Good,
    /// It was answered and not taken.
    Refused(Refusal),
    /// The receiver refused the connection, or had closed it.
    FailedConnect,
    /// No answer arrived before the deadline; it may have been delivered.
    TimedOut,
}

/// What of a request has crossed its sender's link when it fails there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departed {
    /// Nothing: its sender has given up before.
    Nothing,
    /// The handshake of a connection that is not made.
    Handshake,
    /// All of it, on a connection that breaks or too late.
    Request,
}

/// Where an answer is on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerEnd {
    /// It leaves whoever answers.
    Leaves,
    /// It has crossed the link back, even if nobody waits for it any more.
    Arrives,
}

/// A queue of an instance as a sample finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSample {
    /// The instance.
    pub instance: InstanceId,
    /// The queue.
    pub queue: QueueName,
    /// Jobs (in an inbox queue: activities) that wait.
    pub waiting: u64,
    /// Jobs that run.
    pub running: u64,
    /// How long the oldest has waited.
    pub oldest: Span,
    /// Jobs that have started since the previous sample.
    pub started: u64,
    /// Sum of the waiting times of these.
    pub waited: Span,
}

/// The queues of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueName {
    /// Broadcast jobs, one at a time.
    Sequential,
    /// Broadcast jobs in parallel.
    Parallel,
    /// Jobs for one inbox.
    Unicast,
    /// All queues per destination together.
    Destinations,
    /// The single queue of jobs with one request each.
    Workers,
    /// GETs, which do not wait for each other.
    Gets,
    /// Messages that wait for their next attempt, in no queue.
    Retries,
    /// The queue of a single thread.
    Lane(Lane),
}

impl RequestOutcome {
    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            RequestOutcome::Good => "good",
            RequestOutcome::Refused(_) => "refused",
            RequestOutcome::FailedConnect => "failed to connect",
            RequestOutcome::TimedOut => "timed out",
        }
    }
}

impl QueueName {
    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            QueueName::Sequential => "sequential",
            QueueName::Parallel => "parallel",
            QueueName::Unicast => "unicast",
            QueueName::Destinations => "destinations",
            QueueName::Workers => "workers",
            QueueName::Gets => "gets",
            QueueName::Retries => "retries",
            QueueName::Lane(lane) => lane.name(),
        }
    }
}

/// The follow health of one follower, at an hourly flush or the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthNote {
    /// The followed instance.
    pub instance: InstanceId,
    /// The follower.
    pub follower: InstanceId,
    /// Good deliveries since the previous flush.
    pub good: u64,
    /// Bad deliveries since the previous flush.
    pub bad: u64,
    /// The score after that.
    pub score: i64,
    /// Whether this flush removes the follow.
    pub removed: bool,
}

/// Receives the observations of a run. All methods do nothing unless overridden.
pub trait Observer {
    /// An event is about to happen.
    fn event(&mut self, _now: Time, _event: &Event) {}

    /// An instance is about to handle an input; `clock` is the time on its own clock.
    fn handled(&mut self, _now: Time, _clock: Time, _instance: InstanceId, _input: &Input<'_>) {}

    /// A request has begun. `arrives` is when its activity will arrive, where latency alone decides that.
    fn sent(&mut self, _now: Time, _message: &Message, _arrives: Option<Time>) {}

    /// A request has left its sender, with these bytes below HTTP. The instant may lie ahead of the run.
    fn left(&mut self, _now: Time, _message: &Message, _transport: &TransportBytes) {}

    /// A request has failed at its sender, which has sent this part of it by then, with these bytes below HTTP. The instant may lie ahead.
    fn failed(&mut self, _now: Time, _message: &Message, _departed: Departed, _transport: &TransportBytes) {}

    /// A message has arrived and is accepted by its receiver.
    fn delivered(&mut self, _now: Time, _message: &Message) {}

    /// A message has arrived and its receiver refuses it.
    fn refused(&mut self, _now: Time, _message: &Message) {}

    /// The answer to a request is at one end of its way back. The instant may lie ahead of the run.
    fn answered(&mut self, _at: Time, _message: &Message, _bytes: u64, _end: AnswerEnd) {}

    /// An activity has come out of the inbox queue: it takes effect.
    fn processed(&mut self, _now: Time, _message: &Message) {}

    /// A request is over for its sender.
    fn ended(&mut self, _now: Time, _message: &Message, _outcome: RequestOutcome) {}

    /// A job of a delivery queue (not a lane) has started after waiting for `waited`.
    fn job_started(&mut self, _now: Time, _instance: InstanceId, _queue: QueueName, _waited: Span) {}

    /// A job of a delivery queue still waits at the end of the run, for `waited` so far.
    fn job_unstarted(&mut self, _waited: Span) {}

    /// The follow health of one follower is recorded.
    fn health(&mut self, _now: Time, _note: &HealthNote) {}

    /// What an instance displays of the videos of others is not reported: the driver samples it outside of the event loop.
    fn is_replayed(&mut self, _instance: InstanceId) {}

    /// An instance that owns a video sent so many bytes in a second of the run that is over, beside what was reported request by request.
    fn origin_second(&mut self, _instance: InstanceId, _second: u64, _bytes: SecondBytes) {}

    /// What happened to the views counter of an instance since the sample before, or until the run ends. Times are true time.
    fn views(&mut self, _instance: InstanceId, _log: &ViewsLog) {}

    /// A sample: displayed counts can be read from `instances`, by id. `queues` are those that are not empty, and those from
    /// which a job has started since the previous sample.
    fn sample(&mut self, _now: Time, _number: u32, _instances: &[Instance], _queues: &[QueueSample]) {}
}
