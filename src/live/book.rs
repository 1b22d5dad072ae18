//! Who is who in documents and heartbeats: what the model draws by (which visit, which sending) is not on the wire.
//!
//! A document of ours that a server of others hands on is what its author built; the book knows it by its text. Viewers whom
//! the workload does not know get numbers from the greatest down. What an instance decides never depends on the book: that
//! is read from the document.

use crate::foundation::ids::{InstanceId, SessionId, ViewerId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Stamp, Subject};
use crate::mechanism::wire::{About, Document, Read};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// No more viewers of a column whom a client makes up.
const MADE_UP_MAX: usize = 1_000;

type Hash = [u8; 32];

/// What a cell knows of documents and of viewers that are not of its workload.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// What servers of this run built, by the hash of its text; only where there are servers of others.
    activities: BTreeMap<Hash, Activity>,
    /// Viewers of servers of others, by the hash of the server and of how it calls them. As many as those may post.
    foreign: BTreeMap<Hash, ViewerId>,
    /// Viewers whom a client made up: where, and how it calls them.
    made_up: BTreeMap<(InstanceId, String), ViewerId>,
}

impl Book {
    /// An author has built a document.
    pub(super) fn note(&mut self, document: &Document, activity: Activity) {
        self.activities.insert(hash_of(document), activity);
    }

    /// The activity of a document that a server of others handed on, of one of ours or its own.
    pub(super) fn find(&mut self, document: &Document, read: &Read, now: Time) -> Activity {
        let noted = self.activities.get(&hash_of(document)).copied();
        noted.unwrap_or_else(|| self.foreign(read, now))
    }

    fn foreign(&mut self, read: &Read, now: Time) -> Activity {
        let name = Sha256::digest(format!("{} {}", read.author, read.ident)).into();
        let next = self.next();
        let viewer = *self.foreign.entry(name).or_insert(next);
        let subject = match read.about {
            About::Viewer => Subject::Viewer(viewer, 0),
            About::Plain => Subject::Plain(viewer),
            About::WatchAction => Subject::WatchAction(viewer),
            About::Total => Subject::Total,
            About::Update => Subject::Update,
            About::Background => Subject::Background,
        };
        Activity {
            video: read.video,
            author: read.author,
            subject,
            result: read.result,
            built: now,
            expires: read.expires,
            stamp: Stamp { session: SessionId(viewer.0), number: 0 },
            form: read.form,
        }
    }

    /// The viewer of a name that a client made up; none if there are too many.
    pub(super) fn made_up(&mut self, at: InstanceId, name: &str) -> Option<ViewerId> {
        let next = self.next();
        let key = (at, name.to_owned());
        if let Some(known) = self.made_up.get(&key) {
            return Some(*known);
        }
        (self.made_up.len() < MADE_UP_MAX).then(|| *self.made_up.entry(key).or_insert(next))
    }

    /// The number of the next viewer whom the workload does not know.
    fn next(&self) -> ViewerId {
        let known = self.foreign.len() + self.made_up.len();
        ViewerId(u32::MAX - u32::try_from(known).unwrap_or(u32::MAX))
    }
}

/// Of all that a document says, its signature apart.
fn hash_of(document: &Document) -> Hash {
    Sha256::digest(document.canonical()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_viewers_are_few_and_stay_who_they_are() {
        let mut book = Book::default();
        let (here, there) = (InstanceId(0), InstanceId(1));
        let first = book.made_up(here, "a");
        assert_eq!(first, Some(ViewerId(u32::MAX)));
        assert_ne!(book.made_up(there, "a"), first);
        for number in 2..MADE_UP_MAX {
            assert!(book.made_up(here, &number.to_string()).is_some());
        }
        assert_eq!(book.made_up(here, "one more"), None);
        assert_eq!(book.made_up(here, "a"), first);
    }
}
