//! The rates at which viewers come, found for a series of concurrent viewers and a law of watch times.
//!
//! N(t), linear between the points of the series, is given, and r(t) >= 0 is wanted with N(t) = int r(s) P(W > t - s) ds (closed
//! form 2), a Volterra equation of the first kind. Of exponential watch times with mean m the solution is r = N' + N / m. Of
//! others it is found step by step: within a step r is linear with slope N' / m, as it is in the long run, and so high that the
//! crowd at the end of the step is N. Points are ends of steps; a step within which the crowd is not N is halved. A series that
//! begins above 0 begins with a burst, and where many of that leave together (a law with a jump), as many come. Times are
//! nanoseconds, ages and integrals are in seconds.

use crate::domain::arrivals::RateCurve;
use crate::domain::watch::Watch;
use crate::foundation::units::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};

/// A series has at most this many points.
pub const POINTS_MAX: usize = 10_000;
/// Rates are found in at most this many steps.
const STEPS_MAX: usize = POINTS_MAX + 5_000;
/// There are at most this many bursts, and none of a smaller share of the first one.
const BURSTS_MAX: usize = 1_000;
const BURST_LEAST: f64 = 1e-3;
/// At first there are at most so many steps beside those that end at points, and none is longer than this share of the mean.
const FIRST_STEPS_MAX: f64 = 2_000.0;
const FIRST_STEP: f64 = 0.5;
/// In a step shorter than this share of the mean two looks are enough.
const SHORT_STEP: f64 = 0.125;
/// A step is halved if the crowd at a quarter of it is off by more than this share of the series there. Where many leave within
/// a moment of it, the crowd is off by up to twice as much elsewhere.
const STEP_ERROR: f64 = 0.003;
/// The crowd may be off by this share of the series.
const ERROR: f64 = 0.01;
/// Half a nanosecond in seconds: instants on both sides of one.
const HALF_NS: f64 = 0.5e-9;
/// Shares are of this share of the peak where the series is lower.
const LOW: f64 = 0.01;

/// A point of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When, since T0.
    pub at: Span,
    /// Concurrent viewers, at least 0.
    pub viewers: f64,
}

/// Why no rates give a series: the first point before which that is so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Miss {
    /// It falls faster than viewers leave.
    Falls {
        /// The point.
        point: usize,
        /// When more are there than it says, since T0.
        at: Span,
        /// How many are there at least.
        viewers: f64,
        /// What it says.
        wanted: f64,
    },
    /// It changes too fast for the steps that there may be.
    Fast {
        /// The point.
        point: usize,
    },
}

/// The rates at which the expected crowd is a series, points in order of time and no two at one instant; the crowd is right to a
/// percent. With `at_least` it may be larger: where the series falls faster than viewers leave, nobody comes.
///
/// # Errors
/// Where no rates do that.
pub fn rates(series: &[Point], watch: &Watch, at_least: bool) -> Result<RateCurve, Miss> {
    match of_exponential(series, watch) {
        Some(exact) => Ok(exact),
        None => Wanted::new(series, watch).found(at_least).map(|found| found.curve()),
    }
}

/// N' + N / m, if the watch times are exponential and that is nowhere negative.
fn of_exponential(series: &[Point], watch: &Watch) -> Option<RateCurve> {
    let Watch::Exponential { mean } = watch else { return None };
    let instant = |point: &Point| Time::ZERO + point.at;
    let first = series.first().filter(|first| first.viewers > 0.0);
    let bursts = first.map(|first| (instant(first), first.viewers)).into_iter().collect();
    let mut curve = RateCurve { knots: Vec::new(), bursts };
    for pair in series.windows(2) {
        let growth_per_s = (pair[1].viewers - pair[0].viewers) / (pair[1].at - pair[0].at).secs_f64();
        let knots =
            [0, 1].map(|end| (instant(&pair[end]), growth_per_s + pair[end].viewers / mean.secs_f64()));
        if knots.iter().any(|knot| knot.1 < 0.0) {
            return None;
        }
        curve.knots.extend(knots);
    }
    Some(curve)
}

/// An end of steps.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at_ns: u64,
    /// What the series says there.
    viewers: f64,
    /// The point of the series there, or the next one.
    point: usize,
    /// What errors before it are shares of.
    scale: f64,
}

