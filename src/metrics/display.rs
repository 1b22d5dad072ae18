//! How wrong the displayed counts are: integer sums over the samples of a run, from which every display metric is one
//! division.
//!
//! Below, d is a displayed count, n the true viewers, o the origin's displayed count; a *pair* is one sample at one
//! instance that is up and shows the video (its origin, or a PeerTube follower of its origin). All pairs are counted with
//! d = 0 first, by origin; then those that display viewers are corrected. So the work grows with these alone.

use crate::domain::federation::Federation;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::mechanism::sparse_counts::SparseCounts;
use crate::metrics::catalogues::CatalogueRow;
use crate::metrics::counters::Counters;
use crate::metrics::pairs::Sums;
use crate::metrics::seen::SeenSums;
use crate::metrics::uptime::Uptime;
use std::collections::BTreeMap;

/// A fall from a displayed count below this is no flap.
const LEAST_FLAP: u32 = 4;

/// All sums that display metrics need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Display {
    /// Over the origins.
    pub origins: Sums,
    /// Over the followers.
    pub followers: Sums,
    /// The sum of d - o over the followers.
    pub federation_error: i64,
    /// The sum of |d - o| over the followers.
    pub federation_error_abs: u64,
    /// Pairs at followers while the origin is up, too.
    pub federation_pairs: u64,
    /// Over all instances, at the first sample of each video with the most viewers.
    pub at_peak: Sums,
    /// The largest difference between two instances that show a video, at one sample.
    pub disagreement_max: u32,
    /// Pairs with a true viewer (n > 0).
    pub watched_pairs: u64,
    /// Of those, the pairs that show 0.
    pub wrong_zeros: u64,
    /// Pairs that follow another pair of the same instance.
    pub steps: u64,
    /// Steps at which the displayed count fell to half or less while the true viewers did not.
    pub flaps: u64,
    /// Samples, summed over videos.
    pub samples: u64,
    /// The sum of n over samples.
    pub watching: u64,
    /// Weighted by who looks.
    pub seen: SeenSums,
}

impl Display {
    /// Sums over all samples of a run.
    pub fn of(counters: &Counters, catalogues: &[CatalogueRow], federation: &Federation) -> Display {
        let mut display = Display { seen: seen(counters), ..Display::default() };
        let mut videos: BTreeMap<InstanceId, Vec<VideoId>> = BTreeMap::new();
        for video in federation.listed().filter(|_| counters.samples() > 0) {
            videos.entry(federation.origin(video)).or_default().push(video);
        }
        for (origin, videos) in videos {
            let uptime = Uptime::of(origin, federation, counters);
            display.note_pairs(&uptime, videos.len() as u64);
            for video in videos {
                display.note_video(video, &uptime, counters);
            }
        }
        catalogues.iter().for_each(|row| display.note_catalogue(row));
        let videos = federation.videos.len() - federation.listed().count();
        display.samples += videos as u64 * counters.samples() as u64;
        display
    }

    /// Origins and followers together.
    pub fn all(&self) -> Sums {
        self.origins.with(&self.followers)
    }

    /// What depends on no count, for so many videos of an origin.
    fn note_pairs(&mut self, uptime: &Uptime, videos: u64) {
        let Uptime { origins, followers, steps, .. } = uptime;
        let both_up = origins.iter().zip(followers).map(|(origin, followers)| origin * followers);
        self.origins.pairs += videos * origins.iter().sum::<u64>();
        self.followers.pairs += videos * followers.iter().sum::<u64>();
        self.federation_pairs += videos * both_up.sum::<u64>();
        self.steps += videos * steps;
        self.samples += videos * origins.len() as u64;
    }

    fn note_catalogue(&mut self, row: &CatalogueRow) {
        self.origins = self.origins.with(&row.origins);
        self.followers = self.followers.with(&row.followers);
        self.watched_pairs += row.watched_pairs;
        self.wrong_zeros += row.wrong_zeros;
        self.watching += row.watching;
        self.seen += row.seen;
    }

