//! The events of a run: a closed set, and the key that orders those of one instant.
//!
//! The order at one instant is: restarts, ticks, samples, arrivals, heartbeats; within a rank by instance, then link,
//! video, kind, session (of a total: author) and number. So a tick cleans what expires at that very instant, a sample
//! sees that tick and none of the arrivals, and an arrival finds what was there before any heartbeat. Recordings have no
//! such ties; this choice is the model's.

use crate::domain::federation::Federation;
use crate::domain::workload::Session;
use crate::mechanism::activity::{Kind, Subject, View};
use crate::mechanism::pending::Key;
use crate::words::ids::{InstanceId, SessionId};
use crate::words::random::fold;
use crate::words::units::Time;

/// The greatest number of heartbeats in a session, ticks or samples that a key can tell apart.
pub const MAX_NUMBER: u32 = (1 << 28) - 1;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The process of an instance starts again.
    Restart {
        /// Where.
        instance: InstanceId,
    },
    /// An instance's periodic clean-up.
    Tick {
        /// Where.
        instance: InstanceId,
        /// Counts up per instance.
        number: u32,
    },
    /// The displayed counts are noted.
    Sample {
        /// Counts up.
        number: u32,
    },
    /// A View arrives at an inbox.
    Arrival(Arrival),
    /// A client reports that somebody watches.
    Heartbeat {
        /// Whose.
        session: SessionId,
        /// Counts up per session.
        number: u32,
    },
}

/// A View at the end of its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What arrives.
    pub view: View,
    /// What kind of message it is.
    pub kind: Kind,
    /// The instance that sent it (its author, or the origin that forwards it).
    pub from: InstanceId,
    /// The instance that receives it.
    pub to: InstanceId,
    /// Bytes of the request's head.
    pub head_bytes: u32,
    /// Bytes of the request's body.
    pub body_bytes: u32,
}

impl Event {
    /// The order of the event among those of its instant.
    pub fn key(&self, sessions: &[Session]) -> Key {
        match *self {
            Event::Restart { instance } => key(0, instance, &[]),
            Event::Tick { instance, number } => key(1, instance, &[(u64::from(number), 28)]),
            Event::Sample { number } => key(2, InstanceId(0), &[(u64::from(number), 28)]),
            Event::Arrival(Arrival { ref view, kind, from, to, .. }) => {
                // A total has no session; its author tells it from the totals that the same origin forwards beside it.
                let who = match view.subject {
                    Subject::Total => view.author.0,
                    Subject::Viewer(..) | Subject::Plain(_) => view.stamp.session.0,
                };
                let parts = [
                    (u64::from(from.0), 24),
                    (u64::from(view.video.0), 12),
                    (kind as u64, 4),
                    (u64::from(who), 32),
                    (u64::from(view.stamp.number), 28),
                ];
                key(3, to, &parts)
            }
            Event::Heartbeat { session, number } => {
                let instance = sessions[session.index()].instance;
                key(4, instance, &[(u64::from(session.0), 32), (u64::from(number), 28)])
            }
        }
    }

    /// The event as numbers, for a digest: its key and what it carries beside.
    pub fn words(&self, sessions: &[Session]) -> [u64; 3] {
        let key = self.key(sessions);
        let content = match self {
            Event::Arrival(Arrival { view, head_bytes, body_bytes, .. }) => fold(&[
                u64::from(view.author.0),
                view.result.map_or(u64::MAX, u64::from),
                view.expires.map_or(u64::MAX, Time::ns),
                u64::from(*head_bytes),
                u64::from(*body_bytes),
            ]),
            _ => 0,
        };
        [(key >> 64) as u64, key as u64, content]
    }

    /// One line for people who look for a difference between two runs.
    pub fn describe(&self, federation: &Federation, sessions: &[Session]) -> String {
        let name = |id: InstanceId| federation.instances[id.index()].name.as_str();
        match *self {
            Event::Restart { instance } => format!("restart,{}", name(instance)),
            Event::Tick { instance, number } => format!("tick,{},number={number}", name(instance)),
            Event::Sample { number } => format!("sample,,number={number}"),
            Event::Arrival(Arrival { ref view, kind, from, to, .. }) => {
                let video = &federation.videos[view.video.index()].name;
                let count = view.result.map_or_else(|| "none".to_owned(), |count| count.to_string());
                let expires = view.expires.map_or_else(|| "never".to_owned(), |at| at.ns().to_string());
                format!(
                    "arrival,{},kind={} from={} author={} video={video} session={} number={} result={count} expires_ns={expires}",
                    name(to),
                    kind.name(),
                    name(from),
                    name(view.author),
                    view.stamp.session,
                    view.stamp.number
                )
            }
            Event::Heartbeat { session, number } => {
                let visit = &sessions[session.index()];
                let video = &federation.videos[visit.video.index()].name;
                format!("heartbeat,{},video={video} session={session} number={number}", name(visit.instance))
            }
        }
    }
}

/// A rank, an instance and further parts with their widths in bits, left-aligned: together at most 128 bits.
fn key(rank: u128, instance: InstanceId, parts: &[(u64, u32)]) -> Key {
    let mut key = rank << 24 | u128::from(instance.0);
    let mut free_bits = 128 - 28;
    for &(part, bits) in parts {
        assert!(part >> bits == 0, "{part} does not fit {bits} bits");
        key = key << bits | u128::from(part);
        free_bits -= bits;
    }
    key << free_bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_come_before_instances_and_instances_before_numbers() {
        let sessions = [];
        let events = [
            Event::Restart { instance: InstanceId(9) },
            Event::Tick { instance: InstanceId(0), number: 7 },
            Event::Tick { instance: InstanceId(1), number: 3 },
            Event::Tick { instance: InstanceId(1), number: 4 },
            Event::Sample { number: 0 },
            Event::Sample { number: 1 },
        ];
        assert!(events.is_sorted_by_key(|event| event.key(&sessions)));
    }
}
