//! `fedisim check` and `fedisim bless`: runs against their baselines.

use crate::check::baseline::{self, NoBaseline};
use crate::check::machine::{annotations, bencher, json, junit};
use crate::check::messages::{commit_message, markdown, text};
use crate::check::{Checked, Limits};
use crate::cli::edited::refused;
use crate::cli::exit::Exit;
use crate::cli::output::{complain, print, print_json};
use crate::cli::run::{failed, stop_on_signal, threads};
use crate::cli::scenario_arguments::told;
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

/// What `check` and `bless` have in common.
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

/// A scenario as the gate takes it, and its metrics.
struct Taken {
    scenario: Scenario,
    file: String,
    set: Vec<String>,
    folder: PathBuf,
    /// Nobody else writes into the folder of a run of ours until all is told.
    _held: Option<LockedFolder>,
}

fn percent(text: &str) -> Result<f64, String> {
    let number: f64 =
        text.trim().trim_end_matches('%').trim().parse().map_err(|_| "it is no number".to_owned())?;
    (0.0..=1e6)
        .contains(&number)
        .then_some(number)
        .ok_or_else(|| "it is not between 0 and 1000000".to_owned())
}

pub(super) fn check(arguments: &CheckArguments) -> Exit {
    let baseline_of = |name: &str| match &arguments.against {
        None => baseline::read(&arguments.runs.baseline, name),
        Some(revision) => baseline::read_at(&arguments.runs.baseline, name, revision),
    };
    let limits = Limits { regression_max: arguments.max_regression / 100.0, is_strict: arguments.strict };
    match checked(&arguments.runs, limits, &baseline_of, arguments.against.is_some()) {
        Ok(all) => tell(arguments, &all),
        Err(exit) => exit,
    }
}

pub(super) fn bless(arguments: &BlessArguments) -> Exit {
    let Runs { baseline: folder, .. } = &arguments.runs;
    let limits = Limits { regression_max: 0.0, is_strict: false };
    let read = |name: &str| baseline::read(folder, name);
    let taken = match taken(&arguments.runs) {
        Ok(taken) => taken,
        Err(exit) => return exit,
    };
    for one in &taken {
        let checked = match compared(one, limits, &read, true) {
            Ok(checked) => checked,
            Err(exit) => return exit,
        };
        let bytes =
            Records::open(&one.folder, Edits::Refused).and_then(|mut records| records.summary_bytes());
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => return refused(&error),
        };
        let path = baseline::path(folder, &one.scenario.name);
        let made = fs::create_dir_all(path.parent().unwrap_or(folder));
        if !noted(made.and_then(|()| files::write(&path, &bytes)), &path) {
            return Exit::CouldNotRun;
        }
        match print(&commit_message(&checked)) {
            Exit::Good => {}
            exit => return exit,
        }
    }
    Exit::Good
}

type ReadBaseline<'a> = &'a dyn Fn(&str) -> Result<Table, NoBaseline>;

fn checked(
    runs: &Runs,
    limits: Limits,
    baseline_of: ReadBaseline<'_>,
    may_lack: bool,
) -> Result<Vec<Checked>, Exit> {
    // a baseline that is missing is told before anything runs
    let sources = sources(runs)?;
    for (scenario, _, _) in sources.iter().filter(|_| !may_lack) {
        baseline_of(&scenario.name).map_err(|missing| refuse_baseline(&missing, &scenario.name))?;
    }
    let taken = run_all(runs, sources)?;
    taken.iter().map(|one| compared(one, limits, baseline_of, may_lack)).collect()
}

fn taken(runs: &Runs) -> Result<Vec<Taken>, Exit> {
    run_all(runs, sources(runs)?)
}

fn compared(
    one: &Taken,
    limits: Limits,
    baseline_of: ReadBaseline<'_>,
    may_lack: bool,
) -> Result<Checked, Exit> {
    let name = &one.scenario.name;
    let baseline = match baseline_of(name) {
        Ok(table) => Some(table),
        Err(NoBaseline::Missing(_)) if may_lack => None,
        Err(missing) => return Err(refuse_baseline(&missing, name)),
    };
    let table = judged(&one.folder).map_err(|error| refused(&error))?;
    Ok(Checked::new(&one.scenario, &one.file, one.set.clone(), &table, baseline.as_ref(), limits))
}

