//! The state of an instance, and what can be asked of it.

use super::input::{Effect, Recipients};
use super::lies::Lying;
use crate::domain::federation::Video;
use crate::domain::protocol::{Expiry, FollowerTotal, Rules, StoreKind};
use crate::foundation::ids::{InstanceId, VideoId, ViewerId};
use crate::foundation::random::{Purpose, Seed};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, Stamp, Subject};
use crate::mechanism::store::{EntryId, Store, StoreLayout};
use crate::mechanism::views::{Views, ViewsLog};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A viewer makes one plain view in so long.
pub(super) const PLAIN_VIEW_INTERVAL: Span = Span::from_secs(3_600);

/// The state of one instance.
#[derive(Clone, Debug)]
pub struct Instance {
    pub(super) id: InstanceId,
    pub(super) rules: Rules,
    pub(super) videos: Arc<[Video]>,
    /// What it keeps of the videos that have entries, or something to send.
    pub(super) shown: BTreeMap<VideoId, VideoState>,
    /// What it keeps of others, which no tick changes.
    asleep: BTreeMap<VideoId, VideoState>,
    /// When it looks next at what is asleep.
    next_purge: Time,
    pub(super) is_up: bool,
    /// Salts the ids of viewers; counts the restarts where a restart changes ids.
    pub(super) salt: u32,
    /// The views that it displays.
    pub(super) views: Views,
    /// Viewers taken for plain views so far, because another instance than their author delivered them.
    pub(super) viewers_as_plain_views: u64,
    /// The lies that it tells; others tell none.
    pub(super) lying: Lying,
    /// By video of its own, where that decides (`updates-by-share`): the number of views in its last `Update`; kept outside the process.
    pub(super) told_views: BTreeMap<VideoId, u32>,
    /// By its clock: when it was last asked what it displays.
    asked_at: Time,
    /// Names the draws of which viewers speak for others.
    lots: Seed,
    /// When it tells clients to send the next heartbeat, if that is later than they would; reckoned at each tick.
    pub(super) hint: Option<Span>,
}

