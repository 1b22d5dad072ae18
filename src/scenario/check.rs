//! A tree against its shape: every problem is noted, defaults are filled in, values get their types.
//!
//! Recursion follows the shape, whose depth is ours, never the file. Nothing here knows a key of the format.

use crate::foundation::units::Span;
use crate::scenario::pick::{Miss, described, pick};
use crate::scenario::problem::{Place, Problems, Spot, nearest, shortened, shown};
use crate::scenario::quantity;
use crate::scenario::shape::{Arm, Case, Default, Field, Form, Shape};
use crate::scenario::tree::{Key, Node, Yaml};
use crate::scenario::value::{Checked, Value, Written};
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
                if quantity::is_one_without_unit(text) {
                    let message = format!("{} is 100 %, all of them; 1 % is `1 %` or 0.01", shown(text));
                    self.problems.warn(Spot { place: self.place, path: self.path }, message);
                }
                quantity::share_ppm(text).filter(|ppm| ppm <= max_ppm).map(Value::Share)
            }
            Shape::Rate { max_per_s } => {
                quantity::rate_per_s(text).filter(|rate| rate <= max_per_s).map(Value::Rate)
            }
            Shape::Bytes { max } => quantity::bytes(text).filter(|bytes| bytes <= max).map(Value::Bytes),
            Shape::BitRate { max_per_s } => {
                quantity::bits_per_s(text).filter(|rate| (1..=*max_per_s).contains(rate)).map(Value::BitRate)
            }
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
            if !form.fits(&key.text) {
                let message = format!("the key {} is not {}", shown(&key.text), form.expects());
                self.problems.add(key.place, self.path, message);
                let path = self.path.to_owned();
                out.push((key.text.clone(), Checked { place: key.place, path, value: Value::Broken }));
                continue;
            }
            let path = below(self.path, &key.text);
            let name = canonical(form, &key.text);
            if !seen.insert(name.clone()) {
                self.problems.add(key.place, &path, twice(form));
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
        let (case, inner) = match pick(cases, node) {
            Ok(picked) => picked,
            Err(Miss::Kind) => return Err(format!("{} is not {}", described(node), shape.expects())),
            Err(Miss::Whole(message)) => return Err(message),
            Err(Miss::Key(key, message)) => {
                self.problems.add(key.place, &below(self.path, &shortened(&key.text)), message);
                return Ok(Value::Broken);
            }
        };
        let checked = |shape: &Shape, node: &Node, path: &str, problems: &mut Problems| {
            Box::new(check(shape, node, path, problems))
        };
        let written = match &case.arm {
            Arm::Word => Written::Word,
            Arm::Keyed(shape) => {
                Written::Keyed(checked(shape, inner, &below(self.path, case.name), self.problems))
            }
            Arm::Plain(plain) if matches!(node.value, Yaml::Scalar { .. }) => {
                let value = self
                    .value(plain, inner)
                    .map_err(|_| format!("{} is not {}", described(node), shape.expects()))?;
                Written::Plain(Box::new(Checked { place: self.place, path: self.path.to_owned(), value }))
            }
            Arm::Plain(shape) | Arm::Marked(shape) => {
                Written::Plain(checked(shape, inner, self.path, self.problems))
            }
        };
        Ok(Value::Case { name: case.name, written })
    }
}

/// The one spelling of a key that has several.
fn canonical(form: Form, key: &str) -> String {
    match (form, key.split_once('-')) {
        (Form::RegionPair, Some((a, b))) if a > b && !b.contains('-') => format!("{b}-{a}"),
        (Form::Share, _) => quantity::share_ppm(key).map_or_else(|| key.to_owned(), quantity::share_text),
        _ => key.to_owned(),
    }
}

/// What to say of two spellings of one key.
fn twice(form: Form) -> &'static str {
    match form {
        Form::RegionPair => "is given twice; there and back are one figure",
        _ => "is given twice, in two spellings",
    }
}
