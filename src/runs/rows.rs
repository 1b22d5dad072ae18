//! What rows a run can write: those of a cell are held against their schema, their scenario and each other before anything
//! believes them.

use crate::foundation::text::one_line;
use crate::mechanism::activity::Kind;
use crate::metrics::definitions::{DEFINITIONS, Definition};
use crate::runs::CellRecord;
use crate::runs::cell::MetricValue;
use crate::runs::record_rows::ALL_KINDS;
use crate::runs::records::{
    ColumnType, RECORD_FILES, RecordFile, SUMMARY, column_type, common, summary_rows,
};
use crate::scenario::Scenario;
use std::collections::BTreeSet;

/// Whole numbers of records, but seeds, are no larger: sums of such still fit.
const WHOLE_MAX: u64 = 1 << 53;

/// What names and times in the records of a scenario can be.
pub(super) struct ScenarioNames<'a> {
    instances: BTreeSet<&'a str>,
    listings: BTreeSet<String>,
    end_ms: u64,
}

/// Finds rows that are there twice, in the memory of those that begin with the same cell.
pub(super) struct UniqueKeys {
    is_time: bool,
    first: Option<String>,
    firsts: BTreeSet<String>,
    rest: BTreeSet<String>,
}

impl UniqueKeys {
    /// Of the rows of one cell, whose first column is a time or a name.
    fn new(is_time: bool) -> UniqueKeys {
        UniqueKeys { is_time, first: None, firsts: BTreeSet::new(), rest: BTreeSet::new() }
    }

    /// Of the rows of one cell in a file.
    pub(super) fn of(file: &RecordFile) -> UniqueKeys {
        UniqueKeys::new(column_type(file.columns[0]) == ColumnType::Whole)
    }

    /// Whether a row with this key is the first; rows whose keys begin alike stand together.
    pub(super) fn is_first<'a>(&mut self, mut key: impl Iterator<Item = &'a str>) -> bool {
        let first = key.next().unwrap_or_default();
        if self.first.as_deref() != Some(first) {
            // a time is larger than those before it, a name is another
            let is_new = match self.is_time {
                true => whole(first) > self.first.as_deref().and_then(whole),
                false => self.firsts.insert(first.to_owned()),
            };
            if !is_new {
                return false;
            }
            self.first = Some(first.to_owned());
            self.rest.clear();
        }
        self.rest.insert(key.collect::<Vec<_>>().join("\n"))
    }
}

