//! CSV files beside a scenario: edges and traces. Times are decimal seconds.
//!
//! A file's SHA-256 stands in the resolved scenario, so that equal resolved scenarios are equal runs; a scenario that
//! states the hash refuses another file. Reading is the caller's: nothing here opens a file.

use crate::foundation::units::Span;
use crate::scenario::emit::sha256;
use crate::scenario::problem::{Place, Problems, Spot, shown};
use crate::scenario::quantity;
use crate::scenario::value::{Checked, Value, Written};
use std::collections::BTreeMap;
use std::io;

/// A data file has at most this many bytes.
pub(crate) const DATA_BYTES_MAX: u64 = 256 << 20;
/// No time in a data file is longer.
const LONGEST: Span = Span::from_secs(10_000 * 3_600);

/// The data files of a scenario, by path.
pub(crate) struct Files(BTreeMap<String, DataFile>);

/// One data file.
pub(crate) struct DataFile {
    source: usize,
    bytes: Vec<u8>,
}

impl Files {
    /// Reads all data files of a checked scenario and writes their hashes into it. `folder` stands before their names
    /// in messages.
    pub(crate) fn load(
        file: &mut Checked,
        folder: &str,
        read: &dyn Fn(&str) -> io::Result<Vec<u8>>,
        problems: &mut Problems,
    ) -> Files {
        let mut files = Files(BTreeMap::new());
        for node in data_nodes(file) {
            let Some((_, value)) = node.case() else { continue };
            let Some(path) = value.as_text().or_else(|| value.text("file")).map(str::to_owned) else {
                continue;
            };
            if !files.0.contains_key(&path) {
                match read(&path) {
                    Ok(bytes) => {
                        let source = problems.source(format!("{folder}{path}"));
                        files.0.insert(path.clone(), DataFile { source, bytes });
                    }
                    Err(error) => {
                        let message = format!("names {}, which cannot be read: {error}", shown(&path));
                        problems.at(node.spot(), message);
                        continue;
                    }
                }
            }
            let hash = sha256(&files.0[&path].bytes);
            if let Some(stated) = value.get("sha256")
                && stated.as_text() != Some(&hash)
            {
                let message = format!(
                    "is not the hash of {} as it is now, {hash}; correct it or remove it",
                    shown(&path)
                );
                problems.at(stated.spot(), message);
            }
            state_hash(node, &path, hash);
        }
        files
    }

    /// The file of a value that names one, if it could be read.
    pub(crate) fn get(&self, at: &Checked) -> Option<&DataFile> {
        let (_, value) = at.case()?;
        self.0.get(value.text("file")?)
    }
}

