//! Reading a run's folder: nothing is believed that the run did not write.
//!
//! Every file is held against its digest in the manifest, and every number against what a run can write. Edited records
//! can be read all the same (`Edits::Shown`); the reader then names their files.

use crate::files::{self, Lines};
use crate::intervals::Table;
use crate::metrics::definitions::names;
use crate::runs::folder::{FolderError, MANIFEST, MANIFEST_BYTES_MAX, Manifest, hex};
use crate::runs::records::{RECORD_FILES, RecordFile, SUMMARY};
use crate::runs::rows::{ScenarioNames, UniqueKeys};
use crate::runs::summary::{LINE_BYTES_MAX, SUMMARY_BYTES_MAX, SummarySource, parse_summary, read_summary};
use crate::scenario::{self, Changes, Failure, RESOLVED_FILE, Scenario};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// A file of records that is read row by row has at most so many bytes.
const RECORDS_BYTES_MAX: u64 = 4 << 30;

/// What becomes of records that are not those that the run wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edits {
    /// They are refused.
    Refused,
    /// They are read.
    Shown,
}

/// A complete run's folder.
pub struct Records {
    folder: PathBuf,
    edits: Edits,
    /// What the folder says about itself.
    pub manifest: Manifest,
    /// The files, of those that were read, that are not as the run wrote them.
    pub edited: Vec<String>,
    /// The files that were compared with their digests.
    compared: BTreeSet<String>,
}

/// Why a run cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// A file cannot be read.
    Folder(FolderError),
    /// The scenario cannot be read.
    Scenario(Failure),
    /// A file does not say what it should.
    Wrong(String),
    /// A file is not the one that the run wrote.
    Edited(PathBuf),
    /// The user asked for what is not there.
    Asked(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Folder(error) => error.fmt(f),
            ReadError::Scenario(failure) => failure.fmt(f),
            ReadError::Wrong(problem) | ReadError::Asked(problem) => f.write_str(problem),
            ReadError::Edited(file) => write!(
                f,
                "{} is not what the run wrote: it does not have the digest that stands in {MANIFEST}; run it again with --force",
                file.display()
            ),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<FolderError> for ReadError {
    fn from(error: FolderError) -> Self {
        ReadError::Folder(error)
    }
}

/// Rows of the wanted cells.
pub struct Wanted<'a> {
    /// The scenario of the run.
    pub scenario: &'a Scenario,
    /// That of the point of its sweep to which the cells belong.
    pub of_point: &'a Scenario,
    /// The first of the cells: the others are the columns of the comparison behind it.
    pub first: usize,
    /// Their replication.
    pub replication: u32,
}

impl Records {
    /// Opens the folder of a complete run.
    ///
    /// # Errors
    /// If there is none, or it is not complete.
    pub fn open(folder: &Path, edits: Edits) -> Result<Records, ReadError> {
        let path = folder.join(MANIFEST);
        let bytes = files::read(&path, MANIFEST_BYTES_MAX).map_err(FolderError::io("read", &path))?;
        let manifest: Manifest = serde_json::from_slice(&bytes)
            .map_err(|error| FolderError::io("read", &path)(io::Error::other(error)))?;
        if !manifest.complete {
            let folder = folder.display();
            return Err(ReadError::Asked(format!("{folder} is not complete; run it to its end")));
        }
        Ok(Records {
            folder: folder.to_owned(),
            edits,
            manifest,
            edited: Vec::new(),
            compared: BTreeSet::new(),
        })
    }

    /// The scenario as it was run, with its data files from a folder.
    ///
    /// # Errors
    /// If it or one of them cannot be read, or is another.
    pub fn scenario(&mut self, data: &Path) -> Result<Scenario, ReadError> {
        let written = self.manifest.scenario_sha256.clone();
        self.read(RESOLVED_FILE, RECORDS_BYTES_MAX, Some(&written), |_| Ok(()))?;
        let path = self.folder.join(RESOLVED_FILE);
        scenario::read_with_data(&path, data, &Changes::default(), &names()).map_err(ReadError::Scenario)
    }

