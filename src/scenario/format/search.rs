//! The format of search spaces: the scenarios, the rules and parameters to choose from, what is dear and what must hold.

use crate::scenario::format::protocols::protocol;
use crate::scenario::format::sweep::values_of_ranges;
use crate::scenario::format::values::{protocol_name, yes_or_no};
use crate::scenario::shape::{
    Arm, Field, Form, Shape, case, list, names, optional, required, with_default, words,
};

/// A search looks at most at this many scenarios.
const SCENARIOS_MAX: usize = 100;
/// A rule or parameter has at most this many choices.
const CHOICES_MAX: usize = 1_000;
/// At most this many protocols beside the candidates, bounds, or metrics of the cost.
const NAMED_MAX: usize = 20;
/// Replications of a candidate in each scenario.
const REPLICATIONS_MAX: u64 = 1_000;
/// Candidates that are drawn at first, and in how many rounds more are made of them.
const DRAWN_MAX: u64 = 5_000;

/// The whole file.
pub(crate) fn search() -> Shape {
    let cost = names(Form::Metric, Shape::Number { min: 0.0, max: 1e12 }, 1, NAMED_MAX);
    let errors = list(Shape::Number { min: 0.0, max: 1e18 }, 1, NAMED_MAX);
    Shape::Record(vec![
        required("name", "the name, equal to the file's name without its ending", Shape::Text(Form::Name)),
        required("description", "what is searched for, and why there", Shape::Text(Form::Prose)),
        with_default("seed", "the seed of the candidates that are drawn and of all runs", seed(), "1"),
        required("scenarios", "where candidates must be good", list(scenario(), 1, SCENARIOS_MAX)),
        required("base", "the protocol that candidates change", protocol_name()),
        required("choices", "what rules and parameters may be; the rest is as in `base`", choices()),
        with_default("baseline", "the protocol whose cost in each scenario is 1", protocol_name(), "v1"),
        with_default("beside", "protocols that stand beside the candidates", beside(), "[]"),
        with_default(
            "cost",
            "what is dear: metrics with their weights, of which the sum counts",
            cost,
            "{bytes_attempted: 1, response_bytes: 1}",
        ),
        with_default(
            "error",
            "the metric of the error, whose sign does not matter",
            Shape::Text(Form::Metric),
            "seen_error_relative",
        ),
        with_default(
            "error_at_most",
            "classes of error: in each, the cheapest candidate is sought",
            errors,
            "[0.01, 0.02, 0.05, 0.1, 0.2]",
        ),
        with_default("bounds", "what must hold in every scenario", list(bound(), 0, NAMED_MAX), "[]"),
        with_default(
            "replications",
            "how often a candidate that is not worse is run in each scenario",
            Shape::Integer { min: 1, max: REPLICATIONS_MAX },
            "12",
        ),
        with_default(
            "at_once",
            "replications between two looks at who is worse",
            Shape::Integer { min: 1, max: REPLICATIONS_MAX },
            "3",
        ),
        with_default(
            "drawn",
            "how many candidates begin; all, if there are no more",
            Shape::Integer { min: 1, max: DRAWN_MAX },
            "128",
        ),
        with_default(
            "rounds",
            "how often at most the neighbours of the best are tried, where not all began",
            Shape::Integer { min: 0, max: DRAWN_MAX },
            "20",
        ),
    ])
}

fn seed() -> Shape {
    Shape::Integer { min: 0, max: u64::MAX / 2 }
}

fn beside() -> Shape {
    list(protocol_name(), 0, NAMED_MAX)
}

fn scenario() -> Shape {
    Shape::Record(vec![
        required("file", "the scenario, as seen from this file", Shape::Text(Form::FilePath)),
        optional("name", "its name here (else its own)", Shape::Text(Form::Name)),
        with_default(
            "set",
            "what is different in it, by path, as in `--set`",
            names(Form::Path, Shape::Text(Form::Setting), 0, SCENARIOS_MAX),
            "{}",
        ),
        with_default("weight", "how much its cost counts", Shape::Number { min: 0.0, max: 1e6 }, "1"),
        with_default("in_classes", "whether classes of error and bounds must hold there", yes_or_no(), "yes"),
    ])
}

fn bound() -> Shape {
    let any = || Shape::Number { min: -1e18, max: 1e18 };
    Shape::Record(vec![
        required("metric", "the metric", Shape::Text(Form::Metric)),
        optional("min", "the least that is allowed", any()),
        optional("max", "the most that is allowed", any()),
        optional(
            "relative_to",
            "whether the metric is divided by the baseline's",
            words(&[("baseline", "it is")]),
        ),
    ])
}

/// Every key of a protocol but its base, with a list of values in place of the value.
fn choices() -> Shape {
    let Shape::Record(fields) = protocol() else { unreachable!("a protocol is a record") };
    let several = |field: Field| {
        let shape = Shape::OneOf(
            std::iter::once(case("list", "these", Arm::Plain(list(field.shape, 1, CHOICES_MAX))))
                .chain(values_of_ranges())
                .collect(),
        );
        optional(field.key, field.doc, shape)
    };
    Shape::Record(fields.into_iter().filter(|field| field.key != "base").map(several).collect())
}
