//! Who sends how much to whom, as a picture: those that own a video in the middle, the others around them.

use super::common::{listed, thousands, which};
use crate::report::figure::{Axis, Edge, Figure, Marks, Network, Node, View};
use crate::report::run::{Amount, Course, Run};
use crate::report::table::human_readable;
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;

/// Instances that are drawn singly; the others of a group share one place.
const NODES_MAX: usize = 300;
/// Links that are drawn: the largest.
const EDGES_MAX: usize = 600;
/// How far from the middle several owners are.
const INNER_RADIUS: f64 = 0.25;

/// The picture, by column of the comparison.
pub(super) fn federation(run: &Run) -> Option<Figure> {
    let places = Places::of(run);
    let mut left_out = 0;
    let mut views = Vec::new();
    for (name, course) in run.protocols().zip(&run.courses) {
        let (network, more) = network(course, &places);
        left_out = left_out.max(more);
        views.push(View { name: name.to_owned(), marks: Marks::Network(network) });
    }
    if run.courses.iter().all(|course| course.links.is_empty()) {
        return None;
    }
    let merged = match places.merged {
        0 => String::new(),
        some => {
            format!(" {} instances with little traffic are drawn together, by group.", thousands(some as u64))
        }
    };
    let left_out = match left_out {
        0 => String::new(),
        some => format!(" Up to {} smaller links are in links.csv only.", thousands(some as u64)),
    };
    let largest = |(name, course): (&str, &Course)| {
        let (&(from, to), amount) = course.links.iter().max_by_key(|(_, amount)| amount.bytes)?;
        let link = format!(
            "{} to {} {}",
            run.instance(from),
            run.instance(to),
            human_readable(amount.bytes as f64, "bytes")
        );
        Some((format!("{name}:"), link))
    };
    Some(Figure {
        kind: "federation",
        title: "Who sends how much to whom".to_owned(),
        caption: format!(
            "Heads and bodies of requests that their receiver took, over the whole run; a wider line is more bytes, to the thousandfold.{}{merged}{left_out}",
            which(run)
        ),
        says: format!("The largest link, {}.", listed(run.protocols().zip(&run.courses).filter_map(largest))),
        x: Axis::linear(""),
        y: Axis::linear(""),
        choose: "protocol",
        views,
        columns: Vec::new(),
    })
}

/// Where instances are drawn.
struct Places {
    nodes: Vec<Node>,
    /// By instance, the position of its node.
    of: Vec<usize>,
    /// How many instances are not drawn singly.
    merged: usize,
}

impl Places {
    fn of(run: &Run) -> Places {
        let instances = &run.scenario.instances;
        let of_catalogues = run.scenario.catalogues.iter().flat_map(|catalogue| &catalogue.owners);
        let single = run.scenario.videos.iter().map(|video| &video.origin);
        let owners: BTreeSet<usize> = single.chain(of_catalogues).map(|owner| owner.index()).collect();
        let mut bytes = vec![0_u64; instances.len()];
        for (&(from, to), amount) in run.courses.iter().flat_map(|course| &course.links) {
            bytes[from] = amount.bytes.saturating_add(bytes[from]);
            bytes[to] = amount.bytes.saturating_add(bytes[to]);
        }
        let mut by_traffic: Vec<usize> = (0..instances.len()).collect();
        by_traffic.sort_by_key(|&at| (!owners.contains(&at), std::cmp::Reverse(bytes[at]), at));
        let single: BTreeSet<usize> = by_traffic.into_iter().take(NODES_MAX).collect();
        let mut nodes = Vec::new();
        let mut of = Vec::new();
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for (number, instance) in instances.iter().enumerate() {
            let node = if single.contains(&number) {
                nodes.push(Node::new(instance.name.clone(), owners.contains(&number)));
                nodes.len() - 1
            } else {
                *shared.entry(instance.group).or_insert_with(|| {
                    nodes.push(Node::new(
                        format!("others of {}", run.scenario.groups[instance.group].name),
                        false,
                    ));
                    nodes.len() - 1
                })
            };
            of.push(node);
        }
        place(&mut nodes);
        Places { nodes, of, merged: instances.len() - single.len() }
    }
}

impl Node {
    fn new(name: String, is_origin: bool) -> Node {
        Node { name, is_origin, x: 0.0, y: 0.0, sent_bytes: 0, received_bytes: 0 }
    }
}

/// Owners within, the others on a circle around them.
fn place(nodes: &mut [Node]) {
    for is_origin in [true, false] {
        let count = nodes.iter().filter(|node| node.is_origin == is_origin).count();
        let radius = match (is_origin, count) {
            (true, 1) => 0.0,
            (true, _) => INNER_RADIUS,
            (false, _) => 1.0,
        };
        let ring = nodes.iter_mut().filter(|node| node.is_origin == is_origin);
        for (number, node) in ring.enumerate() {
            let angle = TAU * number as f64 / count as f64;
            (node.x, node.y) = (rounded(radius * libm::sin(angle)), rounded(radius * libm::cos(angle)));
        }
    }
}

/// Enough for a screen.
fn rounded(coordinate: f64) -> f64 {
    libm::round(coordinate * 1e4) / 1e4 + 0.0
}

/// What a column's instances took from each other, and how many links are left out.
fn network(course: &Course, places: &Places) -> (Network, usize) {
    let mut nodes = places.nodes.clone();
    let mut sums: BTreeMap<(usize, usize), Amount> = BTreeMap::new();
    for (&(from, to), amount) in &course.links {
        let (from, to) = (places.of[from], places.of[to]);
        nodes[from].sent_bytes = amount.bytes.saturating_add(nodes[from].sent_bytes);
        nodes[to].received_bytes = amount.bytes.saturating_add(nodes[to].received_bytes);
        sums.entry((from, to)).or_default().add(amount.messages, amount.bytes);
    }
    let edge = |((from, to), amount): ((usize, usize), Amount)| Edge {
        from,
        to,
        messages: amount.messages,
        bytes: amount.bytes,
    };
    let mut edges: Vec<Edge> = sums.into_iter().map(edge).collect();
    edges.sort_by_key(|edge| (std::cmp::Reverse(edge.bytes), edge.from, edge.to));
    let more = edges.len().saturating_sub(EDGES_MAX);
    edges.truncate(EDGES_MAX);
    (Network { nodes, edges }, more)
}
