//! Which of many times lie before an instant, all at once: samples and buckets of traffic ask nothing else, so nothing needs to
//! be sorted. One loop without a branch is both the
//! definition and what the compiler puts into vectors, as wide as the processor has them.

use crate::foundation::units::Time;
use pulp::Arch;

/// Stands for a time that never comes.
pub const NEVER_US: u32 = u32::MAX;

/// By place: adds `by` to the sums of those whose time lies below the boundary.
pub fn add_below(times_us: &[u32], boundary_us: u32, by: i64, sums: &mut [i64]) {
    Arch::new().dispatch(|| {
        for (sum, time_us) in sums.iter_mut().zip(times_us) {
            // unchecked, or it would not go into vectors: a sum counts one by one
            *sum = sum.wrapping_add(if *time_us < boundary_us { by } else { 0 });
        }
    });
}

/// The latest time that comes at all.
pub fn latest_us(times_us: &[u32]) -> u32 {
    let us = |time_us: &u32| if *time_us == NEVER_US { 0 } else { *time_us };
    Arch::new().dispatch(|| times_us.iter().fold(0, |latest_us, time_us| us(time_us).max(latest_us)))
}

/// What lies before an instant lies below so many microseconds after another one; those that no row reaches are all alike.
pub fn boundary_us(from: Time, instant: Time) -> u32 {
    let us = instant.since(from).ns().div_ceil(1_000);
    u32::try_from(us).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foundation::units::Span;
    use proptest::prelude::*;

    proptest! {
        /// What comes at the boundary or never does not lie below it.
        #[test]
        fn sums_grow_where_times_lie_before_the_instant(
            times_us in proptest::collection::vec(prop_oneof![0u32..20, Just(u32::MAX)], 0..100),
            from_ns in 0u64..5_000,
            instant_ns in 0u64..25_000,
        ) {
            let (from, instant) = (Time::from_ns(from_ns), Time::from_ns(instant_ns));
            let mut sums = vec![5; times_us.len()];
            add_below(&times_us, boundary_us(from, instant), -1, &mut sums);
            let is_before = |us: &u32| *us != u32::MAX && from + Span::from_us(u64::from(*us)) < instant;
            let expected: Vec<i64> = times_us.iter().map(|us| 5 - i64::from(is_before(us))).collect();
            prop_assert_eq!(sums, expected);
        }
    }
}
