//! Crowds: when viewers come, how long they watch, where they sit.

use crate::scenario::format::federation::{file_and_hash, first_instant, timed_file};
use crate::scenario::format::values::{any_span, instance_name, positive_span, rate, share, yes_or_no};
use crate::scenario::shape::{Arm, Field, Form, Shape, case, list, names, optional, required, with_default};

pub(super) fn crowd() -> Shape {
    let video = || required("video", "the video that they watch", Shape::Text(Form::Name));
    let mut of_laws = vec![video()];
    of_laws.extend(drawn("when they come"));
    of_laws.extend(clients());
    let session = Shape::Record(vec![
        required("instance", "where", instance_name()),
        optional(
            "viewer",
            "who (the same name at one instance is the same person; else somebody new)",
            Shape::Text(Form::PersonName),
        ),
        required("start", "the first instant of watching", any_span()),
        required("watch", "how long", positive_span()),
        optional("heartbeat", "time between heartbeats (else that of the protocol)", positive_span()),
    ]);
    let mut listed =
        vec![video(), required("sessions", "each visit, written down", list(session, 0, 20_000))];
    listed.extend(clients());
    let doc = "a CSV file with the columns instance,viewer,start_s,watch_s and perhaps heartbeat_s; starts in seconds, or instants as in RFC 3339";
    let mut traced = vec![video(), required("trace", doc, timed_file())];
    traced.extend(clients());
    Shape::OneOf(vec![
        case("arrivals", "viewers drawn from laws", Arm::Marked(Shape::Record(of_laws))),
        case("sessions", "viewers written down one by one", Arm::Marked(Shape::Record(listed))),
        case("trace", "viewers from a file", Arm::Marked(Shape::Record(traced))),
    ])
}

/// The laws by which people come.
pub(super) fn drawn(arrivals_doc: &'static str) -> Vec<Field> {
    vec![
        required("arrivals", arrivals_doc, arrivals()),
        with_default("from", "the start of `arrivals`", any_span(), "0 s"),
        required("watch", "how long they watch", watch()),
        required("spread", "at which instances they sit", spread()),
        with_default("returns", "whether they come back", returns(), "none"),
    ]
}

/// How the players of a crowd report.
pub(super) fn clients() -> Vec<Field> {
    vec![
        optional(
            "first_heartbeat_after",
            "how long they watch before their player sends its first heartbeat (else it does so at once)",
            any_span(),
        ),
        optional(
            "view_after",
            "how long they watch before a view counts (else the protocol's `plain_view_after`; half of the video if that is shorter)",
            any_span(),
        ),
        optional(
            "behind_one_address",
            "the share of them that is behind one address at each instance, as in a school or behind a proxy that the instance does not trust (else nobody): releases before 6.1 take them for one viewer",
            share(),
        ),
    ]
}

pub(super) fn arrivals() -> Shape {
    let stage = Shape::Record(vec![
        required("duration", "how long the ramp takes", positive_span()),
        required("rate", "viewers per time at its end", rate()),
    ]);
    let viral = vec![
        required("peak", "viewers at once to be expected at the peak", Shape::Number { min: 0.0, max: 1e8 }),
        required("growth", "from the first viewer to the largest rate", positive_span()),
        // daily increments of trending videos decay as t^-1
        with_default("decay_exponent", "exponent of the decay", Shape::Number { min: 0.0, max: 10.0 }, "1"),
        required(
            "decay_scale",
            "time scale of the decay: the rate falls as (1 + t / scale)^-exponent",
            positive_span(),
        ),
    ];
    let constant = vec![required("rate", "viewers per time", rate())];
    let daily = vec![
        required("mean", "viewers per time, on average over a day", rate()),
        required("peak_at", "when most come, every 24 hours from `from` on", any_span()),
        required(
            "amplitude",
            "how much more come then, as a share of the mean; as much less come 12 hours later",
            share(),
        ),
    ];
    Shape::OneOf(vec![
        case("constant", "at a constant rate", Arm::Keyed(Shape::Record(constant))),
        case(
            "stages",
            "ramps, each from the rate before (0 at first) to its own",
            Arm::Keyed(list(stage, 1, 1_000)),
        ),
        case(
            "daily",
            "by the hour of the day: mean x (1 + amplitude x cos(2 pi (t - peak_at) / 24 h))",
            Arm::Keyed(Shape::Record(daily)),
        ),
        case(
            "concurrent",
            "as many as make the crowd that a file says: CSV with the columns time and viewers (or timestamp; ccv, viewer_count, concurrent), or a JSON list",
            Arm::Keyed(concurrent()),
        ),
        case("viral", "linear growth to a peak, then a power-law decay", Arm::Keyed(Shape::Record(viral))),
    ])
}

