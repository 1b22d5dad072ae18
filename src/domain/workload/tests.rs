//! The sessions of a crowd against their laws, with fixed seeds and bounds that are able to fail.

mod estimates;

use super::*;
use crate::domain::arrivals::{Arrivals, Stage};
use crate::domain::federation::{Follows, Instance, Video};
use crate::domain::protocol::Rules;
use crate::domain::receiving::Receiving;
use crate::domain::spread::Spread;
use crate::domain::viewers::{watching, watching_peak};
use crate::foundation::ids::ListingId;
use proptest::prelude::*;

const SEED: Seed = Seed { seed: 1, replication: 0 };
const HOUR: Time = Time::from_ms(3_600_000);
const SECOND: Span = Span::from_secs(1);
const WATCH: Watch = Watch::Exponential { mean: Span::from_secs(300) };
const ZIPF: Spread = Spread::Zipf { exponent: 1.08, origin_share: 0.3 };
const ORIGIN: InstanceId = InstanceId(0);
/// Not PeerTube: it shows nothing.
const OTHER_SOFTWARE: InstanceId = InstanceId(3);

/// Everybody follows everybody; the videos belong to instance 0.
fn federation(instances: u32) -> Federation {
    let instance = |id| Instance {
        name: format!("i{id}"),
        url: format!("https://i{id}.example"),
        rules: Rules::preset("v1").expect("a preset"),
        host: InstanceId(id),
        is_peertube: InstanceId(id) != OTHER_SOFTWARE,
        region: 0,
        capacity: Default::default(),
        receiving: Receiving::AT_ONCE,
        follows_as: Default::default(),
    };
    let video = |number: u32| Video {
        name: number.to_string(),
        origin: ORIGIN,
        length: None,
        listing: ListingId(number),
    };
    let followers = Follows::Everybody.lists(instances as usize, [ORIGIN], SEED);
    Federation::new((0..instances).map(instance).collect(), [video(0), video(1)], followers)
}

fn constant(rate_per_s: f64) -> Arrivals {
    Arrivals::Constant { rate_per_s }
}

fn crowd(arrivals: Arrivals, watch: Watch, spread: Spread, returns: Option<Returns>) -> Crowd {
    let source = Source::Drawn(Drawn { from: Time::ZERO, arrivals, watch, spread, returns });
    Crowd { video: VideoId(0), source, clients: Clients::default() }
}

fn draw(crowd: &Crowd, seed: Seed) -> Vec<Session> {
    sessions(std::slice::from_ref(crowd), &[], &federation(8), seed, HOUR)
}

/// |mean - expected| at most 4 standard errors, which are small enough to see an error.
fn check_mean(label: &str, mean: f64, expected: f64, standard_error: f64) {
    assert!(standard_error <= 0.005 * expected, "{label}: the standard error {standard_error} is too large");
    assert!((mean - expected).abs() <= 4.0 * standard_error, "{label}: {mean}, expected {expected}");
}

/// The share of sessions that fit, against a probability.
fn check_share(label: &str, list: &[Session], fits: impl Fn(&Session) -> bool, expected: f64) {
    let share = list.iter().filter(|session| fits(session)).count() as f64 / list.len() as f64;
    check_mean(label, share, expected, (expected * (1.0 - expected) / list.len() as f64).sqrt());
}

