//! The record of a simulated run, by which its instances can be replayed: every input of each, every request, every start
//! of a job, every note on the health of follows.

use crate::cell::Cell;
use crate::domain::faults::Timetable;
use crate::domain::protocol::Rules;
use crate::event::{Event, Message};
use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::instance::{Effect, Heartbeat, Input, Instance};
use crate::mechanism::activity::{Activity, Subject};
use crate::observe::{AnswerEnd, HealthNote, Observer, QueueName, QueueSample, RequestOutcome};
use crate::parity::log::Log;
use crate::sim;
use std::sync::atomic::AtomicBool;

/// An input of an instance, by value.
#[derive(Clone, Debug)]
pub(super) enum RecordedInput {
    Heartbeat(Heartbeat),
    Receive {
        activity: Activity,
        sender: InstanceId,
    },
    Answer(Activity),
    Tick(u32),
    SayTotal(VideoId, u32),
    FlushUpdates(u32),
    Leave {
        video: VideoId,
        viewer: ViewerId,
    },
    ReportWatch {
        video: VideoId,
        viewer: ViewerId,
        session: SessionId,
    },
    Stop,
    Restart(Option<Box<Rules>>),
    /// No input: the display of the instance is sampled.
    Sample,
}

/// An input and its time.
#[derive(Clone, Debug)]
pub(super) struct TimedInput {
    pub(super) at: Time,
    /// By the clock of the instance.
    pub(super) clock: Time,
    pub(super) what: RecordedInput,
}

/// A job that a queue started.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobStart {
    pub(super) instance: InstanceId,
    pub(super) queue: QueueName,
    /// When it entered the queue.
    pub(super) entered: Time,
}

pub(super) struct Record {
    /// By instance, in order, also those that came while its process was down.
    pub(super) inputs: Vec<Vec<TimedInput>>,
    pub(super) log: Log,
    pub(super) starts: Vec<JobStart>,
    pub(super) health: Vec<(Time, HealthNote)>,
}

impl RecordedInput {
    /// Whether it comes at exactly the same time in both drivers.
    pub(super) fn is_exact(&self) -> bool {
        !matches!(
            self,
            RecordedInput::Heartbeat(_)
                | RecordedInput::Receive { .. }
                | RecordedInput::Answer(_)
                | RecordedInput::Leave { .. }
                | RecordedInput::ReportWatch { .. }
        )
    }

    fn input(&self) -> Option<Input<'_>> {
        Some(match self {
            RecordedInput::Heartbeat(heartbeat) => Input::Heartbeat(*heartbeat),
            RecordedInput::Receive { activity, sender } => Input::Receive { activity, sender: *sender },
            RecordedInput::Answer(activity) => Input::Answer { activity },
            RecordedInput::Tick(number) => Input::Tick { number: *number },
            RecordedInput::SayTotal(video, number) => Input::SayTotal { video: *video, number: *number },
            RecordedInput::FlushUpdates(number) => Input::FlushUpdates { number: *number },
            RecordedInput::Leave { video, viewer } => Input::Leave { video: *video, viewer: *viewer },
            RecordedInput::ReportWatch { video, viewer, session } => {
                Input::ReportWatch { video: *video, viewer: *viewer, session: *session }
            }
            RecordedInput::Stop => Input::Stop,
            RecordedInput::Restart(rules) => Input::Restart(rules.as_deref().copied()),
            RecordedInput::Sample => return None,
        })
    }

    /// Gives it to an instance, and returns what that sends, without times. An instance that is down handles only a restart.
    pub(super) fn give(&self, clock: Time, instance: &mut Instance) -> Vec<Effect> {
        let mut effects = Vec::new();
        match self.input() {
            Some(input) if instance.is_up() || matches!(self, RecordedInput::Restart(_)) => {
                instance.handle(clock, input, &mut effects);
            }
            _ => instance.ask_at(clock),
        }
        for effect in &mut effects {
            effect.activity.built = Time::ZERO;
            effect.activity.expires = effect.activity.expires.map(|_| Time::ZERO);
        }
        effects
    }

    /// The input as text.
    pub(super) fn describe(&self) -> String {
        match self {
            RecordedInput::Heartbeat(heartbeat) => {
                format!("heartbeat {} of visit {}", heartbeat.number, heartbeat.session)
            }
            RecordedInput::Receive { activity, .. } => {
                let author = activity.author;
                let stamp = activity.stamp;
                match activity.subject {
                    Subject::Viewer(..) => {
                        format!("the View of heartbeat {} of visit {}", stamp.number, stamp.session)
                    }
                    Subject::Total => format!("the total of tick {} of instance {author}", stamp.number),
                    _ => format!("what instance {author} sent"),
                }
            }
            RecordedInput::Answer(activity) => format!("the answer to instance {}", activity.author),
            RecordedInput::Tick(number) => format!("tick {number}"),
            RecordedInput::SayTotal(video, number) => {
                format!("the total of video {video} after tick {number}")
            }
            RecordedInput::FlushUpdates(_) => "the flush of updates".to_owned(),
            RecordedInput::Leave { viewer, .. } => format!("that viewer {viewer} leaves"),
            RecordedInput::ReportWatch { session, .. } => format!("the report of visit {session}"),
            RecordedInput::Stop => "the stop".to_owned(),
            RecordedInput::Restart(_) => "the restart".to_owned(),
            RecordedInput::Sample => "the sample".to_owned(),
        }
    }
}

