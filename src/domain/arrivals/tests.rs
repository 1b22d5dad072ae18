//! Rates, totals and arrivals against closed forms and against sums.

use super::*;
use crate::foundation::random::{Purpose, Seed};
use proptest::prelude::*;

const MINUTE: Span = Span::from_secs(60);
const END: Time = Time::from_ms(3_600_000);
const WATCH: Watch = Watch::Exponential { mean: Span::from_secs(300) };

fn secs(s: f64) -> Time {
    Time::ZERO + Span::from_secs_f64(s)
}

fn stage(duration_s: u64, rate_per_s: f64) -> Stage {
    Stage { duration: Span::from_secs(duration_s), rate_per_s }
}

fn viral(peak_viewers: f64, growth: Span, decay_exponent: f64, decay_scale: Span) -> Arrivals {
    Arrivals::Viral { peak_viewers, growth, decay_exponent, decay_scale }
}

fn laws() -> [Arrivals; 3] {
    [
        Arrivals::Constant { rate_per_s: 0.2 },
        Arrivals::Stages(vec![
            stage(600, 0.5),
            stage(300, 0.5),
            stage(0, 0.1),
            stage(600, 0.1),
            stage(900, 0.0),
        ]),
        viral(100.0, MINUTE * 10, 1.0, MINUTE * 10),
    ]
}

fn curve(law: &Arrivals) -> RateCurve {
    law.curve(secs(100.0), END, &WATCH)
}

#[test]
fn rates_and_totals_are_those_of_the_laws() {
    let [constant, stages, viral] = laws().map(|law| curve(&law));
    let power = viral.rate_at(secs(700.0));
    for (curve, at_s, rate) in [
        (&constant, 99.9, 0.0),
        (&constant, 100.0, 0.2),
        (&constant, 3_600.0, 0.2),
        (&constant, 3_600.1, 0.0),
        (&stages, 400.0, 0.25),
        (&stages, 900.0, 0.5),
        (&stages, 1_000.0, 0.1),
        (&stages, 2_050.0, 0.05),
        (&stages, 2_500.0, 0.0),
        (&viral, 400.0, power / 2.0),
        (&viral, 1_300.0, power / 2.0),
        (&viral, 2_500.0, power / 4.0),
    ] {
        assert!((curve.rate_at(secs(at_s)) - rate).abs() < 1e-4 * rate.max(1e-9), "{at_s} s");
    }
    assert!((constant.total() - 700.0).abs() < 1e-9);
    assert!((stages.total() - (150.0 + 150.0 + 60.0 + 45.0)).abs() < 1e-9);
    let decay_s = 600.0 * libm::log(1.0 + 2_900.0 / 600.0);
    assert!((viral.total() / (power * (300.0 + decay_s)) - 1.0).abs() < 1e-4);
}

#[test]
fn a_later_end_only_adds() {
    for law in laws() {
        let of = |end| law.curve(secs(100.0), end, &WATCH);
        let stream = || Seed { seed: 5, replication: 0 }.stream(Purpose::Arrivals, 0);
        let (short, long) = (of(secs(1_500.0)), of(END));
        let early: Vec<_> = short.times(stream()).collect();
        assert!(early.iter().all(|&time| time <= secs(1_500.0)));
        assert!(long.times(stream()).take(early.len()).eq(early));
        assert!(of(secs(50.0)).total() == 0.0);
    }
}

/// Counts and instants over replications, against the curve: the mean, the Poisson variance, and the share that came
/// before each of four instants.
#[test]
fn arrivals_are_poisson_with_the_rate_of_the_curve() {
    const REPLICATIONS: u32 = 200;
    for law in laws() {
        let curve = curve(&law);
        let replication = |replication| {
            let rng = Seed { seed: 11, replication }.stream(Purpose::Arrivals, 0);
            curve.times(rng).collect::<Vec<_>>()
        };
        let runs: Vec<_> = (0..REPLICATIONS).map(replication).collect();
        assert!(runs.iter().all(|run| run.is_sorted()));
        for until_s in [600.0, 1_000.0, 1_900.0, 3_600.0] {
            let counts: Vec<f64> =
                runs.iter().map(|run| run.partition_point(|&time| time <= secs(until_s)) as f64).collect();
            let expected = curve.cumulative(secs(until_s));
            let mean = counts.iter().sum::<f64>() / f64::from(REPLICATIONS);
            let standard_error = (expected / f64::from(REPLICATIONS)).sqrt();
            assert!(standard_error <= 0.01 * expected, "{law:?}: too few replications");
            assert!(
                (mean - expected).abs() <= 4.0 * standard_error,
                "{law:?} {until_s} s: {mean} {expected}"
            );
            let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>()
                / f64::from(REPLICATIONS - 1);
            let spread = (2.0 / f64::from(REPLICATIONS - 1)).sqrt();
            assert!((variance / expected - 1.0).abs() <= 4.0 * spread, "{law:?} {until_s} s: {variance}");
        }
    }
}

