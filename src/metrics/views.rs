//! The views counter: what each instance displays of it against the views that instances have counted of their own viewers.
//!
//! Nothing is kept by video and instance but for videos that records list: instances that display the same number are one group, and
//! an `Update` moves some of them from one group to another. Sums over samples follow from the samples at which something moves.

use crate::domain::federation::Federation;
use crate::domain::sampling::Sampling;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::step_counts::StepCounts;
use crate::mechanism::views::ViewsLog;
use crate::metrics::views_moves::{Move, ViewsMoves, merged};
use std::collections::BTreeMap;
use std::ops::Range;

/// A view that an instance counted of its own viewers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Counted {
    video: VideoId,
    /// The first sample that finds it.
    sample: u32,
    at: Time,
}

/// Notes what happens to the views counters of a run.
#[derive(Debug, Default)]
pub(super) struct ViewsNotes {
    counted: Vec<Counted>,
    moves: ViewsMoves,
}

/// Sums over samples, and pairs of a video that was viewed before and an instance that shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewsSums {
    /// The number of pairs.
    pub pairs: u64,
    /// The sum of v, the views that were counted.
    pub counted: u64,
    /// The sum of d, those that are displayed.
    pub displayed: u64,
    /// The sum of |d - v|.
    pub error_abs: u64,
    /// The sum of the times since the first view that is not displayed, in ns.
    pub lag_ns: u128,
}

/// Views of one class of a catalogue at a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassViews {
    /// The views of its videos that were counted.
    pub counted: i64,
    /// What their owners display of them.
    pub at_origins: i64,
    /// What all followers of each display of it.
    pub at_followers: i64,
    /// What those would display if they knew of all.
    pub followers_counted: i64,
}

/// The views counter of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Views {
    /// Of the owners of videos, and of their followers.
    pub sums: [ViewsSums; 2],
    /// The same when the run has ended, as if that were a sample; without times.
    pub at_end: ViewsSums,
    /// The largest difference between two instances that show a video, at a sample.
    pub disagreement_max: u32,
    /// The views that were counted.
    pub counted: u64,
    /// By catalogue and class of those that are not listed, if any was viewed: what changes before each sample.
    pub of_classes: BTreeMap<(usize, usize), Vec<ClassViews>>,
    /// By listed video: the views counted, by sample.
    pub counted_of: BTreeMap<VideoId, StepCounts>,
    /// By listed video and instance: the number displayed, by sample.
    pub displayed_of: BTreeMap<(VideoId, InstanceId), StepCounts>,
}

impl ViewsSums {
    /// Both together.
    pub(super) fn with(&self, other: &ViewsSums) -> ViewsSums {
        ViewsSums {
            pairs: self.pairs + other.pairs,
            counted: self.counted + other.counted,
            displayed: self.displayed + other.displayed,
            error_abs: self.error_abs + other.error_abs,
            lag_ns: self.lag_ns + other.lag_ns,
        }
    }
}

impl Views {
    /// The views of a listed video that were counted by a sample.
    pub fn counted(&self, video: VideoId, sample: usize) -> u32 {
        self.counted_of.get(&video).map_or(0, |counts| counts.at(sample))
    }

    /// The views of a class of a catalogue at each sample; none if nobody viewed it.
    pub fn of_class(&self, catalogue: usize, class: usize) -> impl Iterator<Item = ClassViews> {
        let changes = self.of_classes.get(&(catalogue, class)).into_iter().flatten();
        changes.scan(ClassViews::default(), |views, change| {
            views.counted += change.counted;
            views.at_origins += change.at_origins;
            views.at_followers += change.at_followers;
            views.followers_counted += change.followers_counted;
            Some(*views)
        })
    }

    /// What an instance displays of a listed video at a sample; while it is down, what it has.
    pub fn displayed(&self, video: VideoId, instance: InstanceId, sample: usize) -> u32 {
        self.displayed_of.get(&(video, instance)).map_or(0, |counts| counts.at(sample))
    }
}

