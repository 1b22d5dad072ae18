//! Answers that carry a count: the origin of a video gives it when it answers, and a follower takes it when the answer has come.

use super::state::Run;
use crate::domain::protocol::{CountOnReply, Pull};
use crate::event::{Letter, Message};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::instance::Input;
use crate::mechanism::activity::{Activity, Kind, Subject};
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

    /// The count with which the receiver of a verified message answers, and the bytes of that answer; `None` of answers that may have none.
    pub(super) fn count_for(&mut self, message: &Message, now: Time) -> Option<(Option<Activity>, u16)> {
        let Message { to, .. } = *message;
        if message.kind == Kind::CountFetch {
            return Some(self.pulled_count(message, now));
        }
        let origin = self.cell.federation.origin(message.activity.video);
        let answers = self.instances[to.index()].rules().count_on_reply == CountOnReply::Yes;
        if !answers || !message.may_be_counted(origin) {
            return None;
        }
        let total = self.total_in_answer(message, now)?;
        Some((Some(total), self.counted_response_bytes(&total, message.persistence)))
    }

    /// The total that an instance gives in its answer.
    pub(super) fn total_in_answer(&mut self, message: &Message, now: Time) -> Option<Activity> {
        let Message { to, .. } = *message;
        let input = Input::Answer { activity: &message.activity };
        let clock = now + self.timetable.clock_ahead(to);
        self.observer.handled(now, clock, to, &input);
        let mut effects = Vec::new();
        self.instances[to.index()].handle(clock, input, &mut effects);
        Some(effects.pop()?.activity)
    }

    /// The answer to a message has come to a follower with a count, which it takes if it reads such.
    pub(super) fn take_count(&mut self, message: &Message, total: &Activity, now: Time) {
        let follower = message.from;
        let is_pulled = message.kind == Kind::CountFetch;
        let rules = self.instances[follower.index()].rules();
        let reads =
            if is_pulled { rules.pull == Pull::Yes } else { rules.count_on_reply == CountOnReply::Yes };
        if reads && self.is_up(follower) {
            if is_pulled {
                self.pulls.know(follower, total.video, total.result);
            }
            self.handle(follower, Input::Receive { activity: total, sender: total.author }, now);
        }
    }

    fn counted_response_bytes(&mut self, total: &Activity, persistence: Persistence) -> u16 {
        let bytes = self.sizes.counted_response(total);
        self.answer_size(bytes, persistence)
    }

    /// The bytes of an answer on a connection of that kind, which has so many on a new one.
    pub(super) fn answer_size(&self, bytes: u64, persistence: Persistence) -> u16 {
        let kept = match persistence {
            Persistence::Closed => 0,
            Persistence::Kept => self.sizes.kept_response_extra(),
        };
        u16::try_from(bytes + kept).expect("names are short")
    }
}
