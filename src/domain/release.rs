//! Releases of PeerTube: the versions that servers state, and the preset whose rules each has.
//!
//! Source: the lines of releases that the presets stand for (`protocol`), and PeerTube's configuration for what a release leaves to its
//! administrators: the viewers federation V2 is off in 6.1 to 7.0 unless somebody turns it on.

use crate::domain::protocol::PRESETS;
use std::fmt;
use std::str::FromStr;

/// The first release of each preset's line, newest first.
const LINES: [([u32; 3], &str); 7] = [
    ([9, 0, 0], "peertube-9.0-dev"),
    ([8, 2, 4], "peertube-8.2.4"),
    ([8, 2, 0], "peertube-8.2"),
    ([8, 0, 0], "peertube-8.0"),
    ([7, 1, 0], "peertube-7.2"),
    ([6, 1, 0], "peertube-6.3-v1"),
    ([0, 0, 0], "peertube-6.0"),
];
/// The preset of the newest line that is released.
pub const NEWEST: &str = "peertube-8.2.4";
/// What the names of releases begin with; those of designs and aliases do not.
const RELEASES: &str = "peertube-";
/// No part of a version is larger; what is, is a date or something else.
const PART_MAX: u32 = 999;

/// A release, by its numbers: what stands behind them, as in `8.0.0-rc.1`, makes no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release([u32; 3]);

impl Release {
    /// The preset of its line: the newest that is not younger.
    pub fn preset(self) -> &'static str {
        // the last line begins with the first release
        let line = LINES.iter().find(|(from, _)| *from <= self.0);
        line.map_or(LINES[LINES.len() - 1].1, |(_, preset)| preset)
    }
}

/// The presets that are releases, oldest first.
pub fn releases() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|preset| preset.name).filter(|name| name.starts_with(RELEASES))
}

/// Text is no version.
#[derive(Debug, PartialEq, Eq)]
pub struct NoRelease;

impl FromStr for Release {
    type Err = NoRelease;

    fn from_str(text: &str) -> Result<Release, NoRelease> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let numbers = text.split(['-', '+', ' ']).next().unwrap_or_default();
        let part = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let part = if is_number { text.parse().ok() } else { None };
            part.filter(|part| *part <= PART_MAX).ok_or(NoRelease)
        };
        let parts: Vec<u32> = numbers.split('.').map(part).collect::<Result<_, _>>()?;
        match parts[..] {
            [major, minor, patch] => Ok(Release([major, minor, patch])),
            [major, minor] => Ok(Release([major, minor, 0])),
            _ => Err(NoRelease),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Release([major, minor, patch]) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_the_rules_of_its_line() {
        for (text, preset) in [
            ("10.0.0", "peertube-9.0-dev"),
            ("9.0.0-alpha.1", "peertube-9.0-dev"),
            ("8.9.0", "peertube-8.2.4"),
            ("8.2.4", "peertube-8.2.4"),
            ("8.2.3", "peertube-8.2"),
            ("8.2.0-rc.1", "peertube-8.2"),
            ("8.1.99", "peertube-8.0"),
            ("8.0.0", "peertube-8.0"),
            ("7.3.0", "peertube-7.2"),
            ("v7.1.1", "peertube-7.2"),
            ("7.0.1", "peertube-6.3-v1"),
            ("6.3.3+fork", "peertube-6.3-v1"),
            ("6.1", "peertube-6.3-v1"),
            ("6.0.4", "peertube-6.0"),
            ("0.0.0", "peertube-6.0"),
        ] {
            assert_eq!(text.parse().map(Release::preset), Ok(preset), "{text}");
        }
    }

    #[test]
    fn designs_are_no_releases() {
        let all: Vec<&str> = releases().collect();
        assert_eq!((all.len(), all[0], all[7]), (8, "peertube-6.0", "peertube-9.0-dev"));
    }

    #[test]
    fn every_line_is_that_of_a_preset() {
        let is_preset = |name: &str| PRESETS.iter().any(|preset| preset.name == name);
        assert!(
            LINES.iter().all(|(_, name)| is_preset(name)) && LINES.is_sorted_by(|one, other| one > other)
        );
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in [
            "",
            "None",
            "nightly-2026-03-01",
            "8",
            "8.",
            ".8.2",
            "8.2.1.0",
            "20260301.1",
            "8.x",
            "-8.2.1",
            "8.+2",
            "8.2.①",
        ] {
            assert_eq!(text.parse::<Release>(), Err(NoRelease), "{text}");
        }
        assert_eq!("v08.2".parse::<Release>().map(|release| release.to_string()), Ok("8.2.0".to_owned()));
    }
}