impl ViewsNotes {
    /// What happened to an instance since this was last told, before the sample of a number or, behind the last one, the end of the run.
    /// Times are true time.
    pub(super) fn note(
        &mut self,
        federation: &Federation,
        instance: InstanceId,
        log: &ViewsLog,
        sample: u32,
    ) {
        self.counted.extend(log.counted.iter().map(|&(video, at)| Counted { video, sample, at }));
        for change in &log.displayed {
            self.moves.note(federation, instance, change, sample);
        }
    }

    /// All of it; `others` is what was not reported.
    pub(super) fn finish(
        self,
        federation: &Federation,
        (sampling, samples): (Sampling, u32),
        others: ViewsMoves,
    ) -> Views {
        let ViewsNotes { mut counted, mut moves } = self;
        moves.add(others);
        let ViewsMoves { moves, displayed, .. } = moves;
        let moves = merged(moves);
        counted.sort_unstable();
        let mut views = Views { counted: counted.len() as u64, displayed_of: displayed, ..Views::default() };
        let mut rest = &moves[..];
        for counted in counted.chunk_by(|one, next| one.video == next.video) {
            let video = counted[0].video;
            let first = rest.partition_point(|moved| moved.video < video);
            let (of_video, behind) =
                rest[first..].split_at(rest[first..].partition_point(|moved| moved.video == video));
            rest = behind;
            let video_views = OfVideo::new(federation, video, counted, sampling);
            match federation.catalogue_of(video) {
                None => {
                    let steps = views.counted_of.entry(video).or_default();
                    counted.iter().for_each(|view| steps.increment(view.sample));
                }
                Some(catalogue) => {
                    let class = (catalogue, federation.catalogues[catalogue].class(video));
                    let changes = views.of_classes.entry(class);
                    let none = || vec![ClassViews::default(); samples as usize];
                    video_views.note_class(of_video, changes.or_insert_with(none));
                }
            }
            video_views.walk(of_video, samples, &mut views);
        }
        views
    }
}

/// The instances that show a video that was viewed, by the number that they display.
struct OfVideo<'a> {
    /// In order.
    counted: &'a [Counted],
    /// By view: the sum of the numbers of the samples that first find those before it.
    sample_sums: Vec<u64>,
    /// Of its owner, and of its followers: by number, how many display it.
    groups: [BTreeMap<u32, i64>; 2],
    sampling: Sampling,
}

