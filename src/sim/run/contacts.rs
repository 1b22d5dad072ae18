//! Who has met whom, with `first_contact: requests`: the actors and videos that instances know or have asked for, and the requests that
//! wait for them. It outlives a process, but for what one that stops has not fetched yet. How anything is fetched is not known here.

use crate::foundation::ids::{InstanceId, VideoId};
use std::collections::BTreeMap;

/// What an instance meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Contact {
    /// The server actor of an instance.
    Actor(InstanceId),
    /// A video.
    Video(VideoId),
}

/// How far an instance knows what it has met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Knowledge {
    #[default]
    Nothing,
    /// It has asked, and some of what it needs is missing.
    Asked,
    Known,
}

#[derive(Debug, Default)]
struct Meeting {
    knowledge: Knowledge,
    /// How often it was asked for.
    times: u32,
    /// The slots of requests that wait for it.
    waiting: Vec<u32>,
}

/// By who meets and what: how far that is.
#[derive(Debug, Default)]
pub(super) struct Contacts(BTreeMap<(InstanceId, Contact), Meeting>);

impl Contacts {
    pub(super) fn is_known(&self, asker: InstanceId, contact: Contact) -> bool {
        self.0.get(&(asker, contact)).is_some_and(|meeting| meeting.knowledge == Knowledge::Known)
    }

    /// Asks for what is not known and not asked for: returns how often it was before.
    pub(super) fn ask(&mut self, asker: InstanceId, contact: Contact) -> Option<u32> {
        let meeting = self.0.entry((asker, contact)).or_default();
        if meeting.knowledge != Knowledge::Nothing {
            return None;
        }
        meeting.knowledge = Knowledge::Asked;
        meeting.times += 1;
        Some(meeting.times - 1)
    }

    /// A request waits for what is to be met.
    pub(super) fn wait(&mut self, asker: InstanceId, contact: Contact, slot: u32) {
        self.0.entry((asker, contact)).or_default().waiting.push(slot);
    }

    /// What was asked for is known, or could not be fetched: returns the requests that waited for it.
    pub(super) fn end(&mut self, asker: InstanceId, contact: Contact, is_known: bool) -> Vec<u32> {
        let meeting = self.0.entry((asker, contact)).or_default();
        meeting.knowledge = if is_known { Knowledge::Known } else { Knowledge::Nothing };
        std::mem::take(&mut meeting.waiting)
    }

    /// The process of an instance stops, and with it what it has asked for: returns the requests that waited.
    pub(super) fn stop(&mut self, asker: InstanceId) -> Vec<u32> {
        let all = self.0.iter_mut().filter(|((id, _), _)| *id == asker);
        let asked = all.filter(|(_, meeting)| meeting.knowledge == Knowledge::Asked);
        let stop = |meeting: &mut Meeting| {
            meeting.knowledge = Knowledge::Nothing;
            std::mem::take(&mut meeting.waiting)
        };
        asked.flat_map(|(_, meeting)| stop(meeting)).collect()
    }
}
