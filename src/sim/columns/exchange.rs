//! One request that waits for nobody, in closed form: when it arrives, when it is over and how.
//!
//! The same chain of steps as `delivery::request` takes event by event, for a sender that opens a new connection for each
//! request, from the moment when it is signed, and a receiver without limits that keeps its process. Engines are compared on
//! random scenarios, so a difference between the two does not stay unnoticed.

use crate::domain::faults::Reachability;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::ledger::Arrival;
use crate::observe::RequestOutcome;
use crate::sim::conditions::Conditions;
use pulp::Arch;

/// What all requests of a run have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The sender's work on a request.
    pub(super) sign: Span,
    /// The receiver's work on it.
    pub(super) verify: Span,
    /// The sender waits no longer.
    pub(super) timeout: Span,
    /// One-way latencies before the request itself can leave.
    pub(super) handshake_ways: u64,
}

/// The same in whole microseconds, for a request that nothing is odd about.
#[derive(Clone, Copy, Debug)]
pub(super) struct TermsUs {
    /// The sender's work.
    pub(super) sign: u32,
    /// The sender's work and the receiver's.
    pub(super) work: u32,
    /// One-way latencies until it arrives.
    ways: u32,
    /// A request that takes longer is odd.
    pub(super) timeout: u32,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    /// When it left its sender, if ever.
    pub(super) left: Option<Time>,
    /// When it was no longer under way.
    pub(super) settled: Time,
    /// Where it went then.
    pub(super) arrival: Arrival,
    /// When it was over for its sender.
    pub(super) over: Time,
    /// How.
    pub(super) fate: RequestOutcome,
}

/// A request that will arrive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// When it left its sender.
    pub(super) left: Time,
    pub(super) arrives: Time,
    /// One way, with what faults add.
    pub(super) latency: Span,
    /// When its sender stops waiting.
    pub(super) deadline: Time,
}

impl Exchange {
    /// The same for a request that begins so much later.
    pub(super) fn later(self, by: Span) -> Exchange {
        let Exchange { left, settled, over, .. } = self;
        Exchange { left: left.map(|left| left + by), settled: settled + by, over: over + by, ..self }
    }
}

impl TermsUs {
    /// By latency: how long a request occupies its slot, and when after its beginning it arrives. A latency for which it
    /// would be odd gives a time beyond the time-out. Returns whether any is.
    pub(super) fn fill(&self, latencies: &[u32], occupied: &mut Vec<u32>, arrives: &mut Vec<u32>) -> bool {
        let TermsUs { sign, work, ways, timeout } = *self;
        occupied.resize(latencies.len(), 0);
        arrives.resize(latencies.len(), 0);
        let too_long = timeout + 1;
        let longest = Arch::new().dispatch(|| {
            let mut longest = 0;
            for ((latency, occupied), arrives) in latencies.iter().zip(&mut *occupied).zip(&mut *arrives) {
                // All latencies that are too long are alike. Each part is below 2^28 and there are at most seven: nothing
                // wraps, and unchecked the sums go into vectors.
                let latency = too_long.min(*latency);
                *occupied = work.wrapping_add(latency.wrapping_mul(ways.wrapping_add(1)));
                *arrives = sign.wrapping_add(latency.wrapping_mul(ways));
                longest = longest.max(*occupied);
            }
            longest
        });
        longest > timeout
    }
}

impl Terms {
    /// In whole microseconds, if they are that and short enough for 32 bits.
    pub(super) fn in_us(&self) -> Option<TermsUs> {
        const LONGEST_US: u32 = 1 << 28;
        let us = |span: Span| {
            let us = u32::try_from(span.us()).ok().filter(|us| *us < LONGEST_US);
            us.filter(|_| Span::from_us(span.us()) == span)
        };
        let (sign, verify) = (us(self.sign)?, us(self.verify)?);
        Some(TermsUs {
            sign,
            work: sign + verify,
            ways: self.handshake_ways as u32 + 1,
            timeout: us(self.timeout)?,
        })
    }

    /// The latest instant that the exchange of a request of this latency asks the timetable about, from its beginning.
    pub(super) fn asks(&self, latency: Option<Span>) -> Span {
        self.sign + self.verify + latency.unwrap_or_default() * (self.handshake_ways + 1)
    }

    /// The request that begins at an instant; `drawn` is its latency in the network, if it is not lost there.
    pub(super) fn exchange(
        &self,
        conditions: &mut Conditions<'_>,
        link: (InstanceId, InstanceId),
        name: u64,
        drawn: Option<Span>,
        begins: Time,
    ) -> Exchange {
        let signed = begins + self.sign;
        self.exchange_signed(conditions, link, name, drawn, begins, signed, || signed)
    }

    /// The same for a request that is signed at an instant; `transfer` takes it through the sender's uplink.
    #[expect(clippy::too_many_arguments, reason = "a request is just that many things")]
    pub(super) fn exchange_signed(
        &self,
        conditions: &mut Conditions<'_>,
        link: (InstanceId, InstanceId),
        name: u64,
        drawn: Option<Span>,
        begins: Time,
        signed: Time,
        transfer: impl FnOnce() -> Time,
    ) -> Exchange {
        let way = self.way(conditions, link, name, drawn, begins, signed, transfer);
        let Way { left, arrives, latency, deadline } = match way {
            Ok(way) => way,
            Err(exchange) => return exchange,
        };
        let verified = arrives + self.verify;
        let back = verified + conditions.timetable.answer_delay(link.1, verified) + latency;
        let (over, fate) = if back <= deadline {
            (back, RequestOutcome::Good)
        } else {
            (deadline, RequestOutcome::TimedOut)
        };
        Exchange { left: Some(left), settled: arrives, arrival: Arrival::Delivered, over, fate }
    }

    /// The way of a request to its receiver; if it does not arrive, what became of it.
    #[expect(clippy::too_many_arguments, reason = "a request is just that many things")]
    pub(super) fn way(
        &self,
        conditions: &mut Conditions<'_>,
        (from, to): (InstanceId, InstanceId),
        name: u64,
        drawn: Option<Span>,
        begins: Time,
        signed: Time,
        transfer: impl FnOnce() -> Time,
    ) -> Result<Way, Exchange> {
        let deadline = begins + self.timeout;
        let lost = Exchange {
            left: None,
            settled: signed,
            arrival: Arrival::Lost,
            over: deadline.max(signed),
            fate: RequestOutcome::TimedOut,
        };
        let latency = conditions.latency(from, to, || name, drawn, signed).ok_or(lost)?;
        let timetable = conditions.timetable;
        match timetable.reachability(to, signed + latency) {
            Reachability::Silent => return Err(lost),
            Reachability::Refused => {
                let (arrival, known) = (Arrival::FailedConnect, signed + latency * 2);
                let refused = Exchange { arrival, ..lost };
                let in_time = Exchange { over: known, fate: RequestOutcome::FailedConnect, ..refused };
                return Err(if known <= deadline { in_time } else { refused });
            }
            Reachability::Up => {}
        }
        let left = transfer() + latency * self.handshake_ways;
        if left > deadline {
            return Err(lost);
        }
        let arrives = left + latency;
        if timetable.reachability(to, arrives) != Reachability::Up {
            return Err(Exchange { left: Some(signed), settled: arrives, over: deadline, ..lost });
        }
        Ok(Way { left: signed, arrives, latency, deadline })
    }
}
