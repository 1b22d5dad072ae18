//! Faults: what goes wrong in a run, scripted or drawn from the seed.
//!
//! A fault names instances by id and times since T0. Nothing here acts: the driver asks the timetable that is made of
//! the faults of a column and a replication. All draws are made when it is made, from streams of their own, so that every
//! protocol meets the same faults.

use crate::domain::protocol::Rules;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::{Purpose, Seed, exponential, fold};
use crate::foundation::units::{Span, Time};
use crate::mechanism::network::LATENCY_MAX;
use rand::seq::SliceRandom;
use std::collections::BTreeMap;

/// One fault as a scenario gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The processes of these instances are gone for a time; they come back as after a restart.
    Down {
        /// Which.
        instances: Vec<InstanceId>,
        /// When.
        during: Period,
        /// What others meet.
        how: Unreachable,
    },
    /// A share of these instances is down for the whole run: dead followers.
    Dead {
        /// Names the draws: in every column the same.
        number: u64,
        /// Among which; each is drawn on its own.
        of: Vec<InstanceId>,
        /// How many of them, in millionths, rounded to whole instances.
        share_ppm: u32,
        /// What others meet.
        how: Unreachable,
    },
    /// Each of these instances goes down and comes back again and again, after exponential times.
    Outages {
        /// Names the draws: in every column the same.
        number: u64,
        /// Which.
        of: Vec<InstanceId>,
        /// Mean time from coming back (or T0) to the next outage.
        mean_between: Span,
        /// Mean length of an outage.
        mean_duration: Span,
        /// What others meet.
        how: Unreachable,
    },
    /// These instances answer late.
    Slow {
        /// Which.
        instances: Vec<InstanceId>,
        /// When.
        during: Period,
        /// So much later than they would.
        answer: Span,
    },
    /// The process of an instance stops, and is up again after its start-up time, perhaps with other rules.
    Restart {
        /// Which.
        instance: InstanceId,
        /// When it stops.
        at: Time,
        /// How long it takes to start.
        startup: Span,
        /// What it speaks from then on, if something else.
        rules: Option<Rules>,
    },
    /// Between the sides nothing gets through; who is on no side is not affected.
    Partition {
        /// The sides, each in ascending order; no instance is on two.
        sides: Vec<Vec<InstanceId>>,
        /// When.
        during: Period,
    },
    /// More messages are lost.
    Loss {
        /// The senders, in ascending order.
        from: Vec<InstanceId>,
        /// The receivers, in ascending order.
        to: Vec<InstanceId>,
        /// When.
        during: Period,
        /// The share that is lost of those that the network would deliver, in millionths.
        loss_ppm: u32,
    },
    /// Messages take longer.
    Latency {
        /// The senders, in ascending order.
        from: Vec<InstanceId>,
        /// The receivers, in ascending order.
        to: Vec<InstanceId>,
        /// When.
        during: Period,
        /// So much longer, one way.
        added: Span,
    },
    /// The clocks of these instances are wrong for the whole run.
    Skew {
        /// Which.
        instances: Vec<InstanceId>,
        /// Ahead of the true time; negative: behind.
        ahead_ns: i64,
    },
}

/// From one instant, that included, to another, that not; without an end it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub from: Time,
    /// The first instant after it.
    pub until: Option<Time>,
}

/// What others meet at an instance that is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// Its host refuses connections at once.
    Refused,
    /// Nothing answers: requests end at their timeout.
    Silent,
}

/// No more outages are drawn in one run.
const OUTAGES_MAX: usize = 1_000_000;

/// Beyond every run: the end of what has none.
const NEVER: Time = Time::from_ns(u64::MAX);

/// What others meet at an instance. Of two faults that hold at once the greater one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reachability {
    /// It answers.
    Up,
    /// It refuses connections at once.
    Refused,
    /// Nothing answers.
    Silent,
}

/// What happens to the process of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is gone.
    Stop,
    /// It is a new one, perhaps with other rules. Without a stop before, the old one goes at this instant.
    Start(Option<Rules>),
}

/// What goes wrong when, in one column and replication: everything is drawn and sorted when it is made.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// By instance.
    reachability: Vec<Steps<Reachability>>,
    /// By instance.
    answer_delay: Vec<Steps<Span>>,
    changes: Vec<(Time, InstanceId, Change)>,
    cuts: Vec<Cut>,
    loss_ppm: Vec<OnLinks<u32>>,
    added_latency: Vec<OnLinks<Span>>,
    /// By instance, and none is negative.
    clock_ahead: Vec<Span>,
    /// When anything that it says begins or ends to hold, in ascending order.
    steps: Vec<Time>,
    is_quiet: bool,
}

