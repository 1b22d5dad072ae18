//! The legs of a request: what crosses the network for it, and the name under which that is drawn.

use crate::foundation::ids::InstanceId;
use crate::foundation::random::fold;
use crate::foundation::units::Span;

/// What crosses the network for a request. The last two come back, on another link: that from its receiver to its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// The request, with what its sender sends in the handshake.
    Request,
    /// What its receiver sends in the handshake of a new connection, or to refuse one.
    Handshake,
    /// The answer.
    Answer,
}

impl Leg {
    /// The link that it crosses, from the sender and the receiver of the request: who sends, and who receives there.
    pub fn link(self, (from, to): (InstanceId, InstanceId)) -> (InstanceId, InstanceId) {
        if self == Leg::Request { (from, to) } else { (to, from) }
    }

    /// The name under which it is lost or not, from the name of the message.
    pub fn name(self, message: u64) -> u64 {
        match self {
            Leg::Request => message,
            Leg::Handshake => fold(&[message, 1]),
            Leg::Answer => fold(&[message, 2]),
        }
    }

    /// The name of its latency: all that comes back takes equally long, as all that goes there does.
    pub fn latency_name(self, message: u64) -> u64 {
        let way = if self == Leg::Request { self } else { Leg::Answer };
        way.name(message)
    }
}

/// The latencies of a request's legs; `None` where the network loses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// That of the request.
    pub request: Option<Span>,
    /// That of the receiver's part of a handshake.
    pub handshake: Option<Span>,
    /// That of the answer.
    pub answer: Option<Span>,
}

impl Ways {
    /// Nothing is lost: the latency there, and the one back.
    pub const fn open(there: Span, back: Span) -> Ways {
        Ways { request: Some(there), handshake: Some(back), answer: Some(back) }
    }

    /// The latency of a leg.
    pub fn of(&self, leg: Leg) -> Option<Span> {
        match leg {
            Leg::Request => self.request,
            Leg::Handshake => self.handshake,
            Leg::Answer => self.answer,
        }
    }
}
