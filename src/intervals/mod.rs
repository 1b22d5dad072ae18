//! What replications say: means with their intervals, paired differences and ratios, and who is on a Pareto front.
//!
//! All replications of a column see the same draws as the same replications of the others (common random numbers), so
//! differences are taken within a replication. Intervals are Student's, two-sided, 95 %. It knows metrics by name only, no
//! file and no scenario.

mod pareto;
mod student;

pub use pareto::{Candidate, front};
pub use student::{Estimate, mean_of, ratio_of};

use std::collections::BTreeMap;

/// The values of all metrics, by point, column and replication.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The names of what was varied.
    pub parameters: Vec<String>,
    /// The points, in the order in which they came: the values of `parameters`.
    pub points: Vec<Vec<String>>,
    /// The columns of the comparison, in the order in which they came.
    pub protocols: Vec<String>,
    /// The metrics and their units, in the order in which they came.
    pub metrics: Vec<(String, String)>,
    values: BTreeMap<(usize, usize, usize), BTreeMap<u32, f64>>,
    /// Where each point is in `points`: there may be very many.
    known_points: BTreeMap<Vec<String>, usize>,
}

/// What a difference to the baseline shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The interval is below zero.
    Less,
    /// The interval is above zero.
    More,
    /// There is no difference in any replication.
    Equal,
    /// The interval spans zero.
    Nothing,
    /// One replication has no interval.
    Unknown,
}

impl Shown {
    /// The words for it.
    pub fn text(self) -> &'static str {
        match self {
            Shown::Less => "less",
            Shown::More => "more",
            Shown::Equal => "equal",
            Shown::Nothing => "no difference shown",
            Shown::Unknown => "one replication",
        }
    }
}

/// A metric of a column against the same of another, replication by replication.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The baseline's mean.
    pub baseline: Estimate,
    /// The column's mean.
    pub value: Estimate,
    /// Column less baseline.
    pub difference: Estimate,
    /// The ratio of the means; none if the baseline's is zero.
    pub ratio: Option<Estimate>,
    /// How many times fewer replications pairing needs than independent crowds would; none where the difference does not vary.
    pub variance_reduction: Option<f64>,
}

impl Comparison {
    /// What the difference shows.
    pub fn shown(&self) -> Shown {
        let Estimate { mean, half_width, .. } = self.difference;
        match half_width {
            None => Shown::Unknown,
            Some(0.0) if mean.abs() <= 0.0 => Shown::Equal,
            Some(half_width) if mean + half_width < 0.0 => Shown::Less,
            Some(half_width) if mean - half_width > 0.0 => Shown::More,
            Some(_) => Shown::Nothing,
        }
    }
}

impl Table {
    /// Nothing yet, of a sweep over these.
    pub fn new(parameters: Vec<String>) -> Table {
        Table { parameters, ..Table::default() }
    }

    /// Notes one value. A second one at the same place replaces the first.
    pub fn add(
        &mut self,
        point: &[String],
        protocol: &str,
        metric: (&str, &str),
        replication: u32,
        value: f64,
    ) {
        let point = match self.known_points.get(point) {
            Some(&known) => known,
            None => {
                self.points.push(point.to_vec());
                self.known_points.insert(point.to_vec(), self.points.len() - 1);
                self.points.len() - 1
            }
        };
        let protocol = position(&mut self.protocols, |known| known == protocol, || protocol.to_owned());
        let owned = || (metric.0.to_owned(), metric.1.to_owned());
        let metric = position(&mut self.metrics, |(known, _)| known == metric.0, owned);
        self.values.entry((point, protocol, metric)).or_default().insert(replication, value);
    }

    /// Takes all of another, with a prefix before the names of its columns.
    pub fn extend(&mut self, other: &Table, prefix: &str) {
        for (&(point, protocol, metric), values) in &other.values {
            let protocol = format!("{prefix}{}", other.protocols[protocol]);
            let (metric, unit) = &other.metrics[metric];
            for (&replication, &value) in values {
                self.add(&other.points[point], &protocol, (metric, unit), replication, value);
            }
        }
    }

