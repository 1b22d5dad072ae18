//! Sums of displayed counts against hand counts, and against sums over every pair.

use fedisim::domain::federation::{Capacity, Federation, FollowsAs, Instance, Video};
use fedisim::domain::protocol::Rules;
use fedisim::domain::receiving::Receiving;
use fedisim::foundation::ids::{InstanceId, ListingId, VideoId};
use fedisim::mechanism::sparse_counts::SparseCounts;
use fedisim::metrics::counters::Counters;
use fedisim::metrics::display::Display;
use fedisim::metrics::pairs::Sums;
use fedisim::metrics::seen::SeenSums;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;

/// Instance 0 owns video 0, instance 1 the videos 1 and 2; all follow both, and the last one is not PeerTube.
fn federation(instances: u32) -> Federation {
    let instance = |number: u32| Instance {
        name: number.to_string(),
        url: String::new(),
        rules: Rules::preset("v1").expect("a preset"),
        host: InstanceId(number),
        is_peertube: number + 1 < instances,
        region: 0,
        capacity: Capacity::default(),
        receiving: Receiving::AT_ONCE,
        follows_as: FollowsAs::Server,
    };
    let video = |(number, origin): (u32, u32)| Video {
        name: String::new(),
        origin: InstanceId(origin),
        length: None,
        listing: ListingId(number),
    };
    let others = |origin: u32| (0..instances).filter(|id| *id != origin).map(InstanceId).collect();
    Federation::new(
        (0..instances).map(instance).collect(),
        [(0, 0), (1, 1), (2, 1)].map(video),
        [0, 1].map(|origin| (InstanceId(origin), others(origin))).into(),
    )
}

fn sparse(counts: &[u32]) -> SparseCounts {
    let mut sparse = SparseCounts::default();
    counts.iter().enumerate().for_each(|(sample, &count)| sparse.add(sample, u64::from(count)));
    sparse
}

/// Ascending numbers as ranges that do not touch.
fn ranges(numbers: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for number in numbers {
        match ranges.last_mut().filter(|last| last.end == number) {
            Some(last) => last.end += 1,
            None => ranges.push(number..number + 1),
        }
    }
    ranges
}

/// Counters of video 0, by instance.
fn counters(watching: &[u32], shown: &[&[u32]]) -> Counters {
    let pair = |(id, counts): (u32, &&[u32])| ((VideoId(0), InstanceId(id)), sparse(counts));
    Counters {
        at_ns: (0..watching.len() as u64).collect(),
        every_ns: 1,
        watching: BTreeMap::from([(VideoId(0), sparse(watching))]),
        watching_at: BTreeMap::new(),
        displayed: (0..).zip(shown).map(pair).collect(),
        down: BTreeMap::new(),
    }
}

/// One origin and one follower of its only video.
fn pair() -> Federation {
    let mut federation = federation(3);
    federation.videos = federation.videos[..1].into();
    federation.listings.single = 1;
    federation
}

#[test]
fn the_sums_are_those_of_a_hand_count() {
    let display = Display::of(&counters(&[10, 12, 0], &[&[11, 12, 4], &[0, 6, 4]]), &[], &pair());
    assert_eq!(display.origins, Sums { pairs: 3, error_abs: 5, error: 5, watching: 22 });
    assert_eq!(display.followers, Sums { pairs: 3, error_abs: 20, error: -12, watching: 22 });
    assert_eq!((display.federation_error, display.federation_error_abs), (-17, 17));
    assert_eq!(display.at_peak, Sums { pairs: 2, error_abs: 6, error: -6, watching: 24 });
    assert_eq!(display.disagreement_max, 11);
    assert_eq!((display.wrong_zeros, display.watched_pairs), (1, 4));
    assert_eq!((display.samples, display.watching), (3, 22));
}

/// Two of ten, then of twelve, watch at the follower, and one more at each sample at the origin, which is down at the first.
#[test]
fn a_viewer_weighs_where_they_sit() {
    let mut counters = counters(&[10, 12, 3], &[&[0, 12, 4], &[0, 6, 3]]);
    counters.down.insert(InstanceId(0), ranges(std::iter::once(0)));
    let seats = [(0, [1, 1, 1]), (1, [2, 2, 0])];
    let seat = |(id, counts): (u32, [u32; 3])| ((VideoId(0), InstanceId(id)), sparse(&counts));
    counters.watching_at = seats.map(seat).into();
    let seen = Display::of(&counters, &[], &pair()).seen;
    // |d - n|: at the follower 10 and 6 for two each, at the origin 0 and 1
    let expected = SeenSums {
        viewers: 6,
        error_abs: 33,
        error: -31,
        watching: 2 * 22 + 12 + 3,
        wrong_zeros: 2,
        within_10_percent: 1,
    };
    assert_eq!(seen, expected);
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
        ([8, 0], [8, 8], 1),
    ] {
        let display = Display::of(&counters(&watching, &[&displayed]), &[], &pair());
        assert_eq!((display.flaps, display.steps), (flaps, 2), "{displayed:?} {watching:?}");
    }
}

