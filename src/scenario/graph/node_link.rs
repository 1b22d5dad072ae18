//! Node-link JSON, as networkx's `node_link_data` writes it: `{directed, nodes: [{id}], links: [{source, target}]}`, or `edges` in
//! place of `links`. Labels are `label` and `host`.

use crate::scenario::data::{self, DataFile, Items};
use crate::scenario::graph::network::{Graph, warn_of_no_direction};
use crate::scenario::problem::{Problems, Spot};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct NodeLink<'a> {
    directed: Option<bool>,
    #[serde(borrow, default)]
    nodes: Items<'a>,
    #[serde(borrow)]
    links: Option<Items<'a>>,
    #[serde(borrow)]
    edges: Option<Items<'a>>,
}

pub(super) fn read(file: &DataFile, problems: &mut Problems) -> Option<Graph> {
    let text = file.text(problems)?;
    if text.trim_start().starts_with('[') {
        let message = "is a list; node-link JSON is an object with `nodes` and `links`";
        problems.add(file.line(1), "", message);
        return None;
    }
    let NodeLink { directed, nodes, links, edges } = data::json(file, text, problems)?;
    let mut graph = Graph::default();
    let told = |line: u32, message: Result<(), String>, problems: &mut Problems| {
        if let Err(message) = message {
            problems.add(file.line(line), "", message);
        }
    };
    nodes.each((file, text), problems, |line, node, problems| {
        told(line, add_node(&mut graph, &node, Spot { place: file.line(line), path: "" }), problems);
    });
    let Some(edges) = links.or(edges) else {
        problems.add(file.line(1), "", "has no `links` (or `edges`); node-link JSON has `nodes` and `links`");
        return None;
    };
    if directed.is_none() {
        warn_of_no_direction(Spot { place: file.line(1), path: "" }, problems);
    }
    edges.each((file, text), problems, |line, edge, problems| {
        let spot = Spot { place: file.line(line), path: "" };
        told(line, add_edge(&mut graph, &edge, directed == Some(true), spot), problems);
    });
    Some(graph)
}

fn add_node(graph: &mut Graph, node: &Map<String, Value>, spot: Spot<'static>) -> Result<(), String> {
    let Some(id) = data::member(node, "id") else {
        return Err("is a node without an `id`, a text or a number".to_owned());
    };
    let node_at = graph.node(&id, spot)?;
    let labels = ["label", "host"].iter().filter_map(|name| data::member(node, name));
    graph.nodes[node_at].names.extend(labels);
    Ok(())
}

fn add_edge(
    graph: &mut Graph,
    edge: &Map<String, Value>,
    is_directed: bool,
    spot: Spot<'static>,
) -> Result<(), String> {
    let (Some(from), Some(to)) = (data::member(edge, "source"), data::member(edge, "target")) else {
        return Err("is an edge without a `source` and a `target`, each the id of a node".to_owned());
    };
    let (from, to) = (graph.node(&from, spot)?, graph.node(&to, spot)?);
    graph.edge(from, to, is_directed)
}
