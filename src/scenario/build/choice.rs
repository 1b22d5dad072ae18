//! A choice of the domain, read by its name.

use crate::scenario::value::Checked;

/// The choice whose name stands under a key, else `base`.
pub(super) fn choice<T: Copy>(all: &[(T, &str, &str)], definition: &Checked, key: &str, base: T) -> T {
    let named = definition.text(key).and_then(|text| all.iter().find(|(_, name, _)| *name == text));
    named.map_or(base, |(choice, _, _)| *choice)
}
