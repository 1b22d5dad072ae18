//! Messages: an activity on its way to one inbox, what the messages of a job share, and the steps of a request.

use super::key::{INSTANCE_BITS, NUMBER_BITS, Parts, VIDEO_BITS};
use crate::domain::federation::Federation;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Form, Kind, Subject};
use crate::mechanism::fate::RetriedId;
use crate::mechanism::pending::Key;
use crate::mechanism::wire::{Persistence, Sizes};
use std::iter;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

const ATTEMPT_BITS: u32 = 5;

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
    /// Bytes of a response without a body.
    pub response_bytes: u16,
}

/// What the messages of one job share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The activity; of a batch the first.
    pub activity: Activity,
    /// The others of a batch.
    pub beside: Option<Arc<[Activity]>>,
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
    pub attempt: u32,
    /// If its activity is tried again at one inbox: which that is.
    pub retried: Option<RetriedId>,
    /// The number of its job, counted per run: a receiver that got an activity twice may forward it twice.
    pub job: u64,
    /// Bytes of the request's body.
    pub body_bytes: u32,
    /// The origin that is expected to answer it with a count, and the bytes of that answer if the count has one digit.
    pub counted_response: Option<(InstanceId, u16)>,
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

    /// Bytes of the response if its receiver takes it, as far as they are known when it leaves; if not, those are `response_bytes`.
    pub fn answer_bytes(&self) -> u64 {
        let counted = self.counted_response.filter(|(origin, _)| *origin == self.to);
        match (self.activity.subject, counted) {
            (Subject::Get(_, bytes), _) => u64::from(bytes),
            (_, Some((_, bytes))) => u64::from(bytes),
            _ => u64::from(self.response_bytes),
        }
    }

    /// Whether a follower says of its viewers what the origin of the video may answer with a count, if its receiver is that.
    pub fn may_be_counted(&self, origin: InstanceId) -> bool {
        self.to == origin && self.letter.may_be_counted(origin)
    }

    /// The key of the event in which its request completes a step.
    pub fn order(&self, step: Step) -> Key {
        self.letter.order(self.to, step)
    }

    /// The key of the event in which it is queued for its next attempt.
    pub fn retry_order(&self) -> Key {
        self.name.add_to(Parts::new(9, self.to), self.attempt).key(self.job)
    }
}

impl LetterName {
    const BITS: u32 = INSTANCE_BITS + VIDEO_BITS + 4 + 32 + NUMBER_BITS;

    /// The name of an activity that `from` sends.
    pub fn new(activity: &Activity, kind: Kind, from: InstanceId) -> LetterName {
        // What is said at ticks has no session; its author tells it from what the same origin forwards beside it.
        let who = match activity.subject {
            Subject::Total | Subject::ViewCount | Subject::Update => activity.author.0,
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
    pub fn order(self, to: InstanceId, attempt: u32, step: Step, job: u64) -> Key {
        self.add_to(Parts::new(6, to), attempt).with(step as u64, 3).key(job)
    }

    /// Appends the name and the attempt to the parts of a key. Attempts beyond the 31st are told apart by their jobs.
    #[inline]
    pub(super) fn add_to(self, Parts { joined, free_bits }: Parts, attempt: u32) -> Parts {
        let joined = joined << LetterName::BITS | self.0;
        let parts = Parts { joined, free_bits: free_bits - LetterName::BITS };
        parts.with(u64::from(attempt).min((1 << ATTEMPT_BITS) - 1), ATTEMPT_BITS)
    }
}

impl Letter {
    /// All activities that it carries: more than one in a batch.
    pub fn activities(&self) -> impl Iterator<Item = &Activity> {
        iter::once(&self.activity).chain(self.beside.iter().flat_map(|beside| beside.iter()))
    }

    /// Bytes of the head of its request to `to`, and of the response of a server of the form `receiver`.
    pub fn heads(&self, to: InstanceId, receiver: Form, sizes: &mut Sizes<'_>) -> [u16; 2] {
        let Letter { from, form, persistence, activity, body_bytes, .. } = self;
        let request = match activity.subject {
            Subject::Get(..) => sizes.get_head(*form, to, activity),
            _ => sizes.request_head(*form, *from, to, activity, u64::from(*body_bytes)),
        };
        let response = sizes.response_head(receiver);
        let kept = match persistence {
            Persistence::Closed => [0, 0],
            Persistence::Kept => [sizes.kept_request_extra(), sizes.kept_response_extra()],
        };
        [request + kept[0], response + kept[1]].map(|bytes| u16::try_from(bytes).expect("names are short"))
    }

    /// Whether a follower says of its viewers what the origin of the video may answer with a count.
    pub fn may_be_counted(&self, origin: InstanceId) -> bool {
        self.from != origin && matches!(self.kind, Kind::Viewer | Kind::FollowerTotal)
    }

    /// The key of the event in which its request to `to` completes a step.
    #[inline]
    pub fn order(&self, to: InstanceId, step: Step) -> Key {
        self.name.order(to, self.attempt, step, self.job)
    }
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
impl Message {
    /// The message as the end of a line of an event log.
    pub(super) fn describe(&self, federation: &Federation) -> String {
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
    /// The name in event logs.
    pub(super) fn name(self) -> &'static str {
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
