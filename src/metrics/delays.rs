//! Delays: the time until a message takes effect at its receiver, since its author built its activity, per kind, in
//! whole microseconds: the whole way, so what was forwarded has the way to its forwarder behind it.
//!
//! Quantiles come from an HDR histogram with three significant digits: they are exact to 0.1 %.

use crate::foundation::units::Span;
use crate::mechanism::activity::Kind;
use crate::metrics::apart::DelayCounts;
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
