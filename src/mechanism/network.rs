//! The network between instances: one-way latency and loss of a message on a link.
//!
//! Latencies are whole microseconds. What happens to a message is a function of its name (a 64-bit hash) and of its
//! destination (`foundation::random::MessageDraws`), never of the order in which it is asked; on a link whose law is constant
//! and loses nothing, no number is drawn. Nothing here knows about queues, time-outs or protocols.

use crate::foundation::ids::InstanceId;
use crate::foundation::random::{MessageDraws, Purpose, Seed};
use crate::foundation::units::Span;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// No latency is longer: far beyond every time-out, and short enough that an arrival is always a `Time`.
pub const LATENCY_MAX: Span = Span::from_secs(86_400);

/// Stands for a message that is lost, or that takes more than 71 minutes.
pub const NO_LATENCY_US: u32 = u32::MAX;

/// The law of the one-way latency; draws are whole microseconds.
///
/// A latency that is drawn is at least 1 us and at most `LATENCY_MAX`; a constant (also a regions' one with sigma 0) may
/// be 0 and is rounded to a microsecond.
#[derive(Clone, Debug, PartialEq)]
pub enum Latency {
    /// Always the same.
    Constant(Span),
    /// Uniform between two bounds.
    Uniform {
        /// The least.
        min: Span,
        /// The greatest.
        max: Span,
    },
    /// Lognormal.
    Lognormal {
        /// The median.
        median: Span,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// By the regions of the two ends, with a lognormal factor of median 1.
    Regions {
        /// Median one-way latency, by region of the sender, then of the receiver.
        one_way: Vec<Vec<Span>>,
        /// Standard deviation of the logarithm of the factor (0: none).
        sigma: f64,
    },
}

/// A link, or many, on which something else holds.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRule {
    /// The senders, in ascending order.
    pub from: Vec<InstanceId>,
    /// The receivers, in ascending order.
    pub to: Vec<InstanceId>,
    /// The latency there, if not the default.
    pub latency: Option<Latency>,
    /// The share of messages lost there, in millionths, if not the default.
    pub loss_ppm: Option<u32>,
}

/// The parameters of the network: defaults, and rules for single links of which the last that fits holds.
///
/// Latency and loss are looked up apart: each is that of the last fitting rule which says something about it.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkModel {
    /// The latency of a link without a rule.
    pub latency: Latency,
    /// The share of messages lost on a link without a rule, in millionths.
    pub loss_ppm: u32,
    /// Exceptions, in order; both directions of a link are separate.
    pub links: Vec<LinkRule>,
}

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

/// The network of one cell and replication, ready to decide the fate of messages.
pub struct Network {
    /// The laws in use; the first is that of a link without a rule.
    laws: Vec<Law>,
    /// What holds on a link without a rule.
    default: Holding,
    rules: Vec<Rule>,
    /// By sender: the rules that may fit, in order.
    rules_from: Vec<Vec<usize>>,
    /// The senders with rules that have broadcast.
    broadcasters: BTreeMap<InstanceId, Sender>,
    /// Any sender without rules.
    plain_sender: Sender,
    /// By instance.
    regions: Vec<usize>,
    latency_draws: MessageDraws,
    loss_draws: MessageDraws,
    /// Room for the draws of one broadcast: latency, loss.
    blocks: [Vec<u32>; 2],
    /// Room for its fates.
    fates: Vec<Option<Span>>,
}

/// What a rule says: the receivers, the number of its law and its loss.
struct Rule {
    to: Vec<InstanceId>,
    law: Option<usize>,
    lost_below: Option<u64>,
}

/// What holds on one link: the number of its law, and the draw from which on a message is not lost.
#[derive(Clone, Copy)]
struct Holding {
    law: usize,
    lost_below: u64,
}

/// What holds from one sender, and which draws that takes.
struct Sender {
    /// By destination; the default beyond the end.
    holdings: Vec<Holding>,
    draws_latency: bool,
    draws_loss: bool,
}

