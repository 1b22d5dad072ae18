//! When viewers come: Poisson processes with a rate that changes over time.
//!
//! Every law becomes a `RateCurve`, a rate in viewers per second that is linear between knots, and perhaps bursts at some of them.
//! Its integral, the cumulative number, is piecewise quadratic and inverted by formula: unit-exponential steps mapped through
//! the inverse are the instants of the Poisson process, without rejection and without a step size. Nothing here knows where
//! viewers sit; how long they watch matters only because a viral wave is scaled by its concurrent viewers.

use crate::domain::watch::Watch;
use crate::foundation::random::exponential;
use crate::foundation::units::{Span, Time};
use rand::Rng;

/// How the rate of arrivals runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// A constant rate.
    Constant {
        /// Viewers per second.
        rate_per_s: f64,
    },
    /// Ramps: from the rate before (0 at first) linearly to the stage's rate, as long as the stage lasts; nobody comes after the last.
    Stages(Vec<Stage>),
    /// The rhythm of a day: mean x (1 + amplitude x cos(2 pi (t - peak_at) / 24 h)).
    Daily {
        /// Viewers per second, on average over a day.
        mean_per_s: f64,
        /// From the start to the largest rate; it comes again every 24 hours, before it too.
        peak_at: Span,
        /// How much larger the largest rate is than the mean, as a share of the mean: from 0 to 1.
        amplitude: f64,
    },
    /// A video that goes viral: linear growth of the rate for `growth`, then a power-law decay.
    Viral {
        /// Concurrent viewers to be expected at the peak (the rate is scaled so that its maximum is this).
        peak_viewers: f64,
        /// From the first viewer to the largest rate.
        growth: Span,
        /// Exponent of the decay (1 for trending videos: daily increments fall as 1/t).
        decay_exponent: f64,
        /// Time scale of the decay: after the peak the rate is (1 + t / scale)^-exponent of its maximum.
        decay_scale: Span,
    },
    /// Rates that have been found for a series of concurrent viewers (`concurrent`), counted from T0.
    Concurrent(RateCurve),
}

/// One ramp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// How long it takes.
    pub duration: Span,
    /// Viewers per second at its end.
    pub rate_per_s: f64,
}

/// A rate that runs linearly between knots and is zero outside of them; and bursts of viewers who come at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve {
    /// (instant, viewers per second), in order of time; two knots at one instant are a jump.
    pub knots: Vec<(Time, f64)>,
    /// (instant, expected number of viewers), in order of time; between two knots there is none.
    pub bursts: Vec<(Time, f64)>,
}

impl Arrivals {
    /// The rate of a crowd whose first member may come at `from`, up to `end`.
    ///
    /// A later `end` only adds to the curve: whoever comes before the earlier one still does, at the same instants.
    /// `watch` scales a viral wave: the maximum over time of the expected concurrent viewers (closed form 2; first visits
    /// only, returns come on top) is its `peak_viewers`. That maximum is reached a little after the largest rate, which is
    /// at `from + growth`, and the scale does not depend on `end`, so a run that ends earlier does not reach it.
    pub fn curve(&self, from: Time, end: Time, watch: &Watch) -> RateCurve {
        let at = |after: Span| Time::from_ns(from.ns().saturating_add(after.ns()));
        let shifted = |points: &[(Time, f64)]| -> Vec<(Time, f64)> {
            points.iter().map(|&(time, value)| (at(time.since(Time::ZERO)), value)).collect()
        };
        let mut bursts = Vec::new();
        let knots = match self {
            Arrivals::Constant { rate_per_s } => vec![(from, *rate_per_s), (end.max(from), *rate_per_s)],
            Arrivals::Stages(stages) => {
                let mut after_ns = 0u64;
                let ends = stages.iter().map(|stage| {
                    after_ns = after_ns.saturating_add(stage.duration.ns());
                    (at(Span::from_ns(after_ns)), stage.rate_per_s)
                });
                std::iter::once((from, 0.0)).chain(ends).collect()
            }
            Arrivals::Daily { mean_per_s, peak_at, amplitude } => {
                let day = daily(*peak_at, *amplitude, end.since(from));
                day.map(|(after, rate)| (at(after), rate * mean_per_s)).collect()
            }
            Arrivals::Viral { peak_viewers, growth, decay_exponent, decay_scale } => {
                let until = end.since(from).max(Span::from_secs_f64(growth.secs_f64() + watch.longest_s()));
                let wave = unit_wave(*growth, *decay_exponent, *decay_scale, until);
                let highest = wave.highest_viewers(watch, *growth, *decay_scale);
                let scale = if highest > 0.0 { peak_viewers / highest } else { 0.0 };
                wave.knots.iter().map(|&(time, rate)| (at(time.since(Time::ZERO)), rate * scale)).collect()
            }
            Arrivals::Concurrent(found) => {
                bursts = shifted(&found.bursts);
                shifted(&found.knots)
            }
        };
        RateCurve { knots, bursts }.cut(end)
    }
}

