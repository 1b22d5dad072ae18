//! The path of a request at whose stations nothing waits, in whole microseconds: linear in its latency.
//!
//! The coefficients are those of `request::path`, measured at two latencies: its legs are sums of service times and
//! latencies, so two points say all, and a new leg needs nothing here.

use crate::domain::faults::Timetable;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::Seed;
use crate::foundation::units::{Span, Time};
use crate::observe::RequestOutcome;
use crate::request::{Conditions, Path, RequestHistory};
use pulp::Arch;

/// Times are below this, so that sums of a few fit 32 bits.
const LONGEST_US: u32 = 1 << 28;

/// For a request that ends before its time-out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linear {
    /// When it leaves.
    pub(super) signed_us: u32,
    /// When it arrives, without latencies.
    arrives_us: u32,
    /// So many latencies until it arrives.
    latencies_to_arrival: u32,
    /// When it is over, without latencies.
    pub(super) over_us: u32,
    /// So many latencies until it is over.
    latencies_to_end: u32,
    pub(super) timeout_us: u32,
}

impl Linear {
    /// That of a path, if its times are whole microseconds and short enough.
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

    /// By latency: how long a request occupies its slot, and when after its beginning it arrives. A latency with which it
    /// would time out gives a time beyond the time-out. Returns whether any does.
    pub(super) fn fill(&self, latencies: &[u32], occupied: &mut Vec<u32>, arrives: &mut Vec<u32>) -> bool {
        let Linear { arrives_us, latencies_to_arrival, over_us, latencies_to_end, timeout_us, .. } = *self;
        occupied.resize(latencies.len(), 0);
        arrives.resize(latencies.len(), 0);
        let too_long = timeout_us + 1;
        let longest = Arch::new().dispatch(|| {
            let mut longest = 0;
            for ((latency, occupied), arrives) in latencies.iter().zip(&mut *occupied).zip(&mut *arrives) {
                // All latencies that are too long are alike. Each part is below 2^28 and there are at most seven: nothing
                // wraps, and unchecked the sums go into vectors.
                let latency = too_long.min(*latency);
                *occupied = over_us.wrapping_add(latency.wrapping_mul(latencies_to_end));
                *arrives = arrives_us.wrapping_add(latency.wrapping_mul(latencies_to_arrival));
                longest = longest.max(*occupied);
            }
            longest
        });
        longest > timeout_us
    }

    /// After so long from its beginning, a request of this latency meets no fault any more.
    pub(super) fn span(&self, latency: Option<Span>) -> Span {
        let over = Span::from_us(u64::from(self.over_us));
        over + latency.unwrap_or_default() * u64::from(self.latencies_to_end)
    }
}

/// A request of some latency that begins at T0.
fn probe(path: &Path, latency: Span) -> RequestHistory {
    let seed = Seed { seed: 0, replication: 0 };
    let timetable = Timetable::new(&[], 1, seed, Time::ZERO);
    let link = (InstanceId(0), InstanceId(0));
    path.whole(&mut Conditions::new(&timetable, seed), link, 0, Some(latency), Time::ZERO)
}

fn whole_us(span: Span) -> Option<u32> {
    let us = u32::try_from(span.us()).ok().filter(|us| *us < LONGEST_US);
    us.filter(|_| Span::from_us(span.us()) == span)
}
