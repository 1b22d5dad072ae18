//! The columns of the comparison, and protocols that a scenario defines.

use crate::domain::protocol::Rules;
use crate::scenario::format::delivery::delivery_name;
use crate::scenario::format::values::{
    INSTANCES_MAX, any_span, instance_name, positive_span, protocol_name, share,
};
use crate::scenario::shape::{Arm, Form, Shape, Word, case, list, names, optional, required, with_default};

/// More viewers no follower has.
const FOLLOWER_CAP_MAX: u64 = 1_000_000_000;

pub(super) fn variant() -> Shape {
    let doc = "protocols of single groups, by the name of the group";
    let of_group = Shape::OneOf(vec![
        case("protocol", "one protocol for all of it", Arm::Plain(protocol_name())),
        case(
            "column",
            "to each what this column of the group's `list` says; where it says nothing, the column's own",
            Arm::Keyed(Shape::Text(Form::ColumnName)),
        ),
    ]);
    let assignment = vec![
        required("name", "the name of the column", protocol_name()),
        required("protocol", "the protocol of every group that is not named below", protocol_name()),
        with_default("groups", doc, names(Form::GroupName, of_group, 0, 1_000), "{}"),
        optional(
            "instances",
            "protocols of single instances, by the name of the protocol, in place of what `groups` says: such as the part of a group that is upgraded already",
            names(Form::ProtocolName, list(instance_name(), 1, INSTANCES_MAX as usize), 0, 100),
        ),
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

pub(crate) fn protocol() -> Shape {
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
    let cap = Shape::OneOf(vec![
        case("off", "all that it says", Arm::Word),
        case("viewers", "so many at most", Arm::Plain(Shape::Integer { min: 0, max: FOLLOWER_CAP_MAX })),
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
        optional("hints", "when an instance tells its clients to come", hints()),
        optional("plain_view_after", "watching this long makes a plain view", any_span()),
        optional("threshold", "when totals may be withheld", threshold),
        optional("follower_cap", "how many viewers of one follower an origin counts at most", cap),
        optional(
            "leave_beacon",
            "the share of clients that tell their instance that they leave (no release has this)",
            share(),
        ),
        optional(
            "sampling",
            "one of so many viewers is sent, and counts for as many where this is more than 1 (no release has this)",
            Shape::Integer { min: 1, max: 1_000_000 },
        ),
        optional(
            "update_share",
            "the change of a number of views that is worth an `Update`, as a share of the last one told (`origin_views: updates-by-share`)",
            share(),
        ),
        optional(
            "pull_cache",
            "an instance asks for a count not more often than once in this time, and the origin answers with the same one for this long (`pull: yes`)",
            positive_span(),
        ),
    ]);
    Shape::Record(fields)
}

fn hints() -> Shape {
    let hints = vec![
        required(
            "heartbeats_per_s",
            "the heartbeats per second that all clients of an instance together are to send",
            Shape::Integer { min: 1, max: 1_000_000 },
        ),
        required("at_most", "the longest time that a client is told, in whole seconds", positive_span()),
    ];
    Shape::OneOf(vec![
        case("off", "clients come each `heartbeat`", Arm::Word),
        case(
            "on",
            "answers tell clients to come later while an instance has many viewers (no release has this)",
            Arm::Plain(Shape::Record(hints)),
        ),
    ])
}
