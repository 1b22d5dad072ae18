//! What an instance does by the clock: expired entries go, totals and `Update`s are sent.

use super::input::{Effect, Recipients};
use super::state::{Instance, LastTotal, VideoState};
use crate::domain::protocol::{
    FollowerTotal, OriginTotal, OriginViews, Parameters, PlainViews, Records, Rules, Threshold, TotalsAt,
    TotalsTo,
};
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::random::fold;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, Stamp, Subject};

impl Instance {
    pub(super) fn tick(&mut self, now: Time, number: u32, effects: &mut Vec<Effect>) {
        let rules = self.rules;
        for video in self.lying.claimed_videos() {
            // its total is said though nobody watches
            self.video_state(video);
        }
        let mut due = Vec::new();
        for (&video, shown) in &mut self.shown {
            shown.store.clean(now);
            let is_own = self.videos[video.index()].origin == self.id;
            if rules.totals_at == TotalsAt::Ticks && says_total(&rules, is_own) {
                due.push(video);
            }
        }
        for video in due {
            self.say_total(now, video, number, effects);
        }
        if rules.plain_views.are_counted() {
            self.say_views(now, number, effects);
        }
        self.rest(now);
        self.hint = self.reckoned_hint(now);
    }

    /// When to tell clients to come, for the own viewers that have not expired: none if that is no later than they would.
    fn reckoned_hint(&self, now: Time) -> Option<Span> {
        let Parameters { heartbeat, hints, .. } = self.rules.parameters;
        let own = |shown: &VideoState| u64::from(shown.store.unexpired_viewers_of(self.id, now));
        let told_s = hints?.told_s(self.shown.values().map(own).sum());
        Some(Span::from_secs(told_s)).filter(|told| *told > heartbeat)
    }

    /// The views of others' videos by its own viewers since the last time are said, but for those that the next total will say.
    fn say_views(&mut self, now: Time, number: u32, effects: &mut Vec<Effect>) {
        let (id, in_totals) = (self.id, self.rules.plain_views == PlainViews::InTotals);
        let others = self.shown.iter_mut().filter(|(video, _)| self.videos[video.index()].origin != id);
        let waits = |shown: &VideoState| {
            in_totals && (shown.last_total.count > 0 || shown.store.unexpired_viewers_of(id, now) > 0)
        };
        let viewed = others.filter(|(_, shown)| shown.buffered_views > 0 && !waits(shown));
        let views: Vec<(VideoId, u32)> =
            viewed.map(|(&video, shown)| (video, std::mem::take(&mut shown.buffered_views))).collect();
        for (video, views) in views {
            let stamp = Stamp { session: SessionId(0), number };
            let count = self.activity(now, video, Subject::ViewCount, stamp);
            effects.push(self.send_own(Activity { views: Some(views), ..count }));
        }
    }

