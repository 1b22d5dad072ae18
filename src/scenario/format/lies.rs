//! What instances say that is not so.

use crate::scenario::format::values::{any_span, instance_name, positive_span, rate};
use crate::scenario::shape::{Arm, Case, Form, Shape, case, optional, required, with_default};

/// Nobody claims more than so many times its viewers.
const TIMES_MAX: u64 = 10_000;
/// Nobody claims more viewers.
const VIEWERS_MAX: u64 = 1_000_000;
/// A `result` of real servers was shown up to 2,900,000,000.
const RESULT_MAX: u64 = 4_000_000_000;

/// One lie.
pub(super) fn lie() -> Shape {
    let whole = |max, min| Shape::Integer { min, max };
    let result = vec![
        required("viewers", "the number", whole(RESULT_MAX, 0)),
        required("every", "so often to each", positive_span()),
    ];
    Shape::OneOf(vec![
        lie_case(
            "times",
            "it has so many times its viewers: its totals say so, or as many Views for each of them",
            "how many times",
            whole(TIMES_MAX, 2),
        ),
        lie_case(
            "viewers",
            "it has viewers who do not exist: its totals say so, or their Views, again as often as those of viewers",
            "how many more than it has",
            whole(VIEWERS_MAX, 1),
        ),
        lie_case(
            "flood",
            "it sends the origin Views of viewers who do not exist, each once",
            "how many per time",
            rate(),
        ),
        lie_case(
            "result",
            "it tells all others that follow the origin a number of viewers of the video, as if it were the origin",
            "which number, how often",
            Shape::Record(result),
        ),
        lie_case(
            "replay",
            "it sends the origin the last View of viewers again that it sent truly",
            "so often",
            positive_span(),
        ),
    ])
}

/// A case by its marking key, beside the keys that all have.
fn lie_case(key: &'static str, doc: &'static str, about: &'static str, shape: Shape) -> Case {
    let fields = vec![
        required("instance", "the liar; of a group, each of its instances is one", instance_name()),
        required("video", "the video of another that it lies about", Shape::Text(Form::Name)),
        required(key, about, shape),
        with_default("from", "when it begins", any_span(), "0 s"),
        optional("for", "how long it lasts (else to the end)", positive_span()),
    ];
    case(key, doc, Arm::Marked(Shape::Record(fields)))
}
