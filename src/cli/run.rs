//! `fedisim run`: the cells of a scenario into a folder, then the comparison and the expectations.

use crate::cli::output::{complain, print};
use crate::cli::{Exit, ScenarioArguments};
use crate::report::expect::verdicts;
use crate::report::summary::Summary;
use crate::report::table::comparison;
use crate::runs::estimate::Estimate;
use crate::runs::folder::{FolderError, read_record};
use crate::runs::records::SUMMARY;
use crate::runs::{EngineChoice, How, RunError, RunOutcome, run};
use crate::scenario::Scenario;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// `fedisim run`
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
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
    /// Print what the run is expected to take, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Replace what another run left in the folder
    #[arg(long)]
    force: bool,
}

/// `--engine`
#[derive(Clone, Copy, ValueEnum)]
enum EngineArgument {
    Auto,
    Fast,
    Plain,
}

impl From<EngineArgument> for EngineChoice {
    fn from(argument: EngineArgument) -> EngineChoice {
        match argument {
            EngineArgument::Plain => EngineChoice::Plain,
            EngineArgument::Auto | EngineArgument::Fast => EngineChoice::Fast,
        }
    }
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    let scenario = match arguments.scenario.read() {
        Ok(scenario) => scenario,
        Err(exit) => return exit,
    };
    let engine = arguments.engine.into();
    let estimate = Estimate::of(&scenario, engine);
    let of_file = |problem: &str| complain(&format!("{}: {problem}", arguments.scenario.scenario.display()));
    if let Err(problem) = estimate.check(&scenario.limits) {
        of_file(&problem);
        return Exit::BadInput;
    }
    if matches!(arguments.engine, EngineArgument::Fast) && estimate.messages_apart <= 0.0 {
        of_file(
            "no column has messages that can do without events (capacities, faults, forwards and rates decide that): take --engine auto",
        );
        return Exit::BadInput;
    }
    if arguments.dry_run {
        return print(&format!("{estimate}\n"));
    }
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("results").join(&scenario.name));
    match run_with_progress(&scenario, &out, arguments) {
        Ok(outcome) => say(outcome, &out),
        Err(error) => {
            complain(&error);
            return exit_of(&error);
        }
    }
    match read_record(&out, SUMMARY) {
        Ok(bytes) => show(&scenario, &bytes),
        Err(error) => {
            complain(&error);
            Exit::CouldNotRun
        }
    }
}

fn run_with_progress(scenario: &Scenario, out: &Path, arguments: &Arguments) -> Result<RunOutcome, RunError> {
    let stop = stop_on_signal();
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let jobs = arguments.jobs.unwrap_or_else(cores).get();
    let how = How { jobs, force: arguments.force, engine: arguments.engine.into() };
    // indicatif draws on standard error, and only if that is a terminal.
    let bar = ProgressBar::new(scenario.compare.len() as u64);
    let style = ProgressStyle::with_template("{elapsed_precise} {bar:30} {pos}/{len} protocols {msg}");
    bar.set_style(style.expect("the template is valid"));
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    let outcome = run(scenario, out, &how, &stop, &|result| {
        bar.set_message(format!("({} done)", result.protocol));
        bar.inc(1);
    });
    bar.finish_and_clear();
    outcome
}

/// A flag that the first interrupt or termination signal sets; the second ends the program.
fn stop_on_signal() -> Arc<AtomicBool> {
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

fn exit_of(error: &RunError) -> Exit {
    match error {
        RunError::Interrupted { .. } => Exit::Interrupted,
        RunError::Folder(FolderError::Io { .. }) => Exit::CouldNotRun,
        RunError::EventLimit { .. } | RunError::Folder(_) => Exit::BadInput,
    }
}

fn say(outcome: RunOutcome, out: &Path) {
    let out = out.display();
    match outcome {
        RunOutcome::WasComplete => {
            complain(&format!("{out} holds this run already, complete; nothing was run"))
        }
        RunOutcome::Complete { resumed_cells: 0 } => complain(&format!("records are in {out}")),
        RunOutcome::Complete { resumed_cells } => {
            complain(&format!(
                "records are in {out}; {resumed_cells} protocols were there from an interrupted run"
            ));
        }
    }
}

/// Prints the table and the verdicts; the exit code is the gate's.
fn show(scenario: &Scenario, summary_csv: &[u8]) -> Exit {
    let summary = match Summary::parse(summary_csv) {
        Ok(summary) => summary,
        Err(problem) => {
            complain(&format!("{SUMMARY}: {problem}"));
            return Exit::CouldNotRun;
        }
    };
    let verdicts = verdicts(scenario, &summary);
    let mut text = comparison(&summary, &scenario.compare[scenario.baseline].name);
    if !verdicts.is_empty() {
        text.push_str("\n\nExpectations:\n");
        text.extend(verdicts.iter().map(|verdict| format!("{}\n", verdict.line)));
    }
    let exit = print(&text);
    if verdicts.iter().any(|verdict| verdict.fails && !verdict.holds) { Exit::GateFailed } else { exit }
}
