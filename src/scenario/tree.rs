//! YAML 1.2 text to a tree with places: the only file that knows the YAML crate.
//!
//! The text is untrusted, so everything is bounded: bytes, nodes (an alias counts all that it stands for), depth.
//! Nothing is recursive. Scalars stay text: what is a number or a time is for the format to say. JSON is YAML.

use crate::scenario::problem::{Place, shown};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput};
use std::collections::{BTreeMap, BTreeSet};

/// A scenario has at most this many bytes.
pub(crate) const BYTES_MAX: usize = 1 << 20;
/// A scenario has at most this many nodes (keys, values and what aliases stand for).
const NODES_MAX: usize = 20_000;
/// A scenario has at most this many signs of YAML, from brackets to quotes: the parser reads to the end of a bracket before
/// it says anything, so the limit on nodes alone would come late. JSON needs 3.5 a node.
const SIGNS_MAX: usize = 6 * NODES_MAX;
/// Mappings and lists are nested at most this deep.
const DEPTH_MAX: usize = 64;

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Yaml,
}

/// What YAML knows of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Yaml {
    /// Text; unquoted text may mean a number.
    Scalar {
        text: String,
        quoted: bool,
    },
    List(Vec<Node>),
    /// In the order of the file, no key twice.
    Map(Vec<(Key, Node)>),
}

/// A key and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) place: Place,
    pub(crate) text: String,
}

/// The one thing that made the text unreadable.
#[derive(Debug, PartialEq)]
pub(crate) struct Unreadable {
    pub(crate) place: Place,
    pub(crate) message: String,
}

impl Node {
    /// The value of a key, if this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let Yaml::Map(entries) = &self.value else { return None };
        entries.iter().find(|(k, _)| k.text == key).map(|(_, node)| node)
    }

    /// The text, if this is a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        let Yaml::Scalar { text, .. } = &self.value else { return None };
        Some(text)
    }

    /// The same value as if all of it were written at `place`.
    pub(crate) fn moved_to(&self, place: Place) -> Node {
        let value = match &self.value {
            Yaml::Scalar { .. } => self.value.clone(),
            Yaml::List(items) => Yaml::List(items.iter().map(|item| item.moved_to(place)).collect()),
            Yaml::Map(entries) => {
                let moved =
                    |(key, node): &(Key, Node)| (Key { place, text: key.text.clone() }, node.moved_to(place));
                Yaml::Map(entries.iter().map(moved).collect())
            }
        };
        Node { place, value }
    }
}

/// Reads the text of source number `source` into a tree.
pub(crate) fn parse(bytes: &[u8], source: usize) -> Result<Node, Unreadable> {
    let start = Place { source, line: 1, column: 1 };
    let unreadable = |place, message: String| Err(Unreadable { place, message });
    if bytes.len() > BYTES_MAX {
        return unreadable(start, format!("has {} bytes; at most {BYTES_MAX} are read", bytes.len()));
    }
    let signs = bytes.iter().filter(|byte| b"[]{},:\"'&*!%".contains(byte)).count();
    if signs > SIGNS_MAX {
        let message = format!(
            "has {signs} brackets, commas, colons, quotes and other signs of YAML; it may have {SIGNS_MAX}"
        );
        return unreadable(start, message);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = good.split('\n').count();
            let column = good.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
            let place = Place { source, line: line as u32, column: column as u32 };
            return unreadable(place, "is not UTF-8 text here; save the file as UTF-8".to_owned());
        }
    };
    let mut building = Building { source, ..Building::default() };
    let mut parser = Parser::<StrInput>::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                let place = building.place(span.start);
                building.take(event, place).map_err(|message| Unreadable { place, message })?;
            }
            Err(error) => {
                let place = building.place(*error.marker());
                if error.info().contains("recursion limit") {
                    return unreadable(place, format!("is nested more than {DEPTH_MAX} deep"));
                }
                let remedy = "indent with spaces, and quote text that holds `: `, ` #` or starts with a sign";
                return unreadable(place, format!("is not YAML here: {}; {remedy}", error.info()));
            }
        }
    }
    building.root.map_or_else(
        || unreadable(start, "is empty; a scenario is a mapping of keys to values".to_owned()),
        Ok,
    )
}

