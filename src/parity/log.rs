//! The log of a run, message by message and sample by sample, by either driver.
//!
//! A message is named by its ends and by what it carries, never by a time or by an order. So the same message has the same
//! name in the simulation and over real HTTP. Times are model time by the true clock.

use crate::cell::Cell;
use crate::domain::federation::Federation;
use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Time;
use crate::instance::{Effect, Input, Instance};
use crate::mechanism::activity::{FetchReason, Kind, Stamp, Subject};
use crate::observe::{AnswerEnd, Observer, QueueSample, RequestOutcome};
use crate::parity::history::{DisplayHistory, Shown, displays, instances};
use std::collections::BTreeMap;

/// The name of a message, unique in a run. The order is by link first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageName {
    /// The instance that sends it.
    pub from: InstanceId,
    /// The instance that it goes to.
    pub to: InstanceId,
    /// Its kind.
    pub kind: Kind,
    /// The video.
    pub video: VideoId,
    /// Who built the activity.
    pub author: InstanceId,
    /// What the activity is about.
    pub subject: Subject,
    /// Which sending it is.
    pub stamp: Stamp,
    /// How often it was sent before.
    pub attempt: u32,
}

/// One request, as far as it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its job, counted per run.
    pub job: u64,
    /// When its job was created.
    pub created: Time,
    /// When it began.
    pub begun: Time,
    /// When its receiver accepted it.
    pub delivered: Option<Time>,
    /// When its activity took effect.
    pub effect: Option<Time>,
    /// When it ended for its sender, and how.
    pub over: Option<(Time, RequestOutcome)>,
    /// The numbers of viewers and of views that it carries.
    pub counts: [Option<u32>; 2],
    /// Bytes of its head.
    pub head_bytes: u32,
    /// Bytes of its body.
    pub body_bytes: u32,
    /// If its answer has a body: when that has crossed the link back, and how many bytes it has.
    pub answer: Option<(Time, u64)>,
}

/// What was displayed at one sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplaySample {
    /// Its planned time.
    pub at: Time,
    /// By instance, then by what it displays more than 0 of. None at an instance that is down.
    pub counts: Vec<Option<BTreeMap<Shown, u64>>>,
}

/// Logs what a driver reports, for the comparison with the other driver.
#[derive(Clone, Debug, Default)]
pub struct Log {
    messages: BTreeMap<MessageName, Vec<Request>>,
    samples: Vec<DisplaySample>,
}

impl MessageName {
    /// The name of a message.
    pub fn of(message: &Message) -> MessageName {
        let activity = &message.activity;
        MessageName {
            from: message.from,
            to: message.to,
            kind: message.kind,
            video: activity.video,
            author: activity.author,
            // how large an answer is, is what it says
            subject: match activity.subject {
                Subject::Get(asked, _) => Subject::Get(asked, 0),
                subject => subject,
            },
            stamp: activity.stamp,
            attempt: message.attempt,
        }
    }

    /// The message as text.
    pub fn describe(&self, federation: &Federation) -> String {
        let name = |id: InstanceId| federation.instances[id.index()].name.as_str();
        let Stamp { session, number } = self.stamp;
        let what = match self.subject {
            Subject::Viewer(..) => format!("the View of heartbeat {number} of visit {session}"),
            Subject::Total => format!("the total of tick {number}"),
            Subject::Plain(_) => format!("the plain view of heartbeat {number} of visit {session}"),
            Subject::ViewCount => format!("the count of views of tick {number}"),
            Subject::Update => format!("update {number}"),
            Subject::WatchAction(_) => format!("the WatchAction of visit {session}"),
            Subject::Background(_) => format!("background job {number} of entry {session}"),
            Subject::Get(FetchReason::AfterUpdate, _) => format!("GET {session} after update {number}"),
            Subject::Get(FetchReason::Actor, _) => format!("GET {session} for the actor"),
            Subject::Get(FetchReason::Video, _) => format!("GET {session} for the video"),
            Subject::Get(FetchReason::Count, _) => {
                format!("the GET of the count at heartbeat {number} of visit {session}")
            }
            Subject::Get(FetchReason::Preview, _) => {
                format!("the preview of background job {number} of entry {session}")
            }
        };
        let author =
            if self.author == self.from { String::new() } else { format!(" by {}", name(self.author)) };
        format!("{what}{author}, {} -> {}", name(self.from), name(self.to))
    }
}

