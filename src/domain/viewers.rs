//! How many watch: the sessions with start <= t < end (closed form 1), at samples and at the busiest instant.
//!
//! Memory and time grow with the sessions and with what is watched, not with all samples of all videos.

use crate::domain::workload::Session;
use crate::foundation::ids::VideoId;
use crate::foundation::units::Time;
use crate::mechanism::sparse_counts::SparseCounts;
use std::collections::BTreeMap;

/// How many more watch from an instant on; negative: fewer.
type Changes = Vec<(Time, i64)>;

/// The sessions that watch at samples in ascending order, by what `key` says of each: its video, or its video and instance. The order
/// of sessions does not matter.
pub fn watching<K: Ord>(
    sessions: &[Session],
    samples: &[Time],
    key: impl Fn(&Session) -> K,
) -> BTreeMap<K, SparseCounts> {
    let counts = |(key, changes)| (key, at_samples(changes, samples));
    changes(sessions, key).into_iter().map(counts).collect()
}

/// The most true viewers that one video has at one instant, `until` or before.
pub fn watching_peak(sessions: &[Session], until: Time) -> u64 {
    let begun = sessions.iter().filter(|session| session.start < session.end && session.start <= until);
    let peak = |mut changes: Changes| {
        // who leaves at an instant does not meet who comes
        changes.sort_unstable();
        levels(&changes).map(|(_, level)| level).max().unwrap_or(0)
    };
    let of_videos: BTreeMap<VideoId, Changes> = changes(begun, |session| session.video);
    of_videos.into_values().map(peak).max().unwrap_or(0).unsigned_abs()
}

/// Who comes and goes, by what `key` says of a session.
fn changes<'a, K: Ord>(
    sessions: impl IntoIterator<Item = &'a Session>,
    key: impl Fn(&Session) -> K,
) -> BTreeMap<K, Changes> {
    let mut all: BTreeMap<K, Changes> = BTreeMap::new();
    for session in sessions {
        all.entry(key(session)).or_default().extend([(session.start, 1), (session.end, -1)]);
    }
    all
}

/// How many watch from each change on.
fn levels(changes: &[(Time, i64)]) -> impl Iterator<Item = (Time, i64)> + '_ {
    changes.iter().scan(0, |level, (at, change)| {
        *level += change;
        Some((*at, *level))
    })
}

fn at_samples(mut changes: Changes, samples: &[Time]) -> SparseCounts {
    changes.sort_unstable();
    let mut counts = SparseCounts::default();
    let first_from = |from: Time| samples.partition_point(|at| *at < from);
    let next_changes = changes.iter().skip(1).map(|change| change.0).chain([Time::NEVER]);
    // between several changes at one instant lies no sample
    for ((from, level), until) in levels(&changes).zip(next_changes) {
        for sample in first_from(from)..first_from(until) {
            counts.add(sample, level.unsigned_abs());
        }
    }
    counts
}
