//! A simulated run, written down so that its instances can be asked again: every input of each, every request, every
//! start of a job, every look at the health of follows; and what each instance showed at any time.

use crate::cell::Cell;
use crate::domain::faults::Timetable;
use crate::domain::protocol::Rules;
use crate::event::{Event, Message};
use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::instance::{Effect, Heartbeat, Input, Instance};
use crate::mechanism::activity::Activity;
use crate::observe::{HealthNote, Observer, QueueName, QueueSample, RequestOutcome};
use crate::parity::log::Log;
use crate::sim;
use std::sync::atomic::AtomicBool;

/// An input of an instance, kept.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    Heartbeat(Heartbeat),
    Receive {
        activity: Activity,
        sender: InstanceId,
    },
    Tick(u32),
    FlushUpdates(u32),
    ReportWatch {
        video: VideoId,
        viewer: ViewerId,
        session: SessionId,
    },
    Stop,
    Restart(Option<Box<Rules>>),
    /// No input: what the instance shows is noted.
    Sample,
}

/// Something that came to an instance.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    /// By the true clock.
    pub(super) at: Time,
    /// By the instance's.
    pub(super) clock: Time,
    pub(super) what: Kept,
}

/// A job that a queue started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) instance: InstanceId,
    pub(super) queue: QueueName,
    /// When it was put into the queue.
    pub(super) entered: Time,
}

/// A run, written down.
pub(super) struct Record {
    /// By instance, in the order in which they came; those that found its process gone are among them.
    pub(super) inputs: Vec<Vec<Taken>>,
    pub(super) log: Log,
    pub(super) starts: Vec<Start>,
    pub(super) health: Vec<(Time, HealthNote)>,
}

impl Kept {
    /// Whether it comes at its time exactly, whoever drives.
    pub(super) fn is_exact(&self) -> bool {
        !matches!(self, Kept::Heartbeat(_) | Kept::Receive { .. } | Kept::ReportWatch { .. })
    }

    fn input(&self) -> Option<Input<'_>> {
        Some(match self {
            Kept::Heartbeat(heartbeat) => Input::Heartbeat(*heartbeat),
            Kept::Receive { activity, sender } => Input::Receive { activity, sender: *sender },
            Kept::Tick(number) => Input::Tick { number: *number },
            Kept::FlushUpdates(number) => Input::FlushUpdates { number: *number },
            Kept::ReportWatch { video, viewer, session } => {
                Input::ReportWatch { video: *video, viewer: *viewer, session: *session }
            }
            Kept::Stop => Input::Stop,
            Kept::Restart(rules) => Input::Restart(rules.as_deref().copied()),
            Kept::Sample => return None,
        })
    }

    /// Gives it to an instance, and returns what that sends, without times. An instance whose process is gone takes nothing
    /// but a restart.
    pub(super) fn give(&self, clock: Time, instance: &mut Instance) -> Vec<Effect> {
        let mut effects = Vec::new();
        match self.input() {
            Some(input) if instance.is_up() || matches!(self, Kept::Restart(_)) => {
                instance.handle(clock, input, &mut effects);
            }
            _ => {}
        }
        for effect in &mut effects {
            effect.activity.built = Time::ZERO;
            effect.activity.expires = effect.activity.expires.map(|_| Time::ZERO);
        }
        effects
    }
}

/// Runs a cell event by event and writes down what happens.
pub(super) fn record(cell: &Cell, timetable: &Timetable, stop: &AtomicBool) -> Record {
    let mut recorder = Recorder {
        cell,
        timetable,
        record: Record {
            inputs: vec![Vec::new(); cell.federation.instances.len()],
            log: Log::new(cell.federation.videos.len()),
            starts: Vec::new(),
            health: Vec::new(),
        },
        awaited: None,
    };
    sim::run(cell, &mut recorder, stop);
    recorder.note_missed();
    recorder.record
}

struct Recorder<'a> {
    cell: &'a Cell,
    timetable: &'a Timetable,
    record: Record,
    /// What a client did at the last event, unless its instance has taken it.
    awaited: Option<(InstanceId, Taken)>,
}

impl Recorder<'_> {
    /// What a client did and its instance did not take found no process there.
    fn note_missed(&mut self) {
        if let Some((instance, missed)) = self.awaited.take() {
            self.record.inputs[instance.index()].push(missed);
        }
    }
}

impl Observer for Recorder<'_> {
    fn event(&mut self, now: Time, event: &Event) {
        self.note_missed();
        let (session, what) = match *event {
            Event::Heartbeat { session, number } => {
                let visit = &self.cell.sessions[session.index()];
                let watched = now.since(visit.start);
                let (video, viewer) = (visit.video, visit.viewer);
                (session, Kept::Heartbeat(Heartbeat { video, viewer, session, number, watched }))
            }
            Event::WatchAction { session } => {
                let visit = &self.cell.sessions[session.index()];
                (session, Kept::ReportWatch { video: visit.video, viewer: visit.viewer, session })
            }
            _ => return,
        };
        let instance = self.cell.sessions[session.index()].instance;
        let clock = now + self.timetable.clock_ahead(instance);
        self.awaited = Some((instance, Taken { at: now, clock, what }));
    }

    fn handled(&mut self, now: Time, clock: Time, instance: InstanceId, input: &Input<'_>) {
        let what = match *input {
            Input::Heartbeat(heartbeat) => Kept::Heartbeat(heartbeat),
            Input::Receive { activity, sender } => Kept::Receive { activity: *activity, sender },
            Input::Tick { number } => Kept::Tick(number),
            Input::FlushUpdates { number } => Kept::FlushUpdates(number),
            Input::ReportWatch { video, viewer, session } => Kept::ReportWatch { video, viewer, session },
            Input::Stop => Kept::Stop,
            Input::Restart(rules) => Kept::Restart(rules.map(Box::new)),
            Input::Heartbeats { .. } => unreachable!("only runs that work apart skip heartbeats"),
        };
        if matches!(what, Kept::Heartbeat(_) | Kept::ReportWatch { .. }) {
            self.awaited = None;
        }
        self.record.inputs[instance.index()].push(Taken { at: now, clock, what });
    }

    fn sent(&mut self, now: Time, message: &Message, arrives: Option<Time>) {
        self.record.log.sent(now, message, arrives);
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.record.log.delivered(now, message);
    }

    fn processed(&mut self, now: Time, message: &Message) {
        self.record.log.processed(now, message);
    }

    fn ended(&mut self, now: Time, message: &Message, outcome: RequestOutcome) {
        self.record.log.ended(now, message, outcome);
    }

    fn job_started(&mut self, now: Time, instance: InstanceId, queue: QueueName, waited: Span) {
        self.record.starts.push(Start { instance, queue, entered: now.before(waited) });
    }

    fn health(&mut self, now: Time, note: &HealthNote) {
        self.record.health.push((now, *note));
    }

    fn sample(&mut self, now: Time, number: u32, instances: &[Instance], queues: &[QueueSample]) {
        self.record.log.sample(now, number, instances, queues);
        for inputs in &mut self.record.inputs {
            inputs.push(Taken { at: now, clock: now, what: Kept::Sample });
        }
    }
}
