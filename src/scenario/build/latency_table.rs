//! Latencies between places from a CSV file: a row per pair (`from,to,ms`), or a square table with the places in its first row
//! and column.
//!
//! Figures are milliseconds, there and back or one way. A round trip that is given for one direction holds for both. Places that
//! no instance stands in are checked and not kept, so that what is kept is a square of the places in use.

use crate::foundation::units::Span;
use crate::mechanism::network::PlacePair;
use crate::scenario::data::{self, Column, DataFile, Row};
use crate::scenario::problem::{Problems, Spot, nearest, shown};
use crate::scenario::quantity;
use crate::scenario::shape::Form;
use std::collections::{BTreeMap, BTreeSet};

/// A file has at most this many places.
const PLACES_MAX: usize = 2_000;
/// No figure is longer: no tool that measures latencies waits longer for an answer.
const LONGEST_MS: f64 = 60_000.0;
/// No standard deviation of a logarithm is larger.
const SIGMA_MAX: f64 = 3.0;
/// So many missing pairs are named.
const NAMED_MAX: usize = 5;
/// The columns of a table with a row per pair.
const COLUMNS: [Column; 7] = [
    Column::required("from"),
    Column::required("to"),
    Column::required("ms"),
    Column::optional("sigma"),
    Column::optional("p90"),
    Column::optional("p95"),
    Column::optional("p99"),
];
/// The columns with quantiles, and the standard normal quantiles at them.
const QUANTILES: [(&str, f64); 3] =
    [("p90", 1.281_551_565_544_600_5), ("p95", 1.644_853_626_951_472_7), ("p99", 2.326_347_874_040_841)];

/// What the figures of a file are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Figures {
    /// The time there and back.
    RoundTrip,
    /// The time one way.
    OneWay,
}

/// The places in use and what has been read of them.
struct Table<'a> {
    figures: Figures,
    /// The places in use, with their numbers; instances without one have the empty name.
    used: BTreeMap<&'a str, usize>,
    /// By sender, then receiver: the figure in ms, and the standard deviation if the file says it.
    cells: Vec<Option<(f64, Option<f64>)>>,
    /// All places of the file.
    named: BTreeSet<String>,
}

/// Reads the file that is named at `spot`: the latency of every pair of the places in use, by sender, then receiver. A place to
/// itself has `within` there and back, and a pair `sigma`, unless the file says otherwise.
pub(super) fn read(
    file: &DataFile,
    figures: Figures,
    used: &[String],
    (within, sigma): (Span, f64),
    spot: Spot<'_>,
    problems: &mut Problems,
) -> Option<Vec<PlacePair>> {
    let numbers = used.iter().enumerate().map(|(number, name)| (&name[..], number)).collect();
    let cells = vec![None; used.len() * used.len()];
    let mut table = Table { figures, used: numbers, cells, named: BTreeSet::new() };
    let is_list = data::header(file).is_some_and(|names| {
        ["from", "to"].iter().all(|end| names.iter().any(|name| name.eq_ignore_ascii_case(end)))
    });
    if is_list {
        data::rows(file, &COLUMNS, problems, |row, problems| table.row(row, problems));
    } else {
        data::square(file, problems, |ends, text, spot, problems| table.cell(ends, text, spot, problems));
    }
    if !problems.is_empty() {
        return None;
    }
    if table.named.len() > PLACES_MAX {
        let message = format!("has more than {PLACES_MAX} places");
        problems.at(spot, message);
        return None;
    }
    table.complete(used, (within, sigma), spot, problems)
}

