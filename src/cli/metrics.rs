//! `fedisim metrics`: the definition of every metric, in Markdown, as `docs/metrics.md` holds it; or what each message is made of.

use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, Form, Stamp, Subject};
use crate::mechanism::wire::{
    AnswerHead, EPOCH_UNIX_MS, Host, Names, Part, Persistence, Proof, SESSION_ID_LENGTH, VERSION,
    VIDEO_ID_DIGITS, VideoNames, head_parts,
};
use crate::metrics::definitions::{DEFINITIONS, SYMBOLS};
use clap::Args;
use std::ops::Range;

/// `fedisim metrics`
#[derive(Args)]
pub(super) struct Arguments {
    /// Print the parts of each kind of message and their bytes instead
    #[arg(long)]
    sizes: bool,
}

const ORIGIN: InstanceId = InstanceId(0);
const FOLLOWER: InstanceId = InstanceId(1);
const VIEWER: Subject = Subject::Viewer(ViewerId(0), 0);
const PLAIN: Subject = Subject::Plain(ViewerId(0));

/// A kind of message.
struct Message {
    /// In words.
    name: &'static str,
    author: InstanceId,
    subject: Subject,
    result: Option<u32>,
    /// The forms in which it is sent, as positions in `FORMS`.
    forms: Range<usize>,
}

const MESSAGES: [Message; 6] = [
    message("viewer of a follower", FOLLOWER, VIEWER, None, 0..2),
    message("viewer of a follower, with `result` 1", FOLLOWER, VIEWER, Some(1), 1..4),
    message("viewer of the origin", ORIGIN, VIEWER, None, 0..2),
    message("total of the origin, 1,000", ORIGIN, Subject::Total, Some(1_000), 1..4),
    message("plain view of a follower", FOLLOWER, PLAIN, None, 0..4),
    message("plain view of the origin", ORIGIN, PLAIN, None, 0..4),
];

const fn message(
    name: &'static str,
    author: InstanceId,
    subject: Subject,
    result: Option<u32>,
    forms: Range<usize>,
) -> Message {
    Message { name, author, subject, result, forms }
}

/// The forms, by the releases that have them.
const FORMS: [(Form, &str); 4] =
    [(Form::V60, "6.0"), (Form::V61, "6.1"), (Form::V71, "7.1"), (Form::V80, "8.0")];

pub(super) fn main(arguments: &Arguments) -> String {
    if arguments.sizes { sizes() } else { tables() }
}

/// The parts of messages between two servers with the default names.
fn sizes() -> String {
    let hosts = ["https://origin.example", "https://follower.example"];
    let names = Names {
        instances: hosts.map(Host::new).into(),
        videos: vec![VideoNames::numbered(VideoId(0), ORIGIN, VIDEO_ID_DIGITS)],
        session_id_length: SESSION_ID_LENGTH,
        version: VERSION.to_owned(),
        epoch_unix_ms: EPOCH_UNIX_MS,
    };
    let mut lines = vec![
        "# Sizes of messages".to_owned(),
        format!(
            "Made by `fedisim metrics --sizes`: bytes between {} and {}, with session ids of {SESSION_ID_LENGTH} characters and video ids of {VIDEO_ID_DIGITS} digits (`names` of a scenario). A forwarded View has the body that its author built. Bodies of updates, watch actions and the background are as long as a scenario says, and have the heads of others.",
            hosts[0], hosts[1]
        ),
        "## Bodies".to_owned(),
    ];
    let bodies = MESSAGES.iter().flat_map(|message| {
        let forms = &FORMS[message.forms.clone()];
        forms.iter().map(|&form| body_row(&names, message, form)).collect::<Vec<_>>()
    });
    lines.push(table("message | from release | bytes | parts", bodies));
    for (title, of) in [("Heads of requests", true), ("Answers", false)] {
        lines.push(format!("## {title}"));
        lines.push(table(
            "from release | bytes | parts",
            FORMS.iter().map(|form| head_row(&names, *form, of)),
        ));
    }
    lines.push("## Answers that carry a count (`count_on_reply`), 1,000".to_owned());
    lines.push(table("from release | bytes | parts", FORMS.iter().map(|form| counted_row(&names, *form))));
    lines.push("## A heartbeat of a client".to_owned());
    lines.push(table("from release | bytes | parts", heartbeat_rows(&names).into_iter()));
    lines.join("\n\n")
}

