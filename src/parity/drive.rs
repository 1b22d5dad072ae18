//! Both drivers on the same cells: first the decisions that are near, then the two runs side by side.

use crate::foundation::units::Span;
use crate::live::run::Batch;
use crate::live::{CellError, Reason};
use crate::metrics::Collector;
use crate::metrics::aggregates::Aggregates;
use crate::observe::{Both, RunOutcome};
use crate::parity::compare::{Comparison, Setting, Side, compare};
use crate::parity::decisions::{Decisions, decisions};
use crate::parity::log::{Counts, Log};
use crate::runs::cell::CellPlan;
use crate::scenario::{End, Scenario};
use crate::sim::{self, Cell};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What came of one column.
pub struct Pair {
    /// How the two runs compare; none if the live one was interrupted.
    pub comparison: Option<Comparison>,
    /// What live servers refused, and what went otherwise than the model says.
    pub counts: BTreeMap<&'static str, Reason>,
}

/// A length of real time in model time.
pub fn in_model_time(real: Span, scale: f64) -> Span {
    Span::from_secs_f64(real.secs_f64() * scale)
}

/// Lets runs end at a time: where one that ends when nothing is left to do ends in the simulation.
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

/// By column, the decisions that lie nearer than the margin.
pub fn near_decisions(batch: &Batch, margin: Span, stop: &AtomicBool) -> Vec<Decisions> {
    use rayon::prelude::*;
    batch.cells.par_iter().map(|cell| decisions(cell, margin, stop)).collect()
}

/// Runs all cells in both drivers and compares them, by column; one whose live cell died does not keep the others from that.
///
/// # Errors
/// If the live driver cannot start.
pub fn run_both(
    scenario: &Scenario,
    plans: &[CellPlan],
    batch: Batch,
    margin: Span,
    stop: &Arc<AtomicBool>,
) -> io::Result<Vec<Result<Pair, CellError>>> {
    let scale = batch.scale;
    let cells = batch.cells.clone();
    let log = |cell: &Cell| Log::new(cell.federation.videos.len());
    let lived = batch.run(scenario, plans, &log, stop)?;
    let pair = |(cell, alive): (&Arc<Cell>, Result<crate::live::run::CellRun<Log>, CellError>)| {
        let alive = alive?;
        let comparison = alive.result.map(|live| {
            let (every, bucket) = (cell.sampling.every, cell.sampling.bucket);
            let collector = Collector::new(&cell.federation, &cell.sessions, every, bucket);
            let mut all = Both(collector, Both(log(cell), Counts::new(cell)));
            let ending = sim::run(cell, &mut all, &AtomicBool::new(false));
            let Both(collector, Both(simulated, counts)) = all;
            let observed = collector.finish(cell.end.latest(), &ending, Aggregates::default());
            compare(
                Side { observed: &observed, log: &simulated },
                Side { observed: &live.observed, log: &alive.observer },
                Setting { federation: &cell.federation, counts: &counts, margin, scale },
            )
        });
        Ok(Pair { comparison, counts: alive.outcome.refusals })
    };
    Ok(cells.iter().zip(lived).map(pair).collect())
}
