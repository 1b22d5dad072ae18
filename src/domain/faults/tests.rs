//! What faults do, alone and together.

use super::builder::OUTAGES_MAX;
use super::*;
use crate::domain::protocol::Rules;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::Seed;
use crate::foundation::units::{Span, Time};
use crate::mechanism::network::LATENCY_MAX;
use proptest::prelude::*;

const SEED: Seed = Seed { seed: 3, replication: 0 };
const INSTANCES: usize = 4;
const END: Time = Time::from_ns(100);
const A: InstanceId = InstanceId(0);
const B: InstanceId = InstanceId(1);
const C: InstanceId = InstanceId(2);

const fn at(ns: u64) -> Time {
    Time::from_ns(ns)
}

const fn ns(ns: u64) -> Span {
    Span::from_ns(ns)
}

fn period(from: u64, until: impl Into<Option<u64>>) -> Period {
    Period { from: at(from), until: until.into().map(at) }
}

fn down(id: InstanceId, from: u64, until: impl Into<Option<u64>>, how: Unreachable) -> Fault {
    Fault::Down { instances: vec![id], during: period(from, until), how }
}

fn restart(at_ns: u64, startup: u64, rules: Option<Rules>) -> Fault {
    Fault::Restart { instance: A, at: at(at_ns), startup: ns(startup), rules }
}

fn timetable(faults: &[Fault]) -> Timetable {
    Timetable::new(faults, INSTANCES, SEED, END)
}

fn rules(name: &str) -> Option<Rules> {
    Rules::preset(name)
}

/// The changes of instance A.
fn changes(faults: &[Fault]) -> Vec<(u64, Change)> {
    timetable(faults).changes().iter().filter(|change| change.1 == A).map(|c| (c.0.ns(), c.2)).collect()
}

#[test]
fn without_faults_nothing_happens() {
    for faults in [&[][..], &[restart(5, 0, None)], &[down(A, 7, 7, Unreachable::Silent)]] {
        let table = timetable(faults);
        assert!(table.is_quiet());
        assert_eq!(table.reachability(A, at(5)), Reachability::Up);
        assert!(!table.is_cut(A, B, at(5)));
    }
    assert!(timetable(&[]).changes().is_empty());
}

#[test]
fn silence_wins_over_refusal() {
    use Reachability::{Refused, Silent, Up};
    let faults = [
        down(A, 10, 30, Unreachable::Refused),
        down(A, 20, 25, Unreachable::Silent),
        restart(40, 5, None),
        down(A, 90, None, Unreachable::Silent),
    ];
    let table = timetable(&faults);
    let met = [9, 10, 19, 20, 24, 25, 29, 30, 39, 40, 44, 45, 90, u64::MAX - 1]
        .map(|t| table.reachability(A, at(t)));
    let expected = [
        Up, Refused, Refused, Silent, Silent, Refused, Refused, Up, Up, Refused, Refused, Up, Silent, Silent,
    ];
    assert_eq!(met, expected);
    assert!(!table.is_quiet());
}

#[test]
fn overlapping_down_times_are_one() {
    use Change::{Start, Stop};
    let (v1, v2) = (rules("v1"), rules("v2"));
    assert!(v1.is_some() && v2.is_some() && v1 != v2);
    let silent = |from, until| down(A, from, until, Unreachable::Silent);
    for (faults, expected) in [
        (vec![silent(10, 20)], vec![(10, Stop), (20, Start(None))]),
        (vec![silent(10, 20), silent(15, 30), silent(30, 40)], vec![(10, Stop), (40, Start(None))]),
        (vec![silent(10, 50), silent(20, 30)], vec![(10, Stop), (50, Start(None))]),
        (vec![restart(15, 2, v2), silent(10, 20)], vec![(10, Stop), (20, Start(v2))]),
        // the latest restart decides, and one without rules changes none
        (
            vec![restart(15, 2, v2), restart(12, 3, v1), restart(16, 5, None)],
            vec![(12, Stop), (21, Start(v2))],
        ),
        // no start-up: no stop, unless it is down anyway
        (vec![restart(15, 0, v2)], vec![(15, Start(v2))]),
        (vec![restart(15, 0, v2), restart(15, 0, v1)], vec![(15, Start(v1))]),
        (vec![restart(15, 0, v2), silent(10, 20)], vec![(10, Stop), (20, Start(v2))]),
        // T0 and the end
        (vec![restart(0, 0, v2)], vec![]),
        (vec![silent(0, 5)], vec![(0, Stop), (5, Start(None))]),
        (vec![silent(90, 101), silent(101, 102)], vec![(90, Stop)]),
        (vec![silent(101, 102)], vec![]),
        (vec![down(A, 90, None, Unreachable::Silent), silent(95, 97)], vec![(90, Stop)]),
    ] {
        assert_eq!(changes(&faults), expected, "{faults:?}");
    }
}

