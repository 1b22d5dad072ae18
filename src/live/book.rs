//! Which activity a document is: what the model draws by (who sends, which visit, which sending) is not on the wire.
//!
//! Latency and loss of a message are drawn under the name of its activity, which is made of the model's numbers. A document
//! only holds texts. So its author notes here what it built, and the driver looks it up when it is forwarded. What an
//! instance decides never depends on it: that is read from the document.

use crate::mechanism::activity::{Activity, Stamp, Subject};
use crate::mechanism::wire::{About, Document, Read};
use crate::words::ids::{InstanceId, SessionId, ViewerId};
use crate::words::units::Time;
use std::collections::BTreeMap;

/// The number of an activity in the book.
pub(super) type Number = u32;

/// All activities of a cell that have been on a wire.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// By id and expiry as the document has them.
    numbers: BTreeMap<(String, Option<String>), Number>,
    activities: Vec<Activity>,
    /// Viewers of servers that are not ours, and whose clients are not: by where they are and how they call themselves.
    strangers: BTreeMap<(InstanceId, String), ViewerId>,
}

impl Book {
    /// An author has built a document.
    pub(super) fn note(&mut self, document: &Document, activity: Activity) -> Number {
        let number = Number::try_from(self.activities.len()).expect("fewer than 2^32 activities in a run");
        self.numbers.insert(key(document), number);
        self.activities.push(activity);
        number
    }

    /// The activity of a document that one of ours built.
    pub(super) fn find(&self, document: &Document) -> Option<(Number, Activity)> {
        let number = *self.numbers.get(&key(document))?;
        Some((number, self.activities[number as usize]))
    }

    /// The activity of a document that somebody else built.
    pub(super) fn take_foreign(&mut self, document: &Document, read: &Read, now: Time) -> (Number, Activity) {
        let viewer = self.stranger(read.author, &read.ident);
        let subject = match read.about {
            About::Viewer => Subject::Viewer(viewer, 0),
            About::Plain => Subject::Plain(viewer),
            About::WatchAction => Subject::WatchAction(viewer),
            About::Total => Subject::Total,
            About::Update => Subject::Update,
            About::Background => Subject::Background,
        };
        let activity = Activity {
            video: read.video,
            author: read.author,
            subject,
            result: read.result,
            built: now,
            expires: read.expires,
            stamp: Stamp { session: SessionId(viewer.0), number: 0 },
            form: read.form,
        };
        (self.note(document, activity), activity)
    }

    /// The number of a viewer whom the workload does not know, from the greatest down.
    pub(super) fn stranger(&mut self, at: InstanceId, name: &str) -> ViewerId {
        let next =
            u32::MAX - u32::try_from(self.strangers.len()).expect("fewer than 2^32 strangers in a run");
        *self.strangers.entry((at, name.to_owned())).or_insert(ViewerId(next))
    }
}

fn key(document: &Document) -> (String, Option<String>) {
    (document.id().to_owned(), document.expires().map(str::to_owned))
}
