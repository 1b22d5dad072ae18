//! How instances deliver: parameters of delivery, as changes of a preset or of others.

use crate::domain::delivery::{Health, Queues, RetryAfter, RetryPer, STATUSES_MAX, Tls, Transport};
use crate::mechanism::connections::StaleConnections;
use crate::mechanism::retry::LIST_MAX;
use crate::scenario::format::receiving::receiving;
use crate::scenario::format::values::{positive_span, whole_us, yes_or_no};
use crate::scenario::shape::{Arm, Form, Shape, Word, case, optional, required};

/// The most things at once.
const AT_ONCE_MAX: u64 = 100_000;
/// The most attempts.
const ATTEMPTS_MAX: u64 = 31;

/// The name of a row: a preset, or one of `deliveries`.
pub(super) fn delivery_name() -> Shape {
    Shape::Text(Form::Name)
}

/// Choices of the domain as words.
fn choices<T>(all: &[(T, &'static str, &'static str)]) -> Shape {
    Shape::Words(all.iter().map(|&(_, name, doc)| Word { name, doc }).collect())
}

/// When a destination that fails is left alone.
fn breaker() -> Shape {
    let on = vec![
        required("failures", "after so many failures in a row", Shape::Integer { min: 1, max: 1_000_000 }),
        required("pause", "a destination gets nothing for so long", positive_span()),
        optional("half_open", "what is tried after it", half_open()),
    ];
    Shape::OneOf(vec![
        case("off", "a destination that fails is tried like any other", Arm::Word),
        case("on", "a destination that fails is left alone for a while", Arm::Plain(Shape::Record(on))),
    ])
}

/// What a breaker lets through after its pause.
fn half_open() -> Shape {
    let word = |name, doc| Word { name, doc };
    Shape::Words(vec![
        word("no", "everything, until the next failure; an attempt that meets an open circuit has failed"),
        word("yes", "one request, on which the others wait; what waits has not failed"),
    ])
}

/// How requests that failed are made again.
fn retry() -> Shape {
    Shape::Record(vec![
        optional("per", "what waits for the next attempt", choices(&RetryPer::ALL)),
        optional("schedule", "how long it waits after failure n = 1, 2, ...", schedule()),
        optional("jitter", "what chance adds to that", jitter()),
        optional(
            "attempts",
            "how often a request is made until it is good, with retries per message",
            Shape::Integer { min: 1, max: ATTEMPTS_MAX },
        ),
    ])
}

/// How long a message waits for its next attempt.
fn schedule() -> Shape {
    let exponential = vec![
        required("unit", "what the power is multiplied by", positive_span()),
        required("base", "the base of the power", Shape::Number { min: 1.0, max: 100.0 }),
        optional("minus_one", "whether one is taken from the power", yes_or_no()),
        optional(
            "at_once",
            "after so many failures it is tried again without a wait; the power counts those after them",
            Shape::Integer { min: 0, max: 1_000 },
        ),
        required("at_most", "the longest wait", positive_span()),
    ];
    Shape::OneOf(vec![
        case("sidekiq", "(n - 1)^4 + 15 seconds", Arm::Word),
        case("exponential", "a power of n", Arm::Keyed(Shape::Record(exponential))),
        case(
            "list",
            "these waits, and the last of them ever after",
            Arm::Plain(Shape::List { of: Box::new(positive_span()), min: 1, max: LIST_MAX }),
        ),
    ])
}

/// What chance adds to a wait.
fn jitter() -> Shape {
    Shape::OneOf(vec![
        case("off", "nothing", Arm::Word),
        case("sidekiq", "n times a whole number of seconds below 10: Sidekiq's of release 6", Arm::Word),
        case("mastodon", "whole seconds below (n - 1)^4 / 2, and whole seconds below 10 n", Arm::Word),
        case("share", "up to this share of the wait", Arm::Plain(Shape::Share { max_ppm: 1_000_000 })),
    ])
}

/// Whether senders keep connections.
fn keep_alive() -> Shape {
    Shape::OneOf(vec![
        case("off", "nobody does: a new connection per request", Arm::Word),
        case("as-released", "those whose protocol says `connections: kept`; for 5 s", Arm::Word),
        case("on", "all do; a receiver closes it after being idle so long", Arm::Plain(positive_span())),
    ])
}

/// Whether senders compress the bodies of requests.
fn compress() -> Shape {
    let share = Shape::Share { max_ppm: 1_000_000 };
    let gzip = vec![
        required("share", "the size of a body after it, of the size before", share),
        required("cpu", "CPU time of the sender per request", whole_us()),
    ];
    Shape::OneOf(vec![
        case("off", "bodies go as they are", Arm::Word),
        case("gzip", "each is compressed before it is signed", Arm::Keyed(Shape::Record(gzip))),
    ])
}

/// A delivery that a scenario defines.
pub(super) fn delivery() -> Shape {
    let at_once = || Shape::Integer { min: 1, max: AT_ONCE_MAX };
    let mut fields = vec![
        required("base", "the row that it changes: a preset, or one defined above", delivery_name()),
        optional("queues", "how sends wait", choices(&Queues::ALL)),
        optional("sequential_jobs", "jobs at once of the sequential queue", at_once()),
        optional("parallel_jobs", "jobs at once of the parallel queue", at_once()),
        optional("unicast_jobs", "jobs at once of the unicast queue", at_once()),
        optional("requests_per_job", "requests at once inside a job", at_once()),
        optional(
            "running_limit",
            "a job is given up after running so long; its requests go on",
            positive_span(),
        ),
        optional(
            "requests_per_destination",
            "requests at once to one destination, with `queues: per-destination`",
            at_once(),
        ),
        optional("workers", "requests at once of one instance, with `queues: workers`", at_once()),
        optional(
            "attempts",
            "how often a request is made until it is good; the same as `retry.attempts`",
            Shape::Integer { min: 1, max: ATTEMPTS_MAX },
        ),
        optional("retry", "how requests that failed are made again", retry()),
        optional(
            "give_up_on",
            "the answers after which a message is not sent again",
            Shape::List { of: Box::new(Shape::Integer { min: 400, max: 599 }), min: 0, max: STATUSES_MAX },
        ),
        optional("health", "when a destination that does not answer is left out", choices(&Health::ALL)),
        optional("breaker", "when a destination that fails is left alone", breaker()),
        optional("timeout", "a request may take so long", positive_span()),
        optional(
            "retry_after",
            "whether the next attempt waits as long as a refusal said (Retry-After)",
            choices(&RetryAfter::ALL),
        ),
        optional("keep_alive", "whether senders keep connections", keep_alive()),
        optional(
            "stale_connections",
            "what becomes of a kept connection that its receiver has closed",
            choices(&StaleConnections::ALL),
        ),
        optional("tls", "the TLS handshake of a new connection", choices(&Tls::ALL)),
        optional("transport", "whether the bytes of TCP, IP and TLS count", choices(&Transport::ALL)),
        optional("compress", "whether senders compress the bodies of requests", compress()),
        optional("sign", "CPU time of the signature of a request", whole_us()),
        optional("json_ld_sign", "CPU time of a JSON-LD signature, one per job", whole_us()),
    ];
    fields.extend(receiving());
    Shape::Record(fields)
}