/// The rhythm of a day with the mean 1, from its start to a knot at `until` or behind it.
///
/// It is linear between knots 5 min apart, nowhere more than 0.006 % of the amplitude off the cosine.
fn daily(peak_at: Span, amplitude: f64, until: Span) -> impl Iterator<Item = (Span, f64)> {
    const KNOT: Span = Span::from_secs(300);
    const DAY_S: f64 = 86_400.0;
    let knots = until.ns().div_ceil(KNOT.ns()) + 1;
    (0..knots).map(move |number| {
        let after = KNOT * number;
        let turn = (after.secs_f64() - peak_at.secs_f64()) / DAY_S * std::f64::consts::TAU;
        (after, 1.0 + amplitude * libm::cos(turn))
    })
}

/// A viral wave from T0 on with the largest rate 1.
///
/// The decay is linear between knots at which 1 + t / scale grows by a constant factor, so that the rate is nowhere more
/// than 0.003 % above the power law for an exponent up to 1, and 0.0013 % for a steep one. It stops at `until`, or where it
/// has fallen to a thousand-millionth of the maximum.
fn unit_wave(growth: Span, exponent: f64, scale: Span, until: Span) -> RateCurve {
    const STEP: f64 = 0.01;
    const LEAST: f64 = 1e-9;
    let step = STEP / exponent.max(1.0);
    let mut knots = vec![(Time::ZERO, 0.0), (Time::from_ns(growth.ns()), 1.0)];
    for k in 1u32.. {
        let (last, rate) = knots[knots.len() - 1];
        if last >= Time::from_ns(until.ns()) || rate < LEAST {
            break;
        }
        let log = f64::from(k) * step;
        let after_ns = libm::round(scale.ns().max(1) as f64 * libm::expm1(log)) as u64;
        let time = Time::from_ns(growth.ns().saturating_add(after_ns));
        if time > last {
            knots.push((time, libm::exp(-exponent * log)));
        }
    }
    RateCurve::new(knots)
}

impl RateCurve {
    /// A curve without bursts.
    pub fn new(knots: Vec<(Time, f64)>) -> RateCurve {
        RateCurve { knots, bursts: Vec::new() }
    }

    /// Viewers per second at an instant; at a jump, the rate after it.
    pub fn rate_at(&self, at: Time) -> f64 {
        let next = self.knots.partition_point(|knot| knot.0 <= at);
        match (next.checked_sub(1).map(|last| self.knots[last]), self.knots.get(next)) {
            (Some(from), Some(&to)) => Piece { from, to }.rate_at(at.since(from.0).secs_f64()),
            (Some((time, rate)), None) if time == at => rate,
            _ => 0.0,
        }
    }

    /// The expected number of arrivals up to an instant.
    pub fn cumulative(&self, until: Time) -> f64 {
        let pieces = self.pieces().take_while(|piece| piece.from.0 < until);
        let in_pieces: f64 =
            pieces.map(|piece| piece.area_within(until.since(piece.from.0).secs_f64())).sum();
        let bursts = self.bursts.iter().take_while(|burst| burst.0 <= until);
        bursts.fold(in_pieces, |sum, burst| sum + burst.1)
    }

    /// The expected number of all arrivals.
    pub fn total(&self) -> f64 {
        let in_pieces: f64 = self.pieces().map(|piece| piece.area()).sum();
        self.bursts.iter().fold(in_pieces, |sum, burst| sum + burst.1)
    }

    /// The first instant at which the cumulative number is `area`, rounded to a nanosecond; `None` beyond the total.
    pub fn inverse(&self, area: f64) -> Option<Time> {
        Cursor::default().advance(self, area)
    }

