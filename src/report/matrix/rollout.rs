//! The results of a roll-out: its steps as tables, and which of them are worse than nobody upgrading.

use super::answer::title;
use super::measures::{
    BYTES, FOLLOWERS_ERROR, INCOMPATIBLE, JUDGED, SEEN_ERROR, WRONG_ZEROS, by_column, header, margins_worse,
    record, shown,
};
use crate::intervals::Table;
use crate::report::table::{Style, align_right, empty};
use crate::runs::mixtures::{By, Order, Rollout, Step};
use crate::runs::reading::{ReadError, Records};
use crate::runs::summary::SummarySource;
use crate::scenario::Scenario;
use std::collections::BTreeMap;

/// What a table shows of each order.
pub(super) const SHOWN: [(&str, &str); 4] = [
    (BYTES, "bytes"),
    (SEEN_ERROR, "seen error"),
    (FOLLOWERS_ERROR, "followers off by"),
    (WRONG_ZEROS, "at 0"),
];

/// What a roll-out came to.
pub struct RolloutResults<'a> {
    pub(super) rollout: &'a Rollout,
    pub(super) values: Table,
    incompatible: BTreeMap<String, usize>,
    scenario: &'a Scenario,
}

impl<'a> RolloutResults<'a> {
    /// Those in the records of its run.
    ///
    /// # Errors
    /// If the records cannot be read.
    pub fn read(
        rollout: &'a Rollout,
        scenario: &'a Scenario,
        records: &mut Records,
    ) -> Result<RolloutResults<'a>, ReadError> {
        let values = records.summary(SummarySource::Run)?;
        Ok(RolloutResults {
            rollout,
            values,
            incompatible: by_column(scenario.incompatible_follows()),
            scenario,
        })
    }

    /// The tables, and what is worse than nobody upgrading.
    pub fn text(&self) -> String {
        let Rollout { from, to, followers, visits, .. } = self.rollout;
        let mut text = format!("{}: from {from} to {to}, {followers} followers\n", self.scenario.name);
        for by in self.kinds() {
            let (of, all) = match by {
                By::Number => ("followers, in an order that is drawn", *followers as u64),
                By::Size => ("visits at followers, the largest first", *visits),
            };
            for order in Order::ALL {
                let title = words(order).to_uppercase();
                text += &format!("\n{title}, by {of} (of {all})\n{}\n", self.table(by, order));
            }
        }
        if *visits == 0 {
            text += "\nNobody watches at a follower: there is no roll-out by size.\n";
        }
        if !self.incompatible.is_empty() {
            text += &format!("\n{INCOMPATIBLE}\n");
        }
        text + "\n" + &self.answer()
    }

    fn kinds(&self) -> impl Iterator<Item = By> {
        let has_size = self.rollout.visits > 0;
        By::ALL.into_iter().filter(move |by| *by == By::Number || has_size)
    }

    fn table(&self, by: By, order: Order) -> String {
        let mut table = empty(Style::Text);
        table.set_header(["upgraded", "followers"].into_iter().chain(SHOWN.map(|(_, title)| title)));
        for step in self.rollout.steps_of(by, order) {
            let names = [format!("{} %", step.share_percent), step.upgraded.to_string()];
            let mark = if self.incompatible.contains_key(&step.column) { "*" } else { " " };
            let cells = SHOWN.map(|(metric, _)| shown(&self.values, &step.column, metric) + mark);
            table.add_row(names.into_iter().chain(cells));
        }
        align_right(&mut table, 0);
        table.trim_fmt()
    }

    /// Every step, exact.
    pub fn csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let names = [
            "by",
            "order",
            "share_percent",
            "upgraded_followers",
            "upgraded_visits",
            "column",
            "incompatible_pairs",
        ];
        let names = names.map(str::to_owned).into_iter();
        writer.write_record(names.chain(header(&self.values))).expect("memory takes everything");
        for step in &self.rollout.steps {
            let pairs = self.incompatible.get(&step.column).copied().unwrap_or(0);
            let names = [
                step.by.name().to_owned(),
                step.order.name().to_owned(),
                step.share_percent.to_string(),
                step.upgraded.to_string(),
                step.visits.to_string(),
                step.column.clone(),
                pairs.to_string(),
            ];
            let cells = names.into_iter().chain(record(&self.values, &step.column));
            writer.write_record(cells).expect("memory takes everything");
        }
        writer.into_inner().expect("memory takes everything")
    }

    /// Each way of upgrading: how bad it becomes, and at which steps it is worse than nobody upgrading.
    fn answer(&self) -> String {
        let mut text = title(self.values.replications());
        for by in self.kinds() {
            for order in Order::ALL {
                let of = match by {
                    By::Number => "number",
                    By::Size => "size",
                };
                text += &format!("  {}, by {of}\n", words(order));
                text.extend(JUDGED.iter().filter_map(|judged| self.line(by, order, *judged)));
            }
        }
        text
    }

    /// A metric over the steps of one kind; none if it has no value or is 0 all the time.
    fn line(&self, by: By, order: Order, (metric, name): (&str, &str)) -> Option<String> {
        let steps: Vec<&Step> = self.rollout.steps_of(by, order).collect();
        let mean = |step: &Step| Some(self.values.mean(0, &step.column, metric)?.mean);
        let worst = steps.iter().filter_map(|step| Some((mean(step)?, *step)));
        // of equal ones the first
        let (most, worst) = worst.reduce(|one, other| if other.0 > one.0 { other } else { one })?;
        if most <= 0.0 {
            return None;
        }
        let nobody = self.rollout.nobody();
        let is_worse = |step: &&&Step| margins_worse(&self.values, metric, &step.column, nobody).is_some();
        let shares: Vec<u64> = steps.iter().filter(is_worse).map(|step| step.share_percent).collect();
        let verdict = match &shares[..] {
            [] => "not worse than nobody at any step".to_owned(),
            shares => format!("worse than nobody at {} %", runs(shares)),
        };
        let mark = |column: &str| if self.incompatible.contains_key(column) { "*" } else { "" };
        let shown = |column: &str| shown(&self.values, column, metric) + mark(column);
        Some(format!(
            "    {name}: {} with nobody, at worst {} ({} %), {} with everybody; {verdict}\n",
            shown(nobody),
            shown(&worst.column),
            worst.share_percent,
            shown(self.everybody()),
        ))
    }

    /// The column in which everybody has upgraded.
    fn everybody(&self) -> &str {
        let last = self.rollout.steps_of(By::Number, Order::OriginFirst).last();
        &last.expect("a roll-out ends with everybody").column
    }
}

/// Steps of a roll-out, of which those in a row are a range.
fn runs(shares: &[u64]) -> String {
    let ranges: Vec<String> = shares
        .chunk_by(|one, next| next - one == 10)
        .map(|range| match range {
            [one] => one.to_string(),
            _ => format!("{} to {}", range[0], range[range.len() - 1]),
        })
        .collect();
    ranges.join(", ")
}

/// An order for people.
pub(super) fn words(order: Order) -> &'static str {
    match order {
        Order::OriginFirst => "origin first",
        Order::FollowersFirst => "followers first",
    }
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn steps_in_a_row_are_a_range() {
        assert_eq!(runs(&[0, 10, 20, 50, 70, 80]), "0 to 20, 50, 70 to 80");
    }
}
