//! Runs: the cells of a scenario on threads, and the folder that holds what came out.
//!
//! A finished cell is kept in the folder as a separate file until all are done, so that an interrupted run resumes
//! where it stopped; then the records are written from them in the order of the plan, whatever the order of work. The
//! manifest says whether the folder is complete. Nothing is printed here.

pub mod cell;
mod cell_record;
pub mod collect;
#[cfg(feature = "parquet")]
pub mod columnar;
pub mod estimate;
pub mod event_log;
pub mod folder;
mod implied_rows;
pub mod mixtures;
pub mod reading;
mod record_rows;
pub mod records;
mod rows;
pub mod search;
pub mod spec;
mod stopping;
pub mod summary;
pub mod timeline;

pub use cell_record::CellRecord;
pub use spec::EngineChoice;

use crate::metrics::definitions::names;
use crate::scenario::{Changes, Failure, Input, Scenario, Study, parse};
use cell::{CellError, CellPlan, CellResult, Engine, helpers, plan, run_cell};
use estimate::Estimate;
use folder::{Folder, FolderError, LockedFolder, Opened};
use implied_rows::Rows;
use rayon::prelude::*;
use spec::{CellSpec, MODEL_VERSION};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use stopping::{Needs, Stopping};

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
    /// A point of the sweep cannot be read any more: its data have changed.
    Scenario(Failure),
    /// A spec or a record of a cell is not what it should be, or cells are missing: the user's mistake.
    Cells(String),
    /// It was asked to stop; what was finished is kept.
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
            RunError::Scenario(failure) => failure.fmt(f),
            RunError::Cells(problem) => f.write_str(problem),
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
pub struct RunOptions {
    /// Threads, at least 1.
    pub jobs: usize,
    /// Whether what another run left in the folder is replaced.
    pub force: bool,
    /// How cells are run.
    pub engine: EngineChoice,
}

impl From<Failure> for RunError {
    fn from(failure: Failure) -> Self {
        RunError::Scenario(failure)
    }
}

/// Runs all cells of a study into a folder. `finished` is called after each cell, from any thread.
///
/// # Errors
/// If the folder belongs to something else (unless `force`), cannot be written, or the run did not come to its end.
pub fn run(
    study: &Study,
    out: &LockedFolder,
    how: &RunOptions,
    stop: &AtomicBool,
    finished: &(dyn Fn(&CellSpec) + Sync),
) -> Result<RunOutcome, RunError> {
    let cells = plan(&study.scenario);
    let specs = CellSpec::all(study, how.engine);
    let (folder, kept) = match Folder::open(out, study, &specs, how.engine.driver(), how.force)? {
        Opened::Complete => return Ok(RunOutcome::WasComplete),
        Opened::Open(folder, kept) => (folder, kept),
    };
    let resumed_cells = kept.len();
    let mut progress = Progress::new(study, &cells);
    for (spec, metrics) in &kept {
        progress.note(spec.cell, metrics);
        finished(spec);
    }
    let progress = Mutex::new(progress);
    let outcome = loop {
        let due = progress.lock().expect("nobody panics with it").due();
        if due.is_empty() {
            break Ok(());
        }
        // No thread without work: the user may ask for a million.
        let threads = how.jobs.clamp(1, due.len());
        let engine = engine(how.engine, helpers(how.jobs, threads));
        let run_one = |&number: &usize| -> Result<(), RunError> {
            let record = run_spec(study, &cells[number], &specs[number], engine, Rows::Needed, stop)?;
            folder.keep(&record)?;
            progress.lock().expect("nobody panics with it").note(number, &record.metrics);
            finished(&record.spec);
            Ok(())
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| FolderError::threads(&error))?;
        if let Err(error) = pool.install(|| due.par_iter().with_max_len(1).try_for_each(run_one)) {
            break Err(error);
        }
    };
    let progress = progress.into_inner().expect("nobody panics with it");
    match outcome {
        Ok(()) => {
            folder.complete(&progress.wanted())?;
            Ok(RunOutcome::Complete { resumed_cells })
        }
        Err(_) if stop.load(Ordering::Relaxed) => {
            folder.write_records(&progress.done)?;
            Err(RunError::Interrupted { finished_cells: progress.done.len(), cells: cells.len() })
        }
        Err(error) => Err(error),
    }
}

