//! Latency, loss and reachability of a message under the faults of a run: the only place that applies the timetable to them.

use crate::domain::faults::{Reachability, Timetable};
use crate::foundation::ids::InstanceId;
use crate::foundation::random::{MessageDraws, Purpose, Seed};
use crate::foundation::units::{Span, Time};
use crate::mechanism::ledger::Arrival;

/// The timetable of faults of a run, and the random draws of burst losses.
pub struct Conditions<'a> {
    /// When which fault holds.
    pub timetable: &'a Timetable,
    burst_draws: MessageDraws,
}

impl<'a> Conditions<'a> {
    /// For a run with this seed.
    pub fn new(timetable: &'a Timetable, seed: Seed) -> Conditions<'a> {
        Conditions { timetable, burst_draws: MessageDraws::new(seed, Purpose::Burst) }
    }

    /// One-way latency of a message that leaves now: `drawn + added by faults`; `None` if the network or a fault loses it.
    /// `drawn` is the network's latency, `name` the name of its random draws (`message_name`).
    pub fn latency(
        &mut self,
        from: InstanceId,
        to: InstanceId,
        name: impl FnOnce() -> u64,
        drawn: Option<Span>,
        now: Time,
    ) -> Option<Span> {
        let drawn = drawn?;
        if self.timetable.is_quiet() {
            return Some(drawn);
        }
        if self.timetable.is_cut(from, to, now) {
            return None;
        }
        let loss_ppm = self.timetable.loss_ppm(from, to, now);
        if loss_ppm > 0 {
            let draw = self.burst_draws.one(name(), to.0);
            if u64::from(draw) < (u64::from(loss_ppm) << 32) / 1_000_000 {
                return None;
            }
        }
        Some(drawn + self.timetable.added_latency(from, to, now))
    }

    /// How a message ends that arrives at an instance at an instant.
    pub fn arrival(&self, to: InstanceId, at: Time) -> Arrival {
        match self.timetable.reachability(to, at) {
            Reachability::Up => Arrival::Delivered,
            Reachability::Silent => Arrival::Lost,
            Reachability::Refused => Arrival::FailedConnect,
        }
    }
}