#[test]
fn changes_are_in_order_of_time_and_instance() {
    let both = [B, A].map(|id| down(id, 5, 10, Unreachable::Refused));
    let order: Vec<_> = timetable(&both).changes().iter().map(|c| (c.0.ns(), c.1)).collect();
    assert_eq!(order, [(5, A), (5, B), (10, A), (10, B)]);
}

#[test]
fn dead_followers_are_a_share_and_others_in_every_replication() {
    let of: Vec<_> = (0..100).map(InstanceId).collect();
    let dead = |share_ppm, replication| {
        let fault = Fault::Dead { number: 0, of: of.clone(), share_ppm, how: Unreachable::Silent };
        let table = Timetable::new(&[fault], 100, Seed { replication, ..SEED }, END);
        let is_dead = |id: &InstanceId| table.reachability(*id, at(0)) == Reachability::Silent;
        let dead: Vec<_> = of.iter().copied().filter(is_dead).collect();
        let stops: Vec<_> = dead.iter().map(|&id| (Time::ZERO, id, Change::Stop)).collect();
        assert_eq!(table.changes(), stops);
        dead
    };
    for (share_ppm, count) in [(0, 0), (4_999, 0), (5_000, 1), (200_000, 20), (1_000_000, 100)] {
        assert_eq!(dead(share_ppm, 0).len(), count, "{share_ppm}");
    }
    assert_ne!(dead(200_000, 0), dead(200_000, 1));
    // a greater share kills the same and others: a sweep over it is paired
    assert!(dead(200_000, 0).iter().all(|id| dead(300_000, 0).contains(id)));
}

#[test]
fn outages_have_their_means_and_a_stream_per_instance() {
    const RUN: Time = Time::from_ms(400_000_000);
    let outages = |of: &[u32]| Fault::Outages {
        number: 0,
        of: of.iter().copied().map(InstanceId).collect(),
        mean_between: Span::from_secs(90),
        mean_duration: Span::from_secs(10),
        how: Unreachable::Refused,
    };
    let table = |of: &[u32]| Timetable::new(&[outages(of)], INSTANCES, SEED, RUN);
    let two = table(&[0, 1]);
    let times = |table: &Timetable, of: InstanceId| -> Vec<u64> {
        table.changes().iter().filter(|change| change.1 == of).map(|change| change.0.ns()).collect()
    };
    assert_ne!(times(&two, A), times(&two, B));
    assert_eq!(times(&two, B), times(&table(&[1]), B));
    let stops = times(&two, A);
    let down_s: u64 = stops.chunks_exact(2).map(|pair| pair[1] - pair[0]).sum::<u64>() / 1_000_000_000;
    // 4,000 outages expected, deviation about 57; 40,000 s down, deviation about 800
    assert!((3_770..4_230).contains(&(stops.len() / 2)), "{}", stops.len());
    assert!((36_800..43_200).contains(&down_s), "{down_s}");
    assert!(stops.iter().all(|ns| ns % 1_000 == 0));
}

#[test]
fn outages_without_number_stop_being_drawn() {
    let of = (0..4).map(InstanceId).collect();
    let mean = Span::ZERO;
    let fault =
        Fault::Outages { number: 0, of, mean_between: mean, mean_duration: mean, how: Unreachable::Silent };
    let table = Timetable::new(&[fault], INSTANCES, SEED, Time::from_ms(10_000_000));
    assert_eq!(table.reachability(A, Time::from_ms(1_000)), Reachability::Up);
    assert_eq!(table.changes().len(), 2 * OUTAGES_MAX);
}

