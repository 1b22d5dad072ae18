//! How long a viewer watches: the law, its survival function and its draws.
//!
//! Times are spans of whole nanoseconds outside and seconds as floats inside. A draw inverts the survival function with
//! one uniform number, whatever the law, so that the n-th viewer meets the same luck under every law. Nothing here
//! knows when or where the viewer watches.

use crate::foundation::random::{exponential, unit};
use crate::foundation::units::Span;
use rand::Rng;

/// The shortest visit: a session is never empty, since its first heartbeat is at its start.
pub const SHORTEST_WATCH: Span = Span::from_us(1);

/// The law of the watch time.
#[derive(Clone, Debug, PartialEq)]
pub enum Watch {
    /// Everybody watches exactly this long.
    Fixed(Span),
    /// Exponential with this mean.
    Exponential {
        /// The mean.
        mean: Span,
    },
    /// The measured retention curve, stretched to the length of the video.
    Retention {
        /// The length of the video.
        video: Span,
    },
}

/// (share of the video, share of viewers who watch longer): measured on videos of 10 minutes, of which 0.71 of the
/// viewers are left after 30 s and 0.53 after 60 s; linear between the points, and who is left at the end leaves then.
/// That a video of another length has the same curve in shares of its length is an assumption.
const RETENTION: &[(f64, f64)] =
    &[(0.0, 1.0), (0.05, 0.71), (0.1, 0.53), (0.25, 0.48), (0.5, 0.42), (0.75, 0.38), (1.0, 0.26)];

/// Everybody stays to the end, in the same form.
const STAY: &[(f64, f64)] = &[(0.0, 1.0), (1.0, 1.0)];

impl Watch {
    /// P(W > at): the share of visits that last longer than `at`.
    pub fn survival(&self, at: Span) -> f64 {
        match self.polyline() {
            None => libm::exp(-at.secs_f64() / self.scale_s()),
            Some(points) => polyline_survival(points, at.secs_f64() / self.scale_s()),
        }
    }

    /// The mean watch time.
    pub fn mean(&self) -> Span {
        let share = self.polyline().map_or(1.0, |points| polyline_integrals(points, 1.0).0);
        Span::from_secs_f64(self.scale_s() * share)
    }

    /// The watch time of one visit, from one uniform number; at least `SHORTEST_WATCH`.
    pub fn draw(&self, rng: &mut impl Rng) -> Span {
        let watch = match self {
            Watch::Fixed(span) => {
                unit(rng);
                *span
            }
            Watch::Exponential { mean } => stretch(*mean, exponential(rng)),
            Watch::Retention { video } => stretch(*video, polyline_quantile(RETENTION, 1.0 - unit(rng))),
        };
        watch.max(SHORTEST_WATCH)
    }

    /// A length in seconds that hardly any visit exceeds: the longest one or, for an exponential, 40 means (e^-40 of
    /// the visits are longer).
    pub(crate) fn longest_s(&self) -> f64 {
        self.scale_s() * if self.polyline().is_some() { 1.0 } else { 40.0 }
    }

    /// H(x) = int_0^x P(W > v) dv in s, which is E min(W, x), and int_0^x H(v) dv in s^2, for x >= 0 in s. With them the
    /// integral of closed form 2 over a linear piece of the rate is exact.
    pub(crate) fn survival_integrals(&self, x_s: f64) -> (f64, f64) {
        let scale_s = self.scale_s();
        let y = x_s / scale_s;
        let (first, second) = match self.polyline() {
            Some(points) => polyline_integrals(points, y),
            None => (-libm::expm1(-y), exponential_second_integral(y)),
        };
        (first * scale_s, second * scale_s * scale_s)
    }

    /// The unit of the law in seconds: the mean of an exponential, else the longest visit.
    fn scale_s(&self) -> f64 {
        let (Watch::Fixed(scale) | Watch::Exponential { mean: scale } | Watch::Retention { video: scale }) =
            self;
        (*scale).max(SHORTEST_WATCH).secs_f64()
    }

    fn polyline(&self) -> Option<&'static [(f64, f64)]> {
        match self {
            Watch::Fixed(_) => Some(STAY),
            Watch::Exponential { .. } => None,
            Watch::Retention { .. } => Some(RETENTION),
        }
    }
}

