//! The problem that a name is none of those that there are.

use crate::scenario::problem::{Problems, Spot, nearest, shown};

/// Notes that `name`, written at `at`, is none of `names`.
pub(super) fn unknown<'a>(
    at: Spot<'_>,
    what: &str,
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
    problems: &mut Problems,
) {
    if !problems.full() {
        problems.at(at, format!("{} is no {what}{}", shown(name), nearest(name, names)));
    }
}
