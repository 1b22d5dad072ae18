//! The events of a run: a closed set, and the key that orders events of one instant.
//!
//! The order at one instant is: stops, restarts, ticks and totals, flushes, samples, requests, the rest of delivery, heartbeats
//! and who leaves, other traffic, what is fetched for previews, lies; within a rank by instance, then link, video, kind, session (of a total:
//! author), number, attempt and step. So a tick cleans what expires at that very instant, a sample sees that tick and none of
//! the arrivals, and an arrival finds what was there before any heartbeat. Recordings have no such ties; this choice is the
//! model's.

mod key;
mod message;

pub use key::MAX_NUMBER;
pub use message::{Letter, LetterName, Message, Step};

use crate::domain::federation::Federation;
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::random::fold;
use crate::foundation::units::Time;
use crate::mechanism::activity::Activity;
use crate::mechanism::pending::Key;
use key::{INSTANCE_BITS, NUMBER_BITS, Parts, VIDEO_BITS};

/// An event of the simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The process of an instance stops.
    Stop {
        /// Where.
        instance: InstanceId,
    },
    /// The process of an instance is up again.
    Restart {
        /// Where.
        instance: InstanceId,
    },
    /// An instance removes expired viewers, periodically.
    Tick {
        /// Where.
        instance: InstanceId,
        /// Counts up per instance.
        number: u32,
    },
    /// An instance says its total of one video, some time after a tick.
    SayTotal {
        /// Where.
        instance: InstanceId,
        /// Of which video.
        video: VideoId,
        /// The number of the tick.
        number: u32,
    },
    /// An instance records the health of its followers' inboxes, and removes followers with too many failures.
    HealthFlush {
        /// Where.
        instance: InstanceId,
        /// Counts up per instance.
        number: u32,
    },
    /// An instance broadcasts Updates of videos whose view counts changed.
    UpdateFlush {
        /// Where.
        instance: InstanceId,
        /// Counts up per instance.
        number: u32,
    },
    /// The displayed counts and queues are sampled.
    Sample {
        /// Counts up.
        number: u32,
    },
    /// A request completes a step of its path.
    Request {
        /// The step.
        step: Step,
        /// The request's slot in the driver's table.
        slot: u32,
        /// The message.
        message: Message,
    },
    /// Another instance may now learn of a step that was deferred at this one: its machine executes its deferred steps.
    Due {
        /// Where.
        instance: InstanceId,
        /// Counts up per run.
        number: u64,
    },
    /// A job is done whose requests ended without events. It is ordered like the end of its last request.
    JobDone {
        /// How the last request ended: `Ended` or `TimedOut`.
        step: Step,
        /// The job's slot in the driver's table.
        slot: u32,
        /// The message of the last request.
        message: Message,
    },
    /// A thread of an instance, or one of its workers, is done with a task.
    LaneDone {
        /// Where.
        instance: InstanceId,
        /// Which thread.
        lane: Lane,
        /// Which of its workers, from 0.
        worker: u32,
        /// The process of the instance that the thread belongs to: the number of stops before it.
        epoch: u32,
    },
    /// A running job reaches its time limit.
    JobLimit {
        /// Whose.
        instance: InstanceId,
        /// The number of the job, counted per run.
        job: u64,
        /// The job's slot in the driver's table.
        slot: u32,
    },
    /// A message that failed or was held back is queued again.
    Retry {
        /// The message of the next attempt, in a box: events are as small as the usual ones.
        message: Box<Message>,
        /// When it failed.
        since: Time,
    },
    /// The messages to one destination that a circuit breaker has held back ask it again.
    AskBreaker {
        /// Whose breaker and messages.
        instance: InstanceId,
        /// The destination.
        to: InstanceId,
    },
    /// A client reports to its instance that its viewer still watches.
    Heartbeat {
        /// Whose.
        session: SessionId,
        /// Counts up per session.
        number: u32,
    },
    /// A client tells its instance that its viewer leaves.
    Leave {
        /// Whose.
        session: SessionId,
    },
    /// The instance of a session reports what was watched to the video's origin.
    WatchAction {
        /// Which session.
        session: SessionId,
    },
    /// A background job is created.
    Background {
        /// Which entry of the scenario's background traffic.
        entry: u32,
        /// Counts up per entry.
        number: u32,
    },
    /// A receiver of a background job fetches what it links to.
    FetchPreview {
        /// Who.
        asker: InstanceId,
        /// Which entry of the scenario's background traffic.
        entry: u32,
        /// The number of the job.
        number: u32,
        /// Counts up per run: somebody may get a job twice.
        copy: u64,
    },
    /// A lie is told once more, or is over.
    Lie {
        /// Who lies.
        instance: InstanceId,
        /// The number of the lie.
        lie: u32,
        /// How often it has been told; none when it is over.
        time: Option<u32>,
    },
}
/// The threads of an instance that work on one task at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// JSON-LD signatures and verifications.
    JsonLd = 0,
    /// The inbox queue.
    Inbox = 1,
    /// The inbox queue of Views, from 8.2.
    ViewsInbox = 2,
}
impl Event {
    /// The key that orders the event among those of its instant.
    pub fn key(&self, sessions: &[Session]) -> Key {
        let plain = |rank, instance| Parts::new(rank, instance).key(0);
        let numbered =
            |rank, instance, number| Parts::new(rank, instance).with(u64::from(number), NUMBER_BITS).key(0);
        match *self {
            Event::Stop { instance } => plain(0, instance),
            Event::Restart { instance } => plain(1, instance),
            Event::Tick { instance, number } => numbered(2, instance, number),
            Event::SayTotal { instance, video, number } => {
                let parts = Parts::new(2, instance).with(u64::from(number), NUMBER_BITS);
                parts.with(1, 1).with(u64::from(video.0), VIDEO_BITS).key(0)
            }
            Event::HealthFlush { instance, number } => numbered(3, instance, number),
            Event::UpdateFlush { instance, number } => numbered(4, instance, number),
            Event::Sample { number } => numbered(5, InstanceId(0), number),
            Event::Request { step, ref message, .. } | Event::JobDone { step, ref message, .. } => {
                message.order(step)
            }
            Event::LaneDone { instance, lane, worker, epoch } => {
                let parts = Parts::new(7, instance).with(lane as u64, 2).with(u64::from(epoch), 32);
                parts.with(u64::from(worker), 32).key(0)
            }
            Event::JobLimit { instance, job, .. } => Parts::new(8, instance).with(job, 64).key(0),
            Event::Retry { ref message, .. } => message.retry_order(),
            // before all retries from there to that destination: copies of those are counted from 1
            Event::AskBreaker { instance, to } => {
                Parts::new(9, to).with(u64::from(instance.0), INSTANCE_BITS).key(0)
            }
            Event::Heartbeat { session, number } => {
                let parts = Parts::new(10, sessions[session.index()].instance);
                parts.with(u64::from(session.0), 32).with(u64::from(number), NUMBER_BITS).key(0)
            }
            // before the first heartbeat of a visit that begins at this instant: those are later sessions
            Event::Leave { session } => {
                let parts = Parts::new(10, sessions[session.index()].instance).with(u64::from(session.0), 32);
                parts.with(u64::from(MAX_NUMBER), NUMBER_BITS).with(1, 1).key(0)
            }
            Event::WatchAction { session } => {
                let parts = Parts::new(11, sessions[session.index()].instance);
                parts.with(u64::from(session.0), 32).key(0)
            }
            Event::Background { entry, number } => numbered(12, InstanceId(entry), number),
            Event::Due { instance, number } => Parts::new(13, instance).key(number),
            Event::FetchPreview { asker, entry, number, copy } => {
                let parts = Parts::new(14, asker).with(u64::from(entry), 32);
                parts.with(u64::from(number), NUMBER_BITS).key(copy)
            }
            // an end comes before another telling
            Event::Lie { instance, lie, time } => {
                let parts = Parts::new(15, instance).with(u64::from(lie), 32);
                let [is_told, time] = time.map_or([0, 0], |time| [1, u64::from(time)]);
                parts.with(is_told, 1).with(time, NUMBER_BITS).key(0)
            }
        }
    }

