//! The path of a request at whose stations nothing waits, as linear functions of its latencies there and back, `t` and `b`, in µs
//! after its beginning.
//!
//! ```text
//! arrives(t, b) = arrives.constant_us + arrives.there * t + arrives.back * b      over(t, b) likewise
//! ```
//! The coefficients come from `request::Path` at three pairs of latencies. They hold for any: each leg is a sum of service times
//! and latencies. A change of the path needs no change here.

use crate::domain::faults::Timetable;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::Seed;
use crate::foundation::units::{Span, Time};
use crate::mechanism::network::{Leg, Ways};
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
    /// When it arrives.
    arrives: Function,
    /// When it is over for its sender.
    over: Function,
    pub(super) timeout_us: u32,
}

/// A linear function of two latencies: `constant_us + there * t + back * b`.
#[derive(Clone, Copy, Debug)]
struct Function {
    constant_us: u32,
    there: u32,
    back: u32,
}

impl Linear {
    /// The functions of a path, if its coefficients are whole µs below 2^28.
    pub(super) fn of(path: &Path) -> Option<Linear> {
        const PROBE: Span = Span::from_us(1);
        let pairs = [(Span::ZERO, Span::ZERO), (PROBE, Span::ZERO), (Span::ZERO, PROBE)];
        let probes = pairs.map(|(there, back)| probe(path, there, back));
        if probes.iter().any(|history| history.outcome != RequestOutcome::Good) {
            return None;
        }
        Some(Linear {
            signed_us: from_start(probes[0].left?)?,
            arrives: Function::through(probes.map(|history| history.settled))?,
            over: Function::through(probes.map(|history| history.over))?,
            timeout_us: whole_us(path.timeout)?,
        })
    }

    /// Fills `occupied` with `over` and `arrives` with `arrives`, by latencies in µs. Where a request would time out, the result
    /// is only known to be above the time-out. Returns whether there is one.
    pub(super) fn fill(
        &self,
        (there, back): (&[u32], &[u32]),
        occupied: &mut Vec<u32>,
        arrives: &mut Vec<u32>,
    ) -> bool {
        let Linear { arrives: arrival, over, timeout_us, .. } = *self;
        occupied.resize(there.len(), 0);
        arrives.resize(there.len(), 0);
        let too_long = timeout_us + 1;
        let longest = Arch::new().dispatch(|| {
            let mut longest = 0;
            let latencies = there.iter().zip(back);
            for (((there, back), occupied), arrives) in latencies.zip(&mut *occupied).zip(&mut *arrives) {
                // latencies above the time-out are equivalent
                let (there, back) = (too_long.min(*there), too_long.min(*back));
                *occupied = over.at(there, back);
                *arrives = arrival.at(there, back);
                longest = longest.max(*occupied);
            }
            longest
        });
        longest > timeout_us
    }

    /// `over`: after this time a request of these latencies asks the timetable of faults nothing.
    pub(super) fn span(&self, ways: &Ways) -> Span {
        let Function { constant_us, there, back } = self.over;
        let [request, answer] = [Leg::Request, Leg::Answer].map(|leg| ways.of(leg).unwrap_or_default());
        Span::from_us(u64::from(constant_us)) + request * u64::from(there) + answer * u64::from(back)
    }
}

impl Function {
    /// The function with these values at the latencies (0, 0), (1, 0) and (0, 1).
    fn through(values: [Time; 3]) -> Option<Function> {
        let [constant_us, there, back] = values.map(from_start);
        let constant_us = constant_us?;
        Some(Function { constant_us, there: there? - constant_us, back: back? - constant_us })
    }

    /// Its value. Each term is below 2^28 and there are at most seven: nothing wraps, and unchecked sums can be vectorized.
    #[inline(always)]
    fn at(self, there: u32, back: u32) -> u32 {
        let way_there = there.wrapping_mul(self.there);
        self.constant_us.wrapping_add(way_there).wrapping_add(back.wrapping_mul(self.back))
    }
}

/// The history of a request with these latencies that begins at time zero, without faults.
fn probe(path: &Path, there: Span, back: Span) -> RequestHistory {
    let seed = Seed { seed: 0, replication: 0 };
    let timetable = Timetable::new(&[], 1, seed, Time::ZERO);
    let link = (InstanceId(0), InstanceId(0));
    path.whole(&mut Conditions::new(&timetable, seed), link, 0, Ways::open(there, back), Time::ZERO)
}

/// The span in µs, if it is whole and below `LONGEST_US`.
fn whole_us(span: Span) -> Option<u32> {
    let us = u32::try_from(span.us()).ok().filter(|us| *us < LONGEST_US);
    us.filter(|_| Span::from_us(span.us()) == span)
}

/// The time since the beginning likewise.
fn from_start(at: Time) -> Option<u32> {
    whole_us(at.since(Time::ZERO))
}
