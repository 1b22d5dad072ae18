//! Outages: who shows the videos of an owner at which samples.
//!
//! An instance that is down displays nothing, and makes no moves. Those that are down alike and displayed no view before or after, such as hosts
//! that are gone, are one move of each video.

use crate::domain::federation::Federation;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::metrics::views_moves::Move;
use std::collections::BTreeMap;

/// An instance is down at some samples.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    pub(super) from: u32,
    /// None while it is down.
    pub(super) until: Option<u32>,
    /// What it displayed before, by video, ascending; of all else it displayed 0.
    pub(super) displayed: Vec<(VideoId, u32)>,
    /// What it displays when it is up again, of videos for which that is another number: it may have been up between two samples
    /// that found it down.
    pub(super) displays_then: BTreeMap<VideoId, u32>,
}

impl Outage {
    /// The numbers of a video that the instance displays before and when it is up again.
    fn before_and_then(&self, video: VideoId) -> [u32; 2] {
        let found = self.displayed.binary_search_by_key(&video, |displayed| displayed.0);
        let before = found.map_or(0, |place| self.displayed[place].1);
        [before, self.displays_then.get(&video).copied().unwrap_or(before)]
    }
}

/// The instances that show the videos of one owner.
pub(super) struct Showing<'a> {
    /// The followers that do, up or not.
    pub(super) followers: i64,
    /// From a sample on, how many more followers are up, or fewer; ascending.
    pub(super) changes: Vec<(u32, i64)>,
    /// By change: how many are up from then on.
    up: Vec<i64>,
    /// By first and last sample, how many followers are down that displayed no view before, nor when they are up again.
    alike: BTreeMap<(u32, Option<u32>), u32>,
    /// The other outages, and whether each is the owner's.
    others: Vec<(&'a Outage, bool)>,
}

impl<'a> Showing<'a> {
    /// The instances that show the videos of `owner`; `outages` are by instance.
    pub(super) fn of(
        federation: &Federation,
        owner: InstanceId,
        outages: &'a BTreeMap<InstanceId, Vec<Outage>>,
    ) -> Showing<'a> {
        let of_instance = |id: &InstanceId| outages.get(id).into_iter().flatten();
        let is_peertube = |id: &&InstanceId| federation.instances[id.index()].is_peertube;
        let mut showing = Showing {
            followers: 0,
            changes: Vec::new(),
            up: Vec::new(),
            alike: BTreeMap::new(),
            others: of_instance(&owner).map(|outage| (outage, true)).collect(),
        };
        let mut changes: BTreeMap<u32, i64> = BTreeMap::new();
        for follower in federation.followers[&owner].iter().filter(is_peertube) {
            showing.followers += 1;
            for outage in of_instance(follower) {
                *changes.entry(outage.from).or_default() -= 1;
                outage.until.iter().for_each(|until| *changes.entry(*until).or_default() += 1);
                if outage.displayed.is_empty() && outage.displays_then.is_empty() {
                    *showing.alike.entry((outage.from, outage.until)).or_default() += 1;
                } else {
                    showing.others.push((outage, false));
                }
            }
        }
        let mut up = showing.followers;
        for (sample, more) in changes {
            up += more;
            showing.changes.push((sample, more));
            showing.up.push(up);
        }
        showing
    }

    /// How many followers are up at a sample.
    pub(super) fn up_at(&self, sample: u32) -> i64 {
        let by_then = self.changes.partition_point(|change| change.0 <= sample);
        by_then.checked_sub(1).map_or(self.followers, |last| self.up[last])
    }

    /// The moves of a video, those of outages among them, by sample.
    pub(super) fn with_outages(&self, video: VideoId, moves: &[Move]) -> Vec<Move> {
        let alike =
            self.alike.iter().map(|(&(from, until), &instances)| (from, until, [0; 2], instances, false));
        let others = self.others.iter().map(|&(outage, is_origin)| {
            (outage.from, outage.until, outage.before_and_then(video), 1, is_origin)
        });
        type Down = (u32, Option<u32>, [u32; 2], u32, bool);
        let moves_of = |(from, until, [before, then], instances, is_origin): Down| {
            let moved =
                move |sample, before, after| Move { video, sample, is_origin, before, after, instances };
            let back = until.map(|until| moved(until, None, Some(then)));
            std::iter::once(moved(from, Some(before), None)).chain(back)
        };
        let mut all: Vec<Move> =
            moves.iter().copied().chain(alike.chain(others).flat_map(moves_of)).collect();
        all.sort_by_key(|moved| moved.sample);
        all
    }
}
