//! The registry of documents and viewers: what the model draws by (which visit, which sending) is not on the wire.
//!
//! It knows a document of an own instance that a peer hands on, by the hash of its text. It numbers viewers that are not of
//! the workload, from the greatest number down. What an instance decides is read from the document, never from here.

use super::own_sockets::RequestId;
use crate::foundation::ids::{InstanceId, SessionId, ViewerId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Stamp, Subject};
use crate::mechanism::wire::{About, Document, Read};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The largest number of viewers whom strangers name, in a cell.
const STRANGERS_MAX: usize = 1_000;

type Hash = [u8; 32];

/// The documents and the viewers that a cell knows beside its workload.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// What own instances have built, by the hash of its text. Empty without peers.
    activities: BTreeMap<Hash, Activity>,
    /// Counts in answers that are under way, by request.
    answers: BTreeMap<RequestId, Activity>,
    /// Viewers of peers, by the hash of the author and of the name in its document. Bounded by what peers may post.
    of_peers: BTreeMap<Hash, ViewerId>,
    /// Viewers whom clients outside of the workload name, by instance and session id.
    strangers: BTreeMap<(InstanceId, String), ViewerId>,
}

impl Registry {
    /// Notes a document that an own instance has built.
    pub(super) fn note(&mut self, document: &Document, activity: Activity) {
        self.activities.insert(hash_of(document), activity);
    }

    /// Notes the count with which an own instance answers a request of the run.
    pub(super) fn note_answer(&mut self, request: RequestId, total: Activity) {
        self.answers.insert(request, total);
    }

    /// What was noted of it.
    pub(super) fn take_answer(&mut self, request: RequestId) -> Option<Activity> {
        self.answers.remove(&request)
    }

    /// The activity in a document from a peer: as its author built it if that is an own instance, else as it reads.
    pub(super) fn find(&mut self, document: &Document, read: &Read, now: Time) -> Activity {
        let noted = self.activities.get(&hash_of(document)).copied();
        noted.unwrap_or_else(|| self.of_peer(read, now))
    }

    fn of_peer(&mut self, read: &Read, now: Time) -> Activity {
        let name = Sha256::digest(format!("{} {}", read.author, read.ident)).into();
        let next = self.next();
        let viewer = *self.of_peers.entry(name).or_insert(next);
        let subject = match read.about {
            About::Viewer => Subject::Viewer(viewer, 0),
            About::Plain => Subject::Plain(viewer),
            About::ViewCount => Subject::ViewCount,
            About::WatchAction => Subject::WatchAction(viewer),
            About::Total => Subject::Total,
            About::Update => Subject::Update,
            About::Background => Subject::Background(0),
        };
        Activity {
            video: read.video,
            author: read.author,
            subject,
            result: read.result,
            views: read.views,
            built: now,
            expires: read.expires,
            stamp: Stamp { session: SessionId(viewer.0), number: 0 },
            form: read.form,
        }
    }

    /// The viewer of a session id that a stranger posts to an instance. None if there are too many.
    pub(super) fn stranger(&mut self, at: InstanceId, session_id: &str) -> Option<ViewerId> {
        let next = self.next();
        let key = (at, session_id.to_owned());
        if let Some(known) = self.strangers.get(&key) {
            return Some(*known);
        }
        (self.strangers.len() < STRANGERS_MAX).then(|| *self.strangers.entry(key).or_insert(next))
    }

    /// The next free number: u32::MAX less the viewers known so far.
    fn next(&self) -> ViewerId {
        let known = self.of_peers.len() + self.strangers.len();
        ViewerId(u32::MAX - u32::try_from(known).unwrap_or(u32::MAX))
    }
}

/// Of all that a document says, without its signature.
fn hash_of(document: &Document) -> Hash {
    Sha256::digest(document.canonical()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_few_and_keep_their_numbers() {
        let mut registry = Registry::default();
        let (here, there) = (InstanceId(0), InstanceId(1));
        let first = registry.stranger(here, "a");
        assert_eq!(first, Some(ViewerId(u32::MAX)));
        assert_ne!(registry.stranger(there, "a"), first);
        for number in 2..STRANGERS_MAX {
            assert!(registry.stranger(here, &number.to_string()).is_some());
        }
        assert_eq!(registry.stranger(here, "one more"), None);
        assert_eq!(registry.stranger(here, "a"), first);
    }
}
