//! Heartbeats that were skipped and matter after all: an echo (`broadcast::unqueued`) may remove the viewer whose entry they extend.
//!
//! Then the first skipped heartbeat at that instant or later becomes an event, and from there on it is decided anew which are skipped. The event
//! that was pending is void, unless that heartbeat comes to be planned again.

use super::state::Run;
use crate::event::Event;
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

    /// Whether the end of a session is to be planned: it was not before.
    pub(super) fn ends(&mut self, session: SessionId) -> bool {
        self.over.insert(session)
    }
}

impl Run<'_> {
    /// Plans a heartbeat; it may be pending.
    pub(super) fn plan_heartbeat(&mut self, at: Time, session: SessionId, number: u32) {
        if !self.wakes.void.remove(&(session, number)) {
            self.schedule(at, Event::Heartbeat { session, number });
        }
    }

    /// What is kept of own viewers of a video may be gone.
    pub(super) fn wake(&mut self, at: InstanceId, video: VideoId) {
        for asleep in self.wakes.asleep.remove(&(at, video)).unwrap_or_default() {
            let Asleep { session, since, number, every, next, is_pending } = asleep;
            // an arrival comes before a heartbeat of the same instant
            let later = self.now.since(since).ns().div_ceil(every.ns()).max(1);
            let first = u64::from(number) + later;
            if first >= u64::from(next) {
                continue;
            }
            if is_pending {
                self.wakes.void.insert((session, next));
            }
            self.heartbeats_skipped -= u64::from(next) - first;
            self.plan_heartbeat(since + every * later, session, first as u32);
        }
    }
}
