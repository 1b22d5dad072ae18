//! Heartbeats of the instance's viewers: the entries that they extend, and the Views that they send.

use super::input::{Effect, Heartbeat};
use super::state::{Instance, PLAIN_VIEW_INTERVAL};
use crate::domain::protocol::{
    FollowerTotal, FollowerViews, OwnViewers, Parameters, PlainViews, ViewerResult,
};
use crate::foundation::ids::{VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, Stamp, Subject};

impl Instance {
    /// Whether heartbeats may be skipped that `heartbeats_act_from` does not name, while nothing is received that removes own viewers: what
    /// an own viewer's entry says of them is its expiry, and nothing else between two heartbeats removes it.
    pub fn may_skip_heartbeats(&self, every: Span) -> bool {
        every < self.rules.parameters.lifetime
    }

    /// Whether what is received about a video may remove own viewers.
    pub fn may_clear_own_viewers(&self, video: VideoId) -> bool {
        self.rules.totals_clear_viewers() && !self.owns(video)
    }

    /// The viewer that the client of a heartbeat is here.
    pub fn known_as(&self, heartbeat: &Heartbeat) -> ViewerId {
        heartbeat.known_as(&self.rules)
    }

    /// The earliest time at which a later heartbeat of the visit sends something, and not only extends the viewer's entry; none
    /// if there is no such time.
    pub fn heartbeats_act_from(&self, now: Time, heartbeat: &Heartbeat) -> Option<Time> {
        let Heartbeat { video, watched, view_after, .. } = *heartbeat;
        let viewer = self.known_as(heartbeat);
        let shown = self.state(video)?;
        let last_sent = shown.store.last_sent(self.entry_of(viewer));
        let sends = self
            .sends_viewer(video, viewer)
            .then(|| last_sent.map_or(now, |last| last + self.rules.parameters.refederation_age));
        let last_view = shown.plain_views.get(&viewer).map(|last| *last + PLAIN_VIEW_INTERVAL);
        let after = self.plain_view_after(video, view_after);
        let enough = now + (after - watched.min(after));
        let views = last_view.unwrap_or_default().max(enough);
        sends.into_iter().chain([views]).min()
    }

    pub(super) fn extend(&mut self, video: VideoId, viewer: ViewerId, last: Time) {
        let (entry, expires) = (self.entry_of(viewer), last + self.rules.parameters.lifetime);
        self.video_state(video).store.extend(entry, 1, expires);
    }

    /// How long to wait until the next heartbeat, as the answer to this one tells, if it does. Nobody is told before the visit is a view, which a heartbeat
    /// makes: who leaves before the next one would make none.
    pub fn tells(&self, heartbeat: &Heartbeat) -> Option<Span> {
        let Heartbeat { video, watched, view_after, .. } = *heartbeat;
        self.hint.filter(|_| watched >= self.plain_view_after(video, view_after))
    }

    /// When the viewer of a heartbeat expires: as much later as its client is told to come later.
    pub(super) fn expires(&self, now: Time, heartbeat: &Heartbeat) -> Time {
        let Parameters { lifetime, heartbeat: every, .. } = self.rules.parameters;
        now + lifetime + self.tells(heartbeat).map_or(Span::ZERO, |told| told - every)
    }

    /// A client tells that its viewer leaves, if that is a thing that clients do here.
    pub(super) fn leave(&mut self, video: VideoId, viewer: ViewerId) {
        if self.rules.parameters.leave_beacon_ppm > 0 && self.state(video).is_some() {
            let entry = self.entry_of(viewer);
            self.video_state(video).store.remove(entry);
        }
    }

    pub(super) fn heartbeat(&mut self, now: Time, heartbeat: Heartbeat, effects: &mut Vec<Effect>) {
        let viewer = self.known_as(&heartbeat);
        let entry = self.entry_of(viewer);
        let subject = entry.subject;
        let age = self.rules.parameters.refederation_age;
        let expires = self.expires(now, &heartbeat);
        let sends_viewers = self.sends_viewer(heartbeat.video, viewer);
        let store = &mut self.video_state(heartbeat.video).store;
        let last_sent = store.extend(entry, 1, expires);
        if sends_viewers && last_sent.is_none_or(|last| last + age <= now) {
            *last_sent = Some(now);
            let stamp = Stamp { session: heartbeat.session, number: heartbeat.number };
            effects.push(self.send_own(self.view_of_viewer([now, expires], heartbeat.video, subject, stamp)));
            self.invent_beside(now, &heartbeat, effects);
        }
        self.plain_view(now, heartbeat, effects);
    }

    /// The View of one viewer, who may speak for others, from when it is built until it expires.
    pub(super) fn view_of_viewer(
        &self,
        [now, expires]: [Time; 2],
        video: VideoId,
        subject: Subject,
        stamp: Stamp,
    ) -> Activity {
        let sampling = self.rules.parameters.sampling;
        let result = match self.rules.viewer_result {
            ViewerResult::No if sampling == 1 => None,
            _ => Some(sampling),
        };
        Activity { result, expires: Some(expires), ..self.activity(now, video, subject, stamp) }
    }

    /// Whether it sends a viewer of its own singly.
    fn sends_viewer(&self, video: VideoId, viewer: ViewerId) -> bool {
        let sends_singly = if self.owns(video) {
            self.rules.own_viewers == OwnViewers::Each
        } else {
            self.rules.follower_total == FollowerTotal::No
        };
        sends_singly && self.speaks(viewer)
    }

    pub(super) fn plain_view(&mut self, now: Time, heartbeat: Heartbeat, effects: &mut Vec<Effect>) {
        let Heartbeat { video, session, number, watched, view_after, .. } = heartbeat;
        if watched < self.plain_view_after(video, view_after) {
            return;
        }
        let viewer = self.known_as(&heartbeat);
        let views = &mut self.video_state(video).plain_views;
        if views.get(&viewer).is_none_or(|last| *last + PLAIN_VIEW_INTERVAL <= now) {
            views.insert(viewer, now);
            self.count_view(now, video);
            if self.rules.plain_views == PlainViews::Each {
                let stamp = Stamp { session, number };
                effects.push(self.send_own(self.activity(now, video, Subject::Plain(viewer), stamp)));
            }
        }
    }

    /// A viewer of its own has viewed a video.
    fn count_view(&mut self, now: Time, video: VideoId) {
        self.views.count(video, now);
        let is_own = self.owns(video);
        if is_own || self.rules.plain_views.are_counted() {
            self.buffer_views(video, 1);
        }
        if !is_own && self.rules.follower_views == FollowerViews::OwnCount {
            let number = self.views.displayed(video).saturating_add(1);
            self.views.display(video, number);
        }
    }

    /// So many views more: those of a video of its own are displayed and told at the next flush, others are told at the next tick.
    pub(super) fn buffer_views(&mut self, video: VideoId, views: u32) {
        let buffered = &mut self.video_state(video).buffered_views;
        *buffered = buffered.saturating_add(views);
    }

    /// How long a visit lasts before it makes a plain view, `after` in place of what the rules say.
    fn plain_view_after(&self, video: VideoId, after: Option<Span>) -> Span {
        let after = after.unwrap_or(self.rules.parameters.plain_view_after);
        let half = self.videos[video.index()].length.map(|length| Span::from_ns(length.ns() / 2));
        half.unwrap_or(after).min(after)
    }
}
