//! `--edited-records`, and reports of why a run cannot be read.

use crate::cli::exit::Exit;
use crate::cli::output::{complain, complain_of_scenario};
use crate::runs::folder::FolderError;
use crate::runs::reading::{Edits, ReadError};
use crate::scenario::Failure;
use clap::Args;

/// `--edited-records`
#[derive(Args)]
pub(super) struct EditedArgument {
    /// Read records also if somebody edited them since the run wrote them; what is made of them says so
    #[arg(long)]
    edited_records: bool,
}

impl EditedArgument {
    /// How edited records are treated.
    pub(super) fn edits(&self) -> Edits {
        if self.edited_records { Edits::Shown } else { Edits::Refused }
    }
}

/// Prints which files were edited.
pub(super) fn report_edited(files: &[String]) {
    if !files.is_empty() {
        complain(&format!("edited since the run wrote them: {}", files.join(", ")));
    }
}

/// Prints why a run cannot be read, for verbs with `--edited-records`. Returns the exit code.
pub(super) fn unreadable(error: &ReadError) -> Exit {
    match error {
        ReadError::Edited(_) => {
            complain(&format!("{error}, or look at it with --edited-records"));
            Exit::CouldNotRun
        }
        _ => refused(error),
    }
}

/// Prints why a run cannot be read. Returns the exit code.
pub(super) fn refused(error: &ReadError) -> Exit {
    match error {
        ReadError::Scenario(failure) => complain_of_scenario(failure),
        _ => complain(error),
    }
    match error {
        ReadError::Folder(FolderError::Io { .. } | FolderError::InUse { .. }) => Exit::CouldNotRun,
        ReadError::Wrong(_) | ReadError::Edited(_) => Exit::CouldNotRun,
        ReadError::Scenario(Failure::Unreadable { .. }) => Exit::CouldNotRun,
        ReadError::Folder(_) | ReadError::Scenario(_) | ReadError::Asked(_) => Exit::BadInput,
    }
}
