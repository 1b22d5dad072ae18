//! Viewer lists without ids, as counts: how many entries of which video expire at which tick.
//!
//! `store` keeps such entries one by one and finds at a tick which have expired. Where the ticks are known beforehand, an
//! entry is a number at the tick at which it leaves, so a million entries are a handful of counts. All videos of a follower
//! share their ticks: what is read and written for an arrival is a small record of its video and the end of one list. A test
//! compares with the store. The times of ticks are not known here.

use crate::foundation::ids::VideoId;
use crate::foundation::units::Time;
use std::collections::VecDeque;

/// The entries of all videos on one follower.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    /// The videos that have entries, ascending: the place of each one's tally.
    places: Vec<(VideoId, u32)>,
    /// Tallies that are in use or free.
    tallies: Vec<Tally>,
    /// By place, the total among the entries: when it leaves, and when it was built. Apart, since most arrivals are no totals.
    totals: Vec<Option<(Time, Time)>>,
    free: Vec<u32>,
    /// The video of the last one used and its place: most activities in a row are about one video.
    last: Option<(VideoId, u32)>,
    /// What leaves at which tick, in order of time.
    leaving: VecDeque<(Time, Vec<Entry>)>,
    /// Lists of ticks that are over, whose memory is used again.
    spare: Vec<Vec<Entry>>,
}

/// The entries of one video; small, for the cache.
#[derive(Clone, Debug, Default)]
struct Tally {
    /// What people see.
    sum: u64,
    /// Records of `leaving` that count.
    entries: u32,
    /// The number of the current list: records of `leaving` with another one were replaced and count no more.
    list: u32,
}

/// Entries of one video that leave at the same tick.
#[derive(Clone, Debug)]
struct Entry {
    place: u32,
    list: u32,
    count: u32,
}

impl Tallies {
    /// Adds entries of a video that together count so much and leave at the tick at `leaves`.
    pub fn add(&mut self, video: VideoId, count: u32, leaves: Time) {
        let place = self.place(video);
        self.add_at(place, count, leaves);
    }

    /// Replaces all entries of a video by one; `total_built` is when it was built, if it is a total.
    pub fn replace(&mut self, video: VideoId, count: u32, leaves: Time, total_built: Option<Time>) {
        let place = self.place(video);
        let tally = &mut self.tallies[place as usize];
        let list = tally.list.wrapping_add(1);
        *tally = Tally { sum: 0, entries: 0, list };
        self.totals[place as usize] = total_built.map(|built| (leaves, built));
        self.add_at(place, count, leaves);
    }

    /// The tick at `now`: what leaves then or before is gone.
    pub fn tick(&mut self, now: Time) {
        self.last = None;
        let mut is_any_empty = false;
        while let Some((_, mut gone)) = self.leaving.pop_front_if(|tick| tick.0 <= now) {
            for Entry { place, list, count } in gone.drain(..) {
                let tally = &mut self.tallies[place as usize];
                if tally.list == list {
                    tally.sum -= u64::from(count);
                    tally.entries -= 1;
                    let total = &mut self.totals[place as usize];
                    *total = total.filter(|total| total.0 > now);
                    is_any_empty |= tally.entries == 0;
                }
            }
            self.spare.push(gone);
        }
        if is_any_empty {
            let Tallies { places, tallies, free, .. } = self;
            places.retain(|&(_, place)| {
                let is_empty = tallies[place as usize].entries == 0;
                if is_empty {
                    free.push(place);
                }
                !is_empty
            });
        }
    }

    /// The videos of which viewers are displayed, and how many.
    pub fn displays(&self) -> impl Iterator<Item = (VideoId, u64)> {
        let all = self.places.iter().map(|&(video, place)| (video, self.tallies[place as usize].sum));
        all.filter(|shown| shown.1 > 0)
    }

