//! Static plots: the first view of a figure, or one that is named, as SVG or PNG, by kuva.
//!
//! kuva draws axes, lines and marks. Names stand beside the ends of lines, as a legend that needs no search; SVG carries the title
//! and what the figure says in words. The same figure gives the same bytes.

mod heat_map;
mod layout;
mod network;

use crate::report::figure::{Axis, Column, Dots, Figure, Line, Marks, Points, Series, View};
use crate::report::figures::thousands;
use crate::report::style::{Look, Theme, look};
use crate::report::table::human_readable;
use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::plot::annotations::ReferenceLine;
use kuva::plot::line::{LinePlot, LineStyle};
use kuva::plot::scatter::{MarkerShape, ScatterPlot};
use kuva::render::layout::{ComputedLayout, Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::{Primitive, Scene, TextAnchor, render_multiple};
use kuva::render::theme::Theme as KuvaTheme;
use layout::{
    BOTTOM, FONT, HEIGHT, LEFT, LETTER, LINE_HEIGHT, MARKERS, SCALE, SWATCH, TEXT, TOP, WIDTH, shortened,
};
use std::sync::Arc;

pub use heat_map::HeatMap;

const SHAPES: [MarkerShape; crate::report::style::MARKERS] = [
    MarkerShape::Circle,
    MarkerShape::Square,
    MarkerShape::Triangle,
    MarkerShape::Diamond,
    MarkerShape::TriangleDown,
    MarkerShape::Star,
];

/// A view of a figure, drawn.
pub struct Drawing {
    scene: Scene,
    title: String,
    says: String,
}

/// Draws a view of a figure.
pub fn draw(figure: &Figure, view: &View, theme: Theme) -> Drawing {
    let title = match figure.views.len() {
        1 => figure.title.clone(),
        _ => format!("{}: {}", figure.title, view.name),
    };
    let canvas = Canvas { figure, theme, title: &title };
    let scene = match &view.marks {
        Marks::Lines(lines) => canvas.lines(lines),
        Marks::Dots(dots) => canvas.dots(dots),
        Marks::Points(points) => canvas.points(points),
        Marks::Network(network) => network::draw(network, &title, theme),
    };
    Drawing { scene, title, says: figure.says.clone() }
}

/// Draws a heat map.
pub fn draw_heat_map(map: &HeatMap, theme: Theme) -> Drawing {
    Drawing { scene: heat_map::draw(map, theme), title: map.title.clone(), says: map.says() }
}

impl Drawing {
    /// As SVG.
    pub fn svg(&self) -> String {
        let svg = SvgBackend::new().with_pretty(true).render_scene(&self.scene);
        let (title, says) = (escaped(&self.title), escaped(&self.says));
        let (width, height) = (self.scene.width, self.scene.height);
        let words = format!(
            " viewBox=\"0 0 {width} {height}\" role=\"img\">\n  <title>{title}</title>\n  <desc>{says}</desc>"
        );
        svg.replacen('>', &words, 1)
    }

    /// As PNG.
    ///
    /// # Errors
    /// What kuva says.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        RasterBackend::new().with_scale(SCALE).render_scene(&self.scene)
    }
}

/// A figure that is being drawn.
struct Canvas<'a> {
    figure: &'a Figure,
    theme: Theme,
    title: &'a str,
}

/// A name beside the plot: whose, and the height at which it would stand best.
struct Label {
    series: Series,
    y: f64,
}

