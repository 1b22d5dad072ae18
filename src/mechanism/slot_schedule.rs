//! When the jobs of a station with a few slots begin, first come first served, if each occupies its slot for a time that is
//! known when it begins.
//!
//! The instants at which slots become free are kept in ascending order. The next job begins at the first of them; when it is
//! over, at x, x takes its place in the order: `s[i] = max(s[i], min(x, s[i + 1]))`, for all i at once, without a branch
//! (`begin_times`, in vectors). Where a job's time depends on when it begins, they are taken one by one (`Schedule::make`).
//! Times are from the common start. Nothing here knows what a job is.

use pulp::{Arch, Simd, WithSimd};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// When jobs begin, by number.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// When each begins, in ascending order, after `make`.
    pub begins_ns: Vec<u64>,
    /// The same after `make_in_vectors`, in microseconds.
    pub begins_us: Vec<u32>,
    /// When the last one is over.
    pub over_ns: u64,
    /// The number of that job; of several the last.
    pub last: usize,
    /// When slots become free, the first at the top.
    free: BinaryHeap<Reverse<u64>>,
}

/// Whether `make_in_vectors` can do it: there are enough lanes, and no time is above 2^31 µs. The last job begins when all slots
/// have been busy until then, so all are over after `sum / slots + longest` (Graham's bound for list scheduling).
pub fn fits_vectors(occupied_us: &[u32], at_once: usize) -> bool {
    let sum: u64 = occupied_us.iter().map(|us| u64::from(*us)).sum();
    let longest = u64::from(occupied_us.iter().copied().max().unwrap_or(0));
    (at_once <= SLOTS_MAX || occupied_us.len() <= at_once)
        && sum / at_once as u64 + longest <= u64::from(u32::MAX / 2)
}

impl Schedule {
    /// Begins jobs, so many at once; `job` makes one that begins at an instant and says when it is over, in ns.
    pub fn make(&mut self, count: usize, at_once: usize, mut job: impl FnMut(usize, u64) -> u64) {
        self.begins_ns.clear();
        self.free.clear();
        (self.over_ns, self.last) = (0, 0);
        for number in 0..count {
            let free = if number < at_once { None } else { self.free.pop() };
            let begins = free.map_or(0, |free| free.0);
            let over = job(number, begins);
            self.free.push(Reverse(over));
            self.begins_ns.push(begins);
            if over >= self.over_ns {
                (self.over_ns, self.last) = (over, number);
            }
        }
    }

    /// The same for jobs that occupy their slots for times that are known, in microseconds.
    pub fn make_in_vectors(&mut self, occupied_us: &[u32], at_once: usize) {
        self.begins_us.clear();
        let over_us = if occupied_us.len() <= at_once {
            self.begins_us.resize(occupied_us.len(), 0);
            occupied_us.iter().copied().max().unwrap_or(0)
        } else {
            begin_times(occupied_us, at_once, &mut self.begins_us)
        };
        self.over_ns = ns(over_us);
        let over = |(begins_us, occupied_us): (&u32, &u32)| begins_us + occupied_us;
        let mut overs = self.begins_us.iter().zip(occupied_us).map(over);
        self.last = overs.rposition(|over| over == over_us).unwrap_or(0);
    }
}

/// Microseconds in ns.
pub fn ns(us: u32) -> u64 {
    u64::from(us) * 1_000
}

/// There are so many lanes.
pub const SLOTS_MAX: usize = 32;

/// When each request begins, in microseconds after the job: in ascending order. Returns when the last one is over.
pub fn begin_times(occupied_us: &[u32], slots: usize, begins_us: &mut Vec<u32>) -> u32 {
    assert!((1..=SLOTS_MAX).contains(&slots), "{slots} slots");
    begins_us.clear();
    begins_us.resize(occupied_us.len(), 0);
    Arch::new().dispatch(Slots { occupied_us, slots, begins_us })
}

struct Slots<'a> {
    occupied_us: &'a [u32],
    slots: usize,
    begins_us: &'a mut [u32],
}

impl WithSimd for Slots<'_> {
    type Output = u32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> u32 {
        match S::U32_LANES {
            16 => self.in_vectors::<S, 2>(simd),
            8 => self.in_vectors::<S, 4>(simd),
            4 => self.in_vectors::<S, 8>(simd),
            _ => self.one_by_one(),
        }
    }
}

