//! What metrics are computed from: the primaries of a cell, and sums over them by class of instance and kind.

use crate::domain::door::Door;
use crate::domain::federation::{Capacity, Federation};
use crate::foundation::ids::InstanceId;
use crate::mechanism::activity::Kind;
use crate::mechanism::fate::{Fate, Fates, Reason};
use crate::mechanism::ledger::Flow;
use crate::mechanism::refusal::Refusal;
use crate::metrics::Observed;
use crate::metrics::delivery::OutcomeCounts;
use crate::metrics::display::Display;
use crate::metrics::lies::{Differences, LieEffects};
use crate::metrics::limits::Limits;
use crate::metrics::pairs::Sums;
use crate::metrics::seen::SeenSums;
use crate::metrics::traffic;
use crate::metrics::traffic::{Direction, TrafficRow};
use crate::metrics::views::ViewsSums;
use crate::observe::Busy;
use std::collections::BTreeSet;

/// The value of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A count.
    Count(u64),
    /// A quotient, divided once.
    Real(f64),
}

/// What metrics are computed from.
pub(super) struct Basis<'a> {
    pub(super) observed: &'a Observed,
    pub(super) federation: &'a Federation,
    pub(super) display: Display,
    /// Sums of all traffic over the rows of the class, in the order of `Class`, sent and received.
    pub(super) classes: [[traffic::Sums; 2]; 4],
    /// CPU time in ns, in the order of `Class`.
    pub(super) classes_cpu_ns: [u64; 4],
    pub(super) view_sent: traffic::Sums,
    pub(super) viewer_sent: traffic::Sums,
    pub(super) view_origin_sent: traffic::Sums,
    pub(super) viewer_origin_sent: traffic::Sums,
    pub(super) other_sent: traffic::Sums,
    /// Sent, in the order of `Kind::ALL`.
    pub(super) kinds_sent: [traffic::Sums; Kind::ALL.len()],
    /// All traffic.
    pub(super) sent: traffic::Sums,
    /// All traffic.
    pub(super) received: traffic::Sums,
}

/// Who pays.
#[derive(Clone, Copy)]
pub(super) enum Class {
    Origin,
    WithViewers,
    WithoutViewers,
    NotPeertube,
}

/// The bytes that a provider's counter shows in one direction.
pub(super) struct Bill {
    /// Of requests: head and body.
    pub(super) requests: u64,
    /// Of answers: head and body.
    pub(super) answers: u64,
    /// Below HTTP, where that is counted.
    pub(super) transport: u64,
}

impl Bill {
    /// All of it.
    pub(super) fn all(&self) -> u64 {
        self.requests + self.answers + self.transport
    }
}

/// Counts as integers, quotients as the shortest text that reads back to the same float.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Count(count) => write!(f, "{count}"),
            Value::Real(real) => write!(f, "{real}"),
        }
    }
}

