//! The format of scenario files, as data: every key with its meaning, bounds and default.
//!
//! The rules of protocols come from `domain::protocol`, so a new rule needs nothing here. Sources of default figures
//! stand beside them; a figure without a source has no default and must be written by who needs it.

mod delivery;
mod faults;
mod other_traffic;
pub(crate) mod sweep;

use crate::domain::federation::FollowsAs;
use crate::domain::protocol::Rules;
use crate::foundation::units::Span;
use crate::scenario::format::delivery::{delivery, delivery_name};
use crate::scenario::format::faults::fault;
use crate::scenario::format::other_traffic::other_traffic;
use crate::scenario::shape::{
    Arm, Field, Form, Shape, Word, case, list, names, optional, required, with_default, words, written,
};

/// A federation has at most this many instances.
pub(crate) const INSTANCES_MAX: u64 = 20_000;
/// A scenario has at most this many faults.
const FAULTS_MAX: usize = 200;
/// A scenario has at most this many peers.
const PEERS_MAX: usize = 100;
/// No time in a scenario is longer.
const LONGEST: Span = Span::from_secs(10_000 * 3_600);
/// No latency is longer: a request is over long before.
const LATENCY_MAX: Span = Span::from_secs(3_600);
/// No piece of work takes a CPU longer.
const SERVICE_MAX: Span = Span::from_secs(60);
/// No link is faster, in bits per second.
const BIT_RATE_MAX: u64 = 1_000_000_000_000;
/// A share of everything, in millionths.
const ALL_PPM: u32 = 1_000_000;
/// Numbers of metrics are within this, either side of 0.
const METRIC_MAX: f64 = 1e18;

/// The whole file.
pub(crate) fn scenario() -> Shape {
    Shape::Record(vec![
        required("name", "the name, equal to the file's name without its ending", Shape::Text(Form::Name)),
        required(
            "description",
            "why the scenario exists and what it shows, for people",
            Shape::Text(Form::Prose),
        ),
        with_default("seed", "the seed of all random numbers", Shape::Integer { min: 0, max: u64::MAX }, "1"),
        with_default(
            "replications",
            "how often everything is drawn anew; with `precision` at most",
            sweep::replications(),
            "1",
        ),
        optional("precision", "when there are enough replications", sweep::precision()),
        required("end", "when the run ends", end()),
        required("compare", "the protocols that are compared, on the same viewers", list(variant(), 1, 32)),
        optional(
            "baseline",
            "the protocol that others are compared with (else `v1`, else the first)",
            protocol_name(),
        ),
        with_default("protocols", "protocols of your own", names(Form::Name, protocol(), 0, 64), "{}"),
        // the presets are PeerTube's own figures, or its rivals'
        with_default(
            "delivery",
            "how everybody queues, sends and receives: a preset, or one of `deliveries`",
            delivery_name(),
            "peertube",
        ),
        with_default("deliveries", "deliveries of your own", names(Form::Name, delivery(), 0, 64), "{}"),
        required("instances", "the groups of instances", names(Form::GroupName, group(), 1, 1_000)),
        required("videos", "the videos", names(Form::Name, video(), 1, 1_000)),
        with_default("follows", "who follows whom", follows(), "everybody"),
        required("viewers", "the crowds that watch", list(crowd(), 0, 1_000)),
        required("network", "the network between the instances", network()),
        with_default("faults", "what goes wrong", list(fault(), 0, FAULTS_MAX), "[]"),
        with_default("other_traffic", "what is sent beside Views", Shape::Record(other_traffic()), "{}"),
        with_default("measure", "what is sampled, and how often", Shape::Record(measure()), "{}"),
        with_default("names", "how the instances are called on the wire", Shape::Record(wire_names()), "{}"),
        with_default("limits", "what a run may cost before it is refused", Shape::Record(limits()), "{}"),
        with_default("sweep", "what is varied", Shape::Record(sweep::sweep()), "{}"),
        optional("pareto", "what is to be low at once, over all points and columns", sweep::pareto()),
        with_default("expect", "the bounds that results must keep", list(expectation(), 0, 1_000), "[]"),
        optional("gate", "how `fedisim check` takes it", gate()),
        optional("parity", "how `fedisim parity` takes it", parity()),
        optional("peers", "servers of others that take part in `fedisim live`", list(peer(), 1, PEERS_MAX)),
    ])
}

fn any_span() -> Shape {
    Shape::Span { min: Span::ZERO, max: LONGEST, step: Span::from_ns(1) }
}

