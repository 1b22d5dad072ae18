//! What arrives at the inbox: at the origin of its video, and at a follower.

use super::input::{Effect, Recipients};
use super::state::{Instance, VideoState};
use crate::domain::protocol::{
    AcceptResult, FollowerTotal, Forward, ForwardPlainViews, ForwardedViewer, KnownViewer, OriginViews,
    Records, Rules, TotalsTo,
};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Subject};
use crate::mechanism::store::{EntryId, Store};

impl Instance {
    pub(super) fn receive(&mut self, activity: &Activity, sender: InstanceId, effects: &mut Vec<Effect>) {
        let is_plain = is_plain_view(&self.rules, activity, sender);
        self.viewers_as_plain_views += u64::from(is_plain && activity.expires.is_some());
        if activity.views.is_some() && !self.owns(activity.video) {
            let origin = self.videos[activity.video.index()].origin;
            if let Some(number) = displayed_views(&self.rules, activity, origin) {
                self.views.display(activity.video, number);
            }
        }
        let expires = activity.expires.filter(|_| !is_plain);
        let forwarded = match (expires, self.owns(activity.video)) {
            (None, true) if is_plain => self.receive_views(activity, sender),
            (None, _) => false,
            (Some(expires), true) => self.receive_at_origin(activity, expires),
            (Some(expires), false) => {
                self.receive_at_follower(activity, sender, expires);
                false
            }
        };
        if forwarded {
            effects.push(Effect::new(*activity, Recipients::FollowersBut(activity.author)));
        }
    }

    /// Counts a plain view of a video of its own, or as many as its author says at once; returns whether to forward it. What somebody else
    /// delivers says no number: no context of JSON-LD knows it, so no signature of the author holds it.
    fn receive_views(&mut self, activity: &Activity, sender: InstanceId) -> bool {
        let Rules { plain_views, forward_plain_views, .. } = self.rules;
        let says = activity.subject == Subject::ViewCount && activity.author == sender;
        let told = activity.views.filter(|_| says && plain_views.are_counted());
        self.buffer_views(activity.video, told.unwrap_or(1));
        told.is_none() && forward_plain_views == ForwardPlainViews::Always
    }

    /// Counts a View about a video of its own; returns whether to forward it.
    pub(super) fn receive_at_origin(&mut self, activity: &Activity, expires: Time) -> bool {
        let Rules { follower_total, records, known_viewer, forward, totals_to, plain_views, .. } = self.rules;
        let is_of_others = activity.author != self.id;
        let cap = self.rules.parameters.follower_cap.filter(|_| is_of_others);
        let entry = EntryId { author: activity.author, subject: activity.subject };
        let stands_for = sampled(&self.rules, activity).unwrap_or(1);
        let VideoState { store, last_total, .. } = self.video_state(activity.video);
        if totals_to == TotalsTo::Interested && is_of_others && !store.knows(activity.author) {
            // who has just become interested knows no total
            last_total.ticks_ago = u32::MAX;
        }
        let within_cap = |store: &mut Store, count: u32| {
            let Some(cap) = cap else { return count };
            let room = u64::from(cap).saturating_sub(store.counted_beside(entry));
            u32::try_from(room).map_or(count, |room| count.min(room))
        };
        if let (Subject::Total, FollowerTotal::Yes, Some(count)) =
            (activity.subject, follower_total, activity.result)
        {
            let count = within_cap(store, count);
            let is_newest = store.set(entry, count, expires);
            if let Some(views) = activity.views.filter(|_| plain_views.are_counted()) {
                self.buffer_views(activity.video, views);
            }
            return records == Records::Yes && is_newest;
        }
        let count = within_cap(store, stands_for);
        if count == 0 {
            // one too many; the entry may be there since before a restart with a lower cap
            store.remove(entry);
            return false;
        }
        let is_new = match known_viewer {
            KnownViewer::AnotherEntry => store.add(entry, count, expires),
            KnownViewer::Extend => store.extend_or_add(entry, count, expires),
        };
        match forward {
            Forward::Always => true,
            Forward::OnlyNew => is_new,
            Forward::Never => false,
        }
    }

    pub(super) fn receive_at_follower(&mut self, activity: &Activity, sender: InstanceId, expires: Time) {
        let origin = self.videos[activity.video.index()].origin;
        let entry = EntryId { author: activity.author, subject: activity.subject };
        let effect = display_effect(&self.rules, activity, sender, origin);
        let cap = self.rules.parameters.follower_cap.filter(|_| activity.author != origin);
        let store = &mut self.video_state(activity.video).store;
        match effect {
            DisplayEffect::None => {}
            DisplayEffect::More(count) => {
                store.add(entry, count, expires);
            }
            DisplayEffect::Record(count) => {
                store.set(entry, cap.map_or(count, |cap| count.min(cap)), expires);
            }
            DisplayEffect::Replaced { count, total_built } => {
                store.replace(entry, count, expires, total_built);
            }
        }
    }
}

/// Whether an instance with these rules takes an activity from `sender` for a plain view.
pub fn is_plain_view(rules: &Rules, activity: &Activity, sender: InstanceId) -> bool {
    let loses_expiry = sender != activity.author && rules.forwarded_viewer == ForwardedViewer::PlainView;
    match activity.subject {
        Subject::Plain(_) | Subject::ViewCount => true,
        Subject::Viewer(..) | Subject::Total => loses_expiry,
        Subject::Update | Subject::WatchAction(_) | Subject::Background(_) | Subject::Get(..) => false,
    }
}

/// The number of views that a follower with these rules displays after an activity about a video of `origin`, if that says one.
pub fn displayed_views(rules: &Rules, activity: &Activity, origin: InstanceId) -> Option<u32> {
    let says = match activity.subject {
        Subject::Update => true,
        Subject::Total => activity.author == origin && rules.origin_views == OriginViews::InTotals,
        _ => false,
    };
    activity.views.filter(|_| says)
}

/// How many viewers one stands for whose View says so, if an instance with these rules reads that: it samples, too. To all others
/// the `result` of such a View is what that of any other is.
fn sampled(rules: &Rules, activity: &Activity) -> Option<u32> {
    let reads = rules.parameters.sampling > 1 && matches!(activity.subject, Subject::Viewer(..));
    activity.result.filter(|_| reads)
}

/// What an activity does to the count that a follower displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisplayEffect {
    /// Nothing.
    None,
    /// An entry more, which counts so many.
    More(u32),
    /// The author's record counts so many from now on.
    Record(u32),
    /// All entries are replaced by one.
    Replaced {
        /// It counts so many.
        count: u32,
        /// When it was built, by its author's clock, if it is a total of the origin.
        total_built: Option<Time>,
    },
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
    if let Some(viewers) = sampled(rules, activity) {
        return DisplayEffect::More(viewers);
    }
    if rules.records == Records::Yes {
        let record = activity.result.filter(|_| activity.subject == Subject::Total);
        return record.map_or(DisplayEffect::More(1), DisplayEffect::Record);
    }
    let accepts = match rules.accept_result {
        AcceptResult::Nobody => false,
        AcceptResult::Anybody => true,
        AcceptResult::VideoHost => activity.author == origin,
    };
    let is_total = activity.subject == Subject::Total && activity.author == origin;
    let replaced = |count| DisplayEffect::Replaced { count, total_built: is_total.then_some(activity.built) };
    activity.result.filter(|_| accepts).map_or(DisplayEffect::More(1), replaced)
}
