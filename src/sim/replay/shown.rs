//! The viewers that a follower displays: tallies by expiry tick, beside an `Instance` for its own viewers, or that alone where tallies are
//! not enough.

use crate::foundation::ids::VideoId;
use crate::foundation::units::{Span, Time};
use crate::instance::{Input, Instance};
use crate::mechanism::tally::Tallies;
use std::ops::Range;

/// The store behind a follower's displayed counts.
pub(in crate::sim) enum Shown {
    /// A list: received entries add up, expire, and are replaced by totals. Own viewers are entries of an instance that receives
    /// nothing, if there are any; a total removes them from the list.
    List { received: Tallies, own: Option<Box<Instance>> },
    /// All of the protocol's rules.
    Instance(Box<Instance>),
}

impl Shown {
    fn parts(&self) -> (Option<&Tallies>, Option<&Instance>) {
        match self {
            Shown::List { received, own } => (Some(received), own.as_deref()),
            Shown::Instance(instance) => (None, Some(instance)),
        }
    }

    /// The tick at an instant, which the follower's clock shows as `clock`.
    pub(in crate::sim) fn tick(&mut self, now: Time, clock: Time, number: u32) {
        if let Some(instance) = self.expire_received(now) {
            instance.handle(clock, Input::Tick { number }, &mut Vec::new());
        }
    }

    /// A sample asks what is displayed of what has not expired, at an instant that the follower's clock shows as `clock`. What is received
    /// leaves at samples then.
    pub(in crate::sim) fn ask_at(&mut self, now: Time, clock: Time) {
        if let Some(instance) = self.expire_received(now) {
            instance.ask_at(clock);
        }
    }

    /// The received entries of a list leave that leave at an instant. Returns the instance, if there is one.
    fn expire_received(&mut self, now: Time) -> Option<&mut Instance> {
        match self {
            Shown::List { received, own } => {
                received.tick(now);
                own.as_deref_mut()
            }
            Shown::Instance(instance) => Some(instance),
        }
    }

    /// An own viewer's client reports at an instant of the follower's clock. The run sends what follows from it.
    pub(in crate::sim) fn client_input(&mut self, clock: Time, input: Input<'static>) {
        let instance = match self {
            Shown::List { own, .. } => own.as_mut(),
            Shown::Instance(instance) => Some(instance),
        };
        if let Some(instance) = instance {
            instance.handle(clock, input, &mut Vec::new());
        }
    }

    /// The videos of which viewers are displayed, and how many. A video may come twice.
    pub(in crate::sim) fn displays(&self) -> impl Iterator<Item = (VideoId, u64)> {
        let (received, instance) = self.parts();
        let of_tallies = received.into_iter().flat_map(Tallies::displays);
        of_tallies.chain(instance.into_iter().flat_map(|shown| shown.displays()))
    }

    /// The videos of which a total of their origin is displayed, and when that was built, by the origin's clock.
    pub(in crate::sim) fn displayed_totals(&self) -> impl Iterator<Item = (VideoId, Time)> {
        let (received, instance) = self.parts();
        let of_tallies = received.into_iter().flat_map(Tallies::displayed_totals);
        of_tallies.chain(instance.into_iter().flat_map(|shown| shown.displayed_totals()))
    }
}

/// When entries leave: at the first tick at or after they expire, but not before the next tick. Where expiry is exact, samples take the place of
/// ticks: nobody sees what happens between.
pub(in crate::sim) struct Leaving {
    /// The tick.
    pub(in crate::sim) at: Time,
    /// The expiry times of the entries that leave at this tick, by their author's clock.
    expiries: Range<Time>,
}

impl Leaving {
    /// For an entry that expires at `expires` by its author's clock; the follower's is ahead by `clock_ahead`.
    pub(in crate::sim) fn of(expires: Time, next_tick: Time, interval: Span, clock_ahead: Span) -> Leaving {
        let later = expires.before(clock_ahead).since(next_tick);
        let after = if later == Span::ZERO { 0 } else { later.ns().div_ceil(interval.ns()) };
        let at = next_tick + interval * after;
        const NEXT: Span = Span::from_ns(1);
        let until = at + clock_ahead + NEXT;
        let from = if after == 0 { Time::ZERO } else { until.before(interval) };
        Leaving { at, expiries: from..until }
    }

    /// Whether an entry leaves at this tick. Both bounds are compared without a branch, as neither result can be predicted.
    #[inline]
    pub(in crate::sim) fn holds_for(&self, expires: Time) -> bool {
        (self.expiries.start <= expires) & (expires < self.expiries.end)
    }
}
