//! The viewer store of one video on one instance: who is counted, until when, and the number that is displayed.
//!
//! Two ways of keeping, both as PeerTube's releases have them (the recordings in `tests/traces` decide):
//! - *list*: a list of what is counted beside a map from id to entry. Replacing the list leaves the map alone, so a
//!   known id keeps extending an entry that is in no list; cleaning removes listed entries only. Lost at a restart.
//! - *keyed*: one entry per id and nothing else. Replacing clears it. It survives a restart, but the process shows
//!   nothing until it next touches it.
//!
//! The displayed count includes expired entries until the next cleaning; what has not expired can be counted at any time. The store knows
//! no protocol: which call a View leads to is decided by `instance`.

use crate::foundation::ids::{InstanceId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Subject;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The identity of an entry: what the id of its View says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryId {
    /// The instance that speaks for it.
    pub author: InstanceId,
    /// The viewer, or a total.
    pub subject: Subject,
}

/// The bits of an id's number behind its author.
const AUTHOR_SHIFT: u32 = 96;

impl EntryId {
    /// The id as one number, which is quickly compared: all viewers of an author lie side by side.
    fn number(self) -> u128 {
        let (kind, viewer, salt) = match self.subject {
            Subject::Viewer(viewer, salt) => (0, viewer.0, salt),
            Subject::Total => (1, 0, 0),
            Subject::Plain(viewer) => (2, viewer.0, 0),
            Subject::Update => (3, 0, 0),
            Subject::WatchAction(viewer) => (4, viewer.0, 0),
            Subject::Background(_) => (5, 0, 0),
            Subject::Get(..) => (6, 0, 0),
            Subject::ViewCount => (7, 0, 0),
        };
        let parts: [u32; 4] = [self.author.0, kind, viewer, salt];
        parts.into_iter().fold(0, |number, part| number << u32::BITS | u128::from(part))
    }
}

/// The author in the number of an id.
fn author(number: u128) -> InstanceId {
    InstanceId((number >> AUTHOR_SHIFT) as u32)
}

/// Viewers by the author who speaks for them.
type ByAuthor = BTreeMap<InstanceId, u64>;

/// How entries are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreLayout {
    /// A list beside a map of ids, in memory.
    List,
    /// By id, outside the process.
    Keyed,
}

/// The entries of one video on one instance.
#[derive(Clone, Debug)]
pub struct Store {
    keeping: StoreLayout,
    /// Entries that can be found by id, by its number.
    named: BTreeMap<u128, Named>,
    /// List entries without an id: no later View can refer to them.
    unnamed: Vec<Unnamed>,
    /// The number of the current list; named entries of an earlier one are in no list.
    list: u32,
    /// The sum over the listed entries.
    sum: u64,
    /// The total that is among the entries.
    total: Option<Total>,
    /// Whether the process has touched the store since it started.
    loaded: bool,
    /// What entries with an id count, listed or not. Made when somebody asks (`counted_beside`) and kept until the next cleaning, so
    /// that it costs nothing where nobody does.
    by_author: Option<Box<ByAuthor>>,
}

/// A total that has replaced all that was counted.
#[derive(Clone, Copy, Debug)]
struct Total {
    id: u128,
    expires: Time,
    built: Time,
}

#[derive(Clone, Copy, Debug)]
struct Named {
    count: u32,
    expires: Time,
    last_sent: Option<Time>,
    list: u32,
}

#[derive(Clone, Copy, Debug)]
struct Unnamed {
    count: u32,
    expires: Time,
}

impl Store {
    /// An empty store.
    pub fn new(keeping: StoreLayout) -> Store {
        Store {
            keeping,
            named: BTreeMap::new(),
            unnamed: Vec::new(),
            list: 0,
            sum: 0,
            total: None,
            loaded: true,
            by_author: None,
        }
    }

    /// What people see: the sum over the entries, expired ones included until the next cleaning.
    pub fn displayed(&self) -> u64 {
        if self.loaded { self.sum } else { 0 }
    }

