//! The latencies between places, which are regions or cities: one median per ordered pair, and how far draws lie from it.
//!
//! It takes 4 bytes per pair, and 2 more where pairs differ in their spread. Instances are numbers of places, so nothing here
//! grows with them.

use crate::foundation::units::Span;
use std::collections::BTreeMap;

/// The latency from one place to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlacePair {
    /// The median, one way.
    pub median: Span,
    /// Standard deviation of the logarithm (0: always the median).
    pub sigma: f64,
}

/// The latencies between so many places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Places {
    count: usize,
    /// By sender, then receiver, in whole microseconds.
    medians_us: Vec<u32>,
    /// The standard deviations that occur.
    sigmas: Vec<f64>,
    /// By pair its place in `sigmas`; empty if there is only one.
    sigma_of: Vec<u16>,
}

impl Places {
    /// The latencies of all pairs, by sender, then receiver; `pairs` are `count` times `count`, with at most 65,536 different
    /// standard deviations.
    pub fn new(count: usize, pairs: &[PlacePair]) -> Places {
        assert_eq!(pairs.len(), count * count, "one figure per pair");
        let mut numbers = BTreeMap::new();
        let (mut medians_us, mut sigmas, mut sigma_of) = (Vec::new(), Vec::new(), Vec::new());
        for PlacePair { median, sigma } in pairs {
            let us = median.ns().saturating_add(500) / 1_000;
            medians_us.push(u32::try_from(us).unwrap_or(u32::MAX));
            let number = *numbers.entry(sigma.to_bits()).or_insert_with(|| {
                sigmas.push(*sigma);
                u16::try_from(sigmas.len() - 1).expect("at most 65,536 standard deviations")
            });
            sigma_of.push(number);
        }
        if sigmas.len() <= 1 {
            sigma_of = Vec::new();
        }
        Places { count, medians_us, sigmas, sigma_of }
    }

    /// The median from one place to another in microseconds, and the number of its standard deviation.
    #[inline]
    pub(super) fn pair(&self, (from, to): (usize, usize)) -> (u64, usize) {
        let place = from * self.count + to;
        (u64::from(self.medians_us[place]), self.sigma_of.get(place).map_or(0, |&number| usize::from(number)))
    }

    /// The standard deviations, by their numbers.
    pub(super) fn sigmas(&self) -> &[f64] {
        &self.sigmas
    }

    /// `pair` of all, by sender, then receiver.
    pub(super) fn all_pairs(&self) -> impl Iterator<Item = (u64, usize)> {
        (0..self.medians_us.len()).map(|place| self.pair((place / self.count, place % self.count)))
    }

    /// All pairs, by sender, then receiver.
    pub fn pairs(&self) -> impl Iterator<Item = PlacePair> {
        let pair = |(us, number)| PlacePair { median: Span::from_us(us), sigma: self.sigmas[number] };
        self.all_pairs().map(pair)
    }
}