/// Closed form 1: the true viewers are Poisson with mean rate x watch time, whatever the law.
#[test]
fn viewers_are_poisson_with_mean_rate_times_watch_time() {
    const REPLICATIONS: u32 = 200;
    let almost = HOUR.before(SECOND);
    for watch in [WATCH, Watch::Fixed(SECOND * 300), Watch::Retention { video: SECOND * 600 }] {
        let expected = 1.5 * watch.mean().secs_f64();
        let label = format!("{watch:?}");
        let crowd = crowd(constant(1.5), watch, ZIPF, None);
        let count = |replication| {
            let list = draw(&crowd, Seed { replication, ..SEED });
            f64::from(watching(&list, &[almost], |session| session.video)[&VideoId(0)].at(0))
        };
        let counts: Vec<f64> = (0..REPLICATIONS).map(count).collect();
        let mean = counts.iter().sum::<f64>() / f64::from(REPLICATIONS);
        check_mean(&label, mean, expected, (expected / f64::from(REPLICATIONS)).sqrt());
        let squares: f64 = counts.iter().map(|count| (count - mean) * (count - mean)).sum();
        let dispersion = squares / f64::from(REPLICATIONS - 1) / expected;
        assert!(
            (dispersion - 1.0).abs() <= 4.0 * (2.0 / f64::from(REPLICATIONS - 1)).sqrt(),
            "{label}: {dispersion}"
        );
    }
}

/// Closed form 2, by simulation: the peak of a viral wave is the one that was asked for.
#[test]
fn a_viral_wave_reaches_its_peak() {
    const REPLICATIONS: u32 = 100;
    let growth = SECOND * 600;
    let arrivals =
        Arrivals::Viral { peak_viewers: 2_000.0, growth, decay_exponent: 1.0, decay_scale: growth };
    let curve = arrivals.curve(Time::ZERO, HOUR, &WATCH);
    let seconds = (0..3_600).map(|s| Time::from_ms(s * 1_000));
    let peak = seconds
        .max_by(|&a, &b| curve.expected_viewers(&WATCH, a).total_cmp(&curve.expected_viewers(&WATCH, b)));
    let crowd = crowd(arrivals, WATCH, ZIPF, None);
    let count = |replication| {
        let list = draw(&crowd, Seed { replication, ..SEED });
        f64::from(watching(&list, peak.as_slice(), |session| session.video)[&VideoId(0)].at(0))
    };
    let mean = (0..REPLICATIONS).map(count).sum::<f64>() / f64::from(REPLICATIONS);
    check_mean("peak", mean, 2_000.0, (2_000.0 / f64::from(REPLICATIONS)).sqrt());
}

#[test]
fn zipf_frequencies_are_the_exact_probabilities() {
    let list = draw(&crowd(constant(300.0), WATCH, ZIPF, None), SEED);
    let order = federation(8).by_popularity(SEED).into_iter();
    let ranked: Vec<_> = order.filter(|id| ![ORIGIN, OTHER_SOFTWARE].contains(id)).collect();
    let weights: Vec<f64> = (1..=ranked.len()).map(|rank| libm::pow(rank as f64, -1.08)).collect();
    let sum: f64 = weights.iter().sum();
    for (id, weight) in ranked.iter().zip(weights) {
        check_share(&format!("instance {id}"), &list, |session| session.instance == *id, 0.7 * weight / sum);
    }
    check_share("origin", &list, |session| session.instance == ORIGIN, 0.3);
    assert!(list.iter().all(|session| session.instance != OTHER_SOFTWARE), "it shows nothing");
}

#[test]
fn weights_are_proportions() {
    let spread = Spread::Weights(vec![(InstanceId(1), 1.0), (InstanceId(2), 3.0)]);
    let list = draw(&crowd(constant(50.0), WATCH, spread, None), SEED);
    check_share("weight 1 of 4", &list, |session| session.instance == InstanceId(1), 0.25);
}

/// The origin has its share whatever its size; what does not show the video has nobody.
#[test]
fn sizes_are_proportions_of_what_is_not_at_the_origin() {
    let sizes = [(ORIGIN, 50.0), (InstanceId(1), 1.0), (InstanceId(2), 3.0), (OTHER_SOFTWARE, 9.0)].to_vec();
    let spread = Spread::Sizes { origin_share: 0.3, sizes };
    let list = draw(&crowd(constant(60.0), WATCH, spread, None), SEED);
    check_share("origin", &list, |session| session.instance == ORIGIN, 0.3);
    check_share("1 of 4", &list, |session| session.instance == InstanceId(1), 0.7 / 4.0);
    check_share("3 of 4", &list, |session| session.instance == InstanceId(2), 0.7 * 3.0 / 4.0);
}

