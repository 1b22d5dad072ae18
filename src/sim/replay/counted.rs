//! Counted jobs: what followers display of jobs whose arrivals are order-insensitive.
//!
//! ```text
//! displayed(follower, sample) = arrived(follower, before the sample) - expired(at the last tick)
//! ```
//! It holds if inboxes take no time and refuse nothing; entries only add up; a job reaches all its followers that are up,
//! whose numbers are consecutive; its entries expire after its last request has arrived; and that is before the run ends. Of
//! a job, all requests have arrived at a sample, none, or (while it is in progress) those below a boundary. The number of
//! expired entries follows from their expiry times alone, for all followers alike. Other arrivals at these followers are
//! added by `follower`.

use super::broadcast::{BroadcastEffect, BroadcastSummary};
use crate::domain::sampling::Sampling;
use crate::foundation::ids::VideoId;
use crate::foundation::units::Time;
use crate::mechanism::boundary::{add_below, boundary_us};
use std::collections::VecDeque;
use std::ops::Range;

/// A job that is in progress at more samples than this is not counted: each costs a pass over all its columns.
pub(in crate::sim) const SAMPLES_MAX: u64 = 16;

/// The counted jobs of a shard.
pub(in crate::sim) struct Counted {
    sampling: Sampling,
    sums: Vec<ClassCounts>,
}

/// The counts of all jobs of one class.
struct ClassCounts {
    class: JobClass,
    jobs: u64,
    /// When the last of their requests arrives.
    latest: Time,
    /// When the entries of a job expire, ascending, without those that have expired at all followers.
    expire: VecDeque<Time>,
    /// Jobs whose entries have expired at all followers.
    expired: u64,
    /// The sample of `at[0]`.
    first: u64,
    /// By sample, from `first` on.
    at: VecDeque<SampleCounts>,
    /// Below this sample, `SampleCounts::whole` is cumulative.
    summed: u64,
}

/// What followers can tell of a job.
#[derive(Clone, Debug, PartialEq)]
struct JobClass {
    video: VideoId,
    is_view: bool,
    /// Whether it adds an entry.
    adds: bool,
    /// Its receivers, by position in the shard.
    followers: Range<usize>,
}

/// The arrivals that one sample finds.
#[derive(Clone, Default)]
struct SampleCounts {
    /// Jobs whose last request arrived since the previous sample; below `summed`, since the start.
    whole: i64,
    /// By follower: requests of jobs in progress that have arrived; empty if there are none.
    part: Vec<i64>,
}

impl Counted {
    pub(in crate::sim) fn new(sampling: Sampling) -> Counted {
        Counted { sampling, sums: Vec::new() }
    }

    /// Adds a job. Its requests arrive at `from + after_us`, by follower, the last at `latest`; dead followers have `NEVER_US`.
    pub(in crate::sim) fn add(
        &mut self,
        summary: &BroadcastSummary,
        followers: Range<usize>,
        from: Time,
        after_us: &[u32],
        latest: Time,
    ) {
        let adds = summary.effect == BroadcastEffect::AddsOne;
        let class = JobClass { video: summary.video, is_view: summary.kind.is_view(), adds, followers };
        let sampling = self.sampling;
        let sum = self.sum(class);
        sum.jobs += 1;
        sum.latest = sum.latest.max(latest);
        if adds {
            let after = sum.expire.iter().rposition(|expires| *expires <= summary.expires);
            sum.expire.insert(after.map_or(0, |before| before + 1), summary.expires);
        }
        let whole_at = sampling.count_until(latest);
        for number in sampling.count_until(from)..whole_at {
            let part = &mut sum.at(number).part;
            part.resize(after_us.len(), 0);
            add_below(after_us, boundary_us(from, sampling.at(number)), 1, part);
        }
        sum.at(whole_at).whole += 1;
    }

    /// The counts of a class.
    fn sum(&mut self, class: JobClass) -> &mut ClassCounts {
        let place = self.sums.iter().position(|sum| sum.class == class).unwrap_or_else(|| {
            self.sums.push(ClassCounts {
                class,
                jobs: 0,
                latest: Time::ZERO,
                expire: VecDeque::new(),
                expired: 0,
                first: 0,
                at: VecDeque::new(),
                summed: 0,
            });
            self.sums.len() - 1
        });
        &mut self.sums[place]
    }

    /// All jobs that begin before an instant are added: makes the counts of its samples cumulative.
    pub(in crate::sim) fn complete(&mut self, until: Time) {
        let until = self.sampling.count_until(until);
        for sum in &mut self.sums {
            for number in sum.summed.max(1)..until {
                let before = sum.at(number - 1).whole;
                sum.at(number).whole += before;
            }
            if until > 0 {
                sum.at(until - 1);
            }
            sum.summed = until;
        }
    }

    /// All followers are replayed up to `before`, and their last ticks were at `tick` or later by their own clocks: drops what
    /// no later sample needs.
    pub(in crate::sim) fn forget(&mut self, before: Time, tick: Time) {
        // the next sample needs the difference to this one
        let first = self.sampling.count_until(before).saturating_sub(1);
        for sum in &mut self.sums {
            while sum.first < first {
                sum.at.pop_front();
                sum.first += 1;
            }
            while sum.expire.pop_front_if(|expires| *expires <= tick).is_some() {
                sum.expired += 1;
            }
        }
    }

