//! Counters: what each instance displays and how many really watch, at each sample; and how old totals are.
//!
//! Memory is taken by what is watched or displayed, not by each video at each instance.

use crate::domain::audience::Audience;
use crate::domain::federation::Federation;
use crate::domain::sampling::Sampling;
use crate::domain::viewers::watching;
use crate::domain::workload::Session;
use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::activity::{Activity, Kind};
use crate::mechanism::sparse_counts::SparseCounts;
use crate::mechanism::views::ViewsLog;
use crate::metrics::catalogue_sums::{CatalogueSums, Whose};
use crate::metrics::views::Views;
use crate::metrics::views_moves::ViewsMoves;
use crate::metrics::views_notes::ViewsNotes;
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
    /// By video and instance that shows it, if it has sessions there: those that watch there.
    pub watching_at: BTreeMap<(VideoId, InstanceId), SparseCounts>,
    /// By video and instance that shows it, if that ever displays a viewer: the displayed counts.
    pub displayed: BTreeMap<(VideoId, InstanceId), SparseCounts>,
    /// By instance: the samples at which it is down and displays nothing, ascending.
    pub down: BTreeMap<InstanceId, Vec<Range<usize>>>,
}

/// What one instance displayed at each sample, by video of which it ever displayed a viewer.
pub type Displayed = BTreeMap<VideoId, SparseCounts>;

/// The age of the totals that followers display, summed over samples and followers that display one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Staleness {
    /// The sum of ages in whole microseconds.
    pub sum_us: u64,
    /// The number of ages.
    pub count: u64,
}

/// Notes the ages of displayed totals.
#[derive(Debug, Default)]
pub struct TotalAges {
    /// By video of which a total took effect whose origin's clock, which dates it, is ahead of the true time: how far.
    clock_ahead: BTreeMap<VideoId, Span>,
    staleness: Staleness,
}

/// Notes samples while a run goes on.
pub(super) struct CounterLog<'a> {
    federation: &'a Federation,
    audience: &'a Audience,
    /// By instance: whether what it displays of others' videos is sampled elsewhere.
    is_replayed: Vec<bool>,
    catalogues: CatalogueSums,
    sampling: Sampling,
    counters: Counters,
    ages: TotalAges,
    /// What happens to views counters, if anybody tells followers of views.
    views: Option<ViewsNotes>,
}

impl Staleness {
    /// Adds the ages of other samples or followers.
    pub fn add(&mut self, other: Staleness) {
        self.sum_us += other.sum_us;
        self.count += other.count;
    }
}

impl TotalAges {
    /// A total takes effect, which was built at `authored` by the true clock.
    pub fn took_effect(&mut self, total: &Activity, authored: Time) {
        self.is_dated(total.video, total.built.since(authored));
    }

    /// Totals of a video are dated by a clock that is so far ahead of the true time.
    pub fn is_dated(&mut self, video: VideoId, ahead: Span) {
        if ahead > Span::ZERO {
            self.clock_ahead.insert(video, ahead);
        }
    }

    /// At a sample a follower displays these totals, each built at an instant by the clock of its origin.
    pub fn sample(&mut self, now: Time, displayed: impl Iterator<Item = (VideoId, Time)>) {
        for (video, built) in displayed {
            let built = built.before(self.clock_ahead.get(&video).copied().unwrap_or_default());
            self.staleness.add(Staleness { sum_us: now.since(built).us(), count: 1 });
        }
    }

    /// All of them.
    pub fn staleness(&self) -> Staleness {
        self.staleness
    }
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
    pub(super) fn new(
        federation: &'a Federation,
        audience: &'a Audience,
        sampling: Sampling,
        tells_views: bool,
    ) -> CounterLog<'a> {
        CounterLog {
            federation,
            audience,
            is_replayed: vec![false; federation.instances.len()],
            catalogues: CatalogueSums::default(),
            sampling,
            counters: Counters { every_ns: sampling.every.ns(), ..Counters::default() },
            ages: TotalAges::default(),
            views: tells_views.then(ViewsNotes::default),
        }
    }

    /// What an instance displays of others' videos comes with what is not reported.
    pub(super) fn is_replayed(&mut self, instance: InstanceId) {
        self.is_replayed[instance.index()] = true;
    }

    pub(super) fn processed(&mut self, message: &Message) {
        if message.kind == Kind::Total {
            message.activities().for_each(|total| self.ages.took_effect(total, message.authored));
        }
    }

    /// An origin answers with a total of a video, which its clock dates, so far ahead of the true time.
    pub(super) fn answers(&mut self, video: VideoId, ahead: Span) {
        self.ages.is_dated(video, ahead);
    }

    /// What happened to the views counter of an instance since the sample before.
    pub(super) fn views(&mut self, instance: InstanceId, log: &ViewsLog) {
        if let Some(views) = &mut self.views {
            views.note(self.federation, instance, log, self.counters.at_ns.len() as u32);
        }
    }

    pub(super) fn sample(&mut self, now: Time, instances: &[Instance]) {
        let sample = self.counters.samples();
        self.counters.at_ns.push(now.ns());
        for instance in instances {
            if let Some(views) = &mut self.views {
                views.sample(instance, sample as u32);
            }
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
            // an origin displays no total of its own
            if whose == Whose::All {
                self.ages.sample(now, instance.displayed_totals());
            }
        }
    }

    /// All counters; the others are what replayed instances displayed.
    pub(super) fn finish(
        self,
        sessions: &[Session],
        (replayed, of_catalogues): (Vec<(InstanceId, Displayed)>, &CatalogueSums),
        views_moves: ViewsMoves,
    ) -> (Counters, Staleness, CatalogueSums, Option<Views>) {
        let CounterLog { federation, mut counters, ages, mut catalogues, sampling, views, .. } = self;
        for (instance, displayed) in replayed {
            let pairs = displayed.into_iter().map(|(video, counts)| ((video, instance), counts));
            counters.displayed.extend(pairs);
        }
        // people may watch at an instance that does not show the video
        counters.displayed.retain(|&(video, instance), _| federation.shows(instance, video));
        let samples: Vec<Time> = counters.at_ns.iter().copied().map(Time::from_ns).collect();
        let listed: Vec<Session> = sessions
            .iter()
            .filter(|session| federation.catalogue_of(session.video).is_none())
            .copied()
            .collect();
        counters.watching = watching(&listed, &samples, |session| session.video);
        counters.watching_at = watching(&listed, &samples, |session| (session.video, session.instance));
        counters.watching_at.retain(|&(video, instance), _| federation.shows(instance, video));
        catalogues.add(of_catalogues);
        let samples = (sampling, counters.samples() as u32);
        let views = views.map(|views| views.finish(federation, samples, views_moves));
        (counters, ages.staleness(), catalogues, views)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::activity::{Form, Stamp, Subject};

    /// The clock of the origin is a minute ahead; nobody has heard of the other video's.
    #[test]
    fn ages_are_of_true_time() {
        let (now, built) = (Time::from_ms(90_000), Time::from_ms(61_500));
        let total = Activity {
            video: VideoId(3),
            author: InstanceId(0),
            subject: Subject::Total,
            result: Some(7),
            views: None,
            built,
            expires: None,
            stamp: Stamp::default(),
            form: Form::V61,
        };
        let mut ages = TotalAges::default();
        ages.took_effect(&total, Time::from_ms(1_500));
        ages.sample(now, [(VideoId(3), built), (VideoId(4), built)].into_iter());
        ages.sample(now, std::iter::empty());
        assert_eq!(ages.staleness(), Staleness { sum_us: 88_500_000 + 28_500_000, count: 2 });
    }
}
