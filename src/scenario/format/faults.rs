//! What goes wrong, and in which columns.

use crate::foundation::units::Span;
use crate::scenario::format::values::{
    any_span, instance_name, latency_span, positive_span, protocol_name, share,
};
use crate::scenario::shape::{Arm, Case, Field, Shape, case, list, optional, required, with_default, words};

/// No clock is further from the true time.
const SKEW_MAX: Span = Span::from_secs(24 * 3_600);

/// One fault.
pub(super) fn fault() -> Shape {
    Shape::OneOf(vec![
        down(),
        dead(),
        outages(),
        slow(),
        restart(),
        upgrade(),
        partition(),
        loss(),
        latency(),
        blocked(),
        clock(),
    ])
}

fn fault_case(name: &'static str, doc: &'static str, mut fields: Vec<Field>) -> Case {
    let columns = list(protocol_name(), 0, 32);
    fields.push(optional("columns", "the columns of `compare` in which it happens (else all)", columns));
    case(name, doc, Arm::Marked(Shape::Record(fields)))
}

/// Instances and groups.
fn who() -> Shape {
    list(instance_name(), 1, 10_000)
}

fn at() -> Field {
    with_default("at", "when it begins", any_span(), "0 s")
}

fn lasts() -> Field {
    optional("for", "how long it lasts (else to the end)", positive_span())
}

fn how() -> Field {
    let ways = [
        ("silent", "nothing answers: requests end at their timeout"),
        ("refused", "connections are refused"),
        ("bad-gateway", "a proxy in front reads the whole request and answers 502"),
        ("gone", "what is left answers 410: it is no more"),
    ];
    with_default("how", "what others meet", words(&ways), "silent")
}

fn startup() -> Field {
    // no default: how long a start takes is what such a scenario is about
    required("startup", "how long an instance takes to start", any_span())
}

fn down() -> Case {
    let fields = vec![required("down", "which instances or groups", who()), at(), lasts(), how()];
    fault_case("down", "instances are gone for a time", fields)
}

fn dead() -> Case {
    let fields = vec![
        required("dead", "so many of them", share()),
        required("of", "among these instances or groups", who()),
        how(),
    ];
    fault_case("dead", "a share of instances, drawn, is down for the whole run", fields)
}

fn outages() -> Case {
    let fields = vec![
        required("outages", "which instances or groups", who()),
        required("mean_between", "mean time from one outage to the next of an instance", positive_span()),
        required("mean_duration", "mean length of an outage", positive_span()),
        how(),
    ];
    fault_case("outages", "instances go down and come back again and again", fields)
}

fn slow() -> Case {
    let fields = vec![
        required("slow", "which instances or groups", who()),
        required("answer", "so much later than they would", latency_span()),
        at(),
        lasts(),
    ];
    fault_case("slow", "instances answer late", fields)
}

fn restart() -> Case {
    let fields = vec![
        required("restart", "which instances or groups", who()),
        required("at", "when they stop", any_span()),
        startup(),
        optional("protocol", "what they speak from then on", protocol_name()),
    ];
    fault_case("restart", "instances stop, and are up again after their start-up time", fields)
}

fn upgrade() -> Case {
    let fields = vec![
        required("upgrade", "which instances or groups, in this order", who()),
        required("at", "when the first stops", any_span()),
        required("to", "what they speak from then on", protocol_name()),
        startup(),
        with_default("parallel", "how many at once", Shape::Integer { min: 1, max: 20_000 }, "1"),
        with_default("pause", "from some being up to the next going down", any_span(), "0 s"),
    ];
    fault_case("upgrade", "a rolling upgrade: instances restart one after another", fields)
}

fn partition() -> Case {
    let sides = list(who(), 2, 1_000);
    let fields = vec![required("partition", "the sides, of instances or groups each", sides), at(), lasts()];
    fault_case("partition", "between the sides nothing gets through", fields)
}

fn ends() -> [Field; 2] {
    [
        optional("from", "the senders, instances or groups (else all)", who()),
        optional("to", "the receivers, instances or groups (else all)", who()),
    ]
}

fn loss() -> Case {
    let doc = "the share that is lost of what the network would deliver";
    let mut fields = vec![required("loss", doc, share())];
    fields.extend(ends());
    fields.extend([at(), lasts()]);
    fault_case("loss", "more messages are lost", fields)
}

fn latency() -> Case {
    let mut fields = vec![required("latency", "so much longer, one way", latency_span())];
    fields.extend(ends());
    fields.extend([at(), lasts()]);
    fault_case("latency", "messages take longer", fields)
}

fn blocked() -> Case {
    let fields = vec![
        required("blocked", "the senders, instances or groups", who()),
        required("by", "the receivers, instances or groups", who()),
        at(),
        lasts(),
    ];
    fault_case("blocked", "receivers refuse (403) what these senders send", fields)
}

fn clock() -> Case {
    let skew = || Shape::Span { min: Span::ZERO, max: SKEW_MAX, step: Span::from_ns(1) };
    let fields = vec![
        required("clock", "which instances or groups", who()),
        optional("ahead", "so far ahead of the true time", skew()),
        optional("behind", "so far behind the true time", skew()),
    ];
    fault_case("clock", "clocks are wrong for the whole run", fields)
}
