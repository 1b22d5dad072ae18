//! CSV tables as people have them: columns in any order and any letter case, cells between commas, semicolons or tabs.
//!
//! Columns that nothing is read from are ignored, and named once in a warning. Numbers have a decimal point. Whatever is wrong
//! has its line and the name of its column. Nothing here knows what a table is for.

use crate::scenario::data::files::{DataFile, NOT_UTF8};
use crate::scenario::data::json::member;
use crate::scenario::data::lines::Lines;
use crate::scenario::problem::{Place, Problems, Spot, meant, nearest, shortened, shown};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What may separate cells; where a header has as many of several, the first of them does.
const SEPARATORS: [u8; 3] = *b",;\t";
/// So many columns are named in a message.
const NAMED_MAX: usize = 5;

/// A column that is read: its name, and others that it has in the wild.
pub(crate) struct Column {
    name: &'static str,
    aliases: &'static [&'static str],
    is_required: bool,
}

impl Column {
    /// A column without which a table cannot be read.
    pub(crate) const fn required(name: &'static str) -> Column {
        Column { name, aliases: &[], is_required: true }
    }

    /// A column that may be absent.
    pub(crate) const fn optional(name: &'static str) -> Column {
        Column { name, aliases: &[], is_required: false }
    }

    /// The same with other names.
    pub(crate) const fn or(self, aliases: &'static [&'static str]) -> Column {
        Column { aliases, ..self }
    }

    /// Its names, its own first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// What a JSON object has in place of it, and under which name; `null` is an empty cell.
    pub(crate) fn member(&self, object: &Map<String, Value>) -> Option<(&'static str, String)> {
        self.names().find_map(|name| match object.get(name) {
            Some(Value::Null) => Some((name, String::new())),
            _ => Some((name, member(object, name)?)),
        })
    }

    fn is_called(&self, name: &str) -> bool {
        self.names().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Where it stands in a header, and under which name; its own goes first.
    fn position(&self, header: &[String]) -> Option<(usize, &'static str)> {
        self.names().find_map(|name| {
            let position = header.iter().position(|cell| cell.eq_ignore_ascii_case(name));
            position.map(|position| (position, name))
        })
    }
}

/// The first row of a table.
pub(crate) struct Header<'a> {
    columns: &'a [Column],
    /// All names, as they are written.
    pub(crate) names: Vec<String>,
    /// Where each of `columns` stands, and under which name.
    positions: Vec<Option<(usize, &'static str)>>,
}

/// A later row.
pub(crate) struct Row<'a> {
    pub(crate) place: Place,
    header: &'a Header<'a>,
    /// As many as the header has.
    pub(crate) cells: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    /// The cell of a column, if the table has the column.
    pub(crate) fn text(&self, column: &str) -> Option<&'a str> {
        self.cells.get(self.position(column)?.0)
    }

    /// Where a cell stands: the line, and the column by the name that the table has for it.
    pub(crate) fn at(&self, column: &'static str) -> Spot<'static> {
        Spot { place: self.place, path: self.position(column).map_or(column, |(_, name)| name) }
    }

    /// Notes that a cell is not what it should be.
    pub(crate) fn wrong(&self, column: &'static str, expects: &str, problems: &mut Problems) {
        let cell = self.text(column).unwrap_or_default();
        problems.at(self.at(column), format!("{} is not {expects}", shown(cell)));
    }

    /// The same for a cell with a number.
    pub(crate) fn wrong_number(&self, column: &'static str, expects: &str, problems: &mut Problems) {
        let cell = self.text(column).unwrap_or_default();
        problems.at(self.at(column), no_number(cell, expects));
    }

    fn position(&self, column: &str) -> Option<(usize, &'static str)> {
        let index = self.header.columns.iter().position(|known| known.name == column)?;
        self.header.positions[index]
    }
}

/// Why text is not the number that is expected.
pub(crate) fn no_number(text: &str, expects: &str) -> String {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_comma = text.split_once(',').is_some_and(|(before, behind)| {
        let whole = before.trim_start_matches('-').split('.').all(digits);
        whole && digits(behind)
    });
    let remedy = if has_comma { "; write a decimal point, and no comma" } else { "" };
    format!("{} is not {expects}{remedy}", shown(text))
}

