//! The least numbers that a follower must be told of a video so that what it shows is never further from the truth than a share
//! of that: a cover of the samples by as few numbers as possible.
//!
//! A number holds until the next one is told. It is one of the others, to which the follower adds its own viewers, or one of all
//! viewers, which it shows as it is. The first number, 0, is known for nothing. Each number is kept for as long as some value of
//! it is near enough at all samples since it was told. No choice of numbers has fewer: whatever serves an interval serves every
//! part of it, so the number that lasts longest from here is never the wrong one.
//!
//! Counts are of viewers. Who is told, and of what, is not known here.

/// The numbers that would do, from the least to the most; none if the least is the larger.
type Range = (u64, u64);

/// The cover of the samples so far, each noted in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cover {
    percent: u32,
    numbers: u64,
    /// What may have been told last: of the others, and of all.
    told: [Range; 2],
}

/// What may be shown where so many watch, if the error is to be at most so many percent of them.
pub fn tolerated(watching: u32, percent: u32) -> Range {
    let (watching, percent) = (u64::from(watching), u64::from(percent));
    let least = (watching * 100_u64.saturating_sub(percent)).div_ceil(100);
    (least, watching * (100 + percent) / 100)
}

/// Whether a displayed count is within so many percent of the truth.
pub fn is_within(displayed: u32, watching: u32, percent: u32) -> bool {
    let (least, most) = tolerated(watching, percent);
    (least..=most).contains(&u64::from(displayed))
}

impl Cover {
    /// Of no sample, for an error of at most so many percent.
    pub fn new(percent: u32) -> Cover {
        Cover { percent, numbers: 0, told: [(0, 0); 2] }
    }

    /// The numbers told so far.
    pub fn numbers(&self) -> u64 {
        self.numbers
    }

    /// A sample: so many watch, some of them at the follower, who knows of these at once.
    pub fn note(&mut self, watching: u32, own: u32) {
        self.note_between(watching, own, own);
    }

