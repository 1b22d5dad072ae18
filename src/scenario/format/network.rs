//! Latency and loss.

use crate::foundation::units::Span;
use crate::scenario::format::federation::{data_file, data_file_cases};
use crate::scenario::format::values::{LATENCY_MAX, instance_name, latency_span, share};
use crate::scenario::shape::{Arm, Form, Shape, case, list, optional, required, with_default, written};

/// Measured round trips between countries.
pub(in crate::scenario) const MEASURED: [(&str, &str); 4] =
    [("de-fr", "43 ms"), ("de-us", "114 ms"), ("de-jp", "174 ms"), ("au-de", "260 ms")];

pub(super) fn latency() -> Shape {
    let sigma = || Shape::Number { min: 0.0, max: 3.0 };
    let uniform =
        vec![required("min", "the least", latency_span()), required("max", "the greatest", latency_span())];
    let lognormal = vec![
        required("median", "the median", latency_span()),
        required("sigma", "standard deviation of the logarithm", sigma()),
    ];
    let both_ways = || Shape::Span { min: Span::ZERO, max: LATENCY_MAX, step: Span::from_us(2) };
    let pairs = Shape::Names {
        form: Form::RegionPair,
        of: Box::new(both_ways()),
        min: 0,
        max: 4_096,
        given: MEASURED.map(|(pair, time)| (pair, written(time))).to_vec(),
    };
    let round_trip = Shape::OneOf(
        [vec![case("pairs", "the pairs", Arm::Plain(pairs))], data_file_cases(Arm::Marked)]
            .into_iter()
            .flatten()
            .collect(),
    );
    let regions = vec![
        with_default("sigma", "standard deviation of the logarithm of a factor of median 1", sigma(), "0"),
        with_default("within", "median round trip within a region", both_ways(), "27 ms"),
        with_default(
            "round_trip",
            "median round trips between two regions, beside those measured; or a CSV file of them, in milliseconds: a row \
             per pair (from,to,ms, perhaps sigma or one of p90, p95, p99), or a square table",
            round_trip,
            "{}",
        ),
        optional(
            "one_way",
            "in place of round trips: such a CSV file of latencies one way, every pair in both directions",
            data_file(),
        ),
    ];
    Shape::OneOf(vec![
        case("constant", "always the same", Arm::Keyed(latency_span())),
        case("uniform", "uniform between two bounds", Arm::Keyed(Shape::Record(uniform))),
        case("lognormal", "lognormal", Arm::Keyed(Shape::Record(lognormal))),
        case(
            "regions",
            "between the regions or cities of the two ends: half a round trip, or what a file says",
            Arm::Keyed(Shape::Record(regions)),
        ),
    ])
}

pub(super) fn network() -> Shape {
    let link = Shape::Record(vec![
        optional("from", "the sender, an instance or group (else all)", instance_name()),
        optional("to", "the receiver, an instance or group (else all)", instance_name()),
        optional("latency", "the one-way latency there", latency()),
        optional("loss", "the share of messages lost there", share()),
    ]);
    Shape::Record(vec![
        required("latency", "the one-way latency", latency()),
        with_default("loss", "the share of messages lost", share(), "0 %"),
        with_default(
            "links",
            "links on which something else holds; the last that fits counts",
            list(link, 0, 200),
            "[]",
        ),
    ])
}
