//! Rows of `counters.csv` that follow from the scenario and from other rows: nobody watches, and nothing is displayed. The record
//! of a kept cell leaves them out, so that it grows with what is watched; they are put back when records are written.

use crate::domain::federation::Federation;
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
        let is_down = self.is_down(instance);
        if displayed.is_empty() && !is_down {
            self.down.insert(instance.to_owned());
        }
        !is_first && watching == "0" && displayed == if is_down { "" } else { "0" }
    }

    /// Whether an instance displays nothing in an implied row; else it displays 0.
    fn is_down(&self, instance: &str) -> bool {
        self.down.contains(instance)
    }
}

/// Writes all rows of `counters.csv` of a cell: the given ones, and in their places those that they imply. Each begins with
/// `common`, as it stands in the file.
///
/// # Errors
/// If a given row is of none of the federation's videos and instances, or not in its place; and those of the writer.
pub(super) fn write_all_rows(
    rows: &str,
    federation: &Federation,
    common: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    let misplaced = || io::Error::other("a row of counters.csv is not in its place");
    let (mut left, mut implied) = (rows, ImpliedRows::default());
    let time_of = |rows: &str| Some(rows.strip_prefix(common)?.split_once(',')?.0.to_owned());
    while !left.is_empty() {
        let time_ms = time_of(left).ok_or_else(misplaced)?;
        for id in federation.listed() {
            let video = &federation.videos[id.index()];
            for instance in federation.showing(id) {
                let instance = &federation.instances[instance.index()].name;
                // names need no quotes
                let key = format!("{common}{time_ms},{},{instance},", video.name);
                let values = match left.strip_prefix(&key).map(|rest| rest.split_once('\n')) {
                    Some(given) => {
                        let (values, behind) = given.ok_or_else(misplaced)?;
                        left = behind;
                        values
                    }
                    None if implied.is_down(instance) => ",0",
                    None => "0,0",
                };
                let (displayed, watching) = values.split_once(',').ok_or_else(misplaced)?;
                implied.implies([&time_ms, &video.name, instance, displayed, watching]);
                writeln!(out, "{key}{values}")?;
            }
        }
        if time_of(left).as_ref() == Some(&time_ms) {
            return Err(misplaced());
        }
    }
    Ok(())
}