    /// The same without what has expired at `now`.
    pub fn displayed_unexpired(&self, now: Time) -> u64 {
        if self.loaded { self.unexpired(now) } else { 0 }
    }

    /// When the total was built that is part of what people see, if one is.
    pub fn displayed_total(&self) -> Option<Time> {
        self.total.filter(|_| self.loaded).map(|total| total.built)
    }

    /// The same if it has not expired at `now`.
    pub fn unexpired_total(&self, now: Time) -> Option<Time> {
        let Total { id, expires, .. } = self.total?;
        let lasts = match self.keeping {
            StoreLayout::List => expires > now,
            // its entry may have been extended
            StoreLayout::Keyed => self.named.get(&id).is_some_and(|entry| entry.expires > now),
        };
        self.displayed_total().filter(|_| lasts)
    }

    /// As `extend`. Returns whether an entry was added.
    pub fn extend_or_add(&mut self, id: EntryId, count: u32, expires: Time) -> bool {
        let known = self.named.len();
        self.extend(id, count, expires);
        self.named.len() > known
    }

    /// The viewer of an entry has left: it counts no more, and nothing is known of it.
    pub fn remove(&mut self, id: EntryId) {
        self.loaded = true;
        if let Some(entry) = self.named.remove(&id.number()) {
            if entry.list == self.list {
                self.sum -= u64::from(entry.count);
            }
            recount(&mut self.by_author, id.author, entry.count, 0);
        }
    }

    /// Extends the entry of `id`, or adds one. It counts so much from now on: a viewer may stand for more or fewer than before. What a
    /// total counts is changed by `set` and `replace` alone. Returns when its viewer was last sent, to be set if it is sent now.
    pub fn extend(&mut self, id: EntryId, count: u32, expires: Time) -> &mut Option<Time> {
        self.loaded = true;
        let new = Named { count, expires, last_sent: None, list: self.list };
        let (before, entry) = match self.named.entry(id.number()) {
            Entry::Vacant(place) => (0, place.insert(new)),
            Entry::Occupied(place) => {
                let entry = place.into_mut();
                let before = entry.count;
                if id.subject != Subject::Total {
                    entry.count = count;
                }
                entry.expires = expires;
                (before, entry)
            }
        };
        if entry.count != before {
            if entry.list == self.list {
                self.sum = self.sum - u64::from(before) + u64::from(entry.count);
            }
            recount(&mut self.by_author, id.author, before, entry.count);
        }
        &mut entry.last_sent
    }

    /// Adds an entry that counts so much. A list takes one more for an id that it holds; a keyed store extends it instead.
    /// Returns whether an entry was added.
    pub fn add(&mut self, id: EntryId, count: u32, expires: Time) -> bool {
        match self.keeping {
            StoreLayout::Keyed => self.extend_or_add(id, count, expires),
            StoreLayout::List => {
                self.unnamed.push(Unnamed { count, expires });
                self.sum += u64::from(count);
                true
            }
        }
    }

    /// Sets the entry of `id` to a count, unless it already holds a newer one (expiring later). A count of 0 removes it. Returns whether it
    /// took it.
    pub fn set(&mut self, id: EntryId, count: u32, expires: Time) -> bool {
        self.loaded = true;
        if self.named.get(&id.number()).is_some_and(|held| held.expires > expires) {
            return false;
        }
        // it no longer counts what a total counted
        self.total = self.total.filter(|total| total.id != id.number());
        if let Some(old) = self.named.remove(&id.number()) {
            self.sum -= u64::from(old.count);
            recount(&mut self.by_author, id.author, old.count, 0);
        }
        if count > 0 {
            self.insert(id, count, expires);
        }
        true
    }

