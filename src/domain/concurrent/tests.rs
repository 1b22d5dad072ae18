//! Crowds against the series that they are made for: by the closed form, by sums and by drawing them.

use super::*;
use crate::domain::watch::Quantiles;
use crate::foundation::random::{Purpose, Seed};

fn points(points: &[(f64, f64)]) -> Vec<Point> {
    points.iter().map(|&(at_s, viewers)| Point { at: Span::from_secs_f64(at_s), viewers }).collect()
}

fn laws() -> Vec<Watch> {
    let secs = Span::from_secs;
    let quantile = |share: f64, at_s: u64| (share, secs(at_s));
    let with_jumps =
        [quantile(0.0, 0), quantile(0.1, 0), quantile(0.3, 60), quantile(0.5, 60), quantile(1.0, 300)];
    vec![
        Watch::Exponential { mean: secs(120) },
        Watch::Fixed(secs(90)),
        Watch::Lognormal { median: secs(80), sigma: 1.43 },
        Watch::Weibull { scale: secs(100), shape: 0.6 },
        Watch::Weibull { scale: secs(100), shape: 3.0 },
        Watch::Retention { video: secs(600) },
        Watch::Quantiles(Quantiles::new(&[quantile(0.0, 5), quantile(0.5, 80), quantile(1.0, 900)])),
        Watch::Quantiles(Quantiles::new(&with_jumps)),
    ]
}

/// Series that every one of the laws can follow.
fn series() -> Vec<Vec<Point>> {
    vec![
        points(&[(54.0, 104.0), (77.0, 618.0), (100.0, 1_108.0), (123.0, 1_737.0), (146.0, 2_562.0)]),
        points(&[
            (0.0, 0.0),
            (600.0, 0.0),
            (613.7, 500.0),
            (900.0, 700.0),
            (1_500.0, 800.0),
            (7_200.0, 600.0),
        ]),
        points(&[(0.25, 1_000.0), (1_000.0, 1_000.0), (1_003.0, 1_500.0), (4_000.0, 1_400.0)]),
        points(&[(10.0, 3.0), (1_000.0, 1e6)]),
    ]
}

/// What a series says, and what its errors are shares of.
fn wanted(series: &[Point], at_s: f64) -> (f64, f64) {
    let low = 0.01 * series.iter().map(|point| point.viewers).fold(0.0, f64::max);
    let secs = |point: &Point| point.at.secs_f64();
    let Some(pair) = series.windows(2).find(|pair| secs(&pair[0]) <= at_s && at_s <= secs(&pair[1])) else {
        return (0.0, low);
    };
    let share = (at_s - secs(&pair[0])) / (secs(&pair[1]) - secs(&pair[0]));
    let viewers = pair[0].viewers + (pair[1].viewers - pair[0].viewers) * share;
    (viewers, pair[0].viewers.max(pair[1].viewers).max(low))
}

fn instants(series: &[Point], count: u32) -> Vec<f64> {
    let (first, last) = (series[0].at.secs_f64(), series[series.len() - 1].at.secs_f64());
    (0..=count).map(|k| first + (last - first) * f64::from(k) / f64::from(count)).collect()
}

fn at(at_s: f64) -> Time {
    Time::ZERO + Span::from_secs_f64(at_s)
}

#[test]
fn the_expected_crowd_is_the_series() {
    for watch in laws() {
        for series in series() {
            let curve =
                rates(&series, &watch, false).unwrap_or_else(|miss| panic!("{watch:?} {miss:?} {series:?}"));
            assert!(
                curve.knots.is_sorted_by_key(|knot| knot.0) && curve.knots.iter().all(|knot| knot.1 >= 0.0)
            );
            let mut worst = (0.0, 0.0);
            for at_s in instants(&series, 1_777) {
                let (viewers, scale) = wanted(&series, at_s);
                let off = (curve.expected_viewers(&watch, at(at_s)) - viewers).abs() / scale;
                worst = if off > worst.0 { (off, at_s) } else { worst };
            }
            assert!(worst.0 < 0.01, "{watch:?} {series:?}: {worst:?}");
            assert!(
                curve.expected_viewers(&watch, at(series[0].at.secs_f64()).before(Span::from_ns(1))) <= 0.0
            );
        }
    }
}