fn positive_span() -> Shape {
    Shape::Span { min: Span::from_ms(1), max: LONGEST, step: Span::from_ns(1) }
}

/// Records hold times of samples and buckets in milliseconds.
fn whole_ms(min_ms: u64) -> Shape {
    Shape::Span { min: Span::from_ms(min_ms), max: LONGEST, step: Span::from_ms(1) }
}

fn latency_span() -> Shape {
    Shape::Span { min: Span::ZERO, max: LATENCY_MAX, step: Span::from_us(1) }
}

/// Service times are whole microseconds, as latencies are.
fn whole_us() -> Shape {
    Shape::Span { min: Span::ZERO, max: SERVICE_MAX, step: Span::from_us(1) }
}

fn share() -> Shape {
    Shape::Share { max_ppm: ALL_PPM }
}

fn rate() -> Shape {
    Shape::Rate { max_per_s: 1_000_000.0 }
}

fn protocol_name() -> Shape {
    Shape::Text(Form::ProtocolName)
}

fn instance_name() -> Shape {
    Shape::Text(Form::Name)
}

fn end() -> Shape {
    let idle = vec![
        required("when", "what ends the run", words(&[("idle", "nobody watches and all queues are empty")])),
        required("at_most", "when it ends at the latest", positive_span()),
    ];
    Shape::OneOf(vec![
        case("at", "at this time", Arm::Plain(positive_span())),
        case("idle", "when there is nothing left to do", Arm::Plain(Shape::Record(idle))),
    ])
}

fn variant() -> Shape {
    let doc = "protocols of single groups, by the name of the group";
    let assignment = vec![
        required("name", "the name of the column", protocol_name()),
        required("protocol", "the protocol of every group that is not named below", protocol_name()),
        with_default("groups", doc, names(Form::GroupName, protocol_name(), 0, 1_000), "{}"),
        optional("delivery", "how everybody delivers in this column (else `delivery`)", delivery_name()),
    ];
    Shape::OneOf(vec![
        case(
            "protocol",
            "one protocol for all: a release, or one of `protocols`",
            Arm::Plain(protocol_name()),
        ),
        case("assignment", "a named mixture of protocols", Arm::Plain(Shape::Record(assignment))),
    ])
}

fn protocol() -> Shape {
    let mut fields = vec![required(
        "base",
        "the protocol that it changes: a release, or one defined above",
        protocol_name(),
    )];
    for rule in Rules::RULES {
        let choices = rule.choices.iter().map(|choice| Word { name: choice.name, doc: choice.doc }).collect();
        fields.push(optional(rule.key, rule.doc, Shape::Words(choices)));
    }
    let threshold = vec![
        required("share", "the change that is worth a message, as a share of the last total sent", share()),
        required(
            "at_least_every",
            "a total is sent at least every so many ticks",
            Shape::Integer { min: 1, max: 10_000 },
        ),
    ];
    let threshold = Shape::OneOf(vec![
        case("off", "a total is sent at every tick", Arm::Word),
        case("on", "a total is sent when it changed enough", Arm::Plain(Shape::Record(threshold))),
    ]);
    fields.extend([
        optional("lifetime", "how long an entry lives after the last heartbeat or View", positive_span()),
        optional("tick_interval", "time between two ticks (else `lifetime`, if that is given)", positive_span()),
        optional(
            "refederation_age",
            "a viewer is sent again on the first heartbeat this long after the last sending (else 0.75 of `lifetime`, if that is given)",
            any_span(),
        ),
        optional("heartbeat", "time between two heartbeats of a client", positive_span()),
        optional("plain_view_after", "watching this long makes a plain view", any_span()),
        optional("threshold", "when totals may be withheld", threshold),
    ]);
    Shape::Record(fields)
}

fn group() -> Shape {
    Shape::Record(vec![
        with_default(
            "count",
            "how many instances; one is called as the group, several GROUP-1, GROUP-2, ...",
            Shape::Integer { min: 1, max: INSTANCES_MAX },
            "1",
        ),
        optional("region", "where they stand, for latencies by region", Shape::Text(Form::Region)),
        with_default(
            "software",
            "what they run",
            words(&[("peertube", "PeerTube"), ("other", "something that receives Views and shows nothing")]),
            "peertube",
        ),
        optional("protocol", "a protocol that they speak in every comparison", protocol_name()),
        optional(
            "host",
            "their host, with `{n}` for the number in the group and `{name}` for the instance's name (else {name}.DOMAIN)",
            Shape::Text(Form::Host),
        ),
        with_default(
            "follows_as",
            "in which way they follow whom they follow",
            words(&FollowsAs::ALL.map(|(_, name, doc)| (name, doc))),
            "server",
        ),
        optional("capacity", "what the machine of each can do (else as much as is asked)", capacity()),
        optional("tick_phase", "their first tick (else drawn for each instance)", any_span()),
        optional(
            "health_phase",
            "their first look at the health of follows (else drawn for each instance)",
            any_span(),
        ),
    ])
}

