//! Pending events: what happens next, in the order of time and then of the model's own key.
//!
//! The key, never the moment of insertion, decides between equal times, so that every way of executing a run agrees.
//! No two pending events may share a time and a key; `pop` asserts it. The queue knows nothing about events but that.
//!
//! Times are numbers of `DIGIT_BITS`-bit digits. The next events are in a *window* of time, sorted; any other waits in the
//! bucket of the first digit in which its time differs from the window's start: the sooner it happens, the finer the bucket.
//! When the window is used up, the first bucket becomes the window if it holds few events; if it holds many, they are dealt
//! out by their next digit. A window into which too many events are scheduled is closed: all of it goes to finer buckets.
//! So buckets are as fine as events are dense, and however times are spread, an event goes down digit by digit and never up.
//! Only the events of one single instant cost their logarithm.

use crate::foundation::units::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const DIGIT_BITS: u32 = 6;
/// Values of a digit.
const RADIX: usize = 1 << DIGIT_BITS;
/// Digits of a time.
const DIGITS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;
/// A bucket of so many events is sorted, a larger one dealt out.
const SORTED_MAX: usize = 32;
/// A window to which more events were added is too long.
const ADDED_MAX: usize = 64;
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

impl Key {
    /// Behind all others.
    pub const LAST: Key = Key { of_model: u128::MAX, copy: u64::MAX };
}

/// The set of events to come.
#[derive(Debug)]
pub struct Pending<E> {
    /// The last instant of the window, if one is open.
    window_end_ns: Option<u64>,
    /// The events of the window that were in its bucket; the next one is last.
    run: Vec<Near>,
    /// The events of the window that were scheduled since.
    added: BinaryHeap<Reverse<Near>>,
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

/// An event in a bucket.
#[derive(Clone, Copy, Debug)]
struct Far {
    time_ns: u64,
    /// Where in `slots`.
    slot: u32,
}

/// An event in the window. The order is that of the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Near {
    time_ns: u64,
    key: Key,
    /// Where in `slots`.
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
            self.buckets.add(Far { time_ns, slot });
            return;
        }
        self.added.push(Reverse(Near { time_ns, key, slot }));
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
        let Near { time_ns, key, slot } = self.pop_near()?;
        let time = Time::from_ns(time_ns);
        assert!(self.last != Some((time, key)), "two events at {time:?} with the key {key:x?}");
        self.last = Some((time, key));
        self.free.push(slot);
        self.slots[slot as usize].event.take().map(|event| (time, key, event))
    }

    /// The time of the next event.
    pub fn next_time(&self) -> Option<Time> {
        let of_run = self.run.last().map(|near| near.time_ns);
        let added = self.added.peek().map(|Reverse(near)| near.time_ns);
        let first_ns = match (of_run, added) {
            (Some(of_run), Some(added)) => Some(of_run.min(added)),
            (None, None) => self.buckets.first_ns(),
            (one, other) => one.or(other),
        };
        first_ns.map(Time::from_ns)
    }

    /// The time of the last event that was popped.
    pub fn now(&self) -> Time {
        self.last.map_or(Time::ZERO, |(last, _)| last)
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
    fn pop_near(&mut self) -> Option<Near> {
        match (self.run.last(), self.added.peek()) {
            (Some(of_run), Some(Reverse(added))) if added < of_run => {
                self.added.pop().map(|Reverse(near)| near)
            }
            (None, Some(_)) => self.added.pop().map(|Reverse(near)| near),
            _ => self.run.pop(),
        }
    }

    /// Makes the first bucket the window, after dealing it out as often as it holds too many events.
    ///
    /// Only `pop` does, so that an event of the window has happened before anything can close it. A window that was opened
    /// ahead could be closed by what comes before it, again and again, however crowded it is.
    fn open_window(&mut self) {
        while let Some(bucket) = self.buckets.first() {
            if bucket.digit == 0 || self.buckets.len(bucket) <= SORTED_MAX {
                let (mut content, end_ns) = self.buckets.take(bucket);
                self.window_end_ns = Some(end_ns);
                self.fill_run(&mut content);
                self.buckets.keep(bucket, content);
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
        let added = self.added.drain().map(|Reverse(near)| near);
        for Near { time_ns, slot, .. } in self.run.drain(..).chain(added) {
            self.buckets.add(Far { time_ns, slot });
        }
    }

    /// Sorts by time, which is cheap, and then by key where times are equal, which is rare.
    fn fill_run(&mut self, content: &mut [Far]) {
        content.sort_unstable_by_key(|far| Reverse(far.time_ns));
        let slots = &self.slots;
        let near = |&Far { time_ns, slot }: &Far| Near { time_ns, key: slots[slot as usize].key, slot };
        self.run.extend(content.iter().map(near));
        for equal in self.run.chunk_by_mut(|a, b| a.time_ns == b.time_ns) {
            equal.sort_unstable_by_key(|near| Reverse(near.key));
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
    content: Vec<Far>,
}

/// A bucket that has events.
#[derive(Clone, Copy)]
struct Place {
    digit: usize,
    value: usize,
}

impl Buckets {
    fn new() -> Buckets {
        let empty = Bucket { first_ns: u64::MAX, content: Vec::new() };
        Buckets { start_ns: 0, buckets: vec![empty; DIGITS * RADIX], used: [0; DIGITS] }
    }

    fn add(&mut self, far: Far) {
        let differing = far.time_ns ^ self.start_ns;
        let digit = (differing.checked_ilog2().unwrap_or(0) / DIGIT_BITS) as usize;
        let value = (far.time_ns >> (digit as u32 * DIGIT_BITS)) as usize % RADIX;
        self.used[digit] |= 1 << value;
        let bucket = &mut self.buckets[digit * RADIX + value];
        bucket.first_ns = bucket.first_ns.min(far.time_ns);
        bucket.content.push(far);
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
        self.buckets[digit * RADIX + value].content.len()
    }

    /// Moves the start to the first bucket. Returns its events and its last instant.
    fn take(&mut self, Place { digit, value }: Place) -> (Vec<Far>, u64) {
        self.used[digit] &= !(1 << value);
        let bucket = &mut self.buckets[digit * RADIX + value];
        let below = !(u64::MAX << (digit as u32 * DIGIT_BITS));
        self.start_ns = bucket.first_ns & !below;
        bucket.first_ns = u64::MAX;
        (std::mem::take(&mut bucket.content), self.start_ns | below)
    }

    /// Gives an empty bucket the memory of what was taken out, if that is little.
    fn keep(&mut self, Place { digit, value }: Place, mut content: Vec<Far>) {
        if content.capacity() <= KEPT_CAPACITY {
            content.clear();
            self.buckets[digit * RADIX + value].content = content;
        }
    }

    /// Moves the start to the first bucket and its events to finer ones.
    fn deal_out(&mut self, place: Place) {
        let (content, _) = self.take(place);
        for &far in &content {
            self.add(far);
        }
        self.keep(place, content);
    }
}

#[cfg(test)]
mod tests;
