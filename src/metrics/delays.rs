//! Delays: the time until a message takes effect at its receiver, since its author built its activity, per kind, in
//! whole microseconds: the whole way, so what was forwarded has the way to its forwarder behind it.
//!
//! Quantiles come from an HDR histogram with three significant digits: they are exact to 0.1 %.

use crate::foundation::units::Span;
use crate::mechanism::activity::Kind;
use hdrhistogram::Histogram;

/// The quantiles that are kept, in thousandths.
pub const QUANTILES_PER_MILLE: [u32; 6] = [0, 500, 900, 990, 999, 1000];

/// The delays of one kind of message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelayRow {
    /// Which messages.
    pub kind: Kind,
    /// How many took effect.
    pub messages: u64,
    /// Delays in microseconds, by `QUANTILES_PER_MILLE`.
    pub quantiles_us: [u64; 6],
}

/// How often which delay came, in the classes of the histogram of `delays`.
#[derive(Clone, Debug, Default)]
pub struct DelayCounts(Vec<u64>);

/// Values below 2^11 us have a class each; above, a class holds the values with the same upper 11 bits.
const EXACT_BITS: u32 = 11;

impl DelayCounts {
    /// A message took so long.
    #[inline]
    pub fn note(&mut self, delay: Span) {
        self.note_us(delay.us());
    }

    /// Messages took so long and so many microseconds more; those of the other number never came.
    pub fn note_all(&mut self, delay: Span, more_us: &[u32], never: u32) {
        more_us.iter().filter(|more| **more != never).for_each(|more| self.note_later(delay, *more));
    }

    /// A message took so long and so many microseconds more.
    #[inline]
    pub fn note_later(&mut self, delay: Span, more_us: u32) {
        // what is more is whole microseconds
        self.note_us(delay.us() + u64::from(more_us));
    }

    #[inline]
    fn note_us(&mut self, us: u64) {
        // with the highest bit of the exact values set, there are that many bits at least
        let bits = u64::BITS - (us | 1 << (EXACT_BITS - 1)).leading_zeros();
        let shift = bits - EXACT_BITS;
        let class = ((u64::from(shift) << (EXACT_BITS - 1)) + (us >> shift)) as usize;
        if class >= self.0.len() {
            self.0.resize(class + 1, 0);
        }
        self.0[class] += 1;
    }

    /// Whether there is anything.
    pub fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// A value of each class that holds something, and how many it holds.
    pub(super) fn classes(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        const HALF: usize = 1 << (EXACT_BITS - 1);
        let value = |class: usize| {
            let shift = (class / HALF).saturating_sub(1);
            ((class - shift * HALF) as u64) << shift
        };
        let filled = self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(move |(class, &count)| (value(class), count))
    }

    pub(super) fn add(&mut self, other: &DelayCounts) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(sum, count)| *sum += count);
    }
}

/// By kind.
pub(super) struct Delays(Vec<DelayCounts>);

impl Delays {
    pub(super) fn new() -> Delays {
        Delays(vec![DelayCounts::default(); Kind::ALL.len()])
    }

    pub(super) fn note(&mut self, kind: Kind, delay: Span) {
        self.0[kind as usize].note(delay);
    }

    pub(super) fn join(&mut self, kind: Kind, counts: &DelayCounts) {
        self.0[kind as usize].add(counts);
    }

    pub(super) fn finish(self) -> Vec<DelayRow> {
        let row = |(&kind, counts): (&Kind, &DelayCounts)| {
            let mut histogram = Histogram::<u64>::new(3).expect("three significant digits are allowed");
            for (us, count) in counts.classes() {
                histogram.record_n(us, count).expect("the histogram grows by itself");
            }
            let quantile = |per_mille| histogram.value_at_quantile(f64::from(per_mille) / 1000.0);
            let messages = histogram.len();
            (messages > 0).then(|| DelayRow {
                kind,
                messages,
                quantiles_us: QUANTILES_PER_MILLE.map(quantile),
            })
        };
        Kind::ALL.iter().zip(&self.0).filter_map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    proptest! {
        /// Every value is in a class whose value the histogram cannot tell from it.
        #[test]
        fn classes_are_those_of_the_histogram(bits in 0u32..50, low in any::<u64>()) {
            let us = low >> (63 - bits);
            let mut counts = DelayCounts::default();
            counts.note(Span::from_us(us.min(u64::MAX / 1_000)));
            let (value, count) = counts.classes().next().expect("one value");
            let histogram = Histogram::<u64>::new(3).expect("three digits");
            let us = us.min(u64::MAX / 1_000);
            prop_assert!(count == 1 && histogram.equivalent(value, us), "{value} {us}");
        }
    }
}
