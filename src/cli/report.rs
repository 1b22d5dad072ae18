//! `fedisim report`: one self-contained page of a run.

use crate::cli::edited::{EditedArgument, tell_edited, unreadable};
use crate::cli::exit::Exit;
use crate::cli::output::{complain, print_line};
use crate::files;
use crate::report::page::page;
use crate::report::run::Run;
use crate::runs::reading::ReadError;
use clap::Args;
use std::path::PathBuf;

/// `fedisim report`
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    of: RunArguments,
    /// The file [default: RUN/report.html]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Which run is shown, and which part of it over time.
#[derive(Args)]
pub(super) struct RunArguments {
    /// The folder of a complete run
    #[arg(value_name = "RUN")]
    pub(super) run: PathBuf,
    /// The point of a sweep that is shown over time, counted from 1
    #[arg(long, value_name = "N", default_value_t = 1)]
    point: usize,
    /// The replication that is shown over time, counted from 1
    #[arg(long, value_name = "N", default_value_t = 1)]
    replication: u32,
    #[command(flatten)]
    edited: EditedArgument,
}

impl RunArguments {
    /// The run.
    pub(super) fn read(&self) -> Result<Run, ReadError> {
        Run::read(&self.run, self.point, self.replication, self.edited.edits())
    }
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    let run = match arguments.of.read() {
        Ok(run) => run,
        Err(error) => return unreadable(&error),
    };
    tell_edited(&run.edited);
    let out = arguments.out.clone().unwrap_or_else(|| arguments.of.run.join("report.html"));
    match files::write(&out, page(&run).as_bytes()) {
        Ok(()) => print_line(&out.display().to_string()),
        Err(error) => {
            complain(&format!("{}: cannot be written: {error}", out.display()));
            Exit::CouldNotRun
        }
    }
}
