//! What the servers of a live run tell whoever observes it: the calls of `Observer` as values, which cross threads in the
//! order of the run.

use crate::domain::protocol::Rules;
use crate::event::{Letter, Message};
use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::instance::{Heartbeat, Input, Instance};
use crate::mechanism::activity::Activity;
use crate::observe::{HealthNote, Observer, QueueName, QueueSample, RequestOutcome};
use std::rc::Rc;

/// One observation.
pub(super) enum Note {
    Handled { now: Time, clock: Time, instance: InstanceId, input: Taken },
    Sent { now: Time, message: Posted },
    Delivered { now: Time, message: Posted },
    Processed { now: Time, message: Posted },
    Ended { now: Time, message: Posted, outcome: RequestOutcome },
    JobStarted { now: Time, instance: InstanceId, queue: QueueName, waited: Span },
    JobUnstarted { waited: Span },
    Health { now: Time, note: HealthNote },
    Sample { now: Time, number: u32, instances: Vec<Instance>, queues: Vec<QueueSample> },
}

/// A message, by value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posted {
    pub(super) letter: Letter,
    pub(super) to: InstanceId,
    pub(super) head_bytes: u16,
    pub(super) response_bytes: u16,
}

/// An input of an instance, by value.
pub(super) enum Taken {
    Heartbeat(Heartbeat),
    Receive { activity: Activity, sender: InstanceId },
    Tick { number: u32 },
    FlushUpdates { number: u32 },
    ReportWatch { video: VideoId, viewer: ViewerId, session: SessionId },
    Stop,
    Restart(Option<Rules>),
}

impl Taken {
    pub(super) fn input(&self) -> Input<'_> {
        match self {
            Taken::Heartbeat(heartbeat) => Input::Heartbeat(*heartbeat),
            Taken::Receive { activity, sender } => Input::Receive { activity, sender: *sender },
            Taken::Tick { number } => Input::Tick { number: *number },
            Taken::FlushUpdates { number } => Input::FlushUpdates { number: *number },
            Taken::ReportWatch { video, viewer, session } => {
                Input::ReportWatch { video: *video, viewer: *viewer, session: *session }
            }
            Taken::Stop => Input::Stop,
            Taken::Restart(rules) => Input::Restart(*rules),
        }
    }
}

impl Posted {
    /// Bytes of the request.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.head_bytes) + u64::from(self.letter.body_bytes)
    }

    fn message(self) -> Message {
        let Posted { letter, to, head_bytes, response_bytes } = self;
        Message { letter: Rc::new(letter), to, head_bytes, response_bytes }
    }
}

impl Note {
    /// Tells an observer.
    pub(super) fn tell(self, observer: &mut impl Observer) {
        match self {
            Note::Handled { now, clock, instance, input } => {
                observer.handled(now, clock, instance, &input.input());
            }
            Note::Sent { now, message } => observer.sent(now, &message.message(), None),
            Note::Delivered { now, message } => observer.delivered(now, &message.message()),
            Note::Processed { now, message } => observer.processed(now, &message.message()),
            Note::Ended { now, message, outcome } => observer.ended(now, &message.message(), outcome),
            Note::JobStarted { now, instance, queue, waited } => {
                observer.job_started(now, instance, queue, waited);
            }
            Note::JobUnstarted { waited } => observer.job_unstarted(waited),
            Note::Health { now, note } => observer.health(now, &note),
            Note::Sample { now, number, instances, queues } => {
                observer.sample(now, number, &instances, &queues);
            }
        }
    }
}
