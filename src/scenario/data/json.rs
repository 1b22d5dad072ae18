//! Lists of JSON, item by item and with the lines that they begin at. Lists are bounded, and so is an item.

use crate::scenario::data::files::DataFile;
use crate::scenario::data::lines::Lines;
use crate::scenario::problem::Problems;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;

/// A list has at most this many items.
const ITEMS_MAX: usize = 10_000_000;
/// An item has at most this many bytes.
const ITEM_BYTES_MAX: usize = 1 << 20;

/// A list whose items have not been read yet.
#[derive(Debug, Default)]
pub(crate) struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Items<'a>, D::Error> {
        deserializer.deserialize_seq(OfItems).map(Items)
    }
}

struct OfItems;

impl<'de> Visitor<'de> for OfItems {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.len() == ITEMS_MAX {
                return Err(A::Error::custom(format!("a list has more than {ITEMS_MAX} items")));
            }
            items.push(item);
        }
        Ok(items)
    }
}

impl<'a> Items<'a> {
    /// Hands each item of a list of `file`'s text, an object, to `take`, with its line. Stops when problems are no longer told.
    pub(crate) fn each(
        &self,
        (file, text): (&DataFile, &str),
        problems: &mut Problems,
        mut take: impl FnMut(u32, Map<String, Value>, &mut Problems),
    ) {
        let mut lines = Lines::new(text.as_bytes());
        for item in &self.0 {
            if problems.full() {
                return;
            }
            let item = item.get();
            let line = lines.at(item.as_ptr().addr() - text.as_ptr().addr());
            let object = Some(item).filter(|item| item.len() <= ITEM_BYTES_MAX).map(serde_json::from_str);
            match object {
                Some(Ok(Value::Object(object))) => take(line, object, problems),
                _ => problems.add(file.line(line), "", "is an item that is no object of names and values"),
            }
        }
    }
}

/// All of a file; or a problem.
pub(crate) fn json<'a, T: Deserialize<'a>>(
    file: &DataFile,
    text: &'a str,
    problems: &mut Problems,
) -> Option<T> {
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
            problems.add(file.line(line), "", format!("is not the JSON that is expected here: {error}"));
            None
        }
    }
}

/// A text or a number of an object, as text.
pub(crate) fn member(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
