//! A figure as data: what is drawn, with its words. The page draws all of it, a static plot its first view.
//!
//! Numbers lie in columns that lines point to, so that what many lines share (times, equal counts) is there once. Nothing here
//! knows where numbers come from or how they are drawn.

use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// A figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// The name of its kind: on the command line, of its file and in the page.
    pub kind: &'static str,
    /// What it shows.
    pub title: String,
    /// How to read it, and what was left out.
    pub caption: String,
    /// What it says, in words with numbers.
    pub says: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What the views are of, such as `instance`.
    pub choose: &'static str,
    /// What can be chosen; never none.
    pub views: Vec<View>,
    /// The columns of numbers of lines.
    pub columns: Vec<Column>,
}

/// An axis.
#[derive(Clone, Debug, Serialize)]
pub struct Axis {
    /// What it measures, with its unit.
    pub label: String,
    /// Whether it begins as a logarithm.
    pub is_log: bool,
    /// Whether the reader can switch that.
    pub can_switch: bool,
    /// Whether numbers are bytes.
    pub is_bytes: bool,
}

/// One choice of what a figure shows.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// Its name.
    pub name: String,
    /// What is drawn.
    pub marks: Marks,
}

/// What is drawn.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", content = "marks", rename_all = "lowercase")]
pub enum Marks {
    /// Lines.
    Lines(Vec<Line>),
    /// A value of each series for each category; categories lie along the vertical axis.
    Dots(Dots),
    /// Points with names.
    Points(Points),
    /// Who sends how much to whom.
    Network(Network),
}

/// Numbers, `None` where there is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Column(#[serde(serialize_with = "short_numbers")] pub Vec<Option<f64>>);

/// Whose numbers: decides the name in the legend, the colour and the dashes. In the page a column is its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "PageSeries")]
pub enum Series {
    /// What is true, in the colour of text.
    Truth(String),
    /// A column of the comparison: its position and its name.
    Protocol(usize, String),
}

/// A line through points; it is broken where a number is missing. In the page a list of its fields.
#[derive(Clone, Debug, Serialize)]
#[serde(into = "(Series, usize, usize, bool)")]
pub struct Line {
    /// Whose.
    pub series: Series,
    /// The column of horizontal positions.
    pub x: usize,
    /// The column of vertical ones.
    pub y: usize,
    /// Whether a value holds until the next.
    pub is_step: bool,
}

/// Values by category and series.
#[derive(Clone, Debug, Serialize)]
pub struct Dots {
    /// The names of the categories, from the top.
    pub categories: Vec<String>,
    /// The values.
    pub series: Vec<DotSeries>,
    /// A line across, to compare with.
    pub reference: Option<f64>,
}

/// One value for each category.
#[derive(Clone, Debug, Serialize)]
pub struct DotSeries {
    /// Whose.
    pub series: Series,
    /// The values.
    pub values: Column,
    /// Half the widths of their intervals.
    pub half_widths: Column,
}

/// Points of several series.
#[derive(Clone, Debug, Serialize)]
pub struct Points {
    /// The points.
    pub points: Vec<Point>,
    /// The corners of a line through those that nothing is better than, if it is worth one.
    pub front: Vec<(f64, f64)>,
}

/// A point with what is known about it.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// Whose.
    pub series: Series,
    /// What tells it from the others of its series; empty if it is the only one.
    pub name: String,
    /// Horizontal position.
    pub x: f64,
    /// Vertical position.
    pub y: f64,
    /// Half the width of the interval of `x`.
    pub x_half_width: Option<f64>,
    /// Half the width of the interval of `y`.
    pub y_half_width: Option<f64>,
}

/// Who sends how much to whom.
#[derive(Clone, Debug, Serialize)]
pub struct Network {
    /// Instances, or several of a group as one.
    pub nodes: Vec<Node>,
    /// What is sent, the largest first.
    pub edges: Vec<Edge>,
}

/// An instance in a picture; in the page a list of its fields.
#[derive(Clone, Debug, Serialize)]
#[serde(into = "(String, bool, f64, f64, u64, u64)")]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Whether it owns a video.
    pub is_origin: bool,
    /// Horizontal position, within -1 and 1.
    pub x: f64,
    /// Vertical position, within -1 and 1.
    pub y: f64,
    /// Bytes that others took from it.
    pub sent_bytes: u64,
    /// Bytes that it took.
    pub received_bytes: u64,
}

/// What one node took from another; in the page a list of its fields.
#[derive(Clone, Debug, Serialize)]
#[serde(into = "(usize, usize, u64, u64)")]
pub struct Edge {
    /// The position of the sender.
    pub from: usize,
    /// The position of the receiver.
    pub to: usize,
    /// Messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum PageSeries {
    Truth(String),
    Protocol(usize),
}

impl From<Series> for PageSeries {
    fn from(series: Series) -> Self {
        match series {
            Series::Truth(name) => PageSeries::Truth(name),
            Series::Protocol(number, _) => PageSeries::Protocol(number),
        }
    }
}

impl From<Line> for (Series, usize, usize, bool) {
    fn from(line: Line) -> Self {
        (line.series, line.x, line.y, line.is_step)
    }
}

impl From<Node> for (String, bool, f64, f64, u64, u64) {
    fn from(node: Node) -> Self {
        (node.name, node.is_origin, node.x, node.y, node.sent_bytes, node.received_bytes)
    }
}

