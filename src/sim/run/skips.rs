//! Which sessions may skip heartbeats that change nothing but the expiry of their viewer.
//!
//! Condition: the process of the session's instance never changes, heartbeats take none of its CPU time, it tells no client to come later, and no other session of the same
//! video behind the same address overlaps.
//! Which heartbeats those are is the instance's decision (`Instance::heartbeats_act_from`).

use crate::cell::{Cell, heartbeat_work};
use crate::domain::faults::Timetable;
use crate::foundation::ids::{InstanceId, SessionId};
use crate::foundation::units::Span;
use std::collections::BTreeSet;

/// By `SessionId`; empty if none may.
#[derive(Default)]
pub(super) struct Skips(Vec<bool>);

impl Skips {
    /// Evaluates the condition for a cell.
    pub(super) fn new(cell: &Cell, timetable: &Timetable) -> Skips {
        let changing: BTreeSet<_> = timetable.changes().iter().map(|change| change.1).collect();
        let hints = |id: InstanceId| cell.federation.instances[id.index()].rules.parameters.hints.is_some();
        let sessions = &cell.sessions;
        let may_skip_at: Vec<bool> = (0..cell.federation.instances.len())
            .map(InstanceId::at)
            .map(|id| !changing.contains(&id) && heartbeat_work(cell, id) == Span::ZERO && !hints(id))
            .collect();
        let mut may_skip: Vec<bool> =
            sessions.iter().map(|session| may_skip_at[session.instance.index()]).collect();
        let mut visits: Vec<usize> = (0..sessions.len()).collect();
        visits.sort_by_key(|&id| (sessions[id].address, sessions[id].video, sessions[id].start));
        let mut latest = None;
        for &id in &visits {
            let visit = &sessions[id];
            let viewer = (visit.address, visit.video);
            match latest.filter(|(of, _)| *of == viewer) {
                Some((_, before)) if sessions[before as usize].end > visit.start => {
                    (may_skip[before as usize], may_skip[id]) = (false, false);
                    if visit.end > sessions[before as usize].end {
                        latest = Some((viewer, id as u32));
                    }
                }
                _ => latest = Some((viewer, id as u32)),
            }
        }
        Skips(may_skip)
    }

    /// Whether a session may skip heartbeats.
    pub(super) fn may_skip(&self, session: SessionId) -> bool {
        self.0.get(session.index()).copied().unwrap_or(false)
    }
}
