//! GDF: a section of nodes behind `nodedef>name VARCHAR,label VARCHAR`, then one of edges behind `edgedef>node1 VARCHAR,node2
//! VARCHAR,directed BOOLEAN`. Edges have no direction unless `directed` says so.

use crate::scenario::data::{DataFile, Lines};
use crate::scenario::graph::network::{Graph, warn_of_no_direction};
use crate::scenario::problem::{Problems, Spot};

/// How the format begins, in any letter case.
pub(super) const BEGINNING: &[u8] = b"nodedef>";

/// What the rows of a section are.
enum Section {
    /// The positions of `name`, and of `label` and `host` as far as they are there.
    Nodes { name: usize, labels: Vec<usize> },
    /// The positions of `node1`, `node2`, and of `directed` if it is there.
    Edges { from: usize, to: usize, directed: Option<usize> },
}

pub(super) fn read(file: &DataFile, problems: &mut Problems) -> Option<Graph> {
    let text = file.text(problems)?;
    let mut builder = csv::ReaderBuilder::new();
    let mut reader =
        builder.trim(csv::Trim::All).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let (mut lines, mut row) = (Lines::new(text.as_bytes()), csv::StringRecord::new());
    let (mut graph, mut section) = (Graph::default(), None);
    loop {
        let offset = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let spot = Spot { place: file.line(lines.of_next_text(offset)), path: "" };
        let added = match reader.read_record(&mut row) {
            Ok(false) => return Some(graph),
            Ok(true) => add(&mut graph, &mut section, &row, spot),
            Err(error) => Err(format!("is not GDF: {error}")),
        };
        match added {
            Ok(is_header) => {
                if is_header && matches!(section, Some(Section::Edges { directed: None, .. })) {
                    warn_of_no_direction(spot, problems);
                }
            }
            Err(message) => {
                problems.at(spot, message);
                return None;
            }
        }
    }
}

/// Adds what a row says; whether it begins a section.
fn add(
    graph: &mut Graph,
    section: &mut Option<Section>,
    row: &csv::StringRecord,
    spot: Spot<'static>,
) -> Result<bool, String> {
    if row.iter().all(str::is_empty) {
        return Ok(false);
    }
    if let Some(begun) = begun(row)? {
        *section = Some(begun);
        return Ok(true);
    }
    let cell = |at: usize| {
        let cell = row.get(at).unwrap_or_default();
        cell.strip_prefix('\'').and_then(|cell| cell.strip_suffix('\'')).unwrap_or(cell)
    };
    match section {
        Some(Section::Nodes { name, labels }) => {
            let node = graph.node(cell(*name), spot)?;
            graph.nodes[node].names.extend(labels.iter().map(|&at| cell(at).to_owned()));
        }
        Some(Section::Edges { from, to, directed }) => {
            let (from, to) = (graph.node(cell(*from), spot)?, graph.node(cell(*to), spot)?);
            let is_directed = directed.is_some_and(|at| cell(at).eq_ignore_ascii_case("true"));
            graph.edge(from, to, is_directed)?;
        }
        None => return Err("is a row before `nodedef>`".to_owned()),
    }
    Ok(false)
}

/// The section that a row begins, if it does.
fn begun(row: &csv::StringRecord) -> Result<Option<Section>, String> {
    let first = row.get(0).unwrap_or_default();
    let Some((kind, first)) = first.split_once('>') else { return Ok(None) };
    // a column is its name and its type
    let name = |cell: &str| cell.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    let names: Vec<String> = std::iter::once(first).chain(row.iter().skip(1)).map(name).collect();
    let at = |wanted: &str| names.iter().position(|name| name == wanted);
    match &kind.to_ascii_lowercase()[..] {
        "nodedef" => {
            let labels = ["label", "host"].iter().filter_map(|label| at(label)).collect();
            let name = at("name").ok_or("has no column `name`, which nodes are called by")?;
            Ok(Some(Section::Nodes { name, labels }))
        }
        "edgedef" => match (at("node1"), at("node2")) {
            (Some(from), Some(to)) => Ok(Some(Section::Edges { from, to, directed: at("directed") })),
            _ => Err("has no columns `node1` and `node2`, between which edges are".to_owned()),
        },
        _ => Ok(None),
    }
}
