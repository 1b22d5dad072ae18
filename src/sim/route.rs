//! Routes: what jobs share that carry messages of the same sizes from one instance to the same inboxes. Sizes are in bytes.

use crate::event::{Letter, Message};
use crate::foundation::ids::{InstanceId, ListingId};
use crate::mechanism::activity::{Form, Kind};
use crate::mechanism::ledger::Amount;
use crate::mechanism::transport::TransportBytes;
use crate::mechanism::wire::Persistence;
use crate::metrics::traffic::OriginSends;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// A sender, its destinations in order, and by destination the sizes of a message and the follower that is replayed.
#[derive(Debug)]
pub(in crate::sim) struct Route {
    /// Unique in the run.
    pub(in crate::sim) number: u32,
    pub(in crate::sim) from: InstanceId,
    pub(in crate::sim) to: Arc<[InstanceId]>,
    pub(in crate::sim) listing: ListingId,
    /// Whether the sender owns what the messages are about.
    pub(in crate::sim) is_own: bool,
    pub(in crate::sim) kind: Kind,
    /// The form of the sender's request heads.
    pub(in crate::sim) form: Form,
    pub(in crate::sim) persistence: Persistence,
    /// What the messages are to their sender, if that owns a video.
    pub(in crate::sim) origin_sends: Option<OriginSends>,
    /// By destination: whether it owns a video; empty if none does.
    pub(in crate::sim) is_to_origin: Vec<bool>,
    pub(in crate::sim) body_bytes: u32,
    pub(in crate::sim) head_bytes: Vec<u16>,
    pub(in crate::sim) response_bytes: Vec<u16>,
    /// Prefix sums of `head_bytes`: one more entry than destinations.
    heads_before: Vec<u64>,
    /// Bytes below HTTP on a new connection.
    pub(in crate::sim) transport: Vec<TransportBytes>,
    /// Bytes below HTTP on a kept connection; empty if the sender keeps none.
    pub(in crate::sim) transport_kept: Vec<TransportBytes>,
    /// Whether its jobs are computed whole; otherwise each request takes its steps.
    pub(in crate::sim) is_whole: bool,
    /// The follower number of a destination whose inbox is replayed.
    pub(in crate::sim) followers: Vec<Option<u32>>,
    /// The replayed destinations by ascending follower number.
    replayed: Vec<ReplayedDestination>,
    /// Whether follower numbers and destinations ascend together without gaps, and all followers are order-insensitive: then
    /// arrivals can be counted (`replay::counted`).
    pub(in crate::sim) is_countable: bool,
}

/// A destination whose inbox is replayed.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct ReplayedDestination {
    pub(in crate::sim) follower: u32,
    pub(in crate::sim) destination: u32,
}

impl Route {
    /// `messages`, `transport` (on new and on kept connections) and `followers` are by destination, in the order of `to`;
    /// `is_order_insensitive` is that of `Eligibility`.
    #[expect(clippy::too_many_arguments, reason = "the parts of a route have no type of their own")]
    pub(in crate::sim) fn new(
        number: u32,
        is_whole: bool,
        to: &Arc<[InstanceId]>,
        messages: &[Message],
        (listing, is_own): (ListingId, bool),
        origin_sends: Option<OriginSends>,
        is_to_origin: Vec<bool>,
        [transport, transport_kept]: [Vec<TransportBytes>; 2],
        followers: Vec<Option<u32>>,
        is_order_insensitive: impl Fn(InstanceId) -> bool,
    ) -> Route {
        let Letter { from, kind, form, persistence, body_bytes, .. } = *messages[0].letter;
        let mut replayed: Vec<ReplayedDestination> = (0..)
            .zip(&followers)
            .filter_map(|(destination, &follower)| {
                Some(ReplayedDestination { follower: follower?, destination })
            })
            .collect();
        replayed.sort_unstable_by_key(|replayed| replayed.follower);
        let is_next = |one: &ReplayedDestination, next: &ReplayedDestination| {
            (one.follower + 1, one.destination + 1) == (next.follower, next.destination)
        };
        let is_countable = replayed.is_sorted_by(is_next)
            && replayed.iter().all(|replayed| is_order_insensitive(to[replayed.destination as usize]));
        let mut heads_before = vec![0];
        for message in messages {
            heads_before.push(heads_before[heads_before.len() - 1] + u64::from(message.head_bytes));
        }
        Route {
            number,
            from,
            listing,
            is_own,
            kind,
            form,
            persistence,
            origin_sends,
            is_to_origin,
            body_bytes,
            head_bytes: messages.iter().map(|message| message.head_bytes).collect(),
            response_bytes: messages.iter().map(|message| message.response_bytes).collect(),
            heads_before,
            transport,
            transport_kept,
            is_whole,
            followers,
            replayed,
            is_countable,
            to: Arc::clone(to),
        }
    }

    /// The message of a letter to one destination.
    #[inline]
    pub(in crate::sim) fn message(&self, letter: Rc<Letter>, destination: usize) -> Message {
        Message {
            letter,
            to: self.to[destination],
            head_bytes: self.head_bytes[destination],
            response_bytes: self.response_bytes[destination],
        }
    }

    /// Bytes of the response of one destination.
    pub(in crate::sim) fn response_bytes(&self, destination: usize) -> u64 {
        u64::from(self.response_bytes[destination])
    }

    /// The destinations whose follower number lies in a range.
    pub(in crate::sim) fn replayed(&self, followers: Range<u32>) -> &[ReplayedDestination] {
        let before = |number| self.replayed.partition_point(|replayed| replayed.follower < number);
        &self.replayed[before(followers.start)..before(followers.end)]
    }

    /// Bytes of all request heads to a range of destinations.
    pub(in crate::sim) fn heads(&self, destinations: Range<usize>) -> u64 {
        self.heads_before[destinations.end] - self.heads_before[destinations.start]
    }

    /// Number and bytes of the messages to a range of destinations.
    pub(in crate::sim) fn amount(&self, destinations: Range<usize>) -> Amount {
        let messages = destinations.len() as u64;
        Amount { messages, bytes: self.heads(destinations) + messages * u64::from(self.body_bytes) }
    }

    /// Number and bytes of all its messages.
    pub(in crate::sim) fn all(&self) -> Amount {
        self.amount(0..self.to.len())
    }

    /// `all` without the message to `except`.
    pub(in crate::sim) fn all_but(&self, except: Option<InstanceId>) -> Amount {
        let all = self.all();
        match self.to.iter().position(|&to| Some(to) == except) {
            Some(place) => Amount { messages: all.messages - 1, bytes: all.bytes - self.bytes(place) },
            None => all,
        }
    }

    /// Bytes of the message to one destination: head and body.
    pub(in crate::sim) fn bytes(&self, destination: usize) -> u64 {
        u64::from(self.head_bytes[destination]) + u64::from(self.body_bytes)
    }
}
