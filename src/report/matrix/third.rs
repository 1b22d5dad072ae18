//! What the third follower shows, from the samples in the records.

use super::measures::{THIRD_ERROR, THIRD_SHOWS};
use crate::intervals::Table;
use crate::runs::reading::{ReadError, Records, Wanted};
use crate::scenario::Scenario;

/// Sums over the samples of one column and replication at which the follower was up.
#[derive(Clone, Copy, Default)]
struct Sums {
    samples: u64,
    displayed: u64,
    watching: u64,
    off: u64,
}

/// Adds the mean of what an instance displays, and its error as a share of the true viewers, to all other metrics.
///
/// # Errors
/// If the records cannot be read, or are not those of this run.
pub(super) fn add(
    values: &mut Table,
    scenario: &Scenario,
    third: &str,
    records: &mut Records,
) -> Result<(), ReadError> {
    let columns = scenario.compare.len();
    let numbers = scenario.replication_numbers().take(values.replications());
    for (row, replication) in numbers.enumerate() {
        let mut sums = vec![Sums::default(); columns];
        let first = row * columns;
        let wanted = Wanted { scenario, of_point: scenario, first, replication };
        let fields = ["instance", "displayed_viewers", "true_viewers"];
        records.rows("counters.csv", &wanted, fields, |variant, [instance, displayed, watching]| {
            if instance == third && !displayed.is_empty() {
                let (displayed, watching): (u64, u64) = (displayed.parse().ok()?, watching.parse().ok()?);
                let sums = &mut sums[variant];
                sums.samples += 1;
                // numbers of records are at most 2^53
                sums.displayed = sums.displayed.saturating_add(displayed);
                sums.watching = sums.watching.saturating_add(watching);
                sums.off = sums.off.saturating_add(displayed.abs_diff(watching));
            }
            Some(())
        })?;
        for (column, sums) in scenario.compare.iter().zip(sums) {
            let mut add = |metric, sum: u64, of: u64| {
                if of > 0 {
                    values.add(&[], &column.name, metric, replication, sum as f64 / of as f64);
                }
            };
            add((THIRD_SHOWS, "viewers"), sums.displayed, sums.samples);
            add((THIRD_ERROR, "share"), sums.off, sums.watching);
        }
    }
    Ok(())
}
