//! The picture of a federation: nodes, and lines between them as wide as what was sent is much.

use super::layout::{BOTTOM, FONT, TEXT, TOP, WIDTH, shortened};
use crate::report::figure::{Edge, Network, Node};
use crate::report::style::Theme;
use crate::report::table::human_readable;
use kuva::render::render::{Primitive, Scene, TextAnchor};

const HEIGHT: f64 = 720.0;
const RADIUS: f64 = 270.0;
/// With more nodes than these only owners are named.
const NAMES_MAX: usize = 60;
/// The width of the widest line, and of one a thousandth of it or less.
const WIDEST: f64 = 7.0;
const THINNEST: f64 = 0.4;
/// All widest lines side by side are no wider than this.
const WIDEST_TOGETHER: f64 = 200.0;
const FROM_ORIGIN: &str = "#0072b2";
const TO_ORIGIN: &str = "#d55e00";
const OTHER: &str = "#009e73";

/// Draws the picture.
pub(super) fn draw(network: &Network, title: &str, theme: Theme) -> Scene {
    let mut scene = Scene::new(WIDTH, HEIGHT).with_background(Some(theme.ground()));
    scene.font_family = Some(FONT.to_owned());
    scene.text_color = Some(theme.text().to_owned());
    let text = |scene: &mut Scene, (x, y): (f64, f64), size, anchor, content: String| {
        let color = Some(theme.text().into());
        scene.add(Primitive::Text { x, y, content, size, anchor, rotate: None, bold: false, color });
    };
    text(&mut scene, (WIDTH / 2.0, 32.0), 17, TextAnchor::Middle, title.to_owned());
    let most = network.edges.first().map_or(1, |edge| edge.bytes.max(1));
    // the largest comes first in the data and last on the paper
    for edge in network.edges.iter().rev() {
        scene.add(line(network, edge, most));
    }
    for node in &network.nodes {
        let (cx, cy) = at(node);
        let r = if node.is_origin { 9.0 } else { (250.0 / network.nodes.len() as f64).clamp(1.5, 4.0) };
        let fill = if node.is_origin { FROM_ORIGIN } else { theme.text() };
        let stroke = Some(theme.ground().into());
        scene.add(Primitive::Circle {
            cx,
            cy,
            r,
            fill: fill.into(),
            fill_opacity: None,
            stroke,
            stroke_width: Some(1.0),
        });
    }
    for node in network.nodes.iter().filter(|node| node.is_origin || network.nodes.len() <= NAMES_MAX) {
        let (x, y) = at(node);
        let (place, anchor) = match (node.is_origin, node.x) {
            (true, _) => ((x, y - 14.0), TextAnchor::Middle),
            (false, x_unit) if x_unit < 0.0 => ((x - 8.0, y + 4.0), TextAnchor::End),
            _ => ((x + 8.0, y + 4.0), TextAnchor::Start),
        };
        let size = if node.is_origin { TEXT } else { 10 };
        text(&mut scene, place, size, anchor, shortened(&node.name));
    }
    let legend =
        [(FROM_ORIGIN, "sent by an owner of a video"), (TO_ORIGIN, "sent to one"), (OTHER, "others")];
    for (number, (colour, name)) in legend.into_iter().enumerate() {
        let (x, y) = (20.0 + 260.0 * number as f64, HEIGHT - 22.0);
        let stroke = colour.into();
        scene.add(Primitive::Line {
            x1: x,
            y1: y,
            x2: x + 22.0,
            y2: y,
            stroke,
            stroke_width: 4.0,
            stroke_dasharray: dashes(colour),
        });
        text(&mut scene, (x + 30.0, y + 4.5), TEXT, TextAnchor::Start, name.to_owned());
    }
    let widest = format!("widest: {}", human_readable(most as f64, "bytes"));
    text(&mut scene, (WIDTH - 20.0, HEIGHT - 17.5), TEXT, TextAnchor::End, widest);
    scene
}

fn at(node: &Node) -> (f64, f64) {
    let middle = TOP + (HEIGHT - TOP - BOTTOM) / 2.0;
    (WIDTH / 2.0 + RADIUS * node.x, middle - RADIUS * node.y)
}

/// A line beside that of the other direction.
fn line(network: &Network, edge: &Edge, most: u64) -> Primitive {
    let (from, to) = (&network.nodes[edge.from], &network.nodes[edge.to]);
    let ((x1, y1), (x2, y2)) = (at(from), at(to));
    let length = libm::hypot(x2 - x1, y2 - y1).max(1.0);
    let widest = WIDEST.min(WIDEST_TOGETHER / network.nodes.len() as f64).max(2.0);
    let width = (widest + (widest - THINNEST) / 3.0 * libm::log10(edge.bytes.max(1) as f64 / most as f64))
        .max(THINNEST);
    let beside = 1.0 + width / 2.0;
    let (dx, dy) = (beside * (y2 - y1) / length, -beside * (x2 - x1) / length);
    let colour = match (from.is_origin, to.is_origin) {
        (true, _) => FROM_ORIGIN,
        (_, true) => TO_ORIGIN,
        _ => OTHER,
    };
    Primitive::Line {
        x1: x1 + dx,
        y1: y1 + dy,
        x2: x2 + dx,
        y2: y2 + dy,
        stroke: colour.into(),
        stroke_width: width,
        stroke_dasharray: dashes(colour),
    }
}

fn dashes(colour: &str) -> Option<String> {
    match colour {
        FROM_ORIGIN => None,
        TO_ORIGIN => Some("7 4".to_owned()),
        _ => Some("2 3".to_owned()),
    }
}
