//! Sizes in pixels, and the text, of all plots.

/// Pixels.
pub(super) const WIDTH: f64 = 900.0;
pub(super) const HEIGHT: f64 = 480.0;
pub(super) const TOP: f64 = 56.0;
pub(super) const BOTTOM: f64 = 64.0;
pub(super) const LEFT: f64 = 96.0;
/// Of the text of axes and names, and how far apart lines of it are.
pub(super) const TEXT: u32 = 13;
pub(super) const LINE_HEIGHT: f64 = 18.0;
/// The mean width of a letter of that text.
pub(super) const LETTER: f64 = 7.4;
/// The line and the marker before a name.
pub(super) const SWATCH: f64 = 30.0;
/// Markers on a line.
pub(super) const MARKERS: usize = 8;
/// PNG has so many pixels for each of SVG's.
pub(super) const SCALE: f32 = 2.0;
pub(super) const FONT: &str = "DejaVu Sans, Verdana, Helvetica, sans-serif";

/// Names that are longer than a margin end in dots.
pub(super) fn shortened(name: &str) -> String {
    const LETTERS_MAX: usize = 48;
    if name.chars().count() <= LETTERS_MAX {
        return name.to_owned();
    }
    name.chars().take(LETTERS_MAX - 1).chain(['…']).collect()
}
