//! One PeerTube instance as a state machine: `(now, input) -> effects`.
//!
//! Source: the rules of `domain::protocol`, in the order in which PeerTube's code runs them; the recordings in
//! `tests/traces` hold it to that, message for message. It owns no clock, queue, socket, random number or file, so the
//! simulator, the conformance check and real HTTP servers drive the same code. What an input may cause is a send
//! (an `Effect`) and a change of what is displayed, which the driver asks for when it wants to know.

use crate::domain::federation::Video;
use crate::domain::protocol::{
    AcceptResult, FollowerTotal, Forward, ForwardPlainViews, ForwardedViewer, IdsAfterRestart, KnownViewer,
    OriginTotal, OwnViewers, PlainViews, Rules, StoreKind, Threshold, ViewerResult,
};
use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, Stamp, Subject};
use crate::mechanism::store::{EntryId, Keeping, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A viewer makes at most one plain view in this time.
const PLAIN_VIEW_INTERVAL: Span = Span::from_secs(3_600);

/// The state of one instance.
#[derive(Clone, Debug)]
pub struct Instance {
    id: InstanceId,
    rules: Rules,
    videos: Arc<[Video]>,
    shown: BTreeMap<VideoId, Shown>,
    is_up: bool,
    /// Salts the ids of viewers; counts the restarts where a restart changes ids.
    salt: u32,
    /// Viewers that somebody else than their author delivered and that counted as plain views, so far.
    viewers_as_plain_views: u64,
}

/// What an instance keeps for one video.
#[derive(Clone, Debug)]
struct Shown {
    store: Store,
    last_total: LastTotal,
    /// When each viewer last made a plain view; kept outside the process, so restarts do not touch it.
    plain_views: BTreeMap<ViewerId, Time>,
    /// Whether it was viewed since its last `Update`; kept outside the process.
    was_viewed: bool,
}

/// What the threshold rule remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct LastTotal {
    count: u32,
    ticks_ago: u32,
}

/// What can happen to an instance.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A client of its own reports that somebody watches.
    Heartbeat(Heartbeat),
    /// A client of its own goes on reporting, and no heartbeat up to that instant is one that `heeds` names: all of them
    /// at once.
    Heartbeats {
        /// What is watched.
        video: VideoId,
        /// By whom.
        viewer: ViewerId,
        /// When the last of them comes, by its own clock.
        last: Time,
    },
    /// An activity arrives at its inbox.
    Receive {
        /// What arrives.
        activity: &'a Activity,
        /// Who delivers it: its author, or the origin that forwards it.
        sender: InstanceId,
    },
    /// Its periodic clean-up, with a number that counts up.
    Tick {
        /// The number of this tick since T0.
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
    /// Its process stops: until it starts again it takes nothing, and nobody sees what it shows.
    Stop,
    /// Its process starts again, with other rules if some are given.
    Restart(Option<Rules>),
}

/// One heartbeat of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// What is watched.
    pub video: VideoId,
    /// By whom.
    pub viewer: ViewerId,
    /// On which visit.
    pub session: SessionId,
    /// The number of the heartbeat in the visit, from 0.
    pub number: u32,
    /// How long the visit has lasted.
    pub watched: Span,
}

