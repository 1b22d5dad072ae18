//! `fedisim cell`: one cell, from JSON to JSON.

use crate::cli::exit::Exit;
use crate::cli::output::{complain, print_json};
use crate::cli::run;
use crate::files;
use crate::runs::run_alone;
use crate::runs::spec::CellSpec;
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// A spec holds one scenario of at most a mebibyte, escaped.
const SPEC_BYTES_MAX: u64 = 16 << 20;

/// `fedisim cell`
#[derive(Args)]
pub(super) struct Arguments {
    /// The folder of the scenario's data files
    #[arg(long, value_name = "DIR", default_value = ".")]
    data: PathBuf,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    let bytes = match files::read_stream(std::io::stdin().lock(), SPEC_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) => {
            complain(&format!("cannot read standard input: {error}"));
            return Exit::CouldNotRun;
        }
    };
    let spec: CellSpec = match serde_json::from_slice(&bytes) {
        Ok(spec) => spec,
        Err(error) => {
            complain(&format!("standard input is not one line of `fedisim plan`: {error}"));
            return Exit::BadInput;
        }
    };
    let stop = run::stop_on_signal();
    match run_alone(spec, &arguments.data, run::threads(arguments.jobs), &stop) {
        Ok(record) => print_json(&serde_json::to_string(&record).expect("a record is JSON")),
        Err(error) => run::failed(&error),
    }
}
