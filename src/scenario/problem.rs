//! What is wrong with a scenario, and where: places, problems and the words that they are told in.
//!
//! Lines and columns count from 1, columns in characters. Nothing here knows the format of the file.

use crate::foundation::text::one_line;
use std::fmt;

/// More than this many problems are counted, not told.
const PROBLEMS_MAX: usize = 100;
/// Text of a file is quoted in a message up to this many characters.
const SHOWN_CHARS_MAX: usize = 40;
/// A search for the nearest name looks at so many names.
const NAMES_MAX: usize = 2_000;
/// A search for the nearest name compares so many pairs of characters, so that wrong files are refused soon.
const PAIRS_MAX: usize = 200_000;

/// Where a node was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The text that it stands in: 0 is the scenario file, then the `--set` arguments, then the data files.
    pub(crate) source: usize,
    /// The line, from 1.
    pub(crate) line: u32,
    /// The column in characters, from 1.
    pub(crate) column: u32,
}

/// Where and under which key something was written: all that a message needs besides its words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot<'a> {
    pub(crate) place: Place,
    pub(crate) path: &'a str,
}

/// One mistake of the user's, or a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as the user named it, or the `--set` argument.
    pub file: String,
    /// The line, from 1; 0 for a `--set` argument and for a whole file.
    pub line: u32,
    /// The column in characters, from 1; 0 where the line is.
    pub column: u32,
    /// The key, as in `videos.clip.origin`; empty for a whole file.
    pub path: String,
    /// What is wrong and what would be right: a lower-case fragment.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", one_line(&self.file))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The problems and warnings found so far, and the names of the texts that they stand in.
#[derive(Debug)]
pub(crate) struct Problems {
    sources: Vec<String>,
    found: Vec<(Place, String, String)>,
    count: usize,
    warnings: Vec<(Place, String, String)>,
}

impl Problems {
    /// None yet, in the file of this name.
    pub(crate) fn new(file: &str) -> Problems {
        Problems { sources: vec![file.to_owned()], found: Vec::new(), count: 0, warnings: Vec::new() }
    }

    /// Gives one more text a number.
    pub(crate) fn source(&mut self, name: String) -> usize {
        self.sources.push(name);
        self.sources.len() - 1
    }

    /// Notes a problem.
    pub(crate) fn at(&mut self, spot: Spot<'_>, message: impl Into<String>) {
        self.add(spot.place, spot.path, message);
    }

    /// Notes a problem of something that is not there to be asked for its spot.
    pub(crate) fn add(&mut self, place: Place, path: &str, message: impl Into<String>) {
        self.count += 1;
        if !self.full() {
            self.found.push((place, path.to_owned(), message.into()));
        }
    }

    /// Notes something that is allowed and probably not meant.
    pub(crate) fn warn(&mut self, spot: Spot<'_>, message: impl Into<String>) {
        if self.warnings.len() < PROBLEMS_MAX {
            self.warnings.push((spot.place, spot.path.to_owned(), message.into()));
        }
    }

    /// The warnings, in the order of the file.
    pub(crate) fn warnings(&self) -> Vec<Problem> {
        let mut warnings = self.warnings.clone();
        warnings.sort_by_key(|(place, _, _)| *place);
        warnings.into_iter().map(|warning| self.told(warning)).collect()
    }

    /// A problem with the name of its text.
    fn told(&self, (place, path, message): (Place, String, String)) -> Problem {
        let file = self.sources[place.source].clone();
        Problem { file, line: place.line, column: place.column, path, message }
    }

    /// Whether further problems are only counted, so that their messages need not be thought out.
    pub(crate) fn full(&self) -> bool {
        self.found.len() >= PROBLEMS_MAX
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them, in the order of the file; the last one counts those that are left out.
    pub(crate) fn into_list(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|(place, _, _)| *place);
        let left_out = self.count - self.found.len();
        let found = std::mem::take(&mut self.found);
        let mut list: Vec<Problem> = found.into_iter().map(|problem| self.told(problem)).collect();
        if left_out > 0 {
            let message = format!("and {left_out} problems more");
            list.push(Problem {
                file: self.sources[0].clone(),
                line: 0,
                column: 0,
                path: String::new(),
                message,
            });
        }
        list
    }
}

/// Text of the user's for a message, in backquotes.
pub(crate) fn shown(text: &str) -> String {
    format!("`{}`", shortened(text))
}

/// Text of the user's, shortened, with everything escaped that is not seen or changes what is seen.
pub(crate) fn shortened(text: &str) -> String {
    let few: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    let mut out = one_line(&few).into_owned();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

/// The name that the user may have meant, as the end of a message: "; did you mean `x`?" or "; there are a, b, c".
pub fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().take(NAMES_MAX).collect();
    match meant(text, names.iter().copied()) {
        Some(name) => format!("; did you mean `{name}`?"),
        _ if names.is_empty() => "; there is none".to_owned(),
        _ if names.len() == 1 => format!("; there is only {}", names[0]),
        _ if names.len() <= 20 => format!("; there are {}", names.join(", ")),
        _ => format!("; there are {}, ...", names[..10].join(", ")),
    }
}

/// The nearest of some names, if text may be a slip of it.
pub(crate) fn meant<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut pairs = 0;
    let affordable = names.into_iter().take_while(|name| {
        pairs += name.len() * text.len();
        pairs <= PAIRS_MAX
    });
    let (distance, name) = affordable.map(|name| (strsim::osa_distance(text, name), name)).min()?;
    is_slip(text, name, distance).then_some(name)
}

/// Whether a text so far from a name may be a slip of it. A slip of two letters or more keeps the first one or leaves out
/// what is before it.
fn is_slip(text: &str, name: &str, distance: usize) -> bool {
    let begins_alike = text.chars().next() == name.chars().next();
    distance <= 1 || distance <= 1 + name.len() / 4 && (begins_alike || name.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_the_user_is_shown_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[31m"), "`a\\u{1b}[31m`");
        assert_eq!(shown(&"x".repeat(50)), format!("`{}…`", "x".repeat(40)));
        assert_eq!(shown("a\u{202e}b"), "`a\\u{202e}b`");
    }

    #[test]
    fn the_nearest_name_is_near_or_all_are_told() {
        assert_eq!(nearest("folowers", ["origin", "followers"]), "; did you mean `followers`?");
        assert_eq!(nearest("defaults", ["faults", "gate"]), "; there are faults, gate");
        assert_eq!(nearest("x", ["origin", "followers"]), "; there are origin, followers");
        assert_eq!(nearest("x", []), "; there is none");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut problems = Problems::new("a.yaml");
        for line in 0..105 {
            problems.add(Place { source: 0, line: 200 - line, column: 1 }, "key", "is wrong");
        }
        let list = problems.into_list();
        assert_eq!(list.len(), 101);
        assert!(list[0].line < list[1].line);
        assert_eq!(list[0].to_string(), "a.yaml:101:1: key: is wrong");
        assert_eq!(list[100].to_string(), "a.yaml: and 5 problems more");
    }
}
