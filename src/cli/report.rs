//! `fedisim report`: one self-contained page of a run.

use crate::cli::edited::{EditedArgument, report_edited, unreadable};
use crate::cli::exit::Outcome;
use crate::cli::output::{cannot_write, print_line};
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

/// The run that is shown, and the point and replication that are shown over time.
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
    /// The folder of the scenario's data files [default: RUN]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    edited: EditedArgument,
}

impl RunArguments {
    pub(super) fn read(&self) -> Result<Run, ReadError> {
        let data = self.data.as_ref().unwrap_or(&self.run);
        Run::read(&self.run, data, self.point, self.replication, self.edited.edits())
    }
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    let run = arguments.of.read().map_err(|error| unreadable(&error))?;
    report_edited(&run.edited);
    let out = arguments.out.clone().unwrap_or_else(|| arguments.of.run.join("report.html"));
    files::write(&out, page(&run).as_bytes()).map_err(|error| cannot_write(&out, &error))?;
    Ok(print_line(&out.display().to_string()))
}
