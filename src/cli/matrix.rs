//! `fedisim matrix`: every protocol as origin against every one as followers, or the steps of a roll-out from one to another.

use crate::cli::edited::refused;
use crate::cli::execution_arguments::ExecutionArguments;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{cannot_write, complain, fail, print};
use crate::cli::run::{describe_outcome, failed, run_with_progress};
use crate::cli::scenario_arguments::ScenarioArguments;
use crate::files;
use crate::report::matrix::{MatrixResults, RolloutResults};
use crate::runs::estimate::Estimate;
use crate::runs::folder::LockedFolder;
use crate::runs::mixtures::{Columns, Matrix, Rollout};
use crate::runs::reading::{Edits, Records};
use crate::runs::{EngineChoice, RunError};
use crate::scenario::{Scenario, Study};
use clap::Args;
use std::path::{Path, PathBuf};

/// `fedisim matrix`: `--protocols A,B,...` are the protocols to combine, the oldest first.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Combine every protocol at this one follower as well, which has no part in what the others and the origin say: as many
    /// columns as protocols cubed
    #[arg(long, value_name = "INSTANCE", conflicts_with = "rollout")]
    third: Option<String>,
    /// In place of the matrix the steps of an upgrade from protocol A to B: 0, 10, ... 100 % of the followers, before and after the
    /// origin
    #[arg(long, value_name = "A..B", conflicts_with = "protocol")]
    rollout: Option<String>,
    /// The folder for the records, tables and plots [default: results/NAME-matrix, or NAME-rollout]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    how: ExecutionArguments,
}

/// What is combined.
enum Asked {
    Matrix(Matrix),
    Rollout(Rollout),
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    let asked = arguments.asked()?;
    let (study, estimate) = arguments.scenario.with_columns(asked.columns()).estimated(EngineChoice::Fast)?;
    let scenario = &study.scenario;
    scenario.warnings.iter().for_each(|warning| complain(&format!("warning: {warning}")));
    if arguments.how.dry_run {
        return Ok(print(&format!("{estimate}\n")));
    }
    let (what, out) = (asked.name(), arguments.out.clone());
    let out = out.unwrap_or_else(|| Path::new("results").join(format!("{}-{what}", scenario.name)));
    let held = LockedFolder::take(&out).map_err(|error| failed(&RunError::Folder(error)))?;
    let how = arguments.how.options();
    let outcome = run_with_progress(&study, estimate.cells, &held, &how, arguments.how.quiet);
    let outcome = outcome.map_err(|error| failed(&error))?;
    let made = asked.results(&study, &out)?;
    for (name, bytes) in &made.files {
        let path = out.join(name);
        files::write(&path, bytes).map_err(|error| cannot_write(&path, &error))?;
    }
    if arguments.how.quiet {
        return Ok(Exit::Good);
    }
    complain(&describe_outcome(outcome, &out));
    Ok(print(&made.text))
}

/// What is made of the records.
struct Made {
    text: String,
    files: Vec<File>,
}

/// The name and the content of a file.
type File = (String, Vec<u8>);

impl Arguments {
    /// The combinations that are asked for, over the scenario as the file has it.
    fn asked(&self) -> Result<Asked, Exit> {
        let file = self.scenario.scenario.display();
        let wrong = |why: String| fail(Exit::BadInput, &format!("{file}: {why}"));
        let columns_of_file = Columns { sets: Vec::new(), names: Vec::new() };
        let scenario = self.scenario.with_columns(&columns_of_file).read()?;
        if !scenario.sweep.parameters.is_empty() {
            complain(&format!("{file}: its sweep is left out: choose a point with --set"));
        }
        match &self.rollout {
            None => Matrix::of(&scenario, &self.scenario.protocol, self.third.as_deref())
                .map(Asked::Matrix)
                .map_err(wrong),
            Some(text) => {
                let (from, to) = text.split_once("..").ok_or_else(|| {
                    wrong(format!(
                        "--rollout {text}: names no two protocols; it is written `A..B`, such as `v1..v2`"
                    ))
                })?;
                check_sessions(&scenario).map_err(wrong)?;
                Rollout::of(&scenario, from, to).map(Asked::Rollout).map_err(wrong)
            }
        }
    }
}

/// That the sessions, which a roll-out draws before it runs, are not too many.
fn check_sessions(scenario: &Scenario) -> Result<(), String> {
    let sessions = Estimate {
        memory_bytes: 0.0,
        output_bytes: 0.0,
        events: 0.0,
        ..Estimate::of(scenario, EngineChoice::Fast)
    };
    sessions.check(&scenario.limits)
}

impl Asked {
    fn name(&self) -> &'static str {
        match self {
            Asked::Matrix(_) => "matrix",
            Asked::Rollout(_) => "rollout",
        }
    }

    fn columns(&self) -> &Columns {
        match self {
            Asked::Matrix(matrix) => &matrix.columns,
            Asked::Rollout(rollout) => &rollout.columns,
        }
    }

    /// The table, the answer, and the files beside the records.
    fn results(&self, study: &Study, out: &Path) -> Result<Made, Exit> {
        let mut records = Records::open(out, Edits::Refused).map_err(|error| refused(&error))?;
        match self {
            Asked::Matrix(matrix) => {
                let results = MatrixResults::read(matrix, &study.scenario, &mut records);
                let results = results.map_err(|error| refused(&error))?;
                let table = ("matrix.csv".to_owned(), results.csv());
                let files = std::iter::once(table).chain(heat_maps(&results)).collect();
                Ok(Made { text: results.text(), files })
            }
            Asked::Rollout(rollout) => {
                let results = RolloutResults::read(rollout, &study.scenario, &mut records);
                let results = results.map_err(|error| refused(&error))?;
                let table = ("rollout.csv".to_owned(), results.csv());
                let files = std::iter::once(table).chain(plots(&results)).collect();
                Ok(Made { text: results.text(), files })
            }
        }
    }
}

#[cfg(feature = "report")]
fn heat_maps(results: &MatrixResults<'_>) -> Vec<File> {
    results.heat_maps()
}

#[cfg(not(feature = "report"))]
fn heat_maps(_: &MatrixResults<'_>) -> Vec<File> {
    Vec::new()
}

#[cfg(feature = "report")]
fn plots(results: &RolloutResults<'_>) -> Vec<File> {
    results.plots()
}

#[cfg(not(feature = "report"))]
fn plots(_: &RolloutResults<'_>) -> Vec<File> {
    Vec::new()
}
