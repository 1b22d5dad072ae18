//! The events of a run: a closed set, and the key that orders events of one instant.
//!
//! The order at one instant is: stops, restarts, ticks, flushes, samples, requests, the rest of delivery, heartbeats,
//! other traffic; within a rank by instance, then link, video, kind, session (of a total: author), number, attempt and
//! step. So a tick cleans what expires at that very instant, a sample sees that tick and none of the arrivals, and an
//! arrival finds what was there before any heartbeat. Recordings have no such ties; this choice is the model's.

use crate::domain::federation::Federation;
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, SessionId};
use crate::foundation::random::fold;
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Form, Kind, Subject};
use crate::mechanism::pending::Key;
use crate::mechanism::wire::{Persistence, Sizes};

use std::ops::Deref;
use std::rc::Rc;

/// The greatest number of heartbeats in a session, ticks or samples that a key can tell apart.
pub const MAX_NUMBER: u32 = (1 << NUMBER_BITS) - 1;

const NUMBER_BITS: u32 = 28;
/// A federation has at most 20,000 instances.
const INSTANCE_BITS: u32 = 15;
/// And at most a million videos.
const VIDEO_BITS: u32 = 20;

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
    /// A single thread of an instance is done with a task.
    LaneDone {
        /// Where.
        instance: InstanceId,
        /// Which thread.
        lane: Lane,
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
    /// A message that failed is queued again.
    Retry(Message),
    /// A client reports to its instance that its viewer still watches.
    Heartbeat {
        /// Whose.
        session: SessionId,
        /// Counts up per session.
        number: u32,
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
}

/// The steps of a request's path (`request::path`), in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The sender has signed it; it leaves.
    Signed = 0,
    /// It has reached the receiver's downlink.
    Reached = 1,
    /// The receiver has all of its bytes: it arrives.
    Arrived = 2,
    /// The receiver has verified it, answers, and puts it into its inbox queue.
    Verified = 3,
    /// The answer has reached the sender's downlink.
    Answered = 4,
    /// It is over for the sender.
    Ended = 5,
    /// Its deadline passes before it is over.
    TimedOut = 6,
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

/// An activity on its way to one inbox. What all messages of a job share is in its letter, whose fields are reached by
/// `Deref`; so a message is small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What all messages of the job share.
    pub letter: Rc<Letter>,
    /// The instance that receives it.
    pub to: InstanceId,
    /// Bytes of the request's head.
    pub head_bytes: u16,
    /// Bytes of the response, if there is one.
    pub response_bytes: u16,
}

/// What the messages of one job share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The activity.
    pub activity: Activity,
    /// Its kind, by content and sender.
    pub kind: Kind,
    /// The instance that sends it (its author, or the origin that forwards it).
    pub from: InstanceId,
    /// The form of the sender's request heads.
    pub form: Form,
    /// Whether its sender keeps connections.
    pub persistence: Persistence,
    /// When its job was created, by the true clock.
    pub created: Time,
    /// When its author built the activity, by the true clock.
    pub authored: Time,
    /// The number of attempts before this one.
    pub attempt: u8,
    /// The number of its job, counted per run: a receiver that got an activity twice may forward it twice.
    pub job: u64,
    /// Bytes of the request's body.
    pub body_bytes: u32,
    /// The same for its attempts and copies, different from all other letters.
    pub name: LetterName,
}

/// The identity of a letter apart from attempt and copy: sender, video, kind, session (of a total: author) and number, packed
/// into bits in the order of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LetterName(u128);

impl Deref for Message {
    type Target = Letter;

    fn deref(&self) -> &Letter {
        &self.letter
    }
}

impl Message {
    /// Bytes of the request.
    pub fn bytes(&self) -> u64 {
        u64::from(self.head_bytes) + u64::from(self.body_bytes)
    }

    /// The key of the event in which its request completes a step.
    pub fn order(&self, step: Step) -> Key {
        self.letter.order(self.to, step)
    }
}

impl LetterName {
    const BITS: u32 = INSTANCE_BITS + VIDEO_BITS + 4 + 32 + NUMBER_BITS;

