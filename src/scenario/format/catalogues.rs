//! Catalogues: many videos under one key.

use crate::scenario::format::crowds::{clients, drawn};
use crate::scenario::format::values::instance_name;
use crate::scenario::shape::{Arm, Field, Form, Shape, case, optional, required, with_default};

/// A catalogue has at most this many videos, and so have all together.
pub(crate) const CATALOGUE_VIDEOS_MAX: u64 = 1_000_000;

pub(super) fn catalogue() -> Shape {
    let mut fields = vec![
        required("of", "the instance or group that owns the videos", instance_name()),
        required("videos", "how many there are", videos()),
        with_default("popularity", "how the viewing is shared out among them", popularity(), "{zipf: 1}"),
        required("length", "the length of each, or `live`", super::federation::length()),
    ];
    fields.extend(drawn("when people come, to all of its videos together"));
    fields.extend(clients());
    Shape::Record(fields)
}

fn videos() -> Shape {
    let count = || Shape::Integer { min: 1, max: CATALOGUE_VIDEOS_MAX };
    let shared: Vec<Field> = vec![
        required("total", "how many there are in all", count()),
        required("zipf", "exponent of Zipf's law over the owners, whose order is drawn", exponent()),
    ];
    Shape::OneOf(vec![
        case("each", "so many at each owner", Arm::Plain(count())),
        case(
            "column",
            "so many at each owner as its row in the list of the group says",
            Arm::Marked(of_list()),
        ),
        case("total", "so many in all, shared out over the owners", Arm::Marked(Shape::Record(shared))),
    ])
}

fn popularity() -> Shape {
    Shape::Record(vec![
        with_default("zipf", "exponent of Zipf's law over the videos' ranks", exponent(), "1"),
        optional(
            "owners",
            "the owners' shares of the viewing: then the law is over the ranks of each owner's videos (else over those of all)",
            of_list(),
        ),
    ])
}

fn of_list() -> Shape {
    let doc = "a column of the list of the group that owns them";
    Shape::Record(vec![required("column", doc, Shape::Text(Form::ColumnName))])
}

fn exponent() -> Shape {
    Shape::Number { min: 0.0, max: 10.0 }
}