/// What holds over time, if anything: from each instant to the next one's.
type Steps<V> = Vec<(Time, Option<V>)>;

/// A value that holds for a while.
#[derive(Clone, Copy, Debug)]
struct Held<V> {
    from: Time,
    until: Time,
    value: V,
}

/// A partition: who is on which side, by instance in ascending order.
#[derive(Clone, Debug)]
struct Cut {
    during: Period,
    sides: Vec<(InstanceId, usize)>,
}

/// A value that holds on some links for a while; both lists in ascending order.
#[derive(Clone, Debug)]
struct OnLinks<V> {
    during: Period,
    from: Vec<InstanceId>,
    to: Vec<InstanceId>,
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

/// The faults while they are sorted.
struct Draft {
    /// By instance.
    down: Vec<Vec<DownTime>>,
    /// By instance.
    slow: Vec<Vec<Held<Span>>>,
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
        let mut draft = Draft {
            down: vec![Vec::new(); instances],
            slow: vec![Vec::new(); instances],
            ahead_ns: vec![0; instances],
            outages: 0,
            timetable: Timetable {
                reachability: Vec::new(),
                answer_delay: Vec::new(),
                changes: Vec::new(),
                cuts: Vec::new(),
                loss_ppm: Vec::new(),
                added_latency: Vec::new(),
                clock_ahead: Vec::new(),
                steps: Vec::new(),
                is_quiet: true,
            },
        };
        for fault in faults {
            draft.add_of_processes(fault, seed, end);
            draft.add_of_links(fault);
        }
        draft.finish(end)
    }

    /// What others meet at an instance. (While a process starts, its host refuses.)
    pub fn reachability(&self, instance: InstanceId, at: Time) -> Reachability {
        value_at(&self.reachability[instance.index()], at).unwrap_or(Reachability::Up)
    }

    /// When processes stop and start, in the order of time and instance, nothing after the end.
    ///
    /// Down-times that overlap or touch are one, and end with the rules of the latest restart among them that has any. A
    /// restart that takes no time is a start alone. Nothing starts at T0: there a run begins.
    pub fn changes(&self) -> Vec<(Time, InstanceId, Change)> {
        self.changes.clone()
    }

    /// How much later than it would an instance answers: the greatest that holds.
    pub fn answer_delay(&self, instance: InstanceId, at: Time) -> Span {
        value_at(&self.answer_delay[instance.index()], at).unwrap_or(Span::ZERO)
    }

    /// Whether a partition keeps two instances apart.
    pub fn is_cut(&self, from: InstanceId, to: InstanceId, at: Time) -> bool {
        self.cuts.iter().any(|cut| cut.during.holds(at) && cut.separates(from, to))
    }

    /// The share of messages that is lost on a link beside what the network loses, in millionths: the greatest that holds.
    pub fn loss_ppm(&self, from: InstanceId, to: InstanceId, at: Time) -> u32 {
        holding(&self.loss_ppm, from, to, at).max().unwrap_or(0)
    }

    /// How much longer messages take on a link, one way: the sum of what holds, at most `LATENCY_MAX`.
    pub fn added_latency(&self, from: InstanceId, to: InstanceId, at: Time) -> Span {
        let holding = holding(&self.added_latency, from, to, at);
        holding.fold(Span::ZERO, |sum, added| (sum + added.min(LATENCY_MAX)).min(LATENCY_MAX))
    }

    /// What the clock of an instance shows beyond the true time.
    ///
    /// All clocks are shifted alike, so that the one most behind shows the true time if any is behind.
    pub fn clock_ahead(&self, instance: InstanceId) -> Span {
        self.clock_ahead[instance.index()]
    }

    /// Whether at an instant it says anything about messages on a link, or about their receiver.
    pub fn touches(&self, from: InstanceId, to: InstanceId, at: Time) -> bool {
        self.reachability(to, at) != Reachability::Up
            || self.answer_delay(to, at) > Span::ZERO
            || self.is_cut(from, to, at)
            || self.loss_ppm(from, to, at) > 0
            || self.added_latency(from, to, at) > Span::ZERO
    }

