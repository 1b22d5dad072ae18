//! Circuit breakers: leaving alone who fails.
//!
//! Sources: Mastodon's `app/workers/activitypub/delivery_worker.rb` (a circuit breaker per inbox URL with threshold 10 and
//! 60 s), on top of Stoplight 4's `lib/stoplight/light/runnable.rb`; the manual of fedify 2.3 (half-open: one probe, others
//! are held). Not modelled: fedify counts only failures of the last ten minutes.

use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use std::collections::BTreeMap;

/// The circuit breakers of one sender, one per destination.
///
/// After so many failures in a row a destination is left alone, for a time from its last failure. What is tried then
/// closes the breaker if it is good and opens it again if not: everything until then, or, if it is half open, one request.
#[derive(Clone, Debug)]
pub struct Breakers {
    failures: u32,
    pause: Span,
    half_opens: bool,
    /// By destination that failed last.
    failed: BTreeMap<InstanceId, Failed>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failed {
    /// Failures in a row.
    count: u32,
    /// The last of them.
    last: Time,
    /// When the request began that is tried since the pause.
    probed: Option<Time>,
}

/// What a breaker says to a request that wants to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Begin.
    Closed,
    /// It fails at once, without being made.
    Open,
    /// It is neither made nor counted as failed: it is to ask again then.
    HeldUntil(Time),
}

/// While one request probes a destination, the others ask again after so long, as in fedify.
const ASKS_AGAIN: Span = Span::from_secs(1);

impl Breakers {
    /// Closed breakers, which open after so many failures in a row for such a time; whether they are half open then.
    pub fn new(failures: u32, pause: Span, half_opens: bool) -> Breakers {
        Breakers { failures, pause, half_opens, failed: BTreeMap::new() }
    }

    /// Whether they are half open after the pause. Such breakers count what does not answer, and no refusals (4xx).
    pub fn half_opens(&self) -> bool {
        self.half_opens
    }

    /// A request to a destination wants to begin. If it may and the breaker is half open, it is the one that probes.
    pub fn ask(&mut self, now: Time, to: InstanceId) -> Gate {
        let gate = self.gate(now, to);
        if gate == Gate::Closed
            && let Some(failed) = self.failed.get_mut(&to).filter(|failed| failed.count >= self.failures)
        {
            failed.probed = Some(now);
        }
        gate
    }

    /// What a request to a destination would be told.
    pub fn gate(&self, now: Time, to: InstanceId) -> Gate {
        let Some(failed) = self.failed.get(&to).filter(|failed| failed.count >= self.failures) else {
            return Gate::Closed;
        };
        let is_open = now.since(failed.last) < self.pause;
        match (self.half_opens, is_open) {
            (false, true) => Gate::Open,
            (true, true) => Gate::HeldUntil(failed.last + self.pause),
            // a probe whose process has stopped tells nothing
            (true, false) if failed.probed.is_some_and(|since| now.since(since) < self.pause) => {
                Gate::HeldUntil(now + ASKS_AGAIN)
            }
            (_, false) => Gate::Closed,
        }
    }

    /// A request has ended, well or not. What was not even tried is not noted.
    pub fn note(&mut self, now: Time, to: InstanceId, good: bool) {
        if good {
            self.failed.remove(&to);
        } else {
            let Failed { count, .. } = self.failed.get(&to).copied().unwrap_or_default();
            self.failed.insert(to, Failed { count: count.saturating_add(1), last: now, probed: None });
        }
    }

    /// The process is a new one, and the breakers are as before: they are kept outside of it, in Redis, as the queue is.
    pub fn restart(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);

    fn is_open(breakers: &mut Breakers, now: Time, to: InstanceId) -> bool {
        breakers.ask(now, to) != Gate::Closed
    }

    #[test]
    fn a_half_open_breaker_lets_one_request_through() {
        let mut breakers = Breakers::new(2, Span::from_secs(60), true);
        let at = |s: u64| Time::from_ms(s * 1_000);
        breakers.note(at(0), A, false);
        assert_eq!(breakers.ask(at(1), A), Gate::Closed);
        breakers.note(at(1), A, false);
        assert_eq!(breakers.ask(at(10), A), Gate::HeldUntil(at(61)));
        assert_eq!(breakers.ask(at(10), B), Gate::Closed);
        // the first one after the pause probes, the others ask again each second
        assert_eq!(breakers.ask(at(61), A), Gate::Closed);
        assert_eq!(breakers.ask(at(61), A), Gate::HeldUntil(at(62)));
        breakers.note(at(70), A, false);
        assert_eq!(breakers.ask(at(71), A), Gate::HeldUntil(at(130)));
        assert_eq!(breakers.ask(at(130), A), Gate::Closed);
        // a probe that never ends is replaced after another pause
        assert_eq!(breakers.ask(at(189), A), Gate::HeldUntil(at(190)));
        assert_eq!(breakers.ask(at(190), A), Gate::Closed);
        breakers.note(at(191), A, true);
        assert_eq!([breakers.ask(at(191), A), breakers.ask(at(191), A)], [Gate::Closed; 2]);
    }

    #[test]
    fn a_breaker_opens_after_failures_in_a_row_and_closes_after_a_good_one() {
        let mut breakers = Breakers::new(3, Span::from_secs(60), false);
        let at = |s: u64| Time::from_ms(s * 1_000);
        for (s, good) in [(0, false), (1, false), (2, true), (3, false), (4, false)] {
            breakers.note(at(s), A, good);
            assert!(!is_open(&mut breakers, at(s), A), "{s}");
        }
        breakers.note(at(5), A, false);
        assert!(is_open(&mut breakers, at(5), A) && !is_open(&mut breakers, at(5), B));
        assert!(is_open(&mut breakers, at(64), A) && !is_open(&mut breakers, at(65), A));
        // what is tried then decides
        breakers.note(at(70), A, false);
        breakers.restart();
        assert!(is_open(&mut breakers, at(129), A) && !is_open(&mut breakers, at(130), A));
        breakers.note(at(131), A, true);
        breakers.note(at(132), A, false);
        assert!(!is_open(&mut breakers, at(132), A));
    }

    proptest! {
        #[test]
        fn a_breaker_is_open_as_its_history_says(
            results in proptest::collection::vec((0u64..40, any::<bool>()), 0..60),
        ) {
            let mut breakers = Breakers::new(2, Span::from_ms(50), false);
            let (mut ms, mut history) = (0, Vec::new());
            for (later, good) in results {
                ms += later;
                breakers.note(Time::from_ms(ms), A, good);
                history.push((ms, good));
                let row = history.iter().rev().take_while(|result| !result.1).count();
                for after in [0, 49, 50] {
                    prop_assert_eq!(is_open(&mut breakers, Time::from_ms(ms + after), A), row >= 2 && after < 50);
                }
            }
        }
    }
}