#[test]
fn bursts_come_at_their_instants() {
    let knots = vec![(secs(10.0), 1.0), (secs(20.0), 1.0), (secs(20.0), 0.0), (secs(30.0), 0.0)];
    let curve = RateCurve { knots, bursts: vec![(secs(10.0), 5.0), (secs(20.0), 3.0), (secs(30.0), 2.0)] };
    for (until_s, sum) in [(9.9, 0.0), (10.0, 5.0), (15.0, 10.0), (20.0, 18.0), (29.0, 18.0), (30.0, 20.0)] {
        assert!((curve.cumulative(secs(until_s)) - sum).abs() < 1e-9, "{until_s}");
    }
    assert!((curve.total() - 20.0).abs() < 1e-9);
    for (area, at_s) in [(0.0, 10.0), (2.0, 10.0), (5.0, 10.0), (7.0, 12.0), (16.0, 20.0), (18.5, 30.0)] {
        assert_eq!(curve.inverse(area), Some(secs(at_s)), "{area}");
    }
    assert_eq!(curve.inverse(20.1), None);
    // who watches equally long leaves together
    let watch = Watch::Fixed(Span::from_secs(4));
    for (at_s, viewers) in [(9.9, 0.0), (10.0, 5.0), (13.0, 8.0), (14.0, 4.0), (20.0, 7.0), (24.0, 0.0)] {
        assert!((curve.expected_viewers(&watch, secs(at_s)) - viewers).abs() < 1e-6, "{at_s}");
    }
    let shifted = Arrivals::Concurrent(curve.clone()).curve(secs(100.0), secs(125.0), &watch);
    assert!((shifted.total() - 18.0).abs() < 1e-9);
    assert_eq!(shifted.inverse(7.0), Some(secs(112.0)));
    let stream = || Seed { seed: 3, replication: 0 }.stream(Purpose::Arrivals, 0);
    let times: Vec<_> = curve.times(stream()).collect();
    let later: Vec<_> = shifted.times(stream()).map(|time| time.before(Span::from_secs(100))).collect();
    assert!(times.is_sorted() && times.starts_with(&later) && times[0] == secs(10.0));
}

/// Few arrivals, so that one too many or too few would show.
#[test]
fn the_first_arrival_is_not_special() {
    const REPLICATIONS: u32 = 20_000;
    let curve = Arrivals::Constant { rate_per_s: 0.01 }.curve(Time::ZERO, secs(300.0), &WATCH);
    let count =
        |replication| curve.times(Seed { seed: 13, replication }.stream(Purpose::Arrivals, 0)).count();
    let counts: Vec<usize> = (0..REPLICATIONS).map(count).collect();
    let mean = counts.iter().sum::<usize>() as f64 / f64::from(REPLICATIONS);
    assert!((mean - 3.0).abs() <= 4.0 * (3.0 / f64::from(REPLICATIONS)).sqrt(), "{mean}");
    let none = counts.iter().filter(|&&count| count == 0).count() as f64 / f64::from(REPLICATIONS);
    let expected = libm::exp(-3.0);
    let standard_error = (expected * (1.0 - expected) / f64::from(REPLICATIONS)).sqrt();
    assert!((none - expected).abs() <= 4.0 * standard_error, "{none}");
}

/// Closed form 2 by a midpoint sum over the survival function.
fn viewers_by_sum(curve: &RateCurve, watch: &Watch, at: Time) -> f64 {
    const CELLS: u64 = 4_000;
    let cell = Span::from_ns(at.ns() / CELLS);
    let back = (0..CELLS).map(|k| Span::from_ns(cell.ns() * k + cell.ns() / 2));
    back.map(|back| curve.rate_at(at.before(back)) * watch.survival(back)).sum::<f64>() * cell.secs_f64()
}

#[test]
fn the_peak_of_the_expected_viewers_is_the_one_asked_for() {
    let second = Span::from_secs(1);
    let watches = [
        WATCH,
        Watch::Fixed(Span::from_secs(300)),
        Watch::Retention { video: Span::from_secs(600) },
        Watch::Retention { video: Span::from_secs(3_600) },
        // filled up within the times below
        Watch::Lognormal { median: Span::from_secs(80), sigma: 0.8 },
        Watch::Weibull { scale: Span::from_secs(200), shape: 0.6 },
    ];
    for watch in &watches {
        for (growth, exponent, scale) in [
            (MINUTE * 10, 1.0, MINUTE * 10),
            (MINUTE * 60, 1.0, MINUTE),
            (MINUTE, 0.5, MINUTE * 60),
            (second, 3.0, MINUTE),
            (MINUTE * 30, 0.0, MINUTE),
            (MINUTE * 5, 40.0, MINUTE * 60),
            (Span::ZERO, 1.0, MINUTE),
        ] {
            let curve = viral(5_000.0, growth, exponent, scale).curve(Time::ZERO, END + MINUTE * 120, watch);
            let times = (0..400u64).map(|k| Time::ZERO + growth + Span::from_secs(k * k / 16));
            let highest = times.map(|at| viewers_by_sum(&curve, watch, at)).fold(0.0, f64::max);
            let label = format!("{watch:?} {growth} {exponent} {scale}: {highest}");
            assert!((highest / 5_000.0 - 1.0).abs() < 0.005, "{label}");
        }
    }
}

