//! `fedisim plan`: the cells that `run` would run, as JSON.

use crate::cli::exit::Exit;
use crate::cli::output::{print, print_json};
use crate::cli::run;
use crate::runs::spec::CellSpec;

pub(super) fn main(arguments: &run::Arguments) -> Exit {
    let (study, estimate) = match arguments.scenario.estimated(arguments.engine()) {
        Ok(estimated) => estimated,
        Err(exit) => return exit,
    };
    if arguments.dry_run {
        return print(&format!("{estimate}\n"));
    }
    for spec in CellSpec::all(&study, arguments.engine()) {
        let line = serde_json::to_string(&spec).expect("a spec is JSON");
        match print_json(&line) {
            Exit::Good => {}
            exit => return exit,
        }
    }
    Exit::Good
}