/// The results of cells that ran at the same time, as real servers.
pub struct JointResults<E> {
    /// Of those that came to their end.
    pub results: Vec<CellResult>,
    /// Why others did not, if there are any.
    pub failure: Option<E>,
}

/// Runs the cells of a study into a folder, those that are one replication at one point together, by the live driver:
/// `live` is given the scenario of the point and its cells. If some of them fail the others are kept, with their records.
///
/// # Errors
/// As `run`, and whatever `live` says.
pub fn run_live<E: From<RunError>>(
    study: &Study,
    out: &LockedFolder,
    force: bool,
    mut live: impl FnMut(&Scenario, &[CellPlan]) -> Result<JointResults<E>, E>,
) -> Result<RunOutcome, E> {
    let fail = |error: FolderError| E::from(RunError::Folder(error));
    let cells = plan(&study.scenario);
    let specs = CellSpec::all(study, EngineChoice::Live);
    let driver = EngineChoice::Live.driver();
    let (folder, kept) = match Folder::open(out, study, &specs, driver, force).map_err(fail)? {
        Opened::Complete => return Ok(RunOutcome::WasComplete),
        Opened::Open(folder, kept) => (folder, kept),
    };
    let resumed_cells = kept.len();
    let mut kept: BTreeSet<usize> = kept.iter().map(|(spec, _)| spec.cell).collect();
    for together in cells.chunks(study.scenario.compare.len()) {
        if together.iter().all(|cell| kept.contains(&cell.number)) {
            continue;
        }
        let scenario =
            study.point(together[0].point).map_err(|failure| E::from(RunError::Scenario(failure)))?;
        let JointResults { results, failure } = live(&scenario, together)?;
        for result in results {
            let record = CellRecord::new(specs[result.cell].clone(), &scenario, result, Rows::Needed);
            folder.keep(&record).map_err(fail)?;
            kept.insert(record.spec.cell);
        }
        if let Some(failure) = failure {
            folder.complete_in_part(&kept).map_err(fail)?;
            return Err(failure);
        }
    }
    folder.complete(&(0..cells.len()).collect()).map_err(fail)?;
    Ok(RunOutcome::Complete { resumed_cells })
}

/// Runs the cell of a spec, whose scenario's data files are in a folder.
///
/// # Errors
/// If the spec is not one that a plan of this version holds, or the cell did not come to its end.
pub fn run_alone(
    spec: CellSpec,
    data: &Path,
    jobs: usize,
    stop: &AtomicBool,
) -> Result<CellRecord, RunError> {
    if spec.engine == EngineChoice::Live {
        return Err(RunError::Cells(format!(
            "cell {} is one of `fedisim live`, which alone can run it",
            spec.cell
        )));
    }
    let study = study_of(&spec, data)?;
    let cell = cell_of(&study, &spec)?;
    // a spec need not come from `plan`, which refuses what is too large
    let scenario = study.point(cell.point)?;
    Estimate::of(&scenario, spec.engine).check(&scenario.limits).map_err(RunError::Cells)?;
    run_spec(&study, &cell, &spec, engine(spec.engine, helpers(jobs.max(1), 1)), Rows::All, stop)
}

/// The study that a spec is of.
fn study_of(spec: &CellSpec, data: &Path) -> Result<Study, RunError> {
    if spec.model_version != MODEL_VERSION {
        return Err(RunError::Cells(format!(
            "cell {} was made by version {}, and this is version {MODEL_VERSION}: their models are not mixed",
            spec.cell, spec.model_version
        )));
    }
    let file = format!("the scenario of cell {}", spec.cell);
    let read = |name: &str| crate::scenario::read_data(data, name);
    let input = Input { file: &file, bytes: spec.resolved.as_bytes(), stem: None, data: &read };
    let scenario = parse(&input, &Changes::default(), &names()).map_err(Failure::Invalid)?;
    Ok(Study::new(scenario, data, &names()))
}