/// The length of `factor` times a span, rounded to a nanosecond; at most 584 years.
pub(crate) fn stretch(span: Span, factor: f64) -> Span {
    Span::from_ns(libm::round(span.ns() as f64 * factor) as u64)
}

/// y - 1 + e^-y, by its series where the difference would lose its digits.
fn exponential_second_integral(y: f64) -> f64 {
    if y < 1e-3 { y * y * (0.5 - y / 6.0 + y * y / 24.0) } else { y + libm::expm1(-y) }
}

/// The survival at `y` of the length.
fn polyline_survival(points: &[(f64, f64)], y: f64) -> f64 {
    let line = points.windows(2).find(|line| y < line[1].0);
    line.map_or(0.0, |line| {
        let [(from, high), (to, low)] = [line[0], line[1]];
        high + (low - high) * (y - from) / (to - from)
    })
}

/// The integral of the survival up to `y`, and the integral of that.
fn polyline_integrals(points: &[(f64, f64)], y: f64) -> (f64, f64) {
    let (mut first, mut second) = (0.0, 0.0);
    for line in points.windows(2) {
        let [(from, high), (to, low)] = [line[0], line[1]];
        let x = y.min(to) - from;
        if x <= 0.0 {
            break;
        }
        let slope = (low - high) / (to - from);
        second += x * (first + x * (high / 2.0 + x * slope / 6.0));
        first += x * (high + x * slope / 2.0);
    }
    (first, second + first * (y - 1.0).max(0.0))
}

/// Where the survival falls to `left`, in (0, 1]: the end for those who are left there.
fn polyline_quantile(points: &[(f64, f64)], left: f64) -> f64 {
    let line = points.windows(2).find(|line| left > line[1].1);
    line.map_or(1.0, |line| {
        let [(from, high), (to, low)] = [line[0], line[1]];
        from + (to - from) * (high - left) / (high - low)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foundation::random::{Purpose, Seed};

    const TEN_MINUTES: Span = Span::from_secs(600);

    fn laws() -> [Watch; 3] {
        let mean = Span::from_secs(300);
        [Watch::Fixed(mean), Watch::Exponential { mean }, Watch::Retention { video: TEN_MINUTES }]
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
        for (watch, mean_ms) in laws().iter().zip([300_000, 300_000, 265_200]) {
            assert_eq!(watch.mean(), Span::from_ms(mean_ms), "{watch:?}");
        }
    }

    /// The integrals against sums over the survival function itself.
    #[test]
    fn integrals_are_those_of_the_survival() {
        const STEP_MS: u64 = 20;
        let step_s = STEP_MS as f64 / 1e3;
        for watch in laws() {
            let (mut first, mut second) = (0.0, 0.0);
            for k in 0..50_000 {
                let middle = watch.survival(Span::from_ms(k * STEP_MS + STEP_MS / 2));
                second += step_s * (first + middle * step_s / 2.0);
                first += step_s * middle;
                let (exact, exact_second) = watch.survival_integrals((k + 1) as f64 * step_s);
                assert!((first / exact - 1.0).abs() < 1e-4, "{watch:?} {k}: {first} {exact}");
                assert!((second / exact_second - 1.0).abs() < 1e-4, "{watch:?} {k}: {second} {exact_second}");
            }
        }
    }

    #[test]
    fn draws_follow_the_survival() {
        const DRAWS: u32 = 100_000;
        for watch in laws() {
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
            // the standard deviation of every law is at most its mean times 1.0
            assert!(
                (mean_s / watch.mean().secs_f64() - 1.0).abs() < 4.0 / f64::from(DRAWS).sqrt(),
                "{watch:?}"
            );
        }
    }

    #[test]
    fn every_law_takes_one_number_a_draw_and_is_never_empty() {
        let zero = Span::ZERO;
        let empty = [Watch::Fixed(zero), Watch::Exponential { mean: zero }, Watch::Retention { video: zero }];
        for watch in laws().into_iter().chain(empty) {
            let mut rng = Seed { seed: 3, replication: 0 }.stream(Purpose::Watch, 0);
            let mut plain = rng.clone();
            assert!(watch.draw(&mut rng) >= SHORTEST_WATCH);
            unit(&mut plain);
            assert_eq!(rng.next_u64(), plain.next_u64(), "{watch:?}");
            assert!(watch.mean() >= Span::from_ns(442) && watch.survival(zero) > 0.999);
        }
    }
}
