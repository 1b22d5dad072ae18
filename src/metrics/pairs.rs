//! Sums over pairs: one sample of one video at one instance that shows it and is up.

/// Sums over pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The number of pairs.
    pub pairs: u64,
    /// The sum of |d - n|.
    pub error_abs: u64,
    /// The sum of d - n.
    pub error: i64,
    /// The sum of n.
    pub watching: u64,
}

impl Sums {
    /// So many pairs display 0 beside `watching` true viewers. Does not count the pairs.
    pub(super) fn note_zeros(&mut self, pairs: u64, watching: u32) {
        let watching = pairs * u64::from(watching);
        self.error_abs += watching;
        self.error -= watching as i64;
        self.watching += watching;
    }

    /// One of these pairs displays viewers.
    pub(super) fn correct(&mut self, displayed: u32, watching: u32) {
        self.error += i64::from(displayed);
        self.error_abs += u64::from(displayed.abs_diff(watching));
        self.error_abs -= u64::from(watching);
    }

    /// Both together.
    pub fn with(&self, other: &Sums) -> Sums {
        Sums {
            pairs: self.pairs + other.pairs,
            error_abs: self.error_abs + other.error_abs,
            error: self.error + other.error,
            watching: self.watching + other.watching,
        }
    }
}