impl Canvas<'_> {
    fn lines(&self, lines: &[Line]) -> Scene {
        let Axis { is_log: log_x, .. } = self.figure.x;
        let mut plots = Vec::new();
        let mut ends = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            let points = points_of(line, &self.figure.columns, log_x);
            let Some(&end) = points.last().and_then(|part| part.last()) else { continue };
            let look = look(&line.series);
            let markers = markers(&points, number, lines.len());
            for part in points {
                let part = if line.is_step { steps(&part) } else { part };
                let plot =
                    LinePlot::new().with_data(part).with_color(self.colour(look)).with_stroke_width(2.0);
                plots.push(Plot::Line(plot.with_line_style(line_style(look))));
            }
            if look.colour.is_some() {
                plots.push(self.markers(look, markers, 3.5));
            }
            ends.push((line.series.clone(), end));
        }
        let names = ends.iter().map(|(series, _)| series.name());
        let mut layout = self.layout(&plots, HEIGHT, LEFT, names);
        layout = self.with_ticks(layout);
        if let Some(last) = last_x(&ends) {
            layout = layout.with_x_axis_max(last);
        }
        if !log_x {
            layout = layout.with_x_axis_min(0.0);
        }
        layout = layout.with_y_axis_min(0.0);
        let computed = ComputedLayout::from_layout(&layout);
        let mut scene = render_multiple(plots, layout);
        let label = |(series, (_, y)): (Series, (f64, f64))| Label { series, y: computed.map_y(y) };
        self.names(&mut scene, ends.into_iter().map(label).collect());
        scene
    }

    fn dots(&self, dots: &Dots) -> Scene {
        let rows = dots.categories.len();
        let row = |at: usize| (rows - at) as f64;
        let mut plots = Vec::new();
        for (number, series) in dots.series.iter().enumerate() {
            let offset = 0.8 * ((number + 1) as f64 / (dots.series.len() + 1) as f64 - 0.5);
            let look = look(&series.series);
            let Column(values) = &series.values;
            let Column(half_widths) = &series.half_widths;
            let known = values.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?)));
            let known: Vec<_> = known.filter(|(_, value)| !self.figure.x.is_log || *value > 0.0).collect();
            for &(at, value) in &known {
                if let Some(half_width) = half_widths.get(at).copied().flatten() {
                    let y = row(at) - offset;
                    let low = if self.figure.x.is_log {
                        (value - half_width).max(value * 0.01)
                    } else {
                        value - half_width
                    };
                    let interval = LinePlot::new().with_data(vec![(low, y), (value + half_width, y)]);
                    plots.push(Plot::Line(interval.with_color(self.colour(look)).with_stroke_width(1.5)));
                }
            }
            let points = known.into_iter().map(|(at, value)| (value, row(at) - offset)).collect();
            plots.push(self.markers(look, points, 5.0));
        }
        let height = TOP + BOTTOM + 36.0 * rows.max(4) as f64;
        let left = dots.categories.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let left = (30.0 + LETTER * left as f64).min(WIDTH * 0.5);
        let names = dots.series.iter().map(|series| series.series.name());
        let mut layout = self.layout(&plots, height, left, names);
        layout = self.with_ticks(layout);
        let categories = dots.categories.clone();
        let name = move |y: f64| {
            let at = rows as f64 - libm::round(y);
            let is_row = (y - libm::round(y)).abs() < 1e-6 && at >= 0.0;
            let name = is_row.then(|| categories.get(at as usize)).flatten();
            name.map_or_else(String::new, |name| shortened(name))
        };
        layout = layout.with_y_tick_format(TickFormat::Custom(Arc::new(name))).with_y_tick_step(1.0);
        layout = layout.with_y_axis_min(0.0).with_y_axis_max(rows as f64 + 1.0);
        if let Some(reference) = dots.reference {
            layout =
                layout.with_reference_line(ReferenceLine::vertical(reference).with_color(self.theme.text()));
        }
        let mut scene = render_multiple(plots, layout);
        self.legend(&mut scene, dots.series.iter().map(|series| series.series.clone()).collect());
        scene
    }

    fn points(&self, points: &Points) -> Scene {
        let mut series: Vec<Series> = Vec::new();
        for point in &points.points {
            if !series.contains(&point.series) {
                series.push(point.series.clone());
            }
        }
        let log_x = self.figure.x.is_log;
        let is_drawn = |x: f64| !log_x || x > 0.0;
        let mut plots = Vec::new();
        let front: Vec<_> = points.front.iter().copied().filter(|(x, _)| is_drawn(*x)).collect();
        if front.len() > 1 {
            let plot = LinePlot::new().with_data(front).with_color(self.theme.text()).with_stroke_width(1.0);
            plots.push(Plot::Line(plot.with_line_style(LineStyle::Custom("4 3".to_owned()))));
        }
        for series in &series {
            let own = points.points.iter().filter(|point| point.series == *series && is_drawn(point.x));
            plots.push(self.markers(look(series), own.map(|point| (point.x, point.y)).collect(), 5.0));
        }
        let layout = self.layout(&plots, HEIGHT, LEFT, series.iter().map(Series::name));
        let layout = self.with_ticks(layout).with_y_axis_min(0.0);
        let mut scene = render_multiple(plots, layout);
        self.legend(&mut scene, series);
        scene
    }

    fn markers(&self, look: Look, points: Vec<(f64, f64)>, size: f64) -> Plot {
        let plot = ScatterPlot::new().with_data(points).with_color(self.colour(look)).with_size(size);
        Plot::Scatter(plot.with_marker(SHAPES[look.marker]))
    }

    fn layout<'n>(
        &self,
        plots: &[Plot],
        height: f64,
        left: f64,
        names: impl Iterator<Item = &'n str>,
    ) -> Layout {
        let longest = names.map(|name| name.chars().count()).max().unwrap_or(0);
        let right = (SWATCH + 20.0 + LETTER * longest as f64).clamp(60.0, WIDTH * 0.4);
        let mut layout = Layout::auto_from_plots(plots)
            .with_width(WIDTH)
            .with_height(height)
            .with_title(self.title)
            .with_title_size(17)
            .with_label_size(TEXT)
            .with_tick_size(TEXT)
            .with_theme(kuva_theme(self.theme))
            .with_font_family(FONT)
            .with_force_margins(left, right)
            .with_force_margins_y(TOP, BOTTOM)
            .with_x_label(&self.figure.x.label[..])
            .with_y_label(&self.figure.y.label[..]);
        layout.show_legend = false;
        if self.figure.x.is_log {
            layout = layout.with_log_x();
        }
        if self.figure.y.is_log {
            layout = layout.with_log_y();
        }
        layout
    }

    fn with_ticks(&self, layout: Layout) -> Layout {
        let format = |axis: &Axis| {
            let is_bytes = axis.is_bytes;
            TickFormat::Custom(Arc::new(move |value| tick(value, is_bytes)))
        };
        layout.with_x_tick_format(format(&self.figure.x)).with_y_tick_format(format(&self.figure.y))
    }

    fn colour(&self, look: Look) -> &'static str {
        look.colour.unwrap_or(self.theme.text())
    }

    /// Names under each other.
    fn legend(&self, scene: &mut Scene, series: Vec<Series>) {
        let label =
            |(number, series): (usize, Series)| Label { series, y: TOP + 10.0 + number as f64 * LINE_HEIGHT };
        self.names(scene, series.into_iter().enumerate().map(label).collect());
    }

    /// Writes names beside the plot, each as near to its place as the others let it.
    fn names(&self, scene: &mut Scene, mut labels: Vec<Label>) {
        labels.sort_by(|a, b| a.y.total_cmp(&b.y));
        let bottom = scene.height - BOTTOM;
        let places = spread(&labels.iter().map(|label| label.y).collect::<Vec<_>>(), TOP, bottom);
        let longest = labels.iter().map(|label| label.series.name().chars().count()).max().unwrap_or(0);
        let right = (SWATCH + 20.0 + LETTER * longest as f64).clamp(60.0, WIDTH * 0.4);
        let x = WIDTH - right + 8.0;
        for (label, y) in labels.into_iter().zip(places) {
            let look = look(&label.series);
            let dashes = (!look.dashes.is_empty()).then(|| look.dashes.to_owned());
            scene.add(Primitive::Line {
                x1: x,
                y1: y,
                x2: x + SWATCH - 8.0,
                y2: y,
                stroke: self.colour(look).into(),
                stroke_width: 2.0,
                stroke_dasharray: dashes,
            });
            scene.add(Primitive::Text {
                x: x + SWATCH,
                y: y + 4.5,
                content: shortened(label.series.name()),
                size: TEXT,
                anchor: TextAnchor::Start,
                rotate: None,
                bold: false,
                color: Some(self.theme.text().into()),
            });
        }
    }
}

