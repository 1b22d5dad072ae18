//! Sums over samples of what instances display of the views of one video: those that display the same number are one group, and
//! between two moves every sample is alike.

use crate::domain::sampling::Sampling;
use crate::foundation::ids::VideoId;
use crate::foundation::units::Time;
use crate::metrics::views::{ClassViews, Views, ViewsSums};
use crate::metrics::views_moves::Move;
use crate::metrics::views_outages::Showing;
use std::collections::BTreeMap;
use std::ops::Range;

/// A view that an instance counted of its own viewers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Counted {
    pub(super) video: VideoId,
    /// The first sample that finds it.
    pub(super) sample: u32,
    pub(super) at: Time,
}

/// The instances that show a video that was viewed, by the number that they display.
pub(super) struct OfVideo<'a> {
    /// In order.
    counted: &'a [Counted],
    /// By view: the sum of the numbers of the samples that first find those before it.
    sample_sums: Vec<u64>,
    /// Of its owner, and of its followers: by number, how many display it.
    groups: [BTreeMap<u32, i64>; 2],
    sampling: Sampling,
}

impl<'a> OfVideo<'a> {
    /// A video that was viewed, with so many followers of its owner that show it.
    pub(super) fn new(counted: &'a [Counted], followers: i64, sampling: Sampling) -> OfVideo<'a> {
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
    pub(super) fn note_class(&self, moves: &[Move], showing: &Showing<'_>, changes: &mut [ClassViews]) {
        for view in self.counted {
            if let Some(change) = changes.get_mut(view.sample as usize) {
                change.counted += 1;
                change.followers_counted += showing.up_at(view.sample);
            }
        }
        for &(sample, more) in &showing.changes {
            if let Some(change) = changes.get_mut(sample as usize) {
                let counted_before = self.counted.partition_point(|view| view.sample < sample) as i64;
                change.followers_counted += more * counted_before;
            }
        }
        for moved in moves {
            if let Some(change) = changes.get_mut(moved.sample as usize) {
                let displayed =
                    if moved.is_origin { &mut change.at_origins } else { &mut change.at_followers };
                let [before, after] =
                    [moved.before, moved.after].map(|number| i64::from(number.unwrap_or(0)));
                *displayed += i64::from(moved.instances) * (after - before);
            }
        }
    }

    /// Sums up over so many samples, with the moves of its instances in order.
    pub(super) fn walk(mut self, moves: &[Move], samples: u32, views: &mut Views) {
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
            if let Some(before) = moved.before {
                *group.entry(before).or_default() -= i64::from(moved.instances);
            }
            if let Some(after) = moved.after {
                *group.entry(after).or_default() += i64::from(moved.instances);
            }
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
