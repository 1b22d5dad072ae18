//! `fedisim validate`: everything that is wrong with a scenario, or what it would run.

use crate::cli::exit::Exit;
use crate::cli::output::print;
use crate::cli::scenario_arguments::{ScenarioArguments, warn};
use crate::runs::EngineChoice;
use clap::Args;

/// `fedisim validate`
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Print the scenario with every default written out
    #[arg(long)]
    resolved: bool,
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    let (study, estimate) = match arguments.scenario.estimated(EngineChoice::Fast) {
        Ok(estimated) => estimated,
        Err(exit) => return exit,
    };
    let scenario = &study.scenario;
    warn(scenario);
    if arguments.resolved {
        return print(&scenario.resolved);
    }
    let names: Vec<_> = scenario.compare.iter().map(|variant| variant.name.as_str()).collect();
    print(&format!(
        "{} is valid: {} instances, {} videos, protocols {}\n{}",
        scenario.name,
        scenario.instances.len(),
        scenario.videos.len(),
        names.join(", "),
        estimate
    ))
}
