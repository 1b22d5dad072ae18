//! The files beside a scenario, and their hashes.
//!
//! A file's SHA-256 stands in the resolved scenario, so that equal resolved scenarios are equal runs; a scenario that
//! states the hash refuses another file. Reading is the caller's: nothing here opens a file, or knows what is in one.

use crate::scenario::data::lines::Lines;
use crate::scenario::emit::sha256;
use crate::scenario::problem::{Place, Problems, shown};
use crate::scenario::value::{Checked, Value, Written};
use std::collections::BTreeMap;
use std::io;

/// A data file has at most this many bytes.
pub const DATA_BYTES_MAX: u64 = 256 << 20;
/// What to say of bytes that are no text.
pub(super) const NOT_UTF8: &str = "is not UTF-8 text; save the file as UTF-8";

/// The data files of a scenario, by path.
pub(crate) struct Files(BTreeMap<String, DataFile>);

/// One data file.
pub(crate) struct DataFile {
    source: usize,
    bytes: Vec<u8>,
}

impl DataFile {
    /// One that is in memory, known by the number of its text.
    pub(crate) fn new(source: usize, bytes: Vec<u8>) -> DataFile {
        DataFile { source, bytes }
    }

    /// What it holds, without a byte order mark.
    pub(crate) fn content(&self) -> &[u8] {
        self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes)
    }

    /// The same as text; or a problem.
    pub(crate) fn text(&self, problems: &mut Problems) -> Option<&str> {
        let content = self.content();
        let text = std::str::from_utf8(content);
        if let Err(error) = text {
            let line = Lines::new(content).at(error.valid_up_to());
            problems.add(self.line(line), "", NOT_UTF8);
        }
        text.ok()
    }

    /// The beginning of a line.
    pub(crate) fn line(&self, line: u32) -> Place {
        Place { source: self.source, line, column: 1 }
    }
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
        let mut nodes = Vec::new();
        data_nodes(file, &mut nodes);
        for node in nodes {
            let Some((_, value)) = node.case() else { continue };
            let Some(path) = value.as_text().or_else(|| value.text("file")).map(str::to_owned) else {
                continue;
            };
            if !files.0.contains_key(&path) {
                match read(&path) {
                    Ok(bytes) => {
                        let source = problems.source(format!("{folder}{path}"));
                        files.0.insert(path.clone(), DataFile::new(source, bytes));
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

/// Every value that names a data file, in the order of the format.
fn data_nodes<'a>(node: &'a mut Checked, found: &mut Vec<&'a mut Checked>) {
    // no other cases of the format have these names
    if matches!(node.value, Value::Case { name: "path" | "file", .. }) {
        return found.push(node);
    }
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| data_nodes(item, found)),
        Value::Record(entries) => entries.iter_mut().for_each(|(_, value)| data_nodes(value, found)),
        Value::Case { written: Written::Keyed(value) | Written::Plain(value), .. } => {
            data_nodes(value, found)
        }
        _ => {}
    }
}

/// Makes a value that names a file state its hash too, beside what else it says.
fn state_hash(node: &mut Checked, path: &str, hash: String) {
    let (place, key) = (node.place, node.path.clone());
    let text = |text: String| Checked { place, path: key.clone(), value: Value::Text(text) };
    let mut entries = vec![("file".to_owned(), text(path.to_owned())), ("sha256".to_owned(), text(hash))];
    let said = node.case().map_or(&[][..], |(_, value)| value.entries()).iter();
    entries.extend(said.filter(|(key, _)| !matches!(&key[..], "file" | "sha256")).cloned());
    let record = Checked { place, path: key.clone(), value: Value::Record(entries) };
    node.value = Value::Case { name: "file", written: Written::Plain(Box::new(record)) };
}
