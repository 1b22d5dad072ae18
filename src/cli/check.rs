//! `fedisim check` and `fedisim bless`: runs against their baselines.

use crate::check::baseline::{self, NoBaseline};
use crate::check::machine::{annotations, bencher, json, junit};
use crate::check::messages::{commit_message, markdown, text};
use crate::check::{Checked, Limits};
use crate::cli::edited::refused;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{cannot_write, complain, fail, print, print_json};
use crate::cli::run::{failed, stop_on_signal, threads};
use crate::cli::scenario_arguments::report_failure;
use crate::files;
use crate::intervals::Table;
use crate::metrics::definitions::names;
use crate::runs::estimate::Estimate;
use crate::runs::folder::LockedFolder;
use crate::runs::reading::{Edits, ReadError, Records};
use crate::runs::summary::SummarySource;
use crate::runs::{EngineChoice, RunError, RunOptions, run};
use crate::scenario::{self, Changes, Gate, RESOLVED_FILE, Scenario, Study};
use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The arguments that `check` and `bless` share.
#[derive(Args)]
pub(super) struct Runs {
    /// The scenario files
    #[arg(required_unless_present = "run")]
    scenarios: Vec<PathBuf>,
    /// Take this complete run instead of running anything
    #[arg(long, value_name = "DIR", conflicts_with = "scenarios")]
    run: Option<PathBuf>,
    /// The folder of the baselines, `<scenario>/summary.csv` each
    #[arg(long, value_name = "DIR", default_value = "results/baseline")]
    baseline: PathBuf,
    /// Change a value of every scenario, as in `run`
    #[arg(long, value_name = "PATH=VALUE", conflicts_with = "run")]
    set: Vec<String>,
    /// The folder for the records of what is run
    #[arg(long, value_name = "DIR", default_value = "results/check")]
    out: PathBuf,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

/// `fedisim check`
#[derive(Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    runs: Runs,
    /// By how many per cent a metric may be worse
    #[arg(long, value_name = "PCT", default_value = "0", value_parser = percent)]
    max_regression: f64,
    /// Compare with the baseline as committed at this revision
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// Fail on every difference, also on better values
    #[arg(long)]
    strict: bool,
    /// How the verdict is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write every metric and verdict as JSON (docs/check.schema.json)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write Bencher's metric format
    #[arg(long, value_name = "FILE")]
    bencher: Option<PathBuf>,
}

/// `fedisim bless`
#[derive(Args)]
pub(super) struct BlessArguments {
    #[command(flatten)]
    runs: Runs,
}

/// `--format`
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
}

/// A scenario with the gate's changes, and the folder of its run.
struct CheckedRun {
    scenario: Scenario,
    file: String,
    set: Vec<String>,
    folder: PathBuf,
    /// Locks the folder of an own run until the verdict is printed.
    _held: Option<LockedFolder>,
}

fn percent(text: &str) -> Result<f64, String> {
    let number: f64 =
        text.trim().trim_end_matches('%').trim().parse().map_err(|_| "it is no number".to_owned())?;
    let is_valid = (0.0..=1e6).contains(&number);
    is_valid.then_some(number).ok_or_else(|| "it is not between 0 and 1000000".to_owned())
}

pub(super) fn check(arguments: &CheckArguments) -> Outcome {
    let baseline_of = |name: &str| match &arguments.against {
        None => baseline::read(&arguments.runs.baseline, name),
        Some(revision) => baseline::read_at(&arguments.runs.baseline, name, revision),
    };
    let limits = Limits { regression_max: arguments.max_regression / 100.0, is_strict: arguments.strict };
    let all = checked(&arguments.runs, limits, &baseline_of, arguments.against.is_some())?;
    Ok(print_result(arguments, &all))
}

pub(super) fn bless(arguments: &BlessArguments) -> Outcome {
    let Runs { baseline: folder, .. } = &arguments.runs;
    let limits = Limits { regression_max: 0.0, is_strict: false };
    let read = |name: &str| baseline::read(folder, name);
    for run in &run_all(&arguments.runs, sources(&arguments.runs)?)? {
        let checked = compared(run, limits, &read, true)?;
        let records = Records::open(&run.folder, Edits::Refused);
        let bytes = records.and_then(|mut records| records.summary_bytes());
        let bytes = bytes.map_err(|error| refused(&error))?;
        let path = baseline::path(folder, &run.scenario.name);
        let made = fs::create_dir_all(path.parent().unwrap_or(folder));
        let written = made.and_then(|()| files::write(&path, &bytes));
        written.map_err(|error| cannot_write(&path, &error))?;
        match print(&commit_message(&checked)) {
            Exit::Good => {}
            exit => return Err(exit),
        }
    }
    Ok(Exit::Good)
}

type ReadBaseline<'a> = &'a dyn Fn(&str) -> Result<Table, NoBaseline>;

fn checked(
    runs: &Runs,
    limits: Limits,
    baseline_of: ReadBaseline<'_>,
    may_lack: bool,
) -> Result<Vec<Checked>, Exit> {
    // a missing baseline is reported before anything runs
    let sources = sources(runs)?;
    for (scenario, _, _) in sources.iter().filter(|_| !may_lack) {
        baseline_of(&scenario.name).map_err(|missing| refuse_baseline(&missing, &scenario.name))?;
    }
    let runs = run_all(runs, sources)?;
    runs.iter().map(|run| compared(run, limits, baseline_of, may_lack)).collect()
}

