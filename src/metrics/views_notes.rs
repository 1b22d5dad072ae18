//! What happens to the views counters of a run, noted while it runs.

use crate::domain::federation::Federation;
use crate::domain::sampling::Sampling;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::instance::Instance;
use crate::mechanism::views::ViewsLog;
use crate::metrics::views::{ClassViews, Views};
use crate::metrics::views_groups::{Counted, OfVideo};
use crate::metrics::views_moves::{ViewsMoves, merged};
use crate::metrics::views_outages::{Outage, Showing};
use std::collections::BTreeMap;

/// Notes what happens to the views counters of a run.
#[derive(Debug, Default)]
pub(super) struct ViewsNotes {
    counted: Vec<Counted>,
    moves: ViewsMoves,
    outages: BTreeMap<InstanceId, Vec<Outage>>,
}

impl ViewsNotes {
    /// What happened to an instance since this was last told, before the sample of a number or, behind the last one, the end of the run.
    /// Times are true time. While samples find it down no group of instances has it, so what it displays is noted for its return.
    pub(super) fn note(
        &mut self,
        federation: &Federation,
        instance: InstanceId,
        log: &ViewsLog,
        sample: u32,
    ) {
        self.counted.extend(log.counted.iter().map(|&(video, at)| Counted { video, sample, at }));
        for change in &log.displayed {
            match lasting(&mut self.outages, instance) {
                Some(outage) => {
                    outage.displays_then.insert(change.video, change.after);
                    self.moves.note_number(federation, instance, change, sample);
                }
                None => self.moves.note(federation, instance, change, sample),
            }
        }
    }

    /// At a sample an instance is up, or not.
    pub(super) fn sample(&mut self, instance: &Instance, sample: u32) {
        let displayed = || instance.all_displayed_views().collect();
        self.note_up(instance.id(), instance.is_up(), displayed, sample);
    }

    /// The same; `displayed` are the numbers that it displays, or would if it were up.
    fn note_up(
        &mut self,
        instance: InstanceId,
        is_up: bool,
        displayed: impl FnOnce() -> Vec<(VideoId, u32)>,
        sample: u32,
    ) {
        match (lasting(&mut self.outages, instance), is_up) {
            (Some(outage), true) => outage.until = Some(sample),
            (None, false) => {
                let outage = Outage {
                    from: sample,
                    until: None,
                    displayed: displayed(),
                    displays_then: BTreeMap::new(),
                };
                self.outages.entry(instance).or_default().push(outage);
            }
            _ => {}
        }
    }

    /// All of it; `others` is what was not reported.
    pub(super) fn finish(
        self,
        federation: &Federation,
        (sampling, samples): (Sampling, u32),
        others: ViewsMoves,
    ) -> Views {
        let ViewsNotes { mut counted, mut moves, outages } = self;
        moves.add(others);
        let ViewsMoves { moves, displayed, .. } = moves;
        let moves = merged(moves);
        counted.sort_unstable();
        let mut views = Views { counted: counted.len() as u64, displayed_of: displayed, ..Views::default() };
        let mut rest = &moves[..];
        let mut by_owner: BTreeMap<InstanceId, Showing<'_>> = BTreeMap::new();
        for counted in counted.chunk_by(|one, next| one.video == next.video) {
            let video = counted[0].video;
            let first = rest.partition_point(|moved| moved.video < video);
            let (of_video, behind) =
                rest[first..].split_at(rest[first..].partition_point(|moved| moved.video == video));
            rest = behind;
            let owner = federation.origin(video);
            let showing = by_owner.entry(owner).or_insert_with(|| Showing::of(federation, owner, &outages));
            let of_video = &showing.with_outages(video, of_video);
            let video_views = OfVideo::new(counted, showing.followers, sampling);
            match federation.catalogue_of(video) {
                None => {
                    let steps = views.counted_of.entry(video).or_default();
                    counted.iter().for_each(|view| steps.increment(view.sample));
                }
                Some(catalogue) => {
                    let class = (catalogue, federation.catalogues[catalogue].class(video));
                    let changes = views.of_classes.entry(class);
                    let none = || vec![ClassViews::default(); samples as usize];
                    video_views.note_class(of_video, showing, changes.or_insert_with(none));
                }
            }
            video_views.walk(of_video, samples, &mut views);
        }
        views
    }
}