fn kuva_theme(theme: Theme) -> KuvaTheme {
    let text = theme.text().to_owned();
    KuvaTheme {
        background: theme.ground().to_owned(),
        axis_color: text.clone(),
        grid_color: theme.grid().to_owned(),
        tick_color: text.clone(),
        text_color: text,
        ..KuvaTheme::light()
    }
}

fn line_style(look: Look) -> LineStyle {
    if look.dashes.is_empty() { LineStyle::Solid } else { LineStyle::Custom(look.dashes.to_owned()) }
}

/// The points of a line, in parts between missing numbers.
fn points_of(line: &Line, columns: &[Column], log_x: bool) -> Vec<Vec<(f64, f64)>> {
    let (Column(xs), Column(ys)) = (&columns[line.x], &columns[line.y]);
    let mut parts: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (x, y) in xs.iter().zip(ys) {
        match x.zip(*y) {
            Some((x, y)) if !log_x || x > 0.0 => parts.last_mut().expect("never empty").push((x, y)),
            _ => parts.push(Vec::new()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// A value holds until the next.
fn steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut steps = Vec::with_capacity(points.len() * 2);
    for pair in points.windows(2) {
        steps.push(pair[0]);
        if pair[0].1.total_cmp(&pair[1].1).is_ne() {
            steps.push((pair[1].0, pair[0].1));
        }
    }
    steps.extend(points.last());
    steps
}

/// Some of the points of a line; those of several lines lie at different places.
fn markers(parts: &[Vec<(f64, f64)>], number: usize, lines: usize) -> Vec<(f64, f64)> {
    let all: Vec<(f64, f64)> = parts.iter().flatten().copied().collect();
    let step = (all.len() / MARKERS).max(1);
    all.into_iter().skip(step * number / lines).step_by(step).collect()
}

fn last_x(ends: &[(Series, (f64, f64))]) -> Option<f64> {
    ends.iter().map(|(_, (x, _))| *x).max_by(f64::total_cmp)
}

/// Heights at least a line apart and within bounds, in the order of the wanted ones and as near to them.
fn spread(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut places: Vec<f64> = Vec::with_capacity(wanted.len());
    for &y in wanted {
        let free = places.last().map_or(top, |last| last + LINE_HEIGHT);
        places.push(y.max(free));
    }
    let mut limit = bottom;
    for place in places.iter_mut().rev() {
        *place = place.min(limit);
        limit = *place - LINE_HEIGHT;
    }
    places
}

/// A number at an axis.
fn tick(value: f64, is_bytes: bool) -> String {
    let is_whole = libm::trunc(value).total_cmp(&value).is_eq();
    match is_bytes {
        true => human_readable(value, "bytes"),
        false if is_whole && (0.0..1e15).contains(&value) => thousands(value as u64),
        false => {
            let text = format!("{value:.6}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

/// Text within XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_a_line_apart_and_stay_inside() {
        assert_eq!(spread(&[10.0, 100.0], 0.0, 200.0), [10.0, 100.0]);
        assert_eq!(spread(&[100.0, 100.0, 101.0], 0.0, 300.0), [100.0, 118.0, 136.0]);
        assert_eq!(spread(&[199.0, 199.0, 200.0], 0.0, 200.0), [164.0, 182.0, 200.0]);
    }

    #[test]
    fn ticks_are_readable() {
        for (value, is_bytes, text) in
            [(12_000.0, false, "12,000"), (0.25, false, "0.25"), (2.5e9, true, "2.50 GB"), (0.0, true, "0 B")]
        {
            assert_eq!(tick(value, is_bytes), text);
        }
    }
}