    /// The instance at which it happens. `None` for a sample (all instances) and for background (the scenario knows).
    pub fn place(&self, sessions: &[Session]) -> Option<InstanceId> {
        match *self {
            Event::Stop { instance }
            | Event::Restart { instance }
            | Event::Tick { instance, .. }
            | Event::SayTotal { instance, .. }
            | Event::HealthFlush { instance, .. }
            | Event::UpdateFlush { instance, .. }
            | Event::LaneDone { instance, .. }
            | Event::Due { instance, .. }
            | Event::JobLimit { instance, .. }
            | Event::AskBreaker { instance, .. }
            | Event::Lie { instance, .. }
            | Event::FetchPreview { asker: instance, .. } => Some(instance),
            Event::Request { step, ref message, .. } => {
                let is_at_receiver = matches!(step, Step::Reached | Step::Arrived | Step::Verified);
                Some(if is_at_receiver { message.to } else { message.from })
            }
            Event::JobDone { ref message, .. } => Some(message.from),
            Event::Retry { ref message, .. } => Some(message.from),
            Event::Heartbeat { session, .. } | Event::Leave { session } | Event::WatchAction { session } => {
                Some(sessions[session.index()].instance)
            }
            Event::Sample { .. } | Event::Background { .. } => None,
        }
    }