impl Slots<'_> {
    /// The same with all free times in `N` vectors.
    #[inline(always)]
    fn in_vectors<S: Simd, const N: usize>(self, simd: S) -> u32 {
        let slots = self.slots;
        let free = self.free();
        let lanes = S::U32_LANES;
        let mut free: [S::u32s; N] =
            std::array::from_fn(|vector| simd.partial_load_u32s(&free[vector * lanes..][..lanes]));
        let last_lane = simd.mask_between_m32s(lanes as u32 - 1, lanes as u32).mask();
        let never = simd.splat_u32s(u32::MAX);
        let mut begins = 0;
        for (occupied_us, begins_us) in self.occupied_us.iter().zip(self.begins_us) {
            *begins_us = begins;
            let over = begins + occupied_us;
            // the next one begins when this one is over or the second slot is free; the vectors know it later
            begins = over.min(pulp::bytemuck::cast_slice(&free[..1])[1]);
            let over = simd.splat_u32s(over);
            for vector in 0..N {
                let behind = if vector + 1 < N { free[vector + 1] } else { never };
                // The last lane takes the first of the vector behind. (The rotation gives it the first of its own vector, which
                // is not above it and so changes nothing.)
                let next = simd.min_u32s(over, simd.rotate_left_u32s(free[vector], 1));
                let behind = simd.min_u32s(over, simd.rotate_left_u32s(behind, 1));
                let behind = simd.select_u32s(last_lane, behind, simd.splat_u32s(0));
                free[vector] = simd.max_u32s(simd.max_u32s(free[vector], behind), next);
            }
        }
        pulp::bytemuck::cast_slice(&free)[slots - 1]
    }

    /// The scalar twin.
    fn one_by_one(self) -> u32 {
        let mut free = self.free();
        for (occupied_us, begins_us) in self.occupied_us.iter().zip(self.begins_us) {
            *begins_us = free[0];
            let over = free[0] + occupied_us;
            for slot in 0..SLOTS_MAX {
                let next = free.get(slot + 1).copied().unwrap_or(u32::MAX);
                free[slot] = free[slot].max(over.min(next));
            }
        }
        free[self.slots - 1]
    }

    /// At the start all slots are free; those that do not exist never are.
    fn free(&self) -> [u32; SLOTS_MAX] {
        std::array::from_fn(|slot| if slot < self.slots { 0 } else { u32::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_job_fits_by_what_its_requests_take_not_by_their_time_out() {
        let mut occupied_us = vec![120_000; 10_000];
        assert!(fits_vectors(&occupied_us, 30));
        occupied_us.fill(7_000_000);
        assert!(!fits_vectors(&occupied_us, 30));
    }

    proptest! {
        /// Vectors, the scalar twin and a heap say the same.
        #[test]
        fn slots_become_free_as_in_a_heap(
            occupied_us in proptest::collection::vec(0u32..1_000, 0..200),
            slots in 1usize..=SLOTS_MAX,
        ) {
            let mut heap: BinaryHeap<_> = (0..slots).map(|_| Reverse(0)).collect();
            let in_heap = |&occupied_us: &u32| {
                let Reverse(begins_us) = heap.pop().expect("a slot");
                heap.push(Reverse(begins_us + occupied_us));
                begins_us
            };
            let expected: Vec<u32> = occupied_us.iter().map(in_heap).collect();
            let over_us = heap.iter().map(|Reverse(free_us)| *free_us).max().unwrap_or(0);
            let mut in_lanes = Vec::new();
            prop_assert_eq!(begin_times(&occupied_us, slots, &mut in_lanes), over_us);
            prop_assert_eq!(&in_lanes, &expected);
            let mut twin = vec![0; occupied_us.len()];
            let slots = Slots { occupied_us: &occupied_us, slots, begins_us: &mut twin };
            prop_assert_eq!(slots.one_by_one(), over_us);
            prop_assert_eq!(twin, expected);
        }

        #[test]
        fn vectors_and_one_by_one_say_the_same(
            occupied in proptest::collection::vec(0u32..100, 1..200),
            unit_us in prop_oneof![Just(1u32), Just(20_000_000)],
            at_once in 1usize..300,
        ) {
            let occupied_us: Vec<u32> = occupied.iter().map(|units| units * unit_us).collect();
            let (mut in_vectors, mut one_by_one) = (Schedule::default(), Schedule::default());
            one_by_one.make(occupied_us.len(), at_once, |number, begins| begins + ns(occupied_us[number]));
            if fits_vectors(&occupied_us, at_once) {
                in_vectors.make_in_vectors(&occupied_us, at_once);
                let begins_ns: Vec<u64> = in_vectors.begins_us.iter().map(|&us| ns(us)).collect();
                prop_assert_eq!(begins_ns, one_by_one.begins_ns);
                prop_assert_eq!((in_vectors.over_ns, in_vectors.last), (one_by_one.over_ns, one_by_one.last));
            }
        }
    }
}
