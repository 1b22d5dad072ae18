//! The instances of a scenario, and what names stand for among them.

use crate::foundation::ids::InstanceId;
use crate::scenario::build::list::List;
use crate::scenario::build::unknown::unknown;
use crate::scenario::model::{Group, InstanceSpec};
use crate::scenario::problem::{Problems, Spot, shown};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

/// Names of groups in a scenario stand for at most this many instances, however often they are used.
pub(super) const MEMBERS_MAX: usize = 4_000_000;

/// The instances and everything that names can stand for among them.
pub(crate) struct Table {
    pub(crate) groups: Vec<Group>,
    pub(crate) instances: Vec<InstanceSpec>,
    pub(crate) regions: Vec<String>,
    /// By group: its list, if it is from a file.
    pub(super) lists: Vec<Option<List>>,
    pub(super) by_name: BTreeMap<String, InstanceId>,
    pub(super) by_host: BTreeMap<String, InstanceId>,
    pub(super) group_by_name: BTreeMap<String, usize>,
    pub(super) region_by_name: BTreeMap<String, usize>,
    /// Whether any server has more than one inbox.
    pub(super) has_further_inboxes: bool,
    /// How many more instances names may stand for, so that a short file cannot make long lists.
    pub(super) left: Cell<usize>,
    /// Whether every group could be read; if not, an unknown name may be one of theirs.
    pub(crate) complete: bool,
}

impl Table {
    /// The position of a group.
    pub(crate) fn group(&self, name: &str) -> Option<usize> {
        self.group_by_name.get(name).copied()
    }

    /// The instance called `name` at `at`, or a problem.
    pub(crate) fn instance(&self, name: &str, at: Spot<'_>, problems: &mut Problems) -> Option<InstanceId> {
        if let Some(&id) = self.by_name.get(name) {
            return Some(id);
        }
        if self.complete {
            match self.group(name) {
                Some(group) => {
                    let one = &self.instances[self.groups[group].instances.start].name;
                    problems.at(at, format!("`{name}` is a group; name one instance of it, such as `{one}`"));
                }
                None => unknown(at, "instance", name, self.by_name.keys().map(String::as_str), problems),
            }
        }
        None
    }

    /// The instance that a file of others calls so: by its name, its host, or the URL of it or of something there.
    pub(crate) fn named(&self, text: &str) -> Option<InstanceId> {
        let text = text.to_ascii_lowercase();
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = rest.map_or(&text[..], |rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        self.by_name.get(&text).or_else(|| self.by_host.get(host)).copied()
    }

    /// The instances of the group, or the instance, called `name` at `at`, in ascending order; or a problem.
    pub(crate) fn members(
        &self,
        name: &str,
        at: Spot<'_>,
        problems: &mut Problems,
    ) -> Option<Vec<InstanceId>> {
        if let Some(group) = self.group(name) {
            return self.listed(self.groups[group].instances.clone(), at, problems);
        }
        if let Some(&id) = self.by_name.get(name) {
            return Some(vec![id]);
        }
        if self.complete {
            let several = self.groups.iter().filter(|group| group.instances.len() > 1);
            let groups = several.map(|group| &group.name[..]);
            let names = groups.chain(self.by_name.keys().map(String::as_str));
            unknown(at, "instance or group", name, names, problems);
        }
        None
    }

    /// Those of some instances that are a host, and not a further inbox of one.
    pub(crate) fn hosts(&self, mut ids: Vec<InstanceId>) -> Vec<InstanceId> {
        if self.has_further_inboxes {
            ids.retain(|id| self.instances[id.index()].host == *id);
        }
        ids
    }

    /// The inboxes at the host of an instance; they come one after another.
    pub(super) fn inboxes_at(&self, host: InstanceId) -> impl Iterator<Item = InstanceId> + '_ {
        let from = self.instances[host.index()..].iter().take_while(move |spec| spec.host == host).count();
        (host.index()..host.index() + from).map(InstanceId::at)
    }