#[test]
fn spreads_without_luck_are_exact() {
    let [one, two] = [InstanceId(1), InstanceId(2)];
    let zipf = |origin_share| Spread::Zipf { exponent: 1.08, origin_share };
    for (spread, instances, seats) in [
        (Spread::List(vec![two, one, one]), 3, [2, 1, 1, 2, 1]),
        (Spread::List(Vec::new()), 3, [0; 5]),
        (Spread::Weights(vec![(one, 0.0), (two, 2.5), (ORIGIN, 0.0)]), 3, [2; 5]),
        (Spread::Weights(vec![(one, 0.0)]), 3, [0; 5]),
        (zipf(1.0), 3, [0; 5]),
        (zipf(0.0), 2, [1; 5]),
        (zipf(0.0), 1, [0; 5]),
        (zipf(0.3), 1, [0; 5]),
        (Spread::Sizes { origin_share: 0.0, sizes: vec![(one, 0.0), (two, 0.1)] }, 3, [2; 5]),
        (Spread::Sizes { origin_share: 0.3, sizes: vec![(one, 0.0), (ORIGIN, 1.0)] }, 3, [0; 5]),
    ] {
        let crowd = crowd(constant(1.0), WATCH, spread, None);
        let list = sessions(std::slice::from_ref(&crowd), &[], &federation(instances), SEED, HOUR);
        let seen: Vec<u32> = list[..5].iter().map(|session| session.instance.0).collect();
        assert_eq!(seen, seats, "{crowd:?}");
    }
}

/// The number of visits is geometric with mean 1 / (1 - p) while the end is far.
#[test]
fn viewers_come_back_as_often_as_asked() {
    let at_once = Stage { duration: Span::ZERO, rate_per_s: 4_000.0 };
    let arrivals = Arrivals::Stages(vec![at_once, Stage { duration: SECOND * 10, ..at_once }]);
    for probability in [0.0, 0.2, 0.5] {
        let returns = Some(Returns { probability, mean_after: SECOND * 5 });
        let crowd = crowd(arrivals.clone(), Watch::Fixed(SECOND), ZIPF, returns);
        let list = draw(&crowd, SEED);
        let visits = visits_by_viewer(&list);
        let viewers = visits.len() as f64;
        let standard_error = (probability / viewers).sqrt() / (1.0 - probability);
        check_mean("visits", list.len() as f64 / viewers, 1.0 / (1.0 - probability), standard_error);
        let once = visits.iter().filter(|visits| visits.len() == 1).count() as f64 / viewers;
        check_mean(
            "one visit",
            once,
            1.0 - probability,
            (probability * (1.0 - probability) / viewers).sqrt(),
        );
        let mut pauses = Vec::new();
        for pair in visits.iter().flat_map(|visits| visits.windows(2)) {
            assert_eq!((pair[0].instance, pair[0].video), (pair[1].instance, pair[1].video));
            assert!(pair[0].end <= pair[1].start);
            pauses.push(pair[1].start.since(pair[0].end).secs_f64());
        }
        if probability > 0.4 {
            let mean_s = pauses.iter().sum::<f64>() / pauses.len() as f64;
            check_mean("pause", mean_s, 5.0, 5.0 / (pauses.len() as f64).sqrt());
        }
        let estimate = crowd.expected_sessions(HOUR);
        assert!((list.len() as f64 / estimate - 1.0).abs() < 0.03, "{} of {estimate}", list.len());
    }
}

