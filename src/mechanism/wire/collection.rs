//! The body of a batch: a `Collection` of Views, signed once by their author.
//!
//! Source: PeerTube takes a `Collection` with `totalItems` and `items` as the root of what it is sent, and works on each item as if
//! it had come alone. An item has no `@context` and no signature of its own: the collection's hold for all. No release sends one.

use super::body::{Context, Document, Signature, SignatureMember};
use super::names::Names;
use super::uuid::{UuidOf, uuid};
use crate::mechanism::activity::Activity;
use serde::Serialize;
use serde_json::{Map, Value};

/// A batch in the members of its JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collection {
    #[serde(rename = "@context", serialize_with = "super::body::write_context")]
    context: Context,
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    actor: String,
    total_items: usize,
    items: Vec<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<SignatureMember>,
}

impl Collection {
    /// The collection with its author's signature.
    pub fn signed(self, signature: Signature) -> Collection {
        Collection { signature: Some(SignatureMember::of(&self.actor, signature)), ..self }
    }

    /// The JSON text.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("a collection has only names as keys")
    }

    /// The same without its items, of which it still says how many there are.
    pub(super) fn emptied(self) -> Collection {
        Collection { items: Vec::new(), ..self }
    }
}

impl Names {
    /// Views of one author and tick as one batch, unsigned.
    ///
    /// # Panics
    /// When there is none, or as `activity`.
    pub fn collection(&self, views: &[Activity]) -> Collection {
        let documents: Vec<Document> = views.iter().map(|view| self.activity(view, view.form)).collect();
        let (first, view) = (&documents[0], &views[0]);
        let parts = [u64::from(view.author.0), u64::from(view.video.0), u64::from(view.stamp.number)];
        let ident = uuid(UuidOf::Batch, &[&parts[..], &[view.built.ns()]].concat());
        Collection {
            context: first.context,
            id: format!("{}/views/batches/{ident}", first.actor),
            kind: "Collection",
            actor: first.actor.clone(),
            total_items: views.len(),
            items: documents.iter().map(item).collect(),
            signature: None,
        }
    }
}

/// A View as it stands in a batch.
pub(super) fn item(view: &Document) -> Map<String, Value> {
    match serde_json::to_value(view) {
        Ok(Value::Object(mut members)) => {
            members.shift_remove("@context");
            members
        }
        other => unreachable!("a document is an object of JSON: {other:?}"),
    }
}
