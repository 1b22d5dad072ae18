//! The canonical text of an activity, which its author signs: sorted N-Quads of what its JSON says.
//!
//! JSON-LD in general needs contexts, expansion and the naming of blank nodes; our documents have one shape, so the
//! lines are written down directly. Each member's IRI is what the two contexts make of it: `expires` belongs to
//! security/v1, the rest to ActivityStreams; the counter has no name of its own, so it is a blank node. In the form of
//! 6.0 the context does not know the counter's members: they are left out, and its type is a second blank node.
//!
//! Sources: RDF Dataset Canonicalization (URDNA2015), JSON-LD 1.1, LD Signatures 1.0 (RsaSignature2017). The program
//! `scripts/interop` holds every line against npm's jsonld, for our bodies and for recorded ones.
//!
//! Not here: keys (`live::ld_signature` signs the hash of this).

use super::body::{Context, Document, InteractionCounter, InteractionType};
use sha2::{Digest, Sha256};

const ACTIVITY_STREAMS: &str = "https://www.w3.org/ns/activitystreams#";
const SCHEMA: &str = "http://schema.org/";
const TYPE: &str = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>";
const XSD: &str = "http://www.w3.org/2001/XMLSchema#";

impl Document {
    /// The lines of the document without its signature, each with its line feed.
    pub fn canonical(&self) -> String {
        let id = format!("<{}>", self.id);
        let about = |member: &str, value: &str| format!("{id} <{ACTIVITY_STREAMS}{member}> {value} .\n");
        let mut lines = vec![
            format!("{id} {TYPE} <{ACTIVITY_STREAMS}{}> .\n", self.kind.name()),
            about("actor", &format!("<{}>", self.actor)),
            about("object", &format!("<{}>", self.object)),
        ];
        lines.extend(self.to.iter().map(|to| about("to", &format!("<{to}>"))));
        lines.extend(self.cc.iter().map(|cc| about("cc", &format!("<{cc}>"))));
        lines.extend(self.expires.iter().map(|expires| {
            format!("{id} <https://w3id.org/security#expiration> {} .\n", typed(expires, "dateTime"))
        }));
        lines.extend(self.content.iter().map(|content| about("content", &literal(content))));
        if let Some(counter) = &self.result {
            lines.extend(counter_lines(self.context, counter, &|node| about("result", node)));
        }
        // The same statement twice is one.
        lines.sort_unstable();
        lines.dedup();
        lines.concat()
    }
}

/// The lines of what a signature says of itself.
pub fn canonical_options(creator: &str, created: &str) -> String {
    let created = typed(created, "dateTime");
    format!(
        "_:c14n0 <http://purl.org/dc/terms/created> {created} .\n\
         _:c14n0 <http://purl.org/dc/terms/creator> <{creator}> .\n"
    )
}

/// The lines of a counter; `link` is the line by which the activity refers to its node.
fn counter_lines(
    context: Context,
    counter: &InteractionCounter,
    link: &dyn Fn(&str) -> String,
) -> Vec<String> {
    if context == Context::V60 {
        return nameless_counter_lines(link);
    }
    let node = "_:c14n0";
    let InteractionType::WatchAction = counter.interaction_type;
    let count = typed(&counter.user_interaction_count.to_string(), "integer");
    vec![
        link(node),
        format!("{node} {TYPE} <{SCHEMA}InteractionCounter> .\n"),
        format!("{node} <{SCHEMA}interactionType> \"WatchAction\" .\n"),
        format!("{node} <{SCHEMA}userInteractionCount> {count} .\n"),
    ]
}

/// Two blank nodes are named in the order of the hashes of the lines that they are in, where a node calls itself `_:a`
/// and the other `_:z`.
fn nameless_counter_lines(link: &dyn Fn(&str) -> String) -> Vec<String> {
    let of_counter = [link("_:a"), format!("_:a {TYPE} _:z .\n")].concat();
    let of_type = format!("_:z {TYPE} _:a .\n");
    let counter_first = Sha256::digest(of_counter) < Sha256::digest(of_type);
    let (counter, kind) = if counter_first { ("_:c14n0", "_:c14n1") } else { ("_:c14n1", "_:c14n0") };
    vec![link(counter), format!("{counter} {TYPE} {kind} .\n")]
}

fn typed(value: &str, kind: &str) -> String {
    format!("{}^^<{XSD}{kind}>", literal(value))
}

/// A text in quotes. Control characters, on whose form versions differ, are in no document (`read` refuses them).
fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