#[test]
fn later_visits_last_as_long_as_first_ones() {
    let mean_s = 20.0;
    let watch = Watch::Exponential { mean: SECOND * 20 };
    let returns = Some(Returns { probability: 0.5, mean_after: SECOND * 5 });
    let list = draw(&crowd(constant(30.0), watch, ZIPF, returns), SEED);
    let visits = visits_by_viewer(&list);
    let length_s = |visit: &Session| visit.end.since(visit.start).secs_f64();
    // of the first hour's viewers: those who came early enough for the end not to matter
    let early = || visits.iter().filter(|visits| visits[0].start < Time::from_ms(3_000_000));
    let first: Vec<f64> = early().map(|visits| length_s(&visits[0])).collect();
    let later: Vec<f64> = early().flat_map(|visits| visits[1..].iter().map(length_s)).collect();
    for (label, lengths) in [("first", first), ("later", later)] {
        let count = lengths.len() as f64;
        check_mean(label, lengths.iter().sum::<f64>() / count, mean_s, mean_s / count.sqrt());
    }
}

fn visits_by_viewer(list: &[Session]) -> Vec<Vec<Session>> {
    let viewers = list.iter().map(|session| session.viewer.index() + 1).max().unwrap_or(0);
    let mut visits = vec![Vec::new(); viewers];
    for session in list {
        visits[session.viewer.index()].push(*session);
    }
    visits
}

#[test]
fn a_change_of_one_law_leaves_the_others_untouched() {
    let returns = Some(Returns { probability: 0.3, mean_after: SECOND * 60 });
    let watch = Watch::Retention { video: SECOND * 600 };
    let base = draw(&crowd(constant(0.5), WATCH, ZIPF, None), SEED);
    let starts = |list: &[Session]| list.iter().map(|session| session.start).collect::<Vec<_>>();
    let seats = |list: &[Session]| list.iter().map(|session| session.instance).collect::<Vec<_>>();
    let ends = |list: &[Session]| list.iter().map(|session| session.end).collect::<Vec<_>>();

    let elsewhere = draw(&crowd(constant(0.5), WATCH, Spread::List(vec![ORIGIN]), None), SEED);
    assert_eq!((starts(&base), ends(&base)), (starts(&elsewhere), ends(&elsewhere)));
    let otherwise = draw(&crowd(constant(0.5), watch, ZIPF, None), SEED);
    assert_eq!((starts(&base), seats(&base)), (starts(&otherwise), seats(&otherwise)));
    let again = draw(&crowd(constant(0.5), WATCH, ZIPF, returns), SEED);
    let first: Vec<Session> = visits_by_viewer(&again).iter().map(|visits| visits[0]).collect();
    assert_eq!(base, first);
    assert!(again.len() > base.len());
    let earlier = sessions(
        &[crowd(constant(0.5), WATCH, ZIPF, None)],
        &[],
        &federation(8),
        SEED,
        Time::from_ms(900_000),
    );
    assert_eq!(earlier, base[..earlier.len()]);
    assert!(base[earlier.len()].start >= Time::from_ms(900_000));
}

#[test]
fn the_name_of_a_replication_is_all_that_matters() {
    let crowd = crowd(constant(0.5), WATCH, ZIPF, None);
    let base = draw(&crowd, SEED);
    assert_eq!(base, draw(&crowd, SEED));
    assert_ne!(base, draw(&crowd, Seed { replication: 1, ..SEED }));
    assert_ne!(base, draw(&crowd, Seed { seed: 2, ..SEED }));
}

