//! Links: what arrived from whom at whom, by video and kind, over the whole run.
//!
//! A request counts when its receiver takes it, as in the `in` rows of traffic: over senders both add up to the same,
//! but for what followers fetch after an `Update`, which is counted and not sent.

use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::mechanism::activity::Kind;
use crate::mechanism::by_instance::ByInstance;
use std::collections::BTreeMap;

/// What one instance took from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// The video.
    pub video: VideoId,
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

/// The sums of all links.
#[derive(Clone, Debug, Default)]
pub struct Links {
    by_sender: BTreeMap<(VideoId, InstanceId, Kind), ByInstance<LinkSums>>,
}

impl Links {
    /// A request was taken.
    pub(super) fn delivered(&mut self, message: &Message) {
        let (head_bytes, body_bytes) = (u64::from(message.head_bytes), u64::from(message.body_bytes));
        let sums = LinkSums { messages: 1, head_bytes, body_bytes };
        self.add((message.activity.video, message.from, message.kind), message.to, &sums);
    }

    /// Requests of one video, sender and kind were taken.
    pub fn add(&mut self, from: (VideoId, InstanceId, Kind), receiver: InstanceId, sums: &LinkSums) {
        let link = self.by_sender.entry(from).or_default().get_or_insert_with(receiver, LinkSums::default);
        link.messages += sums.messages;
        link.head_bytes += sums.head_bytes;
        link.body_bytes += sums.body_bytes;
    }

    /// Takes all of another.
    pub(super) fn join(&mut self, other: &Links) {
        for (&from, links) in &other.by_sender {
            links.iter().for_each(|(receiver, sums)| self.add(from, receiver, sums));
        }
    }

    /// One row a link and kind, in the order of video, sender, receiver, kind.
    pub(super) fn rows(&self) -> Vec<LinkRow> {
        let of_sender =
            |(&(video, sender, kind), links): (&(VideoId, InstanceId, Kind), &ByInstance<LinkSums>)| {
                let row = |(receiver, sums): (InstanceId, &LinkSums)| LinkRow {
                    video,
                    sender,
                    receiver,
                    kind,
                    sums: *sums,
                };
                links.iter().map(row).collect::<Vec<_>>()
            };
        let mut rows: Vec<LinkRow> = self.by_sender.iter().flat_map(of_sender).collect();
        rows.sort_by_key(|row| (row.video, row.sender, row.receiver, row.kind));
        rows
    }
}
