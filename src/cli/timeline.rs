//! `fedisim run --timeline`: the trace of one cell.

use crate::cli::exit::Exit;
use crate::cli::output::complain;
use crate::cli::summary::Told;
use crate::files::AtomicFile;
use crate::foundation::units::{Span, Time};
use crate::runs::cell::{build_cell, plan};
use crate::runs::timeline::Timeline;
use crate::scenario::Scenario;
use crate::sim;
use clap::Args;
use std::io::{self, BufWriter};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// `--timeline` and its part.
#[derive(Args)]
pub(super) struct TimelineArguments {
    /// Write also a trace of the first column and replication, for ui.perfetto.dev
    #[arg(long, value_name = "FILE")]
    timeline: Option<PathBuf>,
    /// The trace begins at this second of model time
    #[arg(long, value_name = "SECONDS", default_value_t = 0, requires = "timeline")]
    timeline_from: u32,
    /// ... and ends at this one
    #[arg(long, value_name = "SECONDS", default_value_t = u32::MAX, requires = "timeline")]
    timeline_to: u32,
}

/// A file that a trace is to be written into.
pub(super) struct Opened {
    path: PathBuf,
    file: AtomicFile,
    part: RangeInclusive<Time>,
}

impl TimelineArguments {
    /// Opens the file, if one is wanted, before anything runs.
    pub(super) fn open(&self) -> Result<Option<Opened>, Exit> {
        let Some(path) = self.timeline.clone() else { return Ok(None) };
        let at = |seconds: u32| Time::ZERO + Span::from_secs(u64::from(seconds));
        let part = at(self.timeline_from)..=at(self.timeline_to);
        if part.is_empty() {
            complain(&"--timeline-to comes before --timeline-from");
            return Err(Exit::BadInput);
        }
        match AtomicFile::create(&path) {
            Ok(file) => Ok(Some(Opened { path, file, part })),
            Err(error) => {
                complain(&format!("{}: cannot be written: {error}", path.display()));
                Err(Exit::CouldNotRun)
            }
        }
    }
}

impl Opened {
    /// Runs the first cell once more, event by event, and writes its trace.
    pub(super) fn write(self, scenario: &Scenario, told: &Told) -> Result<(), Exit> {
        let first = &plan(scenario)[0];
        let cell = build_cell(scenario, first);
        let full = AtomicBool::new(false);
        let mut out = BufWriter::new(self.file);
        let mut timeline = Timeline::new(&cell.federation, &cell.sessions, self.part, &full, &mut out);
        sim::run(&cell, &mut timeline, &full);
        let written = timeline.finish().and_then(|written| {
            let whole = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            whole.finish().map(|()| written)
        });
        match written {
            Ok(written) => {
                let column = &scenario.compare[first.variant].name;
                let until = written.cut.map_or_else(String::new, |at| {
                    format!(
                        "; it is full at {} s of model time: take a part with --timeline-from",
                        at.ms() / 1_000
                    )
                });
                told.note(&format!("the timeline of {column} is in {}{until}", self.path.display()));
                Ok(())
            }
            Err(error) => {
                complain(&format!("{}: cannot be written: {error}", self.path.display()));
                Err(Exit::CouldNotRun)
            }
        }
    }
}
