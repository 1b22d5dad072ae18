//! The actors and videos that instances know or fetch, with `first_contact: requests`, and the requests that wait for them. It outlives a process, but for what one that stops has not fetched yet. How anything is fetched is not known here.

use crate::foundation::ids::{InstanceId, VideoId};
use std::collections::BTreeMap;

/// What an instance may not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Contact {
    /// The server actor of an instance.
    Actor(InstanceId),
    /// A video.
    Video(VideoId),
}

/// How far an instance knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Knowledge {
    #[default]
    Nothing,
    /// It fetches it, and some of what it needs is missing.
    Fetching,
    Known,
}

#[derive(Debug, Default)]
struct ContactState {
    knowledge: Knowledge,
    /// How often its fetch began.
    times: u32,
    /// The slots of requests that wait for it.
    waiting: Vec<u32>,
}

/// By instance and what it may not know: how far it does.
#[derive(Debug, Default)]
pub(super) struct Contacts(BTreeMap<(InstanceId, Contact), ContactState>);

impl Contacts {
    pub(super) fn is_known(&self, asker: InstanceId, contact: Contact) -> bool {
        self.0.get(&(asker, contact)).is_some_and(|state| state.knowledge == Knowledge::Known)
    }

    /// Begins to fetch what is neither known nor fetched: returns how often that began before.
    pub(super) fn begin(&mut self, asker: InstanceId, contact: Contact) -> Option<u32> {
        let state = self.0.entry((asker, contact)).or_default();
        if state.knowledge != Knowledge::Nothing {
            return None;
        }
        state.knowledge = Knowledge::Fetching;
        state.times += 1;
        Some(state.times - 1)
    }

    /// A request waits for what is fetched.
    pub(super) fn wait(&mut self, asker: InstanceId, contact: Contact, slot: u32) {
        self.0.entry((asker, contact)).or_default().waiting.push(slot);
    }

    /// What was fetched is known, or could not be fetched: returns the requests that waited for it.
    pub(super) fn end(&mut self, asker: InstanceId, contact: Contact, is_known: bool) -> Vec<u32> {
        let state = self.0.entry((asker, contact)).or_default();
        state.knowledge = if is_known { Knowledge::Known } else { Knowledge::Nothing };
        std::mem::take(&mut state.waiting)
    }

    /// The process of an instance stops, and with it what it fetches: returns the requests that waited.
    pub(super) fn stop(&mut self, asker: InstanceId) -> Vec<u32> {
        let all = self.0.iter_mut().filter(|((id, _), _)| *id == asker);
        let fetching = all.filter(|(_, state)| state.knowledge == Knowledge::Fetching);
        let stop = |state: &mut ContactState| {
            state.knowledge = Knowledge::Nothing;
            std::mem::take(&mut state.waiting)
        };
        fetching.flat_map(|(_, state)| stop(state)).collect()
    }
}