    /// The name of an activity that `from` sends.
    pub fn new(activity: &Activity, kind: Kind, from: InstanceId) -> LetterName {
        // A total has no session; its author tells it from the totals that the same origin forwards beside it.
        let who = match activity.subject {
            Subject::Total | Subject::Update => activity.author.0,
            _ => activity.stamp.session.0,
        };
        let parts = Parts { joined: 0, free_bits: LetterName::BITS }
            .with(u64::from(from.0), INSTANCE_BITS)
            .with(u64::from(activity.video.0), VIDEO_BITS)
            .with(kind as u64, 4)
            .with(u64::from(who), 32)
            .with(u64::from(activity.stamp.number), NUMBER_BITS);
        LetterName(parts.joined)
    }

    /// The key of the event in which a request of a letter completes a step; `job` distinguishes copies.
    #[inline]
    pub fn order(self, to: InstanceId, attempt: u8, step: Step, job: u64) -> Key {
        self.add_to(Parts::new(6, to), attempt).with(step as u64, 3).key(job)
    }

    /// Appends the name and the attempt to the parts of a key.
    #[inline]
    fn add_to(self, Parts { joined, free_bits }: Parts, attempt: u8) -> Parts {
        let joined = joined << LetterName::BITS | self.0;
        Parts { joined, free_bits: free_bits - LetterName::BITS }.with(u64::from(attempt), 5)
    }
}

impl Letter {
    /// Bytes of the head of its request to `to`, and of the response of a server of the form `receiver`.
    pub fn heads(&self, to: InstanceId, receiver: Form, sizes: &mut Sizes<'_>) -> [u16; 2] {
        let Letter { from, form, persistence, activity, body_bytes, .. } = self;
        let request = sizes.request_head(*form, *from, to, activity, u64::from(*body_bytes));
        let response = sizes.response_head(receiver);
        let kept = match persistence {
            Persistence::Closed => [0, 0],
            Persistence::Kept => [sizes.kept_request_extra(), sizes.kept_response_extra()],
        };
        [request + kept[0], response + kept[1]].map(|bytes| u16::try_from(bytes).expect("names are short"))
    }

    /// The key of the event in which its request to `to` completes a step.
    #[inline]
    pub fn order(&self, to: InstanceId, step: Step) -> Key {
        self.name.order(to, self.attempt, step, self.job)
    }
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
            Event::HealthFlush { instance, number } => numbered(3, instance, number),
            Event::UpdateFlush { instance, number } => numbered(4, instance, number),
            Event::Sample { number } => numbered(5, InstanceId(0), number),
            Event::Request { step, ref message, .. } | Event::JobDone { step, ref message, .. } => {
                message.order(step)
            }
            Event::LaneDone { instance, lane, epoch } => {
                Parts::new(7, instance).with(lane as u64, 2).with(u64::from(epoch), 32).key(0)
            }
            Event::JobLimit { instance, job, .. } => Parts::new(8, instance).with(job, 64).key(0),
            Event::Retry(ref message) => {
                message.name.add_to(Parts::new(9, message.to), message.attempt).key(message.job)
            }
            Event::Heartbeat { session, number } => {
                let parts = Parts::new(10, sessions[session.index()].instance);
                parts.with(u64::from(session.0), 32).with(u64::from(number), NUMBER_BITS).key(0)
            }
            Event::WatchAction { session } => {
                let parts = Parts::new(11, sessions[session.index()].instance);
                parts.with(u64::from(session.0), 32).key(0)
            }
            Event::Background { entry, number } => numbered(12, InstanceId(entry), number),
            Event::Due { instance, number } => Parts::new(13, instance).key(number),
        }
    }

    /// The instance at which it happens. `None` for a sample (all instances) and for background (the scenario knows).
    pub fn place(&self, sessions: &[Session]) -> Option<InstanceId> {
        match *self {
            Event::Stop { instance }
            | Event::Restart { instance }
            | Event::Tick { instance, .. }
            | Event::HealthFlush { instance, .. }
            | Event::UpdateFlush { instance, .. }
            | Event::LaneDone { instance, .. }
            | Event::Due { instance, .. }
            | Event::JobLimit { instance, .. } => Some(instance),
            Event::Request { step, ref message, .. } => {
                let is_at_receiver = matches!(step, Step::Reached | Step::Arrived | Step::Verified);
                Some(if is_at_receiver { message.to } else { message.from })
            }
            Event::JobDone { ref message, .. } | Event::Retry(ref message) => Some(message.from),
            Event::Heartbeat { session, .. } | Event::WatchAction { session } => {
                Some(sessions[session.index()].instance)
            }
            Event::Sample { .. } | Event::Background { .. } => None,
        }
    }

    /// The event as numbers, for a digest: its key, and a hash of the rest of its message.
    pub fn words(&self, sessions: &[Session]) -> [u64; 3] {
        let key = self.key(sessions).of_model;
        let content = match self {
            Event::Request { message, .. } => fold(&[
                u64::from(message.activity.author.0),
                message.activity.result.map_or(u64::MAX, u64::from),
                message.activity.expires.map_or(u64::MAX, Time::ns),
                u64::from(message.head_bytes),
                u64::from(message.body_bytes),
            ]),
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
            Event::Retry(ref message) => format!("retry,{}", message.describe(federation)),
            Event::WatchAction { session } => {
                let visit = &sessions[session.index()];
                format!("watch_action,{},session={session}", name(visit.instance))
            }
            Event::Background { entry, number } => format!("background,,entry={entry} number={number}"),
            Event::Heartbeat { session, number } => {
                let visit = &sessions[session.index()];
                let video = &federation.videos[visit.video.index()].name;
                format!("heartbeat,{},video={video} session={session} number={number}", name(visit.instance))
            }
        }
    }
}

