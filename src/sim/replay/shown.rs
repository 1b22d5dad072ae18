//! What a follower shows: counts per tick, or the `Instance` that the run itself uses.

use crate::foundation::ids::VideoId;
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::tally::Tally;

/// Where what it shows is kept.
pub(in crate::sim) enum Shown {
    Tallies(Tallies),
    Instance(Box<Instance>),
}

/// The tallies of a follower, by video that anything came about.
#[derive(Default)]
pub(in crate::sim) struct Tallies {
    pub(in crate::sim) all: Vec<(VideoId, Tally)>,
    /// Which was asked for last.
    last: usize,
}

impl Tallies {
    pub(in crate::sim) fn of(&mut self, video: VideoId) -> &mut Tally {
        if self.all.get(self.last).is_none_or(|tally| tally.0 != video) {
            self.last = self.all.binary_search_by_key(&video, |tally| tally.0).unwrap_or_else(|place| {
                self.all.insert(place, (video, Tally::default()));
                place
            });
        }
        &mut self.all[self.last].1
    }

    pub(in crate::sim) fn displayed(&self, video: VideoId) -> u64 {
        let found = self.all.binary_search_by_key(&video, |tally| tally.0);
        found.map_or(0, |place| self.all[place].1.displayed())
    }
}

impl Shown {
    pub(in crate::sim) fn displayed(&self, video: VideoId) -> u64 {
        match self {
            Shown::Tallies(tallies) => tallies.displayed(video),
            Shown::Instance(instance) => instance.displayed(video),
        }
    }
}

/// The first tick at or after `expires`, from the next one on.
pub(in crate::sim) fn leaving_tick(next_tick: Time, interval: Span, expires: Time) -> Time {
    match expires.since(next_tick) {
        Span::ZERO => next_tick,
        after if after <= interval => next_tick + interval,
        after => next_tick + interval * after.ns().div_ceil(interval.ns()),
    }
}
