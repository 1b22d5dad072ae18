//! `fedisim search`: the cheapest protocol of each class of error, among the combinations that a file names.

use crate::cli::edited::refused;
use crate::cli::execution_arguments::ExecutionArguments;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{cannot_write, complain, fail, print};
use crate::cli::run::{failed, run_with_progress};
use crate::cli::scenario_arguments::report_failure;
use crate::files;
use crate::metrics::definitions::names;
#[cfg(feature = "report")]
use crate::report::page::search_page;
use crate::report::search::SearchResults;
use crate::runs::folder::LockedFolder;
use crate::runs::search::{Candidate, Candidates, Round, Rounds, Search, SearchError, Values, search};
use crate::runs::{RunError, RunOptions};
use crate::scenario::{SearchSpace, read_search};
use clap::Args;
use std::path::{Path, PathBuf};

/// `fedisim search`
#[derive(Args)]
pub(super) struct Arguments {
    /// The search space (YAML or JSON): scenarios, choices, bounds
    space: PathBuf,
    /// The folder for the runs and the answer [default: results/NAME-search]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    how: ExecutionArguments,
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    let space = read_search(&arguments.space, &names()).map_err(|failure| report_failure(&failure))?;
    let folder = arguments.space.parent().unwrap_or(Path::new(""));
    let out = arguments.out.clone();
    let out = out.unwrap_or_else(|| Path::new("results").join(format!("{}-search", space.name)));
    let mut rounds = Rounds::new(&space, folder, &out);
    let estimates = estimates(arguments, &space, &rounds)?;
    if arguments.how.dry_run {
        return Ok(print(&estimates));
    }
    let held = LockedFolder::take(&out).map_err(|error| failed(&RunError::Folder(error)))?;
    let how = arguments.how.options();
    let mut execute = |round: &Round| run_round(round, &how, arguments.how.quiet);
    let mut add = |values: &mut Values, scenario, block, candidates: &Candidates, numbers: &[usize]| {
        rounds.add(values, (scenario, block), candidates, numbers, &mut execute)
    };
    let found = search(&space, &mut add).map_err(|error| explained(arguments, &error))?;
    write(arguments, &space, &rounds, &found, &held)?;
    let results = SearchResults::new(&space, &found);
    let has_none = found.winners.iter().all(|winner| winner.candidate.is_none());
    if has_none {
        let text = format!("{}: {}", arguments.space.display(), results.binding());
        text.lines().for_each(|line| complain(&line));
        return Err(Exit::BadInput);
    }
    if arguments.how.quiet {
        return Ok(Exit::Good);
    }
    complain(&format!("runs, candidates.csv and the scenarios of the front are in {}", out.display()));
    Ok(print(&results.text()))
}

/// How much is searched, and what each scenario takes of what stands beside; every one is looked at before anything runs.
fn estimates(arguments: &Arguments, space: &SearchSpace, rounds: &Rounds<'_>) -> Result<String, Exit> {
    let candidates = Candidates::new(space);
    let mut text = format!(
        "{}: {} combinations, of which {} begin; {} replications, {} at once\n",
        space.name,
        space.points(),
        space.points().min(space.drawn),
        space.replications,
        space.at_once
    );
    for (number, scenario) in space.scenarios.iter().enumerate() {
        let beside: Vec<&Candidate> = candidates.all.iter().collect();
        let study = rounds.check(number).and_then(|()| rounds.study(number, &beside, 0..space.at_once));
        let estimate = study.and_then(|study| rounds.estimate(&study, &scenario.name));
        let estimate = estimate.map_err(|error| explained(arguments, &error))?;
        text += &format!("\n{}, what stands beside:\n{estimate}\n", scenario.name);
    }
    Ok(text)
}

fn run_round(round: &Round, how: &RunOptions, quiet: bool) -> Result<(), SearchError> {
    let held = LockedFolder::take(&round.folder).map_err(|error| SearchError::Run(error.into()))?;
    if !quiet {
        let (first, last) = (round.replications.start + 1, round.replications.end);
        let columns = round.study.scenario.compare.len();
        complain(&format!("{}: {columns} protocols, replications {first} to {last}", round.scenario));
    }
    let outcome = run_with_progress(&round.study, round.estimate.cells, &held, how, quiet);
    outcome.map(|_| ()).map_err(SearchError::Run)
}

/// Writes what a search came to: everybody who was met, the answer, and the winners as scenarios.
fn write(
    arguments: &Arguments,
    space: &SearchSpace,
    rounds: &Rounds<'_>,
    found: &Search,
    held: &LockedFolder,
) -> Result<(), Exit> {
    let results = SearchResults::new(space, found);
    let mut made = vec![
        (PathBuf::from("candidates.csv"), results.csv()),
        (PathBuf::from("answer.txt"), results.text().into_bytes()),
    ];
    made.extend(page(&results));
    rounds.remove_others(held.path()).map_err(|error| explained(arguments, &error))?;
    made.extend(rounds.front(found).map_err(|error| explained(arguments, &error))?);
    for (name, bytes) in made {
        let path = held.path().join(name);
        let folder = path.parent().expect("it is in a folder");
        std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
        files::write(&path, &bytes).map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(())
}

#[cfg(feature = "report")]
fn page(results: &SearchResults<'_>) -> Option<(PathBuf, Vec<u8>)> {
    Some((PathBuf::from("report.html"), search_page(results).into_bytes()))
}

#[cfg(not(feature = "report"))]
fn page(_: &SearchResults<'_>) -> Option<(PathBuf, Vec<u8>)> {
    None
}

/// Prints why a search has no end. Returns the exit code.
fn explained(arguments: &Arguments, error: &SearchError) -> Exit {
    match error {
        SearchError::Scenario(failure) => report_failure(failure),
        SearchError::Space(why) => fail(Exit::BadInput, &format!("{}: {why}", arguments.space.display())),
        SearchError::Run(error) => failed(error),
        SearchError::Read(error) => refused(error),
    }
}
