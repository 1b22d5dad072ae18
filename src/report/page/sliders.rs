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
    pub(super) chosen: usize,
    /// What is varied.
    pub(super) parameters: Vec<Parameter>,
    /// The titles of groups of rows.
    pub(super) titles: Vec<String>,
    /// Every row that any point has: its title, its label, what it is exactly.
    pub(super) rows: Vec<(usize, String, String)>,
    pub(super) points: Vec<Point>,
}

/// What one slider varies.
#[derive(Serialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Point {
    /// What it is called above its table.
    pub(super) title: String,
    /// Its name in figures.
    pub(super) name: String,
    /// By parameter, which of its values.
    pub(super) at: Vec<usize>,
    /// Its rows, as numbers of `rows`, with the cells of the columns.
    pub(super) rows: Vec<(usize, Vec<String>)>,
}

impl Parameter {
    /// What is varied, with the values that points have: each once, and risen where they are numbers of one unit.
    pub(super) fn new(name: String, of_points: impl Iterator<Item = String>) -> Parameter {
        let mut values: Vec<String> = Vec::new();
        for value in of_points {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        sort(&mut values);
        Parameter { name, values }
    }
}

impl Sliders {
    /// Those of a run; none without a sweep, or with too large a one.
    pub(super) fn of(run: &Run) -> Option<Sliders> {
        let points = &run.table.points;
        if !(2..=POINTS_MAX).contains(&points.len()) {
            return None;
        }
        let parameter = |(at, path): (usize, &String)| {
            Parameter::new(path.clone(), points.iter().map(|point| point[at].clone()))
        };
        let parameters: Vec<Parameter> = run.table.parameters.iter().enumerate().map(parameter).collect();
        let titles: Vec<String> = titles().map(str::to_owned).collect();
        let mut rows: Vec<(usize, String, String)> = Vec::new();
        let mut point = |number: usize| {
            let mut own = Vec::new();
            for (title, of_group) in groups(&run.table, number, run.baseline()) {
                let title = titles.iter().position(|known| *known == title).expect("it is a title");
                for row in of_group {
                    let key = (title, row.label.to_owned(), row.metric.to_owned());
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
            Point { title: (number + 1).to_string(), name: setting(&run.table, number), at, rows: own }
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

/// Puts values that are numbers of one unit in their order; others stay in that of coming.
fn sort(values: &mut [String]) {
    let numbers = values.iter().map(|value| number(value)).collect::<Option<Vec<_>>>();
    if numbers.is_some_and(|numbers| numbers.windows(2).all(|pair| pair[0].1 == pair[1].1)) {
        values.sort_by(|one, other| {
            let of = |value| number(value).expect("all are numbers").0;
            of(one).total_cmp(&of(other))
        });
    }
}

/// A number and its unit.
fn number(value: &str) -> Option<(f64, &str)> {
    let end = value.find(|c: char| !matches!(c, '0'..='9' | '.' | '-')).unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    Some((number.parse().ok()?, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_one_unit_rise() {
        for (given, expected) in [
            (["10 %", "5 %", "0 %"], ["0 %", "5 %", "10 %"]),
            (["1 min", "5 s", "30 s"], ["1 min", "5 s", "30 s"]),
            (["100", "", "20"], ["100", "", "20"]),
            (["1.5", "-2", "10"], ["-2", "1.5", "10"]),
        ] {
            let mut values = given.map(str::to_owned);
            sort(&mut values);
            assert_eq!(values, expected.map(str::to_owned));
        }
    }
}
