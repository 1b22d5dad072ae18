//! The order of events, and the work that it takes, against a sorted list.

use super::*;
use proptest::prelude::*;

fn only(of_model: u128) -> Key {
    Key { of_model, copy: 0 }
}

proptest! {
    #[test]
    fn events_come_by_time_and_key_whatever_the_order_of_insertion(
        set in proptest::collection::btree_set((0u64..50, 0u128..50), 0..200),
        rotation in 0usize..200,
    ) {
        let sorted: Vec<_> = set.into_iter().map(|(ns, key)| (Time::from_ns(ns), only(key))).collect();
        let mut inserted = sorted.clone();
        if !inserted.is_empty() {
            let middle = rotation % inserted.len();
            inserted.rotate_left(middle);
        }
        let mut pending = Pending::new();
        for (time, key) in inserted {
            pending.push(time, key, ());
        }
        let popped: Vec<_> =
            std::iter::from_fn(|| pending.pop()).map(|(time, key, ())| (time, key)).collect();
        prop_assert_eq!(popped, sorted);
    }
}

/// Lengths of time on every scale, from the same instant to centuries.
fn length_ns() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => Just(0),
        3 => 0u64..100,
        3 => 0u64..1_000_000,
        3 => 0u64..100_000_000_000,
        1 => (0u32..64).prop_flat_map(|bits| 0..=u64::MAX >> bits),
    ]
}

proptest! {
    #[test]
    fn it_is_a_sorted_map(
        steps in proptest::collection::vec((0usize..200, length_ns(), length_ns(), 0usize..200), 0..30),
    ) {
        let mut pending = Pending::new();
        let mut model = std::collections::BTreeMap::new();
        let mut now_ns = 0u64;
        for (number, (pushes, first_ns, apart_ns, pops)) in steps.into_iter().enumerate() {
            for push in 0..pushes {
                let later_ns = first_ns.saturating_add(apart_ns.saturating_mul(push as u64 / 2));
                let time = Time::from_ns(now_ns.saturating_add(later_ns));
                // Later ones come first, and keys do not repeat.
                let key = Key { of_model: 200 - push as u128, copy: number as u64 };
                pending.push(time, key, (number, push));
                model.insert((time, key), (number, push));
            }
            for _ in 0..pops {
                prop_assert_eq!(pending.next_time(), model.keys().next().map(|&(time, _)| time));
                prop_assert_eq!(pending.len(), model.len());
                prop_assert_eq!(pending.is_empty(), model.is_empty());
                let expected = model.pop_first().map(|((time, key), event)| (time, key, event));
                prop_assert_eq!(pending.pop(), expected);
                now_ns = expected.map_or(now_ns, |(time, _, _)| time.ns());
            }
        }
    }
}

#[test]
fn a_million_events_at_two_instants_take_no_time() {
    const EACH: u128 = 250_000;
    let [near, far] = [Time::from_ns(7), Time::from_ns(u64::MAX)];
    let mut pending = Pending::new();
    for key in 0..EACH {
        pending.push(near, only(2 * key), ());
        pending.push(far, only(2 * key), ());
    }
    // Every event schedules another one at its own instant.
    for time in [near, far] {
        for key in 0..EACH {
            assert_eq!(pending.pop(), Some((time, only(2 * key), ())));
            pending.push(time, only(2 * key + 1), ());
            assert_eq!(pending.pop(), Some((time, only(2 * key + 1), ())));
        }
        for key in EACH..2 * EACH {
            pending.push(time, only(2 * key), ());
        }
        for key in EACH..2 * EACH {
            assert_eq!(pending.pop(), Some((time, only(2 * key), ())));
        }
    }
    assert!(pending.is_empty());
}

#[test]
fn bursts_before_a_crowded_instant_do_not_move_the_crowd() {
    let crowded = Time::from_ns(1 << 40);
    let mut pending = Pending::new();
    for key in 0..200_000 {
        pending.push(crowded, only(key), ());
    }
    for burst in 0..10_000 {
        for event in 0..100 {
            pending.push(Time::from_ns(1_000 * burst + event), only(0), ());
        }
        for event in 0..100 {
            assert_eq!(pending.next_time(), Some(Time::from_ns(1_000 * burst + event)));
            pending.pop();
        }
        assert_eq!(pending.next_time(), Some(crowded));
    }
    assert_eq!(pending.len(), 200_000);
}

#[test]
#[should_panic(expected = "was scheduled after")]
fn the_past_is_closed() {
    let mut pending = Pending::new();
    pending.push(Time::from_ns(5), only(0), ());
    pending.pop();
    pending.push(Time::from_ns(4), only(0), ());
}

#[test]
#[should_panic(expected = "two events")]
fn an_ambiguous_order_is_a_bug() {
    let mut pending = Pending::new();
    pending.push(Time::from_ns(5), only(1), ());
    pending.push(Time::from_ns(5), only(1), ());
    pending.pop();
    pending.pop();
}