/// A latency law, prepared for draws.
enum Law {
    /// Microseconds.
    Constant(u64),
    /// The least, and the number of values, in microseconds.
    Uniform(u64, u64),
    /// The median in microseconds.
    Lognormal(f64, Factors),
    /// Medians in microseconds by region of the sender, then of the receiver.
    Regions(Vec<Vec<u64>>, Option<Factors>),
}

impl Network {
    /// The network between instances whose regions are given.
    pub fn new(model: &NetworkModel, regions: &[usize], seed: Seed) -> Network {
        let mut tables = BTreeMap::new();
        let mut laws = vec![Law::new(&model.latency, &mut tables)];
        let mut rules = Vec::new();
        let mut rules_from = vec![Vec::new(); regions.len()];
        for (number, rule) in model.links.iter().enumerate() {
            rule.from.iter().for_each(|sender| rules_from[sender.index()].push(number));
            laws.extend(rule.latency.as_ref().map(|latency| Law::new(latency, &mut tables)));
            rules.push(Rule {
                to: rule.to.clone(),
                law: rule.latency.as_ref().map(|_| laws.len() - 1),
                lost_below: rule.loss_ppm.map(lost_below),
            });
        }
        let default = Holding { law: 0, lost_below: lost_below(model.loss_ppm) };
        Network {
            plain_sender: Sender::new(Vec::new(), default, &laws),
            laws,
            default,
            rules,
            rules_from,
            broadcasters: BTreeMap::new(),
            regions: regions.to_vec(),
            latency_draws: MessageDraws::new(seed, Purpose::Latency),
            loss_draws: MessageDraws::new(seed, Purpose::Loss),
            blocks: [Vec::new(), Vec::new()],
            fates: Vec::new(),
        }
    }

    /// The one-way latency of a message on a link, `None` if it is lost there.
    ///
    /// `message` is the hash of the message's name; two messages with one name to one destination have one fate.
    pub fn latency(&mut self, message: u64, from: InstanceId, to: InstanceId) -> Option<Span> {
        let holding = self.holding(from, to);
        if holding.lost_below > 0 && holding.loses(self.loss_draws.one(message, to.0)) {
            return None;
        }
        let regions = (self.regions[from.index()], self.regions[to.index()]);
        let law = &self.laws[holding.law];
        let draw = if law.is_drawn() { self.latency_draws.one(message, to.0) } else { 0 };
        Some(law.latency(regions, draw))
    }

    /// The fates of one message to many destinations, in their order: `out` is what `latency` gives for each.
    ///
    /// Draws are made in blocks over the instance ids where the destinations lie close enough for that to pay.
    pub fn latencies(
        &mut self,
        message: u64,
        from: InstanceId,
        to: &[InstanceId],
        out: &mut Vec<Option<Span>>,
    ) {
        /// A draw on its own costs about as much as so many of a block.
        const DRAWS_PER_BLOCK: usize = 64;
        out.clear();
        let width = to.iter().map(|id| id.index() + 1).max().unwrap_or(0);
        if width > to.len().saturating_mul(DRAWS_PER_BLOCK) {
            out.extend(to.iter().map(|&to| self.latency(message, from, to)));
            return;
        }
        self.note_broadcaster(from);
        let sender = self.broadcasters.get(&from).unwrap_or(&self.plain_sender);
        let [latency, loss] = &mut self.blocks;
        latency.resize(width, 0);
        loss.resize(width, 0);
        if sender.draws_latency {
            self.latency_draws.block(message, latency);
        }
        if sender.draws_loss {
            self.loss_draws.block(message, loss);
        }
        let region = self.regions[from.index()];
        out.extend(to.iter().map(|&to| {
            let holding = sender.holdings.get(to.index()).unwrap_or(&self.default);
            let regions = (region, self.regions[to.index()]);
            (!holding.loses(loss[to.index()]))
                .then(|| self.laws[holding.law].latency(regions, latency[to.index()]))
        }));
    }