impl<'a> Basis<'a> {
    pub(super) fn of(
        observed: &'a Observed,
        federation: &'a Federation,
        with_viewers: &BTreeSet<InstanceId>,
    ) -> Basis<'a> {
        let owners: BTreeSet<InstanceId> = federation.videos.iter().map(|video| video.origin).collect();
        let class = |instance: InstanceId| {
            if owners.contains(&instance) {
                Class::Origin
            } else if !federation.instances[instance.index()].is_peertube {
                Class::NotPeertube
            } else if with_viewers.contains(&instance) {
                Class::WithViewers
            } else {
                Class::WithoutViewers
            }
        };
        let mut basis = Basis {
            observed,
            federation,
            display: Display::of(&observed.counters, &observed.catalogues, federation),
            classes: Default::default(),
            classes_cpu_ns: Default::default(),
            view_sent: traffic::Sums::default(),
            viewer_sent: traffic::Sums::default(),
            view_origin_sent: traffic::Sums::default(),
            viewer_origin_sent: traffic::Sums::default(),
            other_sent: traffic::Sums::default(),
            kinds_sent: Default::default(),
            sent: traffic::Sums::default(),
            received: traffic::Sums::default(),
        };
        for row in &observed.traffic {
            basis.classes[class(InstanceId(row.instance)) as usize][row.direction as usize].add(&row.sums);
            match row.direction {
                Direction::In => basis.received.add(&row.sums),
                Direction::Out => basis.note_sent(row),
            }
        }
        for (instance, busy) in observed.delivery.busy.iter().enumerate() {
            basis.classes_cpu_ns[class(InstanceId::at(instance)) as usize] += busy.cpu_ns;
        }
        basis
    }

    /// Messages that were refused for a reason.
    pub(super) fn refused(&self, refusal: Refusal) -> u64 {
        self.flow().refused[refusal as usize].messages
    }

    pub(super) fn note_sent(&mut self, row: &TrafficRow) {
        let (is_view, is_viewer) = (row.kind.is_view(), row.kind.is_viewer_traffic());
        self.kinds_sent[row.kind as usize].add(&row.sums);
        for (sums, belongs) in [
            (&mut self.sent, true),
            (&mut self.other_sent, !is_view),
            (&mut self.view_sent, is_view),
            (&mut self.viewer_sent, is_viewer),
            (&mut self.view_origin_sent, is_view && row.is_own),
            (&mut self.viewer_origin_sent, is_viewer && row.is_own),
        ] {
            if belongs {
                sums.add(&row.sums);
            }
        }
    }

    /// What a class sends or receives.
    pub(super) fn bill(&self, class: Class, direction: Direction) -> Bill {
        let [out, received] = &self.classes[class as usize];
        match direction {
            Direction::Out => Bill {
                requests: out.request_bytes(),
                answers: received.response_bytes,
                transport: out.transport_up_bytes() + received.transport_down_bytes(),
            },
            Direction::In => Bill {
                requests: received.request_bytes(),
                answers: out.response_bytes,
                transport: received.transport_up_bytes() + out.transport_down_bytes(),
            },
        }
    }

    /// What was sent of a kind.
    pub(super) fn kind(&self, kind: Kind) -> &traffic::Sums {
        &self.kinds_sent[kind as usize]
    }

    pub(super) fn flow(&self) -> &Flow {
        &self.observed.delivery.flow
    }

    pub(super) fn fates(&self) -> &Fates {
        &self.observed.delivery.fates
    }

    pub(super) fn outcomes(&self) -> &OutcomeCounts {
        &self.observed.delivery.outcomes
    }

    /// The sum over the doors of all instances.
    pub(super) fn doors(&self, of: fn(&Door) -> u64) -> u64 {
        self.observed.doors.iter().map(of).sum()
    }

    /// The most heartbeats in one second at one door.
    pub(super) fn busiest_door(&self) -> u64 {
        self.observed.doors.iter().map(|door| door.per_s_peak).max().unwrap_or(0)
    }

    /// CPU time of a class, in seconds.
    pub(super) fn cpu_s(&self, class: Class) -> Option<Value> {
        ratio(self.classes_cpu_ns[class as usize] as i64, 1_000_000_000)
    }

    /// What each instance has, and how long it was busy.
    pub(super) fn busy(&self) -> impl Iterator<Item = (&Capacity, &Busy)> {
        let capacities = self.federation.instances.iter().map(|instance| &instance.capacity);
        capacities.zip(&self.observed.delivery.busy)
    }
}

pub(super) fn count(count: u64) -> Option<Value> {
    Some(Value::Count(count))
}

/// The one division of a metric; none over nothing.
pub(super) fn ratio(numerator: i64, denominator: u64) -> Option<Value> {
    wide_ratio(i128::from(numerator), u128::from(denominator))
}

/// The same of sums that may exceed 64 bits.
pub(super) fn wide_ratio(numerator: i128, denominator: u128) -> Option<Value> {
    (denominator > 0).then(|| Value::Real(numerator as f64 / denominator as f64))
}

/// The one division of a metric weighted by who looks.
pub(super) fn seen(
    basis: &Basis<'_>,
    sum: fn(&SeenSums) -> i128,
    of: fn(&SeenSums) -> u128,
) -> Option<Value> {
    wide_ratio(sum(&basis.display.seen), of(&basis.display.seen))
}

/// The one division of a metric of what viewers would see if nothing were sent.
pub(super) fn nothing_sent(
    basis: &Basis<'_>,
    sum: fn(&SeenSums) -> u128,
    of: fn(&SeenSums) -> u128,
) -> Option<Value> {
    let sums = &basis.observed.limits.nothing_sent;
    wide_ratio(sum(sums) as i128, of(sums))
}

/// The least messages for an error of at most so many percent, one of `PERCENTS`.
pub(super) fn least_messages(basis: &Basis<'_>, percent: u32) -> Option<Value> {
    count(basis.observed.limits.least(percent)?)
}

/// The same in bytes.
pub(super) fn least_bytes(basis: &Basis<'_>, percent: u32) -> Option<Value> {
    let Limits { message_bytes, .. } = basis.observed.limits;
    count(basis.observed.limits.least(percent)?.saturating_mul(message_bytes))
}

