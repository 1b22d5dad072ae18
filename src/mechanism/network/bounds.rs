//! The least and the greatest latency of a network.

use super::law::{Law, rounded_us};
use super::lognormal::Tables;
use super::model::{LATENCY_MAX, Latency, NetworkModel};
use super::places::PlacePair;
use crate::foundation::units::Span;

impl NetworkModel {
    /// No message takes more time.
    pub fn latency_max(&self) -> Span {
        let rules = self.links.iter().filter_map(|rule| rule.latency.as_ref());
        let mut tables = Tables::default();
        let laws = rules.chain([&self.latency]).map(|latency| Law::new(latency, &mut tables).max_us());
        laws.max().map_or(Span::ZERO, |us| Span::from_us(us.min(LATENCY_MAX.us())))
    }

    /// No message takes less time.
    pub fn latency_min(&self) -> Span {
        let rules = self.links.iter().filter_map(|rule| rule.latency.as_ref());
        rules.chain([&self.latency]).map(Latency::min).min().unwrap_or_default()
    }
}

impl Latency {
    /// The least value that it can take.
    fn min(&self) -> Span {
        const LEAST_DRAWN: Span = Span::from_us(1);
        match self {
            Latency::Constant(span) => Span::from_us(rounded_us(*span)),
            Latency::Places(places) => {
                let least = |pair: PlacePair| if pair.sigma > 0.0 { LEAST_DRAWN } else { pair.median };
                places.pairs().map(least).min().unwrap_or_default()
            }
            Latency::Uniform { .. } | Latency::Lognormal { .. } => LEAST_DRAWN,
        }
    }
}
