//! The format of what is repeated and varied: replications, precision, sweeps and what is optimised.

use crate::scenario::shape::{
    Arm, Case, Field, Form, Shape, case, list, names, optional, required, with_default,
};

/// A scenario has at most this many replications.
pub(crate) const REPLICATIONS_MAX: u64 = 100_000;
/// A sweep varies at most this many values of the file.
const PATHS_MAX: usize = 64;
/// A list of values, of points to add or to leave out has at most this many items.
const ITEMS_MAX: usize = 10_000;
/// A range has at most this many values.
pub(crate) const VALUES_MAX: u64 = 100_000;

pub(crate) fn replications() -> Shape {
    Shape::Integer { min: 1, max: REPLICATIONS_MAX }
}

pub(crate) fn precision() -> Shape {
    Shape::Record(vec![
        required(
            "metric",
            "the metric whose difference to the baseline must be known well enough",
            Shape::Text(Form::Metric),
        ),
        required(
            "half_width",
            "half the width of that difference's 95 % interval, as a share of the baseline's mean",
            Shape::Share { max_ppm: 1_000_000 },
        ),
    ])
}

pub(crate) fn pareto() -> Shape {
    Shape::Record(vec![
        required("cost", "the metric of the cost", Shape::Text(Form::Metric)),
        required("error", "the metric of the error, whose sign does not matter", Shape::Text(Form::Metric)),
        optional(
            "error_at_most",
            "the errors for which the cheapest choice is told",
            list(Shape::Number { min: 0.0, max: 1e18 }, 1, 20),
        ),
    ])
}

fn value() -> Shape {
    Shape::Text(Form::Setting)
}

/// Ways to write many values of a quantity shorter than as a list.
pub(super) fn values_of_ranges() -> [Case; 2] {
    let range = vec![
        required("from", "the first value", value()),
        required("to", "no value is greater", value()),
        required("step", "the distance between two", value()),
    ];
    let log_range = vec![
        required("from", "the first value, above 0", value()),
        required("to", "the last value", value()),
        required("count", "how many there are", Shape::Integer { min: 2, max: VALUES_MAX }),
    ];
    [
        case("range", "at equal distances", Arm::Keyed(Shape::Record(range))),
        case("log_range", "at equal ratios", Arm::Keyed(Shape::Record(log_range))),
    ]
}

pub(crate) fn sweep() -> Vec<Field> {
    let listed = case("list", "these", Arm::Plain(list(value(), 1, ITEMS_MAX)));
    let values = Shape::OneOf(std::iter::once(listed).chain(values_of_ranges()).collect());
    let bounds = |doc| {
        let fields =
            vec![required("from", "the lower bound", value()), required("to", "the upper bound", value())];
        (doc, Shape::Record(fields))
    };
    let (uniform, log) = (bounds("uniform between two bounds"), bounds("uniform in the logarithm"));
    let drawn = Shape::OneOf(vec![
        case("uniform", uniform.0, Arm::Keyed(uniform.1)),
        case("log_uniform", log.0, Arm::Keyed(log.1)),
    ]);
    let sample = Shape::Record(vec![
        required("points", "how many points are drawn", Shape::Integer { min: 1, max: VALUES_MAX }),
        required("values", "what is drawn, by path", names(Form::Path, drawn, 1, PATHS_MAX)),
    ]);
    let point = || names(Form::Path, value(), 1, PATHS_MAX);
    vec![
        with_default(
            "matrix",
            "values by path, as in `--set`; every combination is a point",
            names(Form::Path, values, 0, PATHS_MAX),
            "{}",
        ),
        optional("latin_hypercube", "points drawn, each value once in each part of its range", sample),
        with_default("include", "points beside those", list(point(), 0, ITEMS_MAX), "[]"),
        with_default(
            "exclude",
            "points that have all of these values are left out",
            list(point(), 0, ITEMS_MAX),
            "[]",
        ),
    ]
}