/// Runs a cell event by event and records it.
pub(super) fn record(cell: &Cell, timetable: &Timetable, stop: &AtomicBool) -> Record {
    let mut recorder = Recorder {
        cell,
        timetable,
        record: Record {
            inputs: vec![Vec::new(); cell.federation.instances.len()],
            log: Log::default(),
            starts: Vec::new(),
            health: Vec::new(),
        },
        awaited: None,
    };
    sim::run(cell, &mut recorder, stop);
    recorder.add_missed();
    recorder.record
}

struct Recorder<'a> {
    cell: &'a Cell,
    timetable: &'a Timetable,
    record: Record,
    /// What a client did at the last event, until its instance handles it.
    awaited: Option<(InstanceId, TimedInput)>,
}

impl Recorder<'_> {
    /// Adds what a client did while its instance was down.
    fn add_missed(&mut self) {
        if let Some((instance, missed)) = self.awaited.take() {
            self.record.inputs[instance.index()].push(missed);
        }
    }
}

impl Observer for Recorder<'_> {
    fn event(&mut self, now: Time, event: &Event) {
        self.add_missed();
        let (session, what) = match *event {
            Event::Heartbeat { session, number } => {
                let visit = &self.cell.sessions[session.index()];
                (session, RecordedInput::Heartbeat(Heartbeat::of(visit, session, number, now)))
            }
            Event::Leave { session } => {
                let visit = &self.cell.sessions[session.index()];
                (session, RecordedInput::Leave { video: visit.video, viewer: visit.viewer })
            }
            Event::WatchAction { session } => {
                let visit = &self.cell.sessions[session.index()];
                (session, RecordedInput::ReportWatch { video: visit.video, viewer: visit.viewer, session })
            }
            _ => return,
        };
        let instance = self.cell.sessions[session.index()].instance;
        let clock = now + self.timetable.clock_ahead(instance);
        self.awaited = Some((instance, TimedInput { at: now, clock, what }));
    }

    fn handled(&mut self, now: Time, clock: Time, instance: InstanceId, input: &Input<'_>) {
        let what = match *input {
            Input::Heartbeat(heartbeat) => RecordedInput::Heartbeat(heartbeat),
            Input::Receive { activity, sender } => RecordedInput::Receive { activity: *activity, sender },
            Input::Answer { activity } => RecordedInput::Answer(*activity),
            Input::Tick { number } => RecordedInput::Tick(number),
            Input::SayTotal { video, number } => RecordedInput::SayTotal(video, number),
            Input::FlushUpdates { number } => RecordedInput::FlushUpdates(number),
            Input::Leave { video, viewer } => RecordedInput::Leave { video, viewer },
            Input::ReportWatch { video, viewer, session } => {
                RecordedInput::ReportWatch { video, viewer, session }
            }
            Input::Stop => RecordedInput::Stop,
            Input::Restart(rules) => RecordedInput::Restart(rules.map(Box::new)),
            Input::Heartbeats { .. } => unreachable!("only the column executor skips heartbeats"),
            Input::Lie { .. } => unreachable!("live servers tell no lies"),
            Input::FetchedVideo { .. } => unreachable!("live servers know each other from the start"),
        };
        let is_of_client = matches!(
            what,
            RecordedInput::Heartbeat(_) | RecordedInput::Leave { .. } | RecordedInput::ReportWatch { .. }
        );
        if is_of_client {
            self.awaited = None;
        }
        self.record.inputs[instance.index()].push(TimedInput { at: now, clock, what });
    }

    fn sent(&mut self, now: Time, message: &Message, arrives: Option<Time>) {
        self.record.log.sent(now, message, arrives);
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.record.log.delivered(now, message);
    }

    fn answered(&mut self, at: Time, message: &Message, bytes: u64, end: AnswerEnd) {
        self.record.log.answered(at, message, bytes, end);
    }

    fn processed(&mut self, now: Time, message: &Message) {
        self.record.log.processed(now, message);
    }

    fn ended(&mut self, now: Time, message: &Message, outcome: RequestOutcome) {
        self.record.log.ended(now, message, outcome);
    }

    fn job_started(&mut self, now: Time, instance: InstanceId, queue: QueueName, waited: Span) {
        self.record.starts.push(JobStart { instance, queue, entered: now.before(waited) });
    }

    fn health(&mut self, now: Time, note: &HealthNote) {
        self.record.health.push((now, *note));
    }

    fn sample(&mut self, now: Time, number: u32, instances: &[Instance], queues: &[QueueSample]) {
        self.record.log.sample(now, number, instances, queues);
        for (id, inputs) in self.record.inputs.iter_mut().enumerate() {
            let clock = now + self.timetable.clock_ahead(InstanceId::at(id));
            inputs.push(TimedInput { at: now, clock, what: RecordedInput::Sample });
        }
    }
}
