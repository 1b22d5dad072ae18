//! The legs of a request: what crosses the network for it, and the name under which that is drawn.

use crate::foundation::ids::InstanceId;
use crate::foundation::random::{fold, second};
use crate::foundation::units::Span;

/// What crosses the network for a request. The last two come back, on another link: that from its receiver to its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// The request, with what its sender sends in the handshake.
    Request = 0,
    /// What its receiver sends in the handshake of a new connection, or to refuse one.
    Handshake = 1,
    /// The answer.
    Answer = 2,
}

impl Leg {
    /// The link that it crosses, from the sender and the receiver of the request: who sends, and who receives there.
    pub fn link(self, (from, to): (InstanceId, InstanceId)) -> (InstanceId, InstanceId) {
        if self.comes_back() { (to, from) } else { (from, to) }
    }

    /// Whether it crosses the link back.
    pub(super) fn comes_back(self) -> bool {
        self != Leg::Request
    }

    /// The name under which it is lost or not, from the name of the message. It is no name of another attempt or inbox, whose
    /// last words follow the message's directly or after 0.
    pub fn name(self, message: u64) -> u64 {
        match self {
            Leg::Request => message,
            Leg::Handshake => fold(&[message, 1, 1]),
            Leg::Answer => fold(&[message, 1, 2]),
        }
    }

    /// The draw of its latency, from that of the request: all that comes back takes equally long, as all that goes there does.
    pub(super) fn latency_draw(self, request: u32) -> u32 {
        if self.comes_back() { second(request) } else { request }
    }
}

/// The latencies of a request's legs; none where the network loses it. It is small, since there is one per request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// By leg, in ns.
    latencies_ns: [u64; 3],
}

/// Stands for a leg that is lost.
const LOST_NS: u64 = u64::MAX;

impl Ways {
    /// Everything is lost.
    pub const CLOSED: Ways = Ways { latencies_ns: [LOST_NS; 3] };

    /// Nothing is lost: the latency there, and the one back.
    pub const fn open(there: Span, back: Span) -> Ways {
        Ways { latencies_ns: [there.ns(), back.ns(), back.ns()] }
    }

    /// The latency of a leg; `None` if it is lost.
    #[inline]
    pub fn of(&self, leg: Leg) -> Option<Span> {
        let ns = self.latencies_ns[leg as usize];
        (ns != LOST_NS).then_some(Span::from_ns(ns))
    }

    /// Sets the latency of a leg.
    #[inline]
    pub(super) fn set(&mut self, leg: Leg, latency: Option<Span>) {
        self.latencies_ns[leg as usize] = latency.map_or(LOST_NS, Span::ns);
    }
}
