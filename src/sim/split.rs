//! Ascending instants, split by intervals of time: in which second, or bucket of traffic, requests begin and leave.

use crate::foundation::units::{Span, Time};
use std::ops::Range;

/// Splits the ascending instants `start + at_ns(0..count)` by intervals of `width`: calls `part` with the number of each
/// interval and the range of instants in it.
pub(super) fn for_parts(
    start: Time,
    count: usize,
    at_ns: impl Fn(usize) -> u64,
    width: Span,
    mut part: impl FnMut(u64, Range<usize>),
) {
    let mut first = 0;
    while first < count {
        let number = (start.ns() + at_ns(first)) / width.ns();
        let last_ns = (number + 1) * width.ns() - start.ns() - 1;
        let after = first_after(first..count, last_ns, &at_ns);
        part(number, first..after);
        first = after;
    }
}

/// The first of a range of ascending instants with `at_ns > last_ns`; the end of the range if none (binary search).
pub(super) fn first_after(mut range: Range<usize>, last_ns: u64, at_ns: impl Fn(usize) -> u64) -> usize {
    while !range.is_empty() {
        let middle = range.start + range.len() / 2;
        if at_ns(middle) <= last_ns {
            range.start = middle + 1;
        } else {
            range.end = middle;
        }
    }
    range.start
}
