//! Parcels: an activity on its way to many inboxes, and what most work on it needs to know.

use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Kind};
use crate::mechanism::pending::Key;

/// What the messages to many inboxes have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parcel {
    pub(super) activity: Activity,
    pub(super) kind: Kind,
    pub(super) from: InstanceId,
    /// When its author built it, by the true clock.
    pub(super) authored: Time,
    /// Whether its request made events.
    pub(super) has_events: bool,
    /// Its place among what comes at the same instant.
    pub(super) order: Key,
}

/// What most work on a parcel needs to know about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brief {
    /// When its author built it, by the true clock.
    pub(super) authored: Time,
    /// When what it adds expires, by its author's clock.
    pub(super) expires: Time,
    pub(super) video: VideoId,
    pub(super) kind: Kind,
    pub(super) effect: BriefEffect,
}

/// What an activity does, if one need not look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BriefEffect {
    /// It adds one viewer, under all rules.
    AddsOne,
    /// It changes nothing that is shown.
    ShowsNothing,
    /// One must look.
    Other,
}

impl Parcel {
    pub(super) fn brief(&self) -> Brief {
        let Parcel { activity, kind, authored, .. } = *self;
        let effect = match activity.expires {
            _ if kind == Kind::Update => BriefEffect::Other,
            None => BriefEffect::ShowsNothing,
            Some(_) if kind.is_view() && kind != Kind::Total && activity.result.is_none() => {
                BriefEffect::AddsOne
            }
            Some(_) => BriefEffect::Other,
        };
        Brief { authored, expires: activity.expires.unwrap_or_default(), video: activity.video, kind, effect }
    }
}

/// A parcel at an inbox.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    /// When it is verified: from then on it waits to be worked on.
    pub(super) at: Time,
    /// Its number in the window's table.
    pub(super) parcel: u32,
}
