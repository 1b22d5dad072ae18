//! When a run ends, what is sampled, bounded and expected of it, and names on the wire.

use crate::scenario::format::values::{positive_span, protocol_name, whole_ms};
use crate::scenario::shape::{
    Arm, Field, Form, Shape, case, list, names, optional, required, with_default, words,
};

/// Numbers of metrics are within this, either side of 0.
const METRIC_MAX: f64 = 1e18;

pub(super) fn end() -> Shape {
    let idle = vec![
        required("when", "what ends the run", words(&[("idle", "nobody watches and all queues are empty")])),
        required("at_most", "when it ends at the latest", positive_span()),
    ];
    Shape::OneOf(vec![
        case("at", "at this time", Arm::Plain(positive_span())),
        case("idle", "when there is nothing left to do", Arm::Plain(Shape::Record(idle))),
    ])
}

pub(super) fn measure() -> Vec<Field> {
    vec![
        with_default("every", "time between two samples of the counters", whole_ms(1), "10 s"),
        with_default("from", "the first sample", whole_ms(0), "0 s"),
        with_default("bucket", "the width of the buckets in which traffic is counted", whole_ms(1), "1 min"),
        with_default(
            "detail",
            "videos of catalogues that records tell of as of single ones: CATALOGUE-1 is the one that is watched most",
            list(Shape::Text(Form::Name), 0, 1_000),
            "[]",
        ),
    ]
}

pub(super) fn wire_names() -> Vec<Field> {
    vec![
        with_default(
            "scheme",
            "the scheme of URLs",
            words(&[("https", "encrypted"), ("http", "not encrypted")]),
            "https",
        ),
        with_default("domain", "instances are hosts of this domain", Shape::Text(Form::Host), "example"),
        // as PeerTube's player makes them in a browser
        with_default(
            "session_id_length",
            "characters in the id of a viewer's session",
            Shape::Integer { min: 13, max: 128 },
            "32",
        ),
        // a server that has met a hundred thousand videos
        with_default(
            "video_id_digits",
            "digits of a video's number at a server, at least",
            Shape::Integer { min: 1, max: 12 },
            "6",
        ),
        // one version for all, so that sizes differ by protocol only
        with_default(
            "version",
            "the version in the user agent, whatever the protocol",
            Shape::Text(Form::Version),
            "6.3.0",
        ),
    ]
}

pub(super) fn limits() -> Vec<Field> {
    let count = || Shape::Integer { min: 1, max: 1_000_000_000_000 };
    let size = || Shape::Bytes { max: 1_000_000_000_000_000 };
    vec![
        with_default(
            "cells",
            "cells: points x replications x columns",
            Shape::Integer { min: 1, max: 1_000_000 },
            "10000",
        ),
        with_default("events", "events of one cell", count(), "2000000000"),
        with_default("sessions", "sessions of one cell", count(), "5000000"),
        with_default("memory", "memory of one cell", size(), "4 GB"),
        with_default("output", "what a run writes", size(), "2 GB"),
    ]
}

pub(super) fn gate() -> Shape {
    Shape::OneOf(vec![
        case("set", "with these values, by path, as in `--set`", Arm::Keyed(settings())),
        case("skip", "not at all, for this reason", Arm::Keyed(Shape::Text(Form::Prose))),
    ])
}

pub(super) fn parity() -> Shape {
    Shape::Record(vec![required("set", "with these values, by path, as in `--set`", settings())])
}

pub(super) fn settings() -> Shape {
    names(Form::Path, Shape::Text(Form::Setting), 1, 64)
}

pub(super) fn expectation() -> Shape {
    let bound = || Shape::Number { min: -METRIC_MAX, max: METRIC_MAX };
    let bounds = words(&[("mean", "the mean over the replications"), ("each", "each replication by itself")]);
    let severity = words(&[("fail", "the run fails"), ("warn", "it is shown")]);
    Shape::Record(vec![
        required("metric", "the metric that is bounded", Shape::Text(Form::Metric)),
        required("protocol", "the column of `compare` that must keep it", protocol_name()),
        optional("relative_to", "the column whose value divides it first", protocol_name()),
        optional("min", "it is at least this", bound()),
        optional("max", "it is at most this", bound()),
        with_default("bounds", "of what", bounds, "mean"),
        with_default("severity", "what a violation means", severity, "fail"),
        required("why", "source or derivation of the bound", Shape::Text(Form::Prose)),
    ])
}