    /// The event as numbers, for a digest: its key, and a hash of the rest of its message.
    pub fn words(&self, sessions: &[Session]) -> [u64; 3] {
        let key = self.key(sessions).of_model;
        let content = match self {
            Event::Request { message, .. } => {
                let said = |activity: &Activity| {
                    [
                        u64::from(activity.author.0),
                        activity.result.map_or(u64::MAX, u64::from),
                        activity.views.map_or(u64::MAX, u64::from),
                        activity.expires.map_or(u64::MAX, Time::ns),
                    ]
                };
                let bytes = [u64::from(message.head_bytes), u64::from(message.body_bytes)];
                fold(&message.activities().flat_map(said).chain(bytes).collect::<Vec<_>>())
            }
            _ => 0,
        };
        [(key >> 64) as u64, key as u64, content]
    }

    /// The event as one line of an event log, to find the first difference between two runs.
    pub fn describe(&self, federation: &Federation, sessions: &[Session]) -> String {
        let name = |id: InstanceId| federation.instances[id.index()].name.as_str();
        match *self {
            Event::Stop { instance } => format!("stop,{}", name(instance)),
            Event::Restart { instance } => format!("restart,{}", name(instance)),
            Event::Tick { instance, number } => format!("tick,{},number={number}", name(instance)),
            Event::SayTotal { instance, video, number } => {
                let video = &federation.videos[video.index()].name;
                format!("say_total,{},video={video} number={number}", name(instance))
            }
            Event::HealthFlush { instance, number } => {
                format!("health_flush,{},number={number}", name(instance))
            }
            Event::UpdateFlush { instance, number } => {
                format!("update_flush,{},number={number}", name(instance))
            }
            Event::Sample { number } => format!("sample,,number={number}"),
            Event::Request { step, ref message, .. } => {
                format!("{},{}", step.name(), message.describe(federation))
            }
            Event::Due { instance, number } => format!("due,{},number={number}", name(instance)),
            Event::JobDone { ref message, .. } => format!("job_done,{}", message.describe(federation)),
            Event::LaneDone { instance, lane, .. } => format!("{}_done,{}", lane.name(), name(instance)),
            Event::JobLimit { instance, job, .. } => format!("job_limit,{},job={job}", name(instance)),
            Event::Retry { ref message, .. } => format!("retry,{}", message.describe(federation)),
            Event::AskBreaker { instance, to } => format!("ask_breaker,{},to={}", name(instance), name(to)),
            Event::Leave { session } => {
                let visit = &sessions[session.index()];
                format!("leave,{},session={session}", name(visit.instance))
            }
            Event::WatchAction { session } => {
                let visit = &sessions[session.index()];
                format!("watch_action,{},session={session}", name(visit.instance))
            }
            Event::Background { entry, number } => format!("background,,entry={entry} number={number}"),
            Event::FetchPreview { asker, entry, number, .. } => {
                format!("fetch_preview,{},entry={entry} number={number}", name(asker))
            }
            Event::Lie { instance, lie, time } => {
                let time = time.map_or_else(|| "over".to_owned(), |time| time.to_string());
                format!("lie,{},lie={lie} time={time}", name(instance))
            }
            Event::Heartbeat { session, number } => {
                let visit = &sessions[session.index()];
                let video = &federation.videos[visit.video.index()].name;
                format!("heartbeat,{},video={video} session={session} number={number}", name(visit.instance))
            }
        }
    }
}
impl Lane {
    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Lane::JsonLd => "json_ld",
            Lane::Inbox => "inbox",
            Lane::ViewsInbox => "views_inbox",
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    /// Millions are pending at once, and each is moved several times.
    #[test]
    fn an_event_is_as_small_as_that_of_a_request() {
        assert_eq!(size_of::<Event>(), size_of::<Message>() + 8);
    }

    #[test]
    fn ranks_come_before_instances_and_instances_before_numbers() {
        let sessions = [];
        let events = [
            Event::Restart { instance: InstanceId(9) },
            Event::Tick { instance: InstanceId(0), number: 7 },
            Event::Tick { instance: InstanceId(1), number: 3 },
            Event::Tick { instance: InstanceId(1), number: 4 },
            Event::SayTotal { instance: InstanceId(1), video: VideoId(0), number: 4 },
            Event::SayTotal { instance: InstanceId(1), video: VideoId(1), number: 4 },
            Event::HealthFlush { instance: InstanceId(0), number: 0 },
            Event::Sample { number: 0 },
            Event::Sample { number: 1 },
            Event::LaneDone { instance: InstanceId(0), lane: Lane::JsonLd, worker: 0, epoch: 9 },
            Event::LaneDone { instance: InstanceId(0), lane: Lane::Inbox, worker: 0, epoch: 0 },
            Event::LaneDone { instance: InstanceId(0), lane: Lane::Inbox, worker: 1, epoch: 0 },
            Event::JobLimit { instance: InstanceId(0), job: u64::MAX, slot: 0 },
        ];
        assert!(events.is_sorted_by_key(|event| event.key(&sessions)));
    }
}
