//! Who watches what, where and when: the sessions of one replication, the same for every protocol.

use crate::domain::arrivals::Arrivals;
use crate::domain::watch::Watch;
use crate::words::ids::{InstanceId, VideoId, ViewerId};
use crate::words::units::{Span, Time};

/// One visit. Heartbeats are at start, start + heartbeat, ... while before the end; there is none on leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub viewer: ViewerId,
    /// At which instance.
    pub instance: InstanceId,
    /// What.
    pub video: VideoId,
    /// The first instant of watching.
    pub start: Time,
    /// The first instant of no longer watching.
    pub end: Time,
    /// The interval between heartbeats, if not that of the instance's protocol.
    pub heartbeat: Option<Span>,
}

/// The people who come to one video.
#[derive(Clone, Debug, PartialEq)]
pub struct Crowd {
    /// The video.
    pub video: VideoId,
    /// Who they are.
    pub source: Source,
}

/// Where sessions come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Drawn from laws.
    Drawn {
        /// When the first one may come: the zero of `arrivals`.
        from: Time,
        /// When they come.
        arrivals: Arrivals,
        /// How long they watch.
        watch: Watch,
        /// Where they sit.
        spread: Spread,
        /// Whether they come back.
        returns: Option<Returns>,
    },
    /// Written down one by one (a list in the scenario, or a CSV file).
    Scripted(Vec<Scripted>),
}

/// One written-down session.
#[derive(Clone, Debug, PartialEq)]
pub struct Scripted {
    /// Two sessions with the same viewer name at the same instance are two visits of one person; none: somebody new.
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

/// At which instance a viewer sits.
#[derive(Clone, Debug, PartialEq)]
pub enum Spread {
    /// A share sits at the origin, the others at the instances that show the video beside it, by Zipf's law over ranks that are drawn for each replication.
    Zipf {
        /// The exponent (1.08 for users per instance).
        exponent: f64,
        /// The share of viewers at the origin, from 0 to 1.
        origin_share: f64,
    },
    /// In proportion to weights.
    Weights(Vec<(InstanceId, f64)>),
    /// One after another, again from the start when the list is through.
    List(Vec<InstanceId>),
}

/// Viewers who come back, to the same instance and with the same id.
#[derive(Clone, Debug, PartialEq)]
pub struct Returns {
    /// The probability, after each visit, from 0 to below 1.
    pub probability: f64,
    /// The mean of the exponential time until they do.
    pub mean_after: Span,
}