    /// The same in whole microseconds; `NO_LATENCY_US` for what is lost, or takes longer than that.
    pub fn latencies_us(&mut self, message: u64, from: InstanceId, to: &[InstanceId], out: &mut Vec<u32>) {
        out.clear();
        if let Law::Lognormal(median_us, factors) = &self.laws[self.default.law]
            && self.rules_from[from.index()].is_empty()
            && self.default.lost_below == 0
            && to.last().is_some_and(|last| last.index() < 2 * to.len() + 64)
        {
            let [draws, _] = &mut self.blocks;
            draws.resize(to.iter().map(|id| id.index() + 1).max().unwrap_or(0), 0);
            self.latency_draws.block(message, draws);
            let latency = |to: &InstanceId| factors.times(*median_us, draws[to.index()]);
            out.extend(to.iter().map(|to| u32::try_from(latency(to)).unwrap_or(NO_LATENCY_US)));
            return;
        }
        let mut fates = std::mem::take(&mut self.fates);
        self.latencies(message, from, to, &mut fates);
        let us = |fate: &Option<Span>| fate.map_or(u64::MAX, Span::us);
        out.extend(fates.iter().map(|fate| u32::try_from(us(fate)).unwrap_or(NO_LATENCY_US)));
        self.fates = fates;
    }

    /// Looks the links of a sender up once, if it has rules.
    fn note_broadcaster(&mut self, from: InstanceId) {
        if !self.rules_from[from.index()].is_empty() && !self.broadcasters.contains_key(&from) {
            let all = (0..self.regions.len()).map(|to| self.holding(from, InstanceId::at(to)));
            let sender = Sender::new(all.collect(), self.default, &self.laws);
            self.broadcasters.insert(from, sender);
        }
    }

    /// What holds on a link: the default, or what the rules that fit say.
    fn holding(&self, from: InstanceId, to: InstanceId) -> Holding {
        let mut holding = self.default;
        for rule in self.rules_from[from.index()].iter().map(|&number| &self.rules[number]) {
            if rule.to.binary_search(&to).is_ok() {
                holding.law = rule.law.unwrap_or(holding.law);
                holding.lost_below = rule.lost_below.unwrap_or(holding.lost_below);
            }
        }
        holding
    }
}

impl Sender {
    fn new(holdings: Vec<Holding>, default: Holding, laws: &[Law]) -> Sender {
        let all = || holdings.iter().chain([&default]);
        let draws_latency = all().any(|holding| laws[holding.law].is_drawn());
        let draws_loss = all().any(|holding| holding.lost_below > 0);
        Sender { draws_latency, draws_loss, holdings }
    }
}

impl Holding {
    fn loses(self, draw: u32) -> bool {
        u64::from(draw) < self.lost_below
    }
}

/// A message is lost if its 32-bit draw is below this: the share in 2^32nds.
fn lost_below(loss_ppm: u32) -> u64 {
    (u64::from(loss_ppm) << 32) / 1_000_000
}

