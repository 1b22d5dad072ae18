//! The parameters of the network, as a scenario gives them.

use super::places::Places;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Span;
use std::sync::Arc;

/// No latency is longer: far beyond every time-out, and short enough that an arrival is always a `Time`.
pub const LATENCY_MAX: Span = Span::from_secs(86_400);

/// The law of the one-way latency; draws are whole microseconds.
///
/// A latency that is drawn is at least 1 us and at most `LATENCY_MAX`; a constant (also one of places with sigma 0) may
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
    /// By the places of the two ends (regions or cities), each pair with a lognormal factor of median 1.
    Places(Arc<Places>),
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
