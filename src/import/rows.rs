//! Rows of a table of others: what cannot be read is left out, or a problem if more than that row may be lost with it.

use crate::import::left_out::{LeftOut, Reason};
use crate::scenario::{Column, DataFile, Place, Problems, Row, each_row, header_of};

/// A table, and the name that it has for people.
pub(super) struct Table<'a> {
    pub(super) name: &'a str,
    pub(super) file: DataFile,
}

impl Table<'_> {
    /// Hands every row to `take`; nothing if a column is missing. Stops when problems are no longer told.
    pub(super) fn rows(
        &self,
        columns: &[Column],
        left_out: &mut LeftOut,
        problems: &mut Problems,
        mut take: impl FnMut(&Row<'_>, &mut LeftOut),
    ) {
        let Some(header) = header_of(&self.file, columns, problems) else { return };
        each_row(&self.file, &header, |row| {
            match row {
                Ok(row) => take(&row, left_out),
                // a quote that is missing joins rows: nobody knows which
                Err(wrong) if wrong.lines > 1 => problems.add(wrong.place, "", wrong.message),
                Err(wrong) => self.leave_out(Reason::Row, wrong.place, "", wrong.message, left_out),
            }
            !problems.full()
        });
    }

    /// Notes what is wrong with the cell of a column.
    pub(super) fn note(
        &self,
        reason: Reason,
        row: &Row<'_>,
        column: &'static str,
        message: String,
        left_out: &mut LeftOut,
    ) {
        let spot = row.at(column);
        self.leave_out(reason, spot.place, spot.path, message, left_out);
    }

    fn leave_out(&self, reason: Reason, place: Place, column: &str, message: String, left_out: &mut LeftOut) {
        left_out.note(reason, self.name, place, column, message);
    }
}