/// How many times the least it is that followers took, in messages and in bytes.
pub(super) fn times_least(basis: &Basis<'_>) -> [Option<Value>; 2] {
    let limits = &basis.observed.limits;
    let least_bytes = u128::from(limits.as_exact_messages) * u128::from(limits.message_bytes);
    [
        wide_ratio(i128::from(limits.received_messages), u128::from(limits.as_exact_messages)),
        wide_ratio(i128::from(limits.received_bytes), least_bytes),
    ]
}

/// The one division of a metric of the views counter, over all pairs.
pub(super) fn views(
    basis: &Basis<'_>,
    sum: fn(&ViewsSums) -> i128,
    of: fn(&ViewsSums) -> u64,
) -> Option<Value> {
    let [origins, followers] = basis.observed.views.as_ref()?.sums;
    let all = origins.with(&followers);
    wide_ratio(sum(&all), u128::from(of(&all)))
}

/// The mean lag of owners (0) or followers (1), in seconds.
pub(super) fn views_lag_s(basis: &Basis<'_>, which: usize) -> Option<Value> {
    let sums = &basis.observed.views.as_ref()?.sums[which];
    wide_ratio(sums.lag_ns as i128, u128::from(sums.pairs) * 1_000_000_000)
}

/// The mean of what lies change at the instances of one kind.
pub(super) fn lie_mean(basis: &Basis<'_>, of: fn(&LieEffects) -> &Differences) -> Option<Value> {
    let Differences { pairs, sum, .. } = *of(basis.observed.lie_effects.as_ref()?);
    ratio(sum, pairs)
}

/// One division: what lies change at all honest instances, in viewers x seconds, by the lies told.
pub(super) fn per_lie(basis: &Basis<'_>) -> Option<Value> {
    let changed = u128::from(basis.observed.lie_effects.as_ref()?.all_abs());
    let changed_ns = changed * u128::from(basis.observed.counters.every_ns);
    wide_ratio(changed_ns as i128, u128::from(basis.observed.lies_told) * 1_000_000_000)
}

/// Activities that are given up for a reason.
pub(super) fn given_up(basis: &Basis<'_>, reason: Reason) -> Option<Value> {
    count(basis.fates().count(Fate::GivenUp(reason)))
}

pub(super) fn mean_abs(sums: &Sums) -> Option<Value> {
    ratio(sums.error_abs as i64, sums.pairs)
}

pub(super) fn bias(sums: &Sums) -> Option<Value> {
    ratio(sums.error, sums.pairs)
}

pub(super) fn displayed(sums: &Sums) -> Option<Value> {
    ratio(sums.error + sums.watching as i64, sums.pairs)
}

/// A quantile of the waits of jobs, in thousandths.
pub(super) fn wait_ms(basis: &Basis<'_>, per_mille: u32) -> Option<Value> {
    ratio(basis.observed.delivery.waits.quantile_us(per_mille)? as i64, 1_000)
}

/// The busiest instance is found by cross-multiplication, so that one division is enough.
pub(super) fn cpu_busy_share(basis: &Basis<'_>) -> Option<Value> {
    let used = basis.busy().filter(|(_, busy)| busy.cpu_ns > 0);
    let used = used.map(|(capacity, busy)| (busy.cpu_ns, capacity.cores.unwrap_or(1)));
    let times = |cpu_ns: u64, cores: u32| u128::from(cpu_ns) * u128::from(cores);
    let (cpu_ns, cores) = used.max_by(|one, other| times(one.0, other.1).cmp(&times(other.0, one.1)))?;
    busy_share(basis, cpu_ns, cores)
}

pub(super) fn link_busy_share(
    basis: &Basis<'_>,
    limit: fn(&Capacity) -> Option<u64>,
    busy_ns: fn(&Busy) -> u64,
) -> Option<Value> {
    let limited = basis.busy().filter(|(capacity, _)| limit(capacity).is_some());
    busy_share(basis, limited.map(|(_, busy)| busy_ns(busy)).max()?, 1)
}

/// One division: the time that some were busy together, by their number x the duration, both in ns.
pub(super) fn busy_share(basis: &Basis<'_>, busy_ns: u64, number: u32) -> Option<Value> {
    let all_ns = u128::from(basis.observed.end_ns) * u128::from(number);
    (all_ns > 0).then(|| Value::Real(busy_ns as f64 / all_ns as f64))
}

/// One division: flaps x 3600 s / (steps x interval), both in ns.
pub(super) fn flaps_per_h(basis: &Basis<'_>) -> Option<Value> {
    let shown_ns = u128::from(basis.display.steps) * u128::from(basis.observed.counters.every_ns);
    let flaps = u128::from(basis.display.flaps) * 3_600_000_000_000;
    (shown_ns > 0).then(|| Value::Real(flaps as f64 / shown_ns as f64))
}
