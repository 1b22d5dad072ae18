//! Cells that ran one by one become the run that would have run them.
//!
//! All records are looked at before anything is written: each must be a cell of one plan, made by this version of the model, and
//! none may be missing. The same cell twice does no harm if it came to the same.

use crate::runs::cell::plan;
use crate::runs::folder::{Folder, FolderError, Opened};
use crate::runs::spec::{CellRecord, CellSpec};
use crate::runs::{EngineChoice, Progress, RunError, RunOutcome, study_of};
use crate::scenario::Study;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Missing cells are named up to this many.
const NAMED_MAX: usize = 10;

/// Writes the run whose cells' records are the `.json` files of a folder; data files of its scenario are in another. Gives
/// the study that they are of.
///
/// # Errors
/// If a file is not a record of one plan, cells are missing, or something cannot be read or written.
pub fn collect(from: &Path, out: &Path, data: &Path, force: bool) -> Result<(Study, RunOutcome), RunError> {
    let files = json_files(from)?;
    let Some(first) = files.first() else {
        return Err(RunError::Cells(format!("{} holds no records of cells (.json)", from.display())));
    };
    let study = study_of(&read(first)?.spec, data)?;
    let cells = plan(&study.scenario);
    let specs = CellSpec::all(&study, EngineChoice::Fast);
    let mut progress = Progress::new(&study, &cells);
    let mut by_cell: BTreeMap<usize, &PathBuf> = BTreeMap::new();
    for file in &files {
        let record = read(file)?;
        check(&record.spec, &specs, file)?;
        let cell = record.spec.cell;
        if let Some(other) = by_cell.get(&cell) {
            let before = read(other)?;
            if (&before.rows, &before.metrics) != (&record.rows, &record.metrics) {
                return Err(RunError::Cells(format!(
                    "{} and {} are both cell {cell}, and differ",
                    other.display(),
                    file.display()
                )));
            }
            continue;
        }
        by_cell.insert(cell, file);
        progress.note(cell, &record.metrics);
    }
    let missing = progress.due();
    if !missing.is_empty() {
        let named: Vec<String> = missing.iter().take(NAMED_MAX).map(usize::to_string).collect();
        let more = if missing.len() > NAMED_MAX { ", ..." } else { "" };
        return Err(RunError::Cells(format!(
            "{}: {} of {} cells are missing: {}{more}; run them with `fedisim cell`",
            from.display(),
            missing.len(),
            specs.len(),
            named.join(", ")
        )));
    }
    let wanted = progress.wanted();
    let outcome = match Folder::open(out, &study, &specs, EngineChoice::Fast.driver(), force)? {
        Opened::Complete => RunOutcome::WasComplete,
        Opened::Open(folder, _) => {
            for (_, file) in by_cell.iter().filter(|(cell, _)| wanted.contains(cell)) {
                folder.keep(&read(file)?)?;
            }
            folder.complete(&wanted)?;
            RunOutcome::Complete { resumed_cells: 0 }
        }
    };
    Ok((study, outcome))
}

fn check(spec: &CellSpec, specs: &[CellSpec], file: &Path) -> Result<(), RunError> {
    let expected = specs.get(spec.cell).or(specs.first()).expect("a plan has a cell");
    let problem = if spec.model_version != expected.model_version {
        format!(
            "was made by version {}, and others by {}: models are not mixed",
            spec.model_version, expected.model_version
        )
    } else if spec.scenario_sha256 != expected.scenario_sha256 {
        format!(
            "is of another form of scenario `{}`, not of `{}` as the others",
            spec.scenario, expected.scenario
        )
    } else if !spec.is_same_cell(expected) {
        format!("says to be cell {}, and is not what the plan says of it", spec.cell)
    } else {
        return Ok(());
    };
    Err(RunError::Cells(format!("{} {problem}", file.display())))
}

fn read(file: &Path) -> Result<CellRecord, RunError> {
    let bytes = fs::read(file).map_err(FolderError::io("read", file))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| RunError::Cells(format!("{} is not the record of a cell: {error}", file.display())))
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let entries = fs::read_dir(folder).map_err(FolderError::io("read", folder))?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut files = paths.map_err(FolderError::io("read", folder))?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    Ok(files)
}
