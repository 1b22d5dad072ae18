//! How long a viewer watches: the law, its survival function and its draws.
//!
//! Times are spans of whole nanoseconds outside and seconds as floats inside. A draw inverts the survival function with
//! one uniform number, whatever the law, so that the n-th viewer meets the same luck under every law. Nothing here
//! knows when or where the viewer watches.

use crate::foundation::random::{exponential, unit};
use crate::foundation::special::{gamma_below, normal_above, normal_quantile_above};
use crate::foundation::units::Span;
use libm::{exp, expm1, log, pow, tgamma};
use rand::Rng;

/// The shortest visit: a session is never empty, since its first heartbeat is at its start.
pub const SHORTEST_WATCH: Span = Span::from_us(1);

/// Longer than any run and than the mean of any law, and still a span.
const LONGEST_S: f64 = 1e10;

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
    /// Lognormal: the logarithm is normal. Live streams are watched so (Veloso et al., median 80 s and sigma 1.43).
    Lognormal {
        /// The median.
        median: Span,
        /// The standard deviation of the logarithm, above 0.
        sigma: f64,
    },
    /// Weibull: P(W > t) = exp(-(t / scale)^shape).
    Weibull {
        /// The time that one in e watches longer than.
        scale: Span,
        /// The exponent, above 0: below 1 the tail is heavier than an exponential's.
        shape: f64,
    },
    /// The measured retention curve, stretched to the length of the video.
    Retention {
        /// The length of the video.
        video: Span,
    },
    /// Linear between quantiles.
    Quantiles(Quantiles),
}

/// A law by its quantiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiles {
    /// The longest visit.
    longest: Span,
    /// (share of the longest visit, share of viewers who watch longer): from 1 down to 0.
    points: Vec<(f64, f64)>,
}