#[test]
fn scripted_sessions_are_copied() {
    let visit = |viewer: Option<&str>, instance, start_s: u64, watch_s| Scripted {
        viewer: viewer.map(str::to_owned),
        instance: InstanceId(instance),
        start: Time::from_ms(start_s * 1_000),
        watch: Span::from_secs(watch_s),
        heartbeat: Some(Span::from_secs(7)),
    };
    let script = |video, list| Crowd {
        video: VideoId(video),
        source: Source::Scripted(list),
        clients: Clients::default(),
    };
    let crowds = [
        script(
            0,
            vec![
                visit(Some("ann"), 1, 50, 10),
                visit(None, 1, 0, 10),
                visit(None, 1, 0, 0),
                visit(Some("ann"), 2, 60, 10),
                visit(Some("ann"), 1, 70, 10),
                visit(Some("late"), 1, 100, 10),
            ],
        ),
        script(1, vec![visit(Some("ann"), 1, 50, 500)]),
    ];
    let list = sessions(&crowds, &[], &federation(4), SEED, Time::from_ms(100_000));
    let seen: Vec<_> = list
        .iter()
        .map(|s| (s.start.ms(), s.viewer.0, s.instance.0, s.video.0, s.end.since(s.start).us()))
        .collect();
    assert_eq!(
        seen,
        [
            (0, 1, 1, 0, 10_000_000),
            (0, 2, 1, 0, 1),
            (50_000, 0, 1, 0, 10_000_000),
            (50_000, 0, 1, 1, 500_000_000),
            (60_000, 3, 2, 0, 10_000_000),
            (70_000, 0, 1, 0, 10_000_000),
        ]
    );
    assert!(list.iter().all(|session| session.heartbeat == Some(Span::from_secs(7))));
    let until = Time::from_ms(100_000);
    let sum = |of: &dyn Fn(&Crowd) -> f64| crowds.iter().map(of).sum::<f64>();
    assert!((sum(&|crowd| crowd.expected_sessions(until)) - 6.0).abs() < 1e-9);
    // every 7 s, as the sessions say; nothing counts after the end
    let own_s = |own: Option<Span>| own.map_or(f64::NAN, Span::secs_f64);
    let beats = sum(&|crowd| crowd.expected_heartbeats(until, &own_s));
    assert!((beats - (90.0 / 7.0 + 6.0)).abs() < 1e-6, "{beats}");
}

