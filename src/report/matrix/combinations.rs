//! The results of a matrix: a table per metric with the origin's protocol as row and the followers' as column, and what is worse than
//! everybody at the oldest protocol of a combination.

use super::answer::worse_lines;
use super::measures::{
    BYTES, FOLLOWERS_ERROR, FOLLOWERS_SHOW, INCOMPATIBLE, SEEN_ERROR, THIRD_SHOWS, WRONG_ZEROS, by_column,
    header, record, shown, worse,
};
use super::third;
use crate::intervals::Table;
use crate::report::table::{Style, align_right, empty};
use crate::runs::mixtures::{Combination, Matrix};
use crate::runs::reading::{ReadError, Records};
use crate::runs::summary::SummarySource;
use crate::scenario::Scenario;
use std::collections::BTreeMap;

/// The metrics that have a table, with its title.
pub(super) const TABLES: [(&str, &str); 5] = [
    (BYTES, "BYTES OF ALL VIEW TRAFFIC"),
    (SEEN_ERROR, "ERROR OF THE NUMBER THAT VIEWERS SEE"),
    (WRONG_ZEROS, "SHARE OF TIME AND INSTANCES AT 0 WHILE SOMEBODY WATCHES"),
    (FOLLOWERS_SHOW, "WHAT FOLLOWERS SHOW, MEAN"),
    (FOLLOWERS_ERROR, "HOW FAR FOLLOWERS ARE OFF, IN VIEWERS"),
];

/// What a matrix came to.
pub struct MatrixResults<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) values: Table,
    /// By column: pairs that could not begin to follow each other.
    pub(super) incompatible: BTreeMap<String, usize>,
    scenario: &'a Scenario,
}

impl<'a> MatrixResults<'a> {
    /// Those in the records of its run.
    ///
    /// # Errors
    /// If the records cannot be read.
    pub fn read(
        matrix: &'a Matrix,
        scenario: &'a Scenario,
        records: &mut Records,
    ) -> Result<MatrixResults<'a>, ReadError> {
        let mut values = records.summary(SummarySource::Run)?;
        if let Some(name) = &matrix.third {
            third::add(&mut values, scenario, name, records)?;
        }
        Ok(MatrixResults {
            matrix,
            values,
            incompatible: by_column(scenario.incompatible_follows()),
            scenario,
        })
    }

    /// The tables, and what is worse than not upgrading.
    pub fn text(&self) -> String {
        let mut text =
            format!("{}: rows are the origin's protocol, columns that of followers\n", self.scenario.name);
        for (metric, title) in TABLES {
            text += &format!("\n{title}\n{}\n", self.table(metric));
        }
        if let Some(name) = &self.matrix.third {
            text += &format!(
                "\nWHAT THE THIRD FOLLOWER SHOWS, MEAN: `{name}`, with its own protocol as column; rows are origin, other followers\n{}\n",
                self.third_table()
            );
        }
        if !self.incompatible.is_empty() {
            text += &format!("\n{INCOMPATIBLE}\n");
        }
        text + "\n" + &self.answer()
    }

    fn table(&self, metric: &str) -> String {
        let protocols = &self.matrix.protocols;
        let mut table = empty(Style::Text);
        table.set_header(std::iter::once("").chain(protocols.iter().map(String::as_str)));
        for (origin, name) in protocols.iter().enumerate() {
            let cell = |followers| self.cell(self.matrix.pair(origin, followers), metric);
            table.add_row(std::iter::once(name.clone()).chain((0..protocols.len()).map(cell)));
        }
        align_right(&mut table, 1);
        table.trim_fmt()
    }

    fn third_table(&self) -> String {
        let protocols = &self.matrix.protocols;
        let mut table = empty(Style::Text);
        table.set_header(["", ""].into_iter().chain(protocols.iter().map(String::as_str)));
        for row in self.matrix.combinations.chunks(protocols.len()) {
            let names = [row[0].origin, row[0].followers].map(|at| protocols[at].clone());
            table.add_row(names.into_iter().chain(row.iter().map(|of| self.cell(of, THIRD_SHOWS))));
        }
        align_right(&mut table, 2);
        table.trim_fmt()
    }

    fn cell(&self, of: &Combination, metric: &str) -> String {
        let mark = if self.incompatible.contains_key(&of.column) { "*" } else { " " };
        shown(&self.values, &of.column, metric) + mark
    }

    /// Every combination, exact.
    pub fn csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let names = ["origin", "followers", "third", "column", "incompatible_pairs"].map(str::to_owned);
        writer.write_record(names.into_iter().chain(header(&self.values))).expect("memory takes everything");
        for of in &self.matrix.combinations {
            let name = |at: usize| self.matrix.protocols[at].clone();
            let third = self.matrix.third.as_ref().map_or_else(String::new, |_| name(of.third));
            let pairs = self.incompatible.get(&of.column).copied().unwrap_or(0);
            let names = [name(of.origin), name(of.followers), third, of.column.clone(), pairs.to_string()];
            let cells = names.into_iter().chain(record(&self.values, &of.column));
            writer.write_record(cells).expect("memory takes everything");
        }
        writer.into_inner().expect("memory takes everything")
    }

    /// What is worse than everybody at the oldest protocol of a combination, and which protocol everywhere is worse than the one before.
    fn answer(&self) -> String {
        let against = |of: &Combination| {
            let oldest = of.origin.min(of.followers).min(of.third);
            let is_one = [of.origin, of.followers, of.third].iter().all(|&at| at == oldest);
            let old = if is_one { oldest.checked_sub(1)? } else { oldest };
            let baseline = &self.matrix.pair(old, old).column;
            let name = |at: usize| &self.matrix.protocols[at];
            let who = match (is_one, of.third == of.followers) {
                (true, _) => format!("everybody {}", name(oldest)),
                (_, true) => format!("origin {}, followers {}", name(of.origin), name(of.followers)),
                _ => format!(
                    "origin {}, followers {}, third {}",
                    name(of.origin),
                    name(of.followers),
                    name(of.third)
                ),
            };
            let what = worse(&self.values, &of.column, baseline);
            let mark = if self.incompatible.contains_key(&of.column) { "*" } else { "" };
            Some((format!("{who}{mark}, against everybody {}", name(old)), what))
        };
        let found = self.matrix.combinations.iter().filter_map(against).collect();
        worse_lines(found, self.values.replications(), "matrix.csv")
    }
}
