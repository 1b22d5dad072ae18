//! Ties of a recording that is written: what an instance meets in the same millisecond, where what it does may depend on an order that only the
//! simulator has (docs/model.md). Two heartbeats are none: each says only that its own viewer is there. Times are whole milliseconds since T0.

use crate::conform::recording::{Recording, RecordingInstance};
use std::collections::BTreeMap;
use std::fmt;

const BEAT: &str = "a heartbeat";

/// Two things that an instance meets in the same millisecond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The name of the instance.
    pub instance: String,
    /// When.
    pub at_ms: u64,
    /// What they are.
    pub things: [&'static str; 2],
}

impl fmt::Display for Tie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tie { instance, at_ms, things: [one, other] } = self;
        write!(f, "{instance} meets {one} and {other} at {at_ms} ms")
    }
}

impl Recording {
    /// All ties, by instance and time.
    pub fn ties(&self) -> impl Iterator<Item = Tie> {
        let mut met: BTreeMap<&str, Vec<(u64, &'static str)>> = BTreeMap::new();
        for instance in &self.instances {
            let own = met.entry(&instance.name).or_default();
            own.extend(self.ticks(instance));
            own.extend(self.samples.iter().map(|row| (row.at_ms, "a sample")));
        }
        let beats = self.beats.iter().map(|beat| (&beat.instance, beat.at_ms, BEAT));
        let of_visits = self.visits.iter().flat_map(|visit| {
            let times = (visit.start_ms..visit.end_ms).step_by(visit.period_ms as usize);
            times.map(|at_ms| (&visit.instance, at_ms, BEAT))
        });
        let restarts = self.restarts.iter().map(|(instance, _, at_ms)| (instance, *at_ms, "a restart"));
        let arrivals = self.messages.iter().filter_map(|row| Some((&row.to, row.arrives_ms?, "a message")));
        for (instance, at_ms, what) in beats.chain(of_visits).chain(restarts).chain(arrivals) {
            met.entry(instance).or_default().push((at_ms, what));
        }
        let last_ms = self.duration_ms;
        met.into_iter().flat_map(move |(instance, mut met)| {
            met.retain(|(at_ms, _)| *at_ms <= last_ms);
            met.sort_unstable();
            let is_tie =
                |pair: &&[(u64, &str)]| pair[0].0 == pair[1].0 && (pair[0].1, pair[1].1) != (BEAT, BEAT);
            let pairs: Vec<_> = met.windows(2).filter(is_tie).collect();
            let tie = |pair: &&[(u64, &'static str)]| Tie {
                instance: instance.to_owned(),
                at_ms: pair[0].0,
                things: [pair[0].1, pair[1].1],
            };
            pairs.iter().map(tie).collect::<Vec<_>>()
        })
    }

    /// The ticks of an instance, and when it says a total after them. A restart begins them anew.
    fn ticks(&self, instance: &RecordingInstance) -> Vec<(u64, &'static str)> {
        let every_ms = instance.times.tick_interval_ms;
        let own = self.restarts.iter().filter(|(name, ..)| *name == instance.name);
        let mut restarts: Vec<u64> = own.map(|&(_, _, at_ms)| at_ms).filter(|&at_ms| at_ms > 0).collect();
        restarts.sort_unstable();
        let begins = restarts.iter().map(|at_ms| at_ms + every_ms);
        let begins: Vec<u64> = [instance.tick_phase_ms].into_iter().chain(begins).collect();
        let ends = restarts.iter().copied().chain([self.duration_ms + 1]);
        let ticks = begins.iter().zip(ends).flat_map(|(&from_ms, until_ms)| {
            let ticks = (from_ms..until_ms).step_by(every_ms as usize).map(move |at_ms| (at_ms, "a tick"));
            let says =
                ticks.clone().filter_map(|(at_ms, _)| Some((at_ms + instance.spread_ms?, "a total to say")));
            // what was to be said is forgotten
            ticks.chain(says.filter(move |(at_ms, _)| *at_ms < until_ms))
        });
        ticks.collect()
    }
}
