//! Trains: instants at a fixed distance, counted and not enumerated. How many there are, and how many of all fall into the busiest second.
//!
//! A million trains of a thousand instants are a million changes in a table of seconds: a train whose distance is p seconds adds one to every p-th
//! second from its first on, so it is noted where it begins and where it would go on, and each second inherits what the p-th before
//! it has. Of a distance that is no whole number of seconds every b-th instant is such a train (2.5 s: every second one, at 5 s). Seconds
//! are looked at in blocks, so memory does not grow with time.

use crate::foundation::units::{Span, Time};
use std::cmp::Reverse;

const SECOND: Span = Span::from_secs(1);
/// Seconds that are looked at together: 18 hours.
const BLOCK_S: u64 = 1 << 16;

/// Instants: `first`, `first + every`, ..., so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Train {
    /// The first.
    pub first: Time,
    /// The distance, above zero.
    pub every: Span,
    /// How many.
    pub count: u64,
}

impl Train {
    /// Those from `first` on that lie before an instant.
    pub fn before(first: Time, every: Span, until: Time) -> Train {
        Train { first, every, count: until.since(first).ns().div_ceil(every.ns()) }
    }

    /// One instant.
    pub fn one(at: Time) -> Train {
        Train { first: at, every: SECOND, count: 1 }
    }

    /// The instant that would follow the last one.
    pub fn next(&self) -> Time {
        self.first + self.every * self.count
    }

    /// Takes off those that lie before an instant.
    fn take_before(&mut self, until: Time) -> Train {
        let count = Train::before(self.first, self.every, until).count.min(self.count);
        let taken = Train { count, ..*self };
        *self = Train { first: taken.next(), count: self.count - count, ..*self };
        taken
    }

    /// The whole second of an instant of the train.
    fn second(&self, number: u64) -> u64 {
        (self.first + self.every * number).ns() / SECOND.ns()
    }
}

/// The most instants of all trains together in one second [k, k + 1) since T0.
pub fn busiest_second(mut trains: Vec<Train>) -> u64 {
    trains.retain(|train| train.count > 0);
    let first = trains.iter().map(|train| train.second(0)).min().unwrap_or(0);
    let last = trains.iter().map(|train| train.second(train.count - 1)).max().unwrap_or(0);
    in_blocks(trains, (last - first + 1).min(BLOCK_S))
}

/// The same of trains that are not empty.
fn in_blocks(mut trains: Vec<Train>, block_s: u64) -> u64 {
    trains.sort_unstable_by_key(|train| Reverse(train.first));
    let mut begun: Vec<Train> = Vec::new();
    let (mut from_s, mut most) = (0, 0);
    loop {
        if begun.is_empty() {
            let Some(next) = trains.last() else { return most };
            from_s = next.second(0) / block_s * block_s;
        }
        let until = Time::ZERO + SECOND * (from_s + block_s);
        while let Some(train) = trains.pop_if(|train| train.first < until) {
            begun.push(train);
        }
        let mut here: Vec<Train> = begun.iter_mut().map(|train| train.take_before(until)).collect();
        begun.retain(|train| train.count > 0);
        most = most.max(counts(&mut here, from_s, block_s).into_iter().max().unwrap_or(0));
        from_s += block_s;
    }
}

/// Instants by second, from a second on; none of the trains leaves these seconds.
fn counts(trains: &mut [Train], from_s: u64, block_s: u64) -> Vec<u64> {
    let mut counts = vec![0; block_s as usize];
    trains.sort_unstable_by_key(|train| train.every);
    for alike in trains.chunk_by(|one, other| one.every == other.every) {
        // every `beats`-th instant is at a distance of `stride` whole seconds
        let every_ns = alike[0].every.ns();
        let beats = SECOND.ns() / greatest_common_divisor(every_ns, SECOND.ns());
        let stride = u128::from(every_ns) * u128::from(beats) / u128::from(SECOND.ns());
        let is_short = |train: &&Train| train.count <= beats;
        for train in alike.iter().filter(is_short) {
            (0..train.count).for_each(|number| counts[(train.second(number) - from_s) as usize] += 1);
        }
        let long: Vec<Train> = alike.iter().filter(|train| !is_short(train)).copied().collect();
        if !long.is_empty() {
            // a long train has two instants at this distance in the block
            add_long(&long, (beats, stride as usize), from_s, &mut counts);
        }
    }
    counts
}

