//! How series look, the same in plots and in the page: colours that colour-blind readers can tell apart, and dashes and markers
//! for those who see none.

use crate::report::figure::Series;

/// The colours of Okabe and Ito (2008) that stand out on white and on black; their black is the colour of text here.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
/// Lengths of dashes and gaps, in pixels; empty is solid.
const DASHES: [&str; 6] = ["", "9 4", "2 3", "9 3 2 3", "14 5", "14 3 2 3 2 3"];
/// How many markers there are.
pub const MARKERS: usize = 6;

/// How a series looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The colour; none for the colour of text.
    pub colour: Option<&'static str>,
    /// Dashes as in SVG's `stroke-dasharray`; empty for a solid line.
    pub dashes: &'static str,
    /// The number of the marker, below `MARKERS`.
    pub marker: usize,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Both.
    pub const ALL: [Theme; 2] = [Theme::Light, Theme::Dark];

    /// The colour of the ground.
    pub fn ground(self) -> &'static str {
        match self {
            Theme::Light => "#ffffff",
            Theme::Dark => "#16181d",
        }
    }

    /// The colour of text.
    pub fn text(self) -> &'static str {
        match self {
            Theme::Light => "#1b1f24",
            Theme::Dark => "#e6e8eb",
        }
    }

    /// The colour of lines that help the eye.
    pub fn grid(self) -> &'static str {
        match self {
            Theme::Light => "#d9dde2",
            Theme::Dark => "#363b44",
        }
    }
}

/// The look of a series.
pub fn look(series: &Series) -> Look {
    match series {
        Series::Truth(_) => Look { colour: None, dashes: "", marker: 0 },
        Series::Protocol(number, _) => {
            let colour = number % COLOURS.len();
            // colours repeat, but not together with the same dashes
            let shape = (number + number / COLOURS.len()) % DASHES.len();
            Look { colour: Some(COLOURS[colour]), dashes: DASHES[shape], marker: shape }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_six_columns_look_different() {
        let looks: Vec<Look> = (0..36).map(|number| look(&Series::Protocol(number, String::new()))).collect();
        for (number, one) in looks.iter().enumerate() {
            assert!(!looks[..number].contains(one), "{number}");
        }
    }
}
