//! Counters: what each instance displays and how many really watch, at each sample; and how old totals are.
//!
//! Memory is taken by what is watched or displayed, not by each video at each instance.

use crate::domain::audience::Audience;
use crate::domain::federation::Federation;
use crate::domain::workload::{Session, watching};
use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::activity::Kind;
use crate::mechanism::sparse_counts::SparseCounts;
use crate::metrics::catalogue_sums::{CatalogueSums, Whose};
use std::collections::BTreeMap;
use std::ops::Range;

/// Displayed and true viewers at every sample of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// When the samples were taken, in ns.
    pub at_ns: Vec<u64>,
    /// The interval between samples, in ns.
    pub every_ns: u64,
    /// By video that has sessions: those that watch, anywhere.
    pub watching: BTreeMap<VideoId, SparseCounts>,
    /// By video and instance that shows it, if that ever displays a viewer: the displayed counts.
    pub displayed: BTreeMap<(VideoId, InstanceId), SparseCounts>,
    /// By instance: the samples at which it is down and displays nothing, ascending.
    pub down: BTreeMap<InstanceId, Vec<Range<usize>>>,
}

/// What one instance displayed at each sample, by video of which it ever displayed a viewer.
pub type Displayed = BTreeMap<VideoId, SparseCounts>;

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
    audience: &'a Audience,
    /// By instance: whether what it displays of others' videos is sampled elsewhere.
    is_replayed: Vec<bool>,
    catalogues: CatalogueSums,
    counters: Counters,
    staleness: Staleness,
    /// When the newest total was built that took effect at a follower.
    newest_total: BTreeMap<(VideoId, InstanceId), Time>,
}

impl Counters {
    /// The number of samples.
    pub fn samples(&self) -> usize {
        self.at_ns.len()
    }

    /// The sessions that watch a video at a sample.
    pub fn watching(&self, video: VideoId, sample: usize) -> u32 {
        self.watching.get(&video).map_or(0, |counts| counts.at(sample))
    }

    /// What an instance that shows a video displays at a sample; none while it is down.
    pub fn displayed(&self, video: VideoId, instance: InstanceId, sample: usize) -> Option<u32> {
        let count = || self.displayed.get(&(video, instance)).map_or(0, |counts| counts.at(sample));
        self.is_up(instance, sample).then(count)
    }

    /// The displayed counts of a video, by instance that ever displays a viewer of it.
    pub fn displayed_of(&self, video: VideoId) -> impl Iterator<Item = (InstanceId, &SparseCounts)> {
        let of_video = (video, InstanceId(0))..=(video, InstanceId(u32::MAX));
        self.displayed.range(of_video).map(|((_, instance), counts)| (*instance, counts))
    }

    /// Whether an instance is up at a sample.
    pub fn is_up(&self, instance: InstanceId, sample: usize) -> bool {
        let Some(down) = self.down.get(&instance) else { return true };
        let next = down.partition_point(|samples| samples.end <= sample);
        down.get(next).is_none_or(|samples| !samples.contains(&sample))
    }

    fn note_down(&mut self, instance: InstanceId, sample: usize) {
        let down = self.down.entry(instance).or_default();
        match down.last_mut().filter(|last| last.end == sample) {
            Some(last) => last.end += 1,
            None => down.push(sample..sample + 1),
        }
    }
}

impl<'a> CounterLog<'a> {
    pub(super) fn new(federation: &'a Federation, audience: &'a Audience, every: Span) -> CounterLog<'a> {
        CounterLog {
            federation,
            audience,
            is_replayed: vec![false; federation.instances.len()],
            catalogues: CatalogueSums::default(),
            counters: Counters { every_ns: every.ns(), ..Counters::default() },
            staleness: Staleness::default(),
            newest_total: BTreeMap::new(),
        }
    }

    /// What an instance displays of others' videos comes with what is not reported.
    pub(super) fn is_replayed(&mut self, instance: InstanceId) {
        self.is_replayed[instance.index()] = true;
    }

    pub(super) fn processed(&mut self, message: &Message) {
        if message.kind == Kind::Total && self.federation.instances[message.to.index()].is_peertube {
            let newest = self.newest_total.entry((message.activity.video, message.to)).or_default();
            *newest = message.authored.max(*newest);
        }
    }

    pub(super) fn sample(&mut self, now: Time, instances: &[Instance]) {
        let sample = self.counters.samples();
        self.counters.at_ns.push(now.ns());
        for instance in instances {
            if !instance.is_up() {
                self.counters.note_down(instance.id(), sample);
                continue;
            }
            let id = instance.id();
            let whose = if self.is_replayed[id.index()] { Whose::Own } else { Whose::All };
            let of = (self.federation, self.audience);
            self.catalogues.sample(of, (id, whose), sample, instance.displays());
            for (video, count) in instance.displays() {
                let is_here = whose == Whose::All || self.federation.origin(video) == id;
                if is_here && self.federation.catalogue_of(video).is_none() {
                    self.counters.displayed.entry((video, id)).or_default().add(sample, count);
                }
            }
        }
        for built in self.newest_total.values() {
            self.staleness.sum_us += now.since(*built).us();
            self.staleness.count += 1;
        }
    }

    /// All counters; the others are what replayed instances displayed.
    pub(super) fn finish(
        self,
        sessions: &[Session],
        (replayed, of_catalogues): (Vec<(InstanceId, Displayed)>, &CatalogueSums),
    ) -> (Counters, Staleness, CatalogueSums) {
        let CounterLog { federation, mut counters, staleness, mut catalogues, .. } = self;
        for (instance, displayed) in replayed {
            let pairs = displayed.into_iter().map(|(video, counts)| ((video, instance), counts));
            counters.displayed.extend(pairs);
        }
        // people may watch at an instance that does not show the video
        counters.displayed.retain(|&(video, instance), _| federation.shows(instance, video));
        let samples: Vec<Time> = counters.at_ns.iter().copied().map(Time::from_ns).collect();
        counters.watching = watching(sessions, &samples);
        catalogues.add(of_catalogues);
        (counters, staleness, catalogues)
    }
}
