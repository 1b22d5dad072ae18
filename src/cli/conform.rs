//! `fedisim conform`: recordings against our instances, one line each.

use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{fail, print, print_line};
use crate::conform::{Verdict, conform_file};
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

pub(super) fn main(arguments: &Arguments) -> Outcome {
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
            Err(worse) => {
                failed += 1;
                exit = worse;
            }
        }
    }
    print(&format!("{passed} passed, {failed} failed"));
    Ok(if exit == Exit::Good && failed > 0 { Exit::GateFailed } else { exit })
}

/// Replays a recording. An error is the exit code of a problem that is printed.
pub(super) fn replay(path: &Path) -> Result<Verdict, Exit> {
    let problem = |problem: String| format!("{}: {problem}", path.display());
    let bytes = files::read(path, BYTES_MAX)
        .map_err(|error| fail(Exit::CouldNotRun, &problem(format!("cannot be read: {error}"))))?;
    conform_file(&bytes).map_err(|why| fail(Exit::BadInput, &problem(format!("not a recording: {why}"))))
}