/// A step with a rate, linear in it.
struct Step {
    from: Mark,
    to: Mark,
    /// Viewers per second, at its beginning and its end.
    rate: f64,
    rate_to: f64,
    /// Viewers per second per second.
    slope: f64,
}

/// Rates that have been found.
#[derive(Default)]
struct Found {
    steps: Vec<Step>,
    bursts: Vec<(u64, f64)>,
}

impl Found {
    fn curve(&self) -> RateCurve {
        let knots = self.steps.iter().flat_map(|step| {
            [(Time::from_ns(step.from.at_ns), step.rate), (Time::from_ns(step.to.at_ns), step.rate_to)]
        });
        let bursts = self.bursts.iter().map(|&(at_ns, viewers)| (Time::from_ns(at_ns), viewers));
        RateCurve { knots: knots.collect(), bursts: bursts.collect() }
    }
}

/// What is wanted: the crowd is a series.
struct Wanted<'a> {
    series: &'a [Point],
    stays: Stays,
    mean_s: f64,
    /// What errors are shares of at least.
    low: f64,
    /// When bursts may come.
    bursts: BTreeSet<u64>,
}

/// On which side of an instant one looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Who leaves at the instant is still there.
    Before,
    /// Who leaves at the instant has left.
    After,
}

impl<'a> Wanted<'a> {
    fn new(series: &'a [Point], watch: &Watch) -> Wanted<'a> {
        let span_s = match (series.first(), series.last()) {
            (Some(first), Some(last)) => (last.at - first.at).secs_f64(),
            _ => 0.0,
        };
        let peak = series.iter().map(|point| point.viewers).fold(0.0, f64::max);
        let stays = Stays::new(watch, span_s);
        let bursts = bursts(series, &stays);
        Wanted { series, stays, mean_s: watch.mean().secs_f64(), low: LOW * peak, bursts }
    }

    /// What is known of the instant `at_ns`, which is after the point before `point`.
    fn mark(&self, at_ns: u64, point: usize) -> Mark {
        let to = self.series[point];
        let from = self.series[point.saturating_sub(1)];
        let scale = from.viewers.max(to.viewers).max(self.low);
        let share = (at_ns - from.at.ns()) as f64 / (to.at.ns() - from.at.ns()).max(1) as f64;
        let viewers = from.viewers + (to.viewers - from.viewers) * share;
        let viewers = if at_ns == to.at.ns() { to.viewers } else { viewers };
        Mark { at_ns, viewers, point, scale }
    }

    /// The points, when bursts may come, and enough between them that nothing stays unseen.
    fn marks(&self) -> Vec<Mark> {
        let mut instants: Vec<u64> = self.series.iter().map(|point| point.at.ns()).collect();
        instants.extend(&self.bursts);
        instants.sort_unstable();
        instants.dedup();
        let whole_ns = instants.last().map_or(0, |last| last - instants[0]);
        let longest_s = (FIRST_STEP * self.mean_s).max(seconds(whole_ns) / FIRST_STEPS_MAX);
        let between = instants.windows(2).flat_map(|pair| {
            let parts = libm::ceil(seconds(pair[1] - pair[0]) / longest_s) as u64;
            let [from, to] = [pair[0], pair[1]].map(u128::from);
            (1..parts).map(move |part| (from + (to - from) * u128::from(part) / u128::from(parts)) as u64)
        });
        let between: Vec<u64> = between.collect();
        instants.extend(between);
        instants.sort_unstable();
        instants.dedup();
        let point = |at_ns: u64| self.series.partition_point(|point| point.at.ns() < at_ns);
        instants.into_iter().map(|at_ns| self.mark(at_ns, point(at_ns))).collect()
    }

    /// The rates of all steps, one after another.
    fn found(&self, at_least: bool) -> Result<Found, Miss> {
        let mut ahead = self.marks();
        ahead.reverse();
        let mut found = Found::default();
        let Some(mut from) = ahead.pop() else { return Ok(found) };
        self.burst(&mut found, from);
        while let Some(&to) = ahead.last() {
            let (step, viewers) = self.step(&found, from, to);
            if self.is_off(&found, &step) {
                if found.steps.len() + ahead.len() >= STEPS_MAX {
                    return Err(Miss::Fast { point: to.point });
                }
                ahead.push(self.mark(from.at_ns + (to.at_ns - from.at_ns) / 2, to.point));
                continue;
            }
            if !at_least && viewers - to.viewers > ERROR * to.scale {
                let at = Span::from_ns(to.at_ns);
                return Err(Miss::Falls { point: to.point, at, viewers, wanted: to.viewers });
            }
            found.steps.push(step);
            ahead.pop();
            from = to;
            self.burst(&mut found, from);
        }
        Ok(found)
    }

    /// Adds the burst at an instant, if one may be there.
    fn burst(&self, found: &mut Found, at: Mark) {
        if self.bursts.contains(&at.at_ns) {
            let missing = at.viewers - self.crowd(found, at.at_ns, Side::After);
            if missing > 0.0 {
                // of whom some may leave at once
                found.bursts.push((at.at_ns, missing / self.stays.survival(HALF_NS)));
            }
        }
    }

    /// The step at whose end the crowd is the series, or as near as it comes; and the crowd there.
    fn step(&self, found: &Found, from: Mark, to: Mark) -> (Step, f64) {
        let length_s = seconds(to.at_ns - from.at_ns);
        let others = self.crowd(found, to.at_ns, Side::Before);
        let slope = (to.viewers - from.viewers) / length_s / self.mean_s;
        let (first, second) = self.stays.integrals(length_s);
        let rate = (to.viewers - others - slope * second) / first;
        let rate_to = rate + slope * length_s;
        if rate >= 0.0 && rate_to >= 0.0 {
            return (Step { from, to, rate, rate_to, slope }, to.viewers);
        }
        let rate = ((to.viewers - others) / first).max(0.0);
        (Step { from, to, rate, rate_to: rate, slope: 0.0 }, others + rate * first)
    }

    /// Whether people come in a step, and the crowd within it is not what it should be.
    fn is_off(&self, found: &Found, step: &Step) -> bool {
        let length_ns = step.to.at_ns - step.from.at_ns;
        // where the rate jumps, the crowd follows soon
        let soon_ns = Span::from_secs_f64(FIRST_STEP * self.mean_s).ns();
        let within = [length_ns / 4, length_ns / 4 * 3, length_ns / 2, soon_ns];
        let enough = if seconds(length_ns) < SHORT_STEP * self.mean_s { &within[..2] } else { &within };
        let is_off = |after_ns: u64| {
            let mark = self.mark(step.from.at_ns + after_ns, step.to.point);
            let (first, second) = self.stays.integrals(seconds(after_ns));
            let own = step.rate * first + step.slope * second;
            (self.crowd(found, mark.at_ns, Side::After) + own - mark.viewers).abs() > STEP_ERROR * mark.scale
        };
        let is_inside = |after_ns: u64| 0 < after_ns && after_ns < length_ns;
        step.rate + step.rate_to > 0.0
            && enough.iter().any(|&after_ns| is_inside(after_ns) && is_off(after_ns))
    }

    /// The expected crowd at an instant that is not before the end of the last step.
    fn crowd(&self, found: &Found, at_ns: u64, side: Side) -> f64 {
        let age_s = |from_ns: u64| seconds(at_ns.saturating_sub(from_ns));
        let longest_s = self.stays.longest_s;
        // nobody is left of what is older
        let first = found.steps.partition_point(|step| age_s(step.to.at_ns) > longest_s);
        let (mut node, mut sum, mut older) = (self.stays.nodes.len() - 1, 0.0, None);
        // ages only fall
        let mut integrals = |age_s: f64| {
            while self.stays.nodes[node].age_s > age_s {
                node -= 1;
            }
            self.stays.nodes[node].integrals(age_s)
        };
        for step in &found.steps[first..] {
            let from = older.unwrap_or_else(|| integrals(age_s(step.from.at_ns)));
            let to = integrals(age_s(step.to.at_ns));
            sum += step.rate * from.0 - step.rate_to * to.0 + step.slope * (from.1 - to.1);
            older = Some(to);
        }
        let half_ns = if side == Side::Before { -HALF_NS } else { HALF_NS };
        let of_burst = |burst: &(u64, f64)| burst.1 * self.stays.survival(age_s(burst.0) + half_ns);
        let first = found.bursts.partition_point(|burst| age_s(burst.0) > longest_s);
        found.bursts[first..].iter().map(of_burst).fold(sum, |sum, of| sum + of)
    }
}

/// When bursts may come, of a series that begins above 0: at its beginning, and where many of a burst leave together.
fn bursts(series: &[Point], stays: &Stays) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let (Some(first), Some(last)) = (series.first(), series.last()) else { return found };
    let mut ahead = BTreeMap::from([(first.at.ns(), if first.viewers > 0.0 { 1.0 } else { 0.0 })]);
    while let Some((at_ns, share)) = ahead.pop_first().filter(|_| found.len() < BURSTS_MAX) {
        if share < BURST_LEAST {
            continue;
        }
        found.insert(at_ns);
        for &(age_ns, leave) in &stays.jumps {
            let then_ns = at_ns.saturating_add(age_ns);
            if then_ns < last.at.ns() {
                *ahead.entry(then_ns).or_insert(0.0) += share * leave;
            }
        }
    }
    found
}