    /// All instances, for what is written at `at`; or a problem.
    pub(crate) fn all(&self, at: Spot<'_>, problems: &mut Problems) -> Option<Vec<InstanceId>> {
        self.listed(0..self.instances.len(), at, problems)
    }

    fn listed(&self, range: Range<usize>, at: Spot<'_>, problems: &mut Problems) -> Option<Vec<InstanceId>> {
        let Some(left) = self.left.get().checked_sub(range.len()) else {
            let message =
                format!("is one too many: names of groups may stand for {MEMBERS_MAX} instances in all");
            problems.at(at, message);
            return None;
        };
        self.left.set(left);
        Some(range.map(InstanceId::at).collect())
    }

    /// Notes a problem unless all of `ids` are PeerTube, where alone people watch.
    pub(crate) fn need_peertube(&self, ids: &[InstanceId], at: Spot<'_>, problems: &mut Problems) {
        if let Some(id) = ids.iter().find(|id| !self.instances[id.index()].is_peertube) {
            let name = &self.instances[id.index()].name;
            let message = format!(
                "`{name}` is not PeerTube (`software`), so it has no videos and nobody watches there"
            );
            problems.at(at, message);
        }
    }

    /// Whether some instance of a group stands in no region.
    pub(super) fn lacks_region(&self, group: &str) -> bool {
        let group = self.group(group).and_then(|group| self.groups.get(group));
        let instances = group.map_or(&[][..], |group| &self.instances[group.instances.clone()]);
        instances.iter().any(|instance| self.regions[instance.region].is_empty())
    }

    /// The list of a group whose column is named at `at`; or a problem.
    pub(super) fn list(&self, group: usize, at: Spot<'_>, problems: &mut Problems) -> Option<&List> {
        let list = self.lists[group].as_ref();
        if list.is_none() && self.complete {
            let group = &self.groups[group].name;
            problems.at(at, format!("is a column of a `list`, and `{group}` has none"));
        }
        list
    }

    /// The groups of PeerTube instances whose lists have a column of this name.
    pub(super) fn groups_with_column(&self, name: &str) -> Vec<usize> {
        let has_it = |group: &usize| {
            let first = self.instances.get(self.groups[*group].instances.start);
            let has_column = |list: &List| list.position(name).is_some();
            first.is_some_and(|first| first.is_peertube)
                && self.lists[*group].as_ref().is_some_and(has_column)
        };
        (0..self.lists.len()).filter(has_it).collect()
    }

    /// The numbers in a column of a group's list, by instance, for what is written at `at`; or problems.
    pub(super) fn column(
        &self,
        group: usize,
        name: &str,
        at: Spot<'_>,
        problems: &mut Problems,
    ) -> Option<Vec<(InstanceId, f64)>> {
        let list = self.list(group, at, problems)?;
        let column = list.column(name, at, problems)?;
        let first = self.groups[group].instances.start;
        let mut number = |row| {
            let id = InstanceId::at(first + row * list.inboxes);
            Some((id, list.number(row, column, problems)?))
        };
        let numbers: Vec<_> = (0..list.rows()).map(&mut number).collect();
        numbers.into_iter().collect()
    }

    /// The whole numbers in a column of a group's list, by row; or problems.
    pub(super) fn counts(
        &self,
        group: usize,
        name: &str,
        at: Spot<'_>,
        problems: &mut Problems,
    ) -> Option<Vec<u32>> {
        let list = self.list(group, at, problems)?;
        let column = list.column(name, at, problems)?;
        let mut count = |row| {
            let number = list.number(row, column, problems)?;
            let is_count = number.fract() == 0.0 && number <= f64::from(u32::MAX);
            if !is_count {
                let message = format!("{} is no whole number", shown(list.text(row, column)));
                problems.at(list.spot(row, column), message);
            }
            is_count.then_some(number as u32)
        };
        let counts: Vec<_> = (0..list.rows()).map(&mut count).collect();
        counts.into_iter().collect()
    }
}
