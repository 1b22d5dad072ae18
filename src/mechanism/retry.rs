//! Sending again, and leaving alone who fails: what Mastodon does where PeerTube gives up.
//!
//! Source: Mastodon's `app/workers/activitypub/delivery_worker.rb` (16 retries after the first attempt; its own delay since
//! pull request 21956 of December 2022; circuit breaker per inbox URL with threshold 10 and 60 s), on top of Sidekiq 8's
//! `lib/sidekiq/job_retry.rb` (jitter of every retry) and of Stoplight 4's `lib/stoplight/light/runnable.rb`. Mastodon's
//! `ExponentialBackoff` is for other workers. Not modelled: Sidekiq looks for due retries every few seconds only, and
//! Mastodon gives a host up after failures on seven days.

use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use std::collections::BTreeMap;

/// How long after its failure attempt k = 0, 1, ... is made again: k^4 + 15 seconds, and two jitters.
///
/// Mastodon adds a whole number of seconds below k^4 / 2 (none for k < 2), Sidekiq one below 10 (k + 1). Both are uniform,
/// independent, and come from one draw. All 16 retries together take 2.6 days in the mean.
pub fn retry_delay(attempt: u8, draw: u32) -> Span {
    const BASE_S: u64 = 15;
    const SIDEKIQ_S: u64 = 10;
    let fourth = u64::from(attempt).pow(4);
    let (own, sidekiq) = ((fourth / 2).max(1), SIDEKIQ_S * (u64::from(attempt) + 1));
    // one of own x sidekiq pairs, all equally likely
    let pair = ((u128::from(draw) * u128::from(own * sidekiq)) >> u32::BITS) as u64;
    Span::from_secs(fourth + BASE_S + pair / sidekiq + pair % sidekiq)
}

/// The circuit breakers of one sender, one per destination.
///
/// After so many failures in a row a destination is left alone, for a time from its last failure. What is tried then
/// closes the breaker if it is good and opens it again if not; until then everything is tried.
#[derive(Clone, Debug)]
pub struct Breakers {
    failures: u32,
    pause: Span,
    /// By destination that failed last: its failures in a row, and the last of them.
    failed: BTreeMap<InstanceId, (u32, Time)>,
}

impl Breakers {
    /// Closed breakers, which open after so many failures in a row for such a time.
    pub fn new(failures: u32, pause: Span) -> Breakers {
        Breakers { failures, pause, failed: BTreeMap::new() }
    }

    /// Whether a destination is left alone.
    pub fn is_open(&self, now: Time, to: InstanceId) -> bool {
        let failed = self.failed.get(&to);
        failed.is_some_and(|&(count, last)| count >= self.failures && now.since(last) < self.pause)
    }

    /// A request has ended, well or not. What was not even tried is not noted.
    pub fn note(&mut self, now: Time, to: InstanceId, good: bool) {
        if good {
            self.failed.remove(&to);
        } else {
            let (count, last) = self.failed.entry(to).or_default();
            *count = count.saturating_add(1);
            *last = now;
        }
    }

    /// The process is a new one, and the breakers are as before: Mastodon keeps them in Redis, as it does the queue.
    pub fn restart(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);

    #[test]
    fn delays_have_mastodons_bounds() {
        for (attempt, least_s, greatest_s) in [
            (0, 15, 24),
            (1, 16, 35),
            (2, 31, 31 + 7 + 29),
            (3, 96, 96 + 39 + 39),
            (15, 50_640, 50_640 + 25_311 + 159),
        ] {
            assert_eq!(retry_delay(attempt, 0), Span::from_secs(least_s), "{attempt}");
            assert_eq!(retry_delay(attempt, u32::MAX), Span::from_secs(greatest_s), "{attempt}");
        }
        _ = retry_delay(u8::MAX, u32::MAX);
    }

    /// Over evenly spread draws: each of the 8 x 30 pairs of attempt 2 comes equally often.
    #[test]
    fn both_jitters_are_uniform_and_independent() {
        const PAIRS: u32 = 240;
        const DRAWS_PER_PAIR: u32 = 10;
        let mut seen = BTreeMap::new();
        for number in 0..PAIRS * DRAWS_PER_PAIR {
            let draw = number * (u32::MAX / (PAIRS * DRAWS_PER_PAIR)) + 500;
            *seen.entry(retry_delay(2, draw)).or_insert(0) += 1;
        }
        for extra_s in 0..=36 {
            // how many pairs (own below 8, Sidekiq's below 30) have this sum
            let pairs = (0..8).filter(|own| (0..30).contains(&(extra_s - own))).count();
            let count = seen[&Span::from_secs(31 + extra_s as u64)];
            assert!((count - pairs as i32 * DRAWS_PER_PAIR as i32).abs() <= 8, "{extra_s}: {count}");
        }
    }

    #[test]
    fn all_retries_together_take_two_and_a_half_days() {
        let mean_s: f64 = (0..16).map(|attempt| retry_delay(attempt, u32::MAX / 2).secs_f64()).sum();
        assert!((mean_s / 86_400.0 - 2.59).abs() < 0.01, "{mean_s}");
    }

    #[test]
    fn a_breaker_opens_after_failures_in_a_row_and_closes_after_a_good_one() {
        let mut breakers = Breakers::new(3, Span::from_secs(60));
        let at = |s: u64| Time::from_ms(s * 1_000);
        for (s, good) in [(0, false), (1, false), (2, true), (3, false), (4, false)] {
            breakers.note(at(s), A, good);
            assert!(!breakers.is_open(at(s), A), "{s}");
        }
        breakers.note(at(5), A, false);
        assert!(breakers.is_open(at(5), A) && !breakers.is_open(at(5), B));
        assert!(breakers.is_open(at(64), A) && !breakers.is_open(at(65), A));
        // what is tried then decides
        breakers.note(at(70), A, false);
        breakers.restart();
        assert!(breakers.is_open(at(129), A) && !breakers.is_open(at(130), A));
        breakers.note(at(131), A, true);
        breakers.note(at(132), A, false);
        assert!(!breakers.is_open(at(132), A));
    }

    proptest! {
        #[test]
        fn a_breaker_is_open_as_its_history_says(
            results in proptest::collection::vec((0u64..40, any::<bool>()), 0..60),
        ) {
            let mut breakers = Breakers::new(2, Span::from_ms(50));
            let (mut ms, mut history) = (0, Vec::new());
            for (later, good) in results {
                ms += later;
                breakers.note(Time::from_ms(ms), A, good);
                history.push((ms, good));
                let row = history.iter().rev().take_while(|result| !result.1).count();
                for after in [0, 49, 50] {
                    prop_assert_eq!(breakers.is_open(Time::from_ms(ms + after), A), row >= 2 && after < 50);
                }
            }
        }
    }
}
