//! Pending events: what happens next, in the order of time and then of the model's own key.
//!
//! The key, never the moment of insertion, decides between equal times, so that every way of executing a run agrees.
//! No two pending events may share a time and a key; `pop` asserts it. The queue knows nothing about events but that.
//!
//! Times are numbers of `DIGIT_BITS`-bit digits. The next events are in a *window* of time, sorted; any other waits in the
//! bucket of the first digit in which its time differs from the window's start: the sooner it happens, the finer the bucket.
//! When the window is used up, the first bucket becomes the window if it holds few events; if it holds many, they are dealt
//! out by their next digit. So buckets are as fine as events are dense, and however times are spread, an event goes down
//! digit by digit and never up.

use crate::words::units::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const DIGIT_BITS: u32 = 6;
/// Values of a digit.
const RADIX: usize = 1 << DIGIT_BITS;
/// Digits of a time.
const DIGITS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;
/// A bucket of so many events is sorted, a larger one dealt out.
const SORTED_MAX: usize = 128;
/// A window to which more events were added is too long.
const ADDED_MAX: usize = 128;
/// An emptied bucket keeps memory for so many events.
const KEPT_CAPACITY: usize = 256;

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
    /// The last instant of the window, if one is open.
    window_end_ns: Option<u64>,
    /// The events of the window that were in its bucket; the next one is last.
    run: Vec<Entry>,
    /// The events of the window that were scheduled since.
    added: BinaryHeap<Reverse<Added>>,
    /// The events beyond the window.
    buckets: Buckets,
    /// The events, beside what is moved often: they are large.
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    last: Option<(Time, Key)>,
}

#[derive(Debug)]
struct Slot<E> {
    key: Key,
    event: Option<E>,
}

/// An event that is or was in a bucket.
#[derive(Clone, Copy, Debug)]
struct Entry {
    time_ns: u64,
    /// Where in `slots`.
    slot: u32,
}

/// An event that was scheduled in the open window. The order is that of the fields.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Added {
    time_ns: u64,
    key: Key,
    slot: u32,
}

impl<E> Pending<E> {
    /// No events.
    pub fn new() -> Pending<E> {
        Pending {
            window_end_ns: None,
            run: Vec::new(),
            added: BinaryHeap::new(),
            buckets: Buckets::new(),
            slots: Vec::new(),
            free: Vec::new(),
            last: None,
        }
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
        let slot = self.store(Slot { key, event: Some(event) });
        let time_ns = time.ns();
        if self.window_end_ns.is_none_or(|end_ns| time_ns > end_ns) {
            self.buckets.add(Entry { time_ns, slot });
            return;
        }
        self.added.push(Reverse(Added { time_ns, key, slot }));
        if self.added.len() > ADDED_MAX {
            self.close_window();
        }
    }

    /// The next event.
    ///
    /// # Panics
    /// If it has the time and the key of the one before: then their order would be an accident.
    pub fn pop(&mut self) -> Option<(Time, Key, E)> {
        if self.run.is_empty() && self.added.is_empty() {
            self.open_window();
        }
        let Entry { time_ns, slot } = self.pop_entry()?;
        let Slot { key, ref mut event } = self.slots[slot as usize];
        let time = Time::from_ns(time_ns);
        assert!(self.last != Some((time, key)), "two events at {time:?} with the key {key:x?}");
        self.last = Some((time, key));
        self.free.push(slot);
        event.take().map(|event| (time, key, event))
    }

    /// The time of the next event.
    pub fn next_time(&self) -> Option<Time> {
        let of_run = self.run.last().map(|entry| entry.time_ns);
        let of_added = self.added.peek().map(|Reverse(added)| added.time_ns);
        let in_window = of_run.into_iter().chain(of_added).min();
        in_window.or_else(|| self.buckets.first_ns()).map(Time::from_ns)
    }

