//! What processes remember of counts that are asked for (`pull`). A restart loses it. When anybody asks is not known here.

use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Activity;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What processes remember of counts that are asked for.
#[derive(Debug, Default)]
pub(super) struct Pulls {
    /// By who asks, and for which video.
    asked: BTreeMap<(InstanceId, VideoId), Asked>,
    /// By origin and video: the total that it answered last, and until when it answers that.
    answered: BTreeMap<(InstanceId, VideoId), (Activity, Time)>,
}

/// What who asks remembers.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// When it asked last.
    at: Time,
    is_under_way: bool,
    /// The count that it got last.
    known: Option<u32>,
}

impl Pulls {
    /// Begins to ask, unless it is asked or was within `cache`: returns whether it does, and the count that is known.
    pub(super) fn ask(
        &mut self,
        asker: InstanceId,
        video: VideoId,
        cache: Span,
        now: Time,
    ) -> (bool, Option<u32>) {
        let before = self.asked.get(&(asker, video)).copied();
        let known = before.and_then(|before| before.known);
        if before.is_some_and(|before| before.is_under_way || before.at + cache > now) {
            return (false, known);
        }
        self.asked.insert((asker, video), Asked { at: now, is_under_way: true, known });
        (true, known)
    }

    /// The total that an origin has answered and answers still.
    pub(super) fn kept(&self, origin: InstanceId, video: VideoId, now: Time) -> Option<Activity> {
        let kept = self.answered.get(&(origin, video)).filter(|(_, until)| now < *until);
        kept.map(|(total, _)| *total)
    }

    /// An origin answers with a total, and will until an instant.
    pub(super) fn keep(&mut self, origin: InstanceId, total: Activity, until: Time) {
        self.answered.insert((origin, total.video), (total, until));
    }

    /// A GET is over, well or not.
    pub(super) fn end(&mut self, asker: InstanceId, video: VideoId) {
        if let Some(asked) = self.asked.get_mut(&(asker, video)) {
            asked.is_under_way = false;
        }
    }

    /// A count has come.
    pub(super) fn know(&mut self, asker: InstanceId, video: VideoId, count: Option<u32>) {
        if let Some(asked) = self.asked.get_mut(&(asker, video)) {
            asked.known = count;
        }
    }

    /// The process of an instance stops.
    pub(super) fn forget(&mut self, instance: InstanceId) {
        self.asked.extract_if(all_of(instance), |_, _| true).for_each(drop);
        self.answered.extract_if(all_of(instance), |_, _| true).for_each(drop);
    }
}

fn all_of(instance: InstanceId) -> RangeInclusive<(InstanceId, VideoId)> {
    (instance, VideoId(0))..=(instance, VideoId(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CACHE: Span = Span::from_secs(10);

    fn at(s: u64) -> Time {
        Time::ZERO + Span::from_secs(s)
    }

    /// It asks when the cache is over, if no GET is under way, and says what it knows.
    #[test]
    fn it_asks_once_at_a_time_and_once_in_the_cache() {
        let (asker, video) = (InstanceId(1), VideoId(0));
        let mut pulls = Pulls::default();
        let ask = |pulls: &mut Pulls, s| pulls.ask(asker, video, CACHE, at(s));
        assert_eq!(ask(&mut pulls, 1), (true, None));
        assert_eq!(ask(&mut pulls, 60), (false, None), "one is under way");
        pulls.know(asker, video, Some(7));
        pulls.end(asker, video);
        assert_eq!(ask(&mut pulls, 60), (true, Some(7)));
        pulls.end(asker, video);
        assert_eq!(ask(&mut pulls, 69), (false, Some(7)));
        assert_eq!(ask(&mut pulls, 70), (true, Some(7)));
        pulls.forget(InstanceId(0));
        assert_eq!(ask(&mut pulls, 99), (false, Some(7)), "another has stopped");
        pulls.forget(asker);
        assert_eq!(ask(&mut pulls, 71), (true, None));
    }
}