impl Law {
    fn new(latency: &Latency, tables: &mut Tables) -> Law {
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

    fn max_us(&self) -> u64 {
        let median = |medians_us: &Vec<Vec<u64>>| medians_us.iter().flatten().copied().max().unwrap_or(0);
        match self {
            Law::Constant(us) => *us,
            Law::Uniform(min_us, count) => min_us + count,
            Law::Lognormal(median_us, factors) => factors.times(*median_us, u32::MAX),
            Law::Regions(medians_us, None) => median(medians_us),
            Law::Regions(medians_us, Some(factors)) => factors.times(median(medians_us) as f64, u32::MAX),
        }
    }

    fn is_drawn(&self) -> bool {
        !matches!(self, Law::Constant(_) | Law::Regions(_, None))
    }

    /// The latency between two regions for one draw, which counts only where `is_drawn`.
    fn latency(&self, regions: (usize, usize), draw: u32) -> Span {
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
fn rounded_us(span: Span) -> u64 {
    span.ns().saturating_add(500) / 1_000
}

/// Cells of the table of the normal distribution, equally likely: the upper 12 bits of a draw.
const CELLS: usize = 4_096;

/// Quantiles of the standard normal distribution at k / 4096; the outermost two at a quarter of a cell from the ends.
static NORMAL_QUANTILES: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let outermost = -normal_quantile_above(0.25 / CELLS as f64, 3.0);
    let mut lower = vec![outermost];
    for k in 1..CELLS / 2 {
        lower.push(-normal_quantile_above(k as f64 / CELLS as f64, -lower[k - 1]));
    }
    let upper: Vec<f64> = lower.iter().rev().map(|z| -z).collect();
    lower.into_iter().chain([0.0]).chain(upper).collect()
});

/// The z > 0 that a standard normal number exceeds with probability `tail`, by Newton's method.
fn normal_quantile_above(tail: f64, near: f64) -> f64 {
    const NEWTON_STEPS: usize = 40;
    let mut z = near;
    for _ in 0..NEWTON_STEPS {
        let beyond = libm::erfc(z / std::f64::consts::SQRT_2) / 2.0;
        let density = libm::exp(-z * z / 2.0) / (2.0 * std::f64::consts::PI).sqrt();
        let step = (beyond - tail) / density;
        z += step;
        if step.abs() < 1e-14 {
            break;
        }
    }
    z
}

/// The lognormal factor of median 1: exp(sigma z) at the table's quantiles, linear inside a cell.
///
/// Its median is exact. Against the true law its mean is low by 0.004 % at sigma 0.5, 0.02 % at 0.8, 0.05 % at 1 and 0.3 %
/// at 1.5, its standard deviation by 0.1 %, 0.5 %, 1.2 % and 8 %: what is missing are the rarest values, beyond one in 16,384.
#[derive(Clone)]
struct Factors(Arc<[f64]>);

/// One table for each sigma in use, by its bits.
type Tables = BTreeMap<u64, Factors>;

impl Factors {
    fn shared(sigma: f64, tables: &mut Tables) -> Factors {
        tables.entry(sigma.to_bits()).or_insert_with(|| Factors::new(sigma)).clone()
    }

    fn new(sigma: f64) -> Factors {
        // finite, so that a cell never interpolates between infinities
        let factor = |z: &f64| libm::exp(sigma * z).min(1e30);
        Factors(NORMAL_QUANTILES.iter().map(factor).collect())
    }

    /// The median times the factor of a draw, in whole microseconds, at least 1.
    fn times(&self, median_us: f64, draw: u32) -> u64 {
        const INSIDE_BITS: u32 = 20;
        let cell = (draw >> INSIDE_BITS) as usize;
        let inside = f64::from(draw & ((1 << INSIDE_BITS) - 1)) / f64::from(1 << INSIDE_BITS);
        let (low, high) = (self.0[cell], self.0[cell + 1]);
        // signed, since that is what processors convert to
        ((median_us * (low + (high - low) * inside) + 0.5) as i64).max(1) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEED: Seed = Seed { seed: 9, replication: 0 };
    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);
    const HALF_SECOND: Span = Span::from_ms(500);

    fn model(latency: Latency, loss_ppm: u32) -> NetworkModel {
        NetworkModel { latency, loss_ppm, links: Vec::new() }
    }

    fn lognormal(sigma: f64) -> Latency {
        Latency::Lognormal { median: HALF_SECOND, sigma }
    }

    fn fates(model: &NetworkModel, messages: u64) -> Vec<Option<Span>> {
        let mut network = Network::new(model, &[0, 0], SEED);
        (0..messages).map(|message| network.latency(message, A, B)).collect()
    }