/// The outage of an instance that has not ended.
fn lasting(outages: &mut BTreeMap<InstanceId, Vec<Outage>>, instance: InstanceId) -> Option<&mut Outage> {
    outages.get_mut(&instance)?.last_mut().filter(|outage| outage.until.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foundation::units::Span;
    use crate::foundation::units::Time;
    use crate::mechanism::views::DisplayedViews;
    use crate::metrics::test_federation::federation;
    use crate::metrics::views::ViewsSums;
    use proptest::prelude::*;
    use std::ops::Range;

    const VIDEO: VideoId = VideoId(0);
    /// Those that show the video; one more follower is not PeerTube.
    const INSTANCES: usize = 3;
    const SAMPLES: u32 = 12;

    /// Sums over every sample and instance, one by one.
    fn one_by_one(
        counted: &[(u32, Time)],
        shown: &[Vec<u32>],
        down: &[(usize, Range<u32>)],
        sampling: Sampling,
    ) -> ([ViewsSums; 2], u32) {
        let (mut sums, mut apart) = ([ViewsSums::default(); 2], 0);
        for sample in 0..SAMPLES {
            let number = counted.iter().filter(|view| view.0 <= sample).count() as u64;
            if number == 0 {
                continue;
            }
            let is_up = |id: &usize| !down.iter().any(|(of, samples)| of == id && samples.contains(&sample));
            let now: Vec<(usize, u32)> =
                (0..INSTANCES).filter(is_up).map(|id| (id, shown[id][sample as usize])).collect();
            let numbers = || now.iter().map(|shown| shown.1);
            apart = apart.max(numbers().max().unwrap_or(0) - numbers().min().unwrap_or(0));
            for &(id, displayed) in &now {
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
            // also of those who are down: they may have been up between two samples
            mut changes in prop::collection::vec((0u32..=SAMPLES, 0usize..INSTANCES, 0u32..25), 0..40),
            split in 0usize..40,
            down in prop::collection::vec((0usize..INSTANCES, 0u32..SAMPLES, 1u32..=SAMPLES), 0..3),
        ) {
            let federation = federation();
            let sampling = Sampling { from: Time::from_ms(500), every: Span::from_ms(2_000), bucket: Span::from_ms(1) };
            let mut at = Time::ZERO;
            let counted: Vec<(u32, Time)> = gaps_ms.iter().map(|&gap| {
                at += Span::from_ms(gap);
                (sampling.count_until(at) as u32, at)
            }).collect();
            changes.sort_by_key(|change| change.0);
            // who is not reported is up all the time, or never and without any number
            let is_reported = |id: usize| id < split % (INSTANCES + 1);
            let down: Vec<(usize, Range<u32>)> = down.into_iter().map(|(id, from, length)| {
                (id, if is_reported(id) { from..from + length } else { 0..SAMPLES })
            }).collect();
            let is_down = |id, sample: u32| down.iter().any(|(of, samples)| *of == id && samples.contains(&sample));
            changes.retain(|&(_, id, _)| is_reported(id) || !is_down(id, 0));
            let mut notes = ViewsNotes::default();
            let mut others = ViewsMoves::default();
            for &(sample, at) in &counted {
                let log = ViewsLog { counted: vec![(VIDEO, at)], displayed: Vec::new() };
                notes.note(&federation, InstanceId(1), &log, sample);
            }
            let mut shown = vec![vec![0; SAMPLES as usize + 1]; INSTANCES];
            for sample in 0..=SAMPLES {
                for (number, &(_, id, after)) in changes.iter().filter(|change| change.0 == sample).enumerate() {
                    let before = shown[id][sample as usize];
                    shown[id][sample as usize..].fill(after);
                    let change = DisplayedViews { video: VIDEO, before, after };
                    if is_reported(id) {
                        let log = ViewsLog { counted: Vec::new(), displayed: vec![change] };
                        notes.note(&federation, InstanceId::at(id), &log, sample);
                    } else {
                        others.note(&federation, InstanceId::at(id), &change, sample);
                        if number % 3 == 0 {
                            others.merge();
                        }
                    }
                }
                for (id, shown) in shown.iter().enumerate().filter(|_| sample < SAMPLES) {
                    let number = shown[sample as usize];
                    let displayed = || if number > 0 { vec![(VIDEO, number)] } else { Vec::new() };
                    notes.note_up(InstanceId::at(id), !is_down(id, sample), displayed, sample);
                }
            }
            let views = notes.finish(&federation, (sampling, SAMPLES), others);
            prop_assert_eq!((views.sums, views.disagreement_max), one_by_one(&counted, &shown, &down, sampling));
            let is_up_at_last = |id: &usize| !down.iter().any(|(of, samples)| of == id && samples.end >= SAMPLES);
            let at_end: Vec<u64> =
                (0..INSTANCES).filter(is_up_at_last).map(|id| u64::from(shown[id][SAMPLES as usize])).collect();
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
