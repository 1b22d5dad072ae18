//! Catalogues against counts and shares worked out by hand.

use super::*;
use crate::domain::arrivals::Arrivals;
use crate::domain::spread::Spread;
use crate::domain::watch::Watch;
use crate::foundation::units::Time;
use std::collections::BTreeMap;

const SEED: Seed = Seed { seed: 1, replication: 0 };
const FIRST: VideoId = VideoId(7);

fn catalogue(owners: u32, videos: VideoCounts, exponent: f64, shares: Option<Vec<f64>>) -> Catalogue {
    Catalogue {
        name: "talks".to_owned(),
        owners: (0..owners).map(InstanceId).collect(),
        videos,
        popularity: Popularity { exponent, owners: shares },
        length: None,
        visits: Drawn {
            from: Time::ZERO,
            arrivals: Arrivals::Constant { rate_per_s: 1.0 },
            watch: Watch::Fixed(Span::from_secs(60)),
            spread: Spread::List(Vec::new()),
            returns: None,
        },
        clients: Clients::default(),
    }
}

fn owned(owners: &[InstanceId]) -> BTreeMap<u32, usize> {
    owners.iter().fold(BTreeMap::new(), |mut counts, owner| {
        *counts.entry(owner.0).or_default() += 1;
        counts
    })
}

#[test]
fn every_owner_has_its_videos() {
    let each = catalogue(3, VideoCounts::Each(4), 1.0, None);
    let (owners, ranking) = each.ranking(0, FIRST, SEED);
    assert_eq!(owned(&owners), [(0, 4), (1, 4), (2, 4)].into());
    assert_eq!((each.count(), ranking.videos()), (12, 7..19));
    let listed = catalogue(3, VideoCounts::Listed(vec![5, 0, 1]), 1.0, None);
    assert_eq!(owned(&listed.ranking(0, FIRST, SEED).0), [(0, 5), (2, 1)].into());
    // 11 by 1, 1/2, 1/3: exactly 6, 3 and 2
    let zipf = catalogue(3, VideoCounts::Zipf { total: 11, exponent: 1.0 }, 1.0, None);
    let mut counts: Vec<usize> = owned(&zipf.ranking(0, FIRST, SEED).0).into_values().collect();
    counts.sort_unstable();
    assert_eq!((counts, zipf.count()), (vec![2, 3, 6], 11));
}

/// What rounding leaves goes to the largest remainders: of 10 by 1, 1/2, 1/3 that are 5.45, 2.73 and 1.82.
#[test]
fn what_rounding_leaves_is_given_once() {
    assert_eq!(shared_out(10, 3, 1.0), [5, 3, 2]);
    assert_eq!(shared_out(1, 3, 0.0), [1, 0, 0]);
    for total in 0..200 {
        assert_eq!(shared_out(total, 7, 1.3).iter().sum::<u32>(), total);
    }
}

/// Of 4 videos by 1, 1/2, 1/3 and 1/4 the first has 12 of 25, the second 6, the third 4, the last 3.
#[test]
fn people_choose_by_zipfs_law() {
    let (_, ranking) = catalogue(2, VideoCounts::Each(2), 1.0, None).ranking(0, FIRST, SEED);
    for (share, rank) in
        [(0.0, 0), (0.479, 0), (0.481, 1), (0.719, 1), (0.721, 2), (0.879, 2), (0.881, 3), (0.9999, 3)]
    {
        assert_eq!(ranking.at_share(share), Some(VideoId(FIRST.0 + rank)), "{share}");
    }
    let none = catalogue(1, VideoCounts::Listed(vec![0]), 1.0, None);
    assert_eq!(none.ranking(0, FIRST, SEED).1.at_share(0.5), None);
}

/// Owner 1 has four fifths of the viewing and two videos: 8/15 and 4/15; owner 0 has one with 3/15.
#[test]
fn shares_of_owners_are_kept() {
    let shares = catalogue(2, VideoCounts::Listed(vec![1, 2]), 1.0, Some(vec![1.0, 4.0]));
    let (owners, ranking) = shares.ranking(0, FIRST, SEED);
    assert_eq!(owners, [InstanceId(1), InstanceId(1), InstanceId(0)]);
    let drawn = [0.53, 0.54, 0.79, 0.81].map(|share| ranking.at_share(share).expect("a video").0 - FIRST.0);
    assert_eq!(drawn, [0, 1, 1, 2]);
    // shares of those alone that have no video are no shares
    let idle = catalogue(2, VideoCounts::Listed(vec![0, 2]), 1.0, Some(vec![1.0, 0.0]));
    assert_eq!(owned(&idle.ranking(0, FIRST, SEED).0), [(1, 2)].into());
}

/// A class has the videos that begin within its tenth of the viewing: 20 that are watched alike are two each, and one that has half of
/// all is alone in the first class, with nobody in the next four.
#[test]
fn classes_are_tenths_of_the_viewing() {
    let class =
        |ranking: &Ranking| ranking.videos().map(|video| ranking.class(VideoId(video))).collect::<Vec<_>>();
    let even = Ranking::new(FIRST, &[0.5; 20]);
    assert_eq!(class(&even), (0..20).map(|rank| rank / 2).collect::<Vec<_>>());
    let one = Ranking::new(FIRST, &[5.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(class(&one), [0, 5, 6, 7, 8, 9]);
}

/// The videos at each twentieth of the viewing.
fn shares(ranking: &Ranking) -> Vec<Option<VideoId>> {
    (0..20).map(|part| ranking.at_share(f64::from(part) / 20.0)).collect()
}

#[test]
fn another_replication_has_another_order_and_the_same_law() {
    let each = catalogue(50, VideoCounts::Each(2), 1.0, None);
    let (one, first) = each.ranking(0, FIRST, SEED);
    let (other, second) = each.ranking(0, FIRST, Seed { replication: 1, ..SEED });
    assert_ne!(one, other);
    assert_ne!(one, each.ranking(1, FIRST, SEED).0);
    assert_eq!(shares(&first), shares(&second));
}
