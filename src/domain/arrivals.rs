//! When viewers come: Poisson processes with a rate that changes over time.

use crate::words::units::{Span, Time};

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
}

/// One ramp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// How long it takes.
    pub duration: Span,
    /// Viewers per second at its end.
    pub rate_per_s: f64,
}

/// A rate that runs linearly between knots and is zero outside of them.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve {
    /// (instant, viewers per second), in order of time.
    pub knots: Vec<(Time, f64)>,
}