    #[test]
    fn quantiles_are_those_of_the_normal_distribution() {
        // 0.75 and 0.25 are bounds of cells, 0.975 lies between two
        let at = |cell: usize| NORMAL_QUANTILES[cell];
        assert_eq!(NORMAL_QUANTILES.len(), CELLS + 1);
        for (cell, z) in [(2_048, 0.0), (3_072, 0.674_489_750_196_081_7), (1_024, -0.674_489_750_196_081_7)] {
            assert!((at(cell) - z).abs() < 1e-14, "{cell}: {}", at(cell));
        }
        assert!(at(3_993) < 1.959_963_984_540_054 && 1.959_963_984_540_054 < at(3_994));
        for (cell, p) in
            [(0, 0.25 / 4_096.0), (1, 1.0 / 4_096.0), (4, 4.0 / 4_096.0), (2_000, 2_000.0 / 4_096.0)]
        {
            let back = libm::erfc(-at(cell) / std::f64::consts::SQRT_2) / 2.0;
            assert!((back / p - 1.0).abs() < 1e-12, "{cell}: {back}");
        }
        assert!(NORMAL_QUANTILES.windows(2).all(|pair| pair[0] < pair[1]));
    }

    /// The documented errors of the table, by its exact moments.
    #[test]
    fn moments_of_the_factor_are_near_those_of_the_lognormal() {
        for (sigma, mean_error, deviation_error) in
            [(0.1, 1e-5, 2e-4), (0.5, 5e-5, 0.001), (0.8, 2e-4, 0.005), (1.0, 5e-4, 0.012), (1.5, 3e-3, 0.08)]
        {
            let Factors(knots) = Factors::new(sigma);
            let cells = || knots.windows(2).map(|pair| (pair[0], pair[1]));
            let mean = cells().map(|(a, b)| (a + b) / 2.0).sum::<f64>() / CELLS as f64;
            let square = cells().map(|(a, b)| (a * a + a * b + b * b) / 3.0).sum::<f64>() / CELLS as f64;
            let true_mean = libm::exp(sigma * sigma / 2.0);
            let true_deviation = true_mean * libm::expm1(sigma * sigma).sqrt();
            let deviation = (square - mean * mean).sqrt();
            assert!((mean / true_mean - 1.0).abs() <= mean_error, "{sigma}: {mean} {true_mean}");
            assert!((deviation / true_deviation - 1.0).abs() <= deviation_error, "{sigma}: {deviation}");
        }
    }

    #[test]
    fn latencies_follow_their_laws() {
        const MESSAGES: u64 = 200_000;
        let ms = Span::from_ms;
        let uniform = Latency::Uniform { min: ms(100), max: ms(300) };
        let regions = Latency::Regions { one_way: vec![vec![HALF_SECOND]], sigma: 0.4 };
        for (latency, mean_ms, deviation_ms) in [
            (uniform, 200.0, 200.0 / 12f64.sqrt()),
            (lognormal(0.2), 500.0 * libm::exp(0.02), 500.0 * libm::exp(0.02) * libm::expm1(0.04).sqrt()),
            (lognormal(0.8), 500.0 * libm::exp(0.32), 500.0 * libm::exp(0.32) * libm::expm1(0.64).sqrt()),
            (regions, 500.0 * libm::exp(0.08), 500.0 * libm::exp(0.08) * libm::expm1(0.16).sqrt()),
        ] {
            let mut draws: Vec<u64> = fates(&model(latency.clone(), 0), MESSAGES)
                .into_iter()
                .map(|fate| fate.expect("no loss"))
                .inspect(|span| assert!(span.ns().is_multiple_of(1_000), "whole microseconds"))
                .map(Span::us)
                .collect();
            let mean = draws.iter().map(|&us| us as f64 / 1e3).sum::<f64>() / MESSAGES as f64;
            let standard_error = deviation_ms / (MESSAGES as f64).sqrt();
            assert!(standard_error <= 0.005 * mean_ms);
            assert!((mean - mean_ms).abs() <= 4.0 * standard_error, "{latency:?}: mean {mean}");
            draws.sort_unstable();
            for (quantile, z) in
                [(0.001, -3.090_232), (0.1, -1.281_552), (0.5, 0.0), (0.9, 1.281_552), (0.99, 2.326_348)]
            {
                let value_us = match &latency {
                    Latency::Lognormal { sigma, .. } | Latency::Regions { sigma, .. } => {
                        5e5 * libm::exp(sigma * z)
                    }
                    _ => 1e5 + 2e5 * quantile,
                };
                let below = draws.partition_point(|&us| us as f64 <= value_us) as f64 / MESSAGES as f64;
                let standard_error = (quantile * (1.0 - quantile) / MESSAGES as f64).sqrt();
                assert!((below - quantile).abs() <= 4.0 * standard_error, "{latency:?} {quantile}: {below}");
            }
        }
    }

