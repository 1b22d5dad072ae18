//! Nodes and edges as a file has them.

use crate::scenario::problem::{Place, Problems, Spot};
use std::collections::BTreeMap;

/// A graph has at most this many nodes.
const NODES_MAX: usize = 1_000_000;
/// A graph has at most this many edges; those both ways count twice.
const EDGES_MAX: usize = 10_000_000;

/// A graph.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
    by_id: BTreeMap<String, usize>,
}

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    /// What it is called: its id, then its labels.
    pub(crate) names: Vec<String>,
    /// Where it is named first.
    place: Place,
    column: &'static str,
}

/// One node follows another, both by their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Node {
    pub(crate) fn spot(&self) -> Spot<'_> {
        Spot { place: self.place, path: self.column }
    }
}

impl Graph {
    /// The position of the node of an id, which may be new, named at `spot`.
    pub(super) fn node(&mut self, id: &str, spot: Spot<'static>) -> Result<usize, String> {
        if let Some(&known) = self.by_id.get(id) {
            return Ok(known);
        }
        if self.nodes.len() == NODES_MAX {
            return Err(format!("has more than {NODES_MAX} nodes"));
        }
        self.nodes.push(Node { names: vec![id.to_owned()], place: spot.place, column: spot.path });
        self.by_id.insert(id.to_owned(), self.nodes.len() - 1);
        Ok(self.nodes.len() - 1)
    }

    /// Adds an edge.
    pub(super) fn edge(&mut self, from: usize, to: usize, is_directed: bool) -> Result<(), String> {
        let back = (!is_directed && from != to).then_some(Edge { from: to, to: from });
        self.edges.extend([Edge { from, to }].into_iter().chain(back));
        if self.edges.len() > EDGES_MAX { Err(format!("has more than {EDGES_MAX} edges")) } else { Ok(()) }
    }
}

/// Warns that a file does not say which direction its edges have.
pub(super) fn warn_of_no_direction(spot: Spot<'_>, problems: &mut Problems) {
    problems.warn(spot, "does not say whether edges have a direction: each is a follow both ways");
}
