//! What can happen to an instance, and what it sends because of it.

use crate::domain::lies::Lie;
use crate::domain::protocol::{Rules, ViewersKnownBy};
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Activity;

/// What can happen to an instance.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// One of its clients reports that a viewer watches.
    Heartbeat(Heartbeat),
    /// Heartbeats of one of its clients up to an instant, none of them at or after `heartbeats_act_from`: they only extend
    /// the viewer's entry, all at once.
    Heartbeats {
        /// What is watched.
        video: VideoId,
        /// By whom, as the instance knows them (`Instance::known_as`).
        viewer: ViewerId,
        /// When the last of them comes, by its own clock.
        last: Time,
    },
    /// One of its clients tells that its viewer leaves.
    Leave {
        /// What was watched.
        video: VideoId,
        /// By whom.
        viewer: ViewerId,
    },
    /// An activity arrives at its inbox.
    Receive {
        /// What arrives.
        activity: &'a Activity,
        /// Who delivers it: its author, or the origin that forwards it.
        sender: InstanceId,
    },
    /// An activity that its author delivers has been verified, and is answered before it takes effect: what is sent is the body of the
    /// answer, if it has one. A GET for its count is answered, too.
    Answer {
        /// What is answered.
        activity: &'a Activity,
    },
    /// A video that it did not know has been fetched from its owner.
    FetchedVideo {
        /// Which.
        video: VideoId,
        /// The number of views that it says.
        views: u32,
    },
    /// Its periodic clean-up, with a number that counts up.
    Tick {
        /// The number of this tick since T0.
        number: u32,
    },
    /// It is time to say its total of one video, after the tick of this number (`Instance::totals_after_tick`).
    SayTotal {
        /// Of which.
        video: VideoId,
        /// The number of the tick.
        number: u32,
    },
    /// It is time to tell followers which of its videos were viewed.
    FlushUpdates {
        /// The number of this flush since T0.
        number: u32,
    },
    /// It reports what one of its viewers watched on a visit that is over.
    ReportWatch {
        /// What was watched.
        video: VideoId,
        /// By whom.
        viewer: ViewerId,
        /// On which visit.
        session: SessionId,
    },
    /// Something happens to one of its lies, of this number.
    Lie {
        /// Which lie.
        number: u32,
        /// What happens.
        act: LieAct,
    },
    /// Its process stops: until it starts again it takes no input and displays nothing.
    Stop,
    /// Its process starts again, with other rules if some are given.
    Restart(Option<Rules>),
}

/// What happens to a lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LieAct {
    /// It is told from now on, where it is told beside what is said anyway.
    Begin(Lie),
    /// It is told to an inbox.
    Tell {
        /// How often it has been before.
        time: u32,
        /// To whom.
        to: InstanceId,
    },
    /// It is told no more.
    End,
}

/// One heartbeat of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// What is watched.
    pub video: VideoId,
    /// By whom.
    pub viewer: ViewerId,
    /// The first viewer behind the same address.
    pub address: ViewerId,
    /// On which visit.
    pub session: SessionId,
    /// The number of the heartbeat in the visit, from 0.
    pub number: u32,
    /// How long the visit has lasted since its first heartbeat: the instance knows of no watching before that.
    pub watched: Span,
    /// Watching this long makes a plain view, if not as long as the rules say.
    pub view_after: Option<Span>,
}

impl Heartbeat {
    /// The viewer that its client is at an instance with these rules: the first one behind its address, where viewers are known by that.
    pub fn known_as(&self, rules: &Rules) -> ViewerId {
        match rules.viewers_known_by {
            ViewersKnownBy::Address => self.address,
            ViewersKnownBy::Session => self.viewer,
        }
    }

    /// The heartbeat of this number, which `visit` sends at `now`.
    pub fn of(visit: &Session, session: SessionId, number: u32, now: Time) -> Heartbeat {
        Heartbeat {
            video: visit.video,
            viewer: visit.viewer,
            address: visit.address,
            session,
            number,
            watched: now.since(visit.first_heartbeat),
            view_after: visit.view_after,
        }
    }
}

/// A send that an input caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What is sent.
    pub activity: Activity,
    /// To whom.
    pub to: Recipients,
    /// Whether its sender lies in it. That is on no wire.
    pub is_false: bool,
}

impl Effect {
    /// What is sent truly.
    pub fn new(activity: Activity, to: Recipients) -> Effect {
        Effect { activity, to, is_false: false }
    }

    /// A lie to one inbox.
    pub(super) fn lie(activity: Activity, to: InstanceId) -> Effect {
        Effect { activity, to: Recipients::One(to), is_false: true }
    }
}

/// The inboxes that a send is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// One.
    One(InstanceId),
    /// All followers of the sender.
    Followers,
    /// All followers of the sender but this one.
    FollowersBut(InstanceId),
    /// The followers of the sender that are interested in the video (`Instance::interested`).
    Interested,
}
