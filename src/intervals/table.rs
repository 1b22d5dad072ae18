//! The values of all metrics of a run, by point of the sweep, column and replication.

use super::comparison::{Comparison, compared};
use super::student::{Estimate, mean_of};
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
