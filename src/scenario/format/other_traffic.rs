//! What is sent beside Views.

use crate::scenario::format::values::{positive_span, rate};
use crate::scenario::shape::{Arm, Field, Form, Shape, case, list, required, with_default, words};

/// No body is larger.
const BODY_BYTES_MAX: u64 = 10_000_000;

/// The keys of `other_traffic`. Updates and WatchActions are PeerTube's defaults, measured on real servers.
pub(super) fn other_traffic() -> Vec<Field> {
    let files = [("hls", "an HLS playlist"), ("web", "web videos"), ("both", "both")];
    let updates = vec![
        with_default("every", "an instance broadcasts its viewed videos so often", positive_span(), "30 min"),
        with_default("files", "which files a video has", words(&files), "hls"),
        with_default("resolutions", "in how many resolutions", Shape::Integer { min: 1, max: 1_000 }, "6"),
    ];
    let updates = Shape::OneOf(vec![
        case("off", "none are sent", Arm::Word),
        case("on", "for each video that was viewed since the last time", Arm::Plain(Shape::Record(updates))),
    ]);
    let switch = words(&[("on", "one per visit, 1 to 2 hours after its end"), ("off", "none are sent")]);
    let background = Shape::Record(vec![
        required("video", "the video whose origin sends them to its followers", Shape::Text(Form::Name)),
        required("rate", "jobs per time", rate()),
    ]);
    vec![
        with_default("updates", "the `Update` of viewed videos", updates, "{}"),
        with_default("watch_actions", "the WatchActions of followers", switch, "on"),
        with_default(
            "watch_sections",
            "the watched sections in a WatchAction",
            Shape::Integer { min: 0, max: 100_000 },
            "1",
        ),
        with_default(
            "background",
            "broadcast jobs at a constant mean rate in the sequential queue",
            list(background, 0, 1_000),
            "[]",
        ),
        // assumed: as large as a plain view and its JSON-LD context
        with_default(
            "background_body",
            "the body of a background job",
            Shape::Bytes { max: BODY_BYTES_MAX },
            "1500 B",
        ),
    ]
}
