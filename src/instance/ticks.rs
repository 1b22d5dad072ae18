//! What an instance does by the clock: expired entries go, totals and `Update`s are sent.

use super::input::Effect;
use super::state::{Instance, LastTotal};
use crate::domain::protocol::{FollowerTotal, OriginTotal, Threshold};
use crate::foundation::ids::{SessionId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Stamp, Subject};

impl Instance {
    pub(super) fn tick(&mut self, now: Time, number: u32, effects: &mut Vec<Effect>) {
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
        self.rest(now);
    }

    /// The views of its own videos since the last time are displayed, and one `Update` for each such video says the new number.
    pub(super) fn flush_updates(&mut self, now: Time, number: u32, effects: &mut Vec<Effect>) {
        let stamp = Stamp { session: SessionId(0), number };
        let own = self.shown.iter_mut().filter(|(video, _)| self.videos[video.index()].origin == self.id);
        let buffered = own.map(|(&video, shown)| (video, std::mem::take(&mut shown.buffered_views)));
        let viewed: Vec<(VideoId, u32)> = buffered.filter(|buffered| buffered.1 > 0).collect();
        for (video, views) in viewed {
            let number = self.views.displayed(video).saturating_add(views);
            self.views.display(video, number);
            let update = self.activity(now, video, Subject::Update, stamp);
            effects.push(self.send_own(Activity { result: Some(number), ..update }));
        }
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