impl From<Edge> for (usize, usize, u64, u64) {
    fn from(edge: Edge) -> Self {
        (edge.from, edge.to, edge.messages, edge.bytes)
    }
}

/// Numbers beyond this, or nearer to zero than its inverse, are not drawn: no run writes such, and axes of them have no end.
const DRAWN_MAX: f64 = 1e30;

fn is_drawn(number: &f64) -> bool {
    let size = number.abs();
    size <= DRAWN_MAX && (size >= 1.0 / DRAWN_MAX || size <= 0.0)
}

impl Figure {
    /// The same figure without the numbers that cannot be drawn.
    pub fn bounded(mut self) -> Figure {
        self.columns.iter_mut().for_each(Column::bound);
        for view in &mut self.views {
            match &mut view.marks {
                Marks::Lines(_) | Marks::Network(_) => {}
                Marks::Dots(dots) => {
                    dots.reference = dots.reference.filter(is_drawn);
                    for series in &mut dots.series {
                        series.values.bound();
                        series.half_widths.bound();
                    }
                }
                Marks::Points(points) => {
                    points.points.retain(|point| is_drawn(&point.x) && is_drawn(&point.y));
                    points.front.retain(|(x, y)| is_drawn(x) && is_drawn(y));
                    for point in &mut points.points {
                        point.x_half_width = point.x_half_width.filter(is_drawn);
                        point.y_half_width = point.y_half_width.filter(is_drawn);
                    }
                }
            }
        }
        self
    }
}

impl Column {
    fn bound(&mut self) {
        for number in &mut self.0 {
            *number = number.filter(is_drawn);
        }
    }
}

impl Axis {
    /// An axis with equal steps.
    pub fn linear(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), is_log: false, can_switch: false, is_bytes: false }
    }

    /// The same; the reader can switch to a logarithm.
    pub fn switched(label: impl Into<String>) -> Axis {
        Axis { can_switch: true, ..Axis::linear(label) }
    }

    /// An axis with equal ratios, to begin with.
    pub fn log(label: impl Into<String>) -> Axis {
        Axis { is_log: true, ..Axis::switched(label) }
    }

    /// The same axis, of bytes.
    pub fn of_bytes(self) -> Axis {
        Axis { is_bytes: true, ..self }
    }
}

impl Series {
    /// The name in the legend.
    pub fn name(&self) -> &str {
        match self {
            Series::Truth(name) | Series::Protocol(_, name) => name,
        }
    }
}

/// Collects columns, each once.
#[derive(Default)]
pub struct Columns {
    columns: Vec<Column>,
    positions: BTreeMap<Vec<u64>, usize>,
}

impl Columns {
    /// The position of a column with these numbers.
    pub fn add(&mut self, numbers: Vec<Option<f64>>) -> usize {
        let bits = |number: &Option<f64>| number.map_or(f64::NAN.to_bits(), f64::to_bits);
        let key: Vec<u64> = numbers.iter().map(bits).collect();
        *self.positions.entry(key).or_insert_with(|| {
            self.columns.push(Column(numbers));
            self.columns.len() - 1
        })
    }

    /// All columns.
    pub fn finish(self) -> Vec<Column> {
        self.columns
    }
}

/// Which of so many equally spaced numbers are drawn if no more than `most` are wanted: every so manieth and the last.
pub fn thinned(length: usize, most: usize) -> Vec<usize> {
    let step = length.div_ceil(most.max(2)).max(1);
    let mut kept: Vec<usize> = (0..length).step_by(step).collect();
    if kept.last().is_some_and(|&last| last + 1 < length) {
        kept.push(length - 1);
    }
    kept
}

/// Whole numbers without a point, others with six significant digits: more than a screen can show.
fn short_numbers<S: Serializer>(numbers: &[Option<f64>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(numbers.iter().map(|number| number.map(short)))
}

#[derive(Serialize)]
#[serde(untagged)]
enum Short {
    Whole(i64),
    Real(f64),
}

fn short(number: f64) -> Short {
    let is_whole = libm::trunc(number).total_cmp(&number).is_eq() && number.abs() < 9e15;
    match is_whole {
        true => Short::Whole(number as i64),
        false => Short::Real(format!("{number:.5e}").parse().unwrap_or(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_are_equal_are_there_once() {
        let mut columns = Columns::default();
        let first = columns.add(vec![Some(1.0), None]);
        assert_eq!(columns.add(vec![Some(1.0), None]), first);
        assert_ne!(columns.add(vec![Some(1.0), Some(0.0)]), first);
        let json = serde_json::to_string(&columns.finish()).expect("numbers are JSON");
        assert_eq!(json, "[[1,null],[1,0]]");
    }

    #[test]
    fn what_has_no_place_on_an_axis_is_left_out() {
        let mut column =
            Column([0.0, 5.0, 1e308, 1e-300, f64::NAN, f64::NEG_INFINITY, -7.0].map(Some).to_vec());
        column.bound();
        assert_eq!(column.0, [Some(0.0), Some(5.0), None, None, None, None, Some(-7.0)]);
    }

    #[test]
    fn the_first_and_the_last_number_are_always_drawn() {
        assert_eq!(thinned(5, 10), [0, 1, 2, 3, 4]);
        assert_eq!(thinned(10, 4), [0, 3, 6, 9]);
        assert_eq!(thinned(9, 4), [0, 3, 6, 8]);
        assert_eq!(thinned(0, 4), [] as [usize; 0]);
        assert_eq!(thinned(1, 0), [0]);
    }
}
