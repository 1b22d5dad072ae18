//! Both drivers on the same cells: the search for near decisions, then the two runs and their comparison.

use crate::cell::Cell;
use crate::foundation::units::Span;
use crate::live::run::{Batch, CellRun};
use crate::live::{CellError, Reason};
use crate::metrics::aggregates::Aggregates;
use crate::observe::{Both, RunOutcome};
use crate::parity::compare::{Comparison, Setting, Side, compare};
use crate::parity::decisions::decisions;
use crate::parity::log::{DisplayedCounts, Log};
use crate::parity::near::NearDecisions;
use crate::runs::cell::CellPlan;
use crate::scenario::{End, Scenario};
use crate::sim;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The result of one column.
pub struct ColumnResult {
    /// The comparison. None if the live run was interrupted.
    pub comparison: Option<Comparison>,
    /// What live servers refused, and what did not go as the model says.
    pub counts: BTreeMap<&'static str, Reason>,
}

/// A span of real time as model time.
pub fn in_model_time(real: Span, scale: f64) -> Span {
    Span::from_secs_f64(real.secs_f64() * scale)
}

/// Gives cells that end when idle a fixed end: that of their simulation.
pub fn fix_ends(batch: &mut Batch) {
    for cell in &mut batch.cells {
        if matches!(cell.end, End::Idle { .. }) {
            let ending = sim::run(cell, &mut (), &AtomicBool::new(false));
            if let RunOutcome::Done(at) = ending.outcome {
                Arc::make_mut(cell).end = End::At(at);
            }
        }
    }
}

/// By column, the decisions that are nearer than the margin.
pub fn near_decisions(batch: &Batch, margin: Span, stop: &AtomicBool) -> Vec<NearDecisions> {
    use rayon::prelude::*;
    batch.cells.par_iter().map(|cell| decisions(cell, margin, stop)).collect()
}

/// Runs all cells in both drivers and compares them, by column. An error of one live cell leaves the others their results.
///
/// # Errors
/// If the live driver cannot start.
pub fn run_both(
    scenario: &Scenario,
    plans: &[CellPlan],
    batch: Batch,
    margin: Span,
    stop: &Arc<AtomicBool>,
) -> io::Result<Vec<Result<ColumnResult, CellError>>> {
    let scale = batch.scale;
    let cells = batch.cells.clone();
    let log = |_: &Cell| Log::default();
    let live_runs = batch.run(scenario, plans, &log, stop)?;
    let pair = |(cell, alive): (&Arc<Cell>, Result<CellRun<Log>, CellError>)| {
        let alive = alive?;
        let comparison = alive.result.map(|live| {
            let collector = cell.collector();
            let mut all = Both(collector, Both(log(cell), DisplayedCounts::new(cell)));
            let ending = sim::run(cell, &mut all, &AtomicBool::new(false));
            let Both(collector, Both(simulated, counts)) = all;
            let observed = collector.finish(cell.end.latest(), &ending, Aggregates::default());
            compare(
                Side { observed: &observed, log: &simulated },
                Side { observed: &live.observed, log: &alive.observer },
                Setting { federation: &cell.federation, counts: &counts, margin, scale },
            )
        });
        Ok(ColumnResult { comparison, counts: alive.outcome.refusals })
    };
    Ok(cells.iter().zip(live_runs).map(pair).collect())
}
