//! How wrong the displayed counts are: integer sums over the samples of a run, from which every display metric is one
//! division.
//!
//! Below, d is a displayed count, n the true viewers, o the origin's displayed count; a *pair* is one sample at one
//! instance that shows the video (its origin, or a PeerTube follower of its origin).

use crate::metrics::counters::{Counters, VideoCounters};

/// A fall from a displayed count below this is no flap.
const LEAST_FLAP: u32 = 4;

/// Sums over pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The number of pairs.
    pub pairs: u64,
    /// The sum of |d - n|.
    pub error_abs: u64,
    /// The sum of d - n.
    pub error: i64,
    /// The sum of n.
    pub watching: u64,
}

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
    /// The largest n of one video.
    pub watching_peak: u32,
}

impl Sums {
    fn note(&mut self, displayed: u32, watching: u32) {
        self.pairs += 1;
        self.error_abs += u64::from(displayed.abs_diff(watching));
        self.error += i64::from(displayed) - i64::from(watching);
        self.watching += u64::from(watching);
    }

    /// Both together.
    pub fn with(&self, other: &Sums) -> Sums {
        Sums {
            pairs: self.pairs + other.pairs,
            error_abs: self.error_abs + other.error_abs,
            error: self.error + other.error,
            watching: self.watching + other.watching,
        }
    }
}

impl Display {
    /// Sums over all samples of a run.
    pub fn of(counters: &Counters) -> Display {
        let mut display = Display::default();
        for video in &counters.videos {
            display.note_samples(video);
            display.note_instances(video);
        }
        display
    }

    /// Origins and followers together.
    pub fn all(&self) -> Sums {
        self.origins.with(&self.followers)
    }

    fn note_samples(&mut self, video: &VideoCounters) {
        let mut peak = None;
        for (sample, &watching) in video.watching.iter().enumerate() {
            self.samples += 1;
            self.watching += u64::from(watching);
            if peak.is_none_or(|(_, most)| watching > most) {
                peak = Some((sample, watching));
            }
            let counts = || video.shown.iter().filter_map(|shown| shown.displayed[sample]);
            let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
            self.disagreement_max = self.disagreement_max.max(most - least);
        }
        if let Some((sample, watching)) = peak {
            self.watching_peak = self.watching_peak.max(watching);
            for shown in &video.shown {
                if let Some(displayed) = shown.displayed[sample] {
                    self.at_peak.note(displayed, watching);
                }
            }
        }
    }

    fn note_instances(&mut self, video: &VideoCounters) {
        let Some(origin) = video.shown.first() else { return };
        for (position, shown) in video.shown.iter().enumerate() {
            let sums = if position == 0 { &mut self.origins } else { &mut self.followers };
            for ((&displayed, &watching), &at_origin) in
                shown.displayed.iter().zip(&video.watching).zip(&origin.displayed)
            {
                let Some(displayed) = displayed else { continue };
                sums.note(displayed, watching);
                if watching > 0 {
                    self.watched_pairs += 1;
                    self.wrong_zeros += u64::from(displayed == 0);
                }
                if let Some(at_origin) = at_origin.filter(|_| position > 0) {
                    self.federation_pairs += 1;
                    self.federation_error += i64::from(displayed) - i64::from(at_origin);
                    self.federation_error_abs += u64::from(displayed.abs_diff(at_origin));
                }
            }
            let steps = shown.displayed.windows(2).zip(video.watching.windows(2));
            for (displayed, watching) in steps {
                let [Some(before), Some(after)] = *displayed else { continue };
                self.steps += 1;
                self.flaps += u64::from(is_flap(&[before, after], watching));
            }
        }
    }
}

fn is_flap(displayed: &[u32], watching: &[u32]) -> bool {
    let halved = |pair: &[u32]| pair[1] <= pair[0] / 2;
    displayed[0] >= LEAST_FLAP && halved(displayed) && !halved(watching)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::counters::ShownCounter;

    fn counters(watching: &[u32], shown: &[&[u32]]) -> Counters {
        let shown = shown.iter().map(|counts| ShownCounter {
            instance: 0,
            displayed: counts.iter().copied().map(Some).collect(),
        });
        Counters {
            at_ns: (0..watching.len() as u64).collect(),
            every_ns: 1,
            videos: vec![VideoCounters { watching: watching.to_vec(), shown: shown.collect() }],
        }
    }

    #[test]
    fn the_sums_are_those_of_a_hand_count() {
        let display = Display::of(&counters(&[10, 12, 0], &[&[11, 12, 4], &[0, 6, 4]]));
        assert_eq!(display.origins, Sums { pairs: 3, error_abs: 5, error: 5, watching: 22 });
        assert_eq!(display.followers, Sums { pairs: 3, error_abs: 20, error: -12, watching: 22 });
        assert_eq!((display.federation_error, display.federation_error_abs), (-17, 17));
        assert_eq!(display.at_peak, Sums { pairs: 2, error_abs: 6, error: -6, watching: 24 });
        assert_eq!(display.disagreement_max, 11);
        assert_eq!((display.wrong_zeros, display.watched_pairs), (1, 4));
        assert_eq!((display.watching_peak, display.samples, display.watching), (12, 3, 22));
    }

    #[test]
    fn a_flap_is_a_fall_to_half_that_the_truth_does_not_make() {
        for (displayed, watching, flaps) in [
            ([8, 1], [8, 8], 1),
            ([8, 5], [8, 8], 0),
            ([8, 4], [8, 4], 0),
            ([3, 1], [8, 8], 0),
            ([1, 8], [8, 8], 0),
            ([4, 2], [0, 0], 0),
        ] {
            let display = Display::of(&counters(&watching, &[&displayed]));
            assert_eq!((display.flaps, display.steps), (flaps, 1), "{displayed:?} {watching:?}");
        }
    }
}
