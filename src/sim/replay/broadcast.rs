//! Parcels: an activity on its way to many inboxes, and what most work on it needs to know.

use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Kind};
use crate::mechanism::pending::Key;
use crate::mechanism::time_sort::Timed;

/// What the messages to many inboxes have in common.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct Broadcast {
    pub(in crate::sim) activity: Activity,
    pub(in crate::sim) kind: Kind,
    pub(in crate::sim) from: InstanceId,
    /// When its author built it, by the true clock.
    pub(in crate::sim) authored: Time,
    /// Whether its request made events.
    pub(in crate::sim) has_events: bool,
    /// Its place among what comes at the same instant.
    pub(in crate::sim) order: Key,
}

/// What most work on a broadcast needs to know about it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct BroadcastSummary {
    /// When its author built it, by the true clock.
    pub(in crate::sim) authored: Time,
    /// When what it adds expires, by its author's clock.
    pub(in crate::sim) expires: Time,
    pub(in crate::sim) video: VideoId,
    pub(in crate::sim) kind: Kind,
    pub(in crate::sim) effect: BroadcastEffect,
}

/// What an activity does, if one need not look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum BroadcastEffect {
    /// It adds one viewer, under all rules.
    AddsOne,
    /// It changes nothing that is shown.
    ShowsNothing,
    /// One must look.
    Other,
}

impl Broadcast {
    pub(in crate::sim) fn summary(&self) -> BroadcastSummary {
        let Broadcast { activity, kind, authored, .. } = *self;
        let effect = match activity.expires {
            _ if kind == Kind::Update => BroadcastEffect::Other,
            None => BroadcastEffect::ShowsNothing,
            Some(_) if kind.is_view() && kind != Kind::Total && activity.result.is_none() => {
                BroadcastEffect::AddsOne
            }
            Some(_) => BroadcastEffect::Other,
        };
        BroadcastSummary {
            authored,
            expires: activity.expires.unwrap_or_default(),
            video: activity.video,
            kind,
            effect,
        }
    }
}

/// A broadcast at an inbox.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct InboxArrival {
    /// When it is verified: from then on it waits to be worked on.
    pub(in crate::sim) at: Time,
    /// Its number in the window's table.
    pub(in crate::sim) broadcast: u32,
}

impl Timed for InboxArrival {
    fn at(&self) -> Time {
        self.at
    }
}
