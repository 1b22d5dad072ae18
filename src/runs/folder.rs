//! The folder of a run: which run it holds, the cells that are finished, the records, and whether it is complete.
//!
//! | file | what |
//! |---|---|
//! | `manifest.json` | model version, scenario, hashes, seed, cells, digest of the records, complete or not |
//! | `scenario.resolved.yaml` | the scenario with every default written out |
//! | `cells/N.json` | a finished cell without rows that others imply (`implied_rows`), while the run is not complete |
//! | the files of `records::RECORD_FILES` | rows of finished cells, in the order of the plan, once the run has ended |
//!
//! Files appear whole: they are written beside and renamed, and no link is followed. When the run is complete the cells' files
//! go. No wall time, path or thread count is written anywhere. One process at a time writes into the folder (`LockedFolder`).

mod contents;
mod error;
mod held;
mod manifest;

pub use error::FolderError;
pub use held::LockedFolder;
pub use manifest::Manifest;
pub(super) use manifest::{MANIFEST, MANIFEST_BYTES_MAX};

use crate::domain::federation::Federation;
use crate::files::{self, AtomicFile};
use crate::foundation::random::Seed;
use crate::runs::CellRecord;
use crate::runs::cell::{ExecutionReport, MetricValue};
use crate::runs::implied_rows::write_all_rows;
use crate::runs::records::{COUNTERS, RECORD_FILES, SUMMARY, common_text, mark_front};
use crate::runs::rows;
use crate::runs::spec::CellSpec;
use crate::runs::summary::{SUMMARY_BYTES_MAX, SummarySource, read_summary};
use crate::scenario::{Scenario, Study};
use contents::{CELLS, Holds, RESOLVED, check_cells, holds, remove_cells, remove_run};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// The record of a cell, which is kept in memory, has at most so many bytes.
pub(super) const CELL_BYTES_MAX: u64 = 1 << 30;

/// A folder that is ready for cells.
pub struct Folder<'a> {
    path: PathBuf,
    held: &'a LockedFolder,
    manifest: Manifest,
    study: &'a Study,
}

/// What `Folder::open` finds.
pub enum Opened<'a> {
    /// The whole run, done before.
    Complete,
    /// A folder to run into, and the cells that it has already, with their metrics.
    Open(Box<Folder<'a>>, Vec<(CellSpec, Vec<MetricValue>)>),
}

