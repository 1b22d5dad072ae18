//! The folder of a run: which run it holds, the cells that are finished, the records, and whether it is complete.
//!
//! | file | what |
//! |---|---|
//! | `manifest.json` | model version, scenario, hashes, seed, cells, digest of the records, complete or not |
//! | `scenario.resolved.yaml` | the scenario with every default written out |
//! | `cells/N.json` | a finished cell, while the run is not complete |
//! | the files of `records::RECORD_FILES` | rows of finished cells, in the order of the plan, once the run has ended |
//!
//! Files appear whole: they are written beside and renamed, and no link is followed. When the run is complete the cells' files
//! go. No wall time, path or thread count is written anywhere. Whoever writes is alone in the folder (`Held`).

use crate::files::{self, Lock, Unlocked, Whole};
use crate::foundation::text::one_line;
use crate::runs::EngineChoice;
use crate::runs::cell::{MetricValue, RanHow};
use crate::runs::records::{MODEL_VERSION, RECORD_FILES, SUMMARY, mark_front};
use crate::runs::rows;
use crate::runs::spec::{CellRecord, CellSpec};
use crate::runs::summary::{SUMMARY_BYTES_MAX, Whose, read_summary};
use crate::scenario::{Scenario, Study};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

pub(super) const MANIFEST: &str = "manifest.json";
const MANIFEST_BESIDE: &str = "manifest.part";
const RESOLVED: &str = "scenario.resolved.yaml";
const RESOLVED_BESIDE: &str = "scenario.resolved.part";
const CELLS: &str = "cells";
/// A manifest has at most so many bytes.
pub(super) const MANIFEST_BYTES_MAX: u64 = 16 << 20;
/// The record of a cell, which is kept in memory, has at most so many bytes.
pub(super) const CELL_BYTES_MAX: u64 = 1 << 30;

/// What a folder says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the model that made it.
    pub model_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// SHA-256 of the resolved scenario, in hex.
    pub scenario_sha256: String,
    /// The driver: `sim`, or `live` if real servers made the records, which then depend on the machine.
    #[serde(default = "simulated")]
    pub driver: String,
    /// The seed.
    pub seed: u64,
    /// Cells in the records; while not complete, in the plan.
    pub cells: usize,
    /// Whether all of them are in the records.
    pub complete: bool,
    /// Of each file of records, the SHA-256 in hex; empty while not complete.
    pub records_sha256: BTreeMap<String, String>,
    /// How the cells of each column ran, their messages added up: nothing that changes the records.
    #[serde(default)]
    pub ran: Vec<RanHow>,
    /// SHA-256 over all files of records in their order, in hex; empty while not complete.
    pub digest_sha256: String,
}

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

/// A folder that this process alone writes into, until it is dropped.
pub struct Held {
    path: PathBuf,
    lock: Lock,
}

/// A folder that is ready for cells.
pub struct Folder<'a> {
    path: PathBuf,
    held: &'a Held,
    manifest: Manifest,
    scenario: &'a Scenario,
}

/// What `Folder::open` finds.
pub enum Opened<'a> {
    /// The whole run, done before.
    Complete,
    /// A folder to run into, and the cells that it has already, with their metrics.
    Open(Box<Folder<'a>>, Vec<(CellSpec, Vec<MetricValue>)>),
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
    pub(super) fn threads(error: &rayon::ThreadPoolBuildError) -> FolderError {
        FolderError::Io { doing: "start threads".into(), error: io::Error::other(error.to_string()) }
    }

    /// An error while something was being done to a file.
    pub fn io(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
        let doing = format!("{doing} {}", path.display());
        move |error| FolderError::Io { doing, error }
    }
}

/// The driver of a manifest that does not name one.
fn simulated() -> String {
    EngineChoice::Fast.driver().to_owned()
}

impl Manifest {
    fn new(scenario: &Scenario, driver: &str, cells: usize) -> Manifest {
        Manifest {
            model_version: MODEL_VERSION.to_owned(),
            scenario: scenario.name.clone(),
            scenario_sha256: scenario.hash.clone(),
            driver: driver.to_owned(),
            seed: scenario.seed,
            cells,
            complete: false,
            records_sha256: BTreeMap::new(),
            ran: Vec::new(),
            digest_sha256: String::new(),
        }
    }

    fn is_of_same_run(&self, other: &Manifest) -> bool {
        let of = |run: &Manifest| [&run.model_version, &run.scenario_sha256, &run.driver].map(String::clone);
        of(self) == of(other)
    }
}

