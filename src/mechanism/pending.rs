//! Pending events: what happens next, in the order of time and then of the model's own key.
//!
//! The key, never the moment of insertion, decides between equal times, so that every way of executing a run agrees.
//! No two pending events may share a time and a key; `pop` asserts it. The queue knows nothing about events but that.

use crate::words::units::Time;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// The order of events at one instant. It is a number with the most important part in the highest bits.
///
/// `copy` decides between events that are alike in the model: the same activity sent twice over one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What the event is.
    pub of_model: u128,
    /// Which copy of it.
    pub copy: u64,
}

/// The set of events to come.
#[derive(Debug)]
pub struct Pending<E> {
    heap: BinaryHeap<Entry>,
    /// The events, beside the heap: it moves its entries often, and they are large.
    events: Vec<Option<E>>,
    free: Vec<u32>,
    last: Option<(Time, Key)>,
}

#[derive(Debug)]
struct Entry {
    time: Time,
    key: Key,
    /// Where in `events`.
    slot: u32,
}

impl<E> Pending<E> {
    /// No events.
    pub fn new() -> Pending<E> {
        Pending { heap: BinaryHeap::new(), events: Vec::new(), free: Vec::new(), last: None }
    }

    /// Schedules an event.
    ///
    /// # Panics
    /// If it lies before the last event that was popped.
    pub fn push(&mut self, time: Time, key: Key, event: E) {
        assert!(
            self.last.is_none_or(|(last, _)| time >= last),
            "an event at {time:?} was scheduled after {:?} had happened",
            self.last
        );
        let slot = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            u32::try_from(self.events.len() - 1).expect("fewer than 2^32 events fit the memory")
        });
        self.events[slot as usize] = Some(event);
        self.heap.push(Entry { time, key, slot });
    }

    /// The next event.
    ///
    /// # Panics
    /// If it has the time and the key of the one before: then their order would be an accident.
    pub fn pop(&mut self) -> Option<(Time, Key, E)> {
        let Entry { time, key, slot } = self.heap.pop()?;
        assert!(self.last != Some((time, key)), "two events at {time:?} with the key {key:x?}");
        self.last = Some((time, key));
        self.free.push(slot);
        self.events[slot as usize].take().map(|event| (time, key, event))
    }

    /// The time of the next event.
    pub fn next_time(&self) -> Option<Time> {
        self.heap.peek().map(|entry| entry.time)
    }

    /// How many events are pending.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

impl<E> Default for Pending<E> {
    fn default() -> Self {
        Pending::new()
    }
}

impl Entry {
    fn order(&self) -> (Time, Key) {
        (self.time, self.key)
    }
}

// The standard heap gives its greatest entry first, hence the reversed order.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.order().cmp(&self.order())
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
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
}
