//! Cells that ran one by one become the run that would have run them.
//!
//! All records are looked at before anything is written: each must be a cell of one plan, made by this version of the model, with
//! rows as a run writes them, and none may be missing. The same cell twice does no harm if it came to the same.

use crate::files;
use crate::foundation::text::one_line;
use crate::runs::cell::plan;
use crate::runs::folder::{CELL_BYTES_MAX, Folder, FolderError, LockedFolder, Opened};
use crate::runs::rows;
use crate::runs::spec::CellSpec;
use crate::runs::{CellRecord, EngineChoice, Progress, RunError, RunOutcome, study_of};
use crate::scenario::{Scenario, Study};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Missing cells are named up to this many.
const NAMED_MAX: usize = 10;

/// Writes the run whose cells' records are the `.json` files of a folder; data files of its scenario are in another. Gives
/// the study that they are of, and the folder, still held.
///
/// # Errors
/// If a file is not a record of one plan, cells are missing, or something cannot be read or written.
pub fn collect(
    from: &Path,
    out: &Path,
    data: &Path,
    force: bool,
) -> Result<(Study, RunOutcome, LockedFolder), RunError> {
    let files = json_files(from)?;
    let Some(first) = files.first() else {
        return Err(RunError::Cells(format!("{} holds no records of cells (.json)", from.display())));
    };
    let study = study_of(&read(first)?.spec, data)?;
    let cells = plan(&study.scenario);
    let specs = CellSpec::all(&study, EngineChoice::Fast);
    let mut progress = Progress::new(&study, &cells);
    let mut by_cell: BTreeMap<usize, &PathBuf> = BTreeMap::new();
    let mut points = Points::default();
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
        points.check(&study, cells[cell].point, &record, file)?;
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
    let held = LockedFolder::take(out)?;
    let outcome = match Folder::open(&held, &study, &specs, EngineChoice::Fast.driver(), force)? {
        Opened::Complete => RunOutcome::WasComplete,
        Opened::Open(folder, _) => {
            for (_, file) in by_cell.iter().filter(|(cell, _)| wanted.contains(cell)) {
                // it may be another by now
                let record = read(file)?;
                check(&record.spec, &specs, file)?;
                points.check(&study, cells[record.spec.cell].point, &record, file)?;
                folder.keep(&record)?;
            }
            folder.complete(&wanted)?;
            RunOutcome::Complete { resumed_cells: 0 }
        }
    };
    Ok((study, outcome, held))
}

/// The scenario of the point that was looked at last: files of a point mostly stand together.
#[derive(Default)]
struct Points(Option<(usize, Arc<Scenario>)>);

impl Points {
    fn check(
        &mut self,
        study: &Study,
        point: usize,
        record: &CellRecord,
        file: &Path,
    ) -> Result<(), RunError> {
        if self.0.as_ref().is_none_or(|(known, _)| *known != point) {
            self.0 = Some((point, study.point(point)?));
        }
        let (_, scenario) = self.0.as_ref().expect("it was read");
        rows::check(record, scenario)
            .map_err(|problem| RunError::Cells(format!("{} {problem}", file.display())))
    }
}

fn check(spec: &CellSpec, specs: &[CellSpec], file: &Path) -> Result<(), RunError> {
    let expected = specs.get(spec.cell).or(specs.first()).expect("a plan has a cell");
    let problem = if spec.model_version != expected.model_version {
        format!(
            "was made by version {}, and others by {}: models are not mixed",
            one_line(&spec.model_version),
            expected.model_version
        )
    } else if spec.scenario_sha256 != expected.scenario_sha256 {
        format!(
            "is of another form of scenario `{}`, not of `{}` as the others",
            one_line(&spec.scenario),
            expected.scenario
        )
    } else if !spec.is_same_cell(expected) {
        format!("says to be cell {}, and is not what the plan says of it", spec.cell)
    } else {
        return Ok(());
    };
    Err(RunError::Cells(format!("{} {problem}", file.display())))
}

fn read(file: &Path) -> Result<CellRecord, RunError> {
    let bytes = files::read(file, CELL_BYTES_MAX).map_err(FolderError::io("read", file))?;
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
