//! Sorting by time: mostly a counting sort, for instants are spread evenly as a rule.

use crate::foundation::units::Time;
use std::ops::Range;

/// Something that happens at an instant.
pub trait Timed: Copy {
    /// When.
    fn at(&self) -> Time;
}

/// Room for sorting by time.
#[derive(Debug)]
pub struct TimeSort<T> {
    /// By cell of time: how many lie before it.
    before: Vec<u32>,
    sorted: Vec<T>,
}

impl<T> Default for TimeSort<T> {
    fn default() -> TimeSort<T> {
        TimeSort { before: Vec::new(), sorted: Vec::new() }
    }
}

impl<T: Timed> TimeSort<T> {
    /// In order of time; what happens at one instant, in the order of its key. All happens in `range`.
    pub fn sort<K: Ord>(&mut self, items: &mut Vec<T>, range: Range<Time>, key: impl Fn(&T) -> K) {
        const FEW: usize = 64;
        if items.len() <= FEW || !self.spread(items, range) {
            items.sort_unstable_by_key(Timed::at);
        }
        let is_before =
            |one: &T, other: &T| one.at() < other.at() || one.at() == other.at() && key(one) < key(other);
        // now each is a few places from its own, if not there
        for number in 1..items.len() {
            let item = items[number];
            let mut place = number;
            while place > 0 && is_before(&item, &items[place - 1]) {
                items[place] = items[place - 1];
                place -= 1;
            }
            if place < number {
                items[place] = item;
            }
        }
    }

    /// A counting sort into one to four cells of time per item, which leaves a few items to each cell. Returns false, and has done
    /// nothing, where a cell would get many.
    fn spread(&mut self, items: &mut Vec<T>, Range { start, end }: Range<Time>) -> bool {
        const MOST: u32 = 24;
        let width_ns = end.since(start).ns();
        let most_cells = 2 * items.len().next_power_of_two();
        let shift = (u64::BITS - width_ns.leading_zeros()).saturating_sub(most_cells.trailing_zeros());
        let cell = |item: &T| (item.at().since(start).ns() >> shift) as usize;
        let cells = (width_ns >> shift) as usize + 1;
        let before = &mut self.before;
        before.clear();
        before.resize(cells, 0);
        let mut most = 0;
        for item in &*items {
            let count = &mut before[cell(item)];
            *count += 1;
            most = most.max(*count);
        }
        if most > MOST {
            return false;
        }
        let mut sum = 0;
        for count in &mut *before {
            sum += std::mem::replace(count, sum);
        }
        if self.sorted.len() < items.len() {
            self.sorted.resize(items.len(), items[0]);
        }
        for item in &*items {
            let place = &mut before[cell(item)];
            self.sorted[*place as usize] = *item;
            *place += 1;
        }
        self.sorted.truncate(items.len());
        std::mem::swap(items, &mut self.sorted);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An instant, and a key.
    impl Timed for (u64, u32) {
        fn at(&self) -> Time {
            Time::from_ns(self.0)
        }
    }

    proptest! {
        /// Spread or crowded, with ties or without: by time, then by key.
        #[test]
        fn items_are_sorted(
            at in proptest::collection::vec(0u64..400, 0..300),
            scale in prop::sample::select(vec![1u64, 1_000, 1 << 40]),
            outlier in prop::sample::select(vec![0u64, u64::MAX / 2]),
        ) {
            let all = at.iter().map(|at| at * scale).chain([outlier]);
            let mut items: Vec<_> = all.zip((0..=at.len() as u32).rev()).collect();
            let mut expected = items.clone();
            expected.sort_unstable();
            TimeSort::default().sort(&mut items, Time::ZERO..Time::from_ns(u64::MAX), |item| item.1);
            prop_assert_eq!(items, expected);
        }
    }
}
