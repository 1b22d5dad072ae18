//! Writing: a file appears whole under its name or not at all, and no link is followed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// A file that is being written beside its place; dropped, it was never there.
pub struct AtomicFile {
    beside: NamedTempFile,
    path: PathBuf,
}

impl AtomicFile {
    /// A file under a unique name, so that several processes may write the same target and each result is whole.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path) -> io::Result<AtomicFile> {
        let mut prefix = path.file_name().ok_or_else(no_name)?.to_owned();
        prefix.push(".");
        AtomicFile::new(Builder::new().prefix(&prefix).suffix(".part"), path)
    }

    /// A file under a given name in the same folder, in place of what a killed process left there. Who calls it must be alone
    /// in that folder.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create_beside(path: &Path, beside: &Path) -> io::Result<AtomicFile> {
        remove(beside)?;
        AtomicFile::new(Builder::new().prefix(beside.file_name().ok_or_else(no_name)?).rand_bytes(0), path)
    }

    fn new(builder: &mut Builder<'_, '_>, path: &Path) -> io::Result<AtomicFile> {
        check(path)?;
        #[cfg(unix)]
        let builder = {
            use std::os::unix::fs::PermissionsExt;
            // as for any other new file; what is masked away is the process's business
            builder.permissions(fs::Permissions::from_mode(0o666))
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let beside = builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(without_path)?;
        Ok(AtomicFile { beside, path: path.to_owned() })
    }

    /// All is written: it is moved to its place. A link that lies there is replaced, not followed.
    ///
    /// # Errors
    /// If it cannot be.
    pub fn finish(self) -> io::Result<()> {
        self.beside.persist(&self.path).map(|_| ()).map_err(|error| error.error)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.beside.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.beside.as_file_mut().flush()
    }
}

/// Writes a file as a whole.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut whole = AtomicFile::create(path)?;
    whole.write_all(bytes)?;
    whole.finish()
}

/// Creates a file that others read while it grows, in place of a file or link of that name.
///
/// # Errors
/// If something else is there, or it cannot be created.
pub fn create_anew(path: &Path) -> io::Result<File> {
    check(path)?;
    remove(path)?;
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Adds to the end of a regular file, or of a new one.
///
/// # Errors
/// If it is something else, or cannot be written.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    check(path)?;
    OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes)
}

/// That there is nothing, or a regular file, or a link to one: a device or a pipe is not replaced, nor a link to it.
fn check(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => {
            Err(io::Error::new(io::ErrorKind::AlreadyExists, "what is there is not a regular file"))
        }
        _ => Ok(()),
    }
}

/// Removes a file or a link, if there is one.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn no_name() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not the name of a file")
}

/// The error alone: whoever calls knows the file, and its name beside it is of no interest.
fn without_path(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((why, _)) => io::Error::new(error.kind(), why.to_owned()),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("file");
        let mut whole = AtomicFile::create(&path).expect("a file");
        whole.write_all(b"half").expect("it is written");
        drop(whole);
        assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 0);
        write(&path, b"whole").expect("it is written");
        assert_eq!(fs::read(&path).expect("it is there"), b"whole");
        let error = write(&place.path().join("nowhere/file"), b"").expect_err("no such folder");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!error.to_string().contains("part"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_replaced_and_never_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let place = tempfile::tempdir().expect("a folder");
        let (target, path, beside) =
            (place.path().join("target"), place.path().join("file"), place.path().join("file.part"));
        fs::write(&target, "mine").expect("a file");
        for link in [&path, &beside] {
            symlink(&target, link).expect("a link");
        }
        let mut whole = AtomicFile::create_beside(&path, &beside).expect("a file");
        whole.write_all(b"new").expect("it is written");
        whole.finish().expect("it is moved");
        assert_eq!(fs::read(&path).expect("it is there"), b"new");
        assert!(fs::symlink_metadata(&path).is_ok_and(|file| file.is_file()) && !beside.exists());
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o600, 0o600);
        symlink(&target, &beside).expect("a link");
        create_anew(&beside).expect("a file").write_all(b"new").expect("it is written");
        assert_eq!(fs::read(&target).expect("it is there"), b"mine");
        assert!(create_anew(place.path()).is_err() && append(place.path(), b"").is_err());
        let device = place.path().join("device");
        symlink("/dev/null", &device).expect("a link");
        assert!(
            write(&device, b"").is_err() && create_anew(&device).is_err() && append(&device, b"").is_err()
        );
        assert!(fs::symlink_metadata(&device).is_ok_and(|there| there.is_symlink()));
    }
}
