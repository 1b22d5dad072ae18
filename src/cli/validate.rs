//! `fedisim validate`: all problems of a scenario, or what it would run.

use crate::cli::exit::Outcome;
use crate::cli::output::print;
use crate::cli::scenario_arguments::{ScenarioArguments, warn};
use crate::runs::EngineChoice;
use clap::Args;
use fedisim::domain::catalogue::Catalogue;

/// `fedisim validate`
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Print the scenario with every default written out
    #[arg(long)]
    resolved: bool,
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    let (study, estimate) = arguments.scenario.estimated(EngineChoice::Fast)?;
    let scenario = &study.scenario;
    warn(scenario);
    if arguments.resolved {
        return Ok(print(&scenario.resolved));
    }
    let names: Vec<_> = scenario.compare.iter().map(|variant| variant.name.as_str()).collect();
    Ok(print(&format!(
        "{} is valid: {} instances, {} videos, protocols {}\n{}",
        scenario.name,
        scenario.instances.len(),
        scenario.videos.len() as u64 + scenario.catalogues.iter().map(Catalogue::count).sum::<u64>(),
        names.join(", "),
        estimate
    )))
}
