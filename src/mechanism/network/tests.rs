//! Latencies and losses against their laws.

use super::lognormal::{CELLS, Factors, NORMAL_QUANTILES};
use super::*;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::Seed;
use crate::foundation::units::Span;
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

fn by_place(one_way: &[Vec<Span>], sigma: f64) -> Latency {
    let pairs: Vec<_> = one_way.iter().flatten().map(|&median| PlacePair { median, sigma }).collect();
    Latency::Places(Places::new(one_way.len(), &pairs).into())
}

fn latencies(model: &NetworkModel, messages: u64) -> Vec<Option<Span>> {
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
    for (cell, p) in [(0, 0.25 / 4_096.0), (1, 1.0 / 4_096.0), (4, 4.0 / 4_096.0), (2_000, 2_000.0 / 4_096.0)]
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
    let regions = by_place(&[vec![HALF_SECOND]], 0.4);
    for (latency, mean_ms, deviation_ms) in [
        (uniform, 200.0, 200.0 / 12f64.sqrt()),
        (lognormal(0.2), 500.0 * libm::exp(0.02), 500.0 * libm::exp(0.02) * libm::expm1(0.04).sqrt()),
        (lognormal(0.8), 500.0 * libm::exp(0.32), 500.0 * libm::exp(0.32) * libm::expm1(0.64).sqrt()),
        (regions, 500.0 * libm::exp(0.08), 500.0 * libm::exp(0.08) * libm::expm1(0.16).sqrt()),
    ] {
        let mut draws: Vec<u64> = latencies(&model(latency.clone(), 0), MESSAGES)
            .into_iter()
            .map(|latency| latency.expect("no loss"))
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
                Latency::Lognormal { sigma, .. } => 5e5 * libm::exp(sigma * z),
                Latency::Places(_) => 5e5 * libm::exp(0.4 * z),
                _ => 1e5 + 2e5 * quantile,
            };
            let below = draws.partition_point(|&us| us as f64 <= value_us) as f64 / MESSAGES as f64;
            let standard_error = (quantile * (1.0 - quantile) / MESSAGES as f64).sqrt();
            assert!((below - quantile).abs() <= 4.0 * standard_error, "{latency:?} {quantile}: {below}");
        }
    }
}

/// Pairs of places may differ in their spread: each has the law of its own median and its own standard deviation.
#[test]
fn places_may_differ_in_their_spread() {
    let pair = |ms, sigma| PlacePair { median: Span::from_ms(ms), sigma };
    let pairs = [pair(1, 0.0), pair(100, 0.5), pair(40, 0.0), pair(2, 0.2)];
    let places = Places::new(2, &pairs);
    assert_eq!(places.pairs().collect::<Vec<_>>(), pairs);
    let model = model(Latency::Places(places.into()), 0);
    assert_eq!(model.latency_min(), Span::from_us(1));
    let mut network = Network::new(&model, &[0, 1], SEED);
    let lognormal = NetworkModel {
        latency: Latency::Lognormal { median: Span::from_ms(100), sigma: 0.5 },
        ..model.clone()
    };
    let mut alone = Network::new(&lognormal, &[0, 1], SEED);
    for message in 0..100 {
        assert_eq!(network.latency(message, A, B), alone.latency(message, A, B));
        assert_eq!(network.latency(message, B, A), Some(Span::from_ms(40)));
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
        (by_place(&[vec![nothing]], 0.0), nothing, nothing),
    ] {
        let spans: Vec<Span> = latencies(&model(latency, 0), 1_000).into_iter().flatten().collect();
        assert_eq!(spans.iter().filter(|&&span| least <= span && span <= most).count(), 1_000);
    }
}