#[test]
fn watching_counts_from_the_start_to_before_the_end() {
    let session = |viewer, video, start_ms, end_ms| Session {
        viewer: ViewerId(viewer),
        address: ViewerId(viewer),
        instance: ORIGIN,
        video: VideoId(video),
        start: Time::from_ms(start_ms),
        end: Time::from_ms(end_ms),
        first_heartbeat: Time::from_ms(start_ms),
        heartbeat: None,
        view_after: None,
    };
    let list = [session(0, 0, 0, 10), session(1, 0, 5, 20), session(2, 0, 5, 6), session(3, 1, 7, 9)];
    let samples = [0, 4, 5, 6, 8, 9, 10, 20].map(Time::from_ms);
    let counts: Vec<_> = watching(&list, &samples, |session| session.video.0)
        .iter()
        .map(|(&video, counts)| (video, counts.all(8)))
        .collect();
    assert_eq!(counts, [(0, vec![1, 1, 3, 2, 2, 2, 1, 0]), (1, vec![0, 0, 0, 0, 1, 0, 0, 0])]);
    // who leaves does not meet who comes, and what has no length is no visit
    let peak = |list: &[Session], until_ms| watching_peak(list, Time::from_ms(until_ms));
    assert_eq!([4, 5, 20].map(|until_ms| peak(&list, until_ms)), [1, 3, 3]);
    assert_eq!(peak(&[session(0, 0, 0, 10), session(1, 0, 10, 20), session(2, 0, 4, 4)], 20), 1);
    assert_eq!(peak(&[], 20), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn sessions_are_sorted_and_within_bounds(
        seed in any::<u64>(),
        rates in prop::collection::vec(0.001f64..0.5, 1..4),
        watch_s in 0u64..2_000,
        law in 0usize..3,
        probability in 0.0f64..0.95,
        mean_after_s in 0u64..600,
        end_s in 0u64..1_800,
    ) {
        let watch = Span::from_secs(watch_s);
        let watch =
            [Watch::Fixed(watch), Watch::Exponential { mean: watch }, Watch::Retention { video: watch }][law].clone();
        let returns = Some(Returns { probability, mean_after: Span::from_secs(mean_after_s) });
        let crowds: Vec<_> =
            rates.into_iter().map(|rate| crowd(constant(rate), watch.clone(), ZIPF, returns.clone())).collect();
        let end = Time::from_ms(end_s * 1_000);
        let list = sessions(&crowds, &[], &federation(5), Seed { seed, replication: 0 }, end);
        prop_assert!(list.is_sorted_by_key(|session| session.start));
        prop_assert!(list.iter().all(|session| session.start < end && session.start < session.end));
        let visits = visits_by_viewer(&list);
        prop_assert!(visits.iter().all(|visits| !visits.is_empty()), "viewers are numbered without gaps");
        let samples: Vec<Time> = (0..=36).map(|k| Time::from_ms(k * 50_000)).collect();
        let counts = watching(&list, &samples, |session| session.instance);
        for (k, &at) in samples.iter().enumerate() {
            for instance in (0..5).map(InstanceId) {
                let is_there = |session: &&Session| {
                    session.instance == instance && session.start <= at && at < session.end
                };
                let there = list.iter().filter(is_there).count();
                prop_assert_eq!(counts.get(&instance).map_or(0, |counts| counts.at(k)) as usize, there);
            }
        }
    }
}

#[test]
fn a_late_first_heartbeat_moves_nothing_else() {
    let returns = Some(Returns { probability: 0.5, mean_after: SECOND * 60 });
    let at_once = crowd(constant(0.1), WATCH, ZIPF, returns);
    let view_after = Some(SECOND * 7);
    let clients = Clients { first_heartbeat_after: SECOND * 4, view_after, ..Clients::default() };
    let late = Crowd { clients, ..at_once.clone() };
    let expected = draw(&at_once, SEED).into_iter().map(|session| {
        assert_eq!((session.first_heartbeat, session.view_after), (session.start, None));
        Session { first_heartbeat: session.start + SECOND * 4, view_after, ..session }
    });
    assert_eq!(draw(&late, SEED), expected.collect::<Vec<_>>());
}

#[test]
fn a_share_of_a_crowd_is_behind_the_address_of_its_first_at_each_instance() {
    let clients = Clients { behind_one_address_ppm: 300_000, ..Clients::default() };
    let alone = crowd(constant(20.0), Watch::Fixed(SECOND), ZIPF, None);
    let list = draw(&Crowd { clients, ..alone.clone() }, SEED);
    let mut firsts = BTreeMap::new();
    let mut behind = 0;
    for session in &list {
        if session.address != session.viewer {
            assert_eq!(firsts[&session.instance], session.address, "the first one behind it there");
            behind += 1;
        }
        firsts.entry(session.instance).or_insert_with(|| {
            let shares =
                |other: &&Session| other.instance == session.instance && other.address != other.viewer;
            list.iter().find(shares).map_or(session.viewer, |other| other.address)
        });
    }
    // binomial of 72,000 with share 0.3, less one for each of the 7 instances
    let share = f64::from(behind) / list.len() as f64;
    assert!(
        (share - 0.3).abs() < 4.0 * (0.21 / list.len() as f64).sqrt() + 7.0 / list.len() as f64,
        "{share}"
    );
    let own =
        |list: Vec<Session>| list.into_iter().map(|session| Session { address: session.viewer, ..session });
    assert!(own(list).eq(draw(&alone, SEED)), "nothing else is drawn otherwise");
}

#[test]
fn who_comes_back_keeps_the_address_and_crowds_share_none() {
    let clients = Clients { behind_one_address_ppm: 1_000_000, ..Clients::default() };
    let returns = Some(Returns { probability: 0.5, mean_after: SECOND * 60 });
    let one = Crowd { clients, ..crowd(constant(0.05), WATCH, Spread::List(vec![ORIGIN]), returns) };
    let list = sessions(&[one.clone(), one], &[], &federation(8), SEED, HOUR);
    let addresses: std::collections::BTreeSet<_> = list.iter().map(|session| session.address).collect();
    assert_eq!(addresses.len(), 2);
    assert!(list.iter().filter(|session| session.viewer == list[0].viewer).count() > 0);
}
