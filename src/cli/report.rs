//! `fedisim report`: one self-contained page of a run.

use crate::cli::Exit;
use crate::cli::output::{complain, print};
use crate::report::page::page;
use crate::report::run::{ReadError, Run};
use crate::runs::folder::FolderError;
use crate::scenario::Failure;
use clap::Args;
use std::fs;
use std::io;
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
}

impl RunArguments {
    /// The run.
    pub(super) fn read(&self) -> Result<Run, ReadError> {
        Run::read(&self.run, self.point, self.replication)
    }
}

/// Says why a run cannot be shown.
pub(super) fn unreadable(error: &ReadError) -> Exit {
    complain(error);
    match error {
        ReadError::Folder(FolderError::Io { .. }) | ReadError::Wrong(_) => Exit::CouldNotRun,
        ReadError::Scenario(Failure::Unreadable { .. }) => Exit::CouldNotRun,
        ReadError::Folder(_) | ReadError::Scenario(_) | ReadError::Asked(_) => Exit::BadInput,
    }
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    let run = match arguments.of.read() {
        Ok(run) => run,
        Err(error) => return unreadable(&error),
    };
    let out = arguments.out.clone().unwrap_or_else(|| arguments.of.run.join("report.html"));
    let beside = out.with_extension("html.part");
    let written = fs::write(&beside, page(&run)).and_then(|()| fs::rename(&beside, &out));
    match written {
        Ok(()) => print(&format!("{}\n", out.display())),
        Err(error) => {
            // a half-written file would look like a report; that it cannot be removed either is no news
            let _: io::Result<()> = fs::remove_file(&beside);
            complain(&format!("{}: cannot be written: {error}", out.display()));
            Exit::CouldNotRun
        }
    }
}
