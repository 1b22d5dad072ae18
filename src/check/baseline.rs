//! Baselines: `DIR/<scenario>/summary.csv`, as it is now or as it was committed at a revision.

use crate::files;
use crate::intervals::Table;
use crate::runs::records::SUMMARY;
use crate::runs::summary::{SUMMARY_BYTES_MAX, SummarySource, read_summary};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why there is no baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoBaseline {
    /// There is none, in this place.
    Missing(String),
    /// It cannot be read.
    Unreadable(String),
}

/// Where the baseline of a scenario lies.
pub fn path(folder: &Path, scenario: &str) -> PathBuf {
    folder.join(scenario).join(SUMMARY)
}

/// The baseline of a scenario.
///
/// # Errors
/// If there is none or it cannot be read.
pub fn read(folder: &Path, scenario: &str) -> Result<Table, NoBaseline> {
    let path = path(folder, scenario);
    let file = files::open(&path, SUMMARY_BYTES_MAX).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => NoBaseline::Missing(path.display().to_string()),
        _ => NoBaseline::Unreadable(format!("{}: cannot be read: {error}", path.display())),
    })?;
    parsed(file, &path.display().to_string())
}

/// The same as committed at a revision, asked of git.
///
/// # Errors
/// If there is none or git does not know the revision.
pub fn read_at(folder: &Path, scenario: &str, revision: &str) -> Result<Table, NoBaseline> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output();
        output.map_err(|error| NoBaseline::Unreadable(format!("git cannot be started: {error}")))
    };
    let commit =
        git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")])?;
    if !commit.status.success() {
        let known =
            if folder.is_dir() { "" } else { " (the folder of the baseline must exist, in a repository)" };
        return Err(NoBaseline::Unreadable(format!(
            "--against {revision}: git knows no such revision{known}"
        )));
    }
    let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
    let place = format!("{commit}:./{scenario}/{SUMMARY}");
    let named = format!("{revision}:{}", path(folder, scenario).display());
    let shown = show(folder, &place)
        .map_err(|error| NoBaseline::Unreadable(format!("{named}: git cannot show it: {error}")))?;
    match shown {
        Some(bytes) => parsed(&bytes[..], &named),
        None => Err(NoBaseline::Missing(format!("{} at {revision}", path(folder, scenario).display()))),
    }
}

/// What git has at a place of a commit, if anything; its size is not bounded yet.
fn show(folder: &Path, place: &str) -> io::Result<Option<Vec<u8>>> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["show", place]);
    let mut git = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let out = git.stdout.take().expect("it is a pipe");
    let bytes = files::read_stream(out, SUMMARY_BYTES_MAX);
    if bytes.is_err() {
        git.kill()?;
    }
    let status = git.wait()?;
    // an error of reading comes first: it is why git was ended
    let bytes = bytes?;
    Ok(status.success().then_some(bytes))
}

fn parsed(bytes: impl Read, place: &str) -> Result<Table, NoBaseline> {
    read_summary(bytes, SummarySource::Baseline)
        .map_err(|problem| NoBaseline::Unreadable(format!("{place}: {problem}")))
}
