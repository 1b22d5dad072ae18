//! From the faults of a column and a replication to its timetable: all draws are made here.

use super::fault::Fault;
use super::timetable::{Change, LinkValue, Partition, Reachability, StepFunction, Timetable};
use crate::domain::protocol::Rules;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::{Purpose, Seed, exponential, fold};
use crate::foundation::units::{Span, Time};
use rand::seq::SliceRandom;
use std::collections::BTreeMap;

/// No more outages are drawn in one run.
pub(super) const OUTAGES_MAX: usize = 1_000_000;

/// A value with the time during which it holds.
#[derive(Clone, Copy, Debug)]
struct HoldingPeriod<V> {
    from: Time,
    until: Time,
    value: V,
}

/// Time without a process, or only the instant at which one replaces another.
#[derive(Clone, Copy, Debug)]
struct DownTime {
    from: Time,
    until: Time,
    /// What others meet meanwhile.
    how: Reachability,
    /// What the next process speaks, if something else.
    rules: Option<Rules>,
}

/// The timetable under construction.
struct TimetableBuilder {
    /// By instance.
    down: Vec<Vec<DownTime>>,
    /// By instance.
    slow: Vec<Vec<HoldingPeriod<Span>>>,
    /// By instance; negative: behind.
    ahead_ns: Vec<i64>,
    outages: usize,
    timetable: Timetable,
}

impl Timetable {
    /// The timetable of so many instances until the end of the run.
    ///
    /// Which followers are dead is a shuffle of its own per fault; outages have a stream per fault and instance.
    pub fn new(faults: &[Fault], instances: usize, seed: Seed, end: Time) -> Timetable {
        let mut builder = TimetableBuilder {
            down: vec![Vec::new(); instances],
            slow: vec![Vec::new(); instances],
            ahead_ns: vec![0; instances],
            outages: 0,
            timetable: Timetable {
                reachability: Vec::new(),
                answer_delay: Vec::new(),
                changes: Vec::new(),
                cuts: Vec::new(),
                blocked: Vec::new(),
                loss_ppm: Vec::new(),
                added_latency: Vec::new(),
                clock_ahead: Vec::new(),
                steps: Vec::new(),
                is_quiet: true,
            },
        };
        for fault in faults {
            builder.add_of_processes(fault, seed, end);
            builder.add_of_links(fault);
        }
        builder.finish(end)
    }
}

impl TimetableBuilder {
    /// What happens to processes, their answers and their clocks.
    fn add_of_processes(&mut self, fault: &Fault, seed: Seed, end: Time) {
        match fault {
            Fault::Down { instances, during, how } => {
                instances.iter().for_each(|&id| self.add_down(id, during.from, during.end(), (*how).into()));
            }
            Fault::Dead { number, of, share_ppm, how } => {
                let dead = drawn(of, *share_ppm, seed, *number);
                dead.iter().for_each(|&id| self.add_down(id, Time::ZERO, Time::NEVER, (*how).into()));
            }
            Fault::Outages { number, of, mean_between, mean_duration, how } => {
                for &id in of {
                    self.add_outages(id, [*mean_between, *mean_duration], (*how).into(), *number, seed, end);
                }
            }
            Fault::Slow { instances, during, answer } => {
                let held = HoldingPeriod { from: during.from, until: during.end(), value: *answer };
                instances.iter().for_each(|id| self.slow[id.index()].push(held));
            }
            Fault::Restart { instance, at, startup, rules } => {
                let until = Time::from_ns(at.ns().saturating_add(startup.ns()));
                let down = DownTime { from: *at, until, how: Reachability::Refused, rules: *rules };
                self.down[instance.index()].push(down);
            }
            Fault::Skew { instances, ahead_ns } => {
                for id in instances {
                    let sum_ns = &mut self.ahead_ns[id.index()];
                    *sum_ns = sum_ns.saturating_add(*ahead_ns);
                }
            }
            Fault::Partition { .. } | Fault::Loss { .. } | Fault::Latency { .. } | Fault::Blocked { .. } => {}
        }
    }

    /// What happens between instances.
    fn add_of_links(&mut self, fault: &Fault) {
        let timetable = &mut self.timetable;
        match fault {
            Fault::Partition { sides, during } => {
                let side = |(number, side): (usize, &Vec<InstanceId>)| {
                    side.iter().map(|&id| (id, number)).collect::<Vec<_>>()
                };
                let mut sides: Vec<_> = sides.iter().enumerate().flat_map(side).collect();
                sides.sort_unstable();
                timetable.cuts.push(Partition { during: *during, sides });
            }
            Fault::Loss { from, to, during, loss_ppm } => {
                timetable.loss_ppm.push(LinkValue::new(from, to, *during, *loss_ppm));
            }
            Fault::Blocked { senders, by, during } => {
                timetable.blocked.push(LinkValue::new(senders, by, *during, ()));
            }
            Fault::Latency { from, to, during, added } => {
                timetable.added_latency.push(LinkValue::new(from, to, *during, *added));
            }
            _ => {}
        }
    }

