//! A viewer list without ids, as counts: how many entries expire at which tick.
//!
//! `store` keeps such entries one by one and finds at a tick which have expired. Where the ticks are known beforehand, an
//! entry is the tick at which it leaves, so a million entries are a handful of counts. A test compares the two. The times of
//! ticks are not known here.

use crate::foundation::units::Time;

/// The entries of one video on one follower.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// When how many leave, in order of time.
    leaving: Vec<(Time, u64)>,
    sum: u64,
    /// The total among them: when it leaves, and when it was built.
    total: Option<(Time, Time)>,
}

impl Tally {
    /// Adds entries that together count so much and leave at the tick at `leaves`.
    #[inline]
    pub fn add(&mut self, count: u64, leaves: Time) {
        self.sum += count;
        // most leave at the last tick that is known
        if let Some(last) = self.leaving.last_mut()
            && last.0 == leaves
        {
            last.1 += count;
            return;
        }
        let after = self.leaving.iter().rposition(|tick| tick.0 <= leaves).map_or(0, |at| at + 1);
        match after.checked_sub(1).map(|at| &mut self.leaving[at]) {
            Some(tick) if tick.0 == leaves => tick.1 += count,
            _ => self.leaving.insert(after, (leaves, count)),
        }
    }

    /// Replaces all entries by one; `total_built` is when it was built, if it is a total.
    pub fn replace(&mut self, count: u64, leaves: Time, total_built: Option<Time>) {
        self.leaving.clear();
        self.sum = 0;
        self.total = total_built.map(|built| (leaves, built));
        self.add(count, leaves);
    }

    /// The tick at `now`: what leaves then or before is gone.
    pub fn tick(&mut self, now: Time) {
        let gone = self.leaving.partition_point(|tick| tick.0 <= now);
        self.sum -= self.leaving.drain(..gone).map(|tick| tick.1).sum::<u64>();
        self.total = self.total.filter(|total| total.0 > now);
    }

    /// Whether nothing is to leave.
    pub fn is_empty(&self) -> bool {
        self.leaving.is_empty()
    }

    /// What people see.
    pub fn displayed(&self) -> u64 {
        self.sum
    }

    /// When the total was built that is part of what people see, if one is.
    pub fn displayed_total(&self) -> Option<Time> {
        self.total.map(|total| total.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foundation::ids::{InstanceId, ViewerId};
    use crate::mechanism::activity::Subject;
    use crate::mechanism::store::{EntryId, Store, StoreLayout};
    use proptest::prelude::*;

    proptest! {
        /// Adding, replacing and ticks in any order show what the list itself shows.
        #[test]
        fn counts_show_what_the_list_shows(
            steps in proptest::collection::vec((0u64..40, 0u64..100, 0u32..8), 0..200),
            interval in 1u64..50,
        ) {
            let (mut tally, mut store) = (Tally::default(), Store::new(StoreLayout::List));
            let id = EntryId { author: InstanceId(1), subject: Subject::Viewer(ViewerId(1), 0) };
            let (mut now, mut next_tick) = (0, interval);
            for (pause, lasts, count) in steps {
                now += pause;
                while next_tick <= now {
                    tally.tick(Time::from_ns(next_tick));
                    store.clean(Time::from_ns(next_tick));
                    next_tick += interval;
                }
                // some have expired when they come: they stay until the next tick
                let expires = (now + lasts).saturating_sub(20);
                let leaves = Time::from_ns(expires.div_ceil(interval).max(next_tick / interval) * interval);
                if count < 6 {
                    tally.add(1, leaves);
                    store.add(id, Time::from_ns(expires));
                } else {
                    let total_built = (count == 6).then_some(Time::from_ns(now));
                    tally.replace(u64::from(count), leaves, total_built);
                    store.replace(id, count, Time::from_ns(expires), total_built);
                }
                prop_assert_eq!(tally.displayed(), store.displayed());
                prop_assert_eq!(tally.displayed_total(), store.displayed_total());
            }
        }
    }
}