/// Adds trains of one distance, each of more than `beats` instants.
fn add_long(trains: &[Train], (beats, stride): (u64, usize), from_s: u64, counts: &mut [u64]) {
    let mut changes = vec![0_i64; counts.len()];
    for train in trains {
        for number in 0..beats {
            let first = (train.second(number) - from_s) as usize;
            let behind = first + (train.count - number).div_ceil(beats) as usize * stride;
            changes[first] += 1;
            if let Some(change) = changes.get_mut(behind) {
                *change -= 1;
            }
        }
    }
    for second in 0..counts.len() {
        let before = second.checked_sub(stride).map_or(0, |before| changes[before]);
        changes[second] += before;
        counts[second] += changes[second].unsigned_abs();
    }
}

fn greatest_common_divisor(mut one: u64, mut other: u64) -> u64 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const SECOND_NS: u64 = SECOND.ns();

    #[test]
    fn a_train_ends_before_an_instant() {
        let at = |s| Time::ZERO + SECOND * s;
        for (first, until, count) in [(0, 0, 0), (7, 3, 0), (0, 5, 1), (0, 6, 2), (3, 23, 4), (3, 24, 5)] {
            let train = Train::before(at(first), SECOND * 5, at(until));
            assert_eq!((train.count, train.next()), (count, at(first + 5 * count)), "{first} to {until}");
        }
    }

    #[test]
    fn trains_that_meet_make_the_busiest_second() {
        let train = |first_ms, every_ms, count| Train {
            first: Time::from_ms(first_ms),
            every: Span::from_ms(every_ms),
            count,
        };
        assert_eq!(busiest_second(Vec::new()), 0);
        assert_eq!(busiest_second(vec![train(900, 5_000, 1_000), train(1_000, 5_000, 1_000)]), 1);
        assert_eq!(busiest_second(vec![train(900, 5_000, 1_000), train(0, 7_000, 1_000)]), 2);
        // four in each second, and five where the third joins
        assert_eq!(
            busiest_second(vec![train(0, 250, 4_000), train(999_999, 1_000, 1), train(2_000_000, 1, 3)]),
            5
        );
        // ten hours of a million viewers, 200,000 in each second
        let crowd = (0..1_000_000).map(|viewer| train(viewer % 5_000, 5_000, 7_200)).collect();
        assert_eq!(busiest_second(crowd), 200_000);
    }

    proptest! {
        /// In blocks of a few seconds or in one, the busiest second is the one that counting instant by instant finds.
        #[test]
        fn the_busiest_second_is_that_of_all_instants(
            trains in proptest::collection::vec(
                (0u64..40_000, prop_oneof![Just(1_000u64), Just(2_500), Just(5_000), 1u64..9_000], 0u64..60),
                0..12,
            ),
            extra_ns in 0u64..3,
            block_s in 1u64..50,
        ) {
            let train = |&(first_ms, every_ms, count)| Train {
                first: Time::from_ms(first_ms),
                every: Span::from_ns(every_ms * 1_000_000 + extra_ns),
                count,
            };
            let mut trains: Vec<Train> = trains.iter().map(train).collect();
            let mut seconds: BTreeMap<u64, u64> = BTreeMap::new();
            for train in &trains {
                (0..train.count).for_each(|number| *seconds.entry(train.second(number)).or_default() += 1);
            }
            let most = seconds.into_values().max().unwrap_or(0);
            prop_assert_eq!(busiest_second(trains.clone()), most);
            trains.retain(|train| train.count > 0);
            prop_assert_eq!(in_blocks(trains, block_s), most);
        }
    }

    #[test]
    fn whole_seconds_are_found_in_any_distance() {
        for (every_ns, beats) in
            [(5 * SECOND_NS, 1), (SECOND_NS / 2, 2), (5 * SECOND_NS / 2, 2), (5_001_000_000, 1_000)]
        {
            assert_eq!(SECOND_NS / greatest_common_divisor(every_ns, SECOND_NS), beats, "{every_ns} ns");
        }
    }
}
