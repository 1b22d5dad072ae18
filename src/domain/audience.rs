//! The audience of catalogues: who really watches, at each sample. It follows from the sessions alone, so it is known before a run.
//!
//! Memory grows with the viewers at samples, not with videos.

use crate::domain::federation::Federation;
use crate::domain::sampling::Sampling;
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::mechanism::sparse_counts::SparseCounts;

/// The viewers of the videos of catalogues that records do not list singly.
#[derive(Debug, Default)]
pub struct Audience {
    /// By video, from the first of a catalogue on: the true viewers at each sample, anywhere.
    watching: Vec<SparseCounts>,
    /// The first video of a catalogue.
    first: u32,
    /// Ordered by instance, sample and video.
    seats: Vec<Seats>,
}

/// The viewers of one video at one instance and sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seats {
    /// Where they sit.
    pub instance: InstanceId,
    /// The number of the sample.
    pub sample: u32,
    /// What they watch.
    pub video: VideoId,
    /// How many they are.
    pub viewers: u32,
}

impl Audience {
    /// The viewers of some sessions at the samples of a run that ends with all sessions.
    pub fn new(federation: &Federation, sessions: &[Session], sampling: Sampling, samples: u64) -> Audience {
        if federation.catalogues.is_empty() {
            return Audience::default();
        }
        let mut seats = Vec::new();
        for session in sessions.iter().filter(|session| federation.catalogue_of(session.video).is_some()) {
            let watched =
                sampling.count_before(session.start)..sampling.count_before(session.end).min(samples);
            let Session { instance, video, .. } = *session;
            seats.extend(watched.map(|sample| Seats { instance, sample: sample as u32, video, viewers: 1 }));
        }
        seats.sort_unstable();
        seats.dedup_by(|next, kept| {
            let is_same =
                (next.instance, next.sample, next.video) == (kept.instance, kept.sample, kept.video);
            if is_same {
                kept.viewers += next.viewers;
            }
            is_same
        });
        let first = federation.listings.single;
        let mut watching = vec![SparseCounts::default(); federation.videos.len() - first as usize];
        let mut by_sample: Vec<&Seats> = seats.iter().collect();
        by_sample.sort_unstable_by_key(|seats| (seats.video, seats.sample));
        for seats in by_sample {
            watching[(seats.video.0 - first) as usize].add(seats.sample as usize, u64::from(seats.viewers));
        }
        Audience { watching, first, seats }
    }

    /// The true viewers of a video at each sample.
    pub fn watching(&self, video: VideoId) -> &SparseCounts {
        &self.watching[(video.0 - self.first) as usize]
    }

    /// All seats, ordered by video, instance and sample.
    pub fn by_video(&self) -> impl Iterator<Item = &Seats> {
        let mut seats: Vec<&Seats> = self.seats.iter().collect();
        seats.sort_unstable_by_key(|seats| (seats.video, seats.instance, seats.sample));
        seats.into_iter()
    }

    /// The viewers at an instance and a sample, by video in ascending order.
    pub fn seats(&self, instance: InstanceId, sample: usize) -> &[Seats] {
        let key = (instance, sample as u32);
        let before = self.seats.partition_point(|seats| (seats.instance, seats.sample) < key);
        let here = self.seats[before..].partition_point(|seats| (seats.instance, seats.sample) == key);
        &self.seats[before..before + here]
    }
}
