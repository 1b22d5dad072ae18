//! The parameters of the network, as a scenario gives them.

use crate::foundation::ids::InstanceId;
use crate::foundation::units::Span;

/// No latency is longer: far beyond every time-out, and short enough that an arrival is always a `Time`.
pub const LATENCY_MAX: Span = Span::from_secs(86_400);

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

/// The parameters of some links, in place of the defaults.
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
/// Latency and loss are looked up separately: each comes from the last matching rule that sets it.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkModel {
    /// The latency of a link without a rule.
    pub latency: Latency,
    /// The share of messages lost on a link without a rule, in millionths.
    pub loss_ppm: u32,
    /// Exceptions, in order; both directions of a link are separate.
    pub links: Vec<LinkRule>,
}
