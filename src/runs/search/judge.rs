//! What the values of candidates show: who is in which class of error, and who is cheaper.

use crate::intervals::{Estimate, compared, mean_of};
use crate::scenario::SearchSpace;

/// With this confidence somebody must be worse to leave the race: there are many comparisons, and one of a hundred that misleads would be
/// one too many.
pub(super) const CONFIDENCE: f64 = 0.999;

/// What one replication of a candidate in a scenario came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The cost; the baseline's is 1.
    pub cost: f64,
    /// The error, not negative.
    pub error: f64,
    /// The metrics of the bounds, in their order.
    pub bounds: Vec<f64>,
}

/// What is known of all candidates.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// By candidate and scenario, in the order of replications.
    of: Vec<Vec<Vec<Observed>>>,
    scenarios: usize,
}

impl Values {
    /// Nothing yet, in so many scenarios.
    pub fn new(scenarios: usize) -> Values {
        Values { of: Vec::new(), scenarios }
    }

    /// Adds the next replications of a candidate in a scenario.
    pub fn add(&mut self, candidate: usize, scenario: usize, observed: impl IntoIterator<Item = Observed>) {
        if self.of.len() <= candidate {
            self.of.resize(candidate + 1, vec![Vec::new(); self.scenarios]);
        }
        self.of[candidate][scenario].extend(observed);
    }

    /// What is known of a candidate in a scenario.
    pub fn of(&self, candidate: usize, scenario: usize) -> &[Observed] {
        self.of.get(candidate).map_or(&[], |scenarios| &scenarios[scenario])
    }

    /// Replications that a candidate has in every scenario.
    pub fn replications(&self, candidate: usize) -> usize {
        (0..self.scenarios).map(|scenario| self.of(candidate, scenario).len()).min().unwrap_or(0)
    }
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shows {
    /// The intervals show that it is not.
    No,
    /// They leave it open.
    Open,
    /// They show that it is.
    Yes,
}

/// What a search asks of values.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// What is searched for.
    pub space: &'a SearchSpace,
    /// What is known.
    pub values: &'a Values,
}

