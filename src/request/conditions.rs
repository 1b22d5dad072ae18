//! Latency, loss and reachability of what crosses the network under the faults of a run: the only place that applies the
//! timetable to them.

use crate::domain::faults::{Reachability, Timetable};
use crate::domain::receiving::SignatureWindow;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::{MessageDraws, Purpose, Seed};
use crate::foundation::units::{Span, Time};
use crate::mechanism::ledger::Arrival;
use crate::mechanism::network::Leg;
use crate::mechanism::refusal::Refusal;

/// The timetable of faults of a run, and the random draws of burst losses.
pub struct Conditions<'a> {
    /// When which fault holds.
    pub timetable: &'a Timetable,
    burst_draws: MessageDraws,
    /// The latest instant for which faults were asked for since this was last set.
    pub(super) asked: Time,
}

/// A request on its way: its ends, and when it was signed, by the true clock.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Its sender.
    pub from: InstanceId,
    /// Its receiver.
    pub to: InstanceId,
    /// When its sender began to sign it: its `Date`.
    pub dated: Time,
}

impl<'a> Conditions<'a> {
    /// For a run with this seed.
    pub fn new(timetable: &'a Timetable, seed: Seed) -> Conditions<'a> {
        Conditions { timetable, burst_draws: MessageDraws::new(seed, Purpose::Burst), asked: Time::ZERO }
    }

    /// How long a leg of a request takes that begins now: `drawn + added by faults`; `None` if the network or a fault loses
    /// it. `ends` are sender and receiver of the request, `drawn` is the network's latency, `name` the name of the request's
    /// random draws (`message_name`).
    #[inline]
    pub fn latency(
        &mut self,
        leg: Leg,
        ends: (InstanceId, InstanceId),
        name: impl FnOnce() -> u64,
        drawn: Option<Span>,
        now: Time,
    ) -> Option<Span> {
        let drawn = drawn?;
        if self.timetable.is_quiet() { Some(drawn) } else { self.under_faults(leg, ends, name, drawn, now) }
    }

    /// The same where there may be faults.
    fn under_faults(
        &mut self,
        leg: Leg,
        ends: (InstanceId, InstanceId),
        name: impl FnOnce() -> u64,
        drawn: Span,
        now: Time,
    ) -> Option<Span> {
        self.asked = self.asked.max(now);
        let (from, to) = leg.link(ends);
        if self.timetable.is_cut(from, to, now) {
            return None;
        }
        let loss_ppm = self.timetable.loss_ppm(from, to, now);
        if loss_ppm > 0 {
            let draw = self.burst_draws.one(leg.name(name()), ends.1.0);
            if u64::from(draw) < (u64::from(loss_ppm) << 32) / 1_000_000 {
                return None;
            }
        }
        Some(drawn + self.timetable.added_latency(from, to, now))
    }

    /// What a request meets at its receiver at an instant.
    pub(super) fn reachability(&mut self, to: InstanceId, at: Time) -> Reachability {
        self.asked = self.asked.max(at);
        self.timetable.reachability(to, at)
    }

    /// The extra time before an instance answers a request that it has verified at an instant.
    pub(super) fn answer_delay(&mut self, to: InstanceId, at: Time) -> Span {
        self.asked = self.asked.max(at);
        self.timetable.answer_delay(to, at)
    }

    /// How a message ends that arrives at an instance at an instant; `dated` is when its request was signed, by the true
    /// clock. A rate limit is not known here.
    pub fn arrival(&self, message: Sent, window: Option<SignatureWindow>, at: Time) -> Arrival {
        let Sent { from, to, .. } = message;
        match self.timetable.reachability(to, at) {
            Reachability::Up if self.is_stale(message, window, at) => Arrival::Refused(Refusal::StaleDate),
            Reachability::Up if self.timetable.is_blocked(from, to, at) => Arrival::Refused(Refusal::Blocked),
            Reachability::Up => Arrival::Delivered,
            Reachability::Gone => Arrival::Refused(Refusal::Gone),
            Reachability::BadGateway => Arrival::Refused(Refusal::BadGateway),
            Reachability::Silent => Arrival::Lost,
            Reachability::Refused => Arrival::FailedConnect,
        }
    }

    /// Whether the `Date` of a request lies outside of its receiver's window.
    fn is_stale(&self, Sent { from, to, dated }: Sent, window: Option<SignatureWindow>, at: Time) -> bool {
        let Some(SignatureWindow { old, ahead }) = window else { return false };
        let clock = |id, at| at + self.timetable.clock_ahead(id);
        let (date, now) = (clock(from, dated), clock(to, at));
        now > date + old || date > now + ahead
    }
}