impl<'a> Folder<'a> {
    /// Opens a folder for the cells of a study: a new one, an empty one, or one that holds this very run. With `force`, what
    /// an other run left there is removed; other files are never touched.
    ///
    /// # Errors
    /// If it holds another run or something else (unless `force`), or cannot be read or written.
    pub(super) fn open(
        held: &'a LockedFolder,
        study: &'a Study,
        specs: &[CellSpec],
        driver: &str,
        force: bool,
    ) -> Result<Opened<'a>, FolderError> {
        let path = held.path();
        let scenario = &*study.scenario;
        let ours = Manifest::new(scenario, driver, specs.len());
        match (holds(path, &ours)?, force) {
            (Holds::Nothing, _) => {}
            (_, true) => remove_run(path)?,
            (Holds::ThisRun(manifest), false) if manifest.complete => {
                // A run that was killed at its very end leaves them behind.
                remove_cells(path)?;
                return Ok(Opened::Complete);
            }
            (Holds::ThisRun(_), false) => {}
            (Holds::Other(holds), false) => {
                return Err(FolderError::Occupied { path: path.to_owned(), holds });
            }
        }
        let folder = Folder { path: path.to_owned(), held, manifest: ours, study };
        let cells = path.join(CELLS);
        check_cells(&cells)?;
        // First of all, so that whatever a kill leaves behind is known as this run's.
        folder.write_manifest()?;
        fs::create_dir_all(&cells).map_err(FolderError::io("create", &cells))?;
        folder.write(RESOLVED, scenario.resolved.as_bytes())?;
        let kept = folder.kept_of(specs)?;
        Ok(Opened::Open(Box::new(folder), kept))
    }

    /// The finished cells of a study; what is not as a run writes it is run again.
    fn kept_of(&self, specs: &[CellSpec]) -> Result<Vec<(CellSpec, Vec<MetricValue>)>, FolderError> {
        let per_point = self.cells_per_point();
        let mut kept = Vec::new();
        for (point, specs) in specs.chunks(per_point).enumerate() {
            let mut scenario = None;
            for spec in specs {
                let record = self.kept(spec.cell)?.filter(|record| record.spec.is_same_cell(spec));
                let Some(record) = record else { continue };
                // a point that cannot be read is told when its cells are run
                let scenario = scenario.get_or_insert_with(|| self.study.point(point).ok());
                let is_good = |scenario: &Scenario| rows::check(&record, scenario).is_ok();
                if scenario.as_deref().is_some_and(is_good) {
                    kept.push((record.spec, record.metrics));
                }
            }
        }
        Ok(kept)
    }

    /// A finished cell; none if its file is missing or not whole.
    fn kept(&self, cell: usize) -> Result<Option<CellRecord>, FolderError> {
        let path = self.cell_path(cell);
        match files::read(&path, CELL_BYTES_MAX) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FolderError::io("read", &path)(error)),
        }
    }

    /// Keeps a finished cell.
    pub(super) fn keep(&self, record: &CellRecord) -> Result<(), FolderError> {
        let json = serde_json::to_vec(record).expect("a record has text keys");
        self.write(&format!("{CELLS}/{}.json", record.spec.cell), &json)
    }

    /// Writes the records of some finished cells, and says how they ran.
    pub(super) fn write_records(&self, cells: &BTreeSet<usize>) -> Result<Vec<ExecutionReport>, FolderError> {
        self.held.check()?;
        let parameters = &self.study.scenario.sweep.parameters;
        let mut files = Vec::new();
        for record in &RECORD_FILES {
            let path = self.path.join(record.name);
            let beside = path.with_extension("part");
            let file =
                AtomicFile::create_beside(&path, &beside).map_err(FolderError::io("create", &beside))?;
            let mut file = BufWriter::new(file);
            let header = record.header(parameters).map_err(io::Error::other);
            header.and_then(|bytes| file.write_all(&bytes)).map_err(FolderError::io("write", &beside))?;
            files.push((record.name, path, file));
        }
        let mut ran: Vec<ExecutionReport> = Vec::new();
        for &cell in cells {
            let path = self.cell_path(cell);
            let gone = || FolderError::io("read", &path)(io::Error::other("it has changed"));
            let record = self.kept(cell)?.ok_or_else(gone)?;
            let federation =
                self.federation_of(cell, &record.spec).map_err(FolderError::io("read", &path))?;
            for (name, path, file) in &mut files {
                let rows = record.rows.get(*name).map_or("", String::as_str);
                let written = match *name {
                    COUNTERS => write_all_rows(rows, &federation, &common_text(&record.spec), file),
                    _ => file.write_all(rows.as_bytes()),
                };
                written.map_err(FolderError::io("write", path))?;
            }
            record.ran.add_to(&mut ran);
        }
        for (_, path, file) in files {
            let whole = file.into_inner().map_err(io::IntoInnerError::into_error);
            whole.and_then(AtomicFile::finish).map_err(FolderError::io("write", &path))?;
        }
        if let Some(pareto) = &self.study.scenario.pareto {
            let path = self.path.join(SUMMARY);
            let summary = files::read(&path, SUMMARY_BYTES_MAX).map_err(FolderError::io("read", &path))?;
            let table = read_summary(&summary[..], SummarySource::Run)
                .map_err(|problem| FolderError::io("read", &path)(io::Error::other(problem)))?;
            self.write(SUMMARY, &mark_front(&summary, &table, pareto))?;
        }
        Ok(ran)
    }

    /// These are finished, and others are not: their records, and how they ran, are there.
    pub(super) fn complete_in_part(mut self, cells: &BTreeSet<usize>) -> Result<(), FolderError> {
        self.manifest.ran = self.write_records(cells)?;
        self.write_manifest()
    }

    /// These are all cells: the records are final.
    pub(super) fn complete(mut self, cells: &BTreeSet<usize>) -> Result<(), FolderError> {
        self.manifest.ran = self.write_records(cells)?;
        self.manifest.cells = cells.len();
        let mut all = Sha256::new();
        for record in &RECORD_FILES {
            let path = self.path.join(record.name);
            let digest = digest(&path, &mut all).map_err(FolderError::io("read", &path))?;
            self.manifest.records_sha256.insert(record.name.to_owned(), digest);
        }
        self.manifest.digest_sha256 = hex(&all.finalize());
        self.manifest.complete = true;
        self.held.check()?;
        self.write_manifest()?;
        remove_cells(&self.path)
    }

    fn cells_per_point(&self) -> usize {
        self.study.scenario.compare.len() * self.study.scenario.replications as usize
    }

    /// The federation of a cell, whose spec is this.
    fn federation_of(&self, cell: usize, spec: &CellSpec) -> io::Result<Federation> {
        let scenario = self.study.point(cell / self.cells_per_point());
        let scenario = scenario.map_err(|failure| io::Error::other(failure.to_string()))?;
        let variant = scenario.variant(&spec.protocol).ok_or_else(|| io::Error::other("it has changed"))?;
        Ok(scenario.federation(variant, Seed { seed: spec.seed, replication: spec.replication }))
    }

    fn cell_path(&self, cell: usize) -> PathBuf {
        self.path.join(CELLS).join(format!("{cell}.json"))
    }

    fn write_manifest(&self) -> Result<(), FolderError> {
        let mut json = serde_json::to_vec_pretty(&self.manifest).expect("a manifest has text keys");
        json.push(b'\n');
        self.write(MANIFEST, &json)
    }

    /// Writes a file of the folder beside and renames it, so that it is there whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let path = self.path.join(name);
        AtomicFile::create_beside(&path, &path.with_extension("part"))
            .and_then(|mut whole| {
                whole.write_all(bytes)?;
                whole.finish()
            })
            .map_err(FolderError::io("write", &path))
    }
}

/// The digest of a file that was written just now, which is added to that of all.
fn digest(path: &Path, all: &mut Sha256) -> io::Result<String> {
    let mut file = files::open(path, u64::MAX)?;
    let mut own = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(hex(&own.finalize()));
        }
        own.update(&buffer[..length]);
        all.update(&buffer[..length]);
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
