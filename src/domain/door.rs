//! The door of an instance: what its own clients post to it. Where it tells them when to come (`hints`), heartbeats have times that no session says, and are
//! noted one by one; elsewhere `heartbeats` computes what there is.

use super::protocol::WireForm;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::wire::Names;
use std::collections::BTreeMap;

/// What the clients of one instance post to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// The instance.
    pub instance: InstanceId,
    /// Heartbeats that clients send, and those by which they say that they leave.
    pub sent: u64,
    /// Of these, those that the instance gets and answers: it is up.
    pub answered: u64,
    /// Head and body of the requests that it gets.
    pub request_bytes: u64,
    /// Head of its answers, which have no body.
    pub answer_bytes: u64,
    /// The most that are sent in one second [k, k + 1) of model time.
    pub per_s_peak: u64,
}

/// What an instance answers to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answered {
    /// The form of the answer.
    pub wire: WireForm,
    /// When the client is told to come, if it is told.
    pub told: Option<Span>,
    /// Whether the client says that it leaves.
    pub leaves: bool,
}

/// The heartbeats that one instance has had so far.
#[derive(Clone, Debug, Default)]
pub struct SeenDoor {
    /// How many it has answered, by what.
    answered: BTreeMap<Answered, u64>,
    unanswered: u64,
    /// The last second in which one was sent, and how many in it so far.
    second: (u64, u64),
    per_s_peak: u64,
}

impl SeenDoor {
    /// A client posts a heartbeat, or that it leaves; not answered if the instance is down. They come in the order of time.
    pub fn note(&mut self, now: Time, answered: Option<Answered>) {
        match answered {
            Some(answered) => *self.answered.entry(answered).or_default() += 1,
            None => self.unanswered += 1,
        }
        let second = now.ns() / Span::from_secs(1).ns();
        if self.second.0 != second {
            self.second = (second, 0);
        }
        self.second.1 += 1;
        self.per_s_peak = self.per_s_peak.max(self.second.1);
    }

    /// The door of an instance; `video` is any that its clients watch.
    pub(super) fn door(&self, instance: InstanceId, video: VideoId, names: &Names) -> Door {
        let answered = self.answered.values().sum();
        let SeenDoor { unanswered, per_s_peak, .. } = *self;
        let sent = answered + unanswered;
        let mut door = Door { instance, sent, answered, request_bytes: 0, answer_bytes: 0, per_s_peak };
        for (&Answered { wire, told, leaves }, count) in &self.answered {
            let (head, body) = names.heartbeat(instance, video, leaves);
            door.request_bytes += count * (head.len() + body.len()) as u64;
            door.answer_bytes += count * names.heartbeat_answer(wire.form(), told).len() as u64;
        }
        door
    }
}
