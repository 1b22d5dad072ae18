//! Files of who follows whom, in the formats that crawlers and graph tools write: CSV edge lists, GDF, GraphML, GEXF and
//! node-link JSON. What a file is shows at its beginning.
//!
//! A file becomes nodes and edges; which instance a node is, is not known here. Files are untrusted: nodes, edges and depth are
//! bounded, and no entity of XML is expanded but those that stand for one character.

mod edge_list;
mod gdf;
mod network;
mod node_link;
mod xml;

use crate::scenario::data::DataFile;
use crate::scenario::problem::Problems;
pub(crate) use network::{Graph, Node};

/// The graph of a file; or what is wrong with it.
pub(crate) fn read(file: &DataFile, problems: &mut Problems) -> Option<Graph> {
    let beginning = file.content().trim_ascii_start();
    let is_gdf =
        beginning.get(..gdf::BEGINNING.len()).is_some_and(|text| text.eq_ignore_ascii_case(gdf::BEGINNING));
    match beginning.first() {
        Some(b'<') => xml::read(file, problems),
        Some(b'{' | b'[') => node_link::read(file, problems),
        _ if is_gdf => gdf::read(file, problems),
        _ => Some(edge_list::read(file, problems)),
    }
}
