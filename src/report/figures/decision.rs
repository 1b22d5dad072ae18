//! What to choose: cost against error, and which points of a sweep change the answer most.

use super::common::{listed, series};
use crate::intervals::Comparison;
use crate::metrics::definitions::Definition;
use crate::report::figure::{Axis, Column, DotSeries, Dots, Figure, Marks, Point, Points, Series, View};
use crate::report::run::Run;
use crate::report::sweep::setting;
use crate::report::table::human_readable;
use crate::runs::records::on_front;
use crate::scenario::Pareto;

/// Cost and error where a scenario names none.
const COST: &str = "viewer_bytes_sent";
const ERROR: &str = "seen_error_relative";
/// Points that are drawn, of all columns together.
const POINTS_MAX: usize = 3_000;
/// Rows of a tornado.
const ROWS_MAX: usize = 25;

/// Cost against error of every column at every point.
pub(super) fn pareto(run: &Run) -> Option<Figure> {
    let default = || Pareto { cost: COST.to_owned(), error: ERROR.to_owned(), errors: Vec::new() };
    let pareto = run.scenario.pareto.clone().unwrap_or_else(default);
    let front = on_front(&run.table, &pareto);
    let mut points = Vec::new();
    let mut on = Vec::new();
    for series in series(run) {
        for number in 0..run.table.points.len().min(POINTS_MAX / run.courses.len()) {
            let Some(point) = point(run, &pareto, &series, number) else { continue };
            if front.get(&(number, series.name().to_owned())) == Some(&true) {
                on.push((point.x, point.y, label(&point)));
            }
            points.push(point);
        }
    }
    if points.len() < 2 {
        return None;
    }
    on.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let unit = |metric: &str| Definition::named(metric).map_or("", |definition| definition.unit);
    let (cost_unit, error_unit) = (unit(&pareto.cost), unit(&pareto.error));
    let best = on.iter().take(8).map(|(x, y, name)| {
        (name.clone(), format!("({}, {})", human_readable(*x, cost_unit), human_readable(*y, error_unit)))
    });
    Some(Figure {
        kind: "pareto",
        title: "Cost against error".to_owned(),
        caption: format!(
            "Each mark is one column of the comparison{}, with 95 % intervals where there are replications. The line joins those that nothing is shown to be better than in both: lower and more to the left is better.",
            if run.table.points.len() > 1 { " at one point of the sweep" } else { "" }
        ),
        says: format!("Nothing is cheaper and more exact at once than: {}.", listed(best)),
        x: Axis { is_bytes: cost_unit == "bytes", ..Axis::log(format!("{} ({cost_unit})", pareto.cost)) },
        y: Axis::switched(format!("{} ({error_unit})", pareto.error)),
        choose: "",
        views: vec![View {
            name: "all".to_owned(),
            marks: Marks::Points(Points { points, front: on.iter().map(|(x, y, _)| (*x, *y)).collect() }),
        }],
        columns: Vec::new(),
    })
}

fn point(run: &Run, pareto: &Pareto, series: &Series, number: usize) -> Option<Point> {
    let cost = run.table.mean(number, series.name(), &pareto.cost)?;
    let error = run.table.mean(number, series.name(), &pareto.error)?;
    Some(Point {
        series: series.clone(),
        name: setting(&run.table, number),
        x: cost.mean,
        y: error.mean.abs(),
        x_half_width: cost.half_width,
        y_half_width: error.half_width,
    })
}

fn label(point: &Point) -> String {
    match &point.name[..] {
        "" => point.series.name().to_owned(),
        name => format!("{} with {name}", point.series.name()),
    }
}

/// How many times the baseline each column sends, at every point, the widest swing from the first point at the top.
pub(super) fn tornado(run: &Run) -> Option<Figure> {
    if run.table.points.len() < 3 {
        return None;
    }
    let baseline = run.baseline();
    let metric = run.scenario.pareto.as_ref().map_or(COST, |pareto| &pareto.cost);
    let mut views = Vec::new();
    let mut said = Vec::new();
    for series in series(run).into_iter().filter(|series| series.name() != baseline) {
        let compare = |point| run.table.compare(point, series.name(), baseline, metric);
        let ratio = |point| compare(point)?.ratio.map(|ratio| (ratio.mean, ratio.half_width));
        let Some((base, base_half_width)) = ratio(0) else { continue };
        let mut rows: Vec<_> =
            (1..run.table.points.len()).filter_map(|point| Some((point, ratio(point)?))).collect();
        let swing = |(mean, _): (f64, Option<f64>)| libm::fabs(libm::log((mean / base).max(1e-12)));
        rows.sort_by(|a, b| swing(b.1).total_cmp(&swing(a.1)).then(a.0.cmp(&b.0)));
        let sign = |comparison: Option<Comparison>| comparison.map(|of| of.difference.mean < 0.0);
        let keep =
            (0..run.table.points.len()).filter(|&point| sign(compare(point)) == sign(compare(0))).count();
        let relation = if base < 1.0 { "less" } else { "more" };
        said.push((
            series.name().to_owned(),
            format!("is {relation} at {keep} of {} points", run.table.points.len()),
        ));
        rows.truncate(ROWS_MAX);
        rows.insert(0, (0, (base, base_half_width)));
        let name = |point: usize| match (point, setting(&run.table, point)) {
            (0, text) if text.is_empty() => "first point".to_owned(),
            (0, text) => format!("first point: {text}"),
            (_, text) => text,
        };
        let dots = Dots {
            categories: rows.iter().map(|(point, _)| name(*point)).collect(),
            reference: Some(base),
            series: vec![DotSeries {
                values: Column(rows.iter().map(|(_, (mean, _))| Some(*mean)).collect()),
                half_widths: Column(rows.iter().map(|(_, (_, half_width))| *half_width).collect()),
                series: series.clone(),
            }],
        };
        views.push(View { name: series.name().to_owned(), marks: Marks::Dots(dots) });
    }
    if views.is_empty() {
        return None;
    }
    Some(Figure {
        kind: "tornado",
        title: format!("What changes the answer: {metric}, relative to {baseline}"),
        caption: format!(
            "The ratio to {baseline} at each point of the sweep, farthest from the first point's (the line across) at the top, at most {ROWS_MAX}, with 95 % intervals where there are replications. Left of 1 a column is cheaper than {baseline}."
        ),
        says: format!("Against {baseline}: {}.", listed(said.into_iter())),
        x: Axis::log(format!("ratio to {baseline}")),
        y: Axis::linear(""),
        choose: "protocol",
        views,
        columns: Vec::new(),
    })
}
