//! The arguments that name a scenario and change it, and what is told of it.

use crate::cli::exit::Exit;
use crate::cli::output::{complain, complain_of_scenario};
use crate::metrics::definitions::names;
use crate::runs::EngineChoice;
use crate::runs::estimate::Estimate;
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
    pub(super) set: Vec<String>,
    /// Compare these protocols instead of those that the scenario lists
    #[arg(long, value_name = "NAME")]
    pub(super) protocol: Vec<String>,
    /// Draw everything anew so often
    #[arg(long, value_name = "N")]
    pub(super) replications: Option<u32>,
    /// Another seed
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
}

impl ScenarioArguments {
    /// The valid scenario, or the exit code after telling what is wrong.
    pub(super) fn read(&self) -> Result<Scenario, Exit> {
        let mut sets = self.set.clone();
        sets.extend(self.seed.map(|seed| format!("seed={seed}")));
        sets.extend(self.replications.map(|replications| format!("replications={replications}")));
        let changes = Changes { sets, protocols: self.protocol.clone(), ..Changes::default() };
        scenario::read(&self.scenario, &changes, &names()).map_err(|failure| told(&failure))
    }

    /// The valid scenario with its sweep, whose points are not looked at yet.
    pub(super) fn study(&self) -> Result<Study, Exit> {
        let folder = self.scenario.parent().unwrap_or(Path::new(""));
        Ok(Study::new(self.read()?, folder, &names()))
    }

    /// The same, and what all of it will take; it is within the limits.
    pub(super) fn estimated(&self, engine: EngineChoice) -> Result<(Study, Estimate), Exit> {
        let study = self.study()?;
        let estimate = Estimate::of_study(&study, engine).map_err(|failure| told(&failure))?;
        estimate.check(&study.scenario.limits).map_err(|problem| {
            complain(&format!("{}: {problem}", self.scenario.display()));
            Exit::BadInput
        })?;
        Ok((study, estimate))
    }
}

/// Warns of follows that could not begin in reality.
pub(super) fn warn(scenario: &Scenario) {
    scenario.incompatible_follows().iter().for_each(|follows| complain(&format!("warning: {follows}")));
}

/// Tells why there is no scenario.
pub(super) fn told(failure: &Failure) -> Exit {
    complain_of_scenario(failure);
    match failure {
        Failure::Unreadable { .. } => Exit::CouldNotRun,
        Failure::Invalid(_) => Exit::BadInput,
    }
}
