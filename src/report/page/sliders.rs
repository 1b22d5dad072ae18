//! The sliders of a sweep: one per varied value. They choose the point whose table is shown and whose marks are ringed on the front.

use crate::report::run::Run;
use crate::report::sweep::setting;
use crate::report::table::{groups, titles};
use maud::{Markup, html};
use serde::Serialize;

/// A sweep with more points has no sliders: every point's table would be in the page.
const POINTS_MAX: usize = 200;

/// What the script reads.
#[derive(Serialize)]
pub(super) struct Sliders {
    /// The point that is shown at first.
    chosen: usize,
    /// What is varied.
    parameters: Vec<Parameter>,
    /// The titles of groups of rows.
    titles: Vec<&'static str>,
    /// Every row that any point has: its title, its label, its metric.
    rows: Vec<(usize, &'static str, &'static str)>,
    points: Vec<Point>,
}

#[derive(Serialize)]
struct Parameter {
    name: String,
    values: Vec<String>,
}

#[derive(Serialize)]
struct Point {
    /// Its name in figures.
    name: String,
    /// By parameter, which of its values.
    at: Vec<usize>,
    /// Its rows, as numbers of `rows`, with the cells of the columns.
    rows: Vec<(usize, Vec<String>)>,
}

impl Sliders {
    /// Those of a run; none without a sweep, or with too large a one.
    pub(super) fn of(run: &Run) -> Option<Sliders> {
        let points = &run.table.points;
        if !(2..=POINTS_MAX).contains(&points.len()) {
            return None;
        }
        let parameter = |(at, path): (usize, &String)| {
            let mut values: Vec<String> = Vec::new();
            for point in points {
                if !values.contains(&point[at]) {
                    values.push(point[at].clone());
                }
            }
            Parameter { name: path.clone(), values }
        };
        let parameters: Vec<Parameter> = run.table.parameters.iter().enumerate().map(parameter).collect();
        let titles: Vec<&'static str> = titles().collect();
        let mut rows: Vec<(usize, &'static str, &'static str)> = Vec::new();
        let mut point = |number: usize| {
            let mut own = Vec::new();
            for (title, of_group) in groups(&run.table, number, run.baseline()) {
                let title = titles.iter().position(|known| *known == title).expect("it is a title");
                for row in of_group {
                    let key = (title, row.label, row.metric);
                    let at = rows.iter().position(|known| *known == key).unwrap_or_else(|| {
                        rows.push(key);
                        rows.len() - 1
                    });
                    own.push((at, row.cells));
                }
            }
            let which = |(parameter, value): (&Parameter, &String)| {
                parameter.values.iter().position(|known| known == value).expect("it is a value")
            };
            let at = parameters.iter().zip(&points[number]).map(which).collect();
            Point { name: setting(&run.table, number), at, rows: own }
        };
        let points = (0..points.len()).map(&mut point).collect();
        Some(Sliders { chosen: run.point, parameters, titles, rows, points })
    }

    /// The sliders, before anybody moves one.
    pub(super) fn markup(&self) -> Markup {
        let at = &self.points[self.chosen].at;
        html! {
            fieldset #sliders {
                legend { "Choose a point" }
                @for (number, (parameter, at)) in self.parameters.iter().zip(at).enumerate() {
                    label {
                        span { (parameter.name) }
                        input type="range" min="0" max=(parameter.values.len() - 1) step="1" value=(at) data-slider=(number)
                            aria-valuetext=(shown(&parameter.values[*at]));
                        output { (shown(&parameter.values[*at])) }
                    }
                }
            }
        }
    }
}

fn shown(value: &str) -> &str {
    if value.is_empty() { "as in the file" } else { value }
}
