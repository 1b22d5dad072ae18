//! A tree against its shape: every problem is noted, defaults are filled in, values get their types.
//!
//! Recursion follows the shape, whose depth is ours, never the file. Nothing here knows a key of the format.

use crate::scenario::problem::{Place, Problems, nearest, shortened, shown};
use crate::scenario::quantity;
use crate::scenario::shape::{Arm, Case, Default, Field, Form, Shape};
use crate::scenario::tree::{Key, Node, Yaml};
use crate::scenario::value::{Checked, Value, Written};
use crate::words::units::Span;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Checks `node`, which stands under `path`.
pub(crate) fn check(shape: &Shape, node: &Node, path: &str, problems: &mut Problems) -> Checked {
    let value = match (Check { path, place: node.place, problems: &mut *problems }).value(shape, node) {
        Ok(value) => value,
        Err(message) => {
            problems.add(node.place, path, message);
            Value::Broken
        }
    };
    Checked { place: node.place, path: path.to_owned(), value }
}

/// The path of a key under a path.
pub(crate) fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The check of one node. An `Err` is a problem of the node as a whole.
struct Check<'a> {
    path: &'a str,
    place: Place,
    problems: &'a mut Problems,
}

impl Check<'_> {
    fn value(&mut self, shape: &Shape, node: &Node) -> Result<Value, String> {
        match (shape, &node.value) {
            (Shape::OneOf(cases), _) => self.one_of(shape, cases, node),
            (_, Yaml::Scalar { text, quoted: false }) if matches!(&text[..], "" | "~" | "null") => {
                Err(format!("has no value; it needs {}", shape.expects()))
            }
            (_, Yaml::Scalar { text, quoted }) => self.scalar(shape, text, *quoted),
            (Shape::List { of, min, max }, Yaml::List(items)) => self.list(of, *min..=*max, items),
            (Shape::Record(fields), Yaml::Map(entries)) => Ok(self.record(fields, entries)),
            (Shape::Names { form, of, min, max, given }, Yaml::Map(entries)) => {
                self.names(*form, of, *min..=*max, given, entries)
            }
            (_, Yaml::List(_)) => Err(format!("a list is not {}", shape.expects())),
            (_, Yaml::Map(_)) => Err(format!("a mapping is not {}", shape.expects())),
        }
    }

    fn scalar(&mut self, shape: &Shape, text: &str, quoted: bool) -> Result<Value, String> {
        let value = match shape {
            Shape::Text(form) => form.fits(text).then(|| Value::Text(text.to_owned())),
            Shape::Words(words) => {
                let names = words.iter().map(|word| word.name);
                if !names.clone().any(|name| name == text) {
                    return Err(format!("{} is not known here{}", shown(text), nearest(text, names)));
                }
                Some(Value::Text(text.to_owned()))
            }
            Shape::Integer { .. } | Shape::Number { .. } if quoted => {
                return Err(format!(
                    "{} is text, not {}; write it without quotes",
                    shown(text),
                    shape.expects()
                ));
            }
            Shape::Integer { min, max } => {
                quantity::whole(text).filter(|n| (min..=max).contains(&n)).map(Value::Integer)
            }
            Shape::Number { min, max } => {
                quantity::number(text).filter(|n| (min..=max).contains(&n)).map(Value::Number)
            }
            Shape::Span { min, max, step } => {
                let fits = |span: &Span| (min..=max).contains(&span) && span.ns().is_multiple_of(step.ns());
                quantity::span(text).filter(fits).map(Value::Span)
            }
            Shape::Share { max_ppm } => {
                quantity::share_ppm(text).filter(|ppm| ppm <= max_ppm).map(Value::Share)
            }
            Shape::Rate { max_per_s } => {
                quantity::rate_per_s(text).filter(|rate| rate <= max_per_s).map(Value::Rate)
            }
            Shape::Bytes { max } => quantity::bytes(text).filter(|bytes| bytes <= max).map(Value::Bytes),
            Shape::List { .. } | Shape::Names { .. } | Shape::Record(_) | Shape::OneOf(_) => None,
        };
        value.ok_or_else(|| format!("{} is not {}", shown(text), shape.expects()))
    }

    fn list(&mut self, of: &Shape, size: RangeInclusive<usize>, items: &[Node]) -> Result<Value, String> {
        self.size(&size, items.len(), "items")?;
        let item = |(index, node)| check(of, node, &below(self.path, &format!("{index}")), self.problems);
        Ok(Value::List(items.iter().enumerate().map(item).collect()))
    }

    fn names(
        &mut self,
        form: Form,
        of: &Shape,
        size: RangeInclusive<usize>,
        given: &[(&'static str, Node)],
        entries: &[(Key, Node)],
    ) -> Result<Value, String> {
        self.size(&size, entries.len(), "keys")?;
        let mut out: Vec<(String, Checked)> = Vec::new();
        let mut seen = BTreeSet::new();
        for (key, node) in entries {
            let path = below(self.path, &key.text);
            if !form.fits(&key.text) {
                let path = self.path.to_owned();
                self.problems.add(
                    key.place,
                    &path,
                    format!("the key {} is not {}", shown(&key.text), form.expects()),
                );
                continue;
            }
            let name = canonical(form, &key.text);
            if !seen.insert(name.clone()) {
                self.problems.add(key.place, &path, format!("is given twice (as `{name}` too)"));
            }
            out.push((name, check(of, node, &path, self.problems)));
        }
        let mut all: Vec<(String, Checked)> = Vec::new();
        for (name, node) in given {
            match out.iter().position(|(n, _)| n == name) {
                Some(at) => all.push(out.remove(at)),
                None => {
                    let node = node.moved_to(self.place);
                    all.push(((*name).to_owned(), check(of, &node, &below(self.path, name), self.problems)));
                }
            }
        }
        all.extend(out);
        Ok(Value::Record(all))
    }

    fn size(&self, size: &RangeInclusive<usize>, count: usize, what: &str) -> Result<(), String> {
        if size.contains(&count) {
            return Ok(());
        }
        Err(format!("has {count} {what}; it may have from {} to {}", size.start(), size.end()))
    }

    fn record(&mut self, fields: &[Field], entries: &[(Key, Node)]) -> Value {
        for (key, _) in entries {
            if !self.problems.full() && !fields.iter().any(|field| field.key == key.text) {
                let path = below(self.path, &shortened(&key.text));
                let keys = fields.iter().map(|field| field.key);
                self.problems.add(key.place, &path, format!("is not a key here{}", nearest(&key.text, keys)));
            }
        }
        let mut out = Vec::with_capacity(fields.len());
        for field in fields {
            let path = below(self.path, field.key);
            let written = entries.iter().find(|(key, _)| key.text == field.key);
            let checked = match (written, &field.default) {
                (Some((_, node)), _) => check(&field.shape, node, &path, self.problems),
                (None, Default::Given(node)) => {
                    check(&field.shape, &node.moved_to(self.place), &path, self.problems)
                }
                (None, Default::Absent) => continue,
                (None, Default::Required) => {
                    let message = format!("is missing: {}; it needs {}", field.doc, field.shape.expects());
                    self.problems.add(self.place, &path, message);
                    Checked { place: self.place, path, value: Value::Broken }
                }
            };
            out.push((field.key.to_owned(), checked));
        }
        Value::Record(out)
    }

    fn one_of(&mut self, shape: &Shape, cases: &[Case], node: &Node) -> Result<Value, String> {
        let (case, inner) = pick(cases, node).map_err(|hint| match hint {
            Some(hint) => hint,
            None => format!("{} is not {}", described(node), shape.expects()),
        })?;
        let checked = |shape: &Shape, node: &Node, path: &str, problems: &mut Problems| {
            Box::new(check(shape, node, path, problems))
        };
        let written = match &case.arm {
            Arm::Word => Written::Word,
            Arm::Keyed(shape) => {
                Written::Keyed(checked(shape, inner, &below(self.path, case.name), self.problems))
            }
            Arm::Plain(shape) => Written::Plain(checked(shape, inner, self.path, self.problems)),
            Arm::Marked(fields) => {
                let Yaml::Map(entries) = &node.value else { unreachable!("only mappings have marks") };
                let value = self.record(fields, entries);
                Written::Plain(Box::new(Checked { place: self.place, path: self.path.to_owned(), value }))
            }
        };
        Ok(Value::Case { name: case.name, written })
    }
}

/// The case that a node is written as, and the node of its value; or what to say, if there is something special.
fn pick<'a>(cases: &'a [Case], node: &'a Node) -> Result<(&'a Case, &'a Node), Option<String>> {
    let plain = |fits: fn(&Shape) -> bool| {
        let case = cases.iter().find(|case| matches!(&case.arm, Arm::Plain(shape) if fits(shape)));
        case.map(|case| (case, node)).ok_or(None)
    };
    match &node.value {
        Yaml::List(_) => plain(|shape| matches!(shape, Shape::List { .. })),
        Yaml::Scalar { text, .. } => {
            let named = cases.iter().find(|case| case.name == text);
            match named.map(|case| (case, &case.arm)) {
                Some((case, Arm::Word)) => Ok((case, node)),
                Some((case, Arm::Keyed(shape))) => {
                    Err(Some(format!("`{text}` needs its value: `{}: ...`, {}", case.name, shape.expects())))
                }
                _ => plain(|shape| {
                    !matches!(shape, Shape::List { .. } | Shape::Names { .. } | Shape::Record(_))
                }),
            }
        }
        Yaml::Map(entries) => {
            let marks = |case: &&Case| matches!(case.arm, Arm::Marked(_)) && node.get(case.name).is_some();
            let marked: Vec<&Case> = cases.iter().filter(marks).collect();
            if let [case, other, ..] = marked[..] {
                return Err(Some(format!("has both `{}` and `{}`; it may have one", case.name, other.name)));
            }
            if let [case] = marked[..] {
                return Ok((case, node));
            }
            let keyed = |(key, value): &'a (Key, Node)| {
                let case =
                    cases.iter().find(|case| matches!(case.arm, Arm::Keyed(_)) && case.name == key.text)?;
                Some((case, value))
            };
            match (&entries[..], entries.first().and_then(keyed)) {
                ([_], Some(found)) => Ok(found),
                _ => plain(|shape| matches!(shape, Shape::Record(_) | Shape::Names { .. })),
            }
        }
    }
}

/// A node in a few words.
fn described(node: &Node) -> String {
    match &node.value {
        Yaml::Scalar { text, quoted: false } if text.is_empty() => "no value".to_owned(),
        Yaml::Scalar { text, .. } => shown(text),
        Yaml::List(_) => "a list".to_owned(),
        Yaml::Map(entries) => match &entries[..] {
            [] => "an empty mapping".to_owned(),
            [(key, _)] => format!("a mapping with the key {}", shown(&key.text)),
            _ => "a mapping with these keys".to_owned(),
        },
    }
}

/// The one spelling of a key that has several.
fn canonical(form: Form, key: &str) -> String {
    match key.split_once('-') {
        Some((a, b)) if form == Form::RegionPair && a > b => format!("{b}-{a}"),
        _ => key.to_owned(),
    }
}