/// A send that an input caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What is sent.
    pub activity: Activity,
    /// To whom.
    pub to: Recipients,
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

    /// Takes an input at an instant and appends the sends that it causes.
    pub fn handle(&mut self, now: Time, input: Input<'_>, effects: &mut Vec<Effect>) {
        match input {
            Input::Heartbeat(heartbeat) => self.heartbeat(now, heartbeat, effects),
            Input::Heartbeats { video, viewer, last } => self.extend(video, viewer, last),
            Input::Receive { activity, sender } => self.receive(activity, sender, effects),
            Input::Tick { number } => self.tick(now, number, effects),
            Input::FlushUpdates { number } => self.flush_updates(now, number, effects),
            Input::ReportWatch { video, viewer, session } => {
                if !self.owns(video) {
                    let stamp = Stamp { session, number: 0 };
                    effects.push(self.send_own(self.activity(
                        now,
                        video,
                        Subject::WatchAction(viewer),
                        stamp,
                    )));
                }
            }
            Input::Stop => self.is_up = false,
            Input::Restart(rules) => self.restart(rules),
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

    /// Whether heartbeats may be skipped that `heeds` does not name: what an own viewer's entry says of them is its
    /// expiry, and nothing between two heartbeats removes it.
    pub fn may_skip_heartbeats(&self, video: VideoId, every: Span) -> bool {
        let is_cleared = self.rules.store == StoreKind::Keyed
            && self.rules.accept_result != AcceptResult::Nobody
            && !self.owns(video);
        every < self.rules.parameters.lifetime && !is_cleared
    }

    /// From when on another heartbeat of a visit does more than extend the viewer's entry; never, if there is no such time.
    pub fn heeds(&self, now: Time, heartbeat: &Heartbeat) -> Option<Time> {
        let Heartbeat { video, viewer, watched, .. } = *heartbeat;
        let shown = self.shown.get(&video)?;
        let last_sent = shown.store.last_sent(self.entry_of(viewer));
        let sends = self
            .sends_viewers_of(video)
            .then(|| last_sent.map_or(now, |last| last + self.rules.parameters.refederation_age));
        let last_view = shown.plain_views.get(&viewer).map(|last| *last + PLAIN_VIEW_INTERVAL);
        let views = (self.rules.plain_views == PlainViews::Each).then(|| {
            let enough = now + (self.plain_view_after(video) - watched.min(self.plain_view_after(video)));
            last_view.unwrap_or_default().max(enough)
        });
        sends.into_iter().chain(views).min()
    }

    /// A copy that knows of one viewer of one video and nothing else: to a heartbeat of theirs it does what the whole does.
    pub fn of_viewer(&self, video: VideoId, viewer: ViewerId) -> Instance {
        let entry = self.entry_of(viewer);
        let of_viewer = |shown: &Shown| Shown {
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

    /// Whether another one keeps the same, if times that are no further apart than `within` are the same.
    pub fn is_like(&self, other: &Instance, within: Span) -> bool {
        let is_empty = |shown: &Shown| {
            shown.store.is_empty()
                && shown.plain_views.is_empty()
                && !shown.was_viewed
                && shown.last_total == LastTotal::default()
        };
        let kept = |instance: &Instance| instance.shown.iter().filter(|(_, shown)| !is_empty(shown)).count();
        let same = |(video, shown): (&VideoId, &Shown)| {
            other.shown.get(video).map_or_else(|| is_empty(shown), |others| shown.is_like(others, within))
        };
        (self.id, self.rules, self.is_up, self.salt) == (other.id, other.rules, other.is_up, other.salt)
            && kept(self) == kept(other)
            && self.shown.iter().all(same)
    }

    fn extend(&mut self, video: VideoId, viewer: ViewerId, last: Time) {
        let (entry, expires) = (self.entry_of(viewer), last + self.rules.parameters.lifetime);
        self.shown(video).store.extend_or_add(entry, expires);
    }

    fn entry_of(&self, viewer: ViewerId) -> EntryId {
        EntryId { author: self.id, subject: Subject::Viewer(viewer, self.salt) }
    }

    fn heartbeat(&mut self, now: Time, heartbeat: Heartbeat, effects: &mut Vec<Effect>) {
        let entry = self.entry_of(heartbeat.viewer);
        let subject = entry.subject;
        let expires = now + self.rules.parameters.lifetime;
        let age = self.rules.parameters.refederation_age;
        let sends_viewers = self.sends_viewers_of(heartbeat.video);
        let store = &mut self.shown(heartbeat.video).store;
        let last_sent = store.extend(entry, expires);
        if sends_viewers && last_sent.is_none_or(|last| last + age <= now) {
            *last_sent = Some(now);
            let result = match self.rules.viewer_result {
                ViewerResult::Yes => Some(1),
                ViewerResult::No => None,
            };
            let stamp = Stamp { session: heartbeat.session, number: heartbeat.number };
            let activity = Activity { result, ..self.activity(now, heartbeat.video, subject, stamp) };
            effects.push(self.send_own(Activity { expires: Some(expires), ..activity }));
        }
        self.plain_view(now, heartbeat, effects);
    }

    fn sends_viewers_of(&self, video: VideoId) -> bool {
        if self.owns(video) {
            self.rules.own_viewers == OwnViewers::Each
        } else {
            self.rules.follower_total == FollowerTotal::No
        }
    }

    fn plain_view(&mut self, now: Time, heartbeat: Heartbeat, effects: &mut Vec<Effect>) {
        let Heartbeat { video, viewer, session, number, watched } = heartbeat;
        if self.rules.plain_views == PlainViews::None || watched < self.plain_view_after(video) {
            return;
        }
        let views = &mut self.shown(video).plain_views;
        if views.get(&viewer).is_none_or(|last| *last + PLAIN_VIEW_INTERVAL <= now) {
            views.insert(viewer, now);
            self.shown(video).was_viewed = true;
            let stamp = Stamp { session, number };
            effects.push(self.send_own(self.activity(now, video, Subject::Plain(viewer), stamp)));
        }
    }

    /// How long a visit lasts before it makes a plain view.
    fn plain_view_after(&self, video: VideoId) -> Span {
        let after = self.rules.parameters.plain_view_after;
        let half = self.videos[video.index()].length.map(|length| Span::from_ns(length.ns() / 2));
        half.unwrap_or(after).min(after)
    }

    fn receive(&mut self, activity: &Activity, sender: InstanceId, effects: &mut Vec<Effect>) {
        let is_plain = is_plain_view(&self.rules, activity, sender);
        self.viewers_as_plain_views += u64::from(is_plain && activity.expires.is_some());
        let expires = activity.expires.filter(|_| !is_plain);
        let forwarded = match (expires, self.owns(activity.video)) {
            (None, true) if is_plain => {
                self.shown(activity.video).was_viewed = true;
                self.rules.forward_plain_views == ForwardPlainViews::Always
            }
            (None, _) => false,
            (Some(expires), true) => self.receive_at_origin(activity, expires),
            (Some(expires), false) => {
                self.receive_at_follower(activity, sender, expires);
                false
            }
        };
        if forwarded {
            effects.push(Effect { activity: *activity, to: Recipients::FollowersBut(activity.author) });
        }
    }

    /// Counts a View about a video of its own; returns whether to forward it.
    fn receive_at_origin(&mut self, activity: &Activity, expires: Time) -> bool {
        let Rules { follower_total, known_viewer, forward, .. } = self.rules;
        let entry = EntryId { author: activity.author, subject: activity.subject };
        let store = &mut self.shown(activity.video).store;
        if let (Subject::Total, FollowerTotal::Yes, Some(count)) =
            (activity.subject, follower_total, activity.result)
        {
            store.set(entry, count, expires);
            return false;
        }
        let is_new = match known_viewer {
            KnownViewer::AnotherEntry => store.add(entry, expires),
            KnownViewer::Extend => store.extend_or_add(entry, expires),
        };
        match forward {
            Forward::Always => true,
            Forward::OnlyNew => is_new,
            Forward::Never => false,
        }
    }

    fn receive_at_follower(&mut self, activity: &Activity, sender: InstanceId, expires: Time) {
        let origin = self.videos[activity.video.index()].origin;
        let entry = EntryId { author: activity.author, subject: activity.subject };
        let effect = display_effect(&self.rules, activity, sender, origin);
        let store = &mut self.shown(activity.video).store;
        match effect {
            DisplayEffect::None => {}
            DisplayEffect::OneMore => {
                store.add(entry, expires);
            }
            DisplayEffect::Replaced(count) => store.replace(entry, count, expires),
        }
    }

    fn tick(&mut self, now: Time, number: u32, effects: &mut Vec<Effect>) {
        let (id, rules) = (self.id, self.rules);
        let mut totals = Vec::new();
        for (&video, shown) in &mut self.shown {
            shown.store.clean(now);
            let count = if self.videos[video.index()].origin == id {
                (rules.origin_total == OriginTotal::Yes)
                    // what servers claim may add up to more than one total can say
                    .then(|| u32::try_from(shown.store.displayed()).unwrap_or(u32::MAX))
            } else {
                (rules.follower_total == FollowerTotal::Yes)
                    .then(|| shown.store.unexpired_viewers_of(id, now))
            };
            if let Some(count) = count
                && shown.last_total.is_due(count, rules.parameters.threshold)
            {
                totals.push((video, count));
            }
        }
        for (video, count) in totals {
            let stamp = Stamp { session: SessionId(0), number };
            let activity =
                Activity { result: Some(count), ..self.activity(now, video, Subject::Total, stamp) };
            effects.push(self.send_own(Activity { expires: Some(now + rules.total_lifetime()), ..activity }));
        }
    }

    /// One `Update` for each video of its own that was viewed, however often.
    fn flush_updates(&mut self, now: Time, number: u32, effects: &mut Vec<Effect>) {
        let stamp = Stamp { session: SessionId(0), number };
        let own = self.shown.iter_mut().filter(|(video, _)| self.videos[video.index()].origin == self.id);
        let viewed: Vec<VideoId> = own
            .filter_map(|(&video, shown)| std::mem::take(&mut shown.was_viewed).then_some(video))
            .collect();
        for video in viewed {
            effects.push(self.send_own(self.activity(now, video, Subject::Update, stamp)));
        }
    }

    fn restart(&mut self, rules: Option<Rules>) {
        self.is_up = true;
        let before = self.rules;
        self.rules = rules.unwrap_or(before);
        if before.store != self.rules.store {
            let keeping = self.keeping();
            self.shown.values_mut().for_each(|shown| shown.store = Store::new(keeping));
        }
        if self.rules.ids_after_restart == IdsAfterRestart::New {
            self.salt += 1;
        }
        for shown in self.shown.values_mut() {
            shown.store.restart();
            if self.rules.store == StoreKind::List {
                shown.last_total = LastTotal::default();
            }
        }
    }

    /// A View of its own without result and expiry.
    fn activity(&self, now: Time, video: VideoId, subject: Subject, stamp: Stamp) -> Activity {
        let form = self.rules.wire.form();
        Activity { video, author: self.id, subject, result: None, built: now, expires: None, stamp, form }
    }

    /// A View of its own goes to all followers if the video is its own, else to the video's origin.
    fn send_own(&self, activity: Activity) -> Effect {
        let origin = self.videos[activity.video.index()].origin;
        let to = if origin == self.id { Recipients::Followers } else { Recipients::One(origin) };
        Effect { activity, to }
    }

    fn owns(&self, video: VideoId) -> bool {
        self.videos[video.index()].origin == self.id
    }

    fn keeping(&self) -> Keeping {
        match self.rules.store {
            StoreKind::List => Keeping::List,
            StoreKind::Keyed => Keeping::Keyed,
        }
    }

    fn shown(&mut self, video: VideoId) -> &mut Shown {
        let keeping = self.keeping();
        self.shown.entry(video).or_insert_with(|| Shown {
            store: Store::new(keeping),
            last_total: LastTotal::default(),
            plain_views: BTreeMap::new(),
            was_viewed: false,
        })
    }
}

/// Whether an instance with these rules takes an activity from `sender` for a plain view.
pub fn is_plain_view(rules: &Rules, activity: &Activity, sender: InstanceId) -> bool {
    let loses_expiry = sender != activity.author && rules.forwarded_viewer == ForwardedViewer::PlainView;
    match activity.subject {
        Subject::Plain(_) => true,
        Subject::Viewer(..) | Subject::Total => loses_expiry,
        Subject::Update | Subject::WatchAction(_) | Subject::Background => false,
    }
}

/// What an activity does to the count that a follower displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisplayEffect {
    /// Nothing.
    None,
    /// An entry more, which counts 1.
    OneMore,
    /// All entries are replaced by one that counts so many.
    Replaced(u32),
}

/// What an activity from `sender` about a video of `origin` does at a follower with these rules.
pub fn display_effect(
    rules: &Rules,
    activity: &Activity,
    sender: InstanceId,
    origin: InstanceId,
) -> DisplayEffect {
    if activity.expires.is_none() || is_plain_view(rules, activity, sender) {
        return DisplayEffect::None;
    }
    let accepts = match rules.accept_result {
        AcceptResult::Nobody => false,
        AcceptResult::Anybody => true,
        AcceptResult::VideoHost => activity.author == origin,
    };
    activity.result.filter(|_| accepts).map_or(DisplayEffect::OneMore, DisplayEffect::Replaced)
}

impl Shown {
    fn is_like(&self, other: &Shown, within: Span) -> bool {
        let views = || self.plain_views.iter().zip(&other.plain_views);
        self.store.is_like(&other.store, within)
            && (self.last_total, self.was_viewed) == (other.last_total, other.was_viewed)
            && self.plain_views.len() == other.plain_views.len()
            && views().all(|(one, other)| one.0 == other.0 && one.1.is_near(*other.1, within))
    }
}

impl LastTotal {
    /// Whether a total of `count` is to be sent at this tick; notes it if so.
    fn is_due(&mut self, count: u32, threshold: Option<Threshold>) -> bool {
        let Some(Threshold { share_ppm, max_ticks }) = threshold else { return count > 0 };
        self.ticks_ago = self.ticks_ago.saturating_add(1);
        let change = u64::from(count.abs_diff(self.count)) * 1_000_000;
        let changed = change >= u64::from(self.count) * u64::from(share_ppm);
        let due = match (self.count, count) {
            (0, 0) => false,
            (0, _) | (_, 0) => true,
            _ => changed || self.ticks_ago >= max_ticks,
        };
        if due {
            *self = LastTotal { count, ticks_ago: 0 };
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: InstanceId = InstanceId(0);
    const FOLLOWER: InstanceId = InstanceId(1);
    const VIDEO: VideoId = VideoId(0);

    fn instance(id: InstanceId, rules: Rules) -> Instance {
        let video = Video { name: "clip".into(), origin: ORIGIN, length: None };
        Instance::new(id, rules, Arc::from([video]))
    }

    fn rules(preset: &str) -> Rules {
        Rules::preset(preset).expect("a preset")
    }

    fn beat(instance: &mut Instance, viewer: u32, s: u64) -> Vec<Effect> {
        let heartbeat = Heartbeat {
            video: VIDEO,
            viewer: ViewerId(viewer),
            session: SessionId(viewer),
            number: 0,
            watched: Span::ZERO,
        };
        run(instance, s, Input::Heartbeat(heartbeat))
    }

    fn run(instance: &mut Instance, s: u64, input: Input<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        instance.handle(Time::ZERO + Span::from_secs(s), input, &mut effects);
        effects
    }

    /// What is sent at ticks 1, 2, ... while the crowd of viewers at the instance is as given.
    fn totals(id: InstanceId, rules: Rules, crowds: &[u32]) -> Vec<Option<(u32, u64)>> {
        let mut instance = instance(id, rules);
        let mut sent = Vec::new();
        for (number, &crowd) in (1u32..).zip(crowds) {
            let s = u64::from(number) * 120;
            for viewer in 0..crowd {
                beat(&mut instance, viewer, s - 1);
            }
            let effects = run(&mut instance, s, Input::Tick { number });
            assert!(effects.len() <= 1);
            let lasts = |activity: &Activity| {
                activity.expires.expect("totals expire").since(activity.built).ns() / 1_000_000_000
            };
            sent.push(
                effects
                    .first()
                    .map(|effect| (effect.activity.result.expect("a count"), lasts(&effect.activity))),
            );
        }
        sent
    }

    #[test]
    fn a_plain_origin_sends_every_total_but_none_for_nobody() {
        // The last crowd's entries live 120 s from the last heartbeat: one tick more shows them.
        let sent = totals(ORIGIN, rules("v2"), &[3, 3, 0, 0, 1]);
        assert_eq!(sent, [Some((3, 120)), Some((3, 120)), None, None, Some((1, 120))]);
    }

    #[test]
    fn a_threshold_withholds_small_changes_and_sends_one_zero() {
        let mut v3 = rules("v3");
        v3.parameters.threshold = Some(Threshold { share_ppm: 200_000, max_ticks: 3 });
        let sent = totals(FOLLOWER, v3, &[10, 11, 10, 9, 12, 0, 0, 2]);
        let lasts = 3 * 120 + 30;
        let expected = [Some(10), None, None, Some(9), Some(12), Some(0), None, Some(2)];
        assert_eq!(sent, expected.map(|count| count.map(|count| (count, lasts))));
    }

    #[test]
    fn a_follower_total_counts_own_viewers_in_no_list_too() {
        let mut follower = instance(FOLLOWER, rules("v3"));
        assert!(beat(&mut follower, 1, 1).is_empty(), "viewers are not sent singly");
        let total = Activity {
            author: ORIGIN,
            result: Some(40),
            expires: Some(Time::ZERO + Span::from_secs(500)),
            ..follower.activity(Time::ZERO, VIDEO, Subject::Total, Stamp::default())
        };
        run(&mut follower, 2, Input::Receive { activity: &total, sender: ORIGIN });
        beat(&mut follower, 1, 6);
        assert_eq!(follower.displayed(VIDEO), 40);
        let sent = run(&mut follower, 120, Input::Tick { number: 1 });
        assert_eq!(sent[0].activity.result, Some(1));
        assert_eq!(sent[0].to, Recipients::One(ORIGIN));
    }

    #[test]
    fn an_origin_without_the_rule_takes_a_follower_total_for_one_viewer() {
        let total = Activity {
            author: FOLLOWER,
            result: Some(40),
            expires: Some(Time::ZERO + Span::from_secs(500)),
            ..instance(FOLLOWER, rules("v3")).activity(Time::ZERO, VIDEO, Subject::Total, Stamp::default())
        };
        for (preset, shown, forwards) in [("v3", 40, 0), ("peertube-8.2.4", 1, 1), ("v1", 1, 1)] {
            let mut origin = instance(ORIGIN, rules(preset));
            let effects = run(&mut origin, 1, Input::Receive { activity: &total, sender: FOLLOWER });
            assert_eq!((origin.displayed(VIDEO), effects.len()), (shown, forwards), "{preset}");
        }
    }

    /// From 8.0 on what somebody else than its author delivers has lost its expiry and its result.
    #[test]
    fn a_viewer_that_others_deliver_is_a_plain_view_from_8_0_on() {
        const OTHER: InstanceId = InstanceId(2);
        let expires = Some(Time::ZERO + Span::from_secs(500));
        for (preset, is_plain) in [
            ("v1", false),
            ("peertube-6.3-v2", false),
            ("peertube-7.2", false),
            ("v2", false),
            ("peertube-8.0", true),
            ("peertube-8.2", true),
            ("peertube-8.2.4", true),
            ("peertube-9.0-dev", true),
            ("v3", true),
        ] {
            let viewer = |result| Activity {
                result,
                expires,
                ..instance(OTHER, rules(preset)).activity(
                    Time::ZERO,
                    VIDEO,
                    Subject::Viewer(ViewerId(7), 0),
                    Stamp::default(),
                )
            };
            // at a third instance, from the origin, and from its author
            for result in [None, Some(1)] {
                let activity = viewer(result);
                let mut follower = instance(FOLLOWER, rules(preset));
                let sent = run(&mut follower, 1, Input::Receive { activity: &activity, sender: ORIGIN });
                let found = (follower.displayed(VIDEO), follower.viewers_as_plain_views(), sent.len());
                assert_eq!(found, (u64::from(!is_plain), u64::from(is_plain), 0), "{preset} {result:?}");
                run(&mut follower, 2, Input::Receive { activity: &activity, sender: OTHER });
                assert!(follower.displayed(VIDEO) > 0, "{preset} {result:?}");
            }
            // at the origin somebody else than its author delivers it: a view of the video, if it is none of a viewer
            let mut origin = instance(ORIGIN, rules(preset));
            run(&mut origin, 1, Input::Receive { activity: &viewer(Some(1)), sender: FOLLOWER });
            let updates = run(&mut origin, 2, Input::FlushUpdates { number: 0 });
            assert_eq!(
                (origin.displayed(VIDEO), updates.len()),
                (u64::from(!is_plain), usize::from(is_plain))
            );
        }
    }

    #[test]
    fn a_plain_view_is_sent_once_an_hour_after_enough_watching() {
        let mut follower = instance(FOLLOWER, rules("v2"));
        let mut sent = Vec::new();
        for s in (0..8_000).step_by(5) {
            let heartbeat = Heartbeat {
                video: VIDEO,
                viewer: ViewerId(1),
                session: SessionId(1),
                number: 0,
                watched: Span::from_secs(s),
            };
            for effect in run(&mut follower, s, Input::Heartbeat(heartbeat)) {
                if matches!(effect.activity.subject, Subject::Plain(_)) {
                    sent.push(s);
                }
            }
        }
        assert_eq!(sent, [10, 3_610, 7_210]);
    }
}