    /// The videos whose totals are to be said one by one after the tick that has just been at `now`, and how long after it. Whether a follower
    /// says one depends on its own viewers alone, not on what it has received.
    pub fn totals_after_tick(&self, now: Time) -> impl Iterator<Item = (VideoId, Span)> + '_ {
        let Rules { totals_at, parameters, .. } = self.rules;
        let counts = move |&(&video, shown): &(&VideoId, &VideoState)| {
            let is_own = self.owns(video);
            let own = || self.lying.claimed(video, shown.store.unexpired_viewers_of(self.id, now));
            let has_own = || shown.last_total.count > 0 || own() > 0;
            totals_at == TotalsAt::Spread && says_total(&self.rules, is_own) && (is_own || has_own())
        };
        let videos = self.shown.iter().filter(counts).map(|(&video, _)| video);
        videos.map(move |video| (video, spread_by_video(video, parameters.tick_interval)))
    }

    /// Its total of a video is said, if it is due.
    pub(super) fn say_total(&mut self, now: Time, video: VideoId, number: u32, effects: &mut Vec<Effect>) {
        let (id, rules, is_own) = (self.id, self.rules, self.owns(video));
        let Some(shown) = self.shown.get_mut(&video).filter(|_| says_total(&rules, is_own)) else { return };
        let says_all = is_own && rules.records == Records::No;
        let own = if says_all { 0 } else { shown.store.unexpired_viewers_of(id, now) };
        let count = if says_all {
            let count = match rules.totals_at {
                // the tick has just removed what has expired
                TotalsAt::Ticks => shown.store.displayed(),
                TotalsAt::Spread => shown.store.unexpired(now),
            };
            // what servers claim may add up to more than one total can say
            u32::try_from(count).unwrap_or(u32::MAX)
        } else {
            self.lying.claimed(video, own)
        };
        if !shown.last_total.is_due(count, rules.parameters.threshold) {
            return;
        }
        let views = if is_own {
            (rules.origin_views == OriginViews::InTotals).then(|| self.flush(video))
        } else {
            let has_views = rules.plain_views == PlainViews::InTotals && shown.buffered_views > 0;
            has_views.then(|| std::mem::take(&mut shown.buffered_views))
        };
        let stamp = Stamp { session: SessionId(0), number };
        let total = self.activity(now, video, Subject::Total, stamp);
        let expires = Some(now + rules.total_lifetime());
        let effect = self.send_own(Activity { result: Some(count), views, expires, ..total });
        let effect = Effect { is_false: !is_own && count != own, ..effect };
        let is_for_some = is_own && rules.totals_to == TotalsTo::Interested;
        effects.push(if is_for_some { Effect { to: Recipients::Interested, ..effect } } else { effect });
    }

    /// The instances for whose viewers of a video of its own it counts.
    pub fn interested(&self, video: VideoId) -> Vec<InstanceId> {
        let mut authors = self.shown.get(&video).map_or_else(Vec::new, |shown| shown.store.authors());
        authors.retain(|&author| author != self.id);
        authors
    }

    /// The views of its own videos since the last time are displayed, and one `Update` for each such video says the new number, unless totals do.
    pub(super) fn flush_updates(&mut self, now: Time, number: u32, effects: &mut Vec<Effect>) {
        let stamp = Stamp { session: SessionId(0), number };
        let own = self.shown.iter().filter(|(video, _)| self.videos[video.index()].origin == self.id);
        let viewed = own.filter(|(_, shown)| shown.buffered_views > 0).map(|(&video, _)| video);
        for video in viewed.collect::<Vec<_>>() {
            let number = self.flush(video);
            if self.is_worth_an_update(video, number) {
                let update = self.activity(now, video, Subject::Update, stamp);
                effects.push(self.send_own(Activity { views: Some(number), ..update }));
            }
        }
    }

    /// Whether an `Update` tells of a number of views; notes it if that matters for the next one.
    fn is_worth_an_update(&mut self, video: VideoId, number: u32) -> bool {
        match self.rules.origin_views {
            OriginViews::Updates => true,
            OriginViews::InTotals => false,
            OriginViews::UpdatesByShare => {
                let told = self.told_views.entry(video).or_default();
                let change = u64::from(number.saturating_sub(*told)) * 1_000_000;
                let is_worth = change >= u64::from(*told) * u64::from(self.rules.parameters.update_share_ppm);
                if is_worth {
                    *told = number;
                }
                is_worth
            }
        }
    }

    /// The views of a video of its own since the last time are displayed; returns the number.
    fn flush(&mut self, video: VideoId) -> u32 {
        let buffered =
            self.shown.get_mut(&video).map_or(0, |shown| std::mem::take(&mut shown.buffered_views));
        let number = self.views.displayed(video).saturating_add(buffered);
        self.views.display(video, number);
        number
    }
}

/// Whether an instance says totals of its own videos, or of its own viewers of others'.
fn says_total(rules: &Rules, is_own: bool) -> bool {
    if is_own { rules.origin_total == OriginTotal::Yes } else { rules.follower_total == FollowerTotal::Yes }
}

/// A part of an interval, by a hash of the video: how long after a tick a total leaves where totals are spread.
pub fn spread_by_video(video: VideoId, interval: Span) -> Span {
    let part = u128::from(fold(&[u64::from(video.0)]));
    Span::from_ns(((u128::from(interval.ns()) * part) >> u64::BITS) as u64)
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
