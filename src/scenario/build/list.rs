//! Instances from a file: a row each, with its host and what else is known of it.

use crate::scenario::build::unknown::unknown;
use crate::scenario::data::{self, Column, DataFile, no_number};
use crate::scenario::host::host;
use crate::scenario::problem::{Place, Problems, Spot, shortened};
use crate::scenario::quantity;
use crate::scenario::shape::Form;
use crate::scenario::value::Checked;
use std::collections::BTreeMap;

const COLUMNS: [Column; 2] = [Column::required("host").or(&["label"]), Column::optional("region")];
/// Numbers of instances, as of users or videos, are at most this.
const NUMBER_MAX: f64 = 1e9;

/// The rows of a list, in order.
pub(crate) struct List {
    /// The names of the columns, fit to be shown.
    columns: Vec<String>,
    rows: Vec<Entry>,
    /// How many inboxes each of the instances has.
    pub(super) inboxes: usize,
}

/// One row.
struct Entry {
    place: Place,
    host: String,
    region: Option<String>,
    cells: csv::StringRecord,
}

/// The list that is named at `at`; or what is wrong with it.
pub(super) fn read(file: &DataFile, at: &Checked, inboxes: u64, problems: &mut Problems) -> Option<List> {
    let header = data::header_of(file, &COLUMNS, problems)?;
    let (mut rows, mut lines) = (Vec::new(), BTreeMap::new());
    let mut is_sound = true;
    data::all_rows(file, &header, problems, |row, problems| {
        let host = host(row.text("host").unwrap_or_default());
        let host = host.and_then(|host| match lines.insert(host.clone(), row.place.line) {
            Some(line) => Err(format!("has the host `{host}` a second time; it is in line {line}, too")),
            None => Ok(host),
        });
        let region = row.text("region").filter(|region| !region.is_empty());
        let is_region = region.is_none_or(|region| Form::Region.fits(region));
        if !is_region {
            row.wrong("region", Form::Region.expects(), problems);
        }
        match host {
            Ok(host) => rows.push(Entry {
                place: row.place,
                host,
                region: region.filter(|_| is_region).map(str::to_owned),
                cells: row.cells.clone(),
            }),
            Err(message) => {
                problems.at(row.at("host"), message);
                is_sound = false;
            }
        }
    });
    if rows.is_empty() && is_sound {
        problems.at(at.spot(), "names a file without an instance");
        is_sound = false;
    }
    let inboxes = usize::try_from(inboxes).unwrap_or(1);
    let columns = header.names.iter().map(|name| shortened(name)).collect();
    is_sound.then_some(List { columns, rows, inboxes })
}

impl List {
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn place(&self, row: usize) -> Place {
        self.rows[row].place
    }

    pub(super) fn host(&self, row: usize) -> &str {
        &self.rows[row].host
    }

    pub(super) fn region(&self, row: usize) -> Option<&str> {
        self.rows[row].region.as_deref()
    }

    /// The position of a column, if there is one of this name, in any letter case.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// The position of the column that is named at `at`; or a problem.
    pub(super) fn column(&self, name: &str, at: Spot<'_>, problems: &mut Problems) -> Option<usize> {
        let found = self.position(name);
        if found.is_none() {
            unknown(at, "column of the list", name, self.columns.iter().map(String::as_str), problems);
        }
        found
    }

    /// Where a cell stands.
    pub(super) fn spot(&self, row: usize, column: usize) -> Spot<'_> {
        Spot { place: self.rows[row].place, path: &self.columns[column] }
    }

    /// A cell.
    pub(super) fn text(&self, row: usize, column: usize) -> &str {
        self.rows[row].cells.get(column).unwrap_or_default()
    }

    /// The number in a cell; or a problem.
    pub(super) fn number(&self, row: usize, column: usize, problems: &mut Problems) -> Option<f64> {
        let text = self.text(row, column);
        let number = quantity::number(text).filter(|number| (0.0..=NUMBER_MAX).contains(number));
        if number.is_none() {
            let message = no_number(text, &format!("a number from 0 to {NUMBER_MAX}"));
            problems.at(self.spot(row, column), message);
        }
        number
    }
}
