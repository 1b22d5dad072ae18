//! Rows of `counters.csv` that follow from the scenario and from other rows: nobody watches, no viewer is displayed, and the numbers of
//! views are those of the sample before. The record of a kept cell leaves them out, so that it grows with what is watched; they are put
//! back when records are written.

use crate::domain::federation::Federation;
use std::collections::{BTreeMap, BTreeSet};
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
    /// What the first row of the cell says of views: a number, or that there is none.
    has_views: Option<bool>,
    /// By video and instance, if a view was counted: the numbers of views in its last row.
    views: BTreeMap<String, String>,
}

impl ImpliedRows {
    /// Whether a row is implied by those before it. The first row of a sample never is: it tells the time.
    pub(super) fn implies(&mut self, row: [&str; 7]) -> bool {
        let [time_ms, video, instance, displayed, watching, displayed_views, views] = row;
        let is_first = self.time_ms != time_ms;
        if is_first {
            time_ms.clone_into(&mut self.time_ms);
            self.down.clear();
        }
        let is_down = self.is_down(instance);
        if displayed.is_empty() && !is_down {
            self.down.insert(instance.to_owned());
        }
        self.has_views.get_or_insert(!views.is_empty());
        let key = format!("{video},{instance}");
        let now = format!("{displayed_views},{views}");
        let is_same = self.views_of(&key) == now;
        if !is_same {
            self.views.insert(key, now);
        }
        !is_first && is_same && watching == "0" && displayed == if is_down { "" } else { "0" }
    }

    /// Whether an instance displays nothing in an implied row; else it displays 0.
    fn is_down(&self, instance: &str) -> bool {
        self.down.contains(instance)
    }

    /// The numbers of views in an implied row, as they stand in the file.
    fn views_of(&self, key: &str) -> &str {
        let at_first = if self.has_views == Some(false) { "," } else { "0,0" };
        self.views.get(key).map_or(at_first, String::as_str)
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
            let video = &federation.videos[id.index()].name;
            for instance in federation.showing(id) {
                let instance = &federation.instances[instance.index()].name;
                // names need no quotes
                let start = format!("{common}{time_ms},{video},{instance},");
                let values = match left.strip_prefix(&start).map(|rest| rest.split_once('\n')) {
                    Some(given) => {
                        let (values, behind) = given.ok_or_else(misplaced)?;
                        left = behind;
                        values.to_owned()
                    }
                    None => {
                        let displayed = if implied.is_down(instance) { "" } else { "0" };
                        format!("{displayed},0,{}", implied.views_of(&format!("{video},{instance}")))
                    }
                };
                let cells: Vec<&str> = values.split(',').collect();
                let &[displayed, watching, displayed_views, views] = &cells[..] else {
                    return Err(misplaced());
                };
                implied.implies([&time_ms, video, instance, displayed, watching, displayed_views, views]);
                writeln!(out, "{start}{values}")?;
            }
        }
        if time_of(left).as_ref() == Some(&time_ms) {
            return Err(misplaced());
        }
    }
    Ok(())
}
