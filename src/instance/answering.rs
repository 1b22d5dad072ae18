//! What an instance answers to what a follower says of its viewers: the count of its video.
//!
//! An activity is answered when it is verified, and worked on later; the answer counts it all the same, so that a follower never
//! sees a count without its own viewers.

use super::input::{Effect, Recipients};
use super::state::Instance;
use crate::domain::protocol::CountOnReply;
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Subject};

impl Instance {
    /// Its total of a video of its own in answer to an activity of a follower, which is worked on later.
    pub(super) fn answer(&self, now: Time, activity: &Activity, effects: &mut Vec<Effect>) {
        let is_of_viewers = matches!(activity.subject, Subject::Viewer(..) | Subject::Total);
        let Some(expires) = activity.expires.filter(|_| is_of_viewers && self.owns(activity.video)) else {
            return;
        };
        if self.rules.count_on_reply == CountOnReply::No || activity.author == self.id {
            return;
        }
        // what servers claim may add up to more than one total can say
        let count = u32::try_from(self.counted_with(now, activity, expires)).unwrap_or(u32::MAX);
        let total = self.activity(now, activity.video, Subject::Total, activity.stamp);
        let expires = Some(now + self.rules.total_lifetime());
        let total = Activity { result: Some(count), expires, ..total };
        effects.push(Effect::new(total, Recipients::One(activity.author)));
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