    /// The videos with a total that is part of what people see, and when that was built.
    pub fn displayed_totals(&self) -> impl Iterator<Item = (VideoId, Time)> {
        let total = |&(video, place): &(VideoId, u32)| Some((video, self.totals[place as usize]?.1));
        self.places.iter().filter_map(total)
    }

    /// The place of a video's tally, which is made if need be.
    fn place(&mut self, video: VideoId) -> u32 {
        if let Some((_, place)) = self.last.filter(|last| last.0 == video) {
            return place;
        }
        let place = match self.places.binary_search_by_key(&video, |place| place.0) {
            Ok(at) => self.places[at].1,
            Err(at) => {
                let place = self.free.pop().unwrap_or_else(|| {
                    self.tallies.push(Tally::default());
                    self.totals.push(None);
                    (self.tallies.len() - 1) as u32
                });
                self.places.insert(at, (video, place));
                place
            }
        };
        self.last = Some((video, place));
        place
    }

    fn add_at(&mut self, place: u32, count: u32, leaves: Time) {
        let tally = &mut self.tallies[place as usize];
        tally.sum += u64::from(count);
        let list = tally.list;
        // most leave at the last tick that is known
        let after = self.leaving.iter().rposition(|tick| tick.0 <= leaves).map_or(0, |at| at + 1);
        let tick = match after.checked_sub(1) {
            Some(tick) if self.leaving[tick].0 == leaves => tick,
            _ => {
                self.leaving.insert(after, (leaves, self.spare.pop().unwrap_or_default()));
                after
            }
        };
        let entries = &mut self.leaving[tick].1;
        if let Some(last) = entries.last_mut()
            && (last.place, last.list) == (place, list)
            && let Some(sum) = last.count.checked_add(count)
        {
            last.count = sum;
            return;
        }
        entries.push(Entry { place, list, count });
        tally.entries += 1;
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
        /// Adding, replacing and ticks in any order show what the lists themselves show.
        #[test]
        fn counts_show_what_the_lists_show(
            steps in proptest::collection::vec((0u32..3, 0u64..40, 0u64..100, 0u32..8), 0..200),
            interval in 1u64..50,
        ) {
            let mut tallies = Tallies::default();
            let mut stores = [0, 1, 2].map(|_| Store::new(StoreLayout::List));
            let id = EntryId { author: InstanceId(1), subject: Subject::Viewer(ViewerId(1), 0) };
            let (mut now, mut next_tick) = (0, interval);
            for (video, pause, lasts, count) in steps {
                now += pause;
                while next_tick <= now {
                    tallies.tick(Time::from_ns(next_tick));
                    stores.iter_mut().for_each(|store| store.clean(Time::from_ns(next_tick)));
                    next_tick += interval;
                }
                // some have expired when they come: they stay until the next tick
                let expires = (now + lasts).saturating_sub(20);
                let leaves = Time::from_ns(expires.div_ceil(interval).max(next_tick / interval) * interval);
                let store = &mut stores[video as usize];
                if count < 6 {
                    tallies.add(VideoId(video), 1, leaves);
                    store.add(id, 1, Time::from_ns(expires));
                } else {
                    // a total of nobody is one, too
                    let (count, total_built) = (7 - count, (count == 6).then_some(Time::from_ns(now)));
                    tallies.replace(VideoId(video), count, leaves, total_built);
                    store.replace(id, count, Time::from_ns(expires), total_built);
                }
                let shown = |(video, store): (u32, &Store)| (VideoId(video), store.displayed());
                let displayed = (0..).zip(&stores).map(shown).filter(|shown| shown.1 > 0);
                prop_assert_eq!(tallies.displays().collect::<Vec<_>>(), displayed.collect::<Vec<_>>());
                let total = |(video, store): (u32, &Store)| Some((VideoId(video), store.displayed_total()?));
                let totals = (0..).zip(&stores).filter_map(total);
                prop_assert_eq!(tallies.displayed_totals().collect::<Vec<_>>(), totals.collect::<Vec<_>>());
            }
        }
    }
}
