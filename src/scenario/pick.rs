//! Which of several cases a node is written as.
//!
//! It looks at words and keys only; whether the value fits its case is for `check`.

use crate::scenario::problem::{nearest, shown};
use crate::scenario::shape::{Arm, Case, Shape};
use crate::scenario::tree::{Key, Node, Yaml};

/// Why a node is none of the cases.
pub(crate) enum Miss<'a> {
    /// It is of another kind.
    Kind,
    /// This is wrong with it as a whole.
    Whole(String),
    /// This is wrong with one of its keys.
    Key(&'a Key, String),
}

/// The case that a node is written as, and the node of its value.
pub(crate) fn pick<'a>(cases: &'a [Case], node: &'a Node) -> Result<(&'a Case, &'a Node), Miss<'a>> {
    match &node.value {
        Yaml::List(_) => plain(cases, node, |shape| matches!(shape, Shape::List { .. })),
        Yaml::Scalar { text, .. } => {
            let named = cases.iter().find(|case| case.name == text);
            match named.map(|case| (case, &case.arm)) {
                Some((case, Arm::Word)) => Ok((case, node)),
                Some((_, Arm::Keyed(shape))) => {
                    Err(Miss::Whole(format!("`{text}` needs its value: `{text}: ...`, {}", shape.expects())))
                }
                _ => plain(cases, node, |shape| !is_block(shape)),
            }
        }
        Yaml::Map(entries) => {
            let names = |shape: &Shape| matches!(shape, Shape::Names { .. });
            let is_marked = |case: &Case| matches!(case.arm, Arm::Marked(_));
            if cases.iter().any(is_marked) {
                let has_mark = |case: &Case| is_marked(case) && node.get(case.name).is_some();
                return match plain(cases, node, names) {
                    Ok(names) if !cases.iter().any(has_mark) => Ok(names),
                    _ => marked(cases, node),
                };
            }
            let keyed = keyed(cases, entries);
            plain(cases, node, |shape| matches!(shape, Shape::Record(_) | Shape::Names { .. })).or(keyed)
        }
    }
}

fn is_block(shape: &Shape) -> bool {
    matches!(shape, Shape::List { .. } | Shape::Names { .. } | Shape::Record(_))
}

/// The case that is its value alone, if that may be of such a shape.
fn plain<'a>(
    cases: &'a [Case],
    node: &'a Node,
    fits: fn(&Shape) -> bool,
) -> Result<(&'a Case, &'a Node), Miss<'a>> {
    let case = cases.iter().find(|case| matches!(&case.arm, Arm::Plain(shape) if fits(shape)));
    case.map(|case| (case, node)).ok_or(Miss::Kind)
}

/// The case whose name is the only key.
fn keyed<'a>(cases: &'a [Case], entries: &'a [(Key, Node)]) -> Result<(&'a Case, &'a Node), Miss<'a>> {
    let names = cases.iter().filter(|case| matches!(case.arm, Arm::Keyed(_))).map(|case| case.name);
    if let Some((key, _)) = entries.iter().find(|(key, _)| !names.clone().any(|name| name == key.text)) {
        return Err(Miss::Key(key, format!("is not a key here{}", nearest(&key.text, names))));
    }
    match entries {
        [] => Err(Miss::Kind),
        [(key, value)] => {
            cases.iter().find(|case| case.name == key.text).map(|case| (case, value)).ok_or(Miss::Kind)
        }
        [(first, _), (second, _), ..] => Err(both(&first.text, &second.text)),
    }
}

/// The case whose name is among the keys.
fn marked<'a>(cases: &'a [Case], node: &'a Node) -> Result<(&'a Case, &'a Node), Miss<'a>> {
    let is_marked = |case: &&Case| matches!(case.arm, Arm::Marked(_));
    let mut found = cases.iter().filter(is_marked).filter(|case| node.get(case.name).is_some());
    match (found.next(), found.next()) {
        (Some(case), None) => Ok((case, node)),
        (Some(case), Some(other)) => Err(both(case.name, other.name)),
        (None, _) => {
            let names: Vec<&str> = cases.iter().filter(is_marked).map(|case| case.name).collect();
            Err(Miss::Whole(format!("has none of the keys {}; it needs one of them", names.join(", "))))
        }
    }
}

fn both<'a>(one: &str, other: &str) -> Miss<'a> {
    Miss::Whole(format!("has both `{one}` and `{other}`; it may have one of them"))
}

/// A node in a few words.
pub(crate) fn described(node: &Node) -> String {
    match &node.value {
        Yaml::Scalar { text, quoted: false } if text.is_empty() => "no value".to_owned(),
        Yaml::Scalar { text, .. } => shown(text),
        Yaml::List(_) => "a list".to_owned(),
        Yaml::Map(entries) if entries.is_empty() => "an empty mapping".to_owned(),
        Yaml::Map(_) => "a mapping".to_owned(),
    }
}