impl Table<'_> {
    /// A row `from,to,ms`.
    fn row(&mut self, row: &Row<'_>, problems: &mut Problems) -> Option<()> {
        let (from, to) = (row.text("from")?, row.text("to")?);
        self.name(from, row.at("from"), problems)?;
        self.name(to, row.at("to"), problems)?;
        let ms = figure(row.text("ms")?, row.at("ms"), problems)?;
        let sigma = self.sigma(row, ms, problems)?;
        self.note((from, to), ms, sigma, row.at("to"), problems)
    }

    /// Notes a place of the file, or a problem with its name.
    fn name(&mut self, name: &str, spot: Spot<'_>, problems: &mut Problems) -> Option<()> {
        if self.named.contains(name) {
            return Some(());
        }
        if !Form::Region.fits(name) {
            problems.at(spot, format!("{} is not {}", shown(name), Form::Region.expects()));
            return None;
        }
        if self.named.len() <= PLACES_MAX {
            self.named.insert(name.to_owned());
        }
        Some(())
    }

    /// The standard deviation of a row, from its own column or from a quantile; `Some(None)` if it has neither.
    fn sigma(&self, row: &Row<'_>, ms: f64, problems: &mut Problems) -> Option<Option<f64>> {
        let is_given = |column: &&str| row.text(column).is_some_and(|text| !text.is_empty());
        let columns = ["sigma", "p90", "p95", "p99"];
        let mut given = columns.iter().filter(|column| is_given(column));
        let Some(&column) = given.next() else { return Some(None) };
        if let Some(other) = given.next() {
            problems.at(
                row.at(column),
                format!("stands beside `{other}`; one of them says how far latencies lie apart"),
            );
            return None;
        }
        let text = row.text(column)?;
        let Some((_, z)) = QUANTILES.iter().find(|(name, _)| *name == column) else {
            let sigma = quantity::number(text).filter(|sigma| (0.0..=SIGMA_MAX).contains(sigma));
            if sigma.is_none() {
                row.wrong_number(
                    column,
                    &format!("a standard deviation of the logarithm, from 0 to {SIGMA_MAX}"),
                    problems,
                );
            }
            return Some(Some(sigma?));
        };
        let quantile = figure(text, row.at(column), problems)?;
        let of_figures = libm::log(quantile / ms) / z;
        let sigma = match self.figures {
            Figures::OneWay => of_figures,
            // two ways that are drawn apart vary less, together, than each alone
            Figures::RoundTrip => libm::log1p(2.0 * libm::expm1(of_figures * of_figures)).sqrt(),
        };
        if of_figures < 0.0 || !(0.0..=SIGMA_MAX).contains(&sigma) {
            let message = format!("{} is too far from the median of {ms} ms, or below it", shown(text));
            problems.at(row.at(column), message);
            return None;
        }
        Some(Some(sigma))
    }

    /// A cell of a square table. A place to itself may have none, written as nothing or a dash.
    fn cell(
        &mut self,
        (from, to): (&str, &str),
        text: &str,
        spot: Spot<'_>,
        problems: &mut Problems,
    ) -> Option<()> {
        self.name(from, spot, problems)?;
        self.name(to, spot, problems)?;
        if matches!(text, "" | "-" | "\u{2013}" | "\u{2014}") {
            return Some(());
        }
        let ms = figure(text, spot, problems)?;
        self.note((from, to), ms, None, spot, problems)
    }

    fn note(
        &mut self,
        (from, to): (&str, &str),
        ms: f64,
        sigma: Option<f64>,
        spot: Spot<'_>,
        problems: &mut Problems,
    ) -> Option<()> {
        let place = self.used.get(from)? * self.used.len() + self.used.get(to)?;
        if self.cells[place].replace((ms, sigma)).is_some() {
            problems.at(spot, format!("has the figure from {} to {} a second time", shown(from), shown(to)));
        }
        Some(())
    }

    /// All pairs of the places in use; or which are missing.
    fn complete(
        self,
        used: &[String],
        (within, sigma): (Span, f64),
        spot: Spot<'_>,
        problems: &mut Problems,
    ) -> Option<Vec<PlacePair>> {
        let count = used.len();
        // an instance without a place has been told already
        let is_known: Vec<bool> = used.iter().map(|name| self.named.contains(name)).collect();
        for (name, _) in used.iter().zip(&is_known).filter(|(name, is_known)| !name.is_empty() && !**is_known)
        {
            let names = self.named.iter().map(String::as_str);
            problems.at(
                spot,
                format!("has no place {}, in which instances stand{}", shown(name), nearest(name, names)),
            );
        }
        let (mut pairs, mut missing) = (Vec::with_capacity(count * count), Vec::new());
        let half = if self.figures == Figures::RoundTrip { 2.0 } else { 1.0 };
        for (a, from) in used.iter().enumerate() {
            for (b, to) in used.iter().enumerate() {
                let back = self.cells[b * count + a].filter(|_| self.figures == Figures::RoundTrip);
                let median = |ms: f64| Span::from_secs_f64(ms / half / 1e3);
                let cell = self.cells[a * count + b].or(back);
                pairs.push(match cell {
                    Some((ms, own)) => PlacePair { median: median(ms), sigma: own.map_or(sigma, rounded) },
                    None => PlacePair { median: Span::from_us(within.us() / 2), sigma },
                });
                // a round trip that is missing is so for both directions
                let is_first = a < b || self.figures == Figures::OneWay && a != b;
                if cell.is_none() && is_first && is_known[a] && is_known[b] {
                    missing.push((from, to));
                }
            }
        }
        if !missing.is_empty() {
            let name = |(from, to): &(&String, &String)| match self.figures {
                Figures::RoundTrip => format!("between {} and {}", shown(from), shown(to)),
                Figures::OneWay => format!("from {} to {}", shown(from), shown(to)),
            };
            let mut names: Vec<String> = missing.iter().take(NAMED_MAX).map(name).collect();
            if missing.len() > NAMED_MAX {
                names.push(format!("{} pairs more", missing.len() - NAMED_MAX));
            }
            problems.at(spot, format!("has no figure {}; add it", names.join(", ")));
        }
        problems.is_empty().then_some(pairs)
    }
}

/// Standard deviations are kept to the hundredth, so that few tables of quantiles are needed.
fn rounded(sigma: f64) -> f64 {
    libm::round(sigma * 100.0) / 100.0
}

/// A figure in milliseconds, whose unit may stand behind it; or a problem.
fn figure(text: &str, spot: Spot<'_>, problems: &mut Problems) -> Option<f64> {
    let bare = text.strip_suffix("ms").map_or(text, str::trim_end);
    let ms = quantity::number(bare);
    let message = match ms {
        Some(ms) if (0.0..=LONGEST_MS).contains(&ms) => return Some(ms),
        Some(ms) if ms < 0.0 => format!("{} is negative; leave out what was not measured", shown(text)),
        Some(_) => format!("{} is more than a minute; figures are in milliseconds", shown(text)),
        None => data::no_number(text, "a number of milliseconds, such as `43` or `43.2`"),
    };
    problems.at(spot, message);
    None
}
