//! Counters: what each instance displays and how many really watch, at each sample; and how old totals are.

use crate::domain::federation::Federation;
use crate::domain::workload::{Session, watching};
use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::activity::Kind;

use std::collections::BTreeMap;

/// Displayed and true viewers at every sample of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters {
    /// When the samples were taken, in ns.
    pub at_ns: Vec<u64>,
    /// The interval between samples, in ns.
    pub every_ns: u64,
    /// By `VideoId`.
    pub videos: Vec<VideoCounters>,
}

/// The samples of one video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoCounters {
    /// By sample: the sessions that watch, anywhere.
    pub watching: Vec<u32>,
    /// The instances that show it, the origin first.
    pub shown: Vec<ShownCounter>,
}

/// The samples of one video at one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownCounter {
    /// The number of the instance.
    pub instance: u32,
    /// By sample: the displayed count, none while the instance is down.
    pub displayed: Vec<Option<u32>>,
}

/// The age of the newest total that took effect at a follower, summed over samples and followers that have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// When the newest total was built that took effect at a follower.
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

    pub(super) fn processed(&mut self, message: &Message) {
        if message.kind == Kind::Total && self.federation.instances[message.to.index()].is_peertube {
            let newest = self.newest_total.entry((message.activity.video, message.to)).or_default();
            *newest = message.authored.max(*newest);
        }
    }

    pub(super) fn sample(&mut self, now: Time, instances: &[Instance]) {
        self.counters.at_ns.push(now.ns());
        for (video, counters) in self.counters.videos.iter_mut().enumerate() {
            for ShownCounter { instance, displayed } in &mut counters.shown {
                let instance = &instances[*instance as usize];
                // what servers of others claim may add up to more
                let count = u32::try_from(instance.displayed(VideoId::at(video))).unwrap_or(u32::MAX);
                displayed.push(instance.is_up().then_some(count));
            }
        }
        for built in self.newest_total.values() {
            self.staleness.sum_us += now.since(*built).us();
            self.staleness.count += 1;
        }
    }

    pub(super) fn finish(mut self, sessions: &[Session]) -> (Counters, Staleness) {
        let Counters { at_ns, videos, .. } = &mut self.counters;
        let samples: Vec<Time> = at_ns.iter().copied().map(Time::from_ns).collect();
        let watched = watching(sessions, videos.len(), &samples);
        for (counters, watching) in videos.iter_mut().zip(watched) {
            counters.watching = watching;
        }
        (self.counters, self.staleness)
    }
}
