//! Every law against its survival function, published curves and known means.

use super::*;
use crate::foundation::random::{Purpose, Seed};

const TEN_MINUTES: Span = Span::from_secs(600);

/// Each law, and its standard deviation divided by its mean, rounded up.
fn laws() -> [(Watch, f64); 7] {
    let mean = Span::from_secs(300);
    let scale = Span::from_secs(100);
    let at = |share, s| (share, Span::from_secs(s));
    let quantiles = Quantiles::new(&[at(0.0, 0), at(0.5, 80), at(0.9, 600), at(1.0, 7_200)]);
    [
        (Watch::Fixed(mean), 0.0),
        (Watch::Exponential { mean }, 1.0),
        (Watch::Retention { video: TEN_MINUTES }, 1.0),
        (Watch::Lognormal { median: Span::from_secs(80), sigma: 1.43 }, 2.6),
        (Watch::Weibull { scale, shape: 0.6 }, 1.76),
        (Watch::Weibull { scale, shape: 2.0 }, 0.53),
        (Watch::Quantiles(quantiles), 2.5),
    ]
}

#[test]
fn retention_is_the_measured_curve() {
    for (video_s, at_s, left) in [
        (600, 0, 1.0),
        (600, 30, 0.71),
        (600, 60, 0.53),
        (600, 150, 0.48),
        (600, 225, 0.45),
        (600, 300, 0.42),
        (600, 450, 0.38),
        (600, 600, 0.0),
        (1200, 60, 0.71),
    ] {
        let watch = Watch::Retention { video: Span::from_secs(video_s) };
        assert!((watch.survival(Span::from_secs(at_s)) - left).abs() < 1e-12, "{at_s} s of {video_s} s");
    }
    let before_the_end = Span::from_ns(TEN_MINUTES.ns() - 1);
    assert!((Watch::Retention { video: TEN_MINUTES }.survival(before_the_end) - 0.26).abs() < 1e-9);
}

#[test]
fn means_are_known() {
    // 80 s e^(1.43^2 / 2); 100 s G(1 + 1 / 0.6) and 100 s G(1.5); 0.5 x 40 s + 0.4 x 340 s + 0.1 x 3,900 s
    let means_ms = [300_000, 300_000, 265_200, 222_400, 150_458, 88_623, 546_000];
    for ((watch, _), mean_ms) in laws().iter().zip(means_ms) {
        assert_eq!((watch.mean().ns() + 500_000) / 1_000_000, mean_ms, "{watch:?}");
    }
}

/// The integrals against sums over the survival function itself.
#[test]
fn integrals_are_those_of_the_survival() {
    const STEP_MS: u64 = 20;
    let step_s = STEP_MS as f64 / 1e3;
    for (watch, _) in laws() {
        // the slope of a heavy tail is infinite at 0: there the sum is too coarse
        let from = if matches!(watch, Watch::Weibull { shape, .. } if shape < 1.0) { 50 } else { 0 };
        let (mut first, mut second) = (0.0, 0.0);
        for k in 0..50_000 {
            let middle = watch.survival(Span::from_ms(k * STEP_MS + STEP_MS / 2));
            second += step_s * (first + middle * step_s / 2.0);
            first += step_s * middle;
            let (exact, exact_second) = watch.survival_integrals((k + 1) as f64 * step_s);
            if k < from {
                continue;
            }
            assert!((first / exact - 1.0).abs() < 1e-4, "{watch:?} {k}: {first} {exact}");
            assert!((second / exact_second - 1.0).abs() < 1e-4, "{watch:?} {k}: {second} {exact_second}");
        }
    }
}

#[test]
fn draws_follow_the_survival() {
    const DRAWS: u32 = 100_000;
    for (watch, deviation) in laws() {
        let mut rng = Seed { seed: 3, replication: 0 }.stream(Purpose::Watch, 0);
        let draws: Vec<Span> = (0..DRAWS).map(|_| watch.draw(&mut rng)).collect();
        for at_s in [15, 30, 60, 150, 299, 300, 450, 599] {
            let at = Span::from_secs(at_s);
            let longer = draws.iter().filter(|&&draw| draw > at).count() as f64 / f64::from(DRAWS);
            let expected = watch.survival(at);
            let standard_error = (expected * (1.0 - expected) / f64::from(DRAWS)).sqrt();
            assert!((longer - expected).abs() <= 4.0 * standard_error, "{watch:?} at {at_s} s: {longer}");
        }
        let mean_s = draws.iter().map(|draw| draw.secs_f64()).sum::<f64>() / f64::from(DRAWS);
        assert!(
            (mean_s / watch.mean().secs_f64() - 1.0).abs() <= 4.0 * deviation / f64::from(DRAWS).sqrt(),
            "{watch:?}: {mean_s}"
        );
    }
}

#[test]
fn every_law_takes_one_number_a_draw_and_is_never_empty() {
    let zero = Span::ZERO;
    let empty = [
        Watch::Fixed(zero),
        Watch::Exponential { mean: zero },
        Watch::Retention { video: zero },
        Watch::Lognormal { median: zero, sigma: 3.0 },
        Watch::Weibull { scale: zero, shape: 20.0 },
        Watch::Quantiles(Quantiles::new(&[(0.0, zero), (1.0, SHORTEST_WATCH)])),
    ];
    for watch in laws().into_iter().map(|(watch, _)| watch).chain(empty) {
        let mut rng = Seed { seed: 3, replication: 0 }.stream(Purpose::Watch, 0);
        let mut plain = rng.clone();
        assert!(watch.draw(&mut rng) >= SHORTEST_WATCH);
        unit(&mut plain);
        assert_eq!(rng.next_u64(), plain.next_u64(), "{watch:?}");
        assert!(watch.mean() >= Span::from_ns(442) && watch.survival(zero) > 0.999);
    }
}

#[test]
fn quantiles_may_begin_late_and_jump() {
    let at = |share, s| (share, Span::from_secs(s));
    // nobody below 10 s, 0.3 of all at 60 s exactly
    let watch = Watch::Quantiles(Quantiles::new(&[at(0.0, 10), at(0.2, 60), at(0.5, 60), at(1.0, 100)]));
    for (s, left) in [(5, 1.0), (10, 1.0), (35, 0.9), (59, 0.804), (60, 0.5), (80, 0.25), (100, 0.0)] {
        assert!((watch.survival(Span::from_secs(s)) - left).abs() < 1e-12, "{s} s");
    }
    // 0.2 x 35 s + 0.3 x 60 s + 0.5 x 80 s
    assert_eq!(watch.mean(), Span::from_secs(65));
    let mut rng = Seed { seed: 3, replication: 0 }.stream(Purpose::Watch, 0);
    let jumps = (0..10_000).filter(|_| watch.draw(&mut rng) == Span::from_secs(60)).count();
    // binomial with mean 3,000 and standard deviation 46
    assert!((2_816..3_184).contains(&jumps), "{jumps}");
}

#[test]
fn a_weibull_of_shape_one_is_exponential() {
    let span = Span::from_secs(300);
    let (one, other) = (Watch::Weibull { scale: span, shape: 1.0 }, Watch::Exponential { mean: span });
    assert_eq!(one.mean(), other.mean());
    for x_s in [0.1, 30.0, 299.0, 400.0, 3_000.0] {
        let (first, second) = one.survival_integrals(x_s);
        let (exact, exact_second) = other.survival_integrals(x_s);
        assert!((first / exact - 1.0).abs() < 1e-12 && (second / exact_second - 1.0).abs() < 1e-9, "{x_s}");
    }
}