    /// The values of a metric at a point in a column, by replication; none if it has none there.
    pub fn values(&self, point: usize, protocol: &str, metric: &str) -> Option<&BTreeMap<u32, f64>> {
        let protocol = self.protocols.iter().position(|known| known == protocol)?;
        let metric = self.metrics.iter().position(|(known, _)| known == metric)?;
        self.values.get(&(point, protocol, metric))
    }

    /// The mean of a metric.
    pub fn mean(&self, point: usize, protocol: &str, metric: &str) -> Option<Estimate> {
        let values: Vec<f64> = self.values(point, protocol, metric)?.values().copied().collect();
        Some(mean_of(&values))
    }

    /// A metric of a column against that of another, over the replications that both have.
    pub fn compare(&self, point: usize, protocol: &str, baseline: &str, metric: &str) -> Option<Comparison> {
        let (values, base) = (self.values(point, protocol, metric)?, self.values(point, baseline, metric)?);
        let pairs: Vec<(f64, f64)> =
            values.iter().filter_map(|(number, &value)| Some((value, *base.get(number)?))).collect();
        (!pairs.is_empty()).then(|| compared(&pairs))
    }

    /// How many replications there are at most.
    pub fn replications(&self) -> usize {
        self.values.values().map(BTreeMap::len).max().unwrap_or(0)
    }
}

/// Pairs of a value and the baseline's.
pub fn compared(pairs: &[(f64, f64)]) -> Comparison {
    let [values, base, differences] = [
        pairs.iter().map(|(value, _)| *value).collect::<Vec<_>>(),
        pairs.iter().map(|(_, base)| *base).collect(),
        pairs.iter().map(|(value, base)| value - base).collect(),
    ];
    let (value, baseline, difference) = (mean_of(&values), mean_of(&base), mean_of(&differences));
    let variance_reduction =
        (difference.variance > 0.0).then(|| (value.variance + baseline.variance) / difference.variance);
    Comparison { baseline, value, difference, ratio: ratio_of(pairs), variance_reduction }
}

fn position<T>(list: &mut Vec<T>, is_it: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> usize {
    // rows come sorted: the last one is nearly always it
    list.iter().rposition(is_it).unwrap_or_else(|| {
        list.push(make());
        list.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairing_removes_what_two_columns_share() {
        // the crowd differs from replication to replication, the protocols by 10 and a little
        let pairs: Vec<(f64, f64)> =
            (0..20).map(|n| (f64::from(n * 100 + 10 + n % 2), f64::from(n * 100))).collect();
        let comparison = compared(&pairs);
        assert_eq!(comparison.shown(), Shown::More);
        assert!((comparison.difference.mean - 10.5).abs() < 1e-9);
        assert!(comparison.difference.half_width < Some(0.3));
        assert!(comparison.value.half_width > Some(200.0));
        assert!(comparison.variance_reduction > Some(1e5));
    }

    #[test]
    fn what_is_shown_follows_from_the_interval() {
        for (pairs, shown) in [
            (&[(1.0, 2.0)][..], Shown::Unknown),
            (&[(1.0, 1.0), (2.0, 2.0)], Shown::Equal),
            (&[(1.0, 2.0), (2.0, 1.0), (5.0, 4.9)], Shown::Nothing),
            (&[(1.0, 2.0), (1.1, 2.0), (0.9, 2.0)], Shown::Less),
            (&[(1.0, 0.0), (2.0, 1.0)], Shown::More),
        ] {
            assert_eq!(compared(pairs).shown(), shown, "{pairs:?}");
        }
    }

    #[test]
    fn only_replications_of_both_are_paired() {
        let mut table = Table::new(Vec::new());
        for (protocol, replication, value) in
            [("v1", 0, 4.0), ("v1", 1, 6.0), ("v2", 0, 1.0), ("v2", 1, 2.0), ("v2", 2, 100.0)]
        {
            table.add(&[], protocol, ("bytes", "bytes"), replication, value);
        }
        let comparison = table.compare(0, "v2", "v1", "bytes").expect("pairs");
        assert!((comparison.difference.mean - -3.5).abs() < 1e-12);
        assert!((comparison.ratio.expect("no zero").mean - 0.3).abs() < 1e-12);
        assert!(table.compare(0, "v2", "v3", "bytes").is_none());
    }
}