/// The request of a browser, the same for all releases, and their answers.
fn heartbeat_rows(names: &Names) -> Vec<String> {
    let (head, body) = names.heartbeat(ORIGIN, VideoId(0), false);
    let mut request = head_parts(&head);
    request.push(Part { name: "body".to_owned(), bytes: body.len() as u64 });
    let answer = |(form, release)| {
        let head = names.heartbeat_answer(form, None);
        format!("{release}, answer | {}", listed(&head_parts(&head)))
    };
    std::iter::once(format!("any, request | {}", listed(&request))).chain(FORMS.map(answer)).collect()
}

fn body_row(names: &Names, message: &Message, (form, release): (Form, &str)) -> String {
    let &Message { name, author, subject, result, .. } = message;
    let built = Time::ZERO + Span::from_secs(60);
    let expires = (subject != PLAIN).then_some(built + Span::from_secs(120));
    let stamp = Stamp { session: SessionId(0), number: 0 };
    let view =
        Activity { video: VideoId(0), author, subject, result, views: None, built, expires, stamp, form };
    format!("{name} | {release} | {}", listed(&names.body_parts(&view)))
}

fn head_row(names: &Names, (form, release): (Form, &str), is_request: bool) -> String {
    let proof = Proof::placeholder("peertube");
    let head = if is_request {
        names.request_head(form, FOLLOWER, ORIGIN, 1_000, Time::ZERO, &proof, Persistence::Closed)
    } else {
        names.response_head(&AnswerHead::first(form, Persistence::Closed))
    };
    format!("{release} | {}", listed(&head_parts(&head)))
}

fn counted_row(names: &Names, (form, release): (Form, &str)) -> String {
    let (built, stamp) = (Time::ZERO, Stamp { session: SessionId(0), number: 0 });
    let (video, subject, result) = (VideoId(0), Subject::Total, Some(1_000));
    let total = Activity {
        video,
        author: ORIGIN,
        subject,
        result,
        views: None,
        built,
        expires: Some(built),
        stamp,
        form,
    };
    let body = names.activity(&total, form).json().len();
    let head = names.counted_response_head(&AnswerHead::first(form, Persistence::Closed), body);
    let mut parts = head_parts(&head);
    parts.push(Part { name: "body".to_owned(), bytes: body as u64 });
    format!("{release}, with a count | {}", listed(&parts))
}

/// The sum, and the parts.
fn listed(parts: &[Part]) -> String {
    let sum: u64 = parts.iter().map(|part| part.bytes).sum();
    let each: Vec<String> = parts.iter().map(|part| format!("`{}` {}", part.name, part.bytes)).collect();
    format!("{sum} | {}", each.join(", "))
}

fn table(head: &str, rows: impl Iterator<Item = String>) -> String {
    let rule = head.split('|').map(|_| "---|").collect::<String>();
    let rows: Vec<String> = rows.map(|row| format!("| {row} |")).collect();
    format!("| {head} |\n|{rule}\n{}", rows.join("\n"))
}

/// The definition of every metric.
fn tables() -> String {
    let symbols: Vec<_> = SYMBOLS.lines().map(|line| format!("- {line}")).collect();
    let rows: Vec<_> = DEFINITIONS
        .iter()
        .map(|definition| {
            format!(
                "| `{}` | {} | {} | {} | {} |",
                definition.name,
                definition.unit,
                definition.better.name(),
                definition.doc,
                definition.formula.replace('|', "\\|")
            )
        })
        .collect();
    format!(
        "# Metrics\n\nMade by `fedisim metrics`. Sums are taken over integers (counts, bytes, nanoseconds); a value is divided once, at the end.\n\n{}\n\n| metric | unit | better | what it says | formula |\n|---|---|---|---|---|\n{}\n",
        symbols.join("\n"),
        rows.join("\n")
    )
}
