//! GraphML and GEXF. Nodes and edges are read, and of what else there is the labels: GEXF's `label`, GraphML's data of a key that
//! is called `label` or `host`.

use crate::scenario::data::{DataFile, Lines};
use crate::scenario::graph::network::{Graph, warn_of_no_direction};
use crate::scenario::problem::{Problems, Spot, shown};
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::collections::BTreeSet;

/// Elements are nested at most this deep.
const DEPTH_MAX: usize = 64;

/// An element that is open.
enum Element {
    /// A node, by its position.
    Node(usize),
    /// The data of a node that name it, and its text so far.
    Label(String),
    Other,
}

/// What has been read.
struct Reading {
    graph: Graph,
    open: Vec<Element>,
    /// The ids of GraphML's keys whose data name nodes.
    label_keys: BTreeSet<String>,
    /// Whether edges have a direction where they do not say it themselves.
    is_directed: bool,
}

pub(super) fn read(file: &DataFile, problems: &mut Problems) -> Option<Graph> {
    let text = file.text(problems)?;
    let (mut reader, mut lines) = (Reader::from_str(text), Lines::new(text.as_bytes()));
    let mut reading =
        Reading { graph: Graph::default(), open: Vec::new(), label_keys: BTreeSet::new(), is_directed: true };
    loop {
        let event = reader.read_event();
        // an error has its beginning, what is read its end
        let offset = match &event {
            Err(_) => reader.error_position(),
            Ok(_) => reader.buffer_position().saturating_sub(1),
        };
        let line = lines.at(usize::try_from(offset).unwrap_or(usize::MAX));
        let spot = Spot { place: file.line(line), path: "" };
        let done = match event {
            Err(error) => Err(format!("is not XML: {error}")),
            Ok(Event::Eof) => return reading.finished(file, line, problems),
            Ok(Event::Start(element)) => reading.begin(&element, spot, problems),
            Ok(Event::Empty(element)) => {
                let begun = reading.begin(&element, spot, problems);
                reading.end();
                begun
            }
            Ok(Event::End(_)) => {
                reading.end();
                Ok(())
            }
            Ok(Event::Text(text)) => reading.text(text.decode().ok().as_deref()),
            Ok(Event::CData(text)) => reading.text(text.decode().ok().as_deref()),
            Ok(Event::GeneralRef(name)) => {
                let name = name.decode().map(|name| format!("&{name};")).unwrap_or_default();
                reading.text(unescape(&name).ok().as_deref().or(Some(&name)))
            }
            Ok(_) => Ok(()),
        };
        if let Err(message) = done {
            problems.at(spot, message);
            return None;
        }
    }
}

impl Reading {
    fn finished(self, file: &DataFile, line: u32, problems: &mut Problems) -> Option<Graph> {
        if self.open.is_empty() {
            return Some(self.graph);
        }
        problems.add(file.line(line), "", "ends in the middle: elements are open");
        None
    }

    /// Takes an element, and what its attributes say.
    fn begin(
        &mut self,
        element: &BytesStart<'_>,
        spot: Spot<'static>,
        problems: &mut Problems,
    ) -> Result<(), String> {
        let name = element.local_name();
        if self.open.is_empty() && !matches!(name.as_ref(), b"graphml" | b"gexf") {
            return Err("is XML, and neither GraphML nor GEXF".to_owned());
        }
        if self.open.len() == DEPTH_MAX {
            return Err(format!("has elements more than {DEPTH_MAX} deep"));
        }
        let mut taken = Element::Other;
        match name.as_ref() {
            b"key" => {
                let called = attribute(element, "attr.name")?.unwrap_or_default();
                if ["label", "host"].iter().any(|label| called.eq_ignore_ascii_case(label)) {
                    self.label_keys.extend(attribute(element, "id")?);
                }
            }
            b"graph" => self.begin_graph(element, spot, problems)?,
            b"node" => {
                let node = self.graph.node(&needed(element, "id")?, spot)?;
                self.graph.nodes[node].names.extend(attribute(element, "label")?);
                taken = Element::Node(node);
            }
            b"data" => taken = self.data(attribute(element, "key")?),
            b"edge" => self.edge(element, spot)?,
            b"hyperedge" => return Err("has an edge of several nodes; a follow is of two".to_owned()),
            _ => {}
        }
        self.open.push(taken);
        Ok(())
    }

    /// The data of a key.
    fn data(&self, key: Option<String>) -> Element {
        let is_of_node = matches!(self.open.last(), Some(Element::Node(_)));
        let names = key.is_some_and(|key| self.label_keys.contains(&key));
        if is_of_node && names { Element::Label(String::new()) } else { Element::Other }
    }

    fn begin_graph(
        &mut self,
        element: &BytesStart<'_>,
        spot: Spot<'static>,
        problems: &mut Problems,
    ) -> Result<(), String> {
        let usual = match attribute(element, "edgedefault")? {
            None => attribute(element, "defaultedgetype")?,
            usual => usual,
        };
        self.is_directed = usual.as_deref() == Some("directed");
        if usual.is_none() {
            warn_of_no_direction(spot, problems);
        }
        Ok(())
    }

    fn edge(&mut self, element: &BytesStart<'_>, spot: Spot<'static>) -> Result<(), String> {
        let from = self.graph.node(&needed(element, "source")?, spot)?;
        let to = self.graph.node(&needed(element, "target")?, spot)?;
        let own = match attribute(element, "directed")? {
            None => attribute(element, "type")?,
            own => own,
        };
        let is_directed = own.map_or(self.is_directed, |own| matches!(&own[..], "true" | "directed"));
        self.graph.edge(from, to, is_directed)
    }

    /// The innermost element ends.
    fn end(&mut self) {
        if let (Some(Element::Label(label)), Some(Element::Node(node))) = (self.open.pop(), self.open.last())
        {
            self.graph.nodes[*node].names.push(label.trim().to_owned());
        }
    }

    fn text(&mut self, text: Option<&str>) -> Result<(), String> {
        if let (Some(Element::Label(label)), Some(text)) = (self.open.last_mut(), text) {
            label.push_str(text);
        }
        Ok(())
    }
}

/// An attribute that must be there.
fn needed(element: &BytesStart<'_>, name: &str) -> Result<String, String> {
    attribute(element, name)?.ok_or_else(|| {
        let element = String::from_utf8_lossy(element.local_name().as_ref()).into_owned();
        format!("has the element {} without its attribute `{name}`", shown(&element))
    })
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    // looking for names that are there twice would take the square of their number
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| format!("is not XML: {error}"))?;
        if attribute.key.local_name().as_ref() == name.as_bytes() {
            let value = attribute.unescape_value().map_err(|error| format!("is not XML: {error}"))?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}
