//! Baselines: `DIR/<scenario>/summary.csv`, as it is now or as it was committed at a revision.

use crate::intervals::Table;
use crate::runs::records::{SUMMARY, read_summary};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    let bytes = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => NoBaseline::Missing(path.display().to_string()),
        _ => NoBaseline::Unreadable(format!("{}: cannot be read: {error}", path.display())),
    })?;
    parsed(&bytes, &path.display().to_string())
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
    let shown = git(&["show", &place])?;
    match shown.status.success() {
        true => parsed(&shown.stdout, &format!("{revision}:{}", path(folder, scenario).display())),
        false => Err(NoBaseline::Missing(format!("{} at {revision}", path(folder, scenario).display()))),
    }
}

fn parsed(bytes: &[u8], place: &str) -> Result<Table, NoBaseline> {
    read_summary(bytes).map_err(|problem| NoBaseline::Unreadable(format!("{place}: {problem}")))
}