impl Message {
    fn describe(&self, federation: &Federation) -> String {
        let Letter { activity, kind, from, attempt, .. } = &*self.letter;
        let name = |id: InstanceId| federation.instances[id.index()].name.as_str();
        let video = &federation.videos[activity.video.index()].name;
        let count = activity.result.map_or_else(|| "none".to_owned(), |count| count.to_string());
        let expires = activity.expires.map_or_else(|| "never".to_owned(), |at| at.ns().to_string());
        format!(
            "{},kind={} from={} author={} video={video} session={} number={} attempt={attempt} result={count} expires_ns={expires}",
            name(self.to),
            kind.name(),
            name(*from),
            name(activity.author),
            activity.stamp.session,
            activity.stamp.number
        )
    }
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Signed => "signed",
            Step::Reached => "reached",
            Step::Arrived => "arrival",
            Step::Verified => "verified",
            Step::Answered => "answered",
            Step::Ended => "ended",
            Step::TimedOut => "timed_out",
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

/// A key under construction: fixed-width parts, the most significant first (rank, instance, others).
struct Parts {
    joined: u128,
    free_bits: u32,
}

impl Parts {
    #[inline]
    fn new(rank: u128, instance: InstanceId) -> Parts {
        const RANK_BITS: u32 = 4;
        Parts { joined: rank, free_bits: u128::BITS - RANK_BITS }.with(u64::from(instance.0), INSTANCE_BITS)
    }

    #[inline]
    fn with(self, part: u64, bits: u32) -> Parts {
        assert!(bits == u64::BITS || part >> bits == 0, "{part} does not fit {bits} bits");
        Parts { joined: self.joined << bits | u128::from(part), free_bits: self.free_bits - bits }
    }

    #[inline]
    fn key(self, copy: u64) -> Key {
        Key { of_model: self.joined << self.free_bits, copy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_come_before_instances_and_instances_before_numbers() {
        let sessions = [];
        let events = [
            Event::Restart { instance: InstanceId(9) },
            Event::Tick { instance: InstanceId(0), number: 7 },
            Event::Tick { instance: InstanceId(1), number: 3 },
            Event::Tick { instance: InstanceId(1), number: 4 },
            Event::HealthFlush { instance: InstanceId(0), number: 0 },
            Event::Sample { number: 0 },
            Event::Sample { number: 1 },
            Event::LaneDone { instance: InstanceId(0), lane: Lane::JsonLd, epoch: 9 },
            Event::LaneDone { instance: InstanceId(0), lane: Lane::Inbox, epoch: 0 },
            Event::JobLimit { instance: InstanceId(0), job: u64::MAX, slot: 0 },
        ];
        assert!(events.is_sorted_by_key(|event| event.key(&sessions)));
    }
}
