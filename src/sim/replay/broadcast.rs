//! A broadcast: one activity on its way to many inboxes, and its arrival at one of them.

use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Kind};
use crate::mechanism::pending::Key;
use crate::mechanism::time_sort::Timed;

/// What the messages of one job share.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct Broadcast {
    pub(in crate::sim) activity: Activity,
    pub(in crate::sim) kind: Kind,
    pub(in crate::sim) from: InstanceId,
    /// When its author built the activity, by the true clock.
    pub(in crate::sim) authored: Time,
    /// Whether its requests make events.
    pub(in crate::sim) has_events: bool,
    /// Its order among arrivals of the same instant: the key that the event of its arrival would have.
    pub(in crate::sim) order: Key,
}

/// The part of a broadcast that the inner loop of a replay reads; small, for the cache.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct BroadcastSummary {
    /// When its author built the activity, by the true clock.
    pub(in crate::sim) authored: Time,
    /// When the entry that it adds expires, by its author's clock; 0 if it adds none.
    pub(in crate::sim) expires: Time,
    pub(in crate::sim) video: VideoId,
    pub(in crate::sim) kind: Kind,
    pub(in crate::sim) effect: BroadcastEffect,
}

/// What an activity does to the displayed viewers of any receiver, as far as it does not depend on the receiver's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum BroadcastEffect {
    /// It adds one viewer, under all rules.
    AddsOne,
    /// It changes nothing that is displayed.
    ShowsNothing,
    /// It depends on the receiver's rules.
    Other,
}

impl Broadcast {
    /// Its summary, whose effect holds under all rules.
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

impl BroadcastSummary {
    /// Whether no receiver displays anything else for it, nor counts it among what it takes for plain views.
    pub(in crate::sim) fn shows_nothing_anywhere(&self) -> bool {
        let may_be_taken = matches!(self.kind, Kind::ViewerForwarded | Kind::FollowerTotalForwarded);
        self.effect == BroadcastEffect::ShowsNothing && !may_be_taken
    }
}

/// A broadcast that arrives at an inbox.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct InboxArrival {
    /// When it is verified and enters the inbox queue.
    pub(in crate::sim) at: Time,
    /// The broadcast's number in the window.
    pub(in crate::sim) broadcast: u32,
}

impl Timed for InboxArrival {
    fn at(&self) -> Time {
        self.at
    }
}