    /// The viewers that a follower displays at a sample, with their video; its last tick was at `tick` by its own clock.
    pub(in crate::sim) fn displays(
        &self,
        follower: usize,
        sample: u64,
        tick: Option<Time>,
    ) -> impl Iterator<Item = (VideoId, u64)> {
        let sums = self.of(follower).filter(|sum| sum.class.adds);
        let counts = sums.map(move |sum| (sum.class.video, sum.came(follower, sample) - sum.left(tick)));
        counts.filter(|shown| shown.1 > 0)
    }

    /// Activities that a follower received since the previous sample: Views, or all others.
    pub(in crate::sim) fn came(&self, follower: usize, is_view: bool, sample: u64) -> u64 {
        let sums = self.of(follower).filter(|sum| sum.class.is_view == is_view);
        let before = |sum: &ClassCounts| sample.checked_sub(1).map_or(0, |before| sum.came(follower, before));
        sums.map(|sum| sum.came(follower, sample) - before(sum)).sum()
    }

    /// Whether all requests have arrived at a follower and all entries have expired there.
    pub(in crate::sim) fn is_idle(&self, follower: usize, now: Time, tick: Option<Time>) -> bool {
        self.of(follower).all(|sum| sum.latest < now && (!sum.class.adds || sum.left(tick) == sum.jobs))
    }

    /// Whether all requests have arrived at a follower.
    pub(in crate::sim) fn has_arrived(&self, follower: usize, now: Time) -> bool {
        self.of(follower).all(|sum| sum.latest < now)
    }

    /// The classes that a follower receives.
    fn of(&self, follower: usize) -> impl Iterator<Item = &ClassCounts> {
        self.sums.iter().filter(move |sum| sum.class.followers.contains(&follower))
    }
}

impl ClassCounts {
    /// The counts of a sample, created if need be.
    fn at(&mut self, number: u64) -> &mut SampleCounts {
        let place = (number - self.first) as usize;
        if self.at.len() <= place {
            self.at.resize(place + 1, SampleCounts::default());
        }
        &mut self.at[place]
    }

    /// Requests that have arrived at a follower before a sample.
    fn came(&self, follower: usize, sample: u64) -> u64 {
        let SampleCounts { whole, part } = &self.at[(sample - self.first) as usize];
        let came = whole + part.get(follower - self.class.followers.start).copied().unwrap_or(0);
        came as u64
    }

    /// Entries that have expired at a tick.
    fn left(&self, tick: Option<Time>) -> u64 {
        let Some(tick) = tick else { return 0 };
        self.expired + self.expire.partition_point(|expires| *expires <= tick) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foundation::units::Span;
    use crate::mechanism::activity::Kind;
    use crate::mechanism::boundary::NEVER_US;
    use proptest::prelude::*;

    const SAMPLES: Sampling =
        Sampling { from: Time::from_ns(3_500), every: Span::from_ns(10_000), bucket: Span::from_ns(10_000) };
    const FIRST_TICK: Time = Time::from_ns(2_000);
    const TICK: Span = Span::from_ns(7_000);

    /// The last tick at an instant or before it.
    fn tick(at: Time) -> Option<Time> {
        (at >= FIRST_TICK).then(|| FIRST_TICK + TICK * (at.since(FIRST_TICK).ns() / TICK.ns()))
    }

    proptest! {
        /// Window by window, samples find the same as if each request were replayed.
        #[test]
        fn samples_find_what_came_and_has_not_left(
            jobs in proptest::collection::vec((0u64..9_000, proptest::collection::vec(0u32..40, 3), 1u64..60_000), 0..30),
            per_window in 1usize..8,
        ) {
            let mut counted = Counted::new(SAMPLES);
            let (mut from, mut all, mut next) = (Time::ZERO, Vec::new(), 0);
            for window in jobs.chunks(per_window).chain([&[][..]]) {
                for (later, after_us, lives) in window {
                    from += Span::from_ns(*later);
                    // the last follower is dead
                    let after_us = [after_us[0], after_us[1], NEVER_US];
                    let came = |follower: usize| from + Span::from_us(u64::from(after_us[follower]));
                    let latest = came(0).max(came(1));
                    let expires = latest + Span::from_ns(*lives);
                    let (video, kind, authored) = (VideoId(0), Kind::Viewer, Time::ZERO);
                    let summary = BroadcastSummary { authored, expires, video, kind, effect: BroadcastEffect::AddsOne };
                    counted.add(&summary, 0..3, from, &after_us, latest);
                    all.push(([came(0), came(1)], expires));
                }
                let horizon = if window.is_empty() { from + Span::from_us(200) } else { from };
                counted.complete(horizon);
                while SAMPLES.at(next) <= horizon {
                    let at = SAMPLES.at(next);
                    for follower in [0, 1] {
                        let came = |before: Time| all.iter().filter(|job| job.0[follower] < before).count() as u64;
                        let left = all.iter().filter(|job| tick(at).is_some_and(|tick| job.1 <= tick)).count();
                        let shows = counted.displays(follower, next, tick(at)).map(|shown| shown.1).sum::<u64>();
                        prop_assert_eq!(shows, came(at) - left as u64);
                        let before = next.checked_sub(1).map_or(0, |before| came(SAMPLES.at(before)));
                        prop_assert_eq!(counted.came(follower, true, next), came(at) - before);
                    }
                    next += 1;
                }
                counted.forget(horizon, tick(horizon).unwrap_or_default());
            }
            prop_assert!(counted.is_idle(0, from + Span::from_us(200), tick(from + Span::from_us(200))));
        }
    }
}
