//! `fedisim run --timeline`: the trace of one cell.

use crate::cli::exit::Exit;
use crate::cli::output::{cannot_write, fail};
use crate::cli::summary::SummaryArguments;
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

/// `--timeline` and its interval.
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

/// An open file for a trace.
pub(super) struct Opened {
    path: PathBuf,
    file: AtomicFile,
    part: RangeInclusive<Time>,
}

impl TimelineArguments {
    /// Opens the file, if one is asked for, before anything runs.
    pub(super) fn open(&self) -> Result<Option<Opened>, Exit> {
        let Some(path) = self.timeline.clone() else { return Ok(None) };
        let at = |seconds: u32| Time::ZERO + Span::from_secs(u64::from(seconds));
        let part = at(self.timeline_from)..=at(self.timeline_to);
        if part.is_empty() {
            return Err(fail(Exit::BadInput, &"--timeline-to comes before --timeline-from"));
        }
        let file = AtomicFile::create(&path).map_err(|error| cannot_write(&path, &error))?;
        Ok(Some(Opened { path, file, part }))
    }
}

impl Opened {
    /// Runs the first cell again, event by event, and writes its trace.
    pub(super) fn write(self, scenario: &Scenario, summary: &SummaryArguments) -> Result<(), Exit> {
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
        let written = written.map_err(|error| cannot_write(&self.path, &error))?;
        let column = &scenario.compare[first.variant].name;
        let until = written.cut.map_or_else(String::new, |at| {
            let s = at.ms() / 1_000;
            format!("; it is full at {s} s of model time: take a part with --timeline-from")
        });
        summary.note(&format!("the timeline of {column} is in {}{until}", self.path.display()));
        Ok(())
    }
}