impl Held {
    /// Takes a folder, which is made if there is none. What is in it stays as it is.
    ///
    /// # Errors
    /// If another process has it, or it cannot be made.
    pub fn take(path: &Path) -> Result<Held, FolderError> {
        let not_a_folder = || FolderError::NotAFolder { path: path.to_owned() };
        match fs::metadata(path) {
            Ok(there) if !there.is_dir() => return Err(not_a_folder()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(not_a_folder()),
            _ => fs::create_dir_all(path).map_err(FolderError::io("create", path))?,
        }
        let path = path.to_owned();
        match files::lock(&path) {
            Ok(lock) => Ok(Held { path, lock }),
            Err(Unlocked::InUse) => Err(FolderError::InUse { path }),
            Err(Unlocked::Io(error)) => Err(FolderError::io("read", &path)(error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// That it is still there: somebody may have moved it away and made another.
    fn check(&self) -> Result<(), FolderError> {
        match self.lock.is_of(&self.path) {
            true => Ok(()),
            false => Err(FolderError::io("write", &self.path)(io::Error::other(
                "it is another folder than when the run began",
            ))),
        }
    }
}

impl<'a> Folder<'a> {
    /// Opens a folder for the cells of a study: a new one, an empty one, or one that holds this very run. With `force`, what
    /// an other run left there is removed; other files are never touched.
    ///
    /// # Errors
    /// If it holds another run or something else (unless `force`), or cannot be read or written.
    pub(super) fn open(
        held: &'a Held,
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
        let folder = Folder { path: path.to_owned(), held, manifest: ours, scenario };
        let cells = path.join(CELLS);
        check_cells(&cells)?;
        // First of all, so that whatever a kill leaves behind is known as this run's.
        folder.write_manifest()?;
        fs::create_dir_all(&cells).map_err(FolderError::io("create", &cells))?;
        folder.write(RESOLVED, scenario.resolved.as_bytes())?;
        let kept = folder.kept_of(study, specs)?;
        Ok(Opened::Open(Box::new(folder), kept))
    }

    /// The finished cells of a study; what is not as a run writes it is run again.
    fn kept_of(
        &self,
        study: &Study,
        specs: &[CellSpec],
    ) -> Result<Vec<(CellSpec, Vec<MetricValue>)>, FolderError> {
        let per_point = self.scenario.compare.len() * self.scenario.replications as usize;
        let mut kept = Vec::new();
        for (point, specs) in specs.chunks(per_point).enumerate() {
            let mut scenario = None;
            for spec in specs {
                let record = self.kept(spec.cell)?.filter(|record| record.spec.is_same_cell(spec));
                let Some(record) = record else { continue };
                // a point that cannot be read is told when its cells are run
                let scenario = scenario.get_or_insert_with(|| study.point(point).ok());
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
    pub(super) fn write_records(&self, cells: &BTreeSet<usize>) -> Result<Vec<RanHow>, FolderError> {
        self.held.check()?;
        let parameters = &self.scenario.sweep.parameters;
        let mut files = Vec::new();
        for record in &RECORD_FILES {
            let path = self.path.join(record.name);
            let beside = path.with_extension("part");
            let file = Whole::create_beside(&path, &beside).map_err(FolderError::io("create", &beside))?;
            let mut file = BufWriter::new(file);
            let header = record.header(parameters).map_err(io::Error::other);
            header.and_then(|bytes| file.write_all(&bytes)).map_err(FolderError::io("write", &beside))?;
            files.push((record.name, path, file));
        }
        let mut ran: Vec<RanHow> = Vec::new();
        for &cell in cells {
            let path = self.cell_path(cell);
            let gone = || FolderError::io("read", &path)(io::Error::other("it has changed"));
            let record = self.kept(cell)?.ok_or_else(gone)?;
            for (name, path, file) in &mut files {
                let rows = record.rows.get(*name).map_or("", String::as_str);
                file.write_all(rows.as_bytes()).map_err(FolderError::io("write", path))?;
            }
            record.ran.add_to(&mut ran);
        }
        for (_, path, file) in files {
            let whole = file.into_inner().map_err(io::IntoInnerError::into_error);
            whole.and_then(Whole::finish).map_err(FolderError::io("write", &path))?;
        }
        if let Some(pareto) = &self.scenario.pareto {
            let path = self.path.join(SUMMARY);
            let summary = files::read(&path, SUMMARY_BYTES_MAX).map_err(FolderError::io("read", &path))?;
            let table = read_summary(&summary[..], Whose::Run)
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
        Whole::create_beside(&path, &path.with_extension("part"))
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

enum Holds {
    Nothing,
    ThisRun(Manifest),
    Other(String),
}

fn holds(path: &Path, ours: &Manifest) -> Result<Holds, FolderError> {
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
fn remove_run(path: &Path) -> Result<(), FolderError> {
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
fn check_cells(cells: &Path) -> Result<(), FolderError> {
    match fs::symlink_metadata(cells) {
        Ok(there) if !there.is_dir() => Err(FolderError::io("write", cells)(io::Error::new(
            io::ErrorKind::NotADirectory,
            "it is a link or a file, not a folder; remove it",
        ))),
        _ => Ok(()),
    }
}

/// Removes the files of cells, and their folder unless somebody else has put something there.
fn remove_cells(path: &Path) -> Result<(), FolderError> {
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
fn is_cell(file: &Path) -> bool {
    let part = |part: Option<&std::ffi::OsStr>| part.and_then(|part| part.to_str()).map(str::to_owned);
    let is_number = |stem: String| stem.parse::<usize>().is_ok();
    part(file.file_stem()).is_some_and(is_number)
        && part(file.extension()).is_some_and(|ending| ending == "json" || ending == "part")
}

/// Removes a file if it is there.
fn remove_file(file: &Path) -> Result<(), FolderError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FolderError::io("remove", file)(error)),
        _ => Ok(()),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
