//! Instances, their machines, videos, who follows whom, and peers.

use crate::domain::federation::FollowsAs;
use crate::domain::receiving::Software;
use crate::scenario::format::receiving::receiving;
use crate::scenario::format::values::{INSTANCES_MAX, any_span, instance_name, positive_span, protocol_name};
use crate::scenario::shape::{Arm, Case, Field, Form, Shape, case, optional, required, with_default, words};

/// No link is faster, in bits per second.
const BIT_RATE_MAX: u64 = 1_000_000_000_000;

pub(super) fn group() -> Shape {
    Shape::Record(vec![
        with_default(
            "count",
            "how many instances; one is called as the group, several GROUP-1, GROUP-2, ...",
            Shape::Integer { min: 1, max: INSTANCES_MAX },
            "1",
        ),
        optional(
            "list",
            "in place of `count`, a CSV file with an instance per row: its column host (or Label) has their hosts, which are their names; region has their regions, and other columns are for who names them",
            data_file(),
        ),
        optional(
            "region",
            "the region or city where they stand, for latencies by place",
            Shape::Text(Form::Region),
        ),
        with_default(
            "software",
            "what they run",
            words(&Software::ALL.map(|(_, name, doc)| (name, doc))),
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
        optional("inboxes", "how many inboxes each server has for what it follows (else one)", inboxes()),
        optional(
            "receives",
            "what each does with what it receives, where that is not the delivery's or its software's",
            Shape::Record(receiving()),
        ),
        optional("capacity", "what the machine of each can do (else as much as is asked)", capacity()),
        optional("tick_phase", "their first tick (else drawn for each instance)", any_span()),
        optional(
            "health_phase",
            "their first look at the health of follows (else drawn for each instance)",
            any_span(),
        ),
        optional(
            "update_phase",
            "their first flush of counted views (else drawn for each instance)",
            any_span(),
        ),
    ])
}

/// One inbox for all accounts, or one for each.
fn inboxes() -> Shape {
    let accounts = Shape::Integer { min: 1, max: INSTANCES_MAX };
    Shape::OneOf(vec![
        case("shared", "one, whatever follows", Arm::Word),
        case(
            "per_account",
            "each of so many following accounts has its own, at one host: a copy of each broadcast for each (not PeerTube)",
            Arm::Keyed(accounts),
        ),
    ])
}

/// There is no measurement of a typical machine, so nothing is limited unless it is written.
pub(super) fn capacity() -> Shape {
    let link = || Shape::BitRate { max_per_s: BIT_RATE_MAX };
    Shape::Record(vec![
        optional("cores", "cores of its CPU (else never busy)", Shape::Integer { min: 1, max: 1_024 }),
        optional("uplink", "what it can send, one transfer after another (else at once)", link()),
        optional("downlink", "what it can receive, one transfer after another (else at once)", link()),
    ])
}

pub(super) fn video() -> Shape {
    Shape::Record(vec![
        required("origin", "the instance that owns it", instance_name()),
        required("length", "its length, or `live`", length()),
    ])
}

/// How long a video is.
pub(super) fn length() -> Shape {
    Shape::OneOf(vec![
        case("length", "how long it is", Arm::Plain(positive_span())),
        case("live", "it is a live stream", Arm::Word),
    ])
}

/// A file beside the scenario. The resolved scenario holds its hash, so that the same text means the same run.
pub(super) fn data_file() -> Shape {
    Shape::OneOf(data_file_cases(Arm::Plain))
}

/// The same for one that holds times.
pub(super) fn timed_file() -> Shape {
    let mut file = file_and_hash();
    file.push(first_instant());
    Shape::OneOf(vec![
        case("path", "the file", Arm::Plain(Shape::Text(Form::DataPath))),
        case("file", "the file, perhaps with what second zero is", Arm::Plain(Shape::Record(file))),
    ])
}

/// What its times are counted from.
pub(super) fn first_instant() -> Field {
    optional(
        "from",
        "second zero, as the file has its times (else 0 where these are seconds, and the earliest of instants)",
        Shape::Text(Form::Instant),
    )
}

/// The ways in which one is written. `with_hash` is `Arm::Marked` where a mapping may be something else.
pub(super) fn data_file_cases(with_hash: fn(Shape) -> Arm) -> Vec<Case> {
    vec![
        case("path", "the file", Arm::Plain(Shape::Text(Form::DataPath))),
        case("file", "the file with its hash", with_hash(Shape::Record(file_and_hash()))),
    ]
}

/// A file, and which one of its name it must be.
pub(super) fn file_and_hash() -> Vec<Field> {
    vec![
        required("file", "the file", Shape::Text(Form::DataPath)),
        optional("sha256", "its hash; another file of this name is refused", Shape::Text(Form::Sha256)),
    ]
}

pub(super) fn follows() -> Shape {
    let mean = Shape::Number { min: 0.0, max: INSTANCES_MAX as f64 };
    let random = vec![required("mean", "mean number of instances that one follows", mean)];
    Shape::OneOf(vec![
        case("everybody", "every instance follows every other", Arm::Word),
        case("random", "each follows each other one by chance", Arm::Keyed(Shape::Record(random))),
        case(
            "edges",
            "a file of instances, by name, host or URL: CSV with the columns follower,followed (or Source,Target), GDF, GraphML, GEXF or node-link JSON",
            Arm::Keyed(data_file()),
        ),
    ])
}

pub(super) fn peer() -> Shape {
    Shape::Record(vec![
        required("actor", "the URL of its actor, who signs what it sends", Shape::Text(Form::PeerUrl)),
        required("inbox", "the URL of its inbox", Shape::Text(Form::PeerUrl)),
        optional("follows", "the instance whose broadcasts it receives", instance_name()),
    ])
}