    /// Replaces all that is counted by one entry; `total_built` is when it was built, if it is a total.
    pub fn replace(&mut self, id: EntryId, count: u32, expires: Time, total_built: Option<Time>) {
        self.loaded = true;
        self.total = total_built.map(|built| Total { id: id.number(), expires, built });
        self.unnamed.clear();
        self.sum = 0;
        match self.keeping {
            StoreLayout::List => {
                self.list += 1;
                self.unnamed.push(Unnamed { count, expires });
                self.sum = u64::from(count);
            }
            StoreLayout::Keyed => {
                // mostly it takes its own place, and the map keeps its memory
                let number = id.number();
                self.named.retain(|&held, _| held == number);
                self.by_author = None;
                self.insert(id, count, expires);
            }
        }
    }

    /// Removes all entries from the list, as `replace` does, and lists none.
    pub fn forget_listed(&mut self) {
        self.total = None;
        self.unnamed.clear();
        self.sum = 0;
        self.list += 1;
    }

    /// The tick: entries that expire at `now` or before leave. An entry in no list stays known for ever.
    pub fn clean(&mut self, now: Time) {
        self.loaded = true;
        let list = self.list;
        self.by_author = None;
        self.named.retain(|_, entry| entry.expires > now || entry.list != list);
        self.unnamed.retain(|entry| entry.expires > now);
        self.total = self.total.filter(|total| match self.keeping {
            StoreLayout::List => total.expires > now,
            // its entry may have been extended
            StoreLayout::Keyed => self.named.contains_key(&total.id),
        });
        let named =
            self.named.values().filter(|entry| entry.list == list).map(|entry| u64::from(entry.count));
        let unnamed = self.unnamed.iter().map(|entry| u64::from(entry.count));
        self.sum = named.chain(unnamed).sum();
    }

    /// What is listed and has not expired at `now`.
    pub fn unexpired(&self, now: Time) -> u64 {
        let named = self.named.values().filter(|entry| entry.list == self.list);
        let named = named.map(|entry| (entry.expires, entry.count));
        let all = named.chain(self.unnamed.iter().map(|entry| (entry.expires, entry.count)));
        all.filter(|(expires, _)| *expires > now).map(|(_, count)| u64::from(count)).sum()
    }

    /// Those who speak for its entries that have an id, ascending.
    pub fn authors(&self) -> Vec<InstanceId> {
        let mut authors: Vec<InstanceId> = self.named.keys().map(|&number| author(number)).collect();
        authors.dedup();
        authors
    }

    /// Whether somebody speaks for an entry that has an id.
    pub fn knows(&self, author: InstanceId) -> bool {
        let first = u128::from(author.0) << AUTHOR_SHIFT;
        self.named.range(first..).next().is_some_and(|(&number, _)| self::author(number) == author)
    }

    /// Whether it has an entry of this id.
    pub fn holds(&self, id: EntryId) -> bool {
        self.named.contains_key(&id.number())
    }

    /// What the entries that have an id count for the author of one of them, without that one. Expired ones count until the next cleaning.
    pub fn counted_beside(&mut self, id: EntryId) -> u64 {
        let of_all = self.by_author.get_or_insert_with(|| {
            let mut of_all = Box::<ByAuthor>::default();
            for (&number, entry) in &self.named {
                *of_all.entry(author(number)).or_default() += u64::from(entry.count);
            }
            of_all
        });
        let of_author = of_all.get(&id.author).copied().unwrap_or(0);
        of_author - self.named.get(&id.number()).map_or(0, |entry| u64::from(entry.count))
    }

    /// The viewers of `author` whose entry has not expired at `now`, listed or not.
    pub fn unexpired_viewers_of(&self, author: InstanceId, now: Time) -> u32 {
        let id = |viewer, salt| EntryId { author, subject: Subject::Viewer(ViewerId(viewer), salt) }.number();
        let own = self.named.range(id(0, 0)..=id(u32::MAX, u32::MAX));
        let unexpired = own.filter(|(_, entry)| entry.expires > now).count();
        u32::try_from(unexpired).expect("viewers are limited to u32")
    }

    /// When the viewer of an entry was last sent, if the entry exists and it ever was.
    pub fn last_sent(&self, id: EntryId) -> Option<Time> {
        self.named.get(&id.number())?.last_sent
    }