#[test]
fn the_share_of_losses_is_the_one_asked_for() {
    const MESSAGES: u64 = 400_000;
    for loss_ppm in [0, 100_000, 500_000, 1_000_000] {
        let lost = latencies(&model(lognormal(0.2), loss_ppm), MESSAGES)
            .iter()
            .filter(|latency| latency.is_none())
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
        latencies(&model(lognormal(0.5), 500_000), MESSAGES).into_iter().flatten().collect();
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
    for (from, to, latency) in
        [(0, 1, Some(20)), (0, 2, None), (0, 3, Some(30)), (0, 4, Some(10)), (1, 0, None), (2, 0, Some(10))]
    {
        assert_eq!(network.latency(7, InstanceId(from), InstanceId(to)), latency.map(ms), "{from} to {to}");
    }
}

/// What comes back crosses the link from the receiver to the sender, whose rules are its own.
#[test]
fn the_way_back_has_the_rules_of_its_own_link() {
    let ms = Span::from_ms;
    let rule = |from: InstanceId, to: InstanceId, latency, loss_ppm| LinkRule {
        from: vec![from],
        to: vec![to],
        latency: Some(Latency::Constant(ms(latency))),
        loss_ppm,
    };
    let links = vec![rule(A, B, 200, None), rule(B, A, 10, Some(0))];
    let latency = Latency::Constant(ms(50));
    let mut network = Network::new(&NetworkModel { latency, loss_ppm: 0, links }, &[0; 3], SEED);
    assert_eq!(network.ways(1, A, B), Ways::open(ms(200), ms(10)));
    assert_eq!(network.ways(1, B, A), Ways::open(ms(10), ms(200)));
    assert_eq!(network.ways(1, A, InstanceId(2)), Ways::open(ms(50), ms(50)));
    // by place, there and back different
    let latency = by_place(&[vec![ms(1), ms(70)], vec![ms(30), ms(2)]], 0.0);
    let mut network = Network::new(&NetworkModel { latency, loss_ppm: 0, links: Vec::new() }, &[0, 1], SEED);
    assert_eq!(network.ways(1, A, B), Ways::open(ms(70), ms(30)));
    assert_eq!(network.ways(1, B, A), Ways::open(ms(30), ms(70)));
}

/// Both ways of a request come from one draw: each follows its law, and one says nothing about the other.
#[test]
fn the_way_back_is_drawn_as_if_on_its_own() {
    const MESSAGES: u64 = 100_000;
    let sigma = 0.5;
    let mut network = Network::new(&model(lognormal(sigma), 0), &[0, 0], SEED);
    // standard normal, by the law
    let score = |span: Span| libm::log(span.secs_f64() / HALF_SECOND.secs_f64()) / sigma;
    let ways = (0..MESSAGES).map(|message| network.ways(message, A, B));
    let [mut mean, mut square, mut product, mut of_squares] = [0.0; 4];
    for ways in ways {
        let [there, back] = [Leg::Request, Leg::Answer].map(|leg| score(ways.of(leg).expect("no loss")));
        assert_eq!(ways.of(Leg::Handshake), ways.of(Leg::Answer));
        mean += back / MESSAGES as f64;
        square += back * back / MESSAGES as f64;
        product += there * back / MESSAGES as f64;
        of_squares += (there * there - 1.0) * (back * back - 1.0) / 2.0 / MESSAGES as f64;
    }
    let standard_error = 1.0 / (MESSAGES as f64).sqrt();
    assert!(mean.abs() < 4.0 * standard_error, "{mean}");
    assert!((square - 1.0).abs() < 4.0 * 2f64.sqrt() * standard_error + 0.002, "{square}");
    assert!(product.abs() < 4.0 * standard_error, "correlation {product}");
    assert!(of_squares.abs() < 4.0 * standard_error, "correlation of squares {of_squares}");
}

#[test]
fn replications_and_messages_differ() {
    let model = model(lognormal(0.5), 0);
    let of = |seed| Network::new(&model, &[0, 0], seed).latency(1, A, B);
    assert_eq!(of(SEED), of(SEED));
    assert_ne!(of(SEED), of(Seed { replication: 1, ..SEED }));
    let distinct = |list: Vec<Option<Span>>| list.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(distinct(latencies(&model, 1_000)) > 990);
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
        width in 1u32..=200,
        has_rules in any::<bool>(),
        follow_each_other in any::<bool>(),
    ) {
        let one_way = (1..=5).map(|a| (1..=5).map(|b| Span::from_ms(a * b)).collect()).collect::<Vec<_>>();
        let ids = |of: &dyn Fn(u32) -> bool| (0..200).filter(|&id| of(id)).map(InstanceId).collect::<Vec<_>>();
        let model = NetworkModel {
            latency: [
                Latency::Constant(HALF_SECOND),
                lognormal(0.7),
                by_place(&one_way, 0.3),
                by_place(&one_way, 0.0),
            ][law].clone(),
            loss_ppm,
            links: vec![
                LinkRule { from: ids(&|id| id % 2 == 0), to: ids(&|id| id % 3 == 0), latency: Some(lognormal(0.1)), loss_ppm: None },
                LinkRule { from: ids(&|id| id % 3 == 0), to: ids(&|id| id % 5 != 0), latency: None, loss_ppm: Some(300_000) },
            ].into_iter().filter(|_| has_rules).collect(),
        };
        let regions: Vec<usize> = (0..200).map(|id| id % 5).collect();
        let to: Vec<_> = to.into_iter().map(|id| InstanceId(id % width)).collect();
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
        let (mut ways, mut there, mut back, mut once) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut to = to;
        to.sort_unstable();
        to.dedup();
        if follow_each_other {
            to = (0..to.len() as u32).map(|place| InstanceId(from + place)).filter(|id| id.0 < 200).collect();
        }
        for &message in &messages {
            blocks.all_ways(message, InstanceId(from), &to, &mut ways);
            blocks.all_ways_us(message, InstanceId(from), &to, &mut there, &mut back);
            blocks.latencies_us(message, InstanceId(from), &to, &mut once);
            prop_assert_eq!(&once, &there);
            let us = |span: Option<Span>| span.map_or(NO_LATENCY_US, |span| span.us() as u32);
            for (place, &to) in to.iter().enumerate() {
                let alone = singles.ways(message, InstanceId(from), to);
                prop_assert_eq!(ways[place], alone);
                prop_assert_eq!(alone.of(Leg::Request), singles.latency(message, InstanceId(from), to));
                prop_assert_eq!(there[place], us(alone.of(Leg::Request)));
                prop_assert_eq!(back[place], us(alone.of(Leg::Answer).filter(|_| alone.of(Leg::Handshake).is_some())));
            }
        }
    }
}
