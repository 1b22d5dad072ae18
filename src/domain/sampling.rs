//! When samples are taken, and how traffic is summed.

use crate::foundation::units::{Span, Time};

/// When samples are taken: sample `n` at `from + n * every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// The first sample.
    pub from: Time,
    /// The interval.
    pub every: Span,
    /// The width of the buckets in which traffic is summed.
    pub bucket: Span,
}

impl Sampling {
    /// How many samples are taken before an instant or at it.
    pub fn count_until(&self, at: Time) -> u64 {
        if at < self.from { 0 } else { at.since(self.from).ns() / self.every.ns() + 1 }
    }

    /// How many samples are taken before an instant.
    pub fn count_before(&self, at: Time) -> u64 {
        if at <= self.from { 0 } else { (at.since(self.from).ns() - 1) / self.every.ns() + 1 }
    }

    /// When the sample of this number is taken: `from + number * every`.
    pub fn at(&self, number: u64) -> Time {
        self.from + self.every * number
    }
}