    /// The first instant after `at` at which it may say something else; the last one if there is none.
    pub fn next_change(&self, at: Time) -> Time {
        let next = self.steps.partition_point(|step| *step <= at);
        self.steps.get(next).copied().unwrap_or(NEVER)
    }

    /// Whether nothing but restarts that take no time can happen: then only `changes` says anything.
    pub fn is_quiet(&self) -> bool {
        self.is_quiet
    }
}

impl Timetable {
    fn note_steps(&mut self) {
        let reachability = self.reachability.iter().flatten().map(|step| step.0);
        let answers = self.answer_delay.iter().flatten().map(|step| step.0);
        let cuts = self.cuts.iter().map(|cut| cut.during);
        let periods = cuts
            .chain(self.loss_ppm.iter().map(|on| on.during))
            .chain(self.added_latency.iter().map(|on| on.during));
        let periods = periods.flat_map(|during| [during.from, during.end()]);
        let mut steps: Vec<Time> = reachability.chain(answers).chain(periods).collect();
        steps.sort_unstable();
        steps.dedup();
        self.steps = steps;
    }
}

impl Draft {
    /// What happens to processes, their answers and their clocks.
    fn add_of_processes(&mut self, fault: &Fault, seed: Seed, end: Time) {
        match fault {
            Fault::Down { instances, during, how } => {
                instances.iter().for_each(|&id| self.add_down(id, during.from, during.end(), (*how).into()));
            }
            Fault::Dead { number, of, share_ppm, how } => {
                let dead = drawn(of, *share_ppm, seed, *number);
                dead.iter().for_each(|&id| self.add_down(id, Time::ZERO, NEVER, (*how).into()));
            }
            Fault::Outages { number, of, mean_between, mean_duration, how } => {
                for &id in of {
                    self.add_outages(id, [*mean_between, *mean_duration], (*how).into(), *number, seed, end);
                }
            }
            Fault::Slow { instances, during, answer } => {
                let held = Held { from: during.from, until: during.end(), value: *answer };
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
            Fault::Partition { .. } | Fault::Loss { .. } | Fault::Latency { .. } => {}
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
                timetable.cuts.push(Cut { during: *during, sides });
            }
            Fault::Loss { from, to, during, loss_ppm } => {
                timetable.loss_ppm.push(OnLinks::new(from, to, *during, *loss_ppm));
            }
            Fault::Latency { from, to, during, added } => {
                timetable.added_latency.push(OnLinks::new(from, to, *during, *added));
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
            let held = |down: &DownTime| Held { from: down.from, until: down.until, value: down.how };
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
            && timetable.loss_ppm.is_empty()
            && timetable.added_latency.is_empty()
            && self.ahead_ns.iter().all(|&ns| ns == 0);
        self.timetable
    }
}

impl Period {
    /// Whether it holds at an instant.
    fn holds(self, at: Time) -> bool {
        self.from <= at && at < self.end()
    }

    fn end(self) -> Time {
        self.until.unwrap_or(NEVER)
    }
}

impl From<Unreachable> for Reachability {
    fn from(how: Unreachable) -> Reachability {
        match how {
            Unreachable::Refused => Reachability::Refused,
            Unreachable::Silent => Reachability::Silent,
        }
    }
}

impl Cut {
    fn separates(&self, from: InstanceId, to: InstanceId) -> bool {
        match (self.side(from), self.side(to)) {
            (Some(one), Some(other)) => one != other,
            _ => false,
        }
    }

    fn side(&self, id: InstanceId) -> Option<usize> {
        let at = self.sides.binary_search_by_key(&id, |side| side.0).ok()?;
        Some(self.sides[at].1)
    }
}

impl<V> OnLinks<V> {
    fn new(from: &[InstanceId], to: &[InstanceId], during: Period, value: V) -> OnLinks<V> {
        OnLinks { during, from: from.to_vec(), to: to.to_vec(), value }
    }

    fn holds(&self, from: InstanceId, to: InstanceId, at: Time) -> bool {
        self.during.holds(at) && self.from.binary_search(&from).is_ok() && self.to.binary_search(&to).is_ok()
    }
}

/// The values that hold on a link at an instant.
fn holding<V: Copy>(
    rules: &[OnLinks<V>],
    from: InstanceId,
    to: InstanceId,
    at: Time,
) -> impl Iterator<Item = V> {
    rules.iter().filter(move |rule| rule.holds(from, to, at)).map(|rule| rule.value)
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

/// The greatest value that holds, over time; before the first step nothing does.
fn greatest<V: Copy + Ord>(held: impl Iterator<Item = Held<V>>) -> Steps<V> {
    let held = held.filter(|held| held.from < held.until);
    let mut bounds: Vec<_> =
        held.flat_map(|h| [(h.from, true, h.value), (h.until, false, h.value)]).collect();
    bounds.sort_unstable_by_key(|bound| bound.0);
    let mut holding = BTreeMap::new();
    let mut steps: Steps<V> = Vec::new();
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

/// What holds at an instant.
fn value_at<V: Copy>(steps: &[(Time, Option<V>)], at: Time) -> Option<V> {
    let after = steps.partition_point(|step| step.0 <= at);
    after.checked_sub(1).and_then(|last| steps[last].1)
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
        if whole.until > Time::ZERO && whole.until <= end && whole.until < NEVER {
            changes.push((whole.until, id, Change::Start(whole.rules)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEED: Seed = Seed { seed: 3, replication: 0 };
    const INSTANCES: usize = 4;
    const END: Time = Time::from_ns(100);
    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);
    const C: InstanceId = InstanceId(2);

    const fn at(ns: u64) -> Time {
        Time::from_ns(ns)
    }

    const fn ns(ns: u64) -> Span {
        Span::from_ns(ns)
    }

    fn period(from: u64, until: impl Into<Option<u64>>) -> Period {
        Period { from: at(from), until: until.into().map(at) }
    }

    fn down(id: InstanceId, from: u64, until: impl Into<Option<u64>>, how: Unreachable) -> Fault {
        Fault::Down { instances: vec![id], during: period(from, until), how }
    }

    fn restart(at_ns: u64, startup: u64, rules: Option<Rules>) -> Fault {
        Fault::Restart { instance: A, at: at(at_ns), startup: ns(startup), rules }
    }

    fn timetable(faults: &[Fault]) -> Timetable {
        Timetable::new(faults, INSTANCES, SEED, END)
    }

    fn rules(name: &str) -> Option<Rules> {
        Rules::preset(name)
    }

    /// The changes of instance A.
    fn changes(faults: &[Fault]) -> Vec<(u64, Change)> {
        timetable(faults).changes().iter().filter(|change| change.1 == A).map(|c| (c.0.ns(), c.2)).collect()
    }

    #[test]
    fn without_faults_nothing_happens() {
        for faults in [&[][..], &[restart(5, 0, None)], &[down(A, 7, 7, Unreachable::Silent)]] {
            let table = timetable(faults);
            assert!(table.is_quiet());
            assert_eq!(table.reachability(A, at(5)), Reachability::Up);
            assert!(!table.is_cut(A, B, at(5)));
        }
        assert!(timetable(&[]).changes().is_empty());
    }

    #[test]
    fn silence_wins_over_refusal() {
        use Reachability::{Refused, Silent, Up};
        let faults = [
            down(A, 10, 30, Unreachable::Refused),
            down(A, 20, 25, Unreachable::Silent),
            restart(40, 5, None),
            down(A, 90, None, Unreachable::Silent),
        ];
        let table = timetable(&faults);
        let met = [9, 10, 19, 20, 24, 25, 29, 30, 39, 40, 44, 45, 90, u64::MAX - 1]
            .map(|t| table.reachability(A, at(t)));
        let expected = [
            Up, Refused, Refused, Silent, Silent, Refused, Refused, Up, Up, Refused, Refused, Up, Silent,
            Silent,
        ];
        assert_eq!(met, expected);
        assert!(!table.is_quiet());
    }

    #[test]
    fn overlapping_down_times_are_one() {
        use Change::{Start, Stop};
        let (v1, v2) = (rules("v1"), rules("v2"));
        assert!(v1.is_some() && v2.is_some() && v1 != v2);
        let silent = |from, until| down(A, from, until, Unreachable::Silent);
        for (faults, expected) in [
            (vec![silent(10, 20)], vec![(10, Stop), (20, Start(None))]),
            (vec![silent(10, 20), silent(15, 30), silent(30, 40)], vec![(10, Stop), (40, Start(None))]),
            (vec![silent(10, 50), silent(20, 30)], vec![(10, Stop), (50, Start(None))]),
            (vec![restart(15, 2, v2), silent(10, 20)], vec![(10, Stop), (20, Start(v2))]),
            // the latest restart decides, and one without rules changes none
            (
                vec![restart(15, 2, v2), restart(12, 3, v1), restart(16, 5, None)],
                vec![(12, Stop), (21, Start(v2))],
            ),
            // no start-up: no stop, unless it is down anyway
            (vec![restart(15, 0, v2)], vec![(15, Start(v2))]),
            (vec![restart(15, 0, v2), restart(15, 0, v1)], vec![(15, Start(v1))]),
            (vec![restart(15, 0, v2), silent(10, 20)], vec![(10, Stop), (20, Start(v2))]),
            // T0 and the end
            (vec![restart(0, 0, v2)], vec![]),
            (vec![silent(0, 5)], vec![(0, Stop), (5, Start(None))]),
            (vec![silent(90, 101), silent(101, 102)], vec![(90, Stop)]),
            (vec![silent(101, 102)], vec![]),
            (vec![down(A, 90, None, Unreachable::Silent), silent(95, 97)], vec![(90, Stop)]),
        ] {
            assert_eq!(changes(&faults), expected, "{faults:?}");
        }
    }

    #[test]
    fn changes_are_in_order_of_time_and_instance() {
        let both = [B, A].map(|id| down(id, 5, 10, Unreachable::Refused));
        let order: Vec<_> = timetable(&both).changes().iter().map(|c| (c.0.ns(), c.1)).collect();
        assert_eq!(order, [(5, A), (5, B), (10, A), (10, B)]);
    }

    #[test]
    fn dead_followers_are_a_share_and_others_in_every_replication() {
        let of: Vec<_> = (0..100).map(InstanceId).collect();
        let dead = |share_ppm, replication| {
            let fault = Fault::Dead { number: 0, of: of.clone(), share_ppm, how: Unreachable::Silent };
            let table = Timetable::new(&[fault], 100, Seed { replication, ..SEED }, END);
            let is_dead = |id: &InstanceId| table.reachability(*id, at(0)) == Reachability::Silent;
            let dead: Vec<_> = of.iter().copied().filter(is_dead).collect();
            let stops: Vec<_> = dead.iter().map(|&id| (Time::ZERO, id, Change::Stop)).collect();
            assert_eq!(table.changes(), stops);
            dead
        };
        for (share_ppm, count) in [(0, 0), (4_999, 0), (5_000, 1), (200_000, 20), (1_000_000, 100)] {
            assert_eq!(dead(share_ppm, 0).len(), count, "{share_ppm}");
        }
        assert_ne!(dead(200_000, 0), dead(200_000, 1));
        // a greater share kills the same and others: a sweep over it is paired
        assert!(dead(200_000, 0).iter().all(|id| dead(300_000, 0).contains(id)));
    }

    #[test]
    fn outages_have_their_means_and_a_stream_per_instance() {
        const RUN: Time = Time::from_ms(400_000_000);
        let outages = |of: &[u32]| Fault::Outages {
            number: 0,
            of: of.iter().copied().map(InstanceId).collect(),
            mean_between: Span::from_secs(90),
            mean_duration: Span::from_secs(10),
            how: Unreachable::Refused,
        };
        let table = |of: &[u32]| Timetable::new(&[outages(of)], INSTANCES, SEED, RUN);
        let two = table(&[0, 1]);
        let times = |table: &Timetable, of: InstanceId| -> Vec<u64> {
            table.changes().iter().filter(|change| change.1 == of).map(|change| change.0.ns()).collect()
        };
        assert_ne!(times(&two, A), times(&two, B));
        assert_eq!(times(&two, B), times(&table(&[1]), B));
        let stops = times(&two, A);
        let down_s: u64 = stops.chunks_exact(2).map(|pair| pair[1] - pair[0]).sum::<u64>() / 1_000_000_000;
        // 4,000 outages expected, deviation about 57; 40,000 s down, deviation about 800
        assert!((3_770..4_230).contains(&(stops.len() / 2)), "{}", stops.len());
        assert!((36_800..43_200).contains(&down_s), "{down_s}");
        assert!(stops.iter().all(|ns| ns % 1_000 == 0));
    }

    #[test]
    fn outages_without_number_stop_being_drawn() {
        let of = (0..4).map(InstanceId).collect();
        let mean = Span::ZERO;
        let fault = Fault::Outages {
            number: 0,
            of,
            mean_between: mean,
            mean_duration: mean,
            how: Unreachable::Silent,
        };
        let table = Timetable::new(&[fault], INSTANCES, SEED, Time::from_ms(10_000_000));
        assert_eq!(table.reachability(A, Time::from_ms(1_000)), Reachability::Up);
        assert_eq!(table.changes().len(), 2 * OUTAGES_MAX);
    }

    #[test]
    fn a_partition_keeps_its_sides_apart() {
        let sides = vec![vec![A], vec![B, InstanceId(3)]];
        let table = timetable(&[Fault::Partition { sides, during: period(10, 20) }]);
        for (from, to, expected) in
            [(A, B, true), (B, A, true), (B, InstanceId(3), false), (A, C, false), (C, B, false)]
        {
            assert_eq!(table.is_cut(from, to, at(10)), expected, "{from} {to}");
            assert!(!table.is_cut(from, to, at(9)) && !table.is_cut(from, to, at(20)));
        }
        assert!(!table.is_quiet());
    }

    #[test]
    fn added_latencies_add_up_to_a_limit() {
        let on = |added| Fault::Latency { from: vec![A], to: vec![B, C], during: period(0, None), added };
        let added = |faults: &[Fault], to| timetable(faults).added_latency(A, to, at(5));
        assert_eq!(added(&[on(ns(3)), on(ns(4))], B), ns(7));
        assert_eq!(added(&[on(ns(3))], InstanceId(3)), Span::ZERO);
        assert_eq!(added(&[on(ns(u64::MAX)), on(ns(u64::MAX)), on(ns(1))], C), LATENCY_MAX);
    }

    #[test]
    fn clocks_are_shifted_so_that_none_is_negative() {
        let skew = |id, ahead_ns| Fault::Skew { instances: vec![id], ahead_ns };
        let ahead = |faults: &[Fault]| [A, B, C].map(|id| timetable(faults).clock_ahead(id).ns());
        assert_eq!(ahead(&[]), [0, 0, 0]);
        assert_eq!(ahead(&[skew(A, 7)]), [7, 0, 0]);
        assert_eq!(ahead(&[skew(A, 7), skew(B, -5)]), [12, 0, 5]);
        assert_eq!(ahead(&[skew(A, 7), skew(A, -10)]), [0, 3, 3]);
        assert_eq!(ahead(&[skew(A, i64::MIN), skew(B, i64::MAX)]), [0, u64::MAX, 1 << 63]);
        assert!(!timetable(&[skew(A, 1)]).is_quiet());
    }

    fn periods() -> impl Strategy<Value = Period> {
        (0u64..120, proptest::option::of(0u64..120)).prop_map(|(from, until)| period(from, until))
    }

    fn ids() -> impl Strategy<Value = Vec<InstanceId>> {
        proptest::collection::btree_set((0u32..4).prop_map(InstanceId), 0..4)
            .prop_map(|ids| ids.into_iter().collect())
    }

    fn hows() -> impl Strategy<Value = Unreachable> {
        prop_oneof![Just(Unreachable::Refused), Just(Unreachable::Silent)]
    }

    fn faults() -> impl Strategy<Value = Vec<Fault>> {
        let fault = prop_oneof![
            (ids(), periods(), hows()).prop_map(|(instances, during, how)| Fault::Down {
                instances,
                during,
                how
            }),
            (ids(), hows()).prop_map(|(of, how)| Fault::Dead { number: 0, of, share_ppm: 1_000_000, how }),
            (ids(), periods(), 0u64..9).prop_map(|(instances, during, us)| Fault::Slow {
                instances,
                during,
                answer: ns(us)
            }),
            (0u32..4, 0u64..120, 0u64..30).prop_map(|(id, from, startup)| Fault::Restart {
                instance: InstanceId(id),
                at: at(from),
                startup: ns(startup),
                rules: None
            }),
            (ids(), ids(), periods()).prop_map(|(one, mut other, during)| {
                other.retain(|id| !one.contains(id));
                Fault::Partition { sides: vec![one, other], during }
            }),
            (ids(), ids(), periods(), 0u32..9).prop_map(|(from, to, during, loss_ppm)| Fault::Loss {
                from,
                to,
                during,
                loss_ppm
            }),
            (ids(), ids(), periods(), 0u64..9).prop_map(|(from, to, during, added)| Fault::Latency {
                from,
                to,
                during,
                added: ns(added)
            }),
        ];
        proptest::collection::vec(fault, 0..12)
    }

    /// Whether a period holds, from its definition.
    fn holds(during: &Period, now: Time) -> bool {
        now >= during.from && during.until.is_none_or(|until| now < until)
    }

    /// What a fault does to an instance: reachability and delay of answers.
    fn on_instance(fault: &Fault, id: InstanceId, now: Time) -> (Reachability, Span) {
        let met = |how: &Unreachable| (Reachability::from(*how), Span::ZERO);
        match fault {
            Fault::Down { instances, during, how } if instances.contains(&id) && holds(during, now) => {
                met(how)
            }
            Fault::Dead { of, how, .. } if of.contains(&id) => met(how),
            Fault::Slow { instances, during, answer } if instances.contains(&id) && holds(during, now) => {
                (Reachability::Up, *answer)
            }
            Fault::Restart { instance, at, startup, .. }
                if *instance == id && *at <= now && now < *at + *startup =>
            {
                met(&Unreachable::Refused)
            }
            _ => (Reachability::Up, Span::ZERO),
        }
    }

    /// What a fault does to a link: whether it is cut, loss, latency.
    fn on_link(fault: &Fault, link: (InstanceId, InstanceId), now: Time) -> (bool, u32, Span) {
        let on = |from: &[InstanceId], to: &[InstanceId], during: &Period| {
            holds(during, now) && from.contains(&link.0) && to.contains(&link.1)
        };
        match fault {
            Fault::Partition { sides, during } => {
                let is_cut = on(&sides[0], &sides[1], during) || on(&sides[1], &sides[0], during);
                (is_cut, 0, Span::ZERO)
            }
            Fault::Loss { from, to, during, loss_ppm } if on(from, to, during) => {
                (false, *loss_ppm, Span::ZERO)
            }
            Fault::Latency { from, to, during, added } if on(from, to, during) => (false, 0, *added),
            _ => (false, 0, Span::ZERO),
        }
    }

    proptest! {
        #[test]
        fn lookups_agree_with_the_list_of_faults(faults in faults(), now in 0u64..160) {
            let (table, now) = (timetable(&faults), at(now));
            let ids = (0..INSTANCES).map(InstanceId::at);
            for id in ids.clone() {
                let all = || faults.iter().map(|fault| on_instance(fault, id, now));
                let worst = all().map(|effect| effect.0).max().unwrap_or(Reachability::Up);
                prop_assert_eq!(table.reachability(id, now), worst);
                let slowest = all().map(|effect| effect.1).max().unwrap_or(Span::ZERO);
                prop_assert_eq!(table.answer_delay(id, now), slowest);
                prop_assert!(!table.is_quiet() || worst == Reachability::Up && slowest == Span::ZERO);
            }
            for (from, to) in ids.clone().flat_map(|from| ids.clone().map(move |to| (from, to))) {
                let all = || faults.iter().map(|fault| on_link(fault, (from, to), now));
                prop_assert_eq!(table.is_cut(from, to, now), all().any(|effect| effect.0));
                prop_assert_eq!(table.loss_ppm(from, to, now), all().map(|effect| effect.1).max().unwrap_or(0));
                let added = all().fold(Span::ZERO, |sum, effect| sum + effect.2);
                prop_assert_eq!(table.added_latency(from, to, now), added);
            }
        }

        /// A process is gone exactly while nothing reaches its instance, up to the end.
        #[test]
        fn changes_agree_with_reachability(faults in faults()) {
            let table = timetable(&faults);
            let changes = table.changes();
            prop_assert!(changes.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
            for id in (0..INSTANCES).map(InstanceId::at) {
                let mut own = changes.iter().filter(|change| change.1 == id).peekable();
                let mut is_gone = false;
                for now in 0..=END.ns() {
                    while let Some(change) = own.next_if(|change| change.0 == at(now)) {
                        let stops = change.2 == Change::Stop;
                        prop_assert!(!(stops && is_gone), "stopped twice");
                        is_gone = stops;
                    }
                    prop_assert_eq!(is_gone, table.reachability(id, at(now)) != Reachability::Up, "{} at {}", id, now);
                }
                prop_assert!(own.next().is_none());
            }
        }
    }
}
