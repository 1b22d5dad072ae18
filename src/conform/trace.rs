//! A recording that has been read: the trace of a run, and its rows. Times are whole milliseconds since T0.

use crate::domain::protocol::Rules;
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, Kind, Subject};
use std::fmt;

/// The one video of a recording.
pub(super) const VIDEO: VideoId = VideoId(0);

/// A recording that has been read.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What it is, as text; may be empty.
    pub description: String,
    /// By `InstanceId`: the names, in ascending order.
    pub instances: Vec<String>,
    /// By `InstanceId`: the name of the preset.
    pub presets: Vec<String>,
    /// The instance that owns the one video.
    pub origin: InstanceId,
    /// By `InstanceId`.
    pub rules: Vec<Rules>,
    /// Whether its messages hold views, too. Else nobody sends any in a replay.
    pub has_views: bool,
    /// By `InstanceId`: the first tick.
    pub tick_phase: Vec<Time>,
    /// By `InstanceId`: how long after a tick the total leaves where totals are spread, if that is not by the hash of the video here.
    pub spread: Vec<Option<Span>>,
    /// The one-way latency of links that are not listed.
    pub latency_default: Option<Span>,
    /// The one-way latencies of listed links.
    pub latency_of_link: Vec<(InstanceId, InstanceId, Span)>,
    /// Whether each message took as long as its row says. Then no latency is given.
    pub latencies_as_recorded: bool,
    /// Restarts, by instance and time. A restart loses the state.
    pub restarts: Vec<RestartRow>,
    /// What happens later does not count.
    pub end: Time,
    /// The first sample.
    pub sample_from: Time,
    /// The interval between samples.
    pub sample_every: Span,
    /// The visits, in order of start.
    pub sessions: Vec<Session>,
    /// By `SessionId`: the name of the session.
    pub session_names: Vec<String>,
    /// All messages, sorted.
    pub messages: Vec<MessageRow>,
    /// All samples, in order of time.
    pub samples: Vec<SampleRow>,
    /// How many views the origin knows of at the last sample, if the recording says so.
    pub views_counted: Option<u64>,
}

/// A recorded restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RestartRow {
    /// The instance.
    pub instance: InstanceId,
    /// When it is up again.
    pub at: Time,
    /// When it went down, if before `at`.
    pub stop: Option<Time>,
}

/// A recorded message. The order of the fields is that of comparison.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageRow {
    /// When it was sent.
    pub sent_ms: u64,
    /// When it arrived. None if it was lost.
    pub arrives_ms: Option<u64>,
    /// The instance that sent it.
    pub from: String,
    /// The instance that received it.
    pub to: String,
    /// `viewer`, `total` or `view`.
    pub kind: String,
    /// Whether it was forwarded.
    pub forwarded: bool,
    /// The name of the session in the View of a viewer, or of one view.
    pub viewer: Option<String>,
    /// The count in `result`.
    pub result: Option<u64>,
    /// When it expires.
    pub expires_ms: Option<u64>,
    /// The number of views that it carries.
    pub views: Option<u64>,
}

/// What all instances displayed at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRow {
    /// The time.
    pub at_ms: u64,
    /// By `InstanceId`: the count.
    pub displayed: Vec<u64>,
    /// How many sessions are watching.
    pub watching: u64,
}

impl Trace {
    /// The row of a message that an instance here sends. It has not arrived yet.
    pub(super) fn row(
        &self,
        sent: Time,
        activity: &Activity,
        from: InstanceId,
        to: InstanceId,
    ) -> MessageRow {
        let name = |id: InstanceId| self.instances[id.index()].clone();
        MessageRow {
            sent_ms: sent.ms(),
            arrives_ms: None,
            from: name(from),
            to: name(to),
            kind: kind_name(Kind::of(activity, from, self.origin)).to_owned(),
            forwarded: activity.author != from,
            viewer: match activity.subject {
                Subject::Viewer(..) | Subject::Plain(_) => {
                    Some(self.session_names[activity.stamp.session.index()].clone())
                }
                _ => None,
            },
            result: activity.result.map(u64::from),
            expires_ms: activity.expires.map(Time::ms),
            views: activity.views.map(u64::from),
        }
    }

    /// How many sessions are watching at a time.
    pub(super) fn watching(&self, at: Time) -> u64 {
        self.sessions.iter().filter(|session| session.start <= at && session.end > at).count() as u64
    }
}

/// The name of a kind in recordings.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Viewer | Kind::ViewerForwarded => "viewer",
        Kind::Total | Kind::FollowerTotal | Kind::FollowerTotalForwarded => "total",
        Kind::Plain | Kind::PlainForwarded | Kind::ViewCount => "view",
        Kind::Update
        | Kind::UpdateFetch
        | Kind::WatchAction
        | Kind::Background
        | Kind::LinkPreview
        | Kind::ActorFetch
        | Kind::VideoFetch
        | Kind::CountFetch => "other",
    }
}

impl fmt::Display for MessageRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: Option<u64>| number.map_or_else(|| "none".to_owned(), |n| n.to_string());
        let arrives = self.arrives_ms.map_or_else(String::new, |ms| format!(", arrives {ms} ms"));
        let views = self.views.map_or_else(String::new, |views| format!(", views {views}"));
        write!(
            f,
            "[{} ms: {} from {} to {}{}, forwarded {}, viewer {}, result {}, expires {}{}]",
            self.sent_ms,
            self.kind,
            self.from,
            self.to,
            arrives,
            u8::from(self.forwarded),
            self.viewer.as_deref().unwrap_or("none"),
            number(self.result),
            number(self.expires_ms),
            views
        )
    }
}