    /// The instants of one Poisson process with this rate, in order: unit-exponential steps through the inverse.
    pub fn times<R: Rng>(&self, mut rng: R) -> impl Iterator<Item = Time> + use<'_, R> {
        let mut cursor = Cursor::default();
        std::iter::from_fn(move || cursor.advance(self, exponential(&mut rng)))
    }

    /// The expected number of concurrent viewers at an instant, int rate(u) P(W > at - u) du (closed form 2), exactly.
    pub fn expected_viewers(&self, watch: &Watch, at: Time) -> f64 {
        let in_pieces = self.expected_viewers_at(watch, at.since(Time::ZERO).secs_f64());
        let bursts = self.bursts.iter().take_while(|burst| burst.0 <= at);
        bursts.fold(in_pieces, |sum, burst| sum + burst.1 * watch.survival(at.since(burst.0)))
    }

    /// Those of the pieces, each by parts: with H and its integral G, the piece from a to b with slope s gives
    /// rate(a) H(t - a) - rate(b) H(t - b) + s (G(t - a) - G(t - b)).
    fn expected_viewers_at(&self, watch: &Watch, at_s: f64) -> f64 {
        let secs = |time: Time| time.since(Time::ZERO).secs_f64();
        let of_piece = |piece: Piece| {
            let length_s = piece.length_s();
            if length_s <= 0.0 {
                return 0.0;
            }
            let begun_s = at_s - secs(piece.from.0);
            let over_s = (begun_s - length_s).max(0.0);
            let (first_from, second_from) = watch.survival_integrals(begun_s);
            let (first_to, second_to) = watch.survival_integrals(over_s);
            let rate_to = piece.rate_at(begun_s - over_s);
            piece.from.1 * first_from - rate_to * first_to + piece.slope() * (second_from - second_to)
        };
        self.pieces().take_while(|piece| secs(piece.from.0) < at_s).map(of_piece).sum()
    }

    /// The largest number of concurrent viewers to be expected of a wave from T0 that grows for `growth`.
    ///
    /// It comes after the growth and before the last who came at its end have left. Watch laws that mix short and long
    /// visits can give two maxima, so a geometric grid finds the right one and a golden section the value.
    fn highest_viewers(&self, watch: &Watch, growth: Span, decay_scale: Span) -> f64 {
        const RATIO: f64 = 1.3;
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        let viewers = |after_s: f64| self.expected_viewers_at(watch, growth.secs_f64() + after_s);
        let last_s = watch.longest_s();
        let finest_s = watch.mean().secs_f64().min(decay_scale.secs_f64()).max(1e-9) / 1_000.0;
        let grid = std::iter::successors(Some(finest_s), |after_s| Some(after_s * RATIO));
        let grid = std::iter::once(0.0).chain(grid.take_while(|&after_s| after_s < last_s)).chain([last_s]);
        let (best_s, _) = grid
            .map(|after_s| (after_s, viewers(after_s)))
            .fold((0.0, 0.0), |best, next| if next.1 > best.1 { next } else { best });
        let (mut low, mut high) = (best_s / RATIO, (best_s * RATIO).max(finest_s).min(last_s));
        if best_s <= finest_s {
            low = 0.0;
        }
        for _ in 0..40 {
            let (left, right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
            if viewers(left) < viewers(right) { low = left } else { high = right }
        }
        viewers((low + high) / 2.0).max(viewers(best_s))
    }

    fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        self.knots.windows(2).map(|pair| Piece { from: pair[0], to: pair[1] })
    }

    /// The curve before `end`.
    fn cut(mut self, end: Time) -> RateCurve {
        self.bursts.retain(|burst| burst.0 <= end);
        let keep = self.knots.partition_point(|knot| knot.0 <= end);
        if keep < self.knots.len() {
            let rate = self.rate_at(end);
            self.knots.truncate(keep);
            if keep > 0 {
                self.knots.push((end, rate));
            }
        }
        self
    }
}

/// The line between two knots. Offsets are seconds since its first knot.
#[derive(Clone, Copy)]
struct Piece {
    from: (Time, f64),
    to: (Time, f64),
}

impl Piece {
    fn length_s(self) -> f64 {
        self.to.0.since(self.from.0).secs_f64()
    }

    /// Viewers per second per second; the length is not zero.
    fn slope(self) -> f64 {
        (self.to.1 - self.from.1) / self.length_s()
    }

    fn rate_at(self, offset_s: f64) -> f64 {
        self.from.1 + (self.to.1 - self.from.1) * (offset_s / self.length_s())
    }

    fn area(self) -> f64 {
        self.length_s() * (self.from.1 + self.to.1) / 2.0
    }

    fn area_within(self, offset_s: f64) -> f64 {
        if offset_s < self.length_s() {
            offset_s * (self.from.1 + self.rate_at(offset_s)) / 2.0
        } else {
            self.area()
        }
    }

    /// Where the area since the first knot is `area`, which is more than zero and at most all of it: the root of
    /// r x + s x^2 / 2 = area in the form that does not subtract.
    fn time_of(self, area: f64) -> Time {
        let rate = self.from.1;
        let rate_then = (rate * rate + 2.0 * self.slope() * area).max(0.0).sqrt();
        let offset = Span::from_secs_f64(2.0 * area / (rate + rate_then));
        self.from.0 + offset.min(self.to.0.since(self.from.0))
    }
}

/// A place on a curve that only moves on. The area is counted from the start of the piece, so that it keeps its digits
/// on curves of many pieces.
#[derive(Default)]
struct Cursor {
    piece: usize,
    burst: usize,
    area: f64,
}

impl Cursor {
    fn advance(&mut self, curve: &RateCurve, area: f64) -> Option<Time> {
        self.area += area;
        loop {
            let pair = curve.knots.get(self.piece..self.piece + 2);
            // a burst comes before the piece that begins with it
            if let Some(&(at, viewers)) = curve.bursts.get(self.burst)
                && pair.is_none_or(|pair| at <= pair[0].0)
            {
                if self.area <= viewers {
                    return Some(at);
                }
                self.area -= viewers;
                self.burst += 1;
                continue;
            }
            let pair = pair?;
            let piece = Piece { from: pair[0], to: pair[1] };
            let whole = piece.area();
            if whole > 0.0 && self.area <= whole {
                return Some(if self.area > 0.0 { piece.time_of(self.area) } else { piece.from.0 });
            }
            self.area = (self.area - whole).max(0.0);
            self.piece += 1;
        }
    }
}

#[cfg(test)]
mod tests;
