//! What a message is made of: the members of its body and the lines of its heads, each with its bytes.
//!
//! For people who ask where the bytes come from. Every part is cut out of the text that is sent; nothing here is counted twice
//! or assumed.

use super::body::Signature;
use super::names::Names;
use crate::mechanism::activity::Activity;
use serde_json::{Map, Value};

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The member of a body, or the name of a line of a head.
    pub name: String,
    /// Its bytes, with the key and with the end of the line.
    pub bytes: u64,
}

/// The part of a body that is no member: two braces, and commas between members.
const PUNCTUATION: &str = "{,}";

impl Names {
    /// The members of the signed body of a View, in the order of its text, and what stands between them.
    pub fn body_parts(&self, view: &Activity) -> Vec<Part> {
        let signature = Signature::placeholder(self.iso_time(view.built));
        let text = self.activity(view, view.form).signed(signature).json();
        let members: Map<String, Value> = serde_json::from_str(&text).expect("a body is a JSON object");
        let mut parts: Vec<(usize, Part)> = members
            .iter()
            .map(|(key, value)| {
                let name = Value::from(key.as_str()).to_string() + ":";
                // the names of nested members come later than those of the body
                let place = text.find(&name).expect("the text has its own members");
                (place, Part { name: key.clone(), bytes: (name.len() + value.to_string().len()) as u64 })
            })
            .collect();
        parts.sort_by_key(|(place, _)| *place);
        let punctuation = Part { name: PUNCTUATION.to_owned(), bytes: members.len() as u64 + 1 };
        parts.into_iter().map(|(_, part)| part).chain([punctuation]).collect()
    }
}

/// The lines of a head, in order; the last one is empty.
pub fn head_parts(head: &str) -> Vec<Part> {
    let part = |(number, line): (usize, &str)| {
        let name = match (number, line.split_once(':')) {
            (0, _) => "first line",
            (_, Some((name, _))) => name,
            (_, None) => "empty line",
        };
        Part { name: name.to_owned(), bytes: line.len() as u64 }
    };
    head.split_inclusive("\r\n").enumerate().map(part).collect()
}
