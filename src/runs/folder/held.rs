//! A folder that one process writes into at a time.

use super::error::FolderError;
use crate::files::{self, Lock, LockError};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder that this process alone writes into, until it is dropped.
pub struct LockedFolder {
    path: PathBuf,
    lock: Lock,
}

impl LockedFolder {
    /// Takes a folder, which is made if there is none. What is in it stays as it is.
    ///
    /// # Errors
    /// If another process has it, or it cannot be made.
    pub fn take(path: &Path) -> Result<LockedFolder, FolderError> {
        let not_a_folder = || FolderError::NotAFolder { path: path.to_owned() };
        match fs::metadata(path) {
            Ok(there) if !there.is_dir() => return Err(not_a_folder()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(not_a_folder()),
            _ => fs::create_dir_all(path).map_err(FolderError::io("create", path))?,
        }
        let path = path.to_owned();
        match files::lock(&path) {
            Ok(lock) => Ok(LockedFolder { path, lock }),
            Err(LockError::InUse) => Err(FolderError::InUse { path }),
            Err(LockError::Io(error)) => Err(FolderError::io("read", &path)(error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// That it is still there: it may have been moved away and replaced.
    pub(super) fn check(&self) -> Result<(), FolderError> {
        match self.lock.is_of(&self.path) {
            true => Ok(()),
            false => Err(FolderError::io("write", &self.path)(io::Error::other(
                "it is another folder than when the run began",
            ))),
        }
    }
}
