//! Answers that carry a count: the origin of a video gives it when it answers, and a follower takes it when the answer has come.

use super::state::Run;
use crate::domain::protocol::CountOnReply;
use crate::event::{Letter, Message};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::instance::Input;
use crate::mechanism::activity::{Activity, Subject};
use crate::mechanism::wire::Persistence;

impl Run<'_> {
    /// The origin that is expected to answer a letter with a count, and the bytes of that answer if the count has one digit.
    pub(super) fn counted_response(&mut self, letter: &Letter) -> Option<(InstanceId, u16)> {
        let Letter { activity, persistence, .. } = letter;
        let origin = self.cell.federation.origin(activity.video);
        let rules = self.instances[origin.index()].rules();
        if !letter.may_be_counted(origin) || rules.count_on_reply == CountOnReply::No {
            return None;
        }
        let form = rules.wire.form();
        let (subject, result) = (Subject::Total, Some(0));
        let total = Activity { author: origin, subject, result, views: None, form, ..*activity };
        Some((origin, self.counted_response_bytes(&total, *persistence)))
    }

    /// The count with which the receiver of a verified message answers, if it does, and the bytes of that answer.
    pub(super) fn count_for(&mut self, message: &Message, now: Time) -> Option<(Activity, u16)> {
        let Message { to, .. } = *message;
        let origin = self.cell.federation.origin(message.activity.video);
        let answers = self.instances[to.index()].rules().count_on_reply == CountOnReply::Yes;
        if !answers || !message.may_be_counted(origin) {
            return None;
        }
        let input = Input::Answer { activity: &message.activity };
        let clock = now + self.timetable.clock_ahead(to);
        self.observer.handled(now, clock, to, &input);
        let mut effects = Vec::new();
        self.instances[to.index()].handle(clock, input, &mut effects);
        let total = effects.pop()?.activity;
        Some((total, self.counted_response_bytes(&total, message.persistence)))
    }

    /// An answer with a count has come to a follower, which takes it if it reads such.
    pub(super) fn take_count(&mut self, follower: InstanceId, total: &Activity, now: Time) {
        let reads = self.instances[follower.index()].rules().count_on_reply == CountOnReply::Yes;
        if reads && self.is_up(follower) {
            self.handle(follower, Input::Receive { activity: total, sender: total.author }, now);
        }
    }

    fn counted_response_bytes(&mut self, total: &Activity, persistence: Persistence) -> u16 {
        let kept = match persistence {
            Persistence::Closed => 0,
            Persistence::Kept => self.sizes.kept_response_extra(),
        };
        u16::try_from(self.sizes.counted_response(total) + kept).expect("names are short")
    }
}