/// The sums over every sample of every instance that shows a video, as the head of the file defines them.
fn of_every_pair(counters: &Counters, federation: &Federation) -> Display {
    let mut sums = Display::default();
    let samples = counters.samples();
    for video in (0..federation.videos.len()).map(VideoId::at) {
        let watching = |sample| counters.watching(video, sample);
        let shown = |id, sample| counters.displayed(video, id, sample);
        let origin = federation.origin(video);
        let most = (0..samples).map(watching).max().unwrap_or(0);
        let peak = (0..samples).find(|&sample| watching(sample) == most);
        for sample in 0..samples {
            let n = watching(sample);
            (sums.samples, sums.watching) = (sums.samples + 1, sums.watching + u64::from(n));
            let counts: Vec<u32> = federation.showing(video).filter_map(|id| shown(id, sample)).collect();
            let spread = counts.iter().max().zip(counts.iter().min()).map_or(0, |(most, least)| most - least);
            sums.disagreement_max = sums.disagreement_max.max(spread);
            for id in federation.showing(video) {
                let Some(d) = shown(id, sample) else { continue };
                let looking = counters.watching_at.get(&(video, id)).map_or(0, |counts| counts.at(sample));
                (0..looking).for_each(|_| sums.seen.note(1, d, n));
                let note = |sums: &mut Sums| {
                    sums.pairs += 1;
                    sums.error_abs += u64::from(d.abs_diff(n));
                    sums.error += i64::from(d) - i64::from(n);
                    sums.watching += u64::from(n);
                };
                note(if id == origin { &mut sums.origins } else { &mut sums.followers });
                if Some(sample) == peak {
                    note(&mut sums.at_peak);
                }
                sums.watched_pairs += u64::from(n > 0);
                sums.wrong_zeros += u64::from(n > 0 && d == 0);
                if let Some(o) = shown(origin, sample).filter(|_| id != origin) {
                    sums.federation_pairs += 1;
                    sums.federation_error += i64::from(d) - i64::from(o);
                    sums.federation_error_abs += u64::from(d.abs_diff(o));
                }
                if let Some(next) = (sample + 1 < samples).then(|| shown(id, sample + 1)).flatten() {
                    sums.steps += 1;
                    let halves = |before: u32, after: u32| after <= before / 2;
                    sums.flaps += u64::from(d >= 4 && halves(d, next) && !halves(n, watching(sample + 1)));
                }
            }
        }
    }
    sums
}

proptest! {
    #[test]
    fn the_sums_are_those_over_every_pair(
        samples in 0usize..6,
        instances in 2u32..6,
        // by video and instance, the last "instance" being the truth
        counts in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0u32), 0u32..12], 6), 18),
        looking in prop::collection::vec(prop::collection::vec(0u32..4, 6), 18),
        is_watched in prop::collection::vec(any::<bool>(), 18),
        down in prop::collection::vec(prop::collection::vec(prop::bool::weighted(0.3), 6), 6),
    ) {
        let federation = federation(instances);
        let mut counters = Counters { at_ns: (0..samples as u64).collect(), ..Counters::default() };
        for (id, down) in (0..instances).map(InstanceId).zip(&down) {
            let down = ranges((0..samples).filter(|&sample| down[sample]));
            counters.down.extend((!down.is_empty()).then_some((id, down)));
        }
        for (number, counts) in counts.iter().enumerate().filter(|(number, _)| is_watched[*number]) {
            let (video, id) = (VideoId::at(number / 6), InstanceId::at(number % 6));
            if id == InstanceId(5) {
                counters.watching.insert(video, sparse(&counts[..samples]));
            } else if id.0 < instances && federation.shows(id, video) {
                let up = |sample: usize| if counters.is_up(id, sample) { counts[sample] } else { 0 };
                let shown: Vec<u32> = (0..samples).map(up).collect();
                counters.displayed.insert((video, id), sparse(&shown));
                counters.watching_at.insert((video, id), sparse(&looking[number][..samples]));
            }
        }
        prop_assert_eq!(Display::of(&counters, &[], &federation), of_every_pair(&counters, &federation));
    }
}