impl Judge<'_> {
    /// The error of a candidate in a scenario.
    pub fn error(&self, candidate: usize, scenario: usize) -> Option<Estimate> {
        self.estimate(candidate, scenario, |observed| observed.error)
    }

    /// The metric of a bound.
    pub fn bound(&self, candidate: usize, scenario: usize, bound: usize) -> Option<Estimate> {
        self.estimate(candidate, scenario, |observed| observed.bounds[bound])
    }

    /// The cost in one scenario.
    pub fn cost_in(&self, candidate: usize, scenario: usize) -> Option<Estimate> {
        self.estimate(candidate, scenario, |observed| observed.cost)
    }

    fn estimate(&self, candidate: usize, scenario: usize, of: impl Fn(&Observed) -> f64) -> Option<Estimate> {
        let values: Vec<f64> = self.values.of(candidate, scenario).iter().map(of).collect();
        (!values.is_empty()).then(|| mean_of(&values))
    }

    /// The cost over all scenarios, by replication: the mean by weight.
    fn costs(&self, candidate: usize) -> Vec<f64> {
        let weights: Vec<f64> = self.space.scenarios.iter().map(|scenario| scenario.weight).collect();
        let all: f64 = weights.iter().sum();
        let of = |replication: usize| {
            let weighted = weights.iter().enumerate();
            let sum: f64 = weighted
                .map(|(scenario, weight)| weight * self.values.of(candidate, scenario)[replication].cost)
                .sum();
            sum / all
        };
        (0..self.values.replications(candidate)).map(of).collect()
    }

    /// The mean cost over all scenarios; none before all were run.
    pub fn cost(&self, candidate: usize) -> Option<Estimate> {
        let costs = self.costs(candidate);
        (!costs.is_empty()).then(|| mean_of(&costs))
    }

    /// Whether a candidate is in a class of error, by intervals: in every scenario that has
    /// classes its error is at most that, and every bound holds.
    pub fn is_in(&self, candidate: usize, error: f64, confidence: f64) -> Shows {
        self.least(candidate, |estimate, limits| limits.shows(&estimate, confidence), error)
    }

    /// The same by means alone.
    pub fn is_in_by_mean(&self, candidate: usize, error: f64) -> bool {
        let by_mean = |estimate: Estimate, limits: Limits| limits.shows_mean(estimate.mean);
        self.least(candidate, by_mean, error) == Shows::Yes
    }

    fn least(&self, candidate: usize, shows: impl Fn(Estimate, Limits) -> Shows, error: f64) -> Shows {
        let mut least = Shows::Yes;
        for scenario in self.in_classes() {
            let error_limit = Limits { min: None, max: Some(error) };
            let of_error = self.error(candidate, scenario).map(|estimate| shows(estimate, error_limit));
            least = least.min(of_error.unwrap_or(Shows::Open));
            for (number, bound) in self.space.bounds.iter().enumerate() {
                let limits = Limits { min: bound.min, max: bound.max };
                let of_bound =
                    self.bound(candidate, scenario, number).map(|estimate| shows(estimate, limits));
                least = least.min(of_bound.unwrap_or(Shows::Open));
            }
        }
        least
    }

    /// Whether one is shown to be cheaper than another, over the replications that both have. Of two that cost exactly the same in
    /// each, the one with the smaller number is.
    pub fn is_cheaper(&self, one: usize, other: usize) -> bool {
        let pairs: Vec<(f64, f64)> = self.costs(one).into_iter().zip(self.costs(other)).collect();
        if pairs.len() < 2 {
            return false;
        }
        let difference = compared(&pairs).difference;
        let half_width = difference.half_width_at(CONFIDENCE).expect("several pairs");
        let is_equal = difference.mean.abs() <= 0.0 && half_width <= 0.0;
        if is_equal { one < other } else { difference.mean + half_width < 0.0 }
    }

    /// Who of some misses the fewest bounds by its means, and of these has the least of its errors' largest; who was run in all scenarios before
    /// who was not.
    pub fn least_wrong(&self, candidates: impl IntoIterator<Item = usize>) -> Option<usize> {
        let rank = |candidate: usize| {
            let (mut not_run, mut missed, mut largest) = (0u32, 0u32, 0.0f64);
            for scenario in self.in_classes() {
                let Some(error) = self.error(candidate, scenario) else {
                    not_run += 1;
                    continue;
                };
                largest = largest.max(error.mean);
                for (number, bound) in self.space.bounds.iter().enumerate() {
                    let limits = Limits { min: bound.min, max: bound.max };
                    let value = self.bound(candidate, scenario, number).expect("it was run there");
                    missed += u32::from(limits.shows_mean(value.mean) == Shows::No);
                }
            }
            (not_run, missed, largest, candidate)
        };
        let ranks = candidates.into_iter().map(rank);
        let order = |one: &(u32, u32, f64, usize), other: &(u32, u32, f64, usize)| {
            (one.0, one.1).cmp(&(other.0, other.1)).then(one.2.total_cmp(&other.2)).then(one.3.cmp(&other.3))
        };
        Some(ranks.min_by(order)?.3)
    }

    /// The scenarios in which classes and bounds must hold.
    fn in_classes(&self) -> impl Iterator<Item = usize> {
        let scenarios = self.space.scenarios.iter().enumerate();
        scenarios.filter(|(_, of)| of.in_classes).map(|(scenario, _)| scenario)
    }

    /// The cheapest of some in a class by their means; of equals, the first.
    pub fn cheapest(&self, candidates: impl IntoIterator<Item = usize>, error: f64) -> Option<usize> {
        let inside = candidates.into_iter().filter(|candidate| self.is_in_by_mean(*candidate, error));
        let cost = |candidate: usize| Some((self.cost(candidate)?.mean, candidate));
        let rank =
            |one: &(f64, usize), other: &(f64, usize)| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1));
        Some(inside.filter_map(cost).min_by(rank)?.1)
    }
}

/// What a value may be.
#[derive(Clone, Copy)]
struct Limits {
    min: Option<f64>,
    max: Option<f64>,
}

impl Limits {
    fn shows(self, estimate: &Estimate, confidence: f64) -> Shows {
        let Some(half_width) = estimate.half_width_at(confidence) else { return Shows::Open };
        let mean = estimate.mean;
        let (low, high) = (mean - half_width, mean + half_width);
        if self.max.is_some_and(|max| low > max) || self.min.is_some_and(|min| high < min) {
            Shows::No
        } else if self.max.is_none_or(|max| high <= max) && self.min.is_none_or(|min| low >= min) {
            Shows::Yes
        } else {
            Shows::Open
        }
    }

    fn shows_mean(self, mean: f64) -> Shows {
        let holds = self.max.is_none_or(|max| mean <= max) && self.min.is_none_or(|min| mean >= min);
        if holds { Shows::Yes } else { Shows::No }
    }
}