/// What an instance keeps for one video.
#[derive(Clone, Debug)]
pub(super) struct VideoState {
    pub(super) store: Store,
    pub(super) last_total: LastTotal,
    /// When each viewer last made a plain view; kept outside the process, so restarts do not touch it.
    pub(super) plain_views: BTreeMap<ViewerId, Time>,
    /// At the video's owner the views since its last `Update`, elsewhere those by own viewers that are to be told; kept outside the process.
    pub(super) buffered_views: u32,
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
            asleep: BTreeMap::new(),
            next_purge: Time::ZERO,
            is_up: true,
            salt: 0,
            views: Views::default(),
            viewers_as_plain_views: 0,
            lying: Lying::default(),
            told_views: BTreeMap::new(),
            asked_at: Time::ZERO,
            lots: Seed { seed: 0, replication: 0 },
            hint: None,
        }
    }

    /// The same in a replication: which viewers speak for others is drawn there.
    pub fn of_replication(self, lots: Seed) -> Instance {
        Instance { lots, ..self }
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

    /// How long after a heartbeat the next one is to come, as answers tell now; none if they tell nothing.
    pub fn hint(&self) -> Option<Span> {
        self.hint
    }

    /// From now on what is displayed is what is displayed at an instant of its clock. An input says so as well.
    pub fn ask_at(&mut self, clock: Time) {
        self.asked_at = clock;
    }

    /// The number of viewers that it shows for a video.
    pub fn displayed(&self, video: VideoId) -> u64 {
        self.shown.get(&video).map_or(0, |shown| self.count(shown))
    }

    /// The videos of which it shows viewers, and how many, in ascending order.
    pub fn displays(&self) -> impl Iterator<Item = (VideoId, u64)> + '_ {
        let all = self.shown.iter().map(|(&video, shown)| (video, self.count(shown)));
        all.filter(|&(_, count)| count > 0)
    }

    fn count(&self, shown: &VideoState) -> u64 {
        match self.rules.expiry {
            Expiry::Ticks => shown.store.displayed(),
            Expiry::Exact => shown.store.displayed_unexpired(self.asked_at),
        }
    }

    /// The videos of which it shows a total of their origin, with what it knows beside, and when that was built, by the origin's clock.
    pub fn displayed_totals(&self) -> impl Iterator<Item = (VideoId, Time)> + '_ {
        let total = |store: &Store| match self.rules.expiry {
            Expiry::Ticks => store.displayed_total(),
            Expiry::Exact => store.unexpired_total(self.asked_at),
        };
        self.shown.iter().filter_map(move |(&video, shown)| Some((video, total(&shown.store)?)))
    }

    /// The number of views that it displays for a video.
    pub fn displayed_views(&self, video: VideoId) -> u32 {
        self.views.displayed(video)
    }

    /// The number of views of a video of its own that it knows of: those that it displays, and those that it will at its next flush.
    pub fn counted_views(&self, video: VideoId) -> u32 {
        let buffered = self.state(video).map_or(0, |shown| shown.buffered_views);
        self.views.displayed(video).saturating_add(buffered)
    }

    /// All numbers of views that it displays but zeros, by video, ascending.
    pub fn all_displayed_views(&self) -> impl Iterator<Item = (VideoId, u32)> + '_ {
        self.views.all()
    }

    /// From now on it keeps what happens to its views counter.
    pub fn keep_views_log(&mut self) {
        self.views.keep_log();
    }

    /// What happened to its views counter since this was last asked, in true time, which its clock is ahead of.
    pub fn take_views_log(&mut self, clock_ahead: Span) -> ViewsLog {
        let mut log = self.views.take_log();
        log.counted.iter_mut().for_each(|view| view.1 = view.1.before(clock_ahead));
        log
    }

    /// A copy that knows of one viewer of one video and nothing else: to a heartbeat of theirs it does what the whole does.
    pub fn of_viewer(&self, video: VideoId, viewer: ViewerId) -> Instance {
        let entry = self.entry_of(viewer);
        self.part(video, |shown| VideoState {
            store: shown.store.only(entry),
            plain_views: shown.plain_views.get(&viewer).map(|&at| (viewer, at)).into_iter().collect(),
            ..*shown
        })
    }

    /// A copy that knows of the entries that an author speaks for by id, of one video, and of nothing else.
    pub(super) fn of_author(&self, video: VideoId, author: InstanceId) -> Instance {
        self.part(video, |shown| VideoState {
            store: shown.store.of_author(author),
            plain_views: BTreeMap::new(),
            ..*shown
        })
    }

    /// A copy that knows of one video, and of that what `part` is.
    fn part(&self, video: VideoId, part: impl Fn(&VideoState) -> VideoState) -> Instance {
        let shown = self.state(video).map(|shown| (video, part(shown))).into_iter().collect();
        Instance {
            shown,
            asleep: BTreeMap::new(),
            videos: Arc::clone(&self.videos),
            views: Views::default(),
            lying: self.lying.clone(),
            told_views: BTreeMap::new(),
            ..*self
        }
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
                && shown.buffered_views == 0
                && shown.last_total == LastTotal::default()
        };
        let kept = |instance: &Instance| instance.states().filter(|(_, shown)| !is_empty(shown)).count();
        let same = |(video, shown): (&VideoId, &VideoState)| {
            other.state(*video).map_or_else(|| is_empty(shown), |others| shown.is_like(others, within))
        };
        (self.id, self.rules, self.is_up, self.salt) == (other.id, other.rules, other.is_up, other.salt)
            && self.hint == other.hint
            && self.views.is_like(&other.views)
            && self.told_views == other.told_views
            && kept(self) == kept(other)
            && self.states().all(same)
    }

    pub(super) fn entry_of(&self, viewer: ViewerId) -> EntryId {
        EntryId { author: self.id, subject: Subject::Viewer(viewer, self.salt) }
    }

    /// Whether a viewer of its own speaks for others, or for nobody else: one of `sampling`, the same one whatever else the rules say.
    pub(super) fn speaks(&self, viewer: ViewerId) -> bool {
        self.lots.lot(Purpose::Sampling, u64::from(viewer.0), self.rules.parameters.sampling) == 0
    }

    /// A View of its own without result and expiry.
    pub(super) fn activity(&self, now: Time, video: VideoId, subject: Subject, stamp: Stamp) -> Activity {
        let form = self.rules.wire.form();
        Activity {
            video,
            author: self.id,
            subject,
            result: None,
            views: None,
            built: now,
            expires: None,
            stamp,
            form,
        }
    }

    /// A View of its own goes to all followers if the video is its own, else to the video's origin.
    pub(super) fn send_own(&self, activity: Activity) -> Effect {
        let origin = self.videos[activity.video.index()].origin;
        let to = if origin == self.id { Recipients::Followers } else { Recipients::One(origin) };
        Effect::new(activity, to)
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

    /// A total that is counted elsewhere replaces all that is counted here of a video.
    pub fn forget_listed(&mut self, video: VideoId) {
        if let Some(shown) = self.shown.get_mut(&video) {
            shown.store.forget_listed();
        }
    }

    /// What it keeps of a video, to be changed: it wakes up.
    pub(super) fn video_state(&mut self, video: VideoId) -> &mut VideoState {
        let keeping = self.keeping();
        let asleep = &mut self.asleep;
        self.shown.entry(video).or_insert_with(|| {
            asleep.remove(&video).unwrap_or_else(|| VideoState {
                store: Store::new(keeping),
                last_total: LastTotal::default(),
                plain_views: BTreeMap::new(),
                buffered_views: 0,
            })
        })
    }

    /// What it keeps of a video.
    pub(super) fn state(&self, video: VideoId) -> Option<&VideoState> {
        self.shown.get(&video).or_else(|| self.asleep.get(&video))
    }

    /// The same of all videos.
    fn states(&self) -> impl Iterator<Item = (&VideoId, &VideoState)> {
        self.shown.iter().chain(&self.asleep)
    }

    /// After a tick: videos without entries go to sleep, and what nothing can depend on any more is forgotten.
    pub(super) fn rest(&mut self, now: Time) {
        // its own viewers are told, or counted for hints, while they live, even in no list
        let Rules { follower_total, parameters, .. } = self.rules;
        let (id, tells_own) = (self.id, follower_total == FollowerTotal::Yes || parameters.hints.is_some());
        let lying = &self.lying;
        let lives = |video, shown: &VideoState| {
            tells_own && lying.claimed(video, shown.store.unexpired_viewers_of(id, now)) > 0
        };
        let asleep = self.shown.extract_if(.., |&video, shown| shown.is_idle() && !lives(video, shown));
        self.asleep.extend(asleep);
        if now >= self.next_purge {
            self.asleep.retain(|_, shown| !shown.is_over(now));
            self.next_purge = now + PLAIN_VIEW_INTERVAL;
        }
    }

    /// All videos wake up.
    pub(super) fn wake_all(&mut self) {
        self.shown.append(&mut self.asleep);
    }
}

impl VideoState {
    /// Whether no tick and no flush changes it or sends anything of it.
    fn is_idle(&self) -> bool {
        !self.store.has_listed() && self.buffered_views == 0 && self.last_total.count == 0
    }

    /// Whether, while idle, nothing is left of it at an instant that a later input could depend on.
    fn is_over(&self, now: Time) -> bool {
        let is_over = |last: &Time| *last + PLAIN_VIEW_INTERVAL <= now;
        self.store.is_empty() && self.plain_views.values().all(is_over)
    }

    fn is_like(&self, other: &VideoState, within: Span) -> bool {
        let views = || self.plain_views.iter().zip(&other.plain_views);
        self.store.is_like(&other.store, within)
            && (self.last_total, self.buffered_views) == (other.last_total, other.buffered_views)
            && self.plain_views.len() == other.plain_views.len()
            && views().all(|(one, other)| one.0 == other.0 && one.1.is_near(*other.1, within))
    }
}
