//! Rows of `counters.csv` that follow from the scenario and from other rows: nobody watches, and nothing is displayed. The record
//! of a kept cell leaves them out, so that it grows with what is watched; they are put back when records are written.

use crate::domain::federation::Federation;
use crate::foundation::ids::VideoId;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Which rows a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Every row.
    All,
    /// Those that the others do not imply.
    Needed,
}

/// Which rows are implied, told row by row in the order of the file.
#[derive(Default)]
pub(super) struct ImpliedRows {
    time_ms: String,
    /// The instances that are down at this time, as far as their rows have come.
    down: BTreeSet<String>,
}

impl ImpliedRows {
    /// Whether a row is implied by those before it. The first row of a sample never is: it tells the time.
    pub(super) fn implies(&mut self, [time_ms, _, instance, displayed, watching]: [&str; 5]) -> bool {
        let is_first = self.time_ms != time_ms;
        if is_first {
            time_ms.clone_into(&mut self.time_ms);
            self.down.clear();
        }
        let is_implied = !is_first && watching == "0" && displayed == self.displayed(instance);
        if displayed.is_empty() && !self.down.contains(instance) {
            self.down.insert(instance.to_owned());
        }
        is_implied
    }

    /// What an instance displays in an implied row.
    fn displayed(&self, instance: &str) -> &'static str {
        if self.down.contains(instance) { "" } else { "0" }
    }
}

/// Writes all rows of `counters.csv` of a cell: the given ones, and in their places those that they imply. Each begins with
/// `common`.
///
/// # Errors
/// If a given row is of none of the federation's videos and instances, or not in its place; and those of the writer.
pub(super) fn write_all_rows(
    rows: &str,
    federation: &Federation,
    common: &[String],
    out: &mut impl Write,
) -> io::Result<()> {
    let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(rows.as_bytes());
    let mut given = reader.into_records().peekable();
    let misplaced = || io::Error::other("a row of counters.csv is not in its place");
    let mut writer = csv::Writer::from_writer(out);
    let mut implied = ImpliedRows::default();
    while let Some(first) = given.peek() {
        // all rows are as long as the first, or an error
        let first = first.as_ref().ok().filter(|row| row.len() == common.len() + 5).ok_or_else(misplaced)?;
        let time_ms = first[common.len()].to_owned();
        for (id, video) in federation.videos.iter().enumerate() {
            for instance in federation.showing(VideoId::at(id)) {
                let instance = &federation.instances[instance.index()].name[..];
                let key = [&time_ms[..], &video.name, instance];
                let is_here = |row: &csv::StringRecord| row.iter().skip(common.len()).take(3).eq(key);
                let row = given.next_if(|row| row.as_ref().is_ok_and(is_here)).transpose()?;
                let [displayed, watching] = match &row {
                    Some(row) => [&row[common.len() + 3], &row[common.len() + 4]],
                    None => [implied.displayed(instance), "0"],
                };
                implied.implies([key[0], key[1], key[2], displayed, watching]);
                let row = key.into_iter().chain([displayed, watching]);
                writer.write_record(common.iter().map(String::as_str).chain(row))?;
            }
        }
        if given.peek().is_some_and(|next| next.as_ref().is_ok_and(|next| next[common.len()] == *time_ms)) {
            return Err(misplaced());
        }
    }
    writer.flush()
}
