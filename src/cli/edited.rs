//! `--edited-records`, and why a run cannot be read.

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
    /// What becomes of such records.
    pub(super) fn edits(&self) -> Edits {
        if self.edited_records { Edits::Shown } else { Edits::Refused }
    }
}

/// Says which files were edited.
pub(super) fn tell_edited(files: &[String]) {
    if !files.is_empty() {
        complain(&format!("edited since the run wrote them: {}", files.join(", ")));
    }
}

/// Says why a run cannot be read, where it might be read all the same.
pub(super) fn unreadable(error: &ReadError) -> Exit {
    match error {
        ReadError::Edited(_) => {
            complain(&format!("{error}, or look at it with --edited-records"));
            Exit::CouldNotRun
        }
        _ => refused(error),
    }
}

/// Says why a run cannot be read.
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
