//! Latency laws prepared for draws: a draw is 32 bits, a latency whole microseconds.

use super::lognormal::{Factors, Tables};
use super::model::{LATENCY_MAX, Latency};
use crate::foundation::units::Span;

/// A latency law, prepared for draws.
pub(super) enum Law {
    /// Microseconds.
    Constant(u64),
    /// The least, and the number of values, in microseconds.
    Uniform(u64, u64),
    /// The median in microseconds.
    Lognormal(f64, Factors),
    /// Medians in microseconds by region of the sender, then of the receiver.
    Regions(Vec<Vec<u64>>, Option<Factors>),
}

impl Law {
    pub(super) fn new(latency: &Latency, tables: &mut Tables) -> Law {
        match latency {
            Latency::Constant(span) => Law::Constant(rounded_us(*span)),
            Latency::Uniform { min, max } => {
                let (min_us, max_us) =
                    (rounded_us(*min).min(LATENCY_MAX.us()), rounded_us(*max).min(LATENCY_MAX.us()));
                Law::Uniform(min_us, max_us.saturating_sub(min_us) + 1)
            }
            Latency::Lognormal { median, sigma } => {
                Law::Lognormal(median.ns() as f64 / 1e3, Factors::shared(*sigma, tables))
            }
            Latency::Regions { one_way, sigma } => {
                let medians = one_way.iter().map(|row| row.iter().map(|&span| rounded_us(span)).collect());
                Law::Regions(medians.collect(), (*sigma > 0.0).then(|| Factors::shared(*sigma, tables)))
            }
        }
    }

    pub(super) fn max_us(&self) -> u64 {
        let median = |medians_us: &Vec<Vec<u64>>| medians_us.iter().flatten().copied().max().unwrap_or(0);
        match self {
            Law::Constant(us) => *us,
            Law::Uniform(min_us, count) => min_us + count,
            Law::Lognormal(median_us, factors) => factors.times(*median_us, u32::MAX),
            Law::Regions(medians_us, None) => median(medians_us),
            Law::Regions(medians_us, Some(factors)) => factors.times(median(medians_us) as f64, u32::MAX),
        }
    }

    pub(super) fn is_drawn(&self) -> bool {
        !matches!(self, Law::Constant(_) | Law::Regions(_, None))
    }

    /// The latency between two regions for one draw, which counts only where `is_drawn`.
    pub(super) fn latency(&self, regions: (usize, usize), draw: u32) -> Span {
        let us = match self {
            Law::Constant(us) => *us,
            Law::Uniform(min_us, count) => {
                let above_us = (u128::from(draw) * u128::from(*count)) >> 32;
                (min_us + above_us as u64).max(1)
            }
            Law::Lognormal(median_us, factors) => factors.times(*median_us, draw),
            Law::Regions(medians_us, None) => medians_us[regions.0][regions.1],
            Law::Regions(medians_us, Some(factors)) => {
                factors.times(medians_us[regions.0][regions.1] as f64, draw)
            }
        };
        Span::from_us(us.min(LATENCY_MAX.us()))
    }
}

/// To the nearest microsecond.
pub(super) fn rounded_us(span: Span) -> u64 {
    span.ns().saturating_add(500) / 1_000
}