    /// The same of a follower who adds to a number of the others anything from `least_own` to `most_own`.
    pub fn note_between(&mut self, watching: u32, least_own: u32, most_own: u32) {
        let (least, most) = tolerated(watching, self.percent);
        let others = (least.saturating_sub(u64::from(most_own)), most.saturating_sub(u64::from(least_own)));
        let here = [others, (least, most)];
        let both = |(told, here): (Range, Range)| (told.0.max(here.0), told.1.min(here.1));
        let still = [both((self.told[0], here[0])), both((self.told[1], here[1]))];
        let is_some = |range: &Range| range.0 <= range.1;
        if still.iter().any(is_some) {
            self.told = still;
        } else {
            self.told = here;
            self.numbers += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// (watching, own) at each sample.
    type Sample = (u32, u32);

    fn numbers(percent: u32, samples: impl IntoIterator<Item = Sample>) -> u64 {
        let mut cover = Cover::new(percent);
        samples.into_iter().for_each(|(watching, own)| cover.note(watching, own));
        cover.numbers()
    }

    #[test]
    fn hand_counted() {
        for (percent, samples, expected) in [
            // nobody elsewhere, and a constant crowd
            (0, &[(1, 1), (5, 5), (2, 2)][..], 0),
            (0, &[(10, 1); 50], 1),
            // one of the others comes and goes
            (0, &[(2, 1), (3, 1), (2, 1)], 3),
            // the follower knows of its own: the others are nine all the time
            (0, &[(10, 1), (14, 5), (11, 2)], 1),
            // all are ten all the time, whoever of them sits here
            (0, &[(10, 1), (10, 5), (10, 2)], 1),
            // ten of all, then nine of others
            (0, &[(10, 1), (10, 5), (14, 5), (11, 2), (11, 2)], 2),
            // within a tenth: 20 to 22 have 20, 21 and 22 in common, 23 needs at least 21, 25 at least 23
            (10, &[(20, 1), (21, 1), (22, 1), (23, 1), (25, 1)], 2),
            // one of ten is missing from the start: nothing need be told within a tenth
            (10, &[(10, 9), (10, 9)], 0),
            (9, &[(10, 9), (10, 9)], 1),
            // an error of everything
            (100, &[(1_000, 1), (1, 1), (77, 5)], 0),
        ] {
            assert_eq!(numbers(percent, samples.iter().copied()), expected, "{percent} % of {samples:?}");
        }
    }

    /// ln(N / n) / ln((1 + e) / (1 - e)) numbers from n to N, up and down, but for whole numbers.
    #[test]
    fn a_ramp_takes_a_number_for_each_power() {
        for (percent, from, to, expected) in [
            (1, 10_000, 100_000, 115.1),
            (5, 1_000, 100_000, 46.0),
            (10, 1_000, 100_000, 22.9),
            (20, 1_000, 50_000, 9.6),
        ] {
            let share = f64::from(percent) / 100.0;
            let formula =
                libm::log(f64::from(to) / f64::from(from)) / libm::log((1.0 + share) / (1.0 - share));
            assert!((formula - expected).abs() < 0.1, "{percent} %: {formula}");
            let ramp = || (from..=to).map(|others| (others + 1, 1));
            for found in [numbers(percent, ramp()), numbers(percent, ramp().rev())] {
                assert!((found as f64 - formula).abs() < 1.0, "{percent} %: {found}, not about {formula}");
            }
        }
    }

    #[test]
    fn the_largest_counts_are_no_trouble() {
        assert_eq!(numbers(20, [(u32::MAX, 0), (1, u32::MAX), (u32::MAX, u32::MAX)]), 2);
        assert_eq!(tolerated(u32::MAX, 100), (0, 2 * u64::from(u32::MAX)));
    }

    #[test]
    fn what_is_tolerated_is_whole() {
        for (watching, percent, expected) in [
            (10, 10, (9, 11)),
            (19, 10, (18, 20)),
            (9, 10, (9, 9)),
            (1, 20, (1, 1)),
            (0, 20, (0, 0)),
            (5, 20, (4, 6)),
        ] {
            assert_eq!(tolerated(watching, percent), expected);
            assert!(is_within(watching, watching, percent));
            assert!(!is_within(watching + watching / 5 + 1, watching, percent));
        }
    }

    /// The fewest changes of a number of either kind, by dynamic programming over all numbers.
    fn by_trying_all(percent: u32, samples: &[Sample]) -> u64 {
        let most = samples.iter().map(|sample| 2 * u64::from(sample.0)).max().unwrap_or(0);
        let states: Vec<(bool, u64)> =
            [false, true].into_iter().flat_map(|is_all| (0..=most).map(move |told| (is_all, told))).collect();
        const NEVER: u64 = 1_000;
        let mut costs: Vec<u64> = states.iter().map(|state| if state.1 == 0 { 0 } else { NEVER }).collect();
        for &(watching, own) in samples {
            let cheapest = costs.iter().min().copied().unwrap_or(NEVER);
            for (cost, &(is_all, told)) in costs.iter_mut().zip(&states) {
                let shown = told + if is_all { 0 } else { u64::from(own) };
                let error = shown.abs_diff(u64::from(watching));
                let is_near = 100 * error <= u64::from(percent) * u64::from(watching);
                *cost = if is_near { (*cost).min(cheapest + 1) } else { NEVER };
            }
        }
        costs.into_iter().min().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn trying_all_numbers_finds_nothing_better(
            percent in prop::sample::select(vec![0_u32, 1, 5, 10, 20, 50]),
            samples in prop::collection::vec((0_u32..30, 1_u32..6), 0..25),
        ) {
            let samples: Vec<Sample> = samples.into_iter().map(|(others, own)| (others + own, own)).collect();
            prop_assert_eq!(numbers(percent, samples.iter().copied()), by_trying_all(percent, &samples));
        }
    }
}
