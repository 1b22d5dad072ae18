//! A request that has begun: what is kept about it until nobody names it any more.

use crate::event::Message;
use crate::foundation::units::{Span, Time};
use crate::mechanism::connections::Connection;
use crate::observe::RequestOutcome;

/// Stands for a message without a request (`Queues::Unlimited`).
pub(in crate::sim) const NO_REQUEST: u32 = u32::MAX;

/// It is small, for many are under way at once.
pub(super) struct Request {
    pub(super) message: Message,
    /// One-way latency; `None` if the network loses the message.
    pub(super) latency: Option<Span>,
    /// When the sender has signed it.
    pub(super) signed: Time,
    /// When the sender stops waiting.
    pub(super) deadline: Time,
    /// When it is answered, if it will be.
    pub(super) answers: Option<Time>,
    /// Since when the sender has no more to do with it.
    pub(super) over: Option<Time>,
    /// Its number among all requests: slots are used again.
    pub(super) number: u64,
    /// Its job, by slot.
    pub(super) job: u32,
    /// Which process of the receiver took it.
    pub(super) receiver_epoch: u32,
    /// Events, tasks and entries of calendars to come that name the slot.
    pub(super) references: u32,
    /// What it goes out on, once it has left.
    pub(super) connection: Connection,
    /// How it ends for the sender, unless it times out.
    pub(super) outcome: RequestOutcome,
    /// Whether something will end it in time.
    pub(super) has_end: bool,
    /// Whether it has left its sender, or never will.
    pub(super) has_left: bool,
}

/// The deadline of a request that has begun.
pub(super) struct Deadline {
    pub(super) at: Time,
    pub(super) slot: u32,
    pub(super) number: u64,
}

impl Request {
    /// One that is to be signed at an instant.
    pub(super) fn new(
        job: u32,
        message: Message,
        latency: Option<Span>,
        signed: Time,
        deadline: Time,
        number: u64,
    ) -> Request {
        Request {
            message,
            latency,
            signed,
            deadline,
            answers: None,
            over: None,
            number,
            job,
            receiver_epoch: 0,
            references: 0,
            connection: Connection::New,
            outcome: RequestOutcome::Good,
            has_end: false,
            has_left: false,
        }
    }
}
