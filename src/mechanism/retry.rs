//! When a sender tries again after a failure: schedules as data, and the jitter on top of them.
//!
//! Sources: Sidekiq's `lib/sidekiq/job_retry.rb` (n^4 + 15 seconds; the jitter of every retry, of releases 6 and 8);
//! Mastodon's `app/workers/activitypub/delivery_worker.rb` (its own jitter since pull request 21956 of December 2022);
//! Misskey's `httpRelatedBackoff` ((2^n - 1) minutes, at most 8 h, and up to 20 % more); Lemmy's
//! `federate_retry_sleep_duration`; the manual of fedify. Not modelled: Sidekiq looks for due retries every few seconds only.

use crate::foundation::units::Span;

/// The most times that a list can hold.
pub const LIST_MAX: usize = 20;

/// How long a sender waits after a failure before it tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait without jitter, by the number of failures.
    pub schedule: Schedule,
    /// What chance adds.
    pub jitter: Jitter,
}

/// The wait after failure n = 1, 2, ..., without jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// (n - 1)^4 + 15 seconds, as Sidekiq waits.
    Sidekiq,
    /// A power of n.
    Exponential(Exponential),
    /// These, and the last of them ever after.
    List(List),
}

/// unit x base^m, or unit x (base^m - 1), with m the number of failures after the first `at_once`, which wait for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exponential {
    /// What the power is multiplied by.
    pub unit: Span,
    /// The base, in millionths.
    pub base_ppm: u32,
    /// Whether one is taken from the power.
    pub minus_one: bool,
    /// After so many failures it is tried again without a wait.
    pub at_once: u32,
    /// The longest wait.
    pub at_most: Span,
}

/// Some waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    count: usize,
    spans: [Span; LIST_MAX],
}

/// What chance adds to a wait: the same draw gives the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Nothing.
    Off,
    /// n times a whole number of seconds below 10: Sidekiq's of release 6.
    Sidekiq,
    /// A whole number of seconds below (n - 1)^4 / 2, which is Mastodon's, and one below 10 n, which is Sidekiq's of
    /// release 8. Both are uniform, independent, and come from one draw.
    Mastodon,
    /// A share of the wait, uniform up to this one, in millionths.
    Share(u32),
}

impl List {
    /// The first of some waits, at most `LIST_MAX`.
    pub fn new(spans: impl IntoIterator<Item = Span>) -> List {
        let mut list = List { count: 0, spans: [Span::ZERO; LIST_MAX] };
        for (place, span) in list.spans.iter_mut().zip(spans) {
            *place = span;
            list.count += 1;
        }
        list
    }

    /// The waits.
    pub fn spans(&self) -> &[Span] {
        &self.spans[..self.count]
    }
}

impl Exponential {
    fn wait(&self, failures: u32) -> Span {
        let power = failures.saturating_sub(self.at_once);
        if power == 0 {
            return Span::ZERO;
        }
        let base = f64::from(self.base_ppm) / 1e6;
        let factor = libm::pow(base, f64::from(power)) - f64::from(u8::from(self.minus_one));
        // beyond the range of a number it is the greatest one, which is more than `at_most`
        Span::from_ns((self.unit.ns() as f64 * factor) as u64).min(self.at_most)
    }
}

impl Backoff {
    /// How long after its failure a message is tried again that has failed so often (1, 2, ...). `draw` is uniform over all
    /// 32-bit numbers.
    pub fn wait(&self, failures: u32, draw: u32) -> Span {
        const BASE_S: u64 = 15;
        let wait = match self.schedule {
            Schedule::Sidekiq => Span::from_secs(fourth_power(failures) + BASE_S),
            Schedule::Exponential(exponential) => exponential.wait(failures),
            Schedule::List(list) => {
                let at = (failures.max(1) as usize - 1).min(list.count.saturating_sub(1));
                list.spans[at]
            }
        };
        wait + self.jitter.of(wait, failures, draw)
    }
}

impl Jitter {
    fn of(self, wait: Span, failures: u32, draw: u32) -> Span {
        const SIDEKIQ_S: u64 = 10;
        let below = |numbers: u64| ((u128::from(draw) * u128::from(numbers)) >> u32::BITS) as u64;
        match self {
            Jitter::Off => Span::ZERO,
            Jitter::Sidekiq => Span::from_secs(below(SIDEKIQ_S) * counted(failures)),
            Jitter::Mastodon => {
                let (own, sidekiq) = ((fourth_power(failures) / 2).max(1), SIDEKIQ_S * counted(failures));
                // one of own x sidekiq pairs, all equally likely
                let pair = below(own * sidekiq);
                Span::from_secs(pair / sidekiq + pair % sidekiq)
            }
            Jitter::Share(ppm) => {
                let most_ns = u128::from(wait.ns()) * u128::from(ppm) / 1_000_000;
                Span::from_ns(((most_ns * u128::from(draw)) >> u32::BITS) as u64)
            }
        }
    }
}

/// Failures as far as Sidekiq's formulas go: with as many retries as there can be, ten days lie behind the last one.
fn counted(failures: u32) -> u64 {
    const MOST: u64 = 31;
    u64::from(failures).clamp(1, MOST)
}

