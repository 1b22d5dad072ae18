//! CSV files beside a scenario: edges, traces and latencies. Times in traces are decimal seconds.
//!
//! A file's SHA-256 stands in the resolved scenario, so that equal resolved scenarios are equal runs; a scenario that
//! states the hash refuses another file. Reading is the caller's: nothing here opens a file.

use crate::foundation::units::Span;
use crate::scenario::emit::sha256;
use crate::scenario::problem::{Place, Problems, Spot, shown};
use crate::scenario::quantity;
use crate::scenario::value::{Checked, Value, Written};
use std::collections::{BTreeMap, BTreeSet};
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
            ("network", Value::Record(network)) => {
                for (key, value) in network {
                    if key == "latency" {
                        found.extend(latency_files(value));
                    } else if let Value::List(links) = &mut value.value {
                        let records = links.iter_mut().filter_map(Checked::entries_mut).flatten();
                        let latencies = records.filter(|(key, _)| key == "latency");
                        found.extend(latencies.flat_map(|(_, latency)| latency_files(latency)));
                    }
                }
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

/// The values of a latency that name a file.
fn latency_files(latency: &mut Checked) -> Vec<&mut Checked> {
    let Value::Case { name: "regions", written: Written::Keyed(regions) } = &mut latency.value else {
        return Vec::new();
    };
    let is_file = |value: &Checked| matches!(value.value, Value::Case { name, .. } if name != "pairs");
    let entries = regions.entries_mut().into_iter().flatten();
    let found = entries.filter(|(key, value)| matches!(&key[..], "round_trip" | "one_way") && is_file(value));
    found.map(|(_, value)| value).collect()
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
    let columns: Vec<&str> = required.iter().chain(optional).copied().collect();
    let mut reader = reader(file);
    let header = match names(&mut reader) {
        Ok(header) => header,
        Err(error) => return problems.add(start, "", format!("is not CSV: {error}")),
    };
    let known = header.iter().all(|name| columns.contains(&&name[..]));
    let once = header.iter().enumerate().all(|(at, name)| !header[..at].contains(name));
    if !known || !once || required.iter().any(|name| !header.iter().any(|column| column == name)) {
        let extra = optional.iter().map(|name| format!("[,{name}]")).collect::<String>();
        let message = format!(
            "has the header {}; it needs the columns {}{extra}, and no other{}",
            shown(&header.join(",")),
            required.join(","),
            separator_remedy(&header)
        );
        return problems.add(start, "", message);
    }
    let positions: Vec<_> =
        columns.iter().map(|name| header.iter().position(|column| column == name)).collect();
    records(file, reader, problems, |place, cells, problems| {
        // a row that is wrong has said so
        take(&Row { place, columns: &columns, cells, positions: &positions }, problems);
    });
}

/// The names in a file's first row, if it can be read.
pub(crate) fn header(file: &DataFile) -> Option<Vec<String>> {
    names(&mut reader(file)).ok()
}

/// Hands every cell of a square table to `take`, with the names of its row and its column. The first row names the columns, the
/// first cell of each other row the row; what stands in the corner does not matter. Stops when problems are no longer told.
pub(crate) fn square(
    file: &DataFile,
    problems: &mut Problems,
    mut take: impl FnMut((&str, &str), &str, Spot<'_>, &mut Problems) -> Option<()>,
) {
    let start = Place { source: file.source, line: 1, column: 1 };
    let mut reader = reader(file);
    let header = match names(&mut reader) {
        Ok(header) => header,
        Err(error) => return problems.add(start, "", format!("is not CSV: {error}")),
    };
    let columns = header.get(1..).unwrap_or_default();
    let known: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    if columns.is_empty() || known.len() < columns.len() {
        let message = format!(
            "has the header {}; it needs the columns from,to,ms, or in a square table each place once{}",
            shown(&header.join(",")),
            separator_remedy(&header)
        );
        return problems.add(start, "", message);
    }
    records(file, reader, problems, |place, cells, problems| {
        let from = cells.get(0).unwrap_or_default();
        if !known.contains(from) {
            let message = format!(
                "is the row of {}, which is no column; a square table has the same places in its first row and column, other tables have the columns from,to,ms",
                shown(from)
            );
            return problems.add(place, "", message);
        }
        for (to, text) in columns.iter().zip(cells.iter().skip(1)) {
            // a cell that is wrong has said so
            take((from, to), text, Spot { place, path: to }, problems);
        }
    });
}

fn reader(file: &DataFile) -> csv::Reader<&[u8]> {
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
    csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes)
}

fn names(reader: &mut csv::Reader<&[u8]>) -> csv::Result<Vec<String>> {
    Ok(reader.headers()?.iter().map(str::to_owned).collect())
}

/// What to do where all of a header is one cell because something else separates its cells.
fn separator_remedy(header: &[String]) -> String {
    let separators = [('\t', "tabs"), (';', "semicolons")];
    let found = separators.iter().find(|(separator, _)| header.len() == 1 && header[0].contains(*separator));
    let remedy =
        |(_, name): &(char, &str)| format!("; its cells are separated by {name}: separate them by commas");
    found.map(remedy).unwrap_or_default()
}

/// Hands every record after the header to `take`. Stops when problems are no longer told.
fn records(
    file: &DataFile,
    mut reader: csv::Reader<&[u8]>,
    problems: &mut Problems,
    mut take: impl FnMut(Place, &csv::StringRecord, &mut Problems),
) {
    let mut cells = csv::StringRecord::new();
    while !problems.full() {
        let line = u32::try_from(reader.position().line()).unwrap_or(u32::MAX);
        match reader.read_record(&mut cells) {
            Ok(false) => return,
            Ok(true) => {
                // after blank lines the row's own position is the true one
                let line = cells.position().map_or(line, |at| u32::try_from(at.line()).unwrap_or(u32::MAX));
                take(Place { source: file.source, line, column: 1 }, &cells, problems);
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
