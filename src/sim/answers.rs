//! Which answers leave in which second: those of the receivers of a job that own videos.

use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::boundary::{NEVER_US, boundary_us};
use crate::sim::route::Route;

const SECOND: Span = Span::from_secs(1);

/// Calls `answer` with the instance, the second and the bytes of each answer. Destination `d` answers at `from + after_us[d]`, but
/// for those with `NEVER_US`.
pub(super) fn for_answers(
    route: &Route,
    from: Time,
    after_us: &[u32],
    mut answer: impl FnMut(InstanceId, u64, u64),
) {
    let first = from.ns() / SECOND.ns();
    let next_us = boundary_us(from, Time::ZERO + SECOND * (first + 1));
    for (destination, _) in route.is_to_origin.iter().enumerate().filter(|(_, is_origin)| **is_origin) {
        let us = after_us[destination];
        if us == NEVER_US {
            continue;
        }
        // most leave in the second of the job
        let later = || (from + Span::from_us(u64::from(us))).ns() / SECOND.ns();
        let second = if us < next_us { first } else { later() };
        answer(route.to[destination], second, route.response_bytes(destination));
    }
}
