//! `fedisim cell`: one cell, from JSON to JSON.

use crate::cli::output::{complain, print};
use crate::cli::{Exit, run};
use crate::runs::run_alone;
use crate::runs::spec::CellSpec;
use clap::Args;
use std::io::Read;
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
    let mut bytes = Vec::new();
    if let Err(error) = std::io::stdin().lock().take(SPEC_BYTES_MAX).read_to_end(&mut bytes) {
        complain(&format!("cannot read standard input: {error}"));
        return Exit::CouldNotRun;
    }
    let spec: CellSpec = match serde_json::from_slice(&bytes) {
        Ok(spec) => spec,
        Err(error) => {
            complain(&format!("standard input is not one line of `fedisim plan`: {error}"));
            return Exit::BadInput;
        }
    };
    let stop = run::stop_on_signal();
    match run_alone(spec, &arguments.data, run::threads(arguments.jobs), &stop) {
        Ok(record) => print(&serde_json::to_string(&record).expect("a record is JSON")),
        Err(error) => run::failed(&error),
    }
}