    /// The metrics.
    ///
    /// # Errors
    /// If they cannot be read, or are not a run's.
    pub fn summary(&mut self, whose: SummarySource) -> Result<Table, ReadError> {
        let written = self.manifest.records_sha256.get(SUMMARY).cloned();
        let mut impossible = None;
        let cells = self.manifest.cells;
        let read = self.read(SUMMARY, SUMMARY_BYTES_MAX, written.as_deref(), |bytes| {
            let parsed = parse_summary(bytes, whose).map_err(|problem| wrong(SUMMARY, &problem))?;
            impossible.clone_from(&parsed.impossible);
            parsed.check_complete(cells).map_err(|problem| wrong(SUMMARY, &problem))?;
            Ok(parsed.table)
        });
        match (read, impossible) {
            // which of the metrics it is says more than that the file is another
            (Err(ReadError::Edited(_)), Some(impossible)) => Err(wrong(SUMMARY, &impossible)),
            (read, _) => read,
        }
    }

    /// That the other files are as the run wrote them, too; a missing file misleads no reader.
    ///
    /// # Errors
    /// If one is not, or cannot be read.
    pub fn check_rest(&mut self) -> Result<(), ReadError> {
        let scenario = (RESOLVED_FILE, Some(self.manifest.scenario_sha256.clone()));
        let digest = |name: &str| self.manifest.records_sha256.get(name).cloned();
        let files: Vec<(&str, Option<String>)> =
            RECORD_FILES.iter().map(|file| (file.name, digest(file.name))).chain([scenario]).collect();
        for (name, written) in files {
            if !self.compared.contains(name) && self.folder.join(name).exists() {
                self.read(name, RECORDS_BYTES_MAX, written.as_deref(), |_| Ok(()))?;
            }
        }
        Ok(())
    }

    /// The file of metrics, byte by byte.
    ///
    /// # Errors
    /// As `summary`.
    pub fn summary_bytes(&mut self) -> Result<Vec<u8>, ReadError> {
        let written = self.manifest.records_sha256.get(SUMMARY).cloned();
        let unreadable = |error| ReadError::Folder(FolderError::io("read", Path::new(SUMMARY))(error));
        self.read(SUMMARY, SUMMARY_BYTES_MAX, written.as_deref(), |stream| {
            let bytes = files::read_stream(stream, SUMMARY_BYTES_MAX).map_err(unreadable)?;
            read_summary(&bytes[..], SummarySource::Run).map_err(|problem| wrong(SUMMARY, &problem))?;
            Ok(bytes)
        })
    }

    /// The rows of a file that belong to some cells: `take` is given the column of the comparison and the wanted fields, and
    /// says whether it understood them.
    ///
    /// # Errors
    /// If the file cannot be read, or is not a run's.
    pub fn rows<const N: usize>(
        &mut self,
        name: &str,
        wanted: &Wanted<'_>,
        columns: [&str; N],
        mut take: impl FnMut(usize, [&str; N]) -> Option<()>,
    ) -> Result<(), ReadError> {
        let file = RecordFile::named(name).expect("a file of records");
        let written = self.manifest.records_sha256.get(name).cloned();
        self.read(name, RECORDS_BYTES_MAX, written.as_deref(), |bytes| {
            let bytes = Lines::new(bytes, LINE_BYTES_MAX);
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
            let expected = file.column_names(&wanted.scenario.sweep.parameters);
            let header = reader.headers().map_err(|error| wrong(name, &error.to_string()))?.clone();
            if header.iter().ne(expected.iter().copied()) {
                return Err(wrong(name, "its columns are not those that fedisim writes"));
            }
            let place = |column: &&str| expected.iter().position(|known| known == column);
            let places = columns.map(|column| place(&column).expect("a column of the file"));
            let mut row = csv::StringRecord::new();
            let mut check = RowCheck::new(file, wanted);
            while reader.read_record(&mut row).map_err(|error| wrong(name, &error.to_string()))? {
                let Some(variant) = check.variant(&row, expected.len()) else { continue };
                let taken = variant.and_then(|variant| take(variant, places.map(|at| &row[at])));
                if taken.is_none() {
                    let line = row.position().map_or(0, csv::Position::line);
                    return Err(wrong(name, &format!("line {line} is not as fedisim writes it")));
                }
            }
            Ok(())
        })
    }

