//! A heat map: a square of cells, each with its number in it, the darker the larger (on a dark ground: the brighter).

use super::layout::{FONT, LETTER, TEXT, TOP, shortened};
use crate::report::style::Theme;
use kuva::render::render::{Primitive, Scene, TextAnchor};

/// The size of a cell, in pixels; it is wider where names are.
const CELL: (f64, f64) = (118.0, 38.0);
/// The colour of the largest number, red, green and blue; zero has that of the ground.
const LARGEST: [f64; 3] = [213.0, 94.0, 0.0];

/// What a heat map shows.
pub struct HeatMap {
    /// What its numbers are.
    pub title: String,
    /// What the rows are of.
    pub rows: &'static str,
    /// What the columns are of.
    pub columns: &'static str,
    /// The names of rows and columns.
    pub names: Vec<String>,
    /// By row and column: the number, if there is one, and its text.
    pub cells: Vec<Vec<(Option<f64>, String)>>,
}

impl HeatMap {
    /// What it says, in words.
    pub(super) fn says(&self) -> String {
        let row = |(name, cells): (&String, &Vec<(Option<f64>, String)>)| {
            let texts: Vec<&str> = cells.iter().map(|(_, text)| &text[..]).collect();
            format!("{} {name}: {}", self.rows, texts.join(", "))
        };
        let rows: Vec<String> = self.names.iter().zip(&self.cells).map(row).collect();
        format!("{} are {}. {}.", self.columns, self.names.join(", "), rows.join("; "))
    }
}

/// Draws a heat map.
pub(super) fn draw(map: &HeatMap, theme: Theme) -> Scene {
    let longest = map.names.iter().map(|name| shortened(name).chars().count()).max().unwrap_or(0);
    let left = 30.0 + LETTER * longest.max(map.rows.len()) as f64;
    let (width, height) = (CELL.0.max(12.0 + LETTER * longest as f64), CELL.1);
    let top = TOP + 44.0;
    let count = map.names.len() as f64;
    let mut scene = Scene::new((left + width * count + 20.0).max(480.0), top + height * count + 20.0)
        .with_background(Some(theme.ground()));
    scene.font_family = Some(FONT.to_owned());
    scene.text_color = Some(theme.text().to_owned());
    let text = |scene: &mut Scene, (x, y): (f64, f64), anchor, content: String, colour: &str| {
        let color = Some(colour.into());
        scene.add(Primitive::Text { x, y, content, size: TEXT, anchor, rotate: None, bold: false, color });
    };
    let plain = theme.text();
    text(&mut scene, (16.0, 28.0), TextAnchor::Start, map.title.clone(), plain);
    let middle = left + width * count / 2.0;
    text(&mut scene, (middle, TOP), TextAnchor::Middle, map.columns.to_owned(), plain);
    text(&mut scene, (left - 8.0, top - 14.0), TextAnchor::End, map.rows.to_owned(), plain);
    let numbers = map.cells.iter().flatten().filter_map(|(value, _)| *value);
    let most = numbers.filter(|value| value.is_finite()).fold(0.0, f64::max);
    for (row, (name, cells)) in map.names.iter().zip(&map.cells).enumerate() {
        let (x, y) = (left + width * row as f64, top + height * row as f64);
        text(&mut scene, (x + width / 2.0, top - 14.0), TextAnchor::Middle, shortened(name), plain);
        text(&mut scene, (left - 8.0, y + height / 2.0 + 4.5), TextAnchor::End, shortened(name), plain);
        for (column, (value, number)) in cells.iter().enumerate() {
            let x = left + width * column as f64;
            let share = value.filter(|value| most > 0.0 && *value > 0.0).map_or(0.0, |value| value / most);
            scene.add(Primitive::Rect {
                x: x + 1.0,
                y: y + 1.0,
                width: width - 2.0,
                height: height - 2.0,
                fill: (&colour(theme, share.min(1.0))[..]).into(),
                stroke: Some(theme.grid().into()),
                stroke_width: Some(1.0),
                opacity: None,
            });
            text(
                &mut scene,
                (x + width / 2.0, y + height / 2.0 + 4.5),
                TextAnchor::Middle,
                number.clone(),
                plain,
            );
        }
    }
    scene
}

/// Between the ground and the colour of the largest number, so far that text stays readable on it.
fn colour(theme: Theme, share: f64) -> String {
    let ground = match theme {
        Theme::Light => [255.0, 255.0, 255.0],
        Theme::Dark => [22.0, 24.0, 29.0],
    };
    let part = |at: usize| (ground[at] + (LARGEST[at] - ground[at]) * share * 0.7) as u8;
    format!("#{:02x}{:02x}{:02x}", part(0), part(1), part(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kuva::backend::svg::SvgBackend;

    #[test]
    fn every_cell_has_its_number_and_the_largest_the_darkest_ground() {
        let cells = vec![
            vec![(Some(0.0), "0 %".to_owned()), (Some(0.5), "50 %".to_owned())],
            vec![(Some(1.0), "100 %*".to_owned()), (None, "-".to_owned())],
        ];
        let names = vec!["old".to_owned(), "new".to_owned()];
        let map = HeatMap { title: "error".to_owned(), rows: "origin", columns: "followers", names, cells };
        assert_eq!(map.says(), "followers are old, new. origin old: 0 %, 50 %; origin new: 100 %*, -.");
        let svg = SvgBackend::new().render_scene(&draw(&map, Theme::Light));
        for text in [">0 %<", ">50 %<", ">100 %*<", ">-<", ">origin<", ">followers<"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert_eq!(
            [0.0, 0.5, 1.0].map(|share| colour(Theme::Light, share)),
            ["#ffffff", "#f0c6a5", "#e18e4c"]
        );
        assert!(svg.contains("#e18e4c") && svg.matches("#ffffff").count() >= 3);
    }
}