    /// A store that holds one entry, if this one does, and is otherwise like it.
    pub fn only(&self, id: EntryId) -> Store {
        let number = id.number();
        self.with(self.named.get(&number).map(|&entry| (number, entry)))
    }

    /// A store that holds the entries with an id that an author speaks for, and is otherwise like it.
    pub fn of_author(&self, author: InstanceId) -> Store {
        let first = u128::from(author.0) << AUTHOR_SHIFT;
        let of_author = self.named.range(first..=first | ((1 << AUTHOR_SHIFT) - 1));
        self.with(of_author.map(|(&number, &entry)| (number, entry)))
    }

    /// A store that holds these entries, and is otherwise like it.
    fn with(&self, named: impl IntoIterator<Item = (u128, Named)>) -> Store {
        let named: BTreeMap<u128, Named> = named.into_iter().collect();
        let listed = named.values().filter(|entry| entry.list == self.list);
        let sum = listed.map(|entry| u64::from(entry.count)).sum();
        Store { named, unnamed: Vec::new(), sum, total: None, by_author: None, ..*self }
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.unnamed.is_empty()
    }

    /// Whether any entry is in the list, so that it counts.
    pub fn has_listed(&self) -> bool {
        !self.unnamed.is_empty() || self.named.values().any(|entry| entry.list == self.list)
    }

    /// How far from an instant, before or after it, the nearest expiry is.
    pub fn nearest_expiry(&self, now: Time) -> Option<Span> {
        let named = self.named.values().map(|entry| entry.expires);
        let all = named.chain(self.unnamed.iter().map(|entry| entry.expires));
        all.map(|expires| Span::from_ns(expires.ns().abs_diff(now.ns()))).min()
    }

    /// Whether both hold the same entries, times within `within` of each other being equal. The order of the
    /// list has no meaning, nor how many lists there were before.
    pub fn is_like(&self, other: &Store, within: Span) -> bool {
        let same_named = |((id, one), (other_id, two)): ((&u128, &Named), (&u128, &Named))| {
            let listed = (one.list == self.list) == (two.list == other.list);
            let sent = match (one.last_sent, two.last_sent) {
                (Some(one), Some(two)) => one.is_near(two, within),
                (one, two) => one == two,
            };
            id == other_id
                && listed
                && sent
                && one.count == two.count
                && one.expires.is_near(two.expires, within)
        };
        let sorted = |store: &Store| {
            let mut entries: Vec<_> =
                store.unnamed.iter().map(|entry| (entry.count, entry.expires)).collect();
            entries.sort_unstable();
            entries
        };
        let same_unnamed = || {
            let pairs = sorted(self).into_iter().zip(sorted(other));
            { pairs }.all(|(one, two)| one.0 == two.0 && one.1.is_near(two.1, within))
        };
        (self.keeping, self.loaded, self.sum) == (other.keeping, other.loaded, other.sum)
            && (self.named.len(), self.unnamed.len()) == (other.named.len(), other.unnamed.len())
            && self.named.iter().zip(&other.named).all(same_named)
            && same_unnamed()
    }

    /// The process starts again: a list is lost, a keyed store is there but not yet loaded.
    pub fn restart(&mut self) {
        match self.keeping {
            StoreLayout::List => *self = Store::new(StoreLayout::List),
            StoreLayout::Keyed => self.loaded = false,
        }
    }

    fn insert(&mut self, id: EntryId, count: u32, expires: Time) {
        self.named.insert(id.number(), Named { count, expires, last_sent: None, list: self.list });
        self.sum += u64::from(count);
        recount(&mut self.by_author, id.author, 0, count);
    }
}

/// An entry of an author counts another number.
fn recount(by_author: &mut Option<Box<ByAuthor>>, author: InstanceId, before: u32, after: u32) {
    if let Some(of_all) = by_author {
        let of_author = of_all.entry(author).or_default();
        *of_author = *of_author - u64::from(before) + u64::from(after);
    }
}

#[cfg(test)]
mod tests;
