//! What lies in a folder: which run it holds, and what of it may be removed.

use super::error::FolderError;
use super::manifest::{MANIFEST, MANIFEST_BYTES_MAX, Manifest};
use crate::files;
use crate::runs::records::RECORD_FILES;
use std::fs;
use std::io;
use std::path::Path;

const MANIFEST_BESIDE: &str = "manifest.part";
pub(super) const RESOLVED: &str = "scenario.resolved.yaml";
const RESOLVED_BESIDE: &str = "scenario.resolved.part";
pub(super) const CELLS: &str = "cells";

/// Which run a folder holds.
pub(super) enum Holds {
    Nothing,
    ThisRun(Manifest),
    Other(String),
}

pub(super) fn holds(path: &Path, ours: &Manifest) -> Result<Holds, FolderError> {
    match fs::read_dir(path) {
        Ok(entries) => {
            // The half-written manifest is all that a run leaves which was killed at once.
            let names: Vec<_> = entries.take(2).flatten().map(|entry| entry.file_name()).collect();
            if names.iter().all(|name| name == MANIFEST_BESIDE) {
                return Ok(Holds::Nothing);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Holds::Nothing),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(FolderError::NotAFolder { path: path.to_owned() });
        }
        Err(error) => return Err(FolderError::io("read", path)(error)),
    }
    let manifest = path.join(MANIFEST);
    let bytes = match files::read(&manifest, MANIFEST_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Holds::Other("files that are not a run of fedisim".into()));
        }
        Err(error) => return Err(FolderError::io("read", &manifest)(error)),
    };
    Ok(match serde_json::from_slice::<Manifest>(&bytes) {
        Ok(manifest) if manifest.is_of_same_run(ours) => Holds::ThisRun(manifest),
        Ok(Manifest { scenario, model_version, .. }) if scenario != ours.scenario => {
            Holds::Other(format!("a run of scenario `{scenario}` by version {model_version}"))
        }
        Ok(Manifest { scenario, driver, .. }) if driver != ours.driver => {
            Holds::Other(format!("a run of scenario `{scenario}` by the other driver, {driver}"))
        }
        Ok(Manifest { scenario, model_version, .. }) => {
            Holds::Other(format!("a run of another form of scenario `{scenario}` by version {model_version}"))
        }
        Err(_) => Holds::Other(format!("a {MANIFEST} that is not of fedisim")),
    })
}

/// Removes what a run writes and nothing else; the manifest last, so that until then the folder is known as a run's.
pub(super) fn remove_run(path: &Path) -> Result<(), FolderError> {
    remove_cells(path)?;
    for name in RECORD_FILES.iter().map(|record| record.name) {
        let file = path.join(name);
        remove_file(&file.with_extension("part"))?;
        remove_file(&file.with_extension("parquet"))?;
        remove_file(&path.join(format!("{name}.parquet.part")))?;
        remove_file(&file)?;
    }
    for name in [RESOLVED, RESOLVED_BESIDE, MANIFEST_BESIDE, MANIFEST] {
        remove_file(&path.join(name))?;
    }
    Ok(())
}

/// That the folder of the cells is one, if there is anything: what a link leads to is not ours to write or remove.
pub(super) fn check_cells(cells: &Path) -> Result<(), FolderError> {
    match fs::symlink_metadata(cells) {
        Ok(there) if !there.is_dir() => Err(FolderError::io("write", cells)(io::Error::new(
            io::ErrorKind::NotADirectory,
            "it is a link or a file, not a folder; remove it",
        ))),
        _ => Ok(()),
    }
}

/// Removes the files of cells, and their folder unless it holds other files.
pub(super) fn remove_cells(path: &Path) -> Result<(), FolderError> {
    let cells = path.join(CELLS);
    if check_cells(&cells).is_err() {
        return Ok(());
    }
    let entries = match fs::read_dir(&cells) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(FolderError::io("read", &cells))?,
    };
    let mut ours = true;
    for file in entries.flatten().map(|entry| entry.path()) {
        if is_cell(&file) {
            remove_file(&file)?;
        } else {
            ours = false;
        }
    }
    if ours { fs::remove_dir(&cells).map_err(FolderError::io("remove", &cells)) } else { Ok(()) }
}

/// Whether a file is called as `cell_path` calls them, or as they are called while they are written.
pub(super) fn is_cell(file: &Path) -> bool {
    let part = |part: Option<&std::ffi::OsStr>| part.and_then(|part| part.to_str()).map(str::to_owned);
    let is_number = |stem: String| stem.parse::<usize>().is_ok();
    part(file.file_stem()).is_some_and(is_number)
        && part(file.extension()).is_some_and(|ending| ending == "json" || ending == "part")
}

/// Removes a file if it is there.
pub(super) fn remove_file(file: &Path) -> Result<(), FolderError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FolderError::io("remove", file)(error)),
        _ => Ok(()),
    }
}
