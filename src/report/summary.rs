//! The metrics of a run by column and name, read back from `summary.csv`.

use crate::runs::records::{SummaryRow, read_summary};
use std::collections::BTreeMap;

/// The metrics of a run.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The columns of the comparison, in the order of the file.
    pub protocols: Vec<String>,
    values: BTreeMap<(String, String), f64>,
}

impl Summary {
    /// Reads the content of a `summary.csv`.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn parse(bytes: &[u8]) -> Result<Summary, String> {
        let mut summary = Summary::default();
        for SummaryRow { protocol, metric, value, .. } in read_summary(bytes)? {
            if !summary.protocols.contains(&protocol) {
                summary.protocols.push(protocol.clone());
            }
            summary.values.insert((protocol, metric), value);
        }
        Ok(summary)
    }

    /// The value of a metric in a column; none if it has none there.
    pub fn value(&self, protocol: &str, metric: &str) -> Option<f64> {
        self.values.get(&(protocol.to_owned(), metric.to_owned())).copied()
    }
}
