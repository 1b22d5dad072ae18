//! A request that has begun: its state until nothing refers to it any more.

use crate::event::Message;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::connections::Connection;
use crate::mechanism::fate::RetriedId;
use crate::mechanism::ledger::{Arrival, Flow, Ledger};
use crate::mechanism::network::Ways;
use crate::observe::RequestOutcome;
use crate::request::Load;
use crate::sim::route::Route;
use std::sync::Arc;

/// Stands for a message without a request (`Queues::Unlimited`).
pub(in crate::sim) const NO_REQUEST: u32 = u32::MAX;
/// Stands for a message without a request that is counted and replayed elsewhere: its receiver takes it.
pub(in crate::sim) const ECHO: u32 = u32::MAX - 1;

/// A request in progress. It is small, since there are many.
pub(super) struct Request {
    pub(super) message: Message,
    /// The host of its inbox, whose machine receives it.
    pub(super) host: InstanceId,
    /// Its route and its destination there, if it is counted by route.
    pub(super) on_route: Option<(Arc<Route>, u32)>,
    /// What the network does to its legs.
    pub(super) ways: Ways,
    /// When the sender stops waiting.
    pub(super) deadline: Time,
    /// When the receiver answers; `NEVER` until it does.
    pub(super) answers: Time,
    /// How long its refusal tells the sender to wait.
    pub(super) retry_after: Span,
    /// When it is over for its sender; `NEVER` until that is known.
    pub(super) over: Time,
    /// Unique in the run, unlike its slot.
    pub(super) number: u64,
    /// Its job, by slot.
    pub(super) job: u32,
    /// The receiver's process at its arrival (`Machine::epoch`).
    pub(super) receiver_epoch: u32,
    /// Events, tasks and deferred steps that refer to the slot.
    pub(super) references: u16,
    /// Bytes of the answer that it has, if that carries a count.
    pub(super) counted_bytes: u16,
    /// The connection that it uses, once it has left.
    pub(super) connection: Connection,
    /// If its activity is tried again: which that is.
    pub(super) retried: Option<RetriedId>,
    /// How it ended in the network, once it has.
    pub(super) arrival: Option<Arrival>,
    /// How it ends for the sender, unless it times out.
    pub(super) outcome: RequestOutcome,
    /// Whether a cache in front of its receiver answers it.
    pub(super) is_cached: bool,
    /// Whether a step is planned that ends it before its deadline, or when it is signed after that.
    pub(super) has_end: bool,
    /// Whether it has left its sender, or never will.
    pub(super) has_left: bool,
    /// Whether no other request follows if it fails.
    pub(super) is_last: bool,
    /// Whether that is because the process of its sender has stopped.
    pub(super) is_stopped: bool,
}

/// The deadline of a request that has begun.
pub(super) struct Deadline {
    pub(super) at: Time,
    pub(super) slot: u32,
    pub(super) number: u64,
}

impl Request {
    /// A request that will be signed at `signed`.
    #[expect(clippy::too_many_arguments, reason = "what is known of it when it begins")]
    pub(super) fn new(
        job: u32,
        message: Message,
        host: InstanceId,
        on_route: Option<(Arc<Route>, u32)>,
        ways: Ways,
        signed: Time,
        deadline: Time,
        number: u64,
        is_last: bool,
    ) -> Request {
        Request {
            retried: message.retried,
            message,
            host,
            on_route,
            ways,
            deadline,
            answers: Time::NEVER,
            retry_after: Span::ZERO,
            over: Time::NEVER,
            number,
            job,
            receiver_epoch: 0,
            references: 0,
            counted_bytes: 0,
            connection: Connection::New,
            arrival: None,
            outcome: RequestOutcome::Good,
            is_cached: false,
            has_end: signed > deadline,
            has_left: false,
            is_last,
            is_stopped: false,
        }
    }

    /// Whether its sender waits for it, as far as is known.
    pub(super) fn is_waited_for(&self) -> bool {
        self.over == Time::NEVER
    }

    /// Whether its receiver, or what stands in front of it, has refused it.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.arrival, Some(Arrival::Refused(_)))
    }

    /// Its sender, the host of its inbox, its sizes, and what limits it.
    pub(super) fn load(&self, is_banned: bool) -> Load {
        let Request { message, host, ways, deadline, .. } = self;
        Load {
            from: message.from,
            to: *host,
            bytes: message.bytes(),
            response_bytes: message.answer_bytes(),
            ways: *ways,
            deadline: *deadline,
            is_banned,
        }
    }

    /// Bytes of its answer, once it is answered; that of a refused request is a head only.
    pub(super) fn answer_bytes(&self) -> u64 {
        if self.counted_bytes > 0 {
            u64::from(self.counted_bytes)
        } else if self.message.kind.is_get() && !self.is_refused() {
            self.message.answer_bytes()
        } else {
            u64::from(self.message.response_bytes)
        }
    }

    /// The flow that it belongs to.
    pub(super) fn flow<'l>(&self, ledger: &'l mut Ledger) -> &'l mut Flow {
        flow(ledger, self.on_route.is_some(), &self.message)
    }
}

/// The flow that a message belongs to: that of all that is counted by route, or that of its link.
pub(super) fn flow<'l>(ledger: &'l mut Ledger, is_on_route: bool, message: &Message) -> &'l mut Flow {
    if is_on_route { ledger.together() } else { ledger.link(message.from, message.to) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hundreds of thousands are in progress at once.
    #[test]
    fn a_request_is_small() {
        assert_eq!(size_of::<Request>(), 128);
    }
}