    /// How many events are pending.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn store(&mut self, content: Slot<E>) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = content;
            return slot;
        }
        self.slots.push(content);
        u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 events fit the memory")
    }

    /// Takes the first event out of the window.
    fn pop_entry(&mut self) -> Option<Entry> {
        let Some(Reverse(added)) = self.added.peek() else { return self.run.pop() };
        let run_is_first = self.run.last().is_some_and(|first| {
            (first.time_ns, self.slots[first.slot as usize].key) < (added.time_ns, added.key)
        });
        if run_is_first {
            return self.run.pop();
        }
        self.added.pop().map(|Reverse(Added { time_ns, slot, .. })| Entry { time_ns, slot })
    }

    /// Makes the first bucket the window, after dealing it out as often as it holds too many events.
    fn open_window(&mut self) {
        while let Some(bucket) = self.buckets.first() {
            if bucket.digit == 0 || self.buckets.len(bucket) <= SORTED_MAX {
                self.window_end_ns = Some(self.buckets.take(bucket, &mut self.run));
                self.sort_run();
                return;
            }
            self.buckets.deal_out(bucket);
        }
    }

    /// Puts the events of the window into finer buckets, so that the next one is shorter.
    fn close_window(&mut self) {
        let Some((now, _)) = self.last else { return };
        // A window that is over at this instant cannot be shorter.
        if self.window_end_ns == Some(now.ns()) {
            return;
        }
        self.window_end_ns = None;
        self.buckets.start_ns = now.ns();
        let added = self.added.drain().map(|Reverse(Added { time_ns, slot, .. })| Entry { time_ns, slot });
        for entry in self.run.drain(..).chain(added) {
            self.buckets.add(entry);
        }
    }

    /// Sorts by time first: equal times are rare, and keys are far away.
    fn sort_run(&mut self) {
        self.run.sort_unstable_by_key(|entry| Reverse(entry.time_ns));
        for equal in self.run.chunk_by_mut(|a, b| a.time_ns == b.time_ns) {
            if equal.len() > 1 {
                equal.sort_by_cached_key(|entry| Reverse(self.slots[entry.slot as usize].key));
            }
        }
    }
}

impl<E> Default for Pending<E> {
    fn default() -> Self {
        Pending::new()
    }
}

/// The events beyond the window, by the first digit in which their time differs from its start.
#[derive(Debug)]
struct Buckets {
    /// The start of the window. Nothing pending is earlier.
    start_ns: u64,
    /// By digit, lowest first, then by its value.
    buckets: Vec<Bucket>,
    /// By digit: the values that have events, as bits.
    used: [u64; DIGITS],
}

#[derive(Clone, Debug)]
struct Bucket {
    first_ns: u64,
    entries: Vec<Entry>,
}

/// A bucket that has events.
#[derive(Clone, Copy)]
struct Place {
    digit: usize,
    value: usize,
}

impl Buckets {
    fn new() -> Buckets {
        let empty = Bucket { first_ns: u64::MAX, entries: Vec::new() };
        Buckets { start_ns: 0, buckets: vec![empty; DIGITS * RADIX], used: [0; DIGITS] }
    }

    fn add(&mut self, entry: Entry) {
        let differing = entry.time_ns ^ self.start_ns;
        let digit = (differing.checked_ilog2().unwrap_or(0) / DIGIT_BITS) as usize;
        let value = (entry.time_ns >> (digit as u32 * DIGIT_BITS)) as usize % RADIX;
        self.used[digit] |= 1 << value;
        let bucket = &mut self.buckets[digit * RADIX + value];
        bucket.first_ns = bucket.first_ns.min(entry.time_ns);
        bucket.entries.push(entry);
    }

    /// The earliest bucket: what differs in a low digit only is closest.
    fn first(&self) -> Option<Place> {
        let digit = self.used.iter().position(|&used| used != 0)?;
        Some(Place { digit, value: self.used[digit].trailing_zeros() as usize })
    }

    fn first_ns(&self) -> Option<u64> {
        self.first().map(|Place { digit, value }| self.buckets[digit * RADIX + value].first_ns)
    }

    fn len(&self, Place { digit, value }: Place) -> usize {
        self.buckets[digit * RADIX + value].entries.len()
    }

    /// Moves the start to the first bucket and its events to `out`. Returns its last instant.
    fn take(&mut self, Place { digit, value }: Place, out: &mut Vec<Entry>) -> u64 {
        self.used[digit] &= !(1 << value);
        let bucket = &mut self.buckets[digit * RADIX + value];
        let below = !(u64::MAX << (digit as u32 * DIGIT_BITS));
        self.start_ns = bucket.first_ns & !below;
        bucket.first_ns = u64::MAX;
        out.append(&mut bucket.entries);
        bucket.entries.shrink_to(KEPT_CAPACITY);
        self.start_ns | below
    }

    /// Moves the start to the first bucket and its events to finer ones.
    fn deal_out(&mut self, place: Place) {
        let mut entries = Vec::new();
        self.take(place, &mut entries);
        for entry in entries {
            self.add(entry);
        }
    }
}

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
