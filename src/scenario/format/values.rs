//! Shapes of single values that many keys have: times, shares, rates, names.

use crate::foundation::units::Span;
use crate::scenario::shape::{Form, Shape, words};

/// A federation has at most this many instances.
pub(crate) const INSTANCES_MAX: u64 = 20_000;
/// A comparison has at most this many columns.
pub(crate) const COLUMNS_MAX: usize = 1_000;
/// No time in a scenario is longer.
const LONGEST: Span = Span::from_secs(10_000 * 3_600);
/// No latency is longer: a request is over long before.
pub(super) const LATENCY_MAX: Span = Span::from_secs(3_600);
/// No piece of work takes a CPU longer.
const SERVICE_MAX: Span = Span::from_secs(60);
/// A share of everything, in millionths.
const ALL_PPM: u32 = 1_000_000;

pub(super) fn any_span() -> Shape {
    Shape::Span { min: Span::ZERO, max: LONGEST, step: Span::from_ns(1) }
}

pub(super) fn positive_span() -> Shape {
    Shape::Span { min: Span::from_ms(1), max: LONGEST, step: Span::from_ns(1) }
}

/// Records hold times of samples and buckets in milliseconds.
pub(super) fn whole_ms(min_ms: u64) -> Shape {
    Shape::Span { min: Span::from_ms(min_ms), max: LONGEST, step: Span::from_ms(1) }
}

pub(super) fn latency_span() -> Shape {
    Shape::Span { min: Span::ZERO, max: LATENCY_MAX, step: Span::from_us(1) }
}

/// Service times are whole microseconds, as latencies are.
pub(super) fn whole_us() -> Shape {
    Shape::Span { min: Span::ZERO, max: SERVICE_MAX, step: Span::from_us(1) }
}

pub(super) fn yes_or_no() -> Shape {
    words(&[("yes", "it is"), ("no", "it is not")])
}

pub(super) fn share() -> Shape {
    Shape::Share { max_ppm: ALL_PPM }
}

pub(super) fn rate() -> Shape {
    Shape::Rate { max_per_s: 1_000_000.0 }
}

pub(super) fn protocol_name() -> Shape {
    Shape::Text(Form::ProtocolName)
}

pub(super) fn instance_name() -> Shape {
    Shape::Text(Form::InstanceName)
}
