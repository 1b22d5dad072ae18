//! `--set path=value`: changes to the tree of a scenario before it is checked.
//!
//! A path is keys with dots between, as in problems: `network.latency.constant`, `videos.clip.origin`. An item of a
//! list is named by its number from 0 or by its `name`, an entry of a mapping by its key or its number. What is not
//! there is made; where only one of several keys may stand, the new one replaces the others. A key that the format
//! does not know is found by the check, which then names the argument. The value is YAML: `[v1, v2]`, `{mean: 3}`.

use crate::scenario::problem::{Place, nearest, shortened, shown};
use crate::scenario::shape::{Arm, Case, Field, Shape};
use crate::scenario::tree::{self, Key, Node, Yaml};

/// Paths have at most this many keys.
const KEYS_MAX: usize = 32;

/// Applies one argument, which is source number `source`, to a tree of a shape. An error says what is wrong with the
/// argument.
/// With `may_name` unset, entries of mappings with names of the user's and items of lists must be there already.
pub(crate) fn apply(
    root: &mut Node,
    shape: &Shape,
    argument: &str,
    may_name: bool,
    source: usize,
) -> Result<(), String> {
    let Some((path, value)) = argument.split_once('=') else {
        return Err("has no `=`; it is written `path=value`, such as `seed=7`".to_owned());
    };
    let keys: Vec<&str> = path.split('.').map(str::trim).collect();
    if keys.iter().any(|key| key.is_empty()) || keys.len() > KEYS_MAX {
        return Err(format!(
            "has the path {}; a path is keys with a dot between, such as `videos.clip.origin`",
            shown(path)
        ));
    }
    let place = Place { source, line: 0, column: 0 };
    if value.trim().is_empty() {
        return Err(format!("has no value; it is written `path=value`, such as `{}=7`", shortened(path)));
    }
    let value =
        tree::parse(value.as_bytes(), source).map_err(|bad| format!("has a value that {}", bad.message))?;
    let mut spot = root;
    let mut expected = Some(shape);
    for key in keys {
        (spot, expected) = descend(spot, expected, key, may_name, place)?;
    }
    *spot = value.moved_to(place);
    Ok(())
}

/// The node under a key, made if it is not there, and what may stand in it, if that is known.
fn descend<'a, 's>(
    node: &'a mut Node,
    expected: Option<&'s Shape>,
    key: &str,
    may_name: bool,
    place: Place,
) -> Result<(&'a mut Node, Option<&'s Shape>), String> {
    if matches!(node.value, Yaml::Scalar { .. }) {
        *node = Node { place, value: Yaml::Map(Vec::new()) };
    }
    match &mut node.value {
        Yaml::List(items) => {
            let of = if let Some(Shape::List { of, .. }) = expected { Some(&**of) } else { None };
            Ok((item(items, key, may_name, place)?, of))
        }
        Yaml::Map(entries) => {
            if let (false, Some(Shape::Names { .. })) = (may_name, expected)
                && entries.iter().all(|(known, _)| known.text != key)
            {
                let names = entries.iter().map(|(known, _)| &known.text[..]);
                return Err(format!("has no {}{}", shown(key), nearest(key, names)));
            }
            Ok(entry(entries, expected, key, place))
        }
        Yaml::Scalar { .. } => unreachable!("it is a mapping now"),
    }
}

/// An entry of a mapping, made if it is not there; keys that cannot stand beside it go.
fn entry<'a, 's>(
    entries: &'a mut Vec<(Key, Node)>,
    expected: Option<&'s Shape>,
    key: &str,
    place: Place,
) -> (&'a mut Node, Option<&'s Shape>) {
    let inner = match expected {
        Some(Shape::Record(fields)) => field(fields, key),
        Some(Shape::Names { of, .. }) => Some(&**of),
        Some(Shape::OneOf(cases)) => {
            let rivals = rivals(cases, key);
            entries.retain(|(other, _)| !rivals.contains(&&other.text[..]));
            cases.iter().find_map(|case| within(case, key))
        }
        _ => None,
    };
    let numbered = matches!(expected, Some(Shape::Names { .. }));
    let number = key.parse().ok().filter(|&at: &usize| numbered && at < entries.len());
    let at = entries.iter().position(|(k, _)| k.text == key).or(number).unwrap_or_else(|| {
        entries.push((Key { place, text: key.to_owned() }, absent(place)));
        entries.len() - 1
    });
    (&mut entries[at].1, inner)
}

/// What stands in a node before its value does.
fn absent(place: Place) -> Node {
    Node { place, value: Yaml::Scalar { text: String::new(), quoted: false } }
}

