//! Counters: what each instance displays and how many really watch, at each sample; and how old totals are.

use crate::domain::federation::Federation;
use crate::domain::workload::Session;
use crate::event::Arrival;
use crate::instance::Instance;
use crate::mechanism::activity::Kind;
use crate::words::ids::{InstanceId, VideoId};
use crate::words::units::{Span, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Displayed and true viewers at every sample of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// When the samples were taken, in ns.
    pub at_ns: Vec<u64>,
    /// The interval between samples, in ns.
    pub every_ns: u64,
    /// By `VideoId`.
    pub videos: Vec<VideoCounters>,
}

/// The samples of one video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoCounters {
    /// By sample: the sessions that watch, anywhere.
    pub watching: Vec<u32>,
    /// The instances that show it, the origin first.
    pub shown: Vec<ShownCounter>,
}

/// The samples of one video at one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownCounter {
    /// The number of the instance.
    pub instance: u32,
    /// By sample: the displayed count.
    pub displayed: Vec<u32>,
}

/// The age of the newest total that a follower has received, summed over samples and followers that have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staleness {
    /// The sum of ages in whole microseconds.
    pub sum_us: u64,
    /// The number of ages.
    pub count: u64,
}

/// Notes samples while a run goes on.
pub(super) struct CounterLog<'a> {
    federation: &'a Federation,
    counters: Counters,
    staleness: Staleness,
    /// When the newest total that a follower received was built.
    newest_total: BTreeMap<(VideoId, InstanceId), Time>,
}

impl<'a> CounterLog<'a> {
    pub(super) fn new(federation: &'a Federation, every: Span) -> CounterLog<'a> {
        let shown = |instance: InstanceId| ShownCounter { instance: instance.0, displayed: Vec::new() };
        let videos = (0..federation.videos.len()).map(|video| VideoCounters {
            watching: Vec::new(),
            shown: federation.showing(VideoId::at(video)).map(shown).collect(),
        });
        CounterLog {
            federation,
            counters: Counters { at_ns: Vec::new(), every_ns: every.ns(), videos: videos.collect() },
            staleness: Staleness::default(),
            newest_total: BTreeMap::new(),
        }
    }

    pub(super) fn delivered(&mut self, message: &Arrival) {
        if message.kind == Kind::Total && self.federation.instances[message.to.index()].is_peertube {
            let newest = self.newest_total.entry((message.view.video, message.to)).or_default();
            *newest = message.view.built.max(*newest);
        }
    }

    pub(super) fn sample(&mut self, now: Time, instances: &[Instance]) {
        self.counters.at_ns.push(now.ns());
        for (video, counters) in self.counters.videos.iter_mut().enumerate() {
            for ShownCounter { instance, displayed } in &mut counters.shown {
                let count = instances[*instance as usize].displayed(VideoId::at(video));
                displayed.push(u32::try_from(count).expect("viewers are limited to u32"));
            }
        }
        for built in self.newest_total.values() {
            self.staleness.sum_us += now.since(*built).us();
            self.staleness.count += 1;
        }
    }

    pub(super) fn finish(mut self, sessions: &[Session]) -> (Counters, Staleness) {
        let mut visits = vec![Visits::default(); self.counters.videos.len()];
        for session in sessions {
            let visits = &mut visits[session.video.index()];
            visits.starts_ns.push(session.start.ns());
            visits.ends_ns.push(session.end.ns());
        }
        for (counters, visits) in self.counters.videos.iter_mut().zip(&mut visits) {
            counters.watching = visits.watching(&self.counters.at_ns);
        }
        (self.counters, self.staleness)
    }
}

/// The sessions of one video.
#[derive(Clone, Default)]
struct Visits {
    starts_ns: Vec<u64>,
    ends_ns: Vec<u64>,
}

impl Visits {
    /// How many sessions watch at each instant: those with start <= t < end.
    fn watching(&mut self, at_ns: &[u64]) -> Vec<u32> {
        self.starts_ns.sort_unstable();
        self.ends_ns.sort_unstable();
        let until = |sorted: &[u64], at: u64| sorted.partition_point(|&ns| ns <= at);
        at_ns.iter().map(|&at| (until(&self.starts_ns, at) - until(&self.ends_ns, at)) as u32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_watches_from_its_start_until_just_before_its_end() {
        let mut visits = Visits { starts_ns: vec![10, 20], ends_ns: vec![30, 25] };
        assert_eq!(visits.watching(&[9, 10, 20, 24, 25, 29, 30]), [0, 1, 2, 2, 1, 1, 0]);
    }
}
