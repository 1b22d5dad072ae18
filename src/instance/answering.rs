//! What an instance answers to what a follower says of its viewers, and to who asks for it: the count of its video.
//!
//! An activity is answered when it is verified, and worked on later; the answer counts it all the same, so that a follower never
//! sees a count without its own viewers.

use super::input::{Effect, Recipients};
use super::state::Instance;
use crate::domain::protocol::{CountOnReply, Pull};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, FetchReason, Subject};

impl Instance {
    /// Its total of a video of its own in answer to an activity of a follower, or to its GET for that.
    pub(super) fn answer(&self, now: Time, activity: &Activity, effects: &mut Vec<Effect>) {
        match activity.subject {
            Subject::Get(FetchReason::Count, _) => self.answer_pull(now, activity, effects),
            _ => self.answer_with_count(now, activity, effects),
        }
    }

    /// Its total for who asks for it.
    fn answer_pull(&self, now: Time, get: &Activity, effects: &mut Vec<Effect>) {
        if self.owns(get.video) && self.rules.pull == Pull::Yes {
            let count = self.state(get.video).map_or(0, |shown| shown.store.unexpired(now));
            let total = self.total_in_answer(now, get, count, now + self.rules.pulled_lifetime());
            effects.push(Effect::new(total, Recipients::One(get.author)));
        }
    }

    /// Its total in answer to an activity, which is worked on later.
    fn answer_with_count(&self, now: Time, activity: &Activity, effects: &mut Vec<Effect>) {
        let is_of_viewers = matches!(activity.subject, Subject::Viewer(..) | Subject::Total);
        let Some(expires) = activity.expires.filter(|_| is_of_viewers && self.owns(activity.video)) else {
            return;
        };
        if self.rules.count_on_reply == CountOnReply::No || activity.author == self.id {
            return;
        }
        let count = self.counted_with(now, activity, expires);
        let total = self.total_in_answer(now, activity, count, now + self.rules.total_lifetime());
        effects.push(Effect::new(total, Recipients::One(activity.author)));
    }

    fn total_in_answer(&self, now: Time, to: &Activity, count: u64, expires: Time) -> Activity {
        let total = self.activity(now, to.video, Subject::Total, to.stamp);
        // what servers claim may add up to more than one total can say
        let result = Some(u32::try_from(count).unwrap_or(u32::MAX));
        Activity { result, expires: Some(expires), ..total }
    }

    /// What it counts of a video of its own that has not expired, once it has worked on an activity.
    fn counted_with(&self, now: Time, activity: &Activity, expires: Time) -> u64 {
        let counted = |of: &Instance| of.state(activity.video).map_or(0, |shown| shown.store.unexpired(now));
        // what it keeps of others does not change
        let mut of_author = self.of_author(activity.video, activity.author);
        let before = counted(&of_author);
        of_author.receive_at_origin(activity, expires);
        counted(self) - before + counted(&of_author)
    }
}
