//! A checked scenario file: values with their types, defaults filled in, each with its place and its key.
//!
//! The dumb side of the two-stage reading: types and bounds hold here, sense does not yet. Whatever was wrong is
//! `Broken`, so that the rest can still be looked at and all problems are told at once: every getter gives `None`
//! for what is broken or absent, and the reader goes on.

use crate::foundation::units::Span;
use crate::scenario::problem::{Place, Spot};

/// A value, where it was written and under which key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Checked {
    pub(crate) place: Place,
    /// As in `videos.clip.origin`.
    pub(crate) path: String,
    pub(crate) value: Value,
}

/// A value of the shape that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// It was wrong, and that has been said.
    Broken,
    Text(String),
    Integer(u64),
    Number(f64),
    Span(Span),
    Share(u32),
    Rate(f64),
    Bytes(u64),
    /// In bits per second.
    BitRate(u64),
    List(Vec<Checked>),
    /// Records in the order of the format, mappings of names in that of the file.
    Record(Vec<(String, Checked)>),
    Case {
        name: &'static str,
        written: Written,
    },
}

/// How a case was written, with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Written {
    /// As its name.
    Word,
    /// Under its name.
    Keyed(Box<Checked>),
    /// As the value alone.
    Plain(Box<Checked>),
}

impl Checked {
    /// Where it was written.
    pub(crate) fn spot(&self) -> Spot<'_> {
        Spot { place: self.place, path: &self.path }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Checked> {
        let found = self.entries().iter().find(|(k, _)| k == key).map(|(_, value)| value);
        found.filter(|checked| checked.value != Value::Broken)
    }

    /// The entries of a mapping or record; none if it is broken.
    pub(crate) fn entries(&self) -> &[(String, Checked)] {
        if let Value::Record(entries) = &self.value { entries } else { &[] }
    }

    /// The items of a list; none if it is broken.
    pub(crate) fn items(&self) -> &[Checked] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// The name of the case and its value (itself if the case is a word).
    pub(crate) fn case(&self) -> Option<(&'static str, &Checked)> {
        match &self.value {
            Value::Case { name, written: Written::Word } => Some((name, self)),
            Value::Case { name, written: Written::Keyed(value) | Written::Plain(value) } => {
                Some((name, value))
            }
            _ => None,
        }
    }

    /// The text under a key.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// The text.
    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The whole number under a key.
    pub(crate) fn integer(&self, key: &str) -> Option<u64> {
        self.get(key)?.as_integer()
    }

    /// The whole number.
    pub(crate) fn as_integer(&self) -> Option<u64> {
        if let Value::Integer(number) = self.value { Some(number) } else { None }
    }

    /// The number under a key.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.as_number()
    }

    /// The number.
    pub(crate) fn as_number(&self) -> Option<f64> {
        if let Value::Number(number) = self.value { Some(number) } else { None }
    }

    /// The time under a key.
    pub(crate) fn span(&self, key: &str) -> Option<Span> {
        self.get(key)?.as_span()
    }

    /// The time.
    pub(crate) fn as_span(&self) -> Option<Span> {
        if let Value::Span(span) = self.value { Some(span) } else { None }
    }

    /// The share under a key, in millionths.
    pub(crate) fn share_ppm(&self, key: &str) -> Option<u32> {
        self.get(key)?.as_share_ppm()
    }

    /// The share, in millionths.
    pub(crate) fn as_share_ppm(&self) -> Option<u32> {
        if let Value::Share(ppm) = self.value { Some(ppm) } else { None }
    }

    /// The rate under a key, per second.
    pub(crate) fn rate_per_s(&self, key: &str) -> Option<f64> {
        if let Value::Rate(per_s) = self.get(key)?.value { Some(per_s) } else { None }
    }

    /// The size under a key, in bytes.
    pub(crate) fn bytes(&self, key: &str) -> Option<u64> {
        if let Value::Bytes(bytes) = self.get(key)?.value { Some(bytes) } else { None }
    }

    /// The bit rate under a key, in bits per second.
    pub(crate) fn bits_per_s(&self, key: &str) -> Option<u64> {
        if let Value::BitRate(bits_per_s) = self.get(key)?.value { Some(bits_per_s) } else { None }
    }

    /// Whether everything in it is sound.
    pub(crate) fn is_sound(&self) -> bool {
        match &self.value {
            Value::Broken => false,
            Value::List(items) => items.iter().all(Checked::is_sound),
            Value::Record(entries) => entries.iter().all(|(_, value)| value.is_sound()),
            Value::Case { written: Written::Keyed(value) | Written::Plain(value), .. } => value.is_sound(),
            _ => true,
        }
    }
}