impl Quantiles {
    /// The law of (share of viewers, how long these watch at most), both ascending, the shares from 0 to 1.
    pub fn new(quantiles: &[(f64, Span)]) -> Quantiles {
        let longest = quantiles.iter().map(|&(_, at)| at).max().unwrap_or_default().max(SHORTEST_WATCH);
        let point = |&(share, at): &(f64, Span)| (at.secs_f64() / longest.secs_f64(), 1.0 - share);
        let points = std::iter::once((0.0, 1.0)).chain(quantiles.iter().map(point)).collect();
        Quantiles { longest, points }
    }
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
        self.survival_at(at.secs_f64() / self.scale_s())
    }

    /// The mean watch time.
    pub fn mean(&self) -> Span {
        let in_scales = match self {
            Watch::Exponential { .. } => 1.0,
            Watch::Lognormal { sigma, .. } => exp(sigma * sigma / 2.0),
            Watch::Weibull { shape, .. } => tgamma(1.0 + 1.0 / shape),
            Watch::Fixed(_) | Watch::Retention { .. } | Watch::Quantiles(_) => {
                polyline_integrals(self.polyline(), 1.0).0
            }
        };
        Span::from_secs_f64(self.scale_s() * in_scales)
    }

    /// The watch time of one visit, from one uniform number; at least `SHORTEST_WATCH`.
    pub fn draw(&self, rng: &mut impl Rng) -> Span {
        let watch = match self {
            Watch::Fixed(span) => {
                unit(rng);
                *span
            }
            Watch::Exponential { mean } => stretch(*mean, exponential(rng)),
            Watch::Lognormal { median, sigma } => {
                stretch(*median, exp(sigma * normal_quantile_above(1.0 - unit(rng))))
            }
            Watch::Weibull { scale, shape } => stretch(*scale, pow(exponential(rng), 1.0 / shape)),
            Watch::Retention { video } => stretch(*video, polyline_quantile(RETENTION, 1.0 - unit(rng))),
            Watch::Quantiles(Quantiles { longest, points }) => {
                stretch(*longest, polyline_quantile(points, 1.0 - unit(rng)))
            }
        };
        watch.max(SHORTEST_WATCH)
    }

    /// A length in seconds that hardly any visit exceeds: the longest one, or what e^-40 of the visits exceed.
    pub(crate) fn longest_s(&self) -> f64 {
        self.tail_s(40.0).min(LONGEST_S)
    }

    /// The length in seconds that a share e^-`steps` of the visits exceeds; the longest one where there is one.
    pub(crate) fn tail_s(&self, steps: f64) -> f64 {
        let in_scales = match self {
            Watch::Exponential { .. } => steps,
            Watch::Lognormal { sigma, .. } => exp(sigma * normal_quantile_above(exp(-steps))),
            Watch::Weibull { shape, .. } => pow(steps, 1.0 / shape),
            Watch::Fixed(_) | Watch::Retention { .. } | Watch::Quantiles(_) => 1.0,
        };
        self.scale_s() * in_scales
    }

    /// H(x) = int_0^x P(W > v) dv in s, which is E min(W, x), and int_0^x H(v) dv in s^2, for x >= 0 in s. With them the
    /// integral of closed form 2 over a linear piece of the rate is exact.
    pub(crate) fn survival_integrals(&self, x_s: f64) -> (f64, f64) {
        let scale_s = self.scale_s();
        let y = x_s / scale_s;
        let (first, second) = match *self {
            Watch::Exponential { .. } => (-expm1(-y), exponential_second_integral(y)),
            Watch::Lognormal { sigma, .. } => {
                let z = log(y) / sigma;
                // the part of the n-th moment below y
                let moment = |n: f64| exp(n * n * sigma * sigma / 2.0) * normal_above(n * sigma - z);
                self.integrals_by_moments(y, moment(1.0), moment(2.0))
            }
            Watch::Weibull { shape, .. } => {
                let moment = |n: f64| {
                    let order = 1.0 + n / shape;
                    tgamma(order) * gamma_below(order, pow(y, shape))
                };
                self.integrals_by_moments(y, moment(1.0), moment(2.0))
            }
            Watch::Fixed(_) | Watch::Retention { .. } | Watch::Quantiles(_) => {
                polyline_integrals(self.polyline(), y)
            }
        };
        (first * scale_s, second * scale_s * scale_s)
    }

    /// Both integrals from the parts of the first two moments below `y`: E min(W, y), and y times that less half
    /// of E min(W, y)^2. All in scales.
    fn integrals_by_moments(&self, y: f64, first: f64, second: f64) -> (f64, f64) {
        let beyond = self.survival_at(y);
        let until = first + y * beyond;
        (until, y * until - (second + y * y * beyond) / 2.0)
    }

    /// P(W > age) for an age in s, where some leave at that age, after they have left.
    pub(crate) fn survival_after_s(&self, age_s: f64) -> f64 {
        // a quotient may be a digit short of the point that it stands for
        self.survival_at(age_s * (1.0 + 1e-12) / self.scale_s())
    }

    /// The ages in s at which the survival is no smooth function.
    pub(crate) fn bends_s(&self) -> impl Iterator<Item = f64> + '_ {
        self.polyline().iter().map(|point| point.0 * self.scale_s())
    }

    /// The ages in s at which many leave together, and their shares of all.
    pub(crate) fn jumps_s(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let points = self.polyline();
        let end = points.last().map(|&(at, left)| [(at, left), (at, 0.0)]);
        let pairs = points.windows(2).map(|pair| [pair[0], pair[1]]).chain(end);
        let jumps = pairs.filter(|[from, to]| to.0 <= from.0 && to.1 < from.1);
        jumps.map(|[from, to]| (from.0 * self.scale_s(), from.1 - to.1))
    }

    /// P(W > y scales).
    fn survival_at(&self, y: f64) -> f64 {
        match self {
            Watch::Exponential { .. } => exp(-y),
            Watch::Lognormal { sigma, .. } => normal_above(log(y) / sigma),
            Watch::Weibull { shape, .. } => exp(-pow(y, *shape)),
            Watch::Fixed(_) | Watch::Retention { .. } | Watch::Quantiles(_) => {
                polyline_survival(self.polyline(), y)
            }
        }
    }

    /// The unit of the law in seconds: the mean of an exponential, the median or the scale, else the longest visit.
    fn scale_s(&self) -> f64 {
        let scale = match self {
            Watch::Fixed(scale)
            | Watch::Exponential { mean: scale }
            | Watch::Lognormal { median: scale, .. }
            | Watch::Weibull { scale, .. }
            | Watch::Retention { video: scale }
            | Watch::Quantiles(Quantiles { longest: scale, .. }) => scale,
        };
        (*scale).max(SHORTEST_WATCH).secs_f64()
    }

    /// The survival by points, of a law that has them: (share of the scale, share of viewers who watch longer).
    fn polyline(&self) -> &[(f64, f64)] {
        match self {
            Watch::Fixed(_) => STAY,
            Watch::Retention { .. } => RETENTION,
            Watch::Quantiles(Quantiles { points, .. }) => points,
            Watch::Exponential { .. } | Watch::Lognormal { .. } | Watch::Weibull { .. } => &[],
        }
    }
}

/// The length of `factor` times a span, rounded to a nanosecond; at most 584 years.
pub(crate) fn stretch(span: Span, factor: f64) -> Span {
    Span::from_ns(libm::round(span.ns() as f64 * factor) as u64)
}

/// y - 1 + e^-y, by its series where the difference would lose its digits.
fn exponential_second_integral(y: f64) -> f64 {
    if y < 1e-3 { y * y * (0.5 - y / 6.0 + y * y / 24.0) } else { y + expm1(-y) }
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
            // not yet reached, or a jump, which has no length
            continue;
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
mod tests;