#[test]
fn a_partition_keeps_its_sides_apart() {
    let sides = vec![vec![A], vec![B, InstanceId(3)]];
    let table = timetable(&[Fault::Partition { sides, during: period(10, 20) }]);
    for (from, to, expected) in
        [(A, B, true), (B, A, true), (B, InstanceId(3), false), (A, C, false), (C, B, false)]
    {
        assert_eq!(table.is_cut(from, to, at(10)), expected, "{from} {to}");
        assert!(!table.is_cut(from, to, at(9)) && !table.is_cut(from, to, at(20)));
    }
    assert!(!table.is_quiet());
}

#[test]
fn added_latencies_add_up_to_a_limit() {
    let on = |added| Fault::Latency { from: vec![A], to: vec![B, C], during: period(0, None), added };
    let added = |faults: &[Fault], to| timetable(faults).added_latency(A, to, at(5));
    assert_eq!(added(&[on(ns(3)), on(ns(4))], B), ns(7));
    assert_eq!(added(&[on(ns(3))], InstanceId(3)), Span::ZERO);
    assert_eq!(added(&[on(ns(u64::MAX)), on(ns(u64::MAX)), on(ns(1))], C), LATENCY_MAX);
}

#[test]
fn clocks_are_shifted_so_that_none_is_negative() {
    let skew = |id, ahead_ns| Fault::Skew { instances: vec![id], ahead_ns };
    let ahead = |faults: &[Fault]| [A, B, C].map(|id| timetable(faults).clock_ahead(id).ns());
    assert_eq!(ahead(&[]), [0, 0, 0]);
    assert_eq!(ahead(&[skew(A, 7)]), [7, 0, 0]);
    assert_eq!(ahead(&[skew(A, 7), skew(B, -5)]), [12, 0, 5]);
    assert_eq!(ahead(&[skew(A, 7), skew(A, -10)]), [0, 3, 3]);
    assert_eq!(ahead(&[skew(A, i64::MIN), skew(B, i64::MAX)]), [0, u64::MAX, 1 << 63]);
    assert!(!timetable(&[skew(A, 1)]).is_quiet());
}

fn periods() -> impl Strategy<Value = Period> {
    (0u64..120, proptest::option::of(0u64..120)).prop_map(|(from, until)| period(from, until))
}

fn ids() -> impl Strategy<Value = Vec<InstanceId>> {
    proptest::collection::btree_set((0u32..4).prop_map(InstanceId), 0..4)
        .prop_map(|ids| ids.into_iter().collect())
}

fn hows() -> impl Strategy<Value = Unreachable> {
    prop_oneof![Just(Unreachable::Refused), Just(Unreachable::Silent)]
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = prop_oneof![
        (ids(), periods(), hows()).prop_map(|(instances, during, how)| Fault::Down {
            instances,
            during,
            how
        }),
        (ids(), hows()).prop_map(|(of, how)| Fault::Dead { number: 0, of, share_ppm: 1_000_000, how }),
        (ids(), periods(), 0u64..9).prop_map(|(instances, during, us)| Fault::Slow {
            instances,
            during,
            answer: ns(us)
        }),
        (0u32..4, 0u64..120, 0u64..30).prop_map(|(id, from, startup)| Fault::Restart {
            instance: InstanceId(id),
            at: at(from),
            startup: ns(startup),
            rules: None
        }),
        (ids(), ids(), periods()).prop_map(|(one, mut other, during)| {
            other.retain(|id| !one.contains(id));
            Fault::Partition { sides: vec![one, other], during }
        }),
        (ids(), ids(), periods(), 0u32..9).prop_map(|(from, to, during, loss_ppm)| Fault::Loss {
            from,
            to,
            during,
            loss_ppm
        }),
        (ids(), ids(), periods(), 0u64..9).prop_map(|(from, to, during, added)| Fault::Latency {
            from,
            to,
            during,
            added: ns(added)
        }),
    ];
    proptest::collection::vec(fault, 0..12)
}