/// The fourth power of the failures before this one, as Sidekiq counts them.
fn fourth_power(failures: u32) -> u64 {
    (counted(failures) - 1).pow(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const MASTODON: Backoff = Backoff { schedule: Schedule::Sidekiq, jitter: Jitter::Mastodon };

    /// The waits after failures 1, 2, ..., in seconds.
    fn waits_s(backoff: Backoff, count: u32, draw: u32) -> Vec<u64> {
        (1..=count).map(|failures| backoff.wait(failures, draw).ns() / 1_000_000_000).collect()
    }

    fn exponential(unit: Span, base_ppm: u32, minus_one: bool, at_once: u32, at_most: Span) -> Schedule {
        Schedule::Exponential(Exponential { unit, base_ppm, minus_one, at_once, at_most })
    }

    #[test]
    fn sidekiqs_waits_have_the_bounds_of_mastodons_jitters() {
        for (failures, least_s, greatest_s) in [
            (1, 15, 24),
            (2, 16, 35),
            (3, 31, 31 + 7 + 29),
            (4, 96, 96 + 39 + 39),
            (16, 50_640, 50_640 + 25_311 + 159),
        ] {
            assert_eq!(MASTODON.wait(failures, 0), Span::from_secs(least_s), "{failures}");
            assert_eq!(MASTODON.wait(failures, u32::MAX), Span::from_secs(greatest_s), "{failures}");
        }
        assert_eq!(MASTODON.wait(31, 0), MASTODON.wait(u32::MAX, 0));
    }

    /// Over evenly spread draws: each of the 8 x 30 pairs of the third failure comes equally often.
    #[test]
    fn both_jitters_are_uniform_and_independent() {
        const PAIRS: u32 = 240;
        const DRAWS_PER_PAIR: u32 = 10;
        let mut seen = BTreeMap::new();
        for number in 0..PAIRS * DRAWS_PER_PAIR {
            let draw = number * (u32::MAX / (PAIRS * DRAWS_PER_PAIR)) + 500;
            *seen.entry(MASTODON.wait(3, draw)).or_insert(0) += 1;
        }
        for extra_s in 0..=36 {
            // how many pairs (own below 8, Sidekiq's below 30) have this sum
            let pairs = (0..8).filter(|own| (0..30).contains(&(extra_s - own))).count();
            let count = seen[&Span::from_secs(31 + extra_s as u64)];
            assert!((count - pairs as i32 * DRAWS_PER_PAIR as i32).abs() <= 8, "{extra_s}: {count}");
        }
    }

    #[test]
    fn all_16_retries_together_take_two_and_a_half_days() {
        let mean_s: u64 = waits_s(MASTODON, 16, u32::MAX / 2).iter().sum();
        assert!((mean_s as f64 / 86_400.0 - 2.59).abs() < 0.01, "{mean_s}");
    }

    /// `(n^4) + 15 + rand(10) * (n + 1)` with n = 0, 1, ..., where `rand(10)` is 0 and 9.
    #[test]
    fn the_older_jitter_of_sidekiq_is_a_digit_times_the_attempt() {
        let older = Backoff { schedule: Schedule::Sidekiq, jitter: Jitter::Sidekiq };
        assert_eq!(waits_s(older, 4, 0), [15, 16, 31, 96]);
        assert_eq!(waits_s(older, 4, u32::MAX), [15 + 9, 16 + 18, 31 + 27, 96 + 36]);
    }

    /// (2^n - 1) minutes: 1, 3, 7, ..., 255, then 480 for 511 and what comes after.
    #[test]
    fn misskeys_eleven_retries_take_33_hours() {
        let schedule = exponential(Span::from_secs(60), 2_000_000, true, 0, Span::from_secs(8 * 3_600));
        let minutes = |jitter, draw| {
            waits_s(Backoff { schedule, jitter }, 11, draw).iter().map(|s| s / 60).collect::<Vec<_>>()
        };
        let exact = [1, 3, 7, 15, 31, 63, 127, 255, 480, 480, 480];
        assert_eq!(minutes(Jitter::Off, 0), exact);
        assert_eq!(minutes(Jitter::Share(200_000), 0), exact);
        assert_eq!(exact.iter().sum::<u64>(), 1_942);
        // at most 20 % more; the last nanosecond of it is never reached
        let most = waits_s(Backoff { schedule, jitter: Jitter::Share(200_000) }, 11, u32::MAX);
        assert_eq!(most[..2], [71, 215]);
        assert_eq!(most[10], 480 * 72 - 1);
    }

    /// Lemmy: the first failure waits for nothing, the others 1.25, 1.5625, ... seconds, at most a day.
    #[test]
    fn lemmys_waits_grow_by_a_quarter_up_to_a_day() {
        let day = Span::from_secs(86_400);
        let schedule = exponential(Span::from_secs(1), 1_250_000, false, 1, day);
        let wait = |failures| Backoff { schedule, jitter: Jitter::Off }.wait(failures, 0);
        assert_eq!([1, 2, 3].map(wait), [0, 1_250_000, 1_562_500].map(Span::from_us));
        // 1.25^50 = 70,065; 1.25^51 = 87,581
        assert!(wait(51) < day && wait(51) > Span::from_secs(70_064));
        assert_eq!([wait(52), wait(1_000_000), wait(u32::MAX)], [day; 3]);
    }

    /// fedify: 1, 2, 4, ... seconds, and up to as much again.
    #[test]
    fn fedifys_waits_double_and_jitter_doubles_them() {
        let schedule = exponential(Span::from_ms(500), 2_000_000, false, 0, Span::from_secs(12 * 3_600));
        let fedify = Backoff { schedule, jitter: Jitter::Share(1_000_000) };
        assert_eq!(waits_s(fedify, 5, 0), [1, 2, 4, 8, 16]);
        assert_eq!(waits_s(fedify, 5, u32::MAX), [1, 3, 7, 15, 31]);
    }

    #[test]
    fn the_last_of_a_list_holds_ever_after() {
        let list = List::new([5, 10].map(Span::from_secs));
        let backoff = Backoff { schedule: Schedule::List(list), jitter: Jitter::Off };
        assert_eq!(waits_s(backoff, 4, 7), [5, 10, 10, 10]);
        assert_eq!(List::new([Span::ZERO; 99]).spans().len(), LIST_MAX);
    }
}
