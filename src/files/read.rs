//! Reading: regular files of bounded size, and those of a folder that do not lead out of it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Take};
use std::path::{Path, PathBuf};

/// Opens a regular file of at most so many bytes.
///
/// # Errors
/// If it cannot be opened, is no regular file or is larger.
pub fn open(path: &Path, bytes_max: u64) -> io::Result<Take<File>> {
    // before, since opening a device may do something; and after, since another file may be there by then
    check(&fs::metadata(path)?, bytes_max)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // opening a pipe without a writer must not block
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = options.open(path)?;
    check(&file.metadata()?, bytes_max)?;
    Ok(file.take(bytes_max))
}

fn check(metadata: &Metadata, bytes_max: u64) -> io::Result<()> {
    if !metadata.is_file() {
        return Err(refused("it is not a regular file"));
    }
    if metadata.len() > bytes_max { Err(too_large(bytes_max)) } else { Ok(()) }
}

/// The bytes of a regular file of at most so many.
///
/// # Errors
/// As `open`, or if it cannot be read.
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let file = open(path, bytes_max)?.into_inner();
    read_stream(file, bytes_max)
}

/// What comes out of a stream until its end: at most so many bytes.
///
/// # Errors
/// If there are more, or it cannot be read.
pub fn read_stream(stream: impl Read, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max { Err(too_large(bytes_max)) } else { Ok(bytes) }
}

/// Passes on what it reads; a line of more than so many bytes is an error, for a reader of lines keeps one in memory.
pub struct Lines<R> {
    inner: R,
    bytes_max: usize,
    length: usize,
}

impl<R> Lines<R> {
    /// Of a stream.
    pub fn new(inner: R, bytes_max: usize) -> Lines<R> {
        Lines { inner, bytes_max, length: 0 }
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for (number, part) in buffer[..read].split(|byte| *byte == b'\n').enumerate() {
            self.length = if number == 0 { self.length + part.len() } else { part.len() };
            if self.length > self.bytes_max {
                let why = format!("it has a line of more than {} bytes", self.bytes_max);
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
        Ok(read)
    }
}

/// Where a file of a folder really lies: in that folder or below, whatever links there are.
///
/// # Errors
/// If it lies elsewhere or not at all.
pub fn below(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let path = folder.join(name).canonicalize()?;
    match path.starts_with(folder.canonicalize()?) {
        true => Ok(path),
        false => Err(refused(&format!("it leads out of the folder {}", folder.display()))),
    }
}

fn too_large(bytes_max: u64) -> io::Error {
    refused(&format!("it has more than {bytes_max} bytes"))
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("file");
        fs::write(&path, "12345").expect("a file");
        assert_eq!(read(&path, 5).expect("it fits"), b"12345");
        let words = |outcome: io::Result<Vec<u8>>| outcome.expect_err("it is refused").to_string();
        assert_eq!(words(read(&path, 4)), "it has more than 4 bytes");
        assert_eq!(words(read(place.path(), 5)), "it is not a regular file");
        assert_eq!(words(read_stream(io::repeat(0), 9)), "it has more than 9 bytes");
        #[cfg(unix)]
        for device in ["/dev/zero", "/dev/tty"] {
            assert!(read(Path::new(device), 5).is_err(), "{device}");
        }
    }

    #[test]
    fn lines_have_an_end() {
        let outcome = |text: &str| {
            // one byte at a time, and all at once
            let mut bytes = text.as_bytes();
            let slow =
                Lines::new(io::BufReader::with_capacity(1, &mut bytes), 4).read_to_end(&mut Vec::new());
            let fast = Lines::new(text.as_bytes(), 4).read_to_end(&mut Vec::new());
            assert_eq!(slow.is_ok(), fast.is_ok(), "{text}");
            fast.is_ok()
        };
        assert!(outcome("1234\n1234\n\n1234") && outcome(""));
        assert!(!outcome("1234\n12345\n1") && !outcome("12345") && !outcome("\n12345"));
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out_of_a_folder() {
        let place = tempfile::tempdir().expect("a folder");
        let inside = place.path().join("inside");
        fs::create_dir_all(inside.join("deep")).expect("a folder");
        fs::write(place.path().join("secret"), "").expect("a file");
        fs::write(inside.join("own"), "").expect("a file");
        let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, inside.join(from)).expect("a link");
        link("../secret", "out");
        link("../../own", "deep/up");
        link("..", "folder");
        for (name, is_inside) in [
            ("own", true),
            ("deep/up", false),
            ("out", false),
            ("folder/secret", false),
            ("../secret", false),
            ("/etc/hostname", false),
        ] {
            assert_eq!(below(&inside, name).is_ok(), is_inside, "{name}");
        }
        link("../own", "deep/good");
        assert!(below(&inside, "deep/good").is_ok());
    }
}
