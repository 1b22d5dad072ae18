//! `fedisim conform`: recordings against our instances, a line each.

use crate::cli::exit::Exit;
use crate::cli::output::{complain, print, print_line};
use crate::conform::{Trace, Verdict, conform};
use crate::files;
use clap::Args;
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
                print_line(&format!("ok   {} ({messages} messages, {samples} samples)", path.display()));
            }
            Ok(Verdict::Differs(difference)) => {
                failed += 1;
                print_line(&format!("FAIL {}: {difference}", path.display()));
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

/// Replays a recording; else says what is wrong, and the exit code for it.
pub(super) fn replay(path: &Path) -> Result<Verdict, (String, Exit)> {
    let bytes = files::read(path, BYTES_MAX)
        .map_err(|error| (format!("{}: cannot be read: {error}", path.display()), Exit::CouldNotRun))?;
    let trace = Trace::parse(&bytes)
        .map_err(|problem| (format!("{}: not a recording: {problem}", path.display()), Exit::BadInput))?;
    Ok(conform(&trace))
}
