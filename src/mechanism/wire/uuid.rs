//! UUIDs made from what they name.

use crate::foundation::random::fold;

/// What a UUID names: part of its hash, so that things of different kinds never share one.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(super) enum UuidOf {
    Video = 1,
    PlainView = 2,
    Update = 3,
    WatchAction = 4,
    Background = 5,
    ViewCount = 6,
    Batch = 7,
}

/// A UUID of version 4 by its form; its 122 free bits are a hash of what it names.
pub(super) fn uuid(of: UuidOf, name: &[u64]) -> String {
    let half = |part: u64| fold(&[&[of as u64, part], name].concat());
    let (high, low) = (half(0), half(1));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}
