//! Crowds: the people who come to a video, as laws or written down one by one. Nothing here draws anything.

use crate::domain::arrivals::Arrivals;
use crate::domain::spread::Spread;
use crate::domain::watch::Watch;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};

/// The people who come to one video.
#[derive(Clone, Debug, PartialEq)]
pub struct Crowd {
    /// The video.
    pub video: VideoId,
    /// Who they are.
    pub source: Source,
    /// How their players report.
    pub clients: Clients,
}

/// How the players of a crowd report; by default as PeerTube's own does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clients {
    /// The time from the start of a visit to its first heartbeat.
    pub first_heartbeat_after: Span,
    /// Watching this long makes a plain view, if not as long as the instance's protocol says.
    pub view_after: Option<Span>,
    /// The share of viewers behind one address at each instance, in millionths: a school, or a proxy that the instance
    /// does not trust (all of them). Each other viewer has an address of their own.
    pub behind_one_address_ppm: u32,
}

/// Where sessions come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Drawn from laws.
    Drawn(Drawn),
    /// Written down one by one (a list in the scenario, or a CSV file).
    Scripted(Vec<Scripted>),
}

/// The laws of drawn sessions.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// When the first one may come: the zero of `arrivals`.
    pub from: Time,
    /// When they come.
    pub arrivals: Arrivals,
    /// How long they watch.
    pub watch: Watch,
    /// Where they sit.
    pub spread: Spread,
    /// Whether they come back.
    pub returns: Option<Returns>,
}

/// One written-down session.
#[derive(Clone, Debug, PartialEq)]
pub struct Scripted {
    /// Two sessions with the same viewer name at the same instance are two visits of one person; none: a new person.
    pub viewer: Option<String>,
    /// At which instance.
    pub instance: InstanceId,
    /// The first instant of watching.
    pub start: Time,
    /// The length of the visit.
    pub watch: Span,
    /// The interval between heartbeats, if not that of the instance's protocol.
    pub heartbeat: Option<Span>,
}

/// Viewers who come back, to the same instance and with the same id.
#[derive(Clone, Debug, PartialEq)]
pub struct Returns {
    /// The probability, after each visit, from 0 to below 1.
    pub probability: f64,
    /// The mean of the exponential time until they do.
    pub mean_after: Span,
}

impl Crowd {
    /// Whether every visit is over before its first heartbeat.
    pub fn is_never_seen(&self) -> bool {
        let delay = self.clients.first_heartbeat_after;
        match &self.source {
            Source::Drawn(drawn) => drawn.watch.survival(delay) <= 0.0,
            Source::Scripted(list) => list.iter().all(|visit| visit.watch <= delay),
        }
    }

    /// An upper estimate of the number of its sessions that start before `end`, without drawing any.
    pub fn expected_sessions(&self, end: Time) -> f64 {
        match &self.source {
            Source::Scripted(list) => list.iter().filter(|session| session.start < end).count() as f64,
            Source::Drawn(drawn) => drawn.expected_sessions(end),
        }
    }

    /// An upper estimate of the beats of its sessions (see `Drawn::expected_heartbeats`).
    pub fn expected_heartbeats(&self, end: Time, interval_s: &dyn Fn(Option<Span>) -> f64) -> f64 {
        match &self.source {
            Source::Scripted(list) => {
                let beats = |visit: &Scripted| {
                    let watch = visit.watch.min(end.since(visit.start));
                    watch.secs_f64() / interval_s(visit.heartbeat) + 1.0
                };
                list.iter().filter(|visit| visit.start < end).map(beats).sum()
            }
            Source::Drawn(drawn) => drawn.expected_heartbeats(end, interval_s(None)),
        }
    }
}

impl Drawn {
    /// An upper estimate of the number of its sessions that start before `end`, without drawing any.
    ///
    /// First visits are exact in expectation. Each brings p / (1 - p) returns if there is time, and at most one per mean pause
    /// in the time there is.
    pub fn expected_sessions(&self, end: Time) -> f64 {
        let visits =
            self.returns.as_ref().map_or(1.0, |returns| returns.expected_visits(end.since(self.from)));
        self.arrivals.curve(self.from, end, &self.watch).total() * visits
    }

    /// An upper estimate of the number of instants start, start + interval, ... of all sessions, while before their end and
    /// before `end`.
    pub fn expected_heartbeats(&self, end: Time, interval_s: f64) -> f64 {
        let watch = self.watch.mean().min(end.since(self.from));
        self.expected_sessions(end) * (watch.secs_f64() / interval_s + 1.0)
    }
}

impl Returns {
    /// At most so many visits are to be expected of one viewer within `time`.
    fn expected_visits(&self, time: Span) -> f64 {
        let ever = self.probability / (1.0 - self.probability);
        1.0 + ever.min(time.secs_f64() / self.mean_after.secs_f64())
    }
}