/// Nobody has measured what a typical machine can do, so nothing is limited unless it is written.
fn capacity() -> Shape {
    let link = || Shape::BitRate { max_per_s: BIT_RATE_MAX };
    Shape::Record(vec![
        optional("cores", "cores of its CPU (else never busy)", Shape::Integer { min: 1, max: 1_024 }),
        optional("uplink", "what it can send, one transfer after another (else at once)", link()),
        optional("downlink", "what it can receive, one transfer after another (else at once)", link()),
    ])
}

fn video() -> Shape {
    let length = Shape::OneOf(vec![
        case("length", "how long it is", Arm::Plain(positive_span())),
        case("live", "it is a live stream", Arm::Word),
    ]);
    Shape::Record(vec![
        required("origin", "the instance that owns it", instance_name()),
        required("length", "its length, or `live`", length),
    ])
}

/// A file beside the scenario. The resolved scenario holds its hash, so that the same text means the same run.
fn data_file() -> Shape {
    let file = vec![
        required("file", "the file", Shape::Text(Form::DataPath)),
        optional("sha256", "its hash; another file of this name is refused", Shape::Text(Form::Sha256)),
    ];
    Shape::OneOf(vec![
        case("path", "the file", Arm::Plain(Shape::Text(Form::DataPath))),
        case("file", "the file with its hash", Arm::Plain(Shape::Record(file))),
    ])
}

fn follows() -> Shape {
    let mean = Shape::Number { min: 0.0, max: INSTANCES_MAX as f64 };
    let random = vec![required("mean", "mean number of instances that one follows", mean)];
    Shape::OneOf(vec![
        case("everybody", "every instance follows every other", Arm::Word),
        case("random", "each follows each other one by chance", Arm::Keyed(Shape::Record(random))),
        case("edges", "a CSV file with the columns follower,followed", Arm::Keyed(data_file())),
    ])
}

fn crowd() -> Shape {
    let video = || required("video", "the video that they watch", Shape::Text(Form::Name));
    let drawn = vec![
        video(),
        required("arrivals", "when they come", arrivals()),
        with_default("from", "the start of `arrivals`", any_span(), "0 s"),
        required("watch", "how long they watch", watch()),
        required("spread", "at which instances they sit", spread()),
        with_default("returns", "whether they come back", returns(), "none"),
    ];
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
    let listed = vec![video(), required("sessions", "each visit, written down", list(session, 0, 20_000))];
    let doc = "a CSV file with the columns instance,viewer,start_s,watch_s and perhaps heartbeat_s";
    let traced = vec![video(), required("trace", doc, data_file())];
    Shape::OneOf(vec![
        case("arrivals", "viewers drawn from laws", Arm::Marked(Shape::Record(drawn))),
        case("sessions", "viewers written down one by one", Arm::Marked(Shape::Record(listed))),
        case("trace", "viewers from a file", Arm::Marked(Shape::Record(traced))),
    ])
}

fn arrivals() -> Shape {
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
    Shape::OneOf(vec![
        case("constant", "at a constant rate", Arm::Keyed(Shape::Record(constant))),
        case(
            "stages",
            "ramps, each from the rate before (0 at first) to its own",
            Arm::Keyed(list(stage, 1, 1_000)),
        ),
        case("viral", "linear growth to a peak, then a power-law decay", Arm::Keyed(Shape::Record(viral))),
    ])
}

fn watch() -> Shape {
    Shape::OneOf(vec![
        case("retention", "by the measured retention curve, stretched to the video's length", Arm::Word),
        case("exponential", "exponential with this mean", Arm::Keyed(positive_span())),
        case("fixed", "everybody this long", Arm::Keyed(positive_span())),
    ])
}