    #[test]
    fn the_median_is_exact_and_extremes_stay_within_bounds() {
        for sigma in [0.1, 0.8, 3.0] {
            assert_eq!(Factors::new(sigma).times(500_000.0, 1 << 31), 500_000);
        }
        let huge = Span::from_secs(86_400 * 365);
        let nothing = Span::ZERO;
        for (latency, least, most) in [
            (Latency::Constant(huge), LATENCY_MAX, LATENCY_MAX),
            (Latency::Constant(nothing), nothing, nothing),
            (Latency::Constant(Span::from_ns(1_500)), Span::from_us(2), Span::from_us(2)),
            (Latency::Uniform { min: nothing, max: nothing }, Span::from_us(1), Span::from_us(1)),
            (Latency::Uniform { min: nothing, max: huge }, Span::from_us(1), LATENCY_MAX),
            (Latency::Lognormal { median: huge, sigma: 1e9 }, Span::from_us(1), LATENCY_MAX),
            (Latency::Lognormal { median: nothing, sigma: 1.0 }, Span::from_us(1), Span::from_us(1)),
            (Latency::Regions { one_way: vec![vec![nothing]], sigma: 0.0 }, nothing, nothing),
        ] {
            let spans: Vec<Span> = fates(&model(latency, 0), 1_000).into_iter().flatten().collect();
            assert_eq!(spans.iter().filter(|&&span| least <= span && span <= most).count(), 1_000);
        }
    }

    #[test]
    fn the_share_of_losses_is_the_one_asked_for() {
        const MESSAGES: u64 = 400_000;
        for loss_ppm in [0, 100_000, 500_000, 1_000_000] {
            let lost = fates(&model(lognormal(0.2), loss_ppm), MESSAGES)
                .iter()
                .filter(|fate| fate.is_none())
                .count();
            let (share, expected) = (lost as f64 / MESSAGES as f64, f64::from(loss_ppm) / 1e6);
            let standard_error = (expected * (1.0 - expected) / MESSAGES as f64).sqrt();
            assert!(standard_error <= 0.005 * expected, "{loss_ppm}");
            assert!((share - expected).abs() <= 4.0 * standard_error, "{loss_ppm}: {share}");
        }
    }

    #[test]
    fn what_is_not_lost_is_neither_faster_nor_slower() {
        const MESSAGES: u64 = 200_000;
        let delivered: Vec<_> =
            fates(&model(lognormal(0.5), 500_000), MESSAGES).into_iter().flatten().collect();
        let count = delivered.len() as f64;
        let mean_ms = delivered.iter().map(|span| span.secs_f64() * 1e3).sum::<f64>() / count;
        let expected_ms = 500.0 * libm::exp(0.125);
        let standard_error = expected_ms * libm::expm1(0.25).sqrt() / count.sqrt();
        assert!(standard_error <= 0.005 * expected_ms);
        assert!((mean_ms - expected_ms).abs() <= 4.0 * standard_error, "{mean_ms}");
    }