impl Log {
    /// All messages by name, each with its requests in the order of their beginnings.
    pub fn messages(&self) -> &BTreeMap<MessageName, Vec<Request>> {
        &self.messages
    }

    /// The samples, in order.
    pub fn samples(&self) -> &[DisplaySample] {
        &self.samples
    }

    /// Sets a field of the first request of a message that has it open.
    fn reach(
        &mut self,
        message: &Message,
        is_open: impl Fn(&Request) -> bool,
        set: impl FnOnce(&mut Request),
    ) {
        let requests = self.messages.get_mut(&MessageName::of(message));
        if let Some(request) = requests.into_iter().flatten().find(|request| is_open(request)) {
            set(request);
        }
    }
}

impl Observer for Log {
    fn sent(&mut self, now: Time, message: &Message, _arrives: Option<Time>) {
        let request = Request {
            job: message.job,
            created: message.created,
            begun: now,
            delivered: None,
            effect: None,
            over: None,
            counts: [message.activity.result, message.activity.views],
            head_bytes: u32::from(message.head_bytes),
            body_bytes: message.body_bytes,
            answer: None,
        };
        self.messages.entry(MessageName::of(message)).or_default().push(request);
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.reach(message, |request| request.delivered.is_none(), |request| request.delivered = Some(now));
    }

    fn answered(&mut self, at: Time, message: &Message, bytes: u64, end: AnswerEnd) {
        let has_body = message.kind.is_get() || bytes > u64::from(message.response_bytes);
        if has_body && end == AnswerEnd::Arrives {
            let answer = Some((at, bytes));
            self.reach(message, |request| request.answer.is_none(), |request| request.answer = answer);
        }
    }

    fn processed(&mut self, now: Time, message: &Message) {
        let is_open = |request: &Request| request.effect.is_none() && request.delivered.is_some();
        self.reach(message, is_open, |request| request.effect = Some(now));
    }

    fn ended(&mut self, now: Time, message: &Message, outcome: RequestOutcome) {
        self.reach(message, |request| request.over.is_none(), |request| request.over = Some((now, outcome)));
    }

    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], _queues: &[QueueSample]) {
        let counts = |instance: &Instance| instance.is_up().then(|| displays(instance).collect());
        self.samples.push(DisplaySample { at: now, counts: instances.iter().map(counts).collect() });
    }
}

/// What every instance displays at any time of a run. Copies of the instances handle the same inputs.
#[derive(Clone, Debug)]
pub struct DisplayedCounts {
    instances: Vec<Instance>,
    pub(super) histories: Vec<DisplayHistory>,
    effects: Vec<Effect>,
}

impl DisplayedCounts {
    /// A cell before its first event.
    pub fn new(cell: &Cell) -> DisplayedCounts {
        let instances = instances(cell);
        let histories = vec![DisplayHistory::default(); instances.len()];
        DisplayedCounts { histories, instances, effects: Vec::new() }
    }
}

impl Observer for DisplayedCounts {
    fn handled(&mut self, now: Time, clock: Time, instance: InstanceId, input: &Input<'_>) {
        let copy = &mut self.instances[instance.index()];
        copy.handle(clock, *input, &mut self.effects);
        self.effects.clear();
        self.histories[instance.index()].note(now, copy);
    }

    /// Where expiry is exact, what is displayed changes without an input.
    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], _queues: &[QueueSample]) {
        for (instance, history) in instances.iter().zip(&mut self.histories) {
            history.note(now, instance);
        }
    }
}
