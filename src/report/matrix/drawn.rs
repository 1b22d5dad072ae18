//! The plots of a matrix and of a roll-out.

use super::combinations::{MatrixResults, TABLES};
use super::measures::{FOLLOWERS_SHOW, shown, unit};
use super::rollout::{RolloutResults, SHOWN, words};
use crate::report::figure::{Axis, Columns, Figure, Line, Marks, Series, View};
use crate::report::plot::{HeatMap, draw, draw_heat_map};
use crate::report::style::Theme;
use crate::runs::mixtures::{By, Order};

/// The name and the content of a file.
type File = (String, Vec<u8>);

fn ending(theme: Theme) -> &'static str {
    match theme {
        Theme::Light => "",
        Theme::Dark => "-dark",
    }
}

impl MatrixResults<'_> {
    /// A heat map for each metric that is better low, light and dark.
    pub fn heat_maps(&self) -> Vec<File> {
        let mut files = Vec::new();
        for (metric, title) in TABLES.iter().filter(|(metric, _)| *metric != FOLLOWERS_SHOW) {
            let protocols = &self.matrix.protocols;
            let cell = |origin: usize, followers: usize| {
                let column = &self.matrix.pair(origin, followers).column;
                let value = self.values.mean(0, column, metric).map(|estimate| estimate.mean);
                let mark = if self.incompatible.contains_key(column) { "*" } else { "" };
                (value, shown(&self.values, column, metric) + mark)
            };
            let row = |origin: usize| (0..protocols.len()).map(|followers| cell(origin, followers)).collect();
            let map = HeatMap {
                title: title.to_lowercase(),
                rows: "origin",
                columns: "followers",
                names: protocols.clone(),
                cells: (0..protocols.len()).map(row).collect(),
            };
            for theme in Theme::ALL {
                let svg = draw_heat_map(&map, theme).svg();
                files.push((format!("matrix-{metric}{}.svg", ending(theme)), svg.into_bytes()));
            }
        }
        files
    }
}

impl RolloutResults<'_> {
    /// Lines over the share that has upgraded, for each metric, light and dark.
    pub fn plots(&self) -> Vec<File> {
        let mut files = Vec::new();
        for (metric, title) in SHOWN {
            let figure = self.figure(metric, title);
            for theme in Theme::ALL {
                let svg = draw(&figure, &figure.views[0], theme).svg();
                files.push((format!("rollout-{metric}{}.svg", ending(theme)), svg.into_bytes()));
            }
        }
        files
    }

    fn figure(&self, metric: &str, title: &str) -> Figure {
        let unit = unit(&self.values, metric);
        let factor = if unit == "share" { 100.0 } else { 1.0 };
        let mut columns = Columns::default();
        let mut lines = Vec::new();
        let mut said = Vec::new();
        for by in By::ALL {
            for order in Order::ALL {
                let steps = || self.rollout.steps_of(by, order);
                let y: Vec<Option<f64>> = steps()
                    .map(|step| Some(self.values.mean(0, &step.column, metric)?.mean * factor))
                    .collect();
                if y.is_empty() {
                    continue;
                }
                let name = format!("{}, by {}", words(order), by.name());
                let numbers: Vec<String> =
                    steps().map(|step| shown(&self.values, &step.column, metric)).collect();
                said.push(format!("{name}: {}", numbers.join(", ")));
                let x = columns.add(steps().map(|step| Some(step.share_percent as f64)).collect());
                let series = Series::Protocol(lines.len(), name);
                lines.push(Line { series, x, y: columns.add(y), is_step: false });
            }
        }
        let label = if unit == "share" { format!("{title} (%)") } else { format!("{title} ({unit})") };
        let y = Axis::linear(label);
        let y = if unit == "bytes" { y.of_bytes() } else { y };
        Figure {
            kind: "rollout",
            title: format!("Roll-out from {} to {}: {title}", self.rollout.from, self.rollout.to),
            caption: String::new(),
            says: format!("With 0, 10, ... 100 % upgraded: {}.", said.join("; ")),
            x: Axis::linear("upgraded (% of followers, or of their visits)"),
            y,
            choose: "",
            views: vec![View { name: "all".to_owned(), marks: Marks::Lines(lines) }],
            columns: columns.finish(),
        }
        .bounded()
    }
}