/// The tree while it grows.
#[derive(Default)]
struct Building {
    source: usize,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    /// Nodes with an anchor, and how many nodes they hold.
    anchors: BTreeMap<usize, (Node, usize)>,
}

/// A list or mapping whose end has not come.
struct Open {
    place: Place,
    anchor: usize,
    nodes_before: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, keys: BTreeSet<String>, key: Option<Key> },
}

impl Building {
    fn place(&self, at: Marker) -> Place {
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place { source: self.source, line: small(at.line()), column: small(at.col()).saturating_add(1) }
    }

    /// Takes one event of the parser; the error is what is wrong at its place.
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), String> {
        if let Event::Scalar(_, _, _, Some(_))
        | Event::SequenceStart(_, Some(_))
        | Event::MappingStart(_, Some(_)) = event
        {
            return Err(
                "has a tag (`!`), which scenarios do without; quote the text if `!` belongs to it".to_owned()
            );
        }
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err("starts a second document (`---`); a scenario is one document".to_owned());
                }
            }
            Event::Scalar(text, style, anchor, _) => {
                self.count(1)?;
                let quoted = style != ScalarStyle::Plain;
                self.scalar(text.into_owned(), quoted, anchor, place)?;
            }
            Event::SequenceStart(anchor, _) => self.start(Inside::List(Vec::new()), anchor, place)?,
            Event::MappingStart(anchor, _) => {
                let inside = Inside::Map { entries: Vec::new(), keys: BTreeSet::new(), key: None };
                self.start(inside, anchor, place)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Alias(anchor) => {
                let Some((node, nodes)) = self.anchors.get(&anchor) else {
                    return Err("is an alias to something that holds it".to_owned());
                };
                let (node, nodes) = (node.clone(), *nodes);
                self.count(nodes)?;
                self.attach(node)?;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            return Err(format!(
                "has more than {NODES_MAX} keys and values (an alias counts all that it stands for); long lists belong into a CSV file"
            ));
        }
        Ok(())
    }

    fn start(&mut self, inside: Inside, anchor: usize, place: Place) -> Result<(), String> {
        if self.open.len() >= DEPTH_MAX {
            return Err(format!("is nested more than {DEPTH_MAX} deep"));
        }
        if let Some(Open { inside: Inside::Map { key: None, .. }, .. }) = self.open.last() {
            return Err("is a list or mapping in the place of a key; keys are words".to_owned());
        }
        self.open.push(Open { place, anchor, nodes_before: self.nodes, inside });
        self.count(1)
    }

    fn end(&mut self) -> Result<(), String> {
        let open = self.open.pop().expect("the parser ends what it started");
        let value = match open.inside {
            Inside::List(items) => Yaml::List(items),
            Inside::Map { entries, .. } => Yaml::Map(entries),
        };
        let node = Node { place: open.place, value };
        self.keep(open.anchor, &node, self.nodes - open.nodes_before)?;
        self.attach(node)
    }

    fn scalar(&mut self, text: String, quoted: bool, anchor: usize, place: Place) -> Result<(), String> {
        if let Some(Open { inside: Inside::Map { key: key @ None, keys, .. }, .. }) = self.open.last_mut() {
            if !keys.insert(text.clone()) {
                return Err(format!("has the key {} twice", shown(&text)));
            }
            *key = Some(Key { place, text });
            return Ok(());
        }
        let node = Node { place, value: Yaml::Scalar { text, quoted } };
        self.keep(anchor, &node, 1)?;
        self.attach(node)
    }

    /// Remembers a node that has an anchor. The copy counts, so that nested anchors cannot multiply the work.
    fn keep(&mut self, anchor: usize, node: &Node, nodes: usize) -> Result<(), String> {
        if anchor > 0 {
            self.count(nodes)?;
            self.anchors.insert(anchor, (node.clone(), nodes));
        }
        Ok(())
    }

    fn attach(&mut self, node: Node) -> Result<(), String> {
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map { entries, key, .. }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => return Err("is an alias in the place of a key; keys are words".to_owned()),
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree on one line, each node with its place.
    fn line(node: &Node) -> String {
        let at = format!("{}:{}", node.place.line, node.place.column);
        match &node.value {
            Yaml::Scalar { text, quoted: true } => format!("{at} {text:?}"),
            Yaml::Scalar { text, .. } => format!("{at} {text}"),
            Yaml::List(items) => format!("{at} [{}]", items.iter().map(line).collect::<Vec<_>>().join(", ")),
            Yaml::Map(entries) => {
                let entry = |(key, node): &(Key, Node)| {
                    format!("{}@{}:{} -> {}", key.text, key.place.line, key.place.column, line(node))
                };
                format!("{at} {{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn check(text: &str, expected: &str) {
        let got = match parse(text.as_bytes(), 0) {
            Ok(node) => line(&node),
            Err(bad) => format!("{}:{}: {}", bad.place.line, bad.place.column, bad.message),
        };
        assert!(got.starts_with(expected), "{text:?}\n     got {got}\nexpected {expected}");
    }

    #[test]
    fn texts_become_trees_with_places() {
        check("a: 1\nb: [x, 'y']\n", "1:1 {a@1:1 -> 1:4 1, b@2:1 -> 2:4 [2:5 x, 2:8 \"y\"]}");
        check("{\"a\":{\"b\":[1,2]}}", "1:1 {a@1:2 -> 1:6 {b@1:7 -> 1:11 [1:12 1, 1:14 2]}}");
        check("{\n\t\"a\": 1,\n\t\"b\": 2\n}", "1:1 {a@2:2 -> 2:7 1, b@3:2 -> 3:7 2}");
        check("\u{feff}a: 1", "1:1 {a@1:1 -> 1:4 1}");
        check(
            "a: &x {b: 1}\nc: *x\n",
            "1:1 {a@1:1 -> 1:4 {b@1:8 -> 1:11 1}, c@2:1 -> 1:4 {b@1:8 -> 1:11 1}}",
        );
        check("- a\n- é: 1\n  ü: 2", "1:1 [1:3 a, 2:3 {é@2:3 -> 2:6 1, ü@3:3 -> 3:6 2}]");
        check("a: |\n  two\n  lines\n", "1:1 {a@1:1 -> 2:3 \"two\\nlines\\n\"}");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        check("", "1:1: is empty");
        check("# only a comment\n", "1:1: is empty");
        check("a: 1\na: 2", "2:1: has the key `a` twice");
        check("a: 1\n---\nb: 2", "2:1: starts a second document");
        check("a: !!str 1", "1:4: has a tag");
        check("a: !x {b: 1}", "1:4: has a tag");
        check("[a]: 1", "1:1: is a list or mapping in the place of a key");
        check("a: &a [*a]", "1:8: is an alias to something that holds it");
        check("a: &a 1\n*a : 2", "2:1: is an alias in the place of a key");
        check("a: *b", "1:4: is not YAML here");
        check("a: [1, 2", "2:1: is not YAML here");
        check("a: b: c", "1:5: is not YAML here: ");
        check("a:\n\tb: 1", "2:2: is not YAML here: ");
        check(
            &"[".repeat(200_000),
            "1:1: has 200000 brackets, commas, colons, quotes and other signs of YAML; it may have 120000",
        );
        check(&"[".repeat(100_000), "1:256: is nested more than 64 deep");
        check(&"{a: ".repeat(1_000), "1:1021: is nested more than 64 deep");
        check(&"- ".repeat(100), "1:129: is nested more than 64 deep");
        check(&"x".repeat(BYTES_MAX + 1), "1:1: has 1048577 bytes; at most 1048576 are read");
        check(&"- 1\n".repeat(20_001), "20000:3: has more than 20000 keys and values");
        let bad = parse(b"a: 1\nb: \xff", 0).expect_err("not UTF-8");
        assert_eq!((bad.place.line, bad.place.column), (2, 4));
    }

    #[test]
    fn an_alias_bomb_stops_at_the_node_limit() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let inner = format!("*a{}, ", level - 1).repeat(9);
            bomb += &format!("a{level}: &a{level} [{inner}]\n");
        }
        check(&bomb, "5:10: has more than 20000 keys and values");
    }
}
