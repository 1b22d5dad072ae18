//! `fedisim conform`: recordings against our instances, a line each.

use crate::cli::Exit;
use crate::cli::output::{complain, print};
use crate::conform::{Trace, Verdict, conform};
use clap::Args;
use std::io;
use std::path::{Path, PathBuf};

/// The largest recording that is read.
const BYTES_MAX: u64 = 256 << 20;

/// `fedisim conform`
#[derive(Args)]
pub(super) struct Arguments {
    /// Recordings (JSON; the format is described in docs/conformance.md)
    #[arg(required = true, value_name = "TRACE.json")]
    traces: Vec<PathBuf>,
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    let (mut passed, mut failed) = (0, 0);
    let mut exit = Exit::Good;
    for path in &arguments.traces {
        match replay(path) {
            Ok(Verdict::Conforms { messages, samples }) => {
                passed += 1;
                print(&format!("ok   {} ({messages} messages, {samples} samples)", path.display()));
            }
            Ok(Verdict::Differs(difference)) => {
                failed += 1;
                print(&format!("FAIL {}: {difference}", path.display()));
            }
            Err((problem, worse)) => {
                failed += 1;
                complain(&problem);
                exit = worse;
            }
        }
    }
    print(&format!("{passed} passed, {failed} failed"));
    if exit == Exit::Good && failed > 0 { Exit::GateFailed } else { exit }
}

/// A recording is a file of a few kB: neither a pipe that nobody writes to nor a device without an end.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why.to_owned()));
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return refuse("it is not a regular file");
    }
    if metadata.len() > BYTES_MAX {
        return refuse(&format!("it has more than {BYTES_MAX} bytes"));
    }
    std::fs::read(path)
}

/// Replays a recording; else says what is wrong, and the exit code for it.
pub(super) fn replay(path: &Path) -> Result<Verdict, (String, Exit)> {
    let bytes = read_bounded(path)
        .map_err(|error| (format!("{}: cannot be read: {error}", path.display()), Exit::CouldNotRun))?;
    let trace = Trace::parse(&bytes)
        .map_err(|problem| (format!("{}: not a recording: {problem}", path.display()), Exit::BadInput))?;
    Ok(conform(&trace))
}
