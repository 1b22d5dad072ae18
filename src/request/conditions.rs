//! What faults do to a message on its way: the one place that asks the timetable about latency and loss.

use crate::domain::faults::{Reachability, Timetable};
use crate::foundation::ids::InstanceId;
use crate::foundation::random::{MessageDraws, Purpose, Seed};
use crate::foundation::units::{Span, Time};
use crate::mechanism::ledger::Arrival;

/// The timetable of a run, and the draws that it needs.
pub struct Conditions<'a> {
    /// What faults do, and when.
    pub timetable: &'a Timetable,
    burst_draws: MessageDraws,
}

impl<'a> Conditions<'a> {
    /// Those of a run with this seed.
    pub fn new(timetable: &'a Timetable, seed: Seed) -> Conditions<'a> {
        Conditions { timetable, burst_draws: MessageDraws::new(seed, Purpose::Burst) }
    }

    /// The latency of a message that leaves now, with what faults add; `None` if it gets lost. `drawn` is what the network
    /// gives it, `name` its random name.
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

    /// Where a message goes that comes to an instance at an instant.
    pub fn arrival(&self, to: InstanceId, at: Time) -> Arrival {
        match self.timetable.reachability(to, at) {
            Reachability::Up => Arrival::Delivered,
            Reachability::Silent => Arrival::Lost,
            Reachability::Refused => Arrival::FailedConnect,
        }
    }
}