/// The survival function of a law by its integrals, so that they are found soon: exact at nodes, and linear between two.
struct Stays {
    nodes: Vec<Node>,
    /// (age in ns, above 0, share of viewers who leave at it).
    jumps: Vec<(u64, f64)>,
    /// Hardly anybody stays longer.
    longest_s: f64,
}

/// An age, and what holds from it to the next one.
#[derive(Clone, Copy)]
struct Node {
    age_s: f64,
    /// P(W > age).
    survival: f64,
    /// The integral of that up to the age, and the integral of the integral.
    first: f64,
    second: f64,
    /// Half the slope of the survival.
    bend: f64,
}

impl Node {
    fn integrals(self, age_s: f64) -> (f64, f64) {
        let x = age_s - self.age_s;
        let first = self.first + x * (self.survival + x * self.bend);
        (first, self.second + x * (self.first + x * (self.survival / 2.0 + x * self.bend / 3.0)))
    }
}

impl Stays {
    /// Those of ages up to `until_s`.
    fn new(watch: &Watch, until_s: f64) -> Stays {
        const RATIO: f64 = 1.01;
        const FINEST: f64 = 1e-7;
        let longest_s = watch.longest_s();
        let until_s = until_s.min(longest_s).max(1e-9);
        let geometric = std::iter::successors(Some(until_s * FINEST), |age_s| Some(age_s * RATIO));
        let mut ages: Vec<f64> = geometric.take_while(|&age_s| age_s < until_s).collect();
        ages.extend(watch.bends_s().filter(|&age_s| age_s < until_s));
        ages.extend([0.0, until_s]);
        ages.sort_unstable_by(f64::total_cmp);
        ages.dedup();
        let node = |age_s: f64| {
            let (first, _) = watch.survival_integrals(age_s);
            Node { age_s, survival: watch.survival_after_s(age_s), first, second: 0.0, bend: 0.0 }
        };
        let mut nodes: Vec<Node> = ages.into_iter().map(node).collect();
        for at in 1..nodes.len() {
            let (from, to) = (nodes[at - 1], nodes[at]);
            let x = to.age_s - from.age_s;
            nodes[at - 1].bend = ((to.first - from.first) / x - from.survival) / x;
            nodes[at].second = nodes[at - 1].integrals(to.age_s).1;
        }
        let jumps = watch.jumps_s().map(|(age_s, share)| (Span::from_secs_f64(age_s).ns(), share));
        Stays { nodes, jumps: jumps.filter(|jump| jump.0 > 0).collect(), longest_s }
    }

    fn node(&self, age_s: f64) -> Node {
        self.nodes[self.nodes.partition_point(|node| node.age_s <= age_s).max(1) - 1]
    }

    fn integrals(&self, age_s: f64) -> (f64, f64) {
        self.node(age_s).integrals(age_s)
    }

    fn survival(&self, age_s: f64) -> f64 {
        let node = self.node(age_s);
        (node.survival + 2.0 * (age_s - node.age_s) * node.bend).max(0.0)
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

#[cfg(test)]
mod tests;