    /// A time without a process, unless it has no length.
    fn add_down(&mut self, id: InstanceId, from: Time, until: Time, how: Reachability) {
        if from < until {
            self.down[id.index()].push(DownTime { from, until, how, rules: None });
        }
    }

    /// Exponential times up and down in turn, whole microseconds and at least one, until the end.
    fn add_outages(
        &mut self,
        id: InstanceId,
        [mean_between, mean_duration]: [Span; 2],
        how: Reachability,
        number: u64,
        seed: Seed,
        end: Time,
    ) {
        let mut rng = seed.stream(Purpose::Faults, fold(&[number, u64::from(id.0)]));
        let mut after = |start: Time, mean: Span| {
            const NS_PER_US: u64 = 1_000;
            let us = libm::round(exponential(&mut rng) * (mean.ns() as f64 / 1e3)) as u64;
            Time::from_ns(start.ns().saturating_add(us.max(1).saturating_mul(NS_PER_US)))
        };
        let mut up = Time::ZERO;
        while self.outages < OUTAGES_MAX {
            let from = after(up, mean_between);
            if from >= end {
                break;
            }
            up = after(from, mean_duration);
            self.add_down(id, from, up, how);
            self.outages += 1;
        }
    }

    fn finish(mut self, end: Time) -> Timetable {
        let timetable = &mut self.timetable;
        for (index, down) in self.down.iter_mut().enumerate() {
            let held =
                |down: &DownTime| HoldingPeriod { from: down.from, until: down.until, value: down.how };
            timetable.reachability.push(greatest(down.iter().map(held)));
            // the order of the faults stays where restarts come at one instant
            down.sort_by_key(|down| down.from);
            note_changes(InstanceId::at(index), down, end, &mut timetable.changes);
        }
        timetable.changes.sort_by_key(|(at, id, _)| (*at, *id));
        timetable.answer_delay = self.slow.iter().map(|slow| greatest(slow.iter().copied())).collect();
        let base_ns = self.ahead_ns.iter().map(|&ns| -i128::from(ns)).max().unwrap_or(0).max(0);
        let ahead = |&ns: &i64| Span::from_ns(u64::try_from(i128::from(ns) + base_ns).unwrap_or(u64::MAX));
        timetable.clock_ahead = self.ahead_ns.iter().map(ahead).collect();
        timetable.note_steps();
        timetable.is_quiet = timetable.reachability.iter().all(Vec::is_empty)
            && timetable.answer_delay.iter().all(Vec::is_empty)
            && timetable.cuts.is_empty()
            && timetable.blocked.is_empty()
            && timetable.loss_ppm.is_empty()
            && timetable.added_latency.is_empty()
            && self.ahead_ns.iter().all(|&ns| ns == 0);
        self.timetable
    }
}

/// So many millionths of these instances, to the nearest number: the first of a shuffle.
fn drawn(of: &[InstanceId], share_ppm: u32, seed: Seed, number: u64) -> Vec<InstanceId> {
    const MILLION: u64 = 1_000_000;
    let count = (of.len() as u64 * u64::from(share_ppm) + MILLION / 2) / MILLION;
    let mut order = of.to_vec();
    order.shuffle(&mut seed.stream(Purpose::Faults, number));
    order.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    order
}

/// The maximum of the values that hold, as a step function of time.
fn greatest<V: Copy + Ord>(held: impl Iterator<Item = HoldingPeriod<V>>) -> StepFunction<V> {
    let held = held.filter(|held| held.from < held.until);
    let mut bounds: Vec<_> =
        held.flat_map(|h| [(h.from, true, h.value), (h.until, false, h.value)]).collect();
    bounds.sort_unstable_by_key(|bound| bound.0);
    let mut holding = BTreeMap::new();
    let mut steps: StepFunction<V> = Vec::new();
    for (at, begins, value) in bounds {
        let count = holding.entry(value).or_insert(0i64);
        *count += if begins { 1 } else { -1 };
        if *count == 0 {
            holding.remove(&value);
        }
        let now = holding.keys().next_back().copied();
        match steps.last_mut() {
            Some(last) if last.0 == at => last.1 = now,
            _ => steps.push((at, now)),
        }
    }
    steps
}

/// The stops and starts of one instance whose down-times are in order of their beginnings.
fn note_changes(id: InstanceId, down: &[DownTime], end: Time, changes: &mut Vec<(Time, InstanceId, Change)>) {
    let mut rest = down.iter().peekable();
    while let Some(&first) = rest.next() {
        let mut whole = first;
        while let Some(next) = rest.next_if(|next| next.from <= whole.until) {
            whole.until = whole.until.max(next.until);
            whole.rules = next.rules.or(whole.rules);
        }
        if whole.from < whole.until && whole.from <= end {
            changes.push((whole.from, id, Change::Stop));
        }
        if whole.until > Time::ZERO && whole.until <= end && whole.until < Time::NEVER {
            changes.push((whole.until, id, Change::Start(whole.rules)));
        }
    }
}