/// The metrics of a run that is as it was written.
fn judged(folder: &Path) -> Result<Table, ReadError> {
    let mut records = Records::open(folder, Edits::Refused)?;
    let table = records.summary(SummarySource::Judged)?;
    records.check_rest()?;
    Ok(table)
}

fn refuse_baseline(missing: &NoBaseline, scenario: &str) -> Exit {
    match missing {
        NoBaseline::Missing(place) => {
            complain(&format!("{place}: there is no baseline of {scenario}; `fedisim bless` makes one"));
            Exit::BadInput
        }
        NoBaseline::Unreadable(problem) => {
            complain(problem);
            Exit::CouldNotRun
        }
    }
}

/// The scenarios as the gate takes them: their files, and what is set. Those that are skipped are told and left out.
fn sources(runs: &Runs) -> Result<Vec<(Scenario, PathBuf, Vec<String>)>, Exit> {
    if let Some(folder) = &runs.run {
        let file = folder.join(RESOLVED_FILE);
        let opened = Records::open(folder, Edits::Refused);
        let scenario = opened.and_then(|mut records| records.scenario()).map_err(|error| refused(&error))?;
        return Ok(vec![(scenario, file, Vec::new())]);
    }
    let mut sources = Vec::new();
    let mut known = BTreeSet::new();
    for file in &runs.scenarios {
        let as_it_is = read(file, &runs.set)?;
        if !known.insert(as_it_is.name.clone()) {
            complain(&format!("{} is named twice", file.display()));
            return Err(Exit::BadInput);
        }
        match &as_it_is.gate {
            None => sources.push((as_it_is, file.clone(), runs.set.clone())),
            Some(Gate::Skip(reason)) => complain(&format!("skip {}: {reason}", as_it_is.name)),
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
    scenario::read(file, &changes, &names()).map_err(|failure| told(&failure))
}

/// Runs everything anew: what lies in a folder may be of another program of the same version.
fn run_all(runs: &Runs, sources: Vec<(Scenario, PathBuf, Vec<String>)>) -> Result<Vec<Taken>, Exit> {
    let stop = stop_on_signal();
    let how = RunOptions { jobs: threads(runs.jobs), force: true, engine: EngineChoice::Fast };
    let mut taken = Vec::new();
    for (scenario, file, set) in sources {
        let shown = file.display().to_string();
        let (folder, held) = match &runs.run {
            Some(folder) => (folder.clone(), None),
            None => {
                let folder = runs.out.join(&scenario.name);
                let study = Study::new(scenario.clone(), file.parent().unwrap_or(Path::new("")), &names());
                let estimate = Estimate::of_study(&study, how.engine).map_err(|failure| told(&failure))?;
                estimate.check(&scenario.limits).map_err(|problem| {
                    complain(&format!("{shown}: {problem}"));
                    Exit::BadInput
                })?;
                let held = LockedFolder::take(&folder).map_err(|error| failed(&RunError::Folder(error)))?;
                run(&study, &held, &how, &stop, &|_| {}).map_err(|error| failed(&error))?;
                (folder, Some(held))
            }
        };
        taken.push(Taken { scenario, file: shown, set, folder, _held: held });
    }
    Ok(taken)
}

/// Writes what was asked for, prints the verdict, and ends as the gate does.
fn tell(arguments: &CheckArguments, all: &[Checked]) -> Exit {
    type Make = fn(&[Checked]) -> String;
    let files: [(&Option<PathBuf>, Make); 3] =
        [(&arguments.junit, junit), (&arguments.json, json), (&arguments.bencher, bencher)];
    let mut could_write = true;
    for (path, make) in files {
        if let Some(path) = path {
            could_write &= noted(files::write(path, make(all).as_bytes()), path);
        }
    }
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        could_write &= noted(files::append(&path, markdown(all).as_bytes()), &path);
    }
    let mut out = match arguments.format {
        Format::Text => text(all),
        Format::Markdown => markdown(all),
        Format::Json => json(all),
    };
    // a log reads annotations wherever they stand; JSON stays JSON
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

fn noted(written: io::Result<()>, path: &Path) -> bool {
    if let Err(error) = &written {
        complain(&format!("{}: cannot be written: {error}", path.display()));
    }
    written.is_ok()
}
