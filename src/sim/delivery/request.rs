//! A request that has begun: what is kept about it until nobody names it any more.

use crate::event::Message;
use crate::foundation::units::{Span, Time};
use crate::mechanism::transport::TransportBytes;
use crate::observe::RequestOutcome;

/// Stands for a message without a request (`Queues::Unlimited`).
pub(in crate::sim) const NO_REQUEST: u32 = u32::MAX;

pub(super) struct Request {
    /// Its job, by slot.
    pub(super) job: u32,
    pub(super) message: Message,
    /// One-way latency; `None` if the network loses the message.
    pub(super) latency: Option<Span>,
    /// When the sender has signed it.
    pub(super) signed: Time,
    /// When the sender stops waiting.
    pub(super) deadline: Time,
    /// What lies below HTTP, if it is counted.
    pub(super) transport: TransportBytes,
    /// How it ends for the sender, unless it times out.
    pub(super) outcome: RequestOutcome,
    /// Its number among all requests: slots are used again.
    pub(super) number: u64,
    /// Whether an event will end it in time.
    pub(super) has_end: bool,
    /// When it is answered, if it will be.
    pub(super) answers: Option<Time>,
    /// Since when the sender has no more to do with it.
    pub(super) over: Option<Time>,
    /// Whether it has left its sender, or never will.
    pub(super) has_left: bool,
    /// Which process of the receiver took it.
    pub(super) receiver_epoch: u32,
    /// Events, tasks and entries of calendars to come that name the slot.
    pub(super) references: u32,
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
            job,
            message,
            latency,
            signed,
            deadline,
            transport: TransportBytes::default(),
            outcome: RequestOutcome::Good,
            number,
            has_end: false,
            answers: None,
            over: None,
            has_left: false,
            receiver_epoch: 0,
            references: 0,
        }
    }

    /// Bytes that pass the receiver's downlink.
    pub(super) fn bytes_up(&self) -> u64 {
        self.message.bytes() + self.transport.tcp_up + self.transport.tls_up
    }

    /// Bytes of the answer that pass the links.
    pub(super) fn bytes_down(&self) -> u64 {
        u64::from(self.message.response_bytes) + self.transport.tcp_down + self.transport.tls_down
    }
}
