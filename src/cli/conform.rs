//! `fedisim conform`: recordings against our instances, one line each; with `--write`, a recording of what our instances do.

use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{cannot_write, complain, fail, print, print_line};
use crate::cli::scenario_arguments::{report_failure, warn};
use crate::conform::{Recording, Verdict, conform_file, write_cell, write_like};
use crate::files;
use crate::metrics::definitions::names;
use crate::runs::cell::{build_cell, plan};
use crate::scenario::{self, Changes};
use clap::Args;
use std::path::{Path, PathBuf};

/// The largest recording that is read.
const BYTES_MAX: u64 = 256 << 20;

/// `fedisim conform`
#[derive(Args)]
pub(super) struct Arguments {
    /// Recordings (JSON; the format is described in docs/conformance.md)
    #[arg(required_unless_present = "write", value_name = "TRACE.json")]
    traces: Vec<PathBuf>,
    /// Write a recording of what our instances do in the situation of a scenario (YAML) or of a recording (JSON)
    #[arg(long, value_name = "SITUATION", conflicts_with = "traces", requires = "out")]
    write: Option<PathBuf>,
    /// What they speak, if not what the situation says: NAME for all, and in a recording INSTANCE=NAME for those that speak another; in any order
    #[arg(long, value_name = "NAME", requires = "write", conflicts_with = "traces")]
    protocol: Vec<String>,
    /// The file to write
    #[arg(long, value_name = "FILE", requires = "write", conflicts_with = "traces")]
    out: Option<PathBuf>,
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    if let Some((situation, out)) = arguments.write.as_ref().zip(arguments.out.as_ref()) {
        let recording = written(situation, &arguments.protocol)?;
        if let Some(tie) = recording.ties().next() {
            let meaning = "who implements this needs our order, which docs/model.md says";
            complain(&format!("warning: {}: {tie}: {meaning}", situation.display()));
        }
        files::write(out, recording.to_json().as_bytes()).map_err(|error| cannot_write(out, &error))?;
        let (messages, samples) = (recording.messages.len(), recording.samples.len());
        return Ok(print_line(&format!("wrote {} ({messages} messages, {samples} samples)", out.display())));
    }
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

/// The recording of what our instances do. An error is the exit code of a problem that is printed.
fn written(situation: &Path, protocols: &[String]) -> Result<Recording, Exit> {
    let unfit = |why: String| fail(Exit::BadInput, &format!("{}: {why}", situation.display()));
    if situation.extension().is_some_and(|extension| extension == "json") {
        let bytes = read(situation)?;
        return write_like(&bytes, protocols)
            .map_err(|why| unfit(format!("no recording to write another like: {why}")));
    }
    let changes = Changes { protocols: protocols.to_vec(), ..Changes::default() };
    let scenario =
        scenario::read(situation, &changes, &names()).map_err(|failure| report_failure(&failure))?;
    warn(&scenario);
    let plans = plan(&scenario);
    let [plan] = &plans[..] else {
        let count = plans.len();
        let problem = "a recording is of one column and replication";
        return Err(unfit(format!("{problem}, not of {count}: choose with --protocol")));
    };
    write_cell(scenario.description.trim(), &build_cell(&scenario, plan)).map_err(unfit)
}

/// Replays a recording. An error is the exit code of a problem that is printed.
pub(super) fn replay(path: &Path) -> Result<Verdict, Exit> {
    let problem = |why: String| format!("{}: not a recording: {why}", path.display());
    conform_file(&read(path)?).map_err(|why| fail(Exit::BadInput, &problem(why)))
}

fn read(path: &Path) -> Result<Vec<u8>, Exit> {
    let problem = |error| format!("{}: cannot be read: {error}", path.display());
    files::read(path, BYTES_MAX).map_err(|error| fail(Exit::CouldNotRun, &problem(error)))
}
