//! A distribution of lengths of time in whole microseconds, kept in parts that add up.
//!
//! An HDR histogram with three significant digits counts while a run goes on: values are exact to 0.1 %. Kept are those
//! of its buckets that hold something; the distribution of two runs is the sum of their buckets, value by value.

use crate::foundation::units::Span;
use hdrhistogram::Histogram;

/// How often which length of time came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// In ascending order of their values, none of them empty.
    pub buckets: Vec<Bucket>,
}

/// One part of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The greatest value that it stands for, in microseconds.
    pub us: u64,
    /// How many values it holds.
    pub count: u64,
}

/// Counts while a run goes on.
pub(super) struct Counting(Histogram<u64>);

impl Distribution {
    /// The least value that so many thousandths of all do not exceed, in microseconds; none of nothing.
    pub fn quantile_us(&self, per_mille: u32) -> Option<u64> {
        let count: u64 = self.buckets.iter().map(|bucket| bucket.count).sum();
        let rank = (count * u64::from(per_mille)).div_ceil(1_000).max(1);
        let mut seen = 0;
        let reaches = |bucket: &&Bucket| {
            seen += bucket.count;
            seen >= rank
        };
        self.buckets.iter().find(reaches).map(|bucket| bucket.us)
    }
}

impl Counting {
    pub(super) fn new() -> Counting {
        Counting(Histogram::new(3).expect("three significant digits are allowed"))
    }

    pub(super) fn note(&mut self, span: Span) {
        self.0.record(span.us()).expect("the histogram grows by itself");
    }

    pub(super) fn finish(&self) -> Distribution {
        let bucket = |value: hdrhistogram::iterators::IterationValue<u64>| Bucket {
            us: value.value_iterated_to(),
            count: value.count_at_value(),
        };
        Distribution { buckets: self.0.iter_recorded().map(bucket).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(values_us: impl IntoIterator<Item = u64>) -> Distribution {
        let mut counting = Counting::new();
        values_us.into_iter().for_each(|us| counting.note(Span::from_us(us)));
        counting.finish()
    }

    #[test]
    fn quantiles_are_those_of_a_hand_count() {
        let of_ten = distribution([0, 0, 0, 7, 7, 9, 100, 100, 100, 1_000]);
        for (per_mille, us) in [
            (0, 0),
            (300, 0),
            (301, 7),
            (500, 7),
            (501, 9),
            (600, 9),
            (900, 100),
            (901, 1_000),
            (1_000, 1_000),
        ] {
            assert_eq!(of_ten.quantile_us(per_mille), Some(us), "{per_mille}");
        }
        assert_eq!(distribution([]).quantile_us(500), None);
    }

    #[test]
    fn values_are_exact_to_a_thousandth() {
        for us in [1, 2_047, 12_345, 600_000_000, 86_400_000_000] {
            let found = distribution([us]).quantile_us(500).expect("a value");
            assert!((us..=us + us / 1_000).contains(&found), "{us} {found}");
        }
    }

    #[test]
    fn buckets_add_up() {
        let (some, others) = ([3, 5_000, 70_000], [3, 5_001, 900_000]);
        let both = distribution(some.into_iter().chain(others));
        let mut sum = [distribution(some), distribution(others)].map(|one| one.buckets).concat();
        sum.sort_by_key(|bucket| bucket.us);
        sum.dedup_by(|next, kept| {
            let same = next.us == kept.us;
            kept.count += if same { next.count } else { 0 };
            same
        });
        assert_eq!(sum, both.buckets);
    }
}
