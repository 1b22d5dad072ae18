//! Observations of a live run: the calls of `Observer` as values, which cross threads in the order of the run.

use crate::domain::protocol::Rules;
use crate::event::{Letter, Message};
use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::instance::{Heartbeat, Input, Instance};
use crate::mechanism::activity::Activity;
use crate::mechanism::transport::TransportBytes;
use crate::mechanism::views::ViewsLog;
use crate::observe::{AnswerEnd, HealthNote, Observer, QueueName, QueueSample, RequestOutcome};
use std::rc::Rc;

pub(super) enum Observation {
    Handled { now: Time, clock: Time, instance: InstanceId, input: OwnedInput },
    Sent { now: Time, message: OwnedMessage },
    Left { now: Time, message: OwnedMessage },
    Refused { now: Time, message: OwnedMessage },
    Delivered { now: Time, message: OwnedMessage },
    Answered { at: Time, message: OwnedMessage, bytes: u64, end: AnswerEnd },
    Processed { now: Time, message: OwnedMessage },
    Ended { now: Time, message: OwnedMessage, outcome: RequestOutcome },
    JobStarted { now: Time, instance: InstanceId, queue: QueueName, waited: Span },
    JobUnstarted { waited: Span },
    Health { now: Time, note: HealthNote },
    Views { instance: InstanceId, log: ViewsLog },
    Sample { now: Time, number: u32, instances: Vec<Instance>, queues: Vec<QueueSample> },
}

/// A `Message` by value, which can cross threads.
#[derive(Clone, Debug)]
pub(super) struct OwnedMessage {
    pub(super) letter: Letter,
    pub(super) to: InstanceId,
    pub(super) head_bytes: u16,
    pub(super) response_bytes: u16,
}

/// An `Input` of an instance by value.
pub(super) enum OwnedInput {
    Heartbeat(Heartbeat),
    Receive { activity: Activity, sender: InstanceId },
    Answer { activity: Activity },
    Tick { number: u32 },
    SayTotal { video: VideoId, number: u32 },
    FlushUpdates { number: u32 },
    Leave { video: VideoId, viewer: ViewerId },
    ReportWatch { video: VideoId, viewer: ViewerId, session: SessionId },
    Stop,
    Restart(Option<Rules>),
}

impl OwnedInput {
    pub(super) fn input(&self) -> Input<'_> {
        match self {
            OwnedInput::Heartbeat(heartbeat) => Input::Heartbeat(*heartbeat),
            OwnedInput::Receive { activity, sender } => Input::Receive { activity, sender: *sender },
            OwnedInput::Answer { activity } => Input::Answer { activity },
            OwnedInput::Tick { number } => Input::Tick { number: *number },
            OwnedInput::SayTotal { video, number } => Input::SayTotal { video: *video, number: *number },
            OwnedInput::FlushUpdates { number } => Input::FlushUpdates { number: *number },
            OwnedInput::Leave { video, viewer } => Input::Leave { video: *video, viewer: *viewer },
            OwnedInput::ReportWatch { video, viewer, session } => {
                Input::ReportWatch { video: *video, viewer: *viewer, session: *session }
            }
            OwnedInput::Stop => Input::Stop,
            OwnedInput::Restart(rules) => Input::Restart(*rules),
        }
    }
}

impl OwnedMessage {
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.head_bytes) + u64::from(self.letter.body_bytes)
    }

    /// Its answer without a body is at one end of its way back.
    pub(super) fn answered(&self, at: Time, end: AnswerEnd) -> Observation {
        Observation::Answered { at, message: self.clone(), bytes: u64::from(self.response_bytes), end }
    }

    pub(super) fn message(&self) -> Message {
        let OwnedMessage { letter, to, head_bytes, response_bytes } = self;
        Message {
            letter: Rc::new(letter.clone()),
            to: *to,
            head_bytes: *head_bytes,
            response_bytes: *response_bytes,
        }
    }
}

impl Observation {
    pub(super) fn report(self, observer: &mut dyn Observer) {
        match self {
            Observation::Handled { now, clock, instance, input } => {
                observer.handled(now, clock, instance, &input.input());
            }
            Observation::Sent { now, message } => observer.sent(now, &message.message(), None),
            // what lies below HTTP is the system's
            Observation::Left { now, message } => {
                observer.left(now, &message.message(), &TransportBytes::default());
            }
            Observation::Refused { now, message } => observer.refused(now, &message.message()),
            Observation::Delivered { now, message } => observer.delivered(now, &message.message()),
            Observation::Answered { at, message, bytes, end } => {
                observer.answered(at, &message.message(), bytes, end);
            }
            Observation::Processed { now, message } => observer.processed(now, &message.message()),
            Observation::Ended { now, message, outcome } => observer.ended(now, &message.message(), outcome),
            Observation::JobStarted { now, instance, queue, waited } => {
                observer.job_started(now, instance, queue, waited);
            }
            Observation::JobUnstarted { waited } => observer.job_unstarted(waited),
            Observation::Health { now, note } => observer.health(now, &note),
            Observation::Views { instance, log } => observer.views(instance, &log),
            Observation::Sample { now, number, instances, queues } => {
                observer.sample(now, number, &instances, &queues);
            }
        }
    }
}
