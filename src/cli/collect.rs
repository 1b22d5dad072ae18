//! `fedisim collect`: makes a run of the records of cells.

use crate::cli::exit::Outcome;
use crate::cli::run;
use crate::cli::summary::SummaryArguments;
use crate::runs::collect::collect;
use clap::Args;
use std::path::PathBuf;

/// `fedisim collect`
#[derive(Args)]
pub(super) struct Arguments {
    /// The folder with what `fedisim cell` printed, a `.json` file each
    cells: PathBuf,
    /// The folder for the run
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The folder of the scenario's data files
    #[arg(long, value_name = "DIR", default_value = ".")]
    data: PathBuf,
    #[command(flatten)]
    formats: run::Formats,
    #[command(flatten)]
    summary: SummaryArguments,
    /// Replace what another run left in the folder
    #[arg(long)]
    force: bool,
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    arguments.formats.check()?;
    let run = collect(&arguments.cells, &arguments.out, &arguments.data, arguments.force);
    let (study, outcome, held) = run.map_err(|error| run::failed(&error))?;
    run::finish(&study.scenario, outcome, &held, &arguments.formats, &arguments.summary)
}
