//! The least and the greatest latency of a network.

use super::law::{Law, rounded_us};
use super::model::{LATENCY_MAX, Latency, NetworkModel};
use crate::foundation::units::Span;
use std::collections::BTreeMap;

impl NetworkModel {
    /// No message takes more time.
    pub fn latency_max(&self) -> Span {
        let rules = self.links.iter().filter_map(|rule| rule.latency.as_ref());
        let mut tables = BTreeMap::new();
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
            Latency::Regions { one_way, sigma } if *sigma <= 0.0 => {
                Span::from_us(one_way.iter().flatten().map(|&span| rounded_us(span)).min().unwrap_or(0))
            }
            Latency::Uniform { .. } | Latency::Lognormal { .. } | Latency::Regions { .. } => LEAST_DRAWN,
        }
    }
}
