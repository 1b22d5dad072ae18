//! Counts that are asked for (`pull`): an instance whose page is open asks the origin, which answers with its total.
//!
//! Both keep what they have for `pull_cache`, in the memory of their processes: one asks again no sooner, the other gives the same total. A total
//! that who asks has already is answered by a head alone.

use super::state::Run;
use crate::domain::protocol::Pull;
use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Time;
use crate::instance::Heartbeat;
use crate::mechanism::activity::{Activity, FetchReason, Stamp, Subject};

impl Run<'_> {
    /// Whether an instance asks for counts of a video whose page is open.
    pub(super) fn pulls(&self, instance: InstanceId, video: VideoId) -> bool {
        let asks = self.instances[instance.index()].rules().pull == Pull::Yes;
        asks && self.cell.federation.origin(video) != instance
    }

    /// A viewer of an instance watches: it asks the origin for the count, unless it has just done so.
    pub(super) fn pull(&mut self, asker: InstanceId, heartbeat: &Heartbeat) {
        let Heartbeat { video, session, number, .. } = *heartbeat;
        if !self.pulls(asker, video) {
            return;
        }
        let cache = self.instances[asker.index()].rules().parameters.pull_cache;
        let (asks, known) = self.pulls.ask(asker, video, cache, self.now);
        if !asks {
            return;
        }
        let origin = self.cell.federation.origin(video);
        let stamp = Stamp { session, number };
        let get = Activity { result: known, ..self.get_activity(asker, FetchReason::Count, video, stamp) };
        let subject = Subject::Get(FetchReason::Count, self.expected_bytes(&get, origin));
        self.make_get(&Activity { subject, ..get }, origin, self.now);
    }

    /// Bytes of the answer that is expected to a GET for a count: one of one digit, or the one that is known.
    fn expected_bytes(&mut self, get: &Activity, origin: InstanceId) -> u32 {
        let rules = *self.instances[origin.index()].rules();
        let form = rules.wire.form();
        if rules.pull == Pull::No {
            return self.sizes.response_head(form) as u32;
        }
        let result = Some(get.result.unwrap_or(0));
        let total = Activity {
            author: origin,
            subject: Subject::Total,
            result,
            expires: Some(self.now),
            form,
            ..*get
        };
        let [whole, same] = self.sizes.pulled_response(&total, rules.parameters.pull_cache);
        (if get.result.is_some() { same } else { whole }) as u32
    }

    /// The total with which the receiver of a GET for a count answers, and the bytes of that answer. Who has none to say answers with a head.
    pub(super) fn pulled_count(&mut self, message: &Message, now: Time) -> (Option<Activity>, u16) {
        let (to, video) = (message.to, message.activity.video);
        let rules = *self.instances[to.index()].rules();
        let cache = rules.parameters.pull_cache;
        let total = match self.pulls.kept(to, video, now) {
            _ if rules.pull == Pull::No => None,
            Some(total) => Some(total),
            None => {
                let total = self.total_in_answer(message, now);
                total.inspect(|total| self.pulls.keep(to, *total, now + cache))
            }
        };
        let Some(total) = total else { return (None, message.response_bytes) };
        let [whole, same] = self.sizes.pulled_response(&total, cache);
        let bytes = if message.activity.result == total.result { same } else { whole };
        (Some(total), self.answer_size(bytes, message.persistence))
    }
}
