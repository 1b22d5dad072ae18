//! Why a folder cannot be used.

use crate::foundation::text::one_line;
use std::io;
use std::path::{Path, PathBuf};

/// Why a folder cannot be used.
#[derive(Debug)]
pub enum FolderError {
    /// It holds something else: the user's mistake.
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What it holds.
        holds: String,
    },
    /// It, or something above it, is a file: the user's mistake.
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// Another process writes into it.
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be read or written.
    Io {
        /// What was being done to which file.
        doing: String,
        /// What went wrong.
        error: io::Error,
    },
}

impl std::fmt::Display for FolderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FolderError::Occupied { path, holds } => {
                write!(
                    f,
                    "{} holds {}; choose another folder with --out, or --force to replace it",
                    path.display(),
                    one_line(holds)
                )
            }
            FolderError::NotAFolder { path } => {
                write!(f, "{} is not a folder, nor can it be one; choose another with --out", path.display())
            }
            FolderError::InUse { path } => write!(
                f,
                "another run uses {}: wait for its end, or choose another folder with --out",
                path.display()
            ),
            FolderError::Io { doing, error } => write!(f, "cannot {doing}: {error}"),
        }
    }
}

impl std::error::Error for FolderError {}

impl FolderError {
    pub(in crate::runs) fn threads(error: &rayon::ThreadPoolBuildError) -> FolderError {
        FolderError::Io { doing: "start threads".into(), error: io::Error::other(error.to_string()) }
    }

    /// An error while something was being done to a file.
    pub fn io(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
        let doing = format!("{doing} {}", path.display());
        move |error| FolderError::Io { doing, error }
    }
}