/// The cell of a spec in the plan of its study.
fn cell_of(study: &Study, spec: &CellSpec) -> Result<CellPlan, RunError> {
    let cell = plan(&study.scenario).get(spec.cell).copied();
    cell.filter(|cell| CellSpec::of(study, cell, spec.engine) == *spec).ok_or_else(|| {
        RunError::Cells(format!(
            "cell {} is not what the plan of its scenario says: it was changed; take it from `fedisim plan`",
            spec.cell
        ))
    })
}

fn engine(choice: EngineChoice, helpers: usize) -> Engine {
    match choice {
        EngineChoice::Plain | EngineChoice::Live => Engine::Plain,
        // threads without a cell help inside the others
        EngineChoice::Fast => Engine::Fast { helpers },
    }
}

fn run_spec(
    study: &Study,
    cell: &CellPlan,
    spec: &CellSpec,
    engine: Engine,
    rows: Rows,
    stop: &AtomicBool,
) -> Result<CellRecord, RunError> {
    let scenario = study.point(cell.point)?;
    let result = run_cell(&scenario, cell, engine, stop).map_err(|error| match error {
        CellError::Interrupted => RunError::Interrupted { finished_cells: 0, cells: 1 },
        CellError::EventLimit(at) => RunError::EventLimit {
            protocol: spec.protocol.clone(),
            events: scenario.limits.events,
            at_ms: at.ms(),
        },
    })?;
    Ok(CellRecord::new(spec.clone(), &scenario, result, rows))
}

/// Which cells are finished, and which are still to run.
struct Progress<'a> {
    cells: &'a [CellPlan],
    columns: usize,
    replications: u32,
    protocols: Vec<&'a str>,
    stopping: Stopping<'a>,
    done: BTreeSet<usize>,
}

impl<'a> Progress<'a> {
    fn new(study: &'a Study, cells: &'a [CellPlan]) -> Progress<'a> {
        let scenario = &study.scenario;
        Progress {
            cells,
            columns: scenario.compare.len(),
            replications: scenario.replications,
            protocols: scenario.compare.iter().map(|column| &column.name[..]).collect(),
            stopping: Stopping::new(scenario),
            done: BTreeSet::new(),
        }
    }

    fn note(&mut self, number: usize, metrics: &[cell::MetricValue]) {
        let cell = &self.cells[number];
        self.stopping.note(cell.point, self.protocols[cell.variant], cell.seed.replication, metrics);
        self.done.insert(number);
    }

    /// By point, what it needs.
    fn needs(&self) -> impl Iterator<Item = (usize, Needs)> + '_ {
        let per_point = self.columns * self.replications as usize;
        (0..self.cells.len() / per_point).map(move |point| {
            let first = point * per_point;
            let contiguous =
                (first..first + per_point).take_while(|number| self.done.contains(number)).count();
            (first, self.stopping.needs(point, (contiguous / self.columns) as u32))
        })
    }

    /// The cells to run next; none if all that are wanted are finished.
    fn due(&self) -> Vec<usize> {
        let up_to = |(first, needs): (usize, Needs)| {
            let (Needs::Enough(replications) | Needs::AtLeast(replications)) = needs;
            first..first + self.columns * replications as usize
        };
        self.needs().flat_map(up_to).filter(|number| !self.done.contains(number)).collect()
    }

    /// The cells that the records hold.
    fn wanted(&self) -> BTreeSet<usize> {
        assert!(self.due().is_empty(), "something is still to run");
        let enough = |(first, needs): (usize, Needs)| match needs {
            Needs::Enough(replications) => first..first + self.columns * replications as usize,
            Needs::AtLeast(_) => unreachable!("it would be due"),
        };
        self.needs().flat_map(enough).collect()
    }
}