#[test]
fn odd_but_valid_waves_are_finite() {
    let (tiny, huge) = (Span::from_ns(1), Span::from_secs(86_400 * 365));
    for watch in [
        WATCH,
        Watch::Fixed(tiny),
        Watch::Exponential { mean: huge },
        Watch::Retention { video: huge },
        Watch::Lognormal { median: huge, sigma: 3.0 },
        Watch::Weibull { scale: huge, shape: 0.2 },
        Watch::Weibull { scale: tiny, shape: 20.0 },
    ] {
        for (growth, scale) in [(tiny, tiny), (tiny, huge), (huge, tiny), (huge, huge), (Span::ZERO, MINUTE)]
        {
            for exponent in [0.0, 1.0, 1_000.0] {
                let curve = viral(100.0, growth, exponent, scale).curve(secs(5.0), END, &watch);
                assert!(curve.total().is_finite() && curve.total() >= 0.0, "{watch:?} {growth} {scale}");
                assert!(curve.knots.len() < 10_000 && curve.knots.is_sorted_by_key(|knot| knot.0));
            }
        }
    }
}

#[test]
fn expected_viewers_of_a_constant_rate_fill_up_to_rate_times_mean() {
    let curve = RateCurve::new(vec![(Time::ZERO, 2.0), (secs(1e6), 2.0)]);
    let heavy =
        [Watch::Lognormal { median: MINUTE, sigma: 0.5 }, Watch::Weibull { scale: MINUTE, shape: 0.6 }];
    for watch in [WATCH, Watch::Fixed(MINUTE), Watch::Retention { video: MINUTE }].into_iter().chain(heavy) {
        let full = curve.expected_viewers(&watch, secs(9e5));
        assert!((full - 2.0 * watch.mean().secs_f64()).abs() < 1e-6, "{watch:?}: {full}");
    }
    let filling = curve.expected_viewers(&WATCH, secs(300.0));
    assert!((filling - 600.0 * (1.0 - libm::exp(-1.0))).abs() < 1e-9);
}

proptest! {
    #[test]
    fn the_inverse_undoes_the_cumulative(
        pieces in prop::collection::vec((1u64..1_000_000_000_000, 0.1f64..100.0), 1..20),
        share in 0.0001f64..0.9999,
    ) {
        let mut at = Time::from_ns(17);
        let mut knots = vec![(at, 1.0)];
        for (length_ns, rate) in pieces {
            at += Span::from_ns(length_ns);
            knots.push((at, rate));
        }
        let curve = RateCurve::new(knots);
        let time = Time::from_ns(17 + (share * (at.ns() - 17) as f64) as u64);
        let back = curve.inverse(curve.cumulative(time)).expect("below the total");
        prop_assert!(back.ns().abs_diff(time.ns()) <= 100, "{} {}", back.ns(), time.ns());
    }

    #[test]
    fn the_cumulative_undoes_the_inverse_even_where_the_rate_is_zero(
        rates in prop::collection::vec(prop_oneof![Just(0.0), 0.001f64..1_000.0], 2..20),
        share in 0.0f64..0.9999,
    ) {
        let knots = rates.iter().enumerate().map(|(k, &rate)| (Time::from_ms(k as u64 / 3 * 1_000), rate));
        let curve = RateCurve::new(knots.collect());
        let area = share * curve.total();
        if let Some(time) = curve.inverse(area) {
            // rounded to a nanosecond, at up to 1,000 viewers per second
            prop_assert!((curve.cumulative(time) - area).abs() <= 1e-6 + 1e-12 * area);
        } else {
            prop_assert!(curve.total() <= 0.0);
        }
    }
}

/// 3.2 /s at 20:00, 0.8 /s at 8:00, and a day's mean over any 24 hours.
#[test]
fn a_day_has_its_peak_and_its_mean() {
    let hours = |h: u64| Time::ZERO + Span::from_secs(h * 3_600);
    let law = Arrivals::Daily { mean_per_s: 2.0, peak_at: Span::from_secs(20 * 3_600), amplitude: 0.6 };
    let curve = law.curve(Time::ZERO, hours(60), &WATCH);
    for (at, rate) in [(20, 3.2), (44, 3.2), (8, 0.8), (32, 0.8), (14, 2.0), (2, 2.0)] {
        assert!((curve.rate_at(hours(at)) - rate).abs() < 1e-9, "{at}: {}", curve.rate_at(hours(at)));
    }
    let day = |from: u64| curve.cumulative(hours(from + 24)) - curve.cumulative(hours(from));
    for from in [0, 7, 36] {
        assert!((day(from) / 172_800.0 - 1.0).abs() < 1e-9, "{from}: {}", day(from));
    }
    // the peak counts from the beginning of the crowd
    let later = law.curve(hours(1), hours(60), &WATCH);
    assert!((later.rate_at(hours(21)) - 3.2).abs() < 1e-9 && later.rate_at(Time::ZERO) == 0.0);
}