    fn note_video(&mut self, video: VideoId, uptime: &Uptime, counters: &Counters) {
        let mut peak = (0, 0);
        for (sample, watching) in counters.watching.get(&video).into_iter().flat_map(SparseCounts::iter) {
            if watching > peak.1 {
                peak = (sample, watching);
            }
            self.watching += u64::from(watching);
            self.origins.note_zeros(uptime.origins[sample], watching);
            self.followers.note_zeros(uptime.followers[sample], watching);
            self.watched_pairs += uptime.all(sample);
            self.wrong_zeros += uptime.all(sample);
        }
        self.at_peak.pairs += uptime.all(peak.0);
        self.at_peak.note_zeros(uptime.all(peak.0), peak.1);
        if counters.displayed_of(video).next().is_some() {
            self.note_displayed(video, peak, uptime, counters);
        }
    }

    /// Corrects the pairs of a video that display viewers; `peak` is the sample with the most viewers, and these.
    fn note_displayed(&mut self, video: VideoId, peak: (usize, u32), uptime: &Uptime, counters: &Counters) {
        let samples = counters.samples();
        let all =
            |counts: Option<&SparseCounts>| counts.map_or_else(|| vec![0; samples], |some| some.all(samples));
        let watching = all(counters.watching.get(&video));
        let at_origin = all(counters.displayed.get(&(video, uptime.origin)));
        for (sample, &displayed) in at_origin.iter().enumerate() {
            let missing = u64::from(displayed) * uptime.followers[sample];
            self.federation_error -= missing as i64;
            self.federation_error_abs += missing;
        }
        // by sample: how many display viewers, the least and the most of them
        let mut spread = vec![(0, u32::MAX, 0); samples];
        for (instance, counts) in counters.displayed_of(video) {
            let is_origin = instance == uptime.origin;
            for (sample, displayed) in counts.iter() {
                let sums = if is_origin { &mut self.origins } else { &mut self.followers };
                sums.correct(displayed, watching[sample]);
                self.wrong_zeros -= u64::from(watching[sample] > 0);
                if sample == peak.0 {
                    self.at_peak.correct(displayed, peak.1);
                }
                if !is_origin && uptime.origins[sample] > 0 {
                    self.federation_error += i64::from(displayed);
                    self.federation_error_abs += u64::from(displayed.abs_diff(at_origin[sample]));
                    self.federation_error_abs -= u64::from(at_origin[sample]);
                }
                let (count, least, most) = spread[sample];
                spread[sample] = (count + 1, displayed.min(least), displayed.max(most));
            }
            let is_flap = |&(sample, before): &(usize, u32)| {
                let next = sample + 1;
                next < samples
                    && is_flap(&[before, counts.at(next)], &watching[sample..=next])
                    && counters.is_up(instance, next)
            };
            self.flaps += counts.iter().filter(is_flap).count() as u64;
        }
        for (sample, (count, least, most)) in spread.into_iter().enumerate() {
            let least = if count == uptime.all(sample) { least } else { 0 };
            self.disagreement_max = self.disagreement_max.max(most.saturating_sub(least));
        }
    }
}

/// What viewers of the videos that are listed singly see, over all samples of a run.
fn seen(counters: &Counters) -> SeenSums {
    let mut sums = SeenSums::default();
    let mut watching: (Option<VideoId>, Vec<u32>) = (None, Vec::new());
    for (&(video, instance), viewers) in &counters.watching_at {
        if watching.0 != Some(video) {
            let samples = counters.samples();
            let all = counters.watching.get(&video).map(|counts| counts.all(samples));
            watching = (Some(video), all.unwrap_or_else(|| vec![0; samples]));
        }
        for (sample, viewers) in viewers.iter() {
            if let Some(displayed) = counters.displayed(video, instance, sample) {
                sums.note(viewers, displayed, watching.1[sample]);
            }
        }
    }
    sums
}

fn is_flap(displayed: &[u32], watching: &[u32]) -> bool {
    let halved = |pair: &[u32]| pair[1] <= pair[0] / 2;
    displayed[0] >= LEAST_FLAP && halved(displayed) && !halved(watching)
}
