//! The lock of a folder: only the process that holds it writes there.
//!
//! The folder itself is locked (`flock` on its handle), so that no file of the lock lies in it or beside it, and the system
//! takes the lock away when a process ends, however it ends. Where a folder cannot be locked (Windows; some network file systems)
//! there is no lock: two writers are then found out by the digests alone.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

/// A folder that this process alone writes into, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    handle: Option<File>,
}

/// Why a folder is not locked.
#[derive(Debug)]
pub enum LockError {
    /// Another process holds the lock.
    InUse,
    /// The folder cannot be opened.
    Io(io::Error),
}

/// Locks a folder, or fails at once.
///
/// # Errors
/// If another process holds the lock, or the folder cannot be opened.
pub fn lock(folder: &Path) -> Result<Lock, LockError> {
    if cfg!(not(unix)) {
        return Ok(Lock { handle: None });
    }
    let handle = File::open(folder).map_err(LockError::Io)?;
    match handle.try_lock() {
        Ok(()) => {
            let lock = Lock { handle: Some(handle) };
            // another process may have removed and recreated it in the meantime
            if lock.is_of(folder) { Ok(lock) } else { Err(LockError::InUse) }
        }
        Err(TryLockError::WouldBlock) => Err(LockError::InUse),
        Err(TryLockError::Error(_)) => Ok(Lock { handle: None }),
    }
}

impl Lock {
    /// Whether the folder that was locked is still the one of that name.
    pub fn is_of(&self, folder: &Path) -> bool {
        let Some(handle) = &self.handle else { return true };
        let pair = handle.metadata().and_then(|own| Ok((own, fs::metadata(folder)?)));
        pair.is_ok_and(|(own, there)| is_same(&own, &there))
    }
}

#[cfg(unix)]
fn is_same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("folder");
        fs::create_dir(&folder).expect("a folder");
        let first = lock(&folder).expect("nobody else has it");
        assert!(matches!(lock(&folder), Err(LockError::InUse)));
        fs::rename(&folder, place.path().join("away")).expect("it moves");
        assert!(!first.is_of(&folder));
        fs::create_dir(&folder).expect("a folder");
        assert!(!first.is_of(&folder) && lock(&folder).is_ok());
        drop(first);
        assert!(lock(&place.path().join("away")).is_ok());
        assert!(matches!(lock(&place.path().join("nowhere")), Err(LockError::Io(_))));
    }
}
