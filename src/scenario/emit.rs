//! The resolved scenario: canonical YAML of a checked file.
//!
//! Every value stands in one spelling, defaults included, in the order of the format, so that equal scenarios are equal
//! bytes and their hash can name them. Reading the text again gives the same text. Text that another YAML reader
//! might take for something else is quoted as in JSON.

use crate::scenario::quantity;
use crate::scenario::value::{Checked, Value, Written};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Words that some YAML reader takes for a boolean or nothing.
const NOT_PLAIN: [&str; 12] =
    ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];

/// The canonical text of a checked file in which nothing is broken.
pub(crate) fn emit(checked: &Checked) -> String {
    let mut out = String::new();
    write_block(&mut out, &plain(checked), 0);
    out
}

/// A checked value on one line, as it may stand in a file.
pub(crate) fn flow(checked: &Checked) -> String {
    fn written(node: &Plain) -> String {
        match node {
            Plain::Scalar(text) => text.clone(),
            Plain::List(items) => {
                format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", "))
            }
            Plain::Map(entries) => {
                let entry = |(key, value): &(String, Plain)| format!("{key}: {}", written(value));
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }
    written(&plain(checked))
}

/// The SHA-256 of bytes, as 64 hex digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    })
}

/// What YAML is made of.
enum Plain {
    Scalar(String),
    List(Vec<Plain>),
    Map(Vec<(String, Plain)>),
}

fn plain(checked: &Checked) -> Plain {
    let scalar = match &checked.value {
        Value::Text(text) => text_of(text),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Span(span) => span.to_string(),
        Value::Share(ppm) => quantity::share_text(*ppm),
        Value::Rate(per_s) => quantity::rate_text(*per_s),
        Value::BitRate(bits_per_s) => quantity::bit_rate_text(*bits_per_s),
        Value::Bytes(bytes) => quantity::bytes_text(*bytes),
        Value::Case { name, written: Written::Word } => text_of(name),
        Value::Case { written: Written::Plain(value), .. } => return plain(value),
        Value::Case { name, written: Written::Keyed(value) } => {
            return Plain::Map(vec![((*name).to_owned(), plain(value))]);
        }
        Value::List(items) => return Plain::List(items.iter().map(plain).collect()),
        Value::Record(entries) => {
            return Plain::Map(entries.iter().map(|(key, value)| (text_of(key), plain(value))).collect());
        }
        Value::Broken => unreachable!("only sound files are written"),
    };
    Plain::Scalar(scalar)
}

/// Writes a list or mapping as lines, each indented by `indent` blanks.
fn write_block(out: &mut String, node: &Plain, indent: usize) {
    match node {
        Plain::Map(entries) => {
            for (key, value) in entries {
                out.extend(std::iter::repeat_n(' ', indent));
                out.push_str(key);
                out.push(':');
                write_value(out, value, indent);
            }
        }
        Plain::List(items) => {
            for item in items {
                out.extend(std::iter::repeat_n(' ', indent));
                out.push('-');
                match item {
                    Plain::Map(entries) if !entries.is_empty() => {
                        let start = out.len();
                        write_block(out, item, indent + 2);
                        // the first key stands behind the dash: its indentation becomes one blank
                        out.replace_range(start..start + indent + 2, " ");
                    }
                    _ => write_value(out, item, indent),
                }
            }
        }
        Plain::Scalar(_) => unreachable!("a scalar is no block"),
    }
}

/// Writes what stands behind a colon or dash, to the end of the line or as a block below it.
fn write_value(out: &mut String, value: &Plain, indent: usize) {
    match value {
        Plain::Scalar(text) => {
            out.push(' ');
            out.push_str(text);
            out.push('\n');
        }
        Plain::List(items) if items.is_empty() => out.push_str(" []\n"),
        Plain::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
        block => {
            out.push('\n');
            write_block(out, block, indent + 2);
        }
    }
}

/// Text as a scalar: as it is where every reader takes it for text, else in double quotes.
fn text_of(text: &str) -> String {
    let word =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ' | ',' | '(' | ')');
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let lower = text.to_ascii_lowercase();
    if starts_well && !text.ends_with(' ') && text.chars().all(word) && !NOT_PLAIN.contains(&&lower[..]) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            // what a reader might take for the end of a line, or is invisible
            '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{a0}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{ffff}'
            | '\u{10000}'.. => {
                write!(out, "\\U{:08x}", u32::from(c)).expect("a string takes everything");
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