    #[test]
    fn the_last_rule_that_fits_holds_for_each_property() {
        let ms = Span::from_ms;
        let rule = |from: u32, to: &[u32], latency: Option<u64>, loss_ppm| LinkRule {
            from: vec![InstanceId(from)],
            to: to.iter().copied().map(InstanceId).collect(),
            latency: latency.map(|latency| Latency::Constant(ms(latency))),
            loss_ppm,
        };
        let links = vec![
            rule(0, &[1, 2], Some(20), None),
            rule(0, &[2, 3], Some(30), Some(1_000_000)),
            rule(0, &[3], None, Some(0)),
            rule(0, &[2], Some(40), None),
            rule(1, &[0], None, Some(1_000_000)),
        ];
        let model = NetworkModel { latency: Latency::Constant(ms(10)), loss_ppm: 0, links };
        let mut network = Network::new(&model, &[0; 5], SEED);
        for (from, to, fate) in [
            (0, 1, Some(20)),
            (0, 2, None),
            (0, 3, Some(30)),
            (0, 4, Some(10)),
            (1, 0, None),
            (2, 0, Some(10)),
        ] {
            assert_eq!(network.latency(7, InstanceId(from), InstanceId(to)), fate.map(ms), "{from} to {to}");
        }
    }

    #[test]
    fn replications_and_messages_differ() {
        let model = model(lognormal(0.5), 0);
        let of = |seed| Network::new(&model, &[0, 0], seed).latency(1, A, B);
        assert_eq!(of(SEED), of(SEED));
        assert_ne!(of(SEED), of(Seed { replication: 1, ..SEED }));
        let distinct = |list: Vec<Option<Span>>| list.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(distinct(fates(&model, 1_000)) > 990);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_broadcast_is_its_single_messages_in_any_order(
            messages in prop::collection::vec(any::<u64>(), 1..5),
            from in 0u32..200,
            to in prop::collection::vec(0u32..200, 0..60),
            loss_ppm in prop_oneof![Just(0u32), 0u32..=1_000_000],
            law in 0usize..4,
        ) {
            let one_way = (1..=5).map(|a| (1..=5).map(|b| Span::from_ms(a * b)).collect()).collect::<Vec<_>>();
            let ids = |of: &dyn Fn(u32) -> bool| (0..200).filter(|&id| of(id)).map(InstanceId).collect::<Vec<_>>();
            let model = NetworkModel {
                latency: [
                    Latency::Constant(HALF_SECOND),
                    lognormal(0.7),
                    Latency::Regions { one_way: one_way.clone(), sigma: 0.3 },
                    Latency::Regions { one_way, sigma: 0.0 },
                ][law].clone(),
                loss_ppm,
                links: vec![
                    LinkRule { from: ids(&|id| id % 2 == 0), to: ids(&|id| id % 3 == 0), latency: Some(lognormal(0.1)), loss_ppm: None },
                    LinkRule { from: ids(&|id| id % 3 == 0), to: ids(&|id| id % 5 != 0), latency: None, loss_ppm: Some(300_000) },
                ],
            };
            let regions: Vec<usize> = (0..200).map(|id| id % 5).collect();
            let to: Vec<_> = to.into_iter().map(InstanceId).collect();
            let mut blocks = Network::new(&model, &regions, SEED);
            let mut singles = Network::new(&model, &regions, SEED);
            let mut out = Vec::new();
            let mut expected: Vec<_> = messages.iter().rev().map(|&message| {
                to.iter().rev().map(|&to| singles.latency(message, InstanceId(from), to)).rev().collect::<Vec<_>>()
            }).collect();
            expected.reverse();
            for (&message, expected) in messages.iter().zip(&expected) {
                blocks.latencies(message, InstanceId(from), &to, &mut out);
                prop_assert_eq!(&out, expected);
            }
        }
    }
}
