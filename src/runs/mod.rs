//! Runs: the cells of a scenario on threads, and the folder that holds what came out.
//!
//! A finished cell is kept in the folder as a file of its own until all are done, so that an interrupted run resumes
//! where it stopped; its rows are appended to the records in the order of the plan, whatever the order of work. The
//! manifest says whether the folder is complete. Nothing is printed here.

pub mod cell;
pub mod estimate;
pub mod event_log;
pub mod folder;
pub mod records;

use crate::scenario::Scenario;
use cell::{CellError, CellPlan, CellResult, Engine, plan, run_cell};
use folder::{Folder, FolderError};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// More threads inside a cell than this never help.
const HELPERS_MAX: usize = 64;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// All cells ran, and the folder is complete.
    Complete {
        /// Cells that an earlier, interrupted run had left.
        resumed_cells: usize,
    },
    /// The folder held this run already.
    WasComplete,
}

/// Why a run has no complete folder.
#[derive(Debug)]
pub enum RunError {
    /// The folder cannot be used or written.
    Folder(FolderError),
    /// Somebody asked it to stop; what was finished is kept.
    Interrupted {
        /// Cells that are kept.
        finished_cells: usize,
        /// Cells in all.
        cells: usize,
    },
    /// A cell met the scenario's event limit.
    EventLimit {
        /// The column of the comparison.
        protocol: String,
        /// The limit.
        events: u64,
        /// The model time at which it was met, in ms.
        at_ms: u64,
    },
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RunError::Folder(error) => error.fmt(f),
            RunError::Interrupted { finished_cells, cells } => {
                write!(
                    f,
                    "interrupted: {finished_cells} of {cells} cells are kept; the same command resumes them"
                )
            }
            RunError::EventLimit { protocol, events, at_ms } => write!(
                f,
                "{protocol}: the limit of {events} events was met at {at_ms} ms of model time; raise `limits.events` or make the scenario smaller"
            ),
        }
    }
}

impl std::error::Error for RunError {}

impl From<FolderError> for RunError {
    fn from(error: FolderError) -> Self {
        RunError::Folder(error)
    }
}

/// How a run is to be made; nothing of it changes the records.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// Threads, at least 1.
    pub jobs: usize,
    /// Whether what another run left in the folder is replaced.
    pub force: bool,
    /// How cells are run.
    pub engine: EngineChoice,
}

/// How cells are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineChoice {
    /// Event by event.
    Plain,
    /// Without events where none are needed.
    Fast,
}

/// Runs all cells of a scenario into a folder. `finished` is called after each cell, from any thread.
///
/// # Errors
/// If the folder belongs to something else (unless `force`), cannot be written, or the run did not come to its end.
pub fn run(
    scenario: &Scenario,
    out: &Path,
    how: &How,
    stop: &AtomicBool,
    finished: &(dyn Fn(&CellResult) + Sync),
) -> Result<RunOutcome, RunError> {
    let cells = plan(scenario);
    let (folder, kept) = match Folder::open(out, scenario, cells.len(), how.force)? {
        folder::Opened::Complete => return Ok(RunOutcome::WasComplete),
        folder::Opened::Open(folder, kept) => (folder, kept),
    };
    let resumed_cells = kept.len();
    for result in &kept {
        finished(result);
    }
    let missing: Vec<CellPlan> =
        cells.iter().copied().filter(|cell| kept.iter().all(|result| result.cell != cell.number)).collect();
    let writer = Mutex::new(folder.records(scenario, kept)?);
    // No thread without work: somebody may ask for a million.
    let threads = how.jobs.clamp(1, missing.len().max(1));
    let engine = match how.engine {
        EngineChoice::Plain => Engine::Plain,
        // threads that have no cell of their own help inside the others
        EngineChoice::Fast => Engine::Fast { helpers: (how.jobs / threads).min(HELPERS_MAX) - 1 },
    };
    let run_one = |cell: &CellPlan| -> Result<(), RunError> {
        let result =
            run_cell(scenario, cell, engine, stop).map_err(|error| cell_error(scenario, cell, error))?;
        finished(&result);
        let mut writer = writer.lock().expect("no thread panics while it writes");
        writer.keep(result).map_err(RunError::Folder)
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| FolderError::threads(&error))?;
    let outcome = pool.install(|| missing.par_iter().with_max_len(1).try_for_each(run_one));
    let writer = writer.into_inner().expect("no thread panics while it writes");
    match outcome {
        Ok(()) => {
            writer.complete()?;
            Ok(RunOutcome::Complete { resumed_cells })
        }
        Err(_) if stop.load(Ordering::Relaxed) => {
            Err(RunError::Interrupted { finished_cells: writer.kept(), cells: cells.len() })
        }
        Err(error) => Err(error),
    }
}

fn cell_error(scenario: &Scenario, cell: &CellPlan, error: CellError) -> RunError {
    match error {
        CellError::Interrupted => RunError::Interrupted { finished_cells: 0, cells: 0 },
        CellError::EventLimit(at) => RunError::EventLimit {
            protocol: scenario.compare[cell.variant].name.clone(),
            events: scenario.limits.events,
            at_ms: at.ms(),
        },
    }
}
