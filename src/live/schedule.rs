//! The planned events of a live cell, by their exact times: faults, ticks, flushes, samples, reports, background traffic, fetches
//! of previews.

use crate::cell::{Cell, background_time, report_time};
use crate::domain::faults::{Change, Timetable};
use crate::domain::protocol::Rules;
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};

/// A planned event. The order of the cases is that of events at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Planned {
    Stop(InstanceId),
    Restart(InstanceId),
    Tick(InstanceId, u32),
    SayTotal(InstanceId, VideoId, u32),
    HealthFlush(InstanceId, u32),
    UpdateFlush(InstanceId, u32),
    Sample(u32),
    WatchAction(SessionId),
    Background(u32, u32),
    /// `copy` numbers all of them: who gets a job twice fetches twice.
    FetchPreview {
        asker: InstanceId,
        entry: u32,
        number: u32,
        copy: u64,
    },
}

pub(super) struct Schedule {
    planned: BTreeSet<(Time, Planned)>,
    /// Nothing is planned after this.
    end: Time,
    /// By `InstanceId`: the number of its next tick. Ticks of other numbers were planned before a restart and do nothing.
    next_tick: Vec<u32>,
    /// The rules that an instance has after its restart at a time, if they change.
    upgrades: BTreeMap<(InstanceId, Time), Rules>,
}

impl Schedule {
    /// The first event of each kind, and all faults and reports.
    pub(super) fn new(cell: &Cell, timetable: &Timetable) -> Schedule {
        let instances = &cell.federation.instances;
        let mut schedule = Schedule {
            planned: BTreeSet::new(),
            end: cell.end.latest(),
            next_tick: vec![0; instances.len()],
            upgrades: BTreeMap::new(),
        };
        for id in (0..instances.len()).map(InstanceId::at) {
            if instances[id.index()].is_peertube {
                schedule.add(cell.tick_phase[id.index()], Planned::Tick(id, 0));
            }
        }
        for &origin in cell.federation.followers.keys() {
            schedule.add(cell.health_phase[origin.index()], Planned::HealthFlush(origin, 0));
            if cell.other.update_every.is_some() {
                schedule.add(cell.update_phase[origin.index()], Planned::UpdateFlush(origin, 0));
            }
        }
        for (at, instance, change) in timetable.changes() {
            match change {
                Change::Stop => schedule.add(at, Planned::Stop(instance)),
                Change::Start(rules) => {
                    schedule.add(at, Planned::Restart(instance));
                    schedule.upgrades.extend(rules.map(|rules| ((instance, at), rules)));
                }
            }
        }
        for session in (0..cell.sessions.len()).map(SessionId::at) {
            if let Some(at) = report_time(cell, session) {
                schedule.add(at, Planned::WatchAction(session));
            }
        }
        for entry in 0..cell.other.background.len() as u32 {
            if let Some(at) = background_time(cell, entry, 0, Time::ZERO) {
                schedule.add(at, Planned::Background(entry, 0));
            }
        }
        schedule.add(cell.sampling.from, Planned::Sample(0));
        schedule
    }

    pub(super) fn add(&mut self, at: Time, planned: Planned) {
        if at <= self.end {
            self.planned.insert((at, planned));
        }
    }

    /// Plans the next tick of an instance, one interval after `now`.
    pub(super) fn add_tick(&mut self, now: Time, instance: InstanceId, interval: Span) {
        self.next_tick[instance.index()] += 1;
        self.add(now + interval, Planned::Tick(instance, self.next_tick[instance.index()]));
    }

    /// Whether this is the next tick of an instance, not one planned before a restart.
    pub(super) fn is_next_tick(&self, instance: InstanceId, number: u32) -> bool {
        self.next_tick[instance.index()] == number
    }

    /// The rules that an instance has after its restart at a time, if they change.
    pub(super) fn upgrade(&self, instance: InstanceId, at: Time) -> Option<Rules> {
        self.upgrades.get(&(instance, at)).copied()
    }

    pub(super) fn next(&self) -> Option<Time> {
        self.planned.first().map(|(at, _)| *at)
    }

    /// Takes the next event at or before a time.
    pub(super) fn take_until(&mut self, until: Time) -> Option<(Time, Planned)> {
        self.planned.first().filter(|(at, _)| *at <= until)?;
        self.planned.pop_first()
    }
}