impl<'a> ScenarioNames<'a> {
    /// Of a scenario: that of a point, if there is a sweep.
    pub(super) fn of(scenario: &'a Scenario) -> ScenarioNames<'a> {
        ScenarioNames {
            instances: scenario.instances.iter().map(|instance| &instance.name[..]).collect(),
            listings: scenario.listings().into_iter().collect(),
            end_ms: scenario.end.latest().ms(),
        }
    }

    /// Whether a column can hold this.
    pub(super) fn can_be(&self, column: &str, cell: &str) -> bool {
        match (column_type(column), column) {
            (_, "instance" | "follower" | "sender" | "receiver") => self.instances.contains(cell),
            (_, "video" | "catalogue") => self.listings.contains(cell),
            (_, "kind") => cell == ALL_KINDS || Kind::ALL.iter().any(|kind| kind.name() == cell),
            (_, "direction") => ["in", "out"].contains(&cell),
            (_, "removed") => ["true", "false"].contains(&cell),
            (ColumnType::Text, _) => {
                !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            }
            (ColumnType::Real, _) => cell
                .parse::<f64>()
                .is_ok_and(|share| (0.0..=1.0).contains(&share) && share.to_string() == cell),
            (_, "displayed_viewers") if cell.is_empty() => true,
            // nobody tells followers of views
            (
                _,
                "displayed_views" | "true_views" | "origin_views" | "follower_true_views" | "follower_views",
            ) if cell.is_empty() => true,
            (_, "score") => cell.parse::<i64>().is_ok_and(|score| score.to_string() == cell),
            (_, "time_ms" | "bucket_start_ms") => whole(cell).is_some_and(|ms| ms <= self.end_ms),
            (ColumnType::Whole, _) => whole(cell).is_some(),
        }
    }
}

/// A whole number as records have it.
fn whole(cell: &str) -> Option<u64> {
    let number = cell.parse::<u64>().ok().filter(|number| *number <= WHOLE_MAX)?;
    // no sign, no zero before it
    (number.to_string() == cell).then_some(number)
}

/// Holds the record of a cell against the schema; `scenario` is that of its point.
///
/// # Errors
/// What no run can write, in a fragment.
pub(super) fn check(record: &CellRecord, scenario: &Scenario) -> Result<(), String> {
    check_metrics(&record.metrics)?;
    if let Some(name) = record.rows.keys().find(|name| RecordFile::named(name).is_none()) {
        return Err(format!("has rows of `{}`, which is no file of records", one_line(name)));
    }
    if record.ran.protocol != record.spec.protocol {
        return Err(format!("says how another column, `{}`, ran", one_line(&record.ran.protocol)));
    }
    let known = ScenarioNames::of(scenario);
    for file in &RECORD_FILES {
        let rows = record.rows.get(file.name).ok_or_else(|| format!("has no rows of {}", file.name))?;
        if file.name == SUMMARY {
            if *rows != summary_rows(&record.spec, &record.metrics) {
                return Err(format!("has other metrics in the rows of {SUMMARY} than beside them"));
            }
            continue;
        }
        check_rows(file, record, rows, &known).map_err(|problem| format!("{}: {problem}", file.name))?;
    }
    Ok(())
}

fn check_metrics(metrics: &[MetricValue]) -> Result<(), String> {
    let mut rest = DEFINITIONS.iter();
    for MetricValue { name, unit, value } in metrics {
        // all are in the order of their definitions
        let Some(definition) = rest.by_ref().find(|definition| definition.name == name) else {
            return Err(match Definition::named(name) {
                Some(_) => format!("has the metric {name} twice, or not in its place"),
                None => format!("has `{}`, which is no metric", one_line(name)),
            });
        };
        let number = value.parse::<f64>().ok().filter(|number| definition.can_be(*number));
        let is_written_so = number.is_some_and(|number| match definition.is_count() {
            true => value.parse::<u64>().is_ok_and(|count| count.to_string() == *value),
            false => number.to_string() == *value,
        });
        if !is_written_so || unit != definition.unit {
            return Err(format!("has {name} {} {}, which no run can write", one_line(value), one_line(unit)));
        }
    }
    let is_missing = |definition: &&Definition| {
        definition.is_count() && !metrics.iter().any(|metric| metric.name == definition.name)
    };
    match DEFINITIONS.iter().find(is_missing) {
        Some(missing) => Err(format!("lacks the metric {}", missing.name)),
        None => Ok(()),
    }
}

fn check_rows(
    file: &RecordFile,
    record: &CellRecord,
    rows: &str,
    known: &ScenarioNames<'_>,
) -> Result<(), String> {
    let common = common(&record.spec);
    let width = common.len() + file.columns.len();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(rows.as_bytes());
    let mut once = UniqueKeys::of(file);
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        if row.len() != width {
            return Err(format!("row {line} has {} cells, not {width}", row.len()));
        }
        if let Some(at) = common.iter().zip(&row).position(|(expected, cell)| expected != cell) {
            return Err(format!("row {line} belongs to something else: `{}`", one_line(&row[at])));
        }
        let cells = || row.iter().skip(common.len());
        if let Some((column, cell)) =
            file.columns.iter().zip(cells()).find(|(column, cell)| !known.can_be(column, cell))
        {
            return Err(format!("row {line} has {column} `{}`, which no run can write", one_line(cell)));
        }
        if !once.is_first(cells().take(file.key)) {
            return Err(format!("row {line} is there twice, or not in its place"));
        }
    }
    // what ends within a row was cut off
    if rows.is_empty() || rows.ends_with('\n') { Ok(()) } else { Err("its last row has no end".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_there_once() {
        let mut once = UniqueKeys::new(true);
        let mut first = |key: &str| once.is_first(key.split(','));
        for (key, is_first) in [
            ("0,clip,a", true),
            ("0,clip,b", true),
            ("0,clip,a", false),
            ("10,clip,a", true),
            ("9,clip,c", false),
            ("10,clip,a", false),
            ("20,clip,a", true),
        ] {
            assert_eq!(first(key), is_first, "{key}");
        }
        let mut once = UniqueKeys::new(false);
        let mut first = |key: &str| once.is_first(key.split(','));
        assert!(first("viewer,1,0") && first("viewer,1,0.5") && first("total,1,0"));
        assert!(!first("viewer,1,1") && !first("total,1,0"));
    }

    #[test]
    fn whole_numbers_are_written_in_one_way() {
        for (cell, number) in [
            ("0", Some(0)),
            ("17", Some(17)),
            ("-1", None),
            ("+1", None),
            ("01", None),
            ("1e3", None),
            ("", None),
        ] {
            assert_eq!(whole(cell), number, "{cell}");
        }
        assert_eq!(whole("18446744073709551615"), None);
    }
}
