//! Latency laws prepared for draws: a draw is 32 bits, a latency whole microseconds.

use super::lognormal::{Factors, Tables};
use super::model::{LATENCY_MAX, Latency};
use super::places::Places;
use crate::foundation::units::Span;
use std::sync::Arc;

/// A latency law, prepared for draws.
pub(super) enum Law {
    /// Microseconds.
    Constant(u64),
    /// The least, and the number of values, in microseconds.
    Uniform(u64, u64),
    /// The median in microseconds.
    Lognormal(f64, Factors),
    /// The places, and the factors by the number of a standard deviation; none where that is 0.
    Places(Arc<Places>, Vec<Option<Factors>>),
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
            Latency::Places(places) => {
                let factors = places.sigmas().iter();
                let factors = factors.map(|&sigma| (sigma > 0.0).then(|| Factors::shared(sigma, tables)));
                Law::Places(Arc::clone(places), factors.collect())
            }
        }
    }

    /// The greatest latency, in microseconds.
    pub(super) fn max_us(&self) -> u64 {
        match self {
            Law::Constant(us) => *us,
            Law::Uniform(min_us, count) => min_us + count,
            Law::Lognormal(median_us, factors) => factors.times(*median_us, u32::MAX),
            Law::Places(places, factors) => {
                let most = |(median_us, sigma): (u64, usize)| match &factors[sigma] {
                    None => median_us,
                    Some(factors) => factors.times(median_us as f64, u32::MAX),
                };
                places.all_pairs().map(most).max().unwrap_or(0)
            }
        }
    }

    pub(super) fn is_drawn(&self) -> bool {
        match self {
            Law::Constant(_) => false,
            Law::Places(_, factors) => factors.iter().any(Option::is_some),
            Law::Uniform(..) | Law::Lognormal(..) => true,
        }
    }

    /// The latency between two places for one draw, which counts only where `is_drawn`.
    pub(super) fn latency(&self, ends: (usize, usize), draw: u32) -> Span {
        let us = match self {
            Law::Constant(us) => *us,
            Law::Uniform(min_us, count) => {
                let above_us = (u128::from(draw) * u128::from(*count)) >> 32;
                (min_us + above_us as u64).max(1)
            }
            Law::Lognormal(median_us, factors) => factors.times(*median_us, draw),
            Law::Places(places, factors) => {
                let (median_us, sigma) = places.pair(ends);
                match &factors[sigma] {
                    None => median_us,
                    Some(factors) => factors.times(median_us as f64, draw),
                }
            }
        };
        Span::from_us(us.min(LATENCY_MAX.us()))
    }
}

/// To the nearest microsecond.
pub(super) fn rounded_us(span: Span) -> u64 {
    span.ns().saturating_add(500) / 1_000
}
