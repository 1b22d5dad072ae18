//! `fedisim cell`: one cell, from JSON to JSON.

use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{fail, print_json};
use crate::cli::run;
use crate::files;
use crate::runs::run_alone;
use crate::runs::spec::CellSpec;
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// The largest spec: one scenario of at most 1 MiB, escaped.
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

pub(super) fn main(arguments: &Arguments) -> Outcome {
    let bytes = files::read_stream(std::io::stdin().lock(), SPEC_BYTES_MAX);
    let bytes =
        bytes.map_err(|error| fail(Exit::CouldNotRun, &format!("cannot read standard input: {error}")))?;
    let spec: CellSpec = serde_json::from_slice(&bytes).map_err(|error| {
        fail(Exit::BadInput, &format!("standard input is not one line of `fedisim plan`: {error}"))
    })?;
    let stop = run::stop_on_signal();
    let record = run_alone(spec, &arguments.data, run::threads(arguments.jobs), &stop);
    let record = record.map_err(|error| run::failed(&error))?;
    Ok(print_json(&serde_json::to_string(&record).expect("a record is JSON")))
}