fn spread() -> Shape {
    // users per instance follow a Zipf law with an exponent of about 1.08
    let exponent = Shape::Number { min: 0.0, max: 10.0 };
    let zipf = vec![
        with_default("exponent", "exponent of Zipf's law", exponent, "1.08"),
        required("origin_share", "the share of viewers at the video's origin", share()),
    ];
    let weight = Shape::Number { min: 0.0, max: 1e9 };
    Shape::OneOf(vec![
        case("zipf", "a share at the origin, the others by Zipf's law", Arm::Keyed(Shape::Record(zipf))),
        case(
            "weights",
            "by weights of instances or groups (shared evenly)",
            Arm::Keyed(names(Form::Name, weight, 1, 10_000)),
        ),
        case(
            "list",
            "one after another at these instances or groups, again from the start",
            Arm::Keyed(list(instance_name(), 1, 10_000)),
        ),
    ])
}

fn returns() -> Shape {
    let back = vec![
        required("probability", "of coming back, after each visit", Shape::Share { max_ppm: 990_000 }),
        required("after", "mean of the exponential time until then", positive_span()),
    ];
    Shape::OneOf(vec![
        case("none", "nobody comes back", Arm::Word),
        case("some", "some come back, to the same instance", Arm::Plain(Shape::Record(back))),
    ])
}

fn latency() -> Shape {
    let sigma = || Shape::Number { min: 0.0, max: 3.0 };
    let uniform =
        vec![required("min", "the least", latency_span()), required("max", "the greatest", latency_span())];
    let lognormal = vec![
        required("median", "the median", latency_span()),
        required("sigma", "standard deviation of the logarithm", sigma()),
    ];
    let both_ways = || Shape::Span { min: Span::ZERO, max: LATENCY_MAX, step: Span::from_us(2) };
    // measured round trips between countries
    let measured = [("de-fr", "43 ms"), ("de-us", "114 ms"), ("de-jp", "174 ms"), ("au-de", "260 ms")];
    let round_trip = Shape::Names {
        form: Form::RegionPair,
        of: Box::new(both_ways()),
        min: 0,
        max: 4_096,
        given: measured.map(|(pair, time)| (pair, written(time))).to_vec(),
    };
    let regions = vec![
        with_default("sigma", "standard deviation of the logarithm of a factor of median 1", sigma(), "0"),
        with_default("within", "median round trip within a region", both_ways(), "27 ms"),
        with_default(
            "round_trip",
            "median round trips between two regions, beside those measured",
            round_trip,
            "{}",
        ),
    ];
    Shape::OneOf(vec![
        case("constant", "always the same", Arm::Keyed(latency_span())),
        case("uniform", "uniform between two bounds", Arm::Keyed(Shape::Record(uniform))),
        case("lognormal", "lognormal", Arm::Keyed(Shape::Record(lognormal))),
        case(
            "regions",
            "half the round trip between the regions of the two ends",
            Arm::Keyed(Shape::Record(regions)),
        ),
    ])
}

fn network() -> Shape {
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

fn measure() -> Vec<Field> {
    vec![
        with_default("every", "time between two samples of the counters", whole_ms(1), "10 s"),
        with_default("from", "the first sample", whole_ms(0), "0 s"),
        with_default("bucket", "the width of the buckets in which traffic is counted", whole_ms(1), "1 min"),
    ]
}

fn wire_names() -> Vec<Field> {
    vec![
        with_default(
            "scheme",
            "the scheme of URLs",
            words(&[("https", "encrypted"), ("http", "not encrypted")]),
            "https",
        ),
        with_default("domain", "instances are hosts of this domain", Shape::Text(Form::Host), "example"),
        // as long as in the recordings of real servers, so that sizes are theirs
        with_default(
            "session_id_length",
            "characters in the id of a viewer's session",
            Shape::Integer { min: 13, max: 128 },
            "22",
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

fn limits() -> Vec<Field> {
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

fn gate() -> Shape {
    Shape::OneOf(vec![
        case("set", "with these values, by path, as in `--set`", Arm::Keyed(settings())),
        case("skip", "not at all, for this reason", Arm::Keyed(Shape::Text(Form::Prose))),
    ])
}

fn parity() -> Shape {
    Shape::Record(vec![required("set", "with these values, by path, as in `--set`", settings())])
}

fn settings() -> Shape {
    names(Form::Path, Shape::Text(Form::Setting), 1, 64)
}

fn peer() -> Shape {
    Shape::Record(vec![
        required("actor", "the URL of its actor, who signs what it sends", Shape::Text(Form::PeerUrl)),
        required("inbox", "the URL of its inbox", Shape::Text(Form::PeerUrl)),
        optional("follows", "the instance whose broadcasts it receives", instance_name()),
    ])
}

fn expectation() -> Shape {
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
