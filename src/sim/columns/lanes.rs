//! Slots in lanes: when the requests of a job begin, if each occupies one of a few slots for a time that is known.
//!
//! The instants at which slots become free are kept in ascending order. The next request begins at the first of them; when it
//! is over, at x, x takes its place in the order: s[i] = max(s[i], min(x, s[i + 1])), for all i at once, without a branch.
//! Assumed: times are whole microseconds below 2^32. The scalar twin is the definition, and what runs where no vectors are.

use pulp::{Arch, Simd, WithSimd};

/// There are so many lanes.
pub(super) const SLOTS_MAX: usize = 32;

/// When each request begins, in microseconds after the job: in ascending order. Returns when the last one is over.
pub(super) fn begin_times(occupied_us: &[u32], slots: usize, begins_us: &mut Vec<u32>) -> u32 {
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
        for (occupied_us, begins_us) in self.occupied_us.iter().zip(self.begins_us) {
            *begins_us = pulp::bytemuck::cast_slice(&free[..1])[0];
            // the sum is made in a vector, for the way from there to a number and back is long
            let over = simd.add_u32s(simd.splat_u32s(*begins_us), simd.splat_u32s(*occupied_us));
            for vector in 0..N {
                let behind = if vector + 1 < N { free[vector + 1] } else { never };
                let next = simd.rotate_left_u32s(free[vector], 1);
                let next = simd.select_u32s(last_lane, simd.rotate_left_u32s(behind, 1), next);
                free[vector] = simd.max_u32s(free[vector], simd.min_u32s(over, next));
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
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

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
    }
}