/// Every value of a scenario that names a data file.
fn data_nodes(file: &mut Checked) -> Vec<&mut Checked> {
    let mut found = Vec::new();
    let Value::Record(sections) = &mut file.value else { return found };
    for (key, section) in sections {
        match (&key[..], &mut section.value) {
            ("follows", Value::Case { name: "edges", written: Written::Keyed(data) }) => {
                found.push(&mut **data)
            }
            ("viewers", Value::List(crowds)) => {
                for crowd in crowds {
                    if let Value::Case { name: "trace", written: Written::Plain(record) } = &mut crowd.value
                        && let Value::Record(entries) = &mut record.value
                    {
                        found.extend(
                            entries.iter_mut().filter(|(key, _)| key == "trace").map(|(_, data)| data),
                        );
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Makes a value that names a file state its hash too.
fn state_hash(node: &mut Checked, path: &str, hash: String) {
    let (place, key) = (node.place, node.path.clone());
    let text = |text: String| Checked { place, path: key.clone(), value: Value::Text(text) };
    let entries = vec![("file".to_owned(), text(path.to_owned())), ("sha256".to_owned(), text(hash))];
    let record = Checked { place, path: key.clone(), value: Value::Record(entries) };
    node.value = Value::Case { name: "file", written: Written::Plain(Box::new(record)) };
}

/// One row of a data file.
pub(crate) struct Row<'a> {
    place: Place,
    columns: &'a [&'a str],
    cells: &'a csv::StringRecord,
    positions: &'a [Option<usize>],
}

impl<'a> Row<'a> {
    /// The cell of a column, if the file has the column.
    pub(crate) fn text(&self, column: &str) -> Option<&'a str> {
        let index = self.columns.iter().position(|name| *name == column)?;
        self.cells.get(self.positions[index]?)
    }

    /// Where a cell stands: the line, and the column by its name.
    pub(crate) fn at(&self, column: &'a str) -> Spot<'a> {
        Spot { place: self.place, path: column }
    }

    /// Notes that a cell is not what it should be.
    pub(crate) fn wrong(&self, column: &'a str, expects: &str, problems: &mut Problems) {
        let cell = self.text(column).unwrap_or_default();
        problems.at(self.at(column), format!("{} is not {expects}", shown(cell)));
    }

    /// The seconds of a cell, at least `min`; or a problem.
    pub(crate) fn seconds(&self, column: &'a str, min: Span, problems: &mut Problems) -> Option<Span> {
        let text = self.text(column)?;
        let span = quantity::seconds(text).filter(|span| (min..=LONGEST).contains(span));
        // as seconds since 1970 that is the year 2001
        const EPOCH_S: f64 = 1e9;
        if span.is_none()
            && quantity::number(text).is_some_and(|seconds| (EPOCH_S..f64::INFINITY).contains(&seconds))
        {
            let remedy =
                "is no second of the run; of seconds since 1970 subtract those of the run's beginning";
            problems.at(self.at(column), format!("{} {remedy}", shown(text)));
            return None;
        }
        if span.is_none() {
            let (min, max) = (min.secs_f64(), LONGEST.secs_f64());
            self.wrong(
                column,
                &format!("a number of seconds from {min} to {max}, to the nanosecond"),
                problems,
            );
        }
        span
    }
}

/// Hands every row of a file to `take`, after a look at its header. Stops when problems are no longer told.
pub(crate) fn rows(
    file: &DataFile,
    required: &[&str],
    optional: &[&str],
    problems: &mut Problems,
    mut take: impl FnMut(&Row<'_>, &mut Problems) -> Option<()>,
) {
    let start = Place { source: file.source, line: 1, column: 1 };
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let columns: Vec<&str> = required.iter().chain(optional).copied().collect();
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(error) => return problems.add(start, "", format!("is not CSV: {error}")),
    };
    let known = header.iter().all(|name| columns.contains(&&name[..]));
    let once = header.iter().enumerate().all(|(at, name)| !header[..at].contains(name));
    if !known || !once || required.iter().any(|name| !header.iter().any(|column| column == name)) {
        let extra = optional.iter().map(|name| format!("[,{name}]")).collect::<String>();
        let separator = [('\t', "tabs"), (';', "semicolons")];
        let remedy =
            match separator.iter().find(|(separator, _)| header.len() == 1 && header[0].contains(*separator))
            {
                Some((_, name)) => format!("; its cells are separated by {name}: separate them by commas"),
                None => String::new(),
            };
        let message = format!(
            "has the header {}; it needs the columns {}{extra}, and no other{remedy}",
            shown(&header.join(",")),
            required.join(",")
        );
        return problems.add(start, "", message);
    }
    let positions: Vec<_> =
        columns.iter().map(|name| header.iter().position(|column| column == name)).collect();
    let mut cells = csv::StringRecord::new();
    while !problems.full() {
        let line = u32::try_from(reader.position().line()).unwrap_or(u32::MAX);
        match reader.read_record(&mut cells) {
            Ok(false) => return,
            Ok(true) => {
                // after blank lines the row's own position is the true one
                let line = cells.position().map_or(line, |at| u32::try_from(at.line()).unwrap_or(u32::MAX));
                let place = Place { source: file.source, line, column: 1 };
                // a row that is wrong has said so
                take(&Row { place, columns: &columns, cells: &cells, positions: &positions }, problems);
            }
            Err(error) => {
                let line = error.position().map_or(line, |at| u32::try_from(at.line()).unwrap_or(u32::MAX));
                let message = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("has {len} cells; the header has {expected_len}")
                    }
                    csv::ErrorKind::Utf8 { .. } => "is not UTF-8 text; save the file as UTF-8".to_owned(),
                    _ => format!("is not CSV: {error}"),
                };
                problems.add(Place { source: file.source, line, column: 1 }, "", message);
            }
        }
    }
}
