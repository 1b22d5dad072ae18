//! Conformance: recordings of real instances against the `Instance` of both drivers, by every message and every sample.
//!
//! `file` and `parse` read a recording as a `trace`. `closed_loop` and `open_loop` replay it, `verdict` compares.
//! `views` has recordings of the views counter. `recorder` makes a `recording` of our own of a run, `writing` one of what our instances
//! do in a given situation, if it `fits` the format; `ties` tells where a recording needs an order of ours. No rule is implemented here a
//! second time. Recordings of releases are made by PeerTube's own code and by real servers, those of designs by `writing`.

mod closed_loop;
mod file;
mod fits;
mod open_loop;
mod parse;
mod recorder;
mod recording;
mod ties;
mod trace;
mod verdict;
mod views;
mod writing;

pub use recorder::Recorder;
pub use recording::{BeatRow, ExampleRow, Recording, RecordingInstance, Times, VisitRow};
pub use ties::Tie;
pub use trace::{MessageRow, RestartRow, SampleRow, Trace};
pub use verdict::Verdict;
pub use views::ViewsTrace;
pub use writing::{write_cell, write_like};

/// Reads a recording, replays it and compares.
///
/// # Errors
/// A sentence that says what cannot be understood.
pub fn conform_file(bytes: &[u8]) -> Result<Verdict, String> {
    if ViewsTrace::is_one(bytes) {
        Ok(ViewsTrace::parse(bytes)?.conform())
    } else {
        Ok(conform(&Trace::parse(bytes)?))
    }
}

/// Replays a recording of viewers and compares.
pub fn conform(trace: &Trace) -> Verdict {
    if trace.latencies_as_recorded { open_loop::replay(trace) } else { closed_loop::replay(trace) }
}