/// Hands every row of a table to `take`, after a look at its header. Stops when problems are no longer told.
pub(crate) fn rows(
    file: &DataFile,
    columns: &[Column],
    problems: &mut Problems,
    mut take: impl FnMut(&Row<'_>, &mut Problems) -> Option<()>,
) {
    let Some(header) = header_of(file, columns, problems) else { return };
    warn_of_ignored(file, &header, problems);
    all_rows(file, &header, problems, |row, problems| {
        take(row, problems);
    });
}

/// The header of a table, if it has all that is needed.
pub(crate) fn header_of<'a>(
    file: &DataFile,
    columns: &'a [Column],
    problems: &mut Problems,
) -> Option<Header<'a>> {
    let mut told = |message: String| problems.add(file.line(1), "", message);
    let names = match names(&mut reader(file)) {
        Ok(names) => names,
        Err(error) => {
            told(unreadable(&error));
            return None;
        }
    };
    let positions: Vec<_> = columns.iter().map(|column| column.position(&names)).collect();
    if let Some((column, _)) =
        columns.iter().zip(&positions).find(|(column, position)| column.is_required && position.is_none())
    {
        let required = columns.iter().filter(|column| column.is_required).map(|column| column.name);
        let optional = columns.iter().filter(|column| !column.is_required);
        let is_read = |name: &&String| columns.iter().any(|column| column.is_called(name));
        let others: Vec<String> =
            names.iter().filter(|name| !is_read(name)).map(|name| shortened(name)).collect();
        let remedy = match &others[..] {
            [] => String::new(),
            _ => nearest(column.name, others.iter().map(String::as_str)),
        };
        told(format!(
            "has no column `{}`; it needs {}{}{remedy}",
            column.name,
            required.collect::<Vec<_>>().join(","),
            optional.map(|column| format!("[,{}]", column.name)).collect::<String>(),
        ));
        return None;
    }
    for &(position, name) in positions.iter().flatten() {
        if names[position + 1..].iter().any(|other| other.eq_ignore_ascii_case(name)) {
            told(format!("has the column `{name}` twice"));
            return None;
        }
    }
    Some(Header { columns, names, positions })
}

/// Warns of the columns that nothing is read from.
fn warn_of_ignored(file: &DataFile, header: &Header<'_>, problems: &mut Problems) {
    let is_read = |position: usize| header.positions.iter().flatten().any(|read| read.0 == position);
    let ignored: Vec<&String> =
        (0..).zip(&header.names).filter(|(at, _)| !is_read(*at)).map(|of| of.1).collect();
    if ignored.is_empty() {
        return;
    }
    let mut names: Vec<String> = ignored.iter().take(NAMED_MAX).map(|name| shown(name)).collect();
    if ignored.len() > NAMED_MAX {
        names.push(format!("{} more", ignored.len() - NAMED_MAX));
    }
    let absent = header.columns.iter().zip(&header.positions).filter(|(_, position)| position.is_none());
    let absent: Vec<&str> = absent.map(|(column, _)| column.name).collect();
    let slip = ignored.iter().find_map(|name| meant(name, absent.iter().copied()));
    let remedy = slip.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    let message = format!("has columns that nothing is read from: {}{remedy}", names.join(", "));
    problems.warn(Spot { place: file.line(1), path: "" }, message);
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
    let names = match names(&mut reader(file)) {
        Ok(names) => names,
        Err(error) => return problems.add(file.line(1), "", unreadable(&error)),
    };
    let columns = names.get(1..).unwrap_or_default();
    let known: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    if columns.is_empty() || known.len() < columns.len() {
        let message = format!(
            "has the header {}; it needs the columns from,to,ms, or in a square table each place once",
            shown(&names.join(","))
        );
        return problems.add(file.line(1), "", message);
    }
    let header = Header { columns: &[], positions: Vec::new(), names: names.clone() };
    all_rows(file, &header, problems, |row, problems| {
        let from = row.cells.get(0).unwrap_or_default();
        if !known.contains(from) {
            let message = format!(
                "is the row of {}, which is no column; a square table has the same places in its first row and column, other tables have the columns from,to,ms",
                shown(from)
            );
            return problems.add(row.place, "", message);
        }
        for (to, text) in columns.iter().zip(row.cells.iter().skip(1)) {
            // a cell that is wrong has said so
            take((from, to), text, Spot { place: row.place, path: to }, problems);
        }
    });
}