impl<'a> OfVideo<'a> {
    fn new(
        federation: &Federation,
        video: VideoId,
        counted: &'a [Counted],
        sampling: Sampling,
    ) -> OfVideo<'a> {
        let is_peertube = |id: &&InstanceId| federation.instances[id.index()].is_peertube;
        let followers =
            federation.followers[&federation.origin(video)].iter().filter(is_peertube).count() as i64;
        let mut sample_sums = vec![0];
        let mut sum = 0;
        sample_sums.extend(counted.iter().map(|view| {
            sum += u64::from(view.sample);
            sum
        }));
        let group = |instances: i64| (instances > 0).then_some((0, instances)).into_iter().collect();
        OfVideo { counted, sample_sums, groups: [group(1), group(followers)], sampling }
    }

    /// Adds its views, counted and displayed, to the changes of its class before each sample.
    fn note_class(&self, moves: &[Move], changes: &mut [ClassViews]) {
        let followers: i64 = self.groups[1].values().sum();
        for view in self.counted {
            if let Some(change) = changes.get_mut(view.sample as usize) {
                change.counted += 1;
                change.followers_counted += followers;
            }
        }
        for moved in moves {
            if let Some(change) = changes.get_mut(moved.sample as usize) {
                let displayed =
                    if moved.is_origin { &mut change.at_origins } else { &mut change.at_followers };
                *displayed += i64::from(moved.instances) * (i64::from(moved.after) - i64::from(moved.before));
            }
        }
    }

    /// Sums up over so many samples, with the moves of its instances in order.
    fn walk(mut self, moves: &[Move], samples: u32, views: &mut Views) {
        let mut from = self.counted[0].sample.min(samples);
        for moved in moves.chunk_by(|one, next| one.sample == next.sample) {
            let until = moved[0].sample.min(samples).max(from);
            self.add(from..until, views);
            from = until;
            self.regroup(moved);
        }
        self.add(from..samples, views);
        let number = self.counted.len() as u64;
        for (&displayed, &instances) in self.groups.iter().flatten() {
            let instances = instances.unsigned_abs();
            views.at_end.pairs += instances;
            views.at_end.counted += instances * number;
            views.at_end.displayed += instances * u64::from(displayed);
            views.at_end.error_abs += instances * u64::from(displayed).abs_diff(number);
        }
    }

    /// The moves before one sample. One instance may move more than once, so a group may be short of some until all have moved.
    fn regroup(&mut self, moves: &[Move]) {
        for moved in moves {
            let group = &mut self.groups[usize::from(!moved.is_origin)];
            *group.entry(moved.before).or_default() -= i64::from(moved.instances);
            *group.entry(moved.after).or_default() += i64::from(moved.instances);
        }
        for group in &mut self.groups {
            group.retain(|_, instances| *instances != 0);
            debug_assert!(
                group.values().all(|instances| *instances > 0),
                "who displays a number displayed one"
            );
        }
    }

    /// Adds some samples, at which each instance displays the same all the time.
    fn add(&self, samples: Range<u32>, views: &mut Views) {
        if samples.is_empty() {
            return;
        }
        for (sums, group) in views.sums.iter_mut().zip(&self.groups) {
            for (&displayed, &instances) in group {
                self.add_group(&samples, displayed, instances.unsigned_abs(), sums);
            }
        }
        let least =
            self.groups.iter().filter_map(|group| group.first_key_value()).map(|group| *group.0).min();
        let most = self.groups.iter().filter_map(|group| group.last_key_value()).map(|group| *group.0).max();
        let apart = most.unwrap_or(0) - least.unwrap_or(0);
        views.disagreement_max = views.disagreement_max.max(apart);
    }

    fn add_group(&self, samples: &Range<u32>, displayed: u32, instances: u64, sums: &mut ViewsSums) {
        let length = u64::from(samples.end - samples.start);
        let counted = self.counted_before(samples.end) - self.counted_before(samples.start);
        sums.pairs += instances * length;
        sums.counted += instances * counted;
        sums.displayed += instances * length * u64::from(displayed);
        // from this sample on more were counted than are displayed
        let missing = self.counted.get(displayed as usize);
        let split = missing.map_or(samples.end, |view| view.sample.clamp(samples.start, samples.end));
        let before = self.counted_before(split) - self.counted_before(samples.start);
        let [enough, lacking] = [split - samples.start, samples.end - split].map(u64::from);
        let too_many = u64::from(displayed) * enough - before;
        let too_few = counted - before - u64::from(displayed) * lacking;
        sums.error_abs += instances * (too_many + too_few);
        if let Some(view) = missing {
            let since = |sample: u32| self.sampling.at(u64::from(sample)).since(view.at).ns();
            let ages =
                if lacking == 0 { 0 } else { u128::from(since(split)) + u128::from(since(samples.end - 1)) };
            // an arithmetic series
            sums.lag_ns += u128::from(instances) * (ages * u128::from(lacking) / 2);
        }
    }

    /// The sum over the samples before one of the views counted by then.
    fn counted_before(&self, sample: u32) -> u64 {
        let found = self.counted.partition_point(|view| view.sample < sample);
        found as u64 * u64::from(sample) - self.sample_sums[found]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::federation::{Capacity, Follows, FollowsAs, Instance, Video};
    use crate::domain::protocol::Rules;
    use crate::domain::receiving::Receiving;
    use crate::foundation::ids::ListingId;
    use crate::foundation::random::Seed;
    use crate::foundation::units::Span;
    use crate::mechanism::views::DisplayedViews;
    use proptest::prelude::*;

    const VIDEO: VideoId = VideoId(0);
    const INSTANCES: usize = 4;
    const SAMPLES: u32 = 12;

    fn federation() -> Federation {
        let instance = |id: usize| Instance {
            name: format!("i{id}"),
            url: format!("https://i{id}.example"),
            rules: Rules::preset("v2").expect("a preset"),
            host: InstanceId::at(id),
            is_peertube: true,
            region: 0,
            capacity: Capacity::default(),
            receiving: Receiving::AT_ONCE,
            follows_as: FollowsAs::Server,
        };
        let video = Video { name: "clip".into(), origin: InstanceId(0), length: None, listing: ListingId(0) };
        let seed = Seed { seed: 1, replication: 0 };
        let followers = Follows::Everybody.lists(INSTANCES, [InstanceId(0)], seed);
        Federation::new((0..INSTANCES).map(instance).collect(), [video], followers)
    }

    /// Sums over every sample and instance, one by one.
    fn one_by_one(counted: &[(u32, Time)], shown: &[Vec<u32>], sampling: Sampling) -> ([ViewsSums; 2], u32) {
        let (mut sums, mut apart) = ([ViewsSums::default(); 2], 0);
        for sample in 0..SAMPLES {
            let number = counted.iter().filter(|view| view.0 <= sample).count() as u64;
            if number == 0 {
                continue;
            }
            let now: Vec<u32> = shown.iter().map(|of_instance| of_instance[sample as usize]).collect();
            apart = apart.max(now.iter().max().expect("some") - now.iter().min().expect("some"));
            for (id, &displayed) in now.iter().enumerate() {
                let sums = &mut sums[usize::from(id > 0)];
                sums.pairs += 1;
                sums.counted += number;
                sums.displayed += u64::from(displayed);
                sums.error_abs += number.abs_diff(u64::from(displayed));
                let missing = counted.get(displayed as usize).filter(|_| u64::from(displayed) < number);
                let now = sampling.at(u64::from(sample));
                sums.lag_ns += missing.map_or(0, |view| u128::from(now.since(view.1).ns()));
            }
        }
        (sums, apart)
    }

    proptest! {
        /// Groups and segments of samples give what sums over every sample and instance give.
        #[test]
        fn groups_are_as_good_as_single_instances(
            gaps_ms in prop::collection::vec(0u64..4_000, 0..20),
            mut changes in prop::collection::vec((0u32..=SAMPLES, 0usize..INSTANCES, 0u32..25), 0..40),
            split in 0usize..40,
        ) {
            let federation = federation();
            let sampling = Sampling { from: Time::from_ms(500), every: Span::from_ms(2_000), bucket: Span::from_ms(1) };
            let mut at = Time::ZERO;
            let counted: Vec<(u32, Time)> = gaps_ms.iter().map(|&gap| {
                at += Span::from_ms(gap);
                (sampling.count_until(at) as u32, at)
            }).collect();
            changes.sort_by_key(|change| change.0);
            let mut notes = ViewsNotes::default();
            let mut others = ViewsMoves::default();
            for &(sample, at) in &counted {
                let log = ViewsLog { counted: vec![(VIDEO, at)], displayed: Vec::new() };
                notes.note(&federation, InstanceId(1), &log, sample);
            }
            let mut shown = vec![vec![0; SAMPLES as usize + 1]; INSTANCES];
            for (number, &(sample, id, after)) in changes.iter().enumerate() {
                let before = shown[id][sample as usize];
                shown[id][sample as usize..].fill(after);
                let change = DisplayedViews { video: VIDEO, before, after };
                // some are reported, some come from elsewhere
                if id < split % INSTANCES {
                    let log = ViewsLog { counted: Vec::new(), displayed: vec![change] };
                    notes.note(&federation, InstanceId::at(id), &log, sample);
                } else {
                    others.note(&federation, InstanceId::at(id), &change, sample);
                    if number % 3 == 0 {
                        others.merge();
                    }
                }
            }
            let views = notes.finish(&federation, (sampling, SAMPLES), others);
            prop_assert_eq!((views.sums, views.disagreement_max), one_by_one(&counted, &shown, sampling));
            let at_end: Vec<u64> = shown.iter().map(|of_instance| u64::from(of_instance[SAMPLES as usize])).collect();
            if !counted.is_empty() {
                let number = counted.len() as u64;
                let error: u64 = at_end.iter().map(|displayed| displayed.abs_diff(number)).sum();
                prop_assert_eq!((views.at_end.displayed, views.at_end.error_abs), (at_end.iter().sum::<u64>(), error));
            }
            for (id, of_instance) in shown.iter().enumerate() {
                let displayed = (0..SAMPLES as usize).map(|sample| views.displayed(VIDEO, InstanceId::at(id), sample));
                prop_assert!(displayed.eq(of_instance[..SAMPLES as usize].iter().copied()));
            }
        }
    }
}