fn concurrent() -> Shape {
    let mut file = file_and_hash();
    file.push(first_instant());
    file.push(optional(
        "at_least",
        "whether the crowd may be larger where the series falls faster than viewers leave (else that is refused)",
        yes_or_no(),
    ));
    Shape::OneOf(vec![
        case("path", "the file", Arm::Plain(Shape::Text(Form::DataPath))),
        case("file", "the file, and how it is taken", Arm::Plain(Shape::Record(file))),
    ])
}

pub(super) fn watch() -> Shape {
    Shape::OneOf(vec![
        case("retention", "by the measured retention curve, stretched to the video's length", Arm::Word),
        case("exponential", "exponential with this mean", Arm::Keyed(positive_span())),
        case("fixed", "everybody this long", Arm::Keyed(positive_span())),
        case("lognormal", "lognormal, as live streams are watched", Arm::Keyed(lognormal())),
        case("weibull", "Weibull: exp(-(t / scale)^shape) watch longer than t", Arm::Keyed(weibull())),
        case(
            "quantiles",
            "linear between quantiles: a share of viewers, and how long these watch at most",
            Arm::Keyed(names(Form::Share, any_span(), 2, 1_000)),
        ),
    ])
}

fn lognormal() -> Shape {
    let sigma =
        || required("sigma", "standard deviation of the logarithm", Shape::Number { min: 0.01, max: 3.0 });
    let by = |key, doc| {
        case(key, doc, Arm::Marked(Shape::Record(vec![required(key, doc, positive_span()), sigma()])))
    };
    Shape::OneOf(vec![
        by("median", "half watch longer"),
        by("mean", "the mean, that is median x e^(sigma^2 / 2)"),
    ])
}

fn weibull() -> Shape {
    Shape::Record(vec![
        required("scale", "one in e watches longer", positive_span()),
        required(
            "shape",
            "the exponent: 1 is exponential, less has a heavier tail",
            Shape::Number { min: 0.2, max: 20.0 },
        ),
    ])
}

pub(super) fn spread() -> Shape {
    // users per instance follow a Zipf law with an exponent of about 1.08
    let exponent = Shape::Number { min: 0.0, max: 10.0 };
    let zipf = vec![
        with_default("exponent", "exponent of Zipf's law", exponent, "1.08"),
        required("origin_share", "the share of viewers at the video's origin", share()),
    ];
    let column = vec![
        required("name", "the column, such as that of users", Shape::Text(Form::ColumnName)),
        required("origin_share", "the share of viewers at the video's origin", share()),
    ];
    let weight = Shape::Number { min: 0.0, max: 1e9 };
    Shape::OneOf(vec![
        case("zipf", "a share at the origin, the others by Zipf's law", Arm::Keyed(Shape::Record(zipf))),
        case(
            "weights",
            "by weights of instances or groups (shared evenly)",
            Arm::Keyed(names(Form::InstanceName, weight, 1, 10_000)),
        ),
        case(
            "column",
            "a share at the origin, the others in proportion to a column of the lists of groups",
            Arm::Keyed(Shape::Record(column)),
        ),
        case(
            "list",
            "one after another at these instances or groups, again from the start",
            Arm::Keyed(list(instance_name(), 1, 10_000)),
        ),
    ])
}

pub(super) fn returns() -> Shape {
    let back = vec![
        required("probability", "of coming back, after each visit", Shape::Share { max_ppm: 990_000 }),
        required("after", "mean of the exponential time until then", positive_span()),
    ];
    Shape::OneOf(vec![
        case("none", "nobody comes back", Arm::Word),
        case("some", "some come back, to the same instance", Arm::Plain(Shape::Record(back))),
    ])
}