/// The same without the closed form: a sum of who came and who of them is still there.
#[test]
fn the_expected_crowd_is_the_series_by_a_sum() {
    const CELLS: u32 = 200_000;
    let series = &series()[0];
    for watch in laws() {
        let curve = rates(series, &watch, false).expect("it can be followed");
        for at_s in [80.0, 111.5, 146.0] {
            let cell_s = (at_s - 54.0) / f64::from(CELLS);
            let middles = (0..CELLS).map(|k| 54.0 + cell_s * (f64::from(k) + 0.5));
            let stay = |came_s: f64| watch.survival(Span::from_secs_f64(at_s - came_s));
            let drops: f64 = middles.map(|came_s| curve.rate_at(at(came_s)) * stay(came_s) * cell_s).sum();
            let bursts = curve.bursts.iter().filter(|burst| burst.0 <= at(at_s));
            let bursts: f64 = bursts.map(|burst| burst.1 * watch.survival(at(at_s).since(burst.0))).sum();
            let (viewers, scale) = wanted(series, at_s);
            assert!((drops + bursts - viewers).abs() < 0.01 * scale, "{watch:?} {at_s}: {drops} + {bursts}");
        }
    }
}

#[test]
fn a_drawn_crowd_is_the_series() {
    const REPLICATIONS: u32 = 20;
    for (number, watch) in (0..).zip(laws()) {
        for series in &series()[..3] {
            let curve = rates(series, &watch, false).expect("it can be followed");
            // at its points, a moment later: who leaves at once has left then
            let last_s = series[series.len() - 1].at.secs_f64();
            let samples: Vec<_> =
                series.iter().map(|point| (point.at.secs_f64() + 0.001).min(last_s)).collect();
            let mut counts = vec![0u32; samples.len()];
            for replication in 0..REPLICATIONS {
                let seed = Seed { seed: number, replication };
                let mut stays = seed.stream(Purpose::Watch, 0);
                for came in curve.times(seed.stream(Purpose::Arrivals, 0)) {
                    let left = came + watch.draw(&mut stays);
                    for (count, &at_s) in counts.iter_mut().zip(&samples) {
                        *count += u32::from(came <= at(at_s) && at(at_s) < left);
                    }
                }
            }
            for (count, &at_s) in counts.iter().zip(&samples) {
                let (viewers, _) = wanted(series, at_s);
                let mean = f64::from(*count) / f64::from(REPLICATIONS);
                let standard_error = (viewers / f64::from(REPLICATIONS)).sqrt();
                assert!((mean - viewers).abs() <= 4.0 * standard_error, "{watch:?} {at_s}: {mean} {viewers}");
            }
        }
    }
}

#[test]
fn of_exponential_watch_times_the_rate_is_growth_and_who_leaves() {
    let watch = Watch::Exponential { mean: Span::from_secs(120) };
    let series = points(&[(10.0, 60.0), (30.0, 120.0), (90.0, 90.0)]);
    let curve = rates(&series, &watch, false).expect("it can be followed");
    assert_eq!(curve.bursts, [(at(10.0), 60.0)]);
    let knots: Vec<_> = curve.knots.iter().map(|knot| (knot.0, (knot.1 * 1e9).round())).collect();
    assert_eq!(knots, [(at(10.0), 3.5e9), (at(30.0), 4e9), (at(30.0), 0.5e9), (at(90.0), 0.25e9)]);
    // step by step the same is found
    let found = Wanted::new(&series, &watch).found(false).expect("it can be followed").curve();
    assert_eq!(found.knots.len(), 4, "no step needs to be halved");
    for (found, exact) in found.knots.iter().zip(&curve.knots) {
        assert!(found.0 == exact.0 && (found.1 - exact.1).abs() < 1e-4, "{found:?} {exact:?}");
    }
}