fn compared(
    run: &CheckedRun,
    limits: Limits,
    baseline_of: ReadBaseline<'_>,
    may_lack: bool,
) -> Result<Checked, Exit> {
    let name = &run.scenario.name;
    let baseline = match baseline_of(name) {
        Ok(table) => Some(table),
        Err(NoBaseline::Missing(_)) if may_lack => None,
        Err(missing) => return Err(refuse_baseline(&missing, name)),
    };
    let table = judged(&run.folder).map_err(|error| refused(&error))?;
    Ok(Checked::new(&run.scenario, &run.file, run.set.clone(), &table, baseline.as_ref(), limits))
}

/// The metrics of a run whose records nobody has edited.
fn judged(folder: &Path) -> Result<Table, ReadError> {
    let mut records = Records::open(folder, Edits::Refused)?;
    let table = records.summary(SummarySource::Judged)?;
    records.check_rest()?;
    Ok(table)
}

fn refuse_baseline(missing: &NoBaseline, scenario: &str) -> Exit {
    match missing {
        NoBaseline::Missing(place) => {
            let problem = format!("{place}: there is no baseline of {scenario}; `fedisim bless` makes one");
            fail(Exit::BadInput, &problem)
        }
        NoBaseline::Unreadable(problem) => fail(Exit::CouldNotRun, problem),
    }
}

/// The scenarios with the gate's changes: their files, and what is set. Skipped ones are reported and left out.
fn sources(runs: &Runs) -> Result<Vec<(Scenario, PathBuf, Vec<String>)>, Exit> {
    if let Some(folder) = &runs.run {
        let file = folder.join(RESOLVED_FILE);
        let opened = Records::open(folder, Edits::Refused);
        let scenario =
            opened.and_then(|mut records| records.scenario(folder)).map_err(|error| refused(&error))?;
        return Ok(vec![(scenario, file, Vec::new())]);
    }
    let mut sources = Vec::new();
    let mut known = BTreeSet::new();
    for file in &runs.scenarios {
        let unchanged = read(file, &runs.set)?;
        if !known.insert(unchanged.name.clone()) {
            return Err(fail(Exit::BadInput, &format!("{} is named twice", file.display())));
        }
        match &unchanged.gate {
            None => sources.push((unchanged, file.clone(), runs.set.clone())),
            Some(Gate::Skip(reason)) => complain(&format!("skip {}: {reason}", unchanged.name)),
            Some(Gate::Set(set)) => {
                let set = [&set[..], &runs.set].concat();
                sources.push((read(file, &set)?, file.clone(), set));
            }
        }
    }
    Ok(sources)
}

fn read(file: &Path, sets: &[String]) -> Result<Scenario, Exit> {
    let changes = Changes { sets: sets.to_vec(), ..Changes::default() };
    scenario::read(file, &changes, &names()).map_err(|failure| report_failure(&failure))
}

/// Runs all scenarios, also those with a complete run in their folder: another build of the same version may have made it.
fn run_all(runs: &Runs, sources: Vec<(Scenario, PathBuf, Vec<String>)>) -> Result<Vec<CheckedRun>, Exit> {
    let stop = stop_on_signal();
    let how = RunOptions { jobs: threads(runs.jobs), force: true, engine: EngineChoice::Fast };
    let mut checked_runs = Vec::new();
    for (scenario, file, set) in sources {
        let shown = file.display().to_string();
        let (folder, held) = match &runs.run {
            Some(folder) => (folder.clone(), None),
            None => {
                let folder = runs.out.join(&scenario.name);
                let study = Study::new(scenario.clone(), file.parent().unwrap_or(Path::new("")), &names());
                let estimate =
                    Estimate::of_study(&study, how.engine).map_err(|failure| report_failure(&failure))?;
                let problem = |why| fail(Exit::BadInput, &format!("{shown}: {why}"));
                estimate.check(&scenario.limits).map_err(problem)?;
                let held = LockedFolder::take(&folder).map_err(|error| failed(&RunError::Folder(error)))?;
                run(&study, &held, &how, &stop, &|_| {}).map_err(|error| failed(&error))?;
                (folder, Some(held))
            }
        };
        checked_runs.push(CheckedRun { scenario, file: shown, set, folder, _held: held });
    }
    Ok(checked_runs)
}

/// Writes the files that were asked for, and prints the verdict. Returns the exit code of the gate.
fn print_result(arguments: &CheckArguments, all: &[Checked]) -> Exit {
    type Make = fn(&[Checked]) -> String;
    let files: [(&Option<PathBuf>, Make); 3] =
        [(&arguments.junit, junit), (&arguments.json, json), (&arguments.bencher, bencher)];
    let mut could_write = true;
    for (path, make) in files {
        if let Some(path) = path {
            could_write &= is_written(files::write(path, make(all).as_bytes()), path);
        }
    }
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        could_write &= is_written(files::append(&path, markdown(all).as_bytes()), &path);
    }
    let mut out = match arguments.format {
        Format::Text => text(all),
        Format::Markdown => markdown(all),
        Format::Json => json(all),
    };
    // annotations may stand anywhere in a log, but not in JSON
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
        && !matches!(arguments.format, Format::Json)
    {
        out.push_str(&annotations(all));
    }
    let exit = match arguments.format {
        Format::Json => print_json(&out),
        Format::Text | Format::Markdown => print(&out),
    };
    match all.iter().all(Checked::passes) {
        false => Exit::GateFailed,
        true if !could_write => Exit::CouldNotRun,
        true => exit,
    }
}

/// Whether a file is written. Prints why not.
fn is_written(written: io::Result<()>, path: &Path) -> bool {
    written.map_err(|error| cannot_write(path, &error)).is_ok()
}
