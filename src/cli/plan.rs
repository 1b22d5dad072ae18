//! `fedisim plan`: the cells that `run` would run, as JSON.

use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{print, print_json};
use crate::cli::run;
use crate::runs::spec::CellSpec;

pub(super) fn main(arguments: &run::Arguments) -> Outcome {
    let (study, estimate) = arguments.scenario.estimated(arguments.engine())?;
    if arguments.dry_run {
        return Ok(print(&format!("{estimate}\n")));
    }
    for spec in CellSpec::all(&study, arguments.engine()) {
        let line = serde_json::to_string(&spec).expect("a spec is JSON");
        match print_json(&line) {
            Exit::Good => {}
            exit => return Err(exit),
        }
    }
    Ok(Exit::Good)
}