fn reader(file: &DataFile) -> csv::Reader<&[u8]> {
    let content = file.content();
    let mut builder = csv::ReaderBuilder::new();
    builder.trim(csv::Trim::All).flexible(true).delimiter(separator(content)).from_reader(content)
}

/// The separator that stands most often in the first line that is not empty, outside of quotes.
fn separator(content: &[u8]) -> u8 {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start = content.iter().position(|byte| !is_end(byte)).unwrap_or(content.len());
    let line = content[start..].split(is_end).next().unwrap_or_default();
    let outside = || line.split(|&byte| byte == b'"').step_by(2).flatten();
    let count = |separator: u8| outside().filter(|&&byte| byte == separator).count();
    // of equals the last is the maximum
    SEPARATORS.into_iter().rev().max_by_key(|&separator| count(separator)).unwrap_or(b',')
}

fn names(reader: &mut csv::Reader<&[u8]>) -> csv::Result<Vec<String>> {
    Ok(reader.headers()?.iter().map(str::to_owned).collect())
}

/// Hands every row after the header to `take`, but those without any text. Stops when problems are no longer told.
pub(crate) fn all_rows(
    file: &DataFile,
    header: &Header<'_>,
    problems: &mut Problems,
    mut take: impl FnMut(&Row<'_>, &mut Problems),
) {
    each_row(file, header, |row| {
        match row {
            Ok(row) => take(&row, problems),
            Err(wrong) => problems.add(wrong.place, "", wrong.message),
        }
        !problems.full()
    });
}

/// A row that cannot be read.
pub(crate) struct WrongRow {
    pub(crate) place: Place,
    /// More than one if quotes hold them together: there may be rows among them.
    pub(crate) lines: u32,
    pub(crate) message: String,
}

/// Hands every row after the header to `take`, but those without any text, or what is wrong with it, while that returns true.
pub(crate) fn each_row(
    file: &DataFile,
    header: &Header<'_>,
    mut take: impl FnMut(Result<Row<'_>, WrongRow>) -> bool,
) {
    let (mut reader, mut lines) = (reader(file), Lines::new(file.content()));
    let position = |reader: &csv::Reader<_>| usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
    // the header has been read once without a mistake
    let _ = reader.headers();
    let mut cells = csv::StringRecord::new();
    loop {
        // the ends of lines before a record count as part of it
        let start = position(&reader);
        let place = file.line(lines.of_next_text(start));
        let outcome = reader.read_record(&mut cells);
        if matches!(outcome, Ok(false)) {
            return;
        }
        let text = file.content().get(start..position(&reader)).unwrap_or_default().trim_ascii();
        let lines = Lines::new(text).at(text.len());
        let wrong = match outcome {
            Err(error) => Some(unreadable(&error)),
            Ok(_) if lines > 1 && text.iter().filter(|byte| **byte == b'"').count() % 2 == 1 => {
                Some(format!("has a quote that is never closed, so that {lines} lines are one row"))
            }
            Ok(_) if cells.iter().all(str::is_empty) => continue,
            Ok(_) if cells.len() != header.names.len() => {
                Some(format!("has {} cells; the header has {}", cells.len(), header.names.len()))
            }
            Ok(_) => None,
        };
        let row = match wrong {
            None => Ok(Row { place, header, cells: &cells }),
            Some(message) => Err(WrongRow { place, lines, message }),
        };
        if !take(row) {
            return;
        }
    }
}

fn unreadable(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => NOT_UTF8.to_owned(),
        _ => format!("is not CSV: {error}"),
    }
}
