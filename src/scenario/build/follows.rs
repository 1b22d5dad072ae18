//! Who follows whom.

use crate::domain::federation::Follows;
use crate::foundation::ids::InstanceId;
use crate::scenario::build::table::Table;
use crate::scenario::data::Files;
use crate::scenario::graph::{self, Graph, Node};
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;

/// Who follows whom in a file.
pub(crate) fn follows(
    file: &Checked,
    table: &Table,
    files: &Files,
    problems: &mut Problems,
) -> Option<Follows> {
    let at = file.get("follows")?;
    let (case, value) = at.case()?;
    match case {
        "everybody" => Some(Follows::Everybody),
        "random" => {
            let mean = value.number("mean")?;
            let most = table.instances.len().saturating_sub(1);
            if table.complete && mean > most as f64 {
                let at = value.get("mean")?;
                let message = format!("{mean} is more than the {most} others that an instance can follow");
                problems.at(at.spot(), message);
            }
            Some(Follows::Random { mean })
        }
        _ => {
            let graph = graph::read(files.get(value)?, problems)?;
            let edges = edges(&graph, table, value, problems);
            let inboxes =
                |(follower, followed)| table.inboxes_at(follower).map(move |inbox| (inbox, followed));
            Some(Follows::Edges(edges.into_iter().flat_map(inboxes).collect()))
        }
    }
}

/// The edges of a graph between different instances, in ascending order and each once.
fn edges(
    graph: &Graph,
    table: &Table,
    at: &Checked,
    problems: &mut Problems,
) -> Vec<(InstanceId, InstanceId)> {
    let mut is_used = vec![false; graph.nodes.len()];
    for edge in &graph.edges {
        is_used[edge.from] = true;
        is_used[edge.to] = true;
    }
    let nodes = graph.nodes.iter().zip(is_used);
    let ids: Vec<_> =
        nodes.map(|(node, is_used)| if is_used { instance(node, table, problems) } else { None }).collect();
    let known = graph.edges.iter().filter_map(|edge| Some((ids[edge.from]?, ids[edge.to]?)));
    let mut edges: Vec<_> = known.collect();
    let all = edges.len();
    edges.retain(|(follower, followed)| follower != followed);
    let own = all - edges.len();
    edges.sort_unstable();
    edges.dedup();
    let repeated = all - own - edges.len();
    if repeated + own > 0 {
        let message = format!(
            "has {repeated} follows a second time and {own} of an instance by itself; they count once and not at all"
        );
        problems.warn(at.spot(), message);
    }
    edges
}

/// The instance that a node is, by its id or else by a label; or a problem.
fn instance(node: &Node, table: &Table, problems: &mut Problems) -> Option<InstanceId> {
    // a label says more to people than an id
    let shown = node.names.iter().rfind(|name| !name.is_empty()).map_or("", String::as_str);
    let named = node.names.iter().find_map(|name| table.named(name));
    named.or_else(|| if problems.full() { None } else { table.instance(shown, node.spot(), problems) })
}