/// Of who stay equally long as many come as came before them and left: a ramp is followed by stairs, and a constant crowd
/// by one burst after another.
#[test]
fn of_fixed_watch_times_rates_come_again() {
    let watch = Watch::Fixed(Span::from_secs(100));
    let ramp = rates(&points(&[(0.0, 0.0), (1_000.0, 1_000.0)]), &watch, false).expect("it can be followed");
    // within a step the rate has the slope of the long run
    let mean = |from_s: f64| (ramp.cumulative(at(from_s + 100.0)) - ramp.cumulative(at(from_s))) / 100.0;
    for stair in 0..9u8 {
        let (stair, from_s) = (f64::from(stair) + 1.0, f64::from(stair) * 100.0);
        assert!((mean(from_s) - stair).abs() < 0.02 * stair, "{stair}: {}", mean(from_s));
    }
    let constant = rates(&points(&[(0.0, 40.0), (950.0, 40.0)]), &watch, false).expect("it can be followed");
    let bursts: Vec<_> = (0..10).map(|k| (at(f64::from(k) * 100.0), 40.0)).collect();
    assert_eq!(constant.bursts.iter().map(|burst| (burst.0, burst.1.round())).collect::<Vec<_>>(), bursts);
    assert!(constant.knots.iter().all(|knot| knot.1 < 1e-6), "{:?}", constant.knots);
}

#[test]
fn a_series_that_falls_too_fast_is_refused_or_exceeded() {
    let series = points(&[(0.0, 0.0), (60.0, 1_000.0), (70.0, 100.0), (600.0, 100.0), (660.0, 500.0)]);
    for watch in laws().into_iter().filter(|watch| !matches!(watch, Watch::Fixed(_))) {
        let Err(Miss::Falls { point: 2, at: seen, viewers, wanted: said }) = rates(&series, &watch, false)
        else {
            panic!("{watch:?}: it cannot be followed")
        };
        assert!(
            (60.0..=70.0).contains(&seen.secs_f64()) && viewers > said * 1.009,
            "{watch:?} {seen} {viewers} {said}"
        );
        let curve = rates(&series, &watch, true).expect("it may be exceeded");
        assert!(curve.rate_at(at(65.0)) <= 0.0, "{watch:?}");
        let peak = curve.expected_viewers(&watch, at(60.0));
        assert!((peak - 1_000.0).abs() < 10.0, "{watch:?} {peak}");
        for at_s in instants(&series, 1_000) {
            let (viewers, scale) = wanted(&series, at_s);
            let crowd = curve.expected_viewers(&watch, at(at_s));
            assert!(crowd > viewers - 0.01 * scale, "{watch:?} {at_s}: {crowd}");
            // nobody comes who is not needed
            let is_low = crowd < viewers + 0.01 * scale;
            assert!(is_low || curve.rate_at(at(at_s)) <= 0.0 || at_s > 655.0, "{watch:?} {at_s}: {crowd}");
        }
    }
    let exponential = Watch::Exponential { mean: Span::from_secs(120) };
    let Err(Miss::Falls { at: seen, viewers, .. }) = rates(&series, &exponential, false) else {
        panic!("it falls")
    };
    let expected = 1_000.0 * libm::exp(-(seen.secs_f64() - 60.0) / 120.0);
    assert!((viewers - expected).abs() < 10.0, "{viewers} {expected}");
}

#[test]
fn odd_series_get_an_answer() {
    let year = Span::from_secs(86_400 * 365);
    let watches = [
        Watch::Fixed(Span::from_ms(1)),
        Watch::Exponential { mean: year },
        Watch::Lognormal { median: year, sigma: 3.0 },
        Watch::Lognormal { median: Span::from_ms(1), sigma: 3.0 },
        Watch::Weibull { scale: Span::from_ms(1), shape: 0.2 },
        Watch::Weibull { scale: year, shape: 20.0 },
        Watch::Retention { video: year },
    ];
    let jagged: Vec<_> = (0..300).map(|k| (f64::from(k), f64::from(k % 7) * 1e7)).collect();
    for watch in &watches {
        for series in [
            Vec::new(),
            points(&[(5.0, 7.0)]),
            points(&[(0.0, 0.0), (3.6e7, 0.0)]),
            points(&[(0.0, 1e8), (3.6e7, 1e8)]),
            points(&[(0.0, 0.0), (1e-9, 1e8), (3.6e7, 1e8)]),
            points(&jagged),
        ] {
            for at_least in [false, true] {
                if let Ok(curve) = rates(&series, watch, at_least) {
                    assert!(curve.total().is_finite() && curve.total() >= 0.0, "{watch:?} {series:?}");
                    assert!(curve.knots.len() <= 2 * STEPS_MAX && curve.bursts.len() <= BURSTS_MAX);
                }
            }
        }
    }
}
