//! The path of a request at whose stations nothing waits, as linear functions of its latency `l`, in µs after its beginning.
//!
//! ```text
//! arrives(l) = arrives_us + latencies_to_arrival * l      over(l) = over_us + latencies_to_end * l
//! ```
//! The coefficients come from `request::Path` at two latencies. They hold for any: each leg is a sum of service times and
//! latencies. A change of the path needs no change here.

use crate::domain::faults::Timetable;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::Seed;
use crate::foundation::units::{Span, Time};
use crate::observe::RequestOutcome;
use crate::request::{Conditions, Path, RequestHistory};
use pulp::Arch;

/// Each term is below this, so that sums of a few fit 32 bits.
const LONGEST_US: u32 = 1 << 28;

/// Holds for a request that no fault affects and that is over before its time-out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linear {
    /// When it leaves, for any latency.
    pub(super) signed_us: u32,
    /// When it arrives, with latency 0.
    arrives_us: u32,
    /// One-way latencies until it arrives.
    latencies_to_arrival: u32,
    /// When it is over for its sender, with latency 0.
    pub(super) over_us: u32,
    /// One-way latencies until it is over.
    latencies_to_end: u32,
    pub(super) timeout_us: u32,
}

impl Linear {
    /// The functions of a path, if its coefficients are whole µs below 2^28.
    pub(super) fn of(path: &Path) -> Option<Linear> {
        const PROBE: Span = Span::from_us(1);
        let from_start = |at: Time| whole_us(at.since(Time::ZERO));
        let [without, with] = [Span::ZERO, PROBE].map(|latency| probe(path, latency));
        if without.outcome != RequestOutcome::Good || with.outcome != RequestOutcome::Good {
            return None;
        }
        let (arrives_us, over_us) = (from_start(without.settled)?, from_start(without.over)?);
        Some(Linear {
            signed_us: from_start(without.left?)?,
            arrives_us,
            latencies_to_arrival: from_start(with.settled)? - arrives_us,
            over_us,
            latencies_to_end: from_start(with.over)? - over_us,
            timeout_us: whole_us(path.timeout)?,
        })
    }

    /// Fills `occupied` with `over(l)` and `arrives` with `arrives(l)`, by latency in µs. Where a request would time out, the
    /// result is only known to be above the time-out. Returns whether there is one.
    pub(super) fn fill(&self, latencies: &[u32], occupied: &mut Vec<u32>, arrives: &mut Vec<u32>) -> bool {
        let Linear { arrives_us, latencies_to_arrival, over_us, latencies_to_end, timeout_us, .. } = *self;
        occupied.resize(latencies.len(), 0);
        arrives.resize(latencies.len(), 0);
        let too_long = timeout_us + 1;
        let longest = Arch::new().dispatch(|| {
            let mut longest = 0;
            for ((latency, occupied), arrives) in latencies.iter().zip(&mut *occupied).zip(&mut *arrives) {
                // Latencies above the time-out are equivalent. Each term is below 2^28 and there are at most seven: nothing
                // wraps, and unchecked sums can be vectorized.
                let latency = too_long.min(*latency);
                *occupied = over_us.wrapping_add(latency.wrapping_mul(latencies_to_end));
                *arrives = arrives_us.wrapping_add(latency.wrapping_mul(latencies_to_arrival));
                longest = longest.max(*occupied);
            }
            longest
        });
        longest > timeout_us
    }

    /// `over(l)`: after this time a request of this latency asks the timetable of faults nothing.
    pub(super) fn span(&self, latency: Option<Span>) -> Span {
        let over = Span::from_us(u64::from(self.over_us));
        over + latency.unwrap_or_default() * u64::from(self.latencies_to_end)
    }
}

/// The history of a request with this latency that begins at time zero, without faults.
fn probe(path: &Path, latency: Span) -> RequestHistory {
    let seed = Seed { seed: 0, replication: 0 };
    let timetable = Timetable::new(&[], 1, seed, Time::ZERO);
    let link = (InstanceId(0), InstanceId(0));
    path.whole(&mut Conditions::new(&timetable, seed), link, 0, Some(latency), Time::ZERO)
}

/// The span in µs, if it is whole and below `LONGEST_US`.
fn whole_us(span: Span) -> Option<u32> {
    let us = u32::try_from(span.us()).ok().filter(|us| *us < LONGEST_US);
    us.filter(|_| Span::from_us(span.us()) == span)
}
