//! What a server does with what it receives: keys of a delivery, for all, and of a group's `receives`.

use crate::scenario::format::values::{any_span, positive_span, whole_us};
use crate::scenario::shape::{Arm, Field, Shape, case, optional, required, words};

/// The most workers of an inbox queue.
const WORKERS_MAX: u64 = 1_000;

/// The keys of receiving.
pub(super) fn receiving() -> Vec<Field> {
    vec![
        optional("verify", "CPU time of the verification of a request", whole_us()),
        optional("json_ld_verify", "CPU time of a JSON-LD verification, of what was forwarded", whole_us()),
        optional("inbox", "CPU time that a received activity takes in the inbox queue", whole_us()),
        optional(
            "heartbeat_cpu",
            "CPU time that a heartbeat of a client of its own takes, where cores are limited",
            whole_us(),
        ),
        optional(
            "inbox_workers",
            "activities of the inbox queue that are worked on at once",
            Shape::Integer { min: 1, max: WORKERS_MAX },
        ),
        optional("rate_limit", "what a receiver takes from one sender", rate_limit()),
        optional(
            "signature_window",
            "how far the Date of a request may be from the receiver's clock",
            signature_window(),
        ),
        optional("ban", "when a receiver's firewall refuses the connections of a sender", ban()),
    ]
}

/// What a receiver takes from one sender.
fn rate_limit() -> Shape {
    let on = vec![
        required("requests", "of one sender", Shape::Integer { min: 1, max: 1_000_000 }),
        required("per", "the window, which begins with its first request", positive_span()),
        optional(
            "retry_after",
            "whether a refusal says how long to wait (else it does)",
            words(&[("sent", "in whole seconds until the window ends"), ("absent", "it does not")]),
        ),
    ];
    Shape::OneOf(vec![
        case("off", "a receiver takes everything", Arm::Word),
        case("on", "a receiver refuses (429) what is more", Arm::Plain(Shape::Record(on))),
    ])
}

/// How far a date may be off.
fn signature_window() -> Shape {
    let sides = vec![
        required("old", "so far behind the receiver's clock", any_span()),
        required("ahead", "so far ahead of the receiver's clock", any_span()),
    ];
    Shape::OneOf(vec![
        case("off", "dates are not looked at", Arm::Word),
        case(
            "sides",
            "what is beyond is refused (PeerTube: 403, others: 401)",
            Arm::Plain(Shape::Record(sides)),
        ),
        case("both", "so far behind or ahead; what is beyond is refused", Arm::Plain(positive_span())),
    ])
}

/// When a sender is banned.
fn ban() -> Shape {
    let on = vec![
        required(
            "refusals",
            "after so many refusals by the server itself",
            Shape::Integer { min: 1, max: 1_000_000 },
        ),
        required("within", "within so long", positive_span()),
        required("for", "for so long", positive_span()),
    ];
    Shape::OneOf(vec![
        case("off", "nobody is banned", Arm::Word),
        case(
            "on",
            "connections of a sender that was refused too often are refused",
            Arm::Plain(Shape::Record(on)),
        ),
    ])
}
