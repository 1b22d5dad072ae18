//! `fedisim collect`: records of cells become a run.

use crate::cli::exit::Exit;
use crate::cli::run;
use crate::cli::summary::Told;
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
    told: Told,
    /// Replace what another run left in the folder
    #[arg(long)]
    force: bool,
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    if let Err(exit) = arguments.formats.check() {
        return exit;
    }
    match collect(&arguments.cells, &arguments.out, &arguments.data, arguments.force) {
        Ok((study, outcome, held)) => {
            run::finish(&study.scenario, outcome, &held, &arguments.formats, &arguments.told)
        }
        Err(error) => run::failed(&error),
    }
}
