//! How wrong what viewers see is: every viewer weighs as long as they look.
//!
//! At a sample, w viewers of a video at an instance see its page there: it shows d where the truth is n >= w. An instance that is
//! down, or that does not show the video, shows nothing: who sits there sees nothing, and weighs nothing.

use std::ops::AddAssign;

/// Sums over viewers and samples, of one part of a run or of all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeenSums {
    /// The sum of w.
    pub viewers: u128,
    /// The sum of w |d - n|.
    pub error_abs: u128,
    /// The sum of w (d - n).
    pub error: i128,
    /// The sum of w n.
    pub watching: u128,
    /// The sum of w where d = 0.
    pub wrong_zeros: u128,
    /// The sum of w where 10 |d - n| <= n.
    pub within_10_percent: u128,
}

impl SeenSums {
    /// So many viewers at one instance see at one sample `displayed`, where so many watch.
    pub fn note(&mut self, viewers: u32, displayed: u32, watching: u32) {
        let (weight, error_abs) = (u128::from(viewers), u128::from(displayed.abs_diff(watching)));
        self.viewers += weight;
        self.error_abs += weight * error_abs;
        self.error += i128::from(viewers) * (i128::from(displayed) - i128::from(watching));
        self.watching += weight * u128::from(watching);
        self.wrong_zeros += if displayed == 0 { weight } else { 0 };
        self.within_10_percent += if 10 * error_abs <= u128::from(watching) { weight } else { 0 };
    }
}

impl AddAssign for SeenSums {
    fn add_assign(&mut self, other: SeenSums) {
        self.viewers += other.viewers;
        self.error_abs += other.error_abs;
        self.error += other.error;
        self.watching += other.watching;
        self.wrong_zeros += other.wrong_zeros;
        self.within_10_percent += other.within_10_percent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_weighs_what_they_see() {
        let mut sums = SeenSums::default();
        // 3 see 11 of 10, 2 see 0 of 10, 1 sees 8 of 10; nobody sees the fourth
        for (viewers, displayed, watching) in [(3, 11, 10), (2, 0, 10), (1, 8, 10), (0, 1_000, 10)] {
            sums.note(viewers, displayed, watching);
        }
        let expected = SeenSums {
            viewers: 6,
            error_abs: 3 + 20 + 2,
            error: 3 - 20 - 2,
            watching: 60,
            wrong_zeros: 2,
            within_10_percent: 3,
        };
        assert_eq!(sums, expected);
        let mut twice = sums;
        twice += sums;
        assert_eq!((twice.viewers, twice.error, twice.within_10_percent), (12, -38, 6));
    }

    /// In whole numbers: a tenth of 19 is one, a tenth of 9 none.
    #[test]
    fn a_tenth_is_a_whole_comparison() {
        for (displayed, watching, is_within) in [
            (9, 9, true),
            (10, 9, false),
            (9, 10, true),
            (11, 10, true),
            (12, 10, false),
            (21, 19, false),
            (18, 19, true),
        ] {
            let mut sums = SeenSums::default();
            sums.note(1, displayed, watching);
            assert_eq!(sums.within_10_percent > 0, is_within, "{displayed} of {watching}");
        }
    }

    /// What servers of others claim is bounded by a count, not by the truth.
    #[test]
    fn the_largest_counts_add_up() {
        let mut sums = SeenSums::default();
        (0..3).for_each(|_| sums.note(u32::MAX, u32::MAX, 1));
        assert_eq!(sums.error_abs, 3 * u128::from(u32::MAX) * u128::from(u32::MAX - 1));
    }
}
