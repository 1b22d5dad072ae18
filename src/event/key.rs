//! Keys under construction: parts of fixed width, the most significant first.

use crate::foundation::ids::InstanceId;
use crate::mechanism::pending::Key;

/// The greatest number of heartbeats in a session, ticks or samples that a key can tell apart.
pub const MAX_NUMBER: u32 = (1 << NUMBER_BITS) - 1;

pub(super) const NUMBER_BITS: u32 = 28;
/// A federation has at most 20,000 instances.
pub(super) const INSTANCE_BITS: u32 = 15;
/// And at most a million videos.
pub(super) const VIDEO_BITS: u32 = 20;
/// A key under construction: fixed-width parts, the most significant first (rank, instance, others).
pub(super) struct Parts {
    pub(super) joined: u128,
    pub(super) free_bits: u32,
}

impl Parts {
    #[inline]
    pub(super) fn new(rank: u128, instance: InstanceId) -> Parts {
        const RANK_BITS: u32 = 4;
        Parts { joined: rank, free_bits: u128::BITS - RANK_BITS }.with(u64::from(instance.0), INSTANCE_BITS)
    }

    #[inline]
    pub(super) fn with(self, part: u64, bits: u32) -> Parts {
        assert!(bits == u64::BITS || part >> bits == 0, "{part} does not fit {bits} bits");
        Parts { joined: self.joined << bits | u128::from(part), free_bits: self.free_bits - bits }
    }

    #[inline]
    pub(super) fn key(self, copy: u64) -> Key {
        Key { of_model: self.joined << self.free_bits, copy }
    }
}
