//! Delays: the time until a message takes effect at its receiver, since its author built its activity, per kind, in
//! whole microseconds: the whole way, so what was forwarded has the way to its forwarder behind it.
//!
//! Quantiles come from an HDR histogram with three significant digits: they are exact to 0.1 %.

use crate::mechanism::activity::Kind;
use crate::words::units::Span;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The quantiles that are kept, in thousandths.
pub const QUANTILES_PER_MILLE: [u32; 6] = [0, 500, 900, 990, 999, 1000];

/// The delays of one kind of message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelayRow {
    /// Which messages.
    pub kind: Kind,
    /// How many took effect.
    pub messages: u64,
    /// Delays in microseconds, by `QUANTILES_PER_MILLE`.
    pub quantiles_us: [u64; 6],
}

#[derive(Default)]
pub(super) struct Delays(BTreeMap<Kind, Histogram<u64>>);

impl Delays {
    pub(super) fn note(&mut self, kind: Kind, delay: Span) {
        self.note_many(kind, delay.us(), 1);
    }

    /// So many messages took as long.
    pub(super) fn note_many(&mut self, kind: Kind, delay_us: u64, messages: u64) {
        let histogram = self
            .0
            .entry(kind)
            .or_insert_with(|| Histogram::new(3).expect("three significant digits are allowed"));
        histogram.record_n(delay_us, messages).expect("the histogram grows by itself");
    }

    pub(super) fn finish(self) -> Vec<DelayRow> {
        let row = |(kind, histogram): (Kind, Histogram<u64>)| DelayRow {
            kind,
            messages: histogram.len(),
            quantiles_us: QUANTILES_PER_MILLE
                .map(|per_mille| histogram.value_at_quantile(f64::from(per_mille) / 1000.0)),
        };
        self.0.into_iter().map(row).collect()
    }
}