    /// Reads a file to its end and compares its digest.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        bytes_max: u64,
        written: Option<&str>,
        with: impl FnOnce(&mut dyn Read) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let path = self.folder.join(name);
        let unreadable = |error| ReadError::Folder(FolderError::io("read", &path)(error));
        let file = files::open(&path, bytes_max).map_err(unreadable)?;
        let mut digesting =
            Digesting { inner: BufReader::with_capacity(1 << 16, file), digest: Sha256::new() };
        let outcome = with(&mut digesting)?;
        io::copy(&mut digesting, &mut io::sink()).map_err(unreadable)?;
        self.compared.insert(name.to_owned());
        if written != Some(&hex(&digesting.digest.finalize())[..]) {
            match self.edits {
                Edits::Refused => return Err(ReadError::Edited(path)),
                Edits::Shown if self.edited.iter().any(|edited| edited == name) => {}
                Edits::Shown => self.edited.push(name.to_owned()),
            }
        }
        Ok(outcome)
    }

    /// The same of a file of records, as the run wrote it.
    #[cfg(feature = "parquet")]
    pub(super) fn read_rows<T>(
        &mut self,
        name: &str,
        with: impl FnOnce(&mut dyn Read) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let written = self.manifest.records_sha256.get(name).cloned();
        self.read(name, RECORDS_BYTES_MAX, written.as_deref(), with)
    }
}

/// Adds what is read to a digest.
struct Digesting<R> {
    inner: R,
    digest: Sha256,
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.digest.update(&buffer[..length]);
        Ok(length)
    }
}

/// Whether rows of wanted cells are such as a run writes, and each there once.
struct RowCheck<'a> {
    file: &'static RecordFile,
    wanted: &'a Wanted<'a>,
    known: ScenarioNames<'a>,
    once: UniqueKeys,
    /// The cell of the row before.
    cell: Option<usize>,
}

impl<'a> RowCheck<'a> {
    fn new(file: &'static RecordFile, wanted: &'a Wanted<'a>) -> RowCheck<'a> {
        RowCheck {
            file,
            wanted,
            known: ScenarioNames::of(wanted.of_point),
            once: UniqueKeys::of(file),
            cell: None,
        }
    }

    /// The column of the comparison that a row belongs to; none if it belongs to a cell that is not wanted, nothing within if
    /// it is not as a run writes it.
    fn variant(&mut self, row: &csv::StringRecord, width: usize) -> Option<Option<usize>> {
        let scenario = self.wanted.scenario;
        let variants = scenario.compare.len();
        let Some(cell) = row.get(2).and_then(|cell| cell.parse::<usize>().ok()) else { return Some(None) };
        let variant = cell.checked_sub(self.wanted.first).filter(|at| *at < variants)?;
        if self.cell.replace(cell) != Some(cell) {
            self.once = UniqueKeys::of(self.file);
        }
        let replication = self.wanted.replication.to_string();
        let is_own = row.get(0) == Some(&scenario.name[..])
            && row.get(1) == Some(&scenario.compare[variant].name[..])
            && row.get(3) == Some(&replication[..]);
        let columns = || {
            let from = width - self.file.columns.len();
            row.iter().skip(from).zip(self.file.columns)
        };
        let is_good = row.len() == width
            && is_own
            && columns().all(|(cell, column)| self.known.can_be(column, cell))
            && self.once.is_first(columns().map(|(cell, _)| cell).take(self.file.key));
        Some(is_good.then_some(variant))
    }
}

fn wrong(name: &str, problem: &str) -> ReadError {
    ReadError::Wrong(format!("{name}: {problem}"))
}
