//! CSV edge lists: `follower,followed`, or Gephi's `Source,Target,Type,Weight`.

use crate::scenario::data::{self, Column, DataFile, Row};
use crate::scenario::graph::network::Graph;
use crate::scenario::problem::Problems;

const COLUMNS: [Column; 4] = [
    Column::required("follower").or(&["source"]),
    Column::required("followed").or(&["target"]),
    Column::optional("type"),
    // many follows between two instances are one
    Column::optional("weight"),
];

pub(super) fn read(file: &DataFile, problems: &mut Problems) -> Graph {
    let (mut graph, mut too_large) = (Graph::default(), None);
    data::rows(file, &COLUMNS, problems, |row, _| {
        if too_large.is_none() {
            too_large = edge(&mut graph, row).err().map(|message| (row.place, message));
        }
        Some(())
    });
    if let Some((place, message)) = too_large {
        problems.add(place, "", message);
    }
    graph
}

fn edge(graph: &mut Graph, row: &Row<'_>) -> Result<(), String> {
    let mut node = |column| graph.node(row.text(column).unwrap_or_default(), row.at(column));
    let (from, to) = (node("follower")?, node("followed")?);
    let is_undirected = row.text("type").is_some_and(|text| text.eq_ignore_ascii_case("undirected"));
    graph.edge(from, to, !is_undirected)
}