/// An item of a list by its number (the number of items adds one) or its name.
fn item<'a>(
    items: &'a mut Vec<Node>,
    key: &str,
    may_add: bool,
    place: Place,
) -> Result<&'a mut Node, String> {
    let named = |item: &Node| item.get("name").unwrap_or(item).text() == Some(key);
    let count = items.len();
    let at = items
        .iter()
        .position(named)
        .or_else(|| key.parse().ok().filter(|&at: &usize| at < count + usize::from(may_add)));
    let Some(at) = at else {
        let numbers = "its items are named by their `name` or by their number from 0";
        return Err(format!("looks for {} in a list of {count}; {numbers}", shown(key)));
    };
    if at == count {
        items.push(absent(place));
    }
    Ok(&mut items[at])
}

fn field<'s>(fields: &'s [Field], key: &str) -> Option<&'s Shape> {
    fields.iter().find(|field| field.key == key).map(|field| &field.shape)
}

/// The shape of `key` in a case that has it.
fn within<'s>(case: &'s Case, key: &str) -> Option<&'s Shape> {
    match &case.arm {
        Arm::Keyed(shape) if case.name == key => Some(shape),
        Arm::Marked(Shape::Record(fields)) | Arm::Plain(Shape::Record(fields)) => field(fields, key),
        Arm::Plain(Shape::Names { of, .. }) => Some(of),
        _ => None,
    }
}

/// The keys that cannot stand beside `key`: the other cases, if `key` is one.
fn rivals<'s>(cases: &'s [Case], key: &str) -> Vec<&'s str> {
    let chosen = cases.iter().any(|case| case.name == key && !matches!(case.arm, Arm::Word | Arm::Plain(_)));
    let others = cases.iter().filter(|case| matches!(case.arm, Arm::Keyed(_) | Arm::Marked(_)));
    others.filter(|case| chosen && case.name != key).map(|case| case.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::format;

    /// Applies `argument` to `text` and shows the tree without places.
    fn check(text: &str, argument: &str, expected: &str) {
        let mut root = tree::parse(text.as_bytes(), 0).expect("a tree");
        let got = match apply(&mut root, &format::scenario(), argument, true, 1) {
            Ok(()) => show(&root),
            Err(message) => message,
        };
        assert_eq!(got, expected, "{argument}");
    }

    fn show(node: &Node) -> String {
        match &node.value {
            Yaml::Scalar { text, .. } => text.clone(),
            Yaml::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(" ")),
            Yaml::Map(entries) => {
                let entry = |(key, node): &(Key, Node)| format!("{}:{}", key.text, show(node));
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn values_are_replaced_or_made() {
        check("{seed: 1}", "seed=7", "{seed:7}");
        check("{seed: 1}", "network.loss=2 %", "{seed:1 network:{loss:2 %}}");
        check("{compare: [v1]}", "compare=[v1, v2]", "{compare:[v1 v2]}");
        check("{compare: [v1]}", "compare.1=v2", "{compare:[v1 v2]}");
        check(
            "{compare: [v1, {name: a, protocol: v1}]}",
            "compare.a.protocol=v2",
            "{compare:[v1 {name:a protocol:v2}]}",
        );
        check("{compare: [v1, v2]}", "compare.v2=v3", "{compare:[v1 v3]}");
        check("{videos: {clip: {origin: a}}}", "videos.clip.origin=b", "{videos:{clip:{origin:b}}}");
        check("{videos: {clip: {origin: a}}}", "videos.0.origin=b", "{videos:{clip:{origin:b}}}");
        check("{follows: everybody}", "follows.random.mean=3", "{follows:{random:{mean:3}}}");
    }

    #[test]
    fn one_case_replaces_another() {
        let latency = "{network: {latency: {uniform: {min: 1 ms, max: 2 ms}}}}";
        check(latency, "network.latency.constant=5 ms", "{network:{latency:{constant:5 ms}}}");
        check(
            latency,
            "network.latency.uniform.max=5 ms",
            "{network:{latency:{uniform:{min:1 ms max:5 ms}}}}",
        );
        check("{end: 90 min}", "end.when=idle", "{end:{when:idle}}");
        let crowd = "{viewers: [{video: clip, trace: a.csv}]}";
        check(crowd, "viewers.0.sessions=[]", "{viewers:[{video:clip sessions:[]}]}");
        check(crowd, "viewers.0.video=other", "{viewers:[{video:other trace:a.csv}]}");
    }

    #[test]
    fn arguments_that_cannot_be_applied_say_why() {
        check("{seed: 1}", "seed", "has no `=`; it is written `path=value`, such as `seed=7`");
        check(
            "{seed: 1}",
            "a..b=1",
            "has the path `a..b`; a path is keys with a dot between, such as `videos.clip.origin`",
        );
        check("{seed: 1}", "seed=", "has no value; it is written `path=value`, such as `seed=7`");
        check(
            "{compare: [v1]}",
            "compare.v9=v2",
            "looks for `v9` in a list of 1; its items are named by their `name` or by their number from 0",
        );
    }
}
