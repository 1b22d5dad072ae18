//! Links: what arrived from whom at whom, by listing and kind, over the whole run.
//!
//! A request counts when its receiver takes it, its bytes also if the receiver refuses it, as in the `in` rows of traffic: over
//! senders both add up to the same, but for what followers fetch after an `Update` where that is only counted.

use crate::event::Message;
use crate::foundation::ids::{InstanceId, ListingId};
use crate::mechanism::activity::Kind;
use crate::mechanism::by_instance::ByInstance;
use std::collections::BTreeMap;

/// What one instance took from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// What they are about.
    pub listing: ListingId,
    /// Who sent.
    pub sender: InstanceId,
    /// Who took it.
    pub receiver: InstanceId,
    /// What it carried.
    pub kind: Kind,
    /// How much.
    pub sums: LinkSums,
}

/// Requests and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkSums {
    /// Requests.
    pub messages: u64,
    /// Bytes of their heads.
    pub head_bytes: u64,
    /// Bytes of their bodies.
    pub body_bytes: u64,
}

impl LinkSums {
    /// Adds requests and their bytes.
    pub(super) fn add(&mut self, messages: u64, head_bytes: u64, body_bytes: u64) {
        self.messages += messages;
        self.head_bytes += head_bytes;
        self.body_bytes += body_bytes;
    }
}

/// The sums of all links.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// Where the links of a listing, sender and kind are.
    places: BTreeMap<(ListingId, InstanceId, Kind), usize>,
    /// By receiver.
    links: Vec<ByInstance<LinkSums>>,
    /// What was added to last: mostly the next is of the same.
    last: Option<((ListingId, InstanceId, Kind), usize)>,
}

impl Links {
    /// A request about a video so listed has arrived; `messages` is 1 if it was taken, 0 if refused.
    pub(super) fn arrived(&mut self, listing: ListingId, message: &Message, messages: u64) {
        let (head_bytes, body_bytes) = (u64::from(message.head_bytes), u64::from(message.body_bytes));
        let sums = LinkSums { messages, head_bytes, body_bytes };
        self.add((listing, message.from, message.kind), message.to, &sums);
    }

    /// Requests of one listing, sender and kind were taken.
    pub fn add(&mut self, from: (ListingId, InstanceId, Kind), receiver: InstanceId, sums: &LinkSums) {
        let place = match self.last {
            Some((last, place)) if last == from => place,
            _ => self.place(from),
        };
        let link = self.links[place].get_or_insert_with(receiver, LinkSums::default);
        link.add(sums.messages, sums.head_bytes, sums.body_bytes);
    }

    fn place(&mut self, from: (ListingId, InstanceId, Kind)) -> usize {
        let place = *self.places.entry(from).or_insert(self.links.len());
        if place == self.links.len() {
            self.links.push(ByInstance::default());
        }
        self.last = Some((from, place));
        place
    }

    /// Takes all of another.
    pub(super) fn join(&mut self, other: &Links) {
        for (&from, &place) in &other.places {
            other.links[place].iter().for_each(|(receiver, sums)| self.add(from, receiver, sums));
        }
    }

    /// One row a link and kind, in the order of listing, sender, receiver, kind.
    pub(super) fn rows(&self) -> Vec<LinkRow> {
        let of_sender = |(&(listing, sender, kind), &place): (&(ListingId, InstanceId, Kind), &usize)| {
            let row = |(receiver, sums): (InstanceId, &LinkSums)| LinkRow {
                listing,
                sender,
                receiver,
                kind,
                sums: *sums,
            };
            self.links[place].iter().map(row).collect::<Vec<_>>()
        };
        let mut rows: Vec<LinkRow> = self.places.iter().flat_map(of_sender).collect();
        rows.sort_by_key(|row| (row.listing, row.sender, row.receiver, row.kind));
        rows
    }
}
