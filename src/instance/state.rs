//! The state of an instance, and what can be asked of it.

use super::input::{Effect, Recipients};
use crate::domain::federation::Video;
use crate::domain::protocol::{Rules, StoreKind};
use crate::foundation::ids::{InstanceId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, Stamp, Subject};
use crate::mechanism::store::{EntryId, Store, StoreLayout};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state of one instance.
#[derive(Clone, Debug)]
pub struct Instance {
    pub(super) id: InstanceId,
    pub(super) rules: Rules,
    pub(super) videos: Arc<[Video]>,
    pub(super) shown: BTreeMap<VideoId, VideoState>,
    pub(super) is_up: bool,
    /// Salts the ids of viewers; counts the restarts where a restart changes ids.
    pub(super) salt: u32,
    /// Viewers taken for plain views so far, because another instance than their author delivered them.
    pub(super) viewers_as_plain_views: u64,
}

/// What an instance keeps for one video.
#[derive(Clone, Debug)]
pub(super) struct VideoState {
    pub(super) store: Store,
    pub(super) last_total: LastTotal,
    /// When each viewer last made a plain view; kept outside the process, so restarts do not touch it.
    pub(super) plain_views: BTreeMap<ViewerId, Time>,
    /// Whether it was viewed since its last `Update`; kept outside the process.
    pub(super) was_viewed: bool,
}

/// What the threshold rule remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LastTotal {
    pub(super) count: u32,
    pub(super) ticks_ago: u32,
}

impl Instance {
    /// An instance that has just been started for the first time. `videos` are all videos of the federation, by id.
    pub fn new(id: InstanceId, rules: Rules, videos: Arc<[Video]>) -> Instance {
        Instance {
            id,
            rules,
            videos,
            shown: BTreeMap::new(),
            is_up: true,
            salt: 0,
            viewers_as_plain_views: 0,
        }
    }

    /// Which one it is.
    pub fn id(&self) -> InstanceId {
        self.id
    }

    /// Whether its process runs.
    pub fn is_up(&self) -> bool {
        self.is_up
    }

    /// How many viewers it has taken for plain views.
    pub fn viewers_as_plain_views(&self) -> u64 {
        self.viewers_as_plain_views
    }

    /// What it speaks now.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The number of viewers that it shows for a video.
    pub fn displayed(&self, video: VideoId) -> u64 {
        self.shown.get(&video).map_or(0, |shown| shown.store.displayed())
    }

    /// The videos of which it shows viewers, and how many, in ascending order.
    pub fn displays(&self) -> impl Iterator<Item = (VideoId, u64)> + '_ {
        let all = self.shown.iter().map(|(&video, shown)| (video, shown.store.displayed()));
        all.filter(|&(_, count)| count > 0)
    }

    /// A copy that knows of one viewer of one video and nothing else: to a heartbeat of theirs it does what the whole does.
    pub fn of_viewer(&self, video: VideoId, viewer: ViewerId) -> Instance {
        let entry = self.entry_of(viewer);
        let of_viewer = |shown: &VideoState| VideoState {
            store: shown.store.only(entry),
            plain_views: shown.plain_views.get(&viewer).map(|&at| (viewer, at)).into_iter().collect(),
            ..*shown
        };
        let shown = self.shown.get(&video).map(|shown| (video, of_viewer(shown))).into_iter().collect();
        Instance { shown, videos: Arc::clone(&self.videos), ..*self }
    }

    /// How far from an instant, before or after it, the nearest expiry of an entry is.
    pub fn nearest_expiry(&self, now: Time) -> Option<Span> {
        self.shown.values().filter_map(|shown| shown.store.nearest_expiry(now)).min()
    }

    /// Whether both are in the same state, times within `within` of each other being equal.
    pub fn is_like(&self, other: &Instance, within: Span) -> bool {
        let is_empty = |shown: &VideoState| {
            shown.store.is_empty()
                && shown.plain_views.is_empty()
                && !shown.was_viewed
                && shown.last_total == LastTotal::default()
        };
        let kept = |instance: &Instance| instance.shown.iter().filter(|(_, shown)| !is_empty(shown)).count();
        let same = |(video, shown): (&VideoId, &VideoState)| {
            other.shown.get(video).map_or_else(|| is_empty(shown), |others| shown.is_like(others, within))
        };
        (self.id, self.rules, self.is_up, self.salt) == (other.id, other.rules, other.is_up, other.salt)
            && kept(self) == kept(other)
            && self.shown.iter().all(same)
    }

    pub(super) fn entry_of(&self, viewer: ViewerId) -> EntryId {
        EntryId { author: self.id, subject: Subject::Viewer(viewer, self.salt) }
    }

    /// A View of its own without result and expiry.
    pub(super) fn activity(&self, now: Time, video: VideoId, subject: Subject, stamp: Stamp) -> Activity {
        let form = self.rules.wire.form();
        Activity { video, author: self.id, subject, result: None, built: now, expires: None, stamp, form }
    }

    /// A View of its own goes to all followers if the video is its own, else to the video's origin.
    pub(super) fn send_own(&self, activity: Activity) -> Effect {
        let origin = self.videos[activity.video.index()].origin;
        let to = if origin == self.id { Recipients::Followers } else { Recipients::One(origin) };
        Effect { activity, to }
    }

    pub(super) fn owns(&self, video: VideoId) -> bool {
        self.videos[video.index()].origin == self.id
    }

    pub(super) fn keeping(&self) -> StoreLayout {
        match self.rules.store {
            StoreKind::List => StoreLayout::List,
            StoreKind::Keyed => StoreLayout::Keyed,
        }
    }

    pub(super) fn video_state(&mut self, video: VideoId) -> &mut VideoState {
        let keeping = self.keeping();
        self.shown.entry(video).or_insert_with(|| VideoState {
            store: Store::new(keeping),
            last_total: LastTotal::default(),
            plain_views: BTreeMap::new(),
            was_viewed: false,
        })
    }
}

impl VideoState {
    fn is_like(&self, other: &VideoState, within: Span) -> bool {
        let views = || self.plain_views.iter().zip(&other.plain_views);
        self.store.is_like(&other.store, within)
            && (self.last_total, self.was_viewed) == (other.last_total, other.was_viewed)
            && self.plain_views.len() == other.plain_views.len()
            && views().all(|(one, other)| one.0 == other.0 && one.1.is_near(*other.1, within))
    }
}
