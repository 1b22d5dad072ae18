//! What is sent beside Views.

use crate::domain::asked_back::{AfterUpdates, FirstContact};
use crate::foundation::units::Span;
use crate::scenario::format::values::{any_span, instance_name, positive_span, rate, share, whole_us};
use crate::scenario::shape::{
    Arm, Case, Field, Form, Shape, case, list, optional, required, with_default, words,
};

/// No body is larger.
const BODY_BYTES_MAX: u64 = 10_000_000;
/// No answer to a GET is larger.
const ANSWER_BYTES_MAX: u64 = 100_000_000;
/// No preview comes later.
const PREVIEW_WITHIN_MAX: Span = Span::from_secs(86_400);
/// No entry of the background has more jobs at one instant or in one storm.
const JOBS_MAX: u64 = 10_000_000;

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
            "other broadcast jobs, in the sequential queue",
            list(background(), 0, 1_000),
            "[]",
        ),
        // assumed: as large as a plain view and its JSON-LD context
        with_default(
            "background_body",
            "the body of a background job",
            Shape::Bytes { max: BODY_BYTES_MAX },
            "1500 B",
        ),
        with_default("asked_back", "what receivers ask back", Shape::Record(asked_back()), "{}"),
    ]
}

/// The keys of `asked_back`.
fn asked_back() -> Vec<Field> {
    let after_updates = AfterUpdates::ALL.map(|(_, name, doc)| (name, doc));
    let first_contact = FirstContact::ALL.map(|(_, name, doc)| (name, doc));
    let cache = Shape::OneOf(vec![
        case("off", "nothing does", Arm::Word),
        case("share", "a cache answers this share of GETs", Arm::Keyed(share())),
        case(
            "for",
            "a cache answers what was answered within this time, by video and collection",
            Arm::Keyed(positive_span()),
        ),
    ]);
    vec![
        with_default(
            "after_updates",
            "what a PeerTube follower fetches when an `Update` has taken effect",
            words(&after_updates),
            "counted",
        ),
        with_default(
            "first_contact",
            "what is fetched when an actor or a video is met for the first time",
            words(&first_contact),
            "off",
        ),
        // assumed: as much as other work on one activity
        with_default("cpu", "CPU time of an answer that no cache gives", whole_us(), "5 ms"),
        with_default(
            "cache",
            "what answers in front of who is asked, without its cores and rate limit; its uplink still sends the answer",
            cache,
            "off",
        ),
    ]
}

/// The key of a background entry whose receivers fetch what it links to.
fn preview() -> Shape {
    let within = Shape::Span { min: Span::ZERO, max: PREVIEW_WITHIN_MAX, step: Span::from_us(1) };
    Shape::Record(vec![
        required("answer", "the answer, head and body", Shape::Bytes { max: ANSWER_BYTES_MAX }),
        with_default("share", "which share of the receivers fetches", share(), "100 %"),
        // Mastodon: up to 59 s
        with_default("within", "a fetch begins so much later at most, uniformly", within, "59 s"),
    ])
}

/// An entry of the background: when its jobs come.
fn background() -> Shape {
    let jobs = || Shape::Integer { min: 1, max: JOBS_MAX };
    let at = || required("at", "when", any_span());
    let constant = vec![required("rate", "jobs per time", rate())];
    let stage = vec![
        required("duration", "how long the ramp takes", positive_span()),
        required("rate", "jobs per time at its end", rate()),
    ];
    let ramps = "ramps, each from the rate before (0 at first) to its own";
    let arrivals = Shape::OneOf(vec![
        case("constant", "at a constant rate", Arm::Keyed(Shape::Record(constant))),
        case("stages", ramps, Arm::Keyed(list(Shape::Record(stage), 1, 100))),
    ]);
    let span = || {
        let lasts = optional("for", "none come after so long (else to the end)", positive_span());
        vec![with_default("from", "none come before", any_span(), "0 s"), lasts]
    };
    let burst = vec![required("jobs", "how many", jobs()), at()];
    let deletion = vec![required("objects", "its videos, comments and playlists", jobs()), at()];
    let likes = vec![
        required("jobs", "how many are to be expected", jobs()),
        at(),
        required("over", "how long: the rate falls linearly to nothing", positive_span()),
    ];
    Shape::OneOf(vec![
        entry("rate", "jobs at a constant mean rate", "jobs per time", rate(), span()),
        entry("arrivals", "jobs at a rate that changes", "when they come", arrivals, span()),
        entry("burst", "jobs at one instant", "how many, when", Shape::Record(burst), vec![]),
        entry(
            "deletion",
            "an account is deleted: a `Delete` for each object and one for the account, at one instant",
            "of how much, when",
            Shape::Record(deletion),
            vec![],
        ),
        entry(
            "likes",
            "a storm of `Like`s that are passed on",
            "how many, when",
            Shape::Record(likes),
            vec![],
        ),
        entry(
            "upload",
            "a video is published: its `Create`, as large as an `Update`, and an `Announce` each by server and channel",
            "when",
            Shape::Record(vec![at()]),
            vec![],
        ),
    ])
}

/// A case of `background` by its marking key, beside the keys that all have.
fn entry(key: &'static str, doc: &'static str, about: &'static str, shape: Shape, more: Vec<Field>) -> Case {
    let mut fields = vec![
        required("video", "the video whose origin sends them to its followers", Shape::Text(Form::Name)),
        required(key, about, shape),
        optional(
            "to",
            "instances or groups: only to those of them that follow",
            list(instance_name(), 1, 1_000),
        ),
        optional("body", "the body of a job (else `background_body`)", Shape::Bytes { max: BODY_BYTES_MAX }),
        optional(
            "preview",
            "each receiver fetches what it links to from the origin, once per job",
            preview(),
        ),
    ];
    fields.extend(more);
    case(key, doc, Arm::Marked(Shape::Record(fields)))
}
