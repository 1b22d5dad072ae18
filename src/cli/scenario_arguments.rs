//! The arguments of every verb that reads a scenario file.

use crate::cli::exit::Exit;
use crate::cli::output::{complain, complain_of_scenario, fail};
use crate::metrics::definitions::names;
use crate::runs::EngineChoice;
use crate::runs::estimate::Estimate;
use crate::runs::mixtures::Columns;
use crate::scenario::{self, Changes, Failure, Scenario, Study};
use clap::Args;
use std::path::{Path, PathBuf};

/// A scenario file, and what is different this time.
#[derive(Args, Clone)]
pub(super) struct ScenarioArguments {
    /// The scenario file (YAML or JSON)
    pub(super) scenario: PathBuf,
    /// Change a value of the scenario, as in `--set network.loss="1 %"`
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Compare these protocols instead of those that the scenario lists (several times, or with commas between)
    #[arg(long, value_name = "NAME", value_delimiter = ',', visible_alias = "protocols")]
    pub(super) protocol: Vec<String>,
    /// Run so many replications, each with its own draws
    #[arg(long, value_name = "N")]
    replications: Option<u32>,
    /// Another seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl ScenarioArguments {
    /// The arguments with more changes, which those of the command line override.
    #[cfg(feature = "live")]
    pub(super) fn with(&self, changes: &[String]) -> ScenarioArguments {
        ScenarioArguments { set: [changes, &self.set].concat(), ..self.clone() }
    }

    /// The arguments with other columns: more changes, which override those of the command line, and the columns' names.
    pub(super) fn with_columns(&self, columns: &Columns) -> ScenarioArguments {
        let set = [&self.set[..], &columns.sets].concat();
        ScenarioArguments { set, protocol: columns.names.clone(), ..self.clone() }
    }

    /// The valid scenario, or the exit code after a report of what is wrong.
    pub(super) fn read(&self) -> Result<Scenario, Exit> {
        let mut sets = self.set.clone();
        sets.extend(self.seed.map(|seed| format!("seed={seed}")));
        sets.extend(self.replications.map(|replications| format!("replications={replications}")));
        let changes = Changes { sets, protocols: self.protocol.clone(), ..Changes::default() };
        scenario::read(&self.scenario, &changes, &names()).map_err(|failure| report_failure(&failure))
    }

    /// The valid scenario with its sweep, whose points are not read yet.
    pub(super) fn study(&self) -> Result<Study, Exit> {
        let folder = self.scenario.parent().unwrap_or(Path::new(""));
        Ok(Study::new(self.read()?, folder, &names()))
    }

    /// The study and an estimate of its cost, which is within the limits.
    pub(super) fn estimated(&self, engine: EngineChoice) -> Result<(Study, Estimate), Exit> {
        let study = self.study()?;
        let estimate = Estimate::of_study(&study, engine).map_err(|failure| report_failure(&failure))?;
        let problem = |problem| format!("{}: {problem}", self.scenario.display());
        estimate.check(&study.scenario.limits).map_err(|why| fail(Exit::BadInput, &problem(why)))?;
        Ok((study, estimate))
    }
}

/// Warns about a valid scenario.
pub(super) fn warn(scenario: &Scenario) {
    scenario.warnings.iter().for_each(|warning| complain(&format!("warning: {warning}")));
    scenario.incompatible_follows().iter().for_each(|strangers| complain(&format!("warning: {strangers}")));
}

/// Reports why there is no scenario.
pub(super) fn report_failure(failure: &Failure) -> Exit {
    complain_of_scenario(failure);
    match failure {
        Failure::Unreadable { .. } => Exit::CouldNotRun,
        Failure::Invalid(_) => Exit::BadInput,
    }
}