/// Whether a period holds, from its definition.
fn holds(during: &Period, now: Time) -> bool {
    now >= during.from && during.until.is_none_or(|until| now < until)
}

/// What a fault does to an instance: reachability and delay of answers.
fn on_instance(fault: &Fault, id: InstanceId, now: Time) -> (Reachability, Span) {
    let met = |how: &Unreachable| (Reachability::from(*how), Span::ZERO);
    match fault {
        Fault::Down { instances, during, how } if instances.contains(&id) && holds(during, now) => met(how),
        Fault::Dead { of, how, .. } if of.contains(&id) => met(how),
        Fault::Slow { instances, during, answer } if instances.contains(&id) && holds(during, now) => {
            (Reachability::Up, *answer)
        }
        Fault::Restart { instance, at, startup, .. }
            if *instance == id && *at <= now && now < *at + *startup =>
        {
            met(&Unreachable::Refused)
        }
        _ => (Reachability::Up, Span::ZERO),
    }
}

/// What a fault does to a link: whether it is cut, loss, latency.
fn on_link(fault: &Fault, link: (InstanceId, InstanceId), now: Time) -> (bool, u32, Span) {
    let on = |from: &[InstanceId], to: &[InstanceId], during: &Period| {
        holds(during, now) && from.contains(&link.0) && to.contains(&link.1)
    };
    match fault {
        Fault::Partition { sides, during } => {
            let is_cut = on(&sides[0], &sides[1], during) || on(&sides[1], &sides[0], during);
            (is_cut, 0, Span::ZERO)
        }
        Fault::Loss { from, to, during, loss_ppm } if on(from, to, during) => (false, *loss_ppm, Span::ZERO),
        Fault::Latency { from, to, during, added } if on(from, to, during) => (false, 0, *added),
        _ => (false, 0, Span::ZERO),
    }
}

proptest! {
    #[test]
    fn lookups_agree_with_the_list_of_faults(faults in faults(), now in 0u64..160) {
        let (table, now) = (timetable(&faults), at(now));
        let ids = (0..INSTANCES).map(InstanceId::at);
        for id in ids.clone() {
            let all = || faults.iter().map(|fault| on_instance(fault, id, now));
            let worst = all().map(|effect| effect.0).max().unwrap_or(Reachability::Up);
            prop_assert_eq!(table.reachability(id, now), worst);
            let slowest = all().map(|effect| effect.1).max().unwrap_or(Span::ZERO);
            prop_assert_eq!(table.answer_delay(id, now), slowest);
            prop_assert!(!table.is_quiet() || worst == Reachability::Up && slowest == Span::ZERO);
        }
        for (from, to) in ids.clone().flat_map(|from| ids.clone().map(move |to| (from, to))) {
            let all = || faults.iter().map(|fault| on_link(fault, (from, to), now));
            prop_assert_eq!(table.is_cut(from, to, now), all().any(|effect| effect.0));
            prop_assert_eq!(table.loss_ppm(from, to, now), all().map(|effect| effect.1).max().unwrap_or(0));
            let added = all().fold(Span::ZERO, |sum, effect| sum + effect.2);
            prop_assert_eq!(table.added_latency(from, to, now), added);
        }
    }

    /// A process is gone exactly while nothing reaches its instance, up to the end.
    #[test]
    fn changes_agree_with_reachability(faults in faults()) {
        let table = timetable(&faults);
        let changes = table.changes();
        prop_assert!(changes.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
        for id in (0..INSTANCES).map(InstanceId::at) {
            let mut own = changes.iter().filter(|change| change.1 == id).peekable();
            let mut is_gone = false;
            for now in 0..=END.ns() {
                while let Some(change) = own.next_if(|change| change.0 == at(now)) {
                    let stops = change.2 == Change::Stop;
                    prop_assert!(!(stops && is_gone), "stopped twice");
                    is_gone = stops;
                }
                prop_assert_eq!(is_gone, table.reachability(id, at(now)) != Reachability::Up, "{} at {}", id, now);
            }
            prop_assert!(own.next().is_none());
        }
    }
}
