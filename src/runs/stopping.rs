//! How many replications a point needs: all that the scenario has, or as few as make its intervals narrow enough.
//!
//! The rule looks at replications in their order, so that it says the same whatever ran first or how many ran at once.

use crate::intervals::{Table, compared, mean_of};
use crate::runs::cell::MetricValue;
use crate::scenario::{PRECISION_REPLICATIONS_MIN, Scenario};

/// Replications that are added at once when the interval is still too wide.
const STEP: u32 = 5;

/// What a point needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// These are enough: its replications below this number.
    Enough(u32),
    /// At least those below this number.
    AtLeast(u32),
}

/// Values so far of the metric on which a run stops, by point and column.
pub(super) struct Stopping<'a> {
    scenario: &'a Scenario,
    table: Table,
}

impl<'a> Stopping<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Stopping<'a> {
        Stopping { scenario, table: Table::new(vec!["point".to_owned()]) }
    }

    /// Takes the metrics of a finished cell.
    pub(super) fn note(&mut self, point: usize, protocol: &str, replication: u32, metrics: &[MetricValue]) {
        let Some(precision) = &self.scenario.precision else { return };
        let metric = metrics.iter().find(|metric| metric.name == precision.metric);
        if let Some(value) = metric.and_then(|metric| metric.value.parse().ok()) {
            self.table.add(&[point.to_string()], protocol, (&precision.metric, ""), replication, value);
        }
    }

    /// What a point needs, of which the replications below `have` are finished.
    pub(super) fn needs(&self, point: usize, have: u32) -> Needs {
        let most = self.scenario.replications;
        if self.scenario.precision.is_none() {
            return Needs::Enough(most);
        }
        // looked at in the same steps whatever there is already
        let mut at_least = PRECISION_REPLICATIONS_MIN.min(most);
        while at_least <= have {
            if at_least == most || self.is_narrow(point, at_least) {
                return Needs::Enough(at_least);
            }
            at_least = (at_least + STEP).min(most);
        }
        Needs::AtLeast(at_least)
    }

    fn is_narrow(&self, point: usize, replications: u32) -> bool {
        let Some(precision) = &self.scenario.precision else { return true };
        let key = point.to_string();
        let Some(at) = self.table.points.iter().position(|known| known[0] == key) else { return false };
        let baseline = &self.scenario.compare[self.scenario.baseline].name;
        let values = |protocol: &str| {
            let all = self.table.values(at, protocol, &precision.metric)?;
            let numbers = self.scenario.replication_numbers().take(replications as usize);
            Some(numbers.filter_map(|number| all.get(&number).copied()).collect::<Vec<f64>>())
        };
        let others = self.scenario.compare.iter().map(|column| &column.name).filter(|name| *name != baseline);
        let mut others = others.peekable();
        let Some(base) = values(baseline).filter(|base| base.len() == replications as usize) else {
            return false;
        };
        let enough = |half_width: Option<f64>, mean: f64| {
            half_width.is_some_and(|half_width| half_width <= precision.half_width * mean.abs())
        };
        if others.peek().is_none() {
            let mean = mean_of(&base);
            return enough(mean.half_width, mean.mean);
        }
        others.all(|name| {
            let Some(values) = values(name).filter(|values| values.len() == base.len()) else { return false };
            let pairs: Vec<(f64, f64)> = values.into_iter().zip(base.iter().copied()).collect();
            let comparison = compared(&pairs);
            enough(comparison.difference.half_width, comparison.baseline.mean)
        })
    }
}
