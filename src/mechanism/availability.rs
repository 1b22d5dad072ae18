//! Availability: which destinations a sender leaves out because they do not answer, until they speak.
//!
//! Sources: Mastodon's `app/lib/delivery_failure_tracker.rb` (unavailable after failures on seven days; a good delivery or a
//! request from there ends that) and its pull request 37235 (4.6: an answer after which nothing is sent again is neither a failure
//! nor a success; from 2.4 on it was a success); Misskey's `DeliverProcessorService` and `InboxProcessorService` (suspended after a
//! failure when the first one was seven days ago, whatever was answered; a request from there ends that). Mastodon's days are those of UTC, here they are
//! days of the model, the first of which begins with the run. PeerTube's way is `follow_health`.

use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use std::collections::BTreeMap;

const DAY: Span = Span::from_secs(86_400);
const DAYS: u64 = 7;

/// When a destination is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AvailabilityRule {
    /// After failures on seven different days without a good delivery between; a final answer is neither.
    FailureDays,
    /// After a failure when the first one since the last good delivery was seven days ago.
    FailingFor,
}

/// How a delivery has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// It was taken.
    Good,
    /// It was not answered, or in a way that may pass.
    Bad,
    /// It was answered in a way after which it is not sent again.
    Final,
}

/// What has become of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is left out from now on.
    LeftOut,
    /// It is back.
    Back,
}

/// The destinations of one sender that fail.
#[derive(Clone, Debug)]
pub struct Availability {
    rule: AvailabilityRule,
    failing: BTreeMap<InstanceId, Failing>,
}

#[derive(Clone, Copy, Debug)]
struct Failing {
    first: Time,
    /// The last day with a failure, and how many there are.
    last_day: u64,
    days: u64,
    is_left_out: bool,
}

impl Availability {
    /// All destinations are available.
    pub fn new(rule: AvailabilityRule) -> Availability {
        Availability { rule, failing: BTreeMap::new() }
    }

    /// A delivery has ended.
    pub fn note(&mut self, now: Time, to: InstanceId, end: DeliveryEnd) -> Option<Turn> {
        match (end, self.rule) {
            (DeliveryEnd::Good, _) => return self.hear(to),
            (DeliveryEnd::Final, AvailabilityRule::FailureDays) => return None,
            (DeliveryEnd::Final, AvailabilityRule::FailingFor) | (DeliveryEnd::Bad, _) => {}
        }
        let day = now.ns() / DAY.ns();
        let fresh = Failing { first: now, last_day: day, days: 1, is_left_out: false };
        let failing = self.failing.entry(to).or_insert(fresh);
        if failing.last_day != day {
            (failing.last_day, failing.days) = (day, failing.days + 1);
        }
        let fails = match self.rule {
            AvailabilityRule::FailureDays => failing.days >= DAYS,
            AvailabilityRule::FailingFor => now.since(failing.first) >= DAY * DAYS,
        };
        let turns = fails && !failing.is_left_out;
        failing.is_left_out |= fails;
        turns.then_some(Turn::LeftOut)
    }

    /// A destination has spoken.
    pub fn hear(&mut self, from: InstanceId) -> Option<Turn> {
        self.failing.remove(&from).filter(|failing| failing.is_left_out).map(|_| Turn::Back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);

    fn hour(hours: u64) -> Time {
        Time::from_ms(hours * 3_600_000)
    }

    #[test]
    fn failures_on_seven_days_leave_out_until_the_destination_speaks() {
        let mut all = Availability::new(AvailabilityRule::FailureDays);
        // twice a day from the 23rd hour on: the seventh day begins at hour 144
        for hours in [23, 25, 47, 48, 72, 73, 96, 120] {
            assert_eq!(all.note(hour(hours), A, DeliveryEnd::Bad), None, "{hours}");
        }
        assert_eq!(all.note(hour(120), B, DeliveryEnd::Bad), None);
        assert_eq!(all.note(hour(144), A, DeliveryEnd::Bad), Some(Turn::LeftOut));
        assert_eq!(all.note(hour(170), A, DeliveryEnd::Bad), None);
        assert_eq!((all.hear(A), all.hear(A), all.hear(B)), (Some(Turn::Back), None, None));
        assert_eq!(all.note(hour(171), A, DeliveryEnd::Bad), None);
    }

    #[test]
    fn a_good_delivery_begins_the_count_anew() {
        let mut all = Availability::new(AvailabilityRule::FailureDays);
        for day in 0..6 {
            assert_eq!(all.note(hour(24 * day), A, DeliveryEnd::Bad), None);
        }
        assert_eq!(all.note(hour(143), A, DeliveryEnd::Good), None);
        assert_eq!(all.note(hour(144), A, DeliveryEnd::Bad), None);
    }

    #[test]
    fn a_final_answer_is_no_failure_on_a_day_and_ends_no_count() {
        for (rule, left_out) in
            [(AvailabilityRule::FailureDays, None), (AvailabilityRule::FailingFor, Some(Turn::LeftOut))]
        {
            let mut all = Availability::new(rule);
            let days = (0..8).map(|day| all.note(hour(24 * day), A, DeliveryEnd::Final));
            assert_eq!(days.last(), Some(left_out), "{rule:?}");
        }
        let mut all = Availability::new(AvailabilityRule::FailureDays);
        let mut end_days = |ends: &[DeliveryEnd]| {
            let turns = (0u64..).zip(ends).map(|(day, end)| all.note(hour(24 * day), A, *end));
            turns.collect::<Vec<_>>()
        };
        let mut ends = [DeliveryEnd::Bad; 8];
        ends[3] = DeliveryEnd::Final;
        let turns = end_days(&ends);
        assert_eq!((&turns[..7], turns[7]), (&[None; 7][..], Some(Turn::LeftOut)));
    }

    #[test]
    fn failing_for_seven_days_suspends() {
        let mut all = Availability::new(AvailabilityRule::FailingFor);
        assert_eq!(all.note(hour(5), A, DeliveryEnd::Bad), None);
        assert_eq!(all.note(hour(5 + 167), A, DeliveryEnd::Bad), None);
        assert_eq!(all.note(hour(5 + 168), A, DeliveryEnd::Bad), Some(Turn::LeftOut));
        assert_eq!(all.note(hour(200), A, DeliveryEnd::Good), Some(Turn::Back));
    }
}
