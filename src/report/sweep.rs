//! The table of a sweep: a row per point and column of the comparison, and what is cheapest for an error.

use crate::intervals::{Estimate, Table as Values};
use crate::metrics::definitions::Definition;
use crate::report::table::{Style, align_right, empty, estimated, human_readable};
use crate::runs::records::on_front;
use crate::scenario::{Pareto, Scenario};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a sweep shows that optimises nothing.
const METRICS: [&str; 4] = ["viewer_messages_sent", "bytes_sent", "origin_bytes_sent", "seen_error_relative"];
/// More rows than these are in `summary.csv` only.
const ROWS_MAX: usize = 200;

/// The table of a run with a sweep, or with something to optimise.
pub fn sweep(values: &Values, scenario: &Scenario, style: Style) -> String {
    let (metrics, front) = match &scenario.pareto {
        None => (METRICS.to_vec(), BTreeMap::new()),
        Some(pareto) => (vec![&pareto.cost[..], &pareto.error], on_front(values, pareto)),
    };
    let mut table = empty(style);
    let last = scenario.pareto.as_ref().map(|_| "pareto");
    let parameters = values.parameters.iter().map(|path| short(path, &values.parameters));
    table.set_header(parameters.chain(["protocol"]).chain(metrics.iter().copied()).chain(last));
    for point in 0..values.points.len() {
        for protocol in &values.protocols {
            let cell = |metric: &&str| {
                let unit = Definition::named(metric).map_or("", |definition| definition.unit);
                let estimate = values.mean(point, protocol, metric);
                estimate.map_or_else(|| "-".to_owned(), |estimate| estimated(&estimate, unit))
            };
            let is_on = front.get(&(point, protocol.clone())).copied().unwrap_or(false);
            let mark = last.map(|_| if is_on { "yes" } else { "" }.to_owned());
            let row = values.points[point].iter().chain([protocol]).map(|text| style.cell(text));
            if table.row_count() < ROWS_MAX {
                table.add_row(row.chain(metrics.iter().map(cell)).chain(mark));
            }
        }
    }
    align_right(&mut table, values.parameters.len() + 1);
    let rows = values.points.len() * values.protocols.len();
    let mut text = table.trim_fmt();
    if rows > ROWS_MAX {
        write!(text, "\n{} more rows: see summary.csv", rows - ROWS_MAX).expect("a string takes everything");
    }
    if values.replications() > 1 {
        let replications = values.replications();
        write!(text, "\nMeans of up to {replications} replications, with 95 % intervals")
            .expect("a string takes everything");
    }
    if let Some(pareto) = &scenario.pareto {
        for &bound in &pareto.errors {
            text.push('\n');
            text.push_str(&style.cell(&cheapest(values, pareto, bound)));
        }
    }
    text
}

/// The last key of a path, if no other path ends in it; else the whole.
pub(super) fn short<'a>(path: &'a str, all: &[String]) -> &'a str {
    let last = |path: &'a str| path.rsplit('.').next().unwrap_or(path);
    let own = last(path);
    let is_shared = all.iter().filter(|other| other.rsplit('.').next() == Some(own)).count() > 1;
    if is_shared { path } else { own }
}

/// What a point sets; empty where that is nothing.
pub(super) fn setting(values: &Values, point: usize) -> String {
    let pairs = values.parameters.iter().zip(&values.points[point]).filter(|(_, value)| !value.is_empty());
    let text = pairs.map(|(path, value)| format!("{} {value}", short(path, &values.parameters)));
    text.collect::<Vec<_>>().join(", ")
}

/// The cheapest choice whose error is shown to be within a bound.
fn cheapest(values: &Values, pareto: &Pareto, bound: f64) -> String {
    let unit = |metric: &str| Definition::named(metric).map_or("", |definition| definition.unit);
    let is_within = |error: &Estimate| error.mean.abs() + error.half_width.unwrap_or(0.0) <= bound;
    let mut best: Option<(usize, &String, Estimate, Estimate)> = None;
    for point in 0..values.points.len() {
        for protocol in &values.protocols {
            let estimate = |metric| values.mean(point, protocol, metric);
            let Some((cost, error)) = estimate(&pareto.cost).zip(estimate(&pareto.error)) else { continue };
            if is_within(&error) && best.as_ref().is_none_or(|(_, _, than, _)| cost.mean < than.mean) {
                best = Some((point, protocol, cost, error));
            }
        }
    }
    let wanted = format!("For {} of at most {}", pareto.error, human_readable(bound, unit(&pareto.error)));
    let Some((point, protocol, cost, error)) = best else {
        return format!("{wanted}: none of these");
    };
    let place = setting(values, point);
    let place = if place.is_empty() { String::new() } else { format!(" with {place}") };
    format!(
        "{wanted} the cheapest is {protocol}{place}: {} {} ({} {})",
        pareto.cost,
        estimated(&cost, unit(&pareto.cost)),
        pareto.error,
        estimated(&error, unit(&pareto.error))
    )
}
