//! Metrics read back from a `summary.csv`: rows, names, units and numbers are held against what a run can write.

use crate::files::Lines;
use crate::foundation::text::one_line;
use crate::intervals::Table;
use crate::metrics::definitions::{DEFINITIONS, Definition};
use crate::metrics::possible::is_number;
use crate::runs::records::{COMMON, RECORD_FILES};
use crate::scenario::{is_column_name, is_path};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// A file of metrics, which is kept in memory, has at most so many bytes.
pub const SUMMARY_BYTES_MAX: u64 = 512 << 20;
/// No line of records is longer.
pub(super) const LINE_BYTES_MAX: usize = 1 << 20;
/// It has at most so many columns of the comparison, and so many metrics.
const NAMES_MAX: usize = 1_000;

/// Where metrics come from, which decides what is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummarySource {
    /// A run's of this version: each number is one that it can write.
    Run,
    /// Those that the gate judges, of a run: it says of each number whether a run can write it.
    Judged,
    /// The same of a baseline, which may have metrics that are no more.
    Baseline,
}

/// Metrics as they were read.
pub(super) struct Summary {
    pub(super) table: Table,
    /// The first that no run can write, in a sentence.
    pub(super) impossible: Option<String>,
    /// By point and metric, the cells that have it.
    seen: BTreeMap<String, BTreeMap<String, BTreeSet<Cell>>>,
}

/// A column and a replication.
type Cell = (String, u32);

impl Summary {
    /// That no cell is missing, and that each has every metric that counts.
    pub(super) fn check_complete(&self, cells: usize) -> Result<(), String> {
        let none = BTreeSet::new();
        let mut found = 0;
        for metrics in self.seen.values() {
            let counts = || DEFINITIONS.iter().filter(|definition| definition.is_count());
            let of = |definition: &Definition| metrics.get(definition.name).unwrap_or(&none);
            let most = counts().map(of).max_by_key(|cells| cells.len()).unwrap_or(&none);
            if let Some(missing) = counts().find(|definition| of(definition) != most) {
                let column = most.difference(of(missing)).next().map_or("", |(column, _)| column);
                return Err(format!("{} of {column} is missing", missing.name));
            }
            found += most.len();
        }
        if found == cells { Ok(()) } else { Err(format!("it has {found} cells, and the run has {cells}")) }
    }
}

/// The metrics of a `summary.csv`.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn read_summary(bytes: impl Read, whose: SummarySource) -> Result<Table, String> {
    parse_summary(bytes, whose).map(|summary| summary.table)
}

/// The metrics of a `summary.csv`, and what is wrong with them.
///
/// # Errors
/// What is wrong with the file, in a sentence.
pub(super) fn parse_summary(bytes: impl Read, whose: SummarySource) -> Result<Summary, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(Lines::new(bytes, LINE_BYTES_MAX));
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let parameters = parameters(&header)?;
    let width = header.len();
    let metric = COMMON.len() + parameters.len();
    let mut summary = Summary { table: Table::new(parameters), impossible: None, seen: BTreeMap::new() };
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let wrong = |problem: String| format!("line {line}: {problem}");
        if row.len() != width {
            return Err(wrong(format!("it has {} cells, not {width}", row.len())));
        }
        let (protocol, name, unit) = (&row[1], &row[metric], &row[metric + 1]);
        let replication: u32 = row[3].parse().map_err(|_| wrong("no replication".to_owned()))?;
        let value: f64 = row[metric + 2].parse().map_err(|_| wrong("the value is no number".to_owned()))?;
        check_names(protocol, name, unit, whose).map_err(wrong)?;
        let definition = Definition::named(name);
        if !definition.map_or(is_number(value), |definition| definition.can_be(value)) {
            let told = wrong(format!(
                "{name} of {protocol} is {}, which no run can write",
                one_line(&row[metric + 2])
            ));
            if whose == SummarySource::Run {
                return Err(told);
            }
            summary.impossible.get_or_insert(told);
        }
        let point: Vec<String> = (COMMON.len()..metric).map(|at| row[at].to_owned()).collect();
        let metrics = summary.seen.entry(point.join("\n")).or_default();
        let cell = (protocol.to_owned(), replication);
        let is_new = match metrics.get_mut(name) {
            Some(cells) => cells.insert(cell),
            None => metrics.insert(name.to_owned(), BTreeSet::from([cell])).is_none(),
        };
        if !is_new {
            return Err(wrong(format!("{name} of {protocol} is there twice")));
        }
        summary.table.add(&point, protocol, (name, unit), replication, value);
        if summary.table.protocols.len().max(summary.table.metrics.len()) > NAMES_MAX {
            return Err(wrong(format!("there are more than {NAMES_MAX} columns or metrics")));
        }
    }
    Ok(summary)
}

/// What was varied: what stands between the common columns and the metric.
fn parameters(header: &csv::StringRecord) -> Result<Vec<String>, String> {
    for name in COMMON.iter().chain(RECORD_FILES[0].columns) {
        if !header.iter().any(|column| column == *name) {
            return Err(format!("it has no column `{name}`"));
        }
    }
    let names: Vec<&str> = header.iter().collect();
    let names = names.strip_suffix(&["pareto"]).unwrap_or(&names);
    let parameters = names.strip_prefix(&COMMON).and_then(|rest| rest.strip_suffix(RECORD_FILES[0].columns));
    let parameters = parameters.ok_or("its columns are not in the order in which fedisim writes them")?;
    match parameters.iter().find(|path| !is_path(path)) {
        Some(path) => Err(format!("its column `{}` is not one that fedisim writes", one_line(path))),
        None => Ok(parameters.iter().map(|&path| path.to_owned()).collect()),
    }
}

/// Whether a row belongs to a column and a metric that there can be.
fn check_names(protocol: &str, metric: &str, unit: &str, whose: SummarySource) -> Result<(), String> {
    if !is_column_name(protocol) {
        return Err(format!("`{}` is not the name of a column", one_line(protocol)));
    }
    match Definition::named(metric) {
        Some(definition) if definition.unit != unit => {
            Err(format!("{metric} of {protocol} is in {}, and not in `{}`", definition.unit, one_line(unit)))
        }
        None if whose != SummarySource::Baseline || !is_path(metric) || !is_word(unit) => {
            Err(format!("`{}` is no metric", one_line(metric)))
        }
        _ => Ok(()),
    }
}

fn is_word(text: &str) -> bool {
    text.len() <= 63 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte))
}
