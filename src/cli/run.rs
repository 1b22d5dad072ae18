//! `fedisim run`: the cells of a scenario into a folder, then the comparison and the expectations.

use crate::cli::edited::refused;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{complain, complain_of_scenario, fail, print};
use crate::cli::scenario_arguments::{ScenarioArguments, warn};
use crate::cli::summary::SummaryArguments;
use crate::cli::timeline::TimelineArguments;
use crate::runs::folder::{FolderError, LockedFolder};
use crate::runs::reading::ReadError;
use crate::runs::{EngineChoice, RunError, RunOptions, RunOutcome, run};
use crate::scenario::{Failure, Scenario, Study};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// `fedisim run`
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) scenario: ScenarioArguments,
    /// The folder for the records [default: results/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// How messages are moved: `auto` makes events only where they are needed, with the same records; `plain` always; `fast`
    /// refuses a scenario in which that would be everywhere
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    engine: EngineArgument,
    #[command(flatten)]
    formats: Formats,
    #[command(flatten)]
    summary: SummaryArguments,
    #[command(flatten)]
    timeline: TimelineArguments,
    /// Print what the run is expected to take, and run nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Replace what another run left in the folder
    #[arg(long)]
    force: bool,
}

/// `--records`
#[derive(Args)]
pub(super) struct Formats {
    /// How records are written: `csv` always is, `parquet` may be beside it (if it was built with the feature `parquet`)
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', default_value = "csv")]
    records: Vec<RecordFormat>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RecordFormat {
    Csv,
    Parquet,
}

impl Formats {
    /// Refuses formats that this program cannot write.
    pub(super) fn check(&self) -> Result<(), Exit> {
        if cfg!(not(feature = "parquet")) && self.records.contains(&RecordFormat::Parquet) {
            let why = "this program was built without it; build with `--features parquet`";
            return Err(fail(Exit::BadInput, &format!("--records parquet: {why}")));
        }
        Ok(())
    }

    #[cfg(feature = "parquet")]
    fn write(&self, scenario: &Scenario, out: &LockedFolder) -> Result<(), ReadError> {
        match self.records.contains(&RecordFormat::Parquet) {
            true => crate::runs::columnar::write_parquet(out, &scenario.sweep.parameters),
            false => Ok(()),
        }
    }

    #[cfg(not(feature = "parquet"))]
    fn write(&self, _: &Scenario, _: &LockedFolder) -> Result<(), ReadError> {
        Ok(())
    }
}

/// `--engine`
#[derive(Clone, Copy, ValueEnum)]
enum EngineArgument {
    Auto,
    Fast,
    Plain,
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    arguments.formats.check()?;
    let (study, estimate) = arguments.scenario.estimated(arguments.engine())?;
    if matches!(arguments.engine, EngineArgument::Fast) && estimate.messages_without_events <= 0.0 {
        let file = arguments.scenario.scenario.display();
        let why = "no column has messages that can do without events (capacities, faults, forwards and rates decide that)";
        return Err(fail(Exit::BadInput, &format!("{file}: {why}: take --engine auto")));
    }
    warn(&study.scenario);
    if arguments.dry_run {
        return Ok(print(&format!("{estimate}\n")));
    }
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("results").join(&study.scenario.name));
    let timeline = arguments.timeline.open()?;
    let held = LockedFolder::take(&out).map_err(|error| failed(&RunError::Folder(error)))?;
    let how =
        RunOptions { jobs: threads(arguments.jobs), force: arguments.force, engine: arguments.engine() };
    let outcome = run_with_progress(&study, estimate.cells, &held, &how, arguments.summary.quiet);
    let outcome = outcome.map_err(|error| failed(&error))?;
    let summary = &arguments.summary;
    let exit = finish(&study.scenario, outcome, &held, &arguments.formats, summary);
    timeline.map_or(Ok(()), |file| file.write(&study.scenario, summary))?;
    exit
}

/// Prints where the records are, and their summary.
pub(super) fn finish(
    scenario: &Scenario,
    outcome: RunOutcome,
    out: &LockedFolder,
    formats: &Formats,
    summary: &SummaryArguments,
) -> Outcome {
    formats.write(scenario, out).map_err(|error| refused(&error))?;
    summary.note(&describe_outcome(outcome, out.path()));
    summary.summary(scenario, out.path())
}

/// Prints why there is no complete run. Returns the exit code.
pub(super) fn failed(error: &RunError) -> Exit {
    match error {
        RunError::Scenario(failure) => complain_of_scenario(failure),
        _ => complain(error),
    }
    match error {
        RunError::Interrupted { .. } => Exit::Interrupted,
        RunError::Folder(FolderError::Io { .. } | FolderError::InUse { .. })
        | RunError::Scenario(Failure::Unreadable { .. }) => Exit::CouldNotRun,
        RunError::EventLimit { .. } | RunError::Folder(_) | RunError::Scenario(_) | RunError::Cells(_) => {
            Exit::BadInput
        }
    }
}

impl Arguments {
    pub(super) fn engine(&self) -> EngineChoice {
        match self.engine {
            EngineArgument::Plain => EngineChoice::Plain,
            EngineArgument::Auto | EngineArgument::Fast => EngineChoice::Fast,
        }
    }
}

/// Runs the cells of a study, and shows how far it is unless `quiet`.
pub(super) fn run_with_progress(
    study: &Study,
    cells: usize,
    out: &LockedFolder,
    how: &RunOptions,
    quiet: bool,
) -> Result<RunOutcome, RunError> {
    let stop = stop_on_signal();
    // indicatif draws on standard error, if that is a terminal
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(cells as u64) };
    let template = "{elapsed_precise} {bar:30} {pos}/{len} cells, {per_sec}, {eta} left {msg}";
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.expect("the template is valid"));
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    let outcome = run(study, out, how, &stop, &|spec| {
        bar.set_message(format!("({} done)", spec.protocol));
        bar.inc(1);
    });
    bar.finish_and_clear();
    outcome
}

/// The number of threads that was asked for, or one per core.
pub(super) fn threads(jobs: Option<NonZeroUsize>) -> usize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    jobs.unwrap_or_else(cores).get()
}

/// A flag that the first interrupt or termination signal sets, the same at every call. The second one ends the program.
pub(super) fn stop_on_signal() -> Arc<AtomicBool> {
    static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    Arc::clone(STOP.get_or_init(install_stop))
}

fn install_stop() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let installed = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Exit::Interrupted as u8));
        }
    });
    if let Err(error) = installed {
        complain(&format!("signals are not handled: {error}"));
    }
    stop
}

/// Where the records of a run are, as text.
pub(super) fn describe_outcome(outcome: RunOutcome, out: &Path) -> String {
    let out = out.display();
    match outcome {
        RunOutcome::WasComplete => format!("{out} holds this run already, complete; nothing was run"),
        RunOutcome::Complete { resumed_cells: 0 } => format!("records are in {out}"),
        RunOutcome::Complete { resumed_cells } => {
            format!("records are in {out}; {resumed_cells} cells were there from an interrupted run")
        }
    }
}
