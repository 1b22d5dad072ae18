//! What a run did, message by message and sample by sample, whoever drove it.
//!
//! A message is named by what it carries and whom it goes between, never by a time or by the order of work, so that the
//! same message has the same name in the simulation and over real HTTP. Times are true model time.

use crate::cell::Cell;
use crate::domain::federation::Federation;
use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Time;
use crate::instance::{Effect, Input, Instance};
use crate::mechanism::activity::{Kind, Stamp, Subject};
use crate::observe::{Observer, QueueSample, RequestOutcome};
use crate::parity::history::{History, instances};
use std::collections::BTreeMap;

/// What tells a message from all others of a run. In this order messages lie beside those of their link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The instance that sends it.
    pub from: InstanceId,
    /// The instance that it goes to.
    pub to: InstanceId,
    /// Its kind.
    pub kind: Kind,
    /// The video.
    pub video: VideoId,
    /// Who built what it carries.
    pub author: InstanceId,
    /// What that is about.
    pub subject: Subject,
    /// Which sending that is.
    pub stamp: Stamp,
    /// How often the message was sent before.
    pub attempt: u8,
}

/// One request, as far as it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Its job, counted per run.
    pub job: u64,
    /// When its job was made.
    pub created: Time,
    /// When it began.
    pub begun: Time,
    /// When its receiver took it.
    pub delivered: Option<Time>,
    /// When what it carries took effect.
    pub effect: Option<Time>,
    /// When it was over for its sender, and how.
    pub over: Option<(Time, RequestOutcome)>,
    /// The count that it carries.
    pub result: Option<u32>,
    /// Bytes of its head.
    pub head_bytes: u32,
    /// Bytes of its body.
    pub body_bytes: u32,
}

/// What was displayed at one sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When it was planned.
    pub at: Time,
    /// By instance and then video; none at an instance that is down.
    pub counts: Vec<Option<Vec<u64>>>,
}

/// Notes what a driver reports, for a comparison with another driver.
#[derive(Clone, Debug, Default)]
pub struct Log {
    videos: usize,
    messages: BTreeMap<Name, Vec<Passage>>,
    samples: Vec<Shown>,
}

impl Name {
    /// The name of a message.
    pub fn of(message: &Message) -> Name {
        let activity = &message.activity;
        Name {
            from: message.from,
            to: message.to,
            kind: message.kind,
            video: activity.video,
            author: activity.author,
            subject: activity.subject,
            stamp: activity.stamp,
            attempt: message.attempt,
        }
    }

    /// What it is, for people.
    pub fn describe(&self, federation: &Federation) -> String {
        let name = |id: InstanceId| federation.instances[id.index()].name.as_str();
        let Stamp { session, number } = self.stamp;
        let what = match self.subject {
            Subject::Viewer(..) => format!("the View of heartbeat {number} of visit {session}"),
            Subject::Total => format!("the total of tick {number}"),
            Subject::Plain(_) => format!("the plain view of heartbeat {number} of visit {session}"),
            Subject::Update => format!("update {number}"),
            Subject::WatchAction(_) => format!("the WatchAction of visit {session}"),
            Subject::Background => format!("background job {number} of entry {session}"),
        };
        let author =
            if self.author == self.from { String::new() } else { format!(" by {}", name(self.author)) };
        format!("{what}{author}, {} -> {}", name(self.from), name(self.to))
    }
}

impl Log {
    /// Nothing yet, in a federation of so many videos.
    pub fn new(videos: usize) -> Log {
        Log { videos, ..Log::default() }
    }

    /// All messages by name, each with its requests in the order in which they began.
    pub fn messages(&self) -> &BTreeMap<Name, Vec<Passage>> {
        &self.messages
    }

    /// The samples, in order.
    pub fn samples(&self) -> &[Shown] {
        &self.samples
    }

    /// Sets what the first request of this message has not reached yet.
    fn reach(
        &mut self,
        message: &Message,
        is_open: impl Fn(&Passage) -> bool,
        set: impl FnOnce(&mut Passage),
    ) {
        let passages = self.messages.get_mut(&Name::of(message));
        if let Some(passage) = passages.into_iter().flatten().find(|passage| is_open(passage)) {
            set(passage);
        }
    }
}

impl Observer for Log {
    fn sent(&mut self, now: Time, message: &Message, _arrives: Option<Time>) {
        let passage = Passage {
            job: message.job,
            created: message.created,
            begun: now,
            delivered: None,
            effect: None,
            over: None,
            result: message.activity.result,
            head_bytes: u32::from(message.head_bytes),
            body_bytes: message.body_bytes,
        };
        self.messages.entry(Name::of(message)).or_default().push(passage);
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.reach(message, |passage| passage.delivered.is_none(), |passage| passage.delivered = Some(now));
    }

    fn processed(&mut self, now: Time, message: &Message) {
        let is_open = |passage: &Passage| passage.effect.is_none() && passage.delivered.is_some();
        self.reach(message, is_open, |passage| passage.effect = Some(now));
    }

    fn ended(&mut self, now: Time, message: &Message, outcome: RequestOutcome) {
        self.reach(message, |passage| passage.over.is_none(), |passage| passage.over = Some((now, outcome)));
    }

    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], _queues: &[QueueSample]) {
        let videos = self.videos;
        let counts = |instance: &Instance| {
            let counts = (0..videos).map(|video| instance.displayed(VideoId::at(video)));
            instance.is_up().then(|| counts.collect())
        };
        self.samples.push(Shown { at: now, counts: instances.iter().map(counts).collect() });
    }
}

/// What every instance shows at any time of a run, found out on copies that are given the same inputs.
#[derive(Clone, Debug)]
pub struct Counts {
    instances: Vec<Instance>,
    pub(super) histories: Vec<History>,
    effects: Vec<Effect>,
}

impl Counts {
    /// Of a cell before anything happens.
    pub fn new(cell: &Cell) -> Counts {
        let instances = instances(cell);
        let history = History::new(cell.federation.videos.len());
        Counts { histories: vec![history; instances.len()], instances, effects: Vec::new() }
    }
}

impl Observer for Counts {
    fn handled(&mut self, now: Time, clock: Time, instance: InstanceId, input: &Input<'_>) {
        let copy = &mut self.instances[instance.index()];
        copy.handle(clock, *input, &mut self.effects);
        self.effects.clear();
        self.histories[instance.index()].note(now, copy);
    }
}
