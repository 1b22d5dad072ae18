//! What goes wrong when, as functions of time, instance and link.

use super::fault::{Period, Unreachable};
use crate::domain::protocol::Rules;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::network::LATENCY_MAX;

/// What others meet at an instance. Of two faults that hold at once the greater one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reachability {
    /// It answers.
    Up,
    /// What is left of it answers that it is no more.
    Gone,
    /// A proxy in front of it answers that there is nothing behind.
    BadGateway,
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
    pub(super) reachability: Vec<StepFunction<Reachability>>,
    /// By instance.
    pub(super) answer_delay: Vec<StepFunction<Span>>,
    pub(super) changes: Vec<(Time, InstanceId, Change)>,
    pub(super) cuts: Vec<Partition>,
    pub(super) blocked: Vec<LinkValue<()>>,
    pub(super) loss_ppm: Vec<LinkValue<u32>>,
    pub(super) added_latency: Vec<LinkValue<Span>>,
    /// By instance, and none is negative.
    pub(super) clock_ahead: Vec<Span>,
    /// The instants at which any value changes, in ascending order.
    pub(super) steps: Vec<Time>,
    pub(super) is_quiet: bool,
}

/// A step function of time: each value holds from its instant to the next; `None` is no value.
pub(super) type StepFunction<V> = Vec<(Time, Option<V>)>;

/// A partition: who is on which side, by instance in ascending order.
#[derive(Clone, Debug)]
pub(super) struct Partition {
    pub(super) during: Period,
    pub(super) sides: Vec<(InstanceId, usize)>,
}

/// A value that holds on some links for a while; both lists in ascending order.
#[derive(Clone, Debug)]
pub(super) struct LinkValue<V> {
    during: Period,
    from: Vec<InstanceId>,
    to: Vec<InstanceId>,
    value: V,
}

impl Timetable {
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

    /// The extra time before an instance answers: the maximum of the faults that hold.
    pub fn answer_delay(&self, instance: InstanceId, at: Time) -> Span {
        value_at(&self.answer_delay[instance.index()], at).unwrap_or(Span::ZERO)
    }

    /// Whether a partition separates two instances.
    pub fn is_cut(&self, from: InstanceId, to: InstanceId, at: Time) -> bool {
        self.cuts.iter().any(|cut| cut.during.holds(at) && cut.separates(from, to))
    }

    /// Whether the receiver has blocked the sender.
    pub fn is_blocked(&self, from: InstanceId, to: InstanceId, at: Time) -> bool {
        holding(&self.blocked, from, to, at).next().is_some()
    }

    /// Whether the instance ever answers for a process that is down, or blocks anybody.
    pub fn ever_refuses(&self, instance: InstanceId) -> bool {
        let answers = |step: &(Time, Option<Reachability>)| step.1.is_some_and(Reachability::has_connections);
        self.reachability[instance.index()].iter().any(answers)
            || self.blocked.iter().any(|blocked| blocked.to.binary_search(&instance).is_ok())
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

    /// Whether any fault affects requests from an instance to another at an instant: their way there or back, or the receiver.
    pub fn touches(&self, from: InstanceId, to: InstanceId, at: Time) -> bool {
        self.reachability(to, at) != Reachability::Up
            || self.answer_delay(to, at) > Span::ZERO
            || self.is_blocked(from, to, at)
            || self.touches_link(from, to, at)
            || self.touches_link(to, from, at)
    }

    /// Whether any fault affects what crosses a link.
    fn touches_link(&self, from: InstanceId, to: InstanceId, at: Time) -> bool {
        self.is_cut(from, to, at)
            || self.loss_ppm(from, to, at) > 0
            || self.added_latency(from, to, at) > Span::ZERO
    }

    /// The first instant after `at` at which any value changes; the last instant if there is none.
    pub fn next_change(&self, at: Time) -> Time {
        let next = self.steps.partition_point(|step| *step <= at);
        self.steps.get(next).copied().unwrap_or(Time::NEVER)
    }

    /// Whether nothing but restarts that take no time can happen: then only `changes` says anything.
    pub fn is_quiet(&self) -> bool {
        self.is_quiet
    }
}

impl Timetable {
    pub(super) fn note_steps(&mut self) {
        let reachability = self.reachability.iter().flatten().map(|step| step.0);
        let answers = self.answer_delay.iter().flatten().map(|step| step.0);
        let cuts = self.cuts.iter().map(|cut| cut.during);
        let periods = cuts
            .chain(self.loss_ppm.iter().map(|on| on.during))
            .chain(self.added_latency.iter().map(|on| on.during))
            .chain(self.blocked.iter().map(|on| on.during));
        let periods = periods.flat_map(|during| [during.from, during.end()]);
        let mut steps: Vec<Time> = reachability.chain(answers).chain(periods).collect();
        steps.sort_unstable();
        steps.dedup();
        self.steps = steps;
    }
}

impl Reachability {
    /// Whether connections are made and requests answered.
    pub fn has_connections(self) -> bool {
        self < Reachability::Refused
    }
}

impl From<Unreachable> for Reachability {
    fn from(how: Unreachable) -> Reachability {
        match how {
            Unreachable::Refused => Reachability::Refused,
            Unreachable::Silent => Reachability::Silent,
            Unreachable::BadGateway => Reachability::BadGateway,
            Unreachable::Gone => Reachability::Gone,
        }
    }
}

impl Partition {
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

impl<V> LinkValue<V> {
    pub(super) fn new(from: &[InstanceId], to: &[InstanceId], during: Period, value: V) -> LinkValue<V> {
        LinkValue { during, from: from.to_vec(), to: to.to_vec(), value }
    }

    fn holds(&self, from: InstanceId, to: InstanceId, at: Time) -> bool {
        self.during.holds(at) && self.from.binary_search(&from).is_ok() && self.to.binary_search(&to).is_ok()
    }
}

/// The values that hold on a link at an instant.
fn holding<V: Copy>(
    rules: &[LinkValue<V>],
    from: InstanceId,
    to: InstanceId,
    at: Time,
) -> impl Iterator<Item = V> {
    rules.iter().filter(move |rule| rule.holds(from, to, at)).map(|rule| rule.value)
}

/// What holds at an instant.
fn value_at<V: Copy>(steps: &[(Time, Option<V>)], at: Time) -> Option<V> {
    let after = steps.partition_point(|step| step.0 <= at);
    after.checked_sub(1).and_then(|last| steps[last].1)
}
