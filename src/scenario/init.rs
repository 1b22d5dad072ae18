//! The commented example that `fedisim init` writes: a scenario that is valid as it stands.

use crate::scenario::shape::Form;

/// The example, under another name.
pub fn example(name: &str) -> String {
    include_str!("example.yaml").replacen("name: example", &format!("name: {name}"), 1)
}

/// Whether a scenario can have this name.
pub fn is_name(name: &str) -> bool {
    Form::Name.fits(name)
}

/// Whether text can be the name of a column of the comparison.
pub fn is_column_name(name: &str) -> bool {
    Form::ProtocolName.fits(name)
}

/// Whether text can be a path of keys, as in `--set`.
pub fn is_path(path: &str) -> bool {
    Form::Path.fits(path)
}
