//! Heartbeats that were skipped and matter after all: an echo (`broadcast::unqueued`) may remove the viewer whose entry they extend.
//!
//! Then the first skipped heartbeat at that instant or later becomes an event, and from there on it is decided anew which are skipped. The event
//! that was pending is void, unless that heartbeat comes to be planned again.

use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};

/// The sessions whose skipped heartbeats an echo may wake.
#[derive(Default)]
pub(super) struct Wakes {
    /// By where and what they watch.
    asleep: BTreeMap<(InstanceId, VideoId), Vec<Asleep>>,
    /// Pending heartbeats that are not to happen.
    void: BTreeSet<(SessionId, u32)>,
    /// Sessions whose end has been planned.
    over: BTreeSet<SessionId>,
}

/// A session that skips heartbeats.
pub(super) struct Asleep {
    pub(super) session: SessionId,
    /// The last heartbeat that was none of these: when, and its number.
    pub(super) since: Time,
    pub(super) number: u32,
    pub(super) every: Span,
    /// The number of the first that is none of these.
    pub(super) next: u32,
    /// Whether that is pending.
    pub(super) is_pending: bool,
}

impl Asleep {
    /// The number of the first heartbeat at an instant or later. An arrival comes before a heartbeat of the same instant.
    pub(super) fn first_from(&self, now: Time) -> u32 {
        let later = now.since(self.since).ns().div_ceil(self.every.ns()).max(1);
        u32::try_from(u64::from(self.number) + later).unwrap_or(u32::MAX)
    }

    /// When that comes.
    pub(super) fn time_of(&self, number: u32) -> Time {
        self.since + self.every * u64::from(number - self.number)
    }
}

impl Wakes {
    /// A heartbeat happens. Returns whether it is void; if not, its session is awake.
    pub(super) fn happens(&mut self, at: (InstanceId, VideoId), session: SessionId, number: u32) -> bool {
        if self.void.remove(&(session, number)) {
            return true;
        }
        if let Some(here) = self.asleep.get_mut(&at) {
            here.retain(|asleep| asleep.session != session);
            if here.is_empty() {
                self.asleep.remove(&at);
            }
        }
        false
    }

    /// A session skips heartbeats.
    pub(super) fn fall_asleep(&mut self, at: (InstanceId, VideoId), asleep: Asleep) {
        self.asleep.entry(at).or_default().push(asleep);
    }

    /// What is kept of own viewers of a video may be gone: takes the sessions that watch it and skip heartbeats.
    pub(super) fn wake(&mut self, at: (InstanceId, VideoId)) -> Vec<Asleep> {
        self.asleep.remove(&at).unwrap_or_default()
    }

    /// A pending heartbeat is not to happen.
    pub(super) fn make_void(&mut self, session: SessionId, number: u32) {
        self.void.insert((session, number));
    }

    /// A heartbeat is planned. Returns whether it is pending.
    pub(super) fn is_pending(&mut self, session: SessionId, number: u32) -> bool {
        self.void.remove(&(session, number))
    }

    /// Whether the end of a session is to be planned: it was not before.
    pub(super) fn ends(&mut self, session: SessionId) -> bool {
        self.over.insert(session)
    }
}
