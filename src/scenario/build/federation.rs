//! Groups, instances, videos and who follows whom.

use crate::domain::federation::{Capacity, FollowsAs};
use crate::domain::receiving::Software;
use crate::foundation::ids::InstanceId;
use crate::scenario::build::unknown::unknown;
use crate::scenario::format::INSTANCES_MAX;
use crate::scenario::model::{Group, InstanceSpec, Peer, VideoSpec};
use crate::scenario::problem::{Problems, Spot, shown};
use crate::scenario::value::{Checked, Value};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Names of groups in a scenario stand for at most this many instances, however often they are used.
const MEMBERS_MAX: usize = 4_000_000;

/// The instances and everything that names can stand for among them.
pub(crate) struct Table {
    pub(crate) groups: Vec<Group>,
    pub(crate) instances: Vec<InstanceSpec>,
    pub(crate) regions: Vec<String>,
    by_name: BTreeMap<String, InstanceId>,
    by_host: BTreeMap<String, InstanceId>,
    /// Whether any server has more than one inbox.
    has_further_inboxes: bool,
    group_by_name: BTreeMap<String, usize>,
    /// How many more instances names may stand for, so that a short file cannot make long lists.
    left: Cell<usize>,
    /// Whether every group could be read; if not, an unknown name may be one of theirs.
    pub(crate) complete: bool,
}

impl Table {
    /// The instances of a file, as far as they can be read.
    pub(crate) fn new(file: &Checked, problems: &mut Problems) -> Table {
        let section = file.get("instances");
        let entries = section.map_or(&[][..], Checked::entries);
        let mut table = Table {
            groups: Vec::new(),
            instances: Vec::new(),
            regions: Vec::new(),
            by_name: BTreeMap::new(),
            by_host: BTreeMap::new(),
            has_further_inboxes: entries.iter().any(|(_, group)| inboxes(group) > 1),
            group_by_name: BTreeMap::new(),
            left: Cell::new(MEMBERS_MAX),
            complete: !entries.is_empty() && entries.iter().all(|(_, group)| group.is_sound()),
        };
        let of_group = |group: &Checked| Some(group.integer("count")? * inboxes(group));
        let total: u64 = entries.iter().filter_map(|(_, group)| of_group(group)).sum();
        if total > INSTANCES_MAX {
            let at = section.unwrap_or(file);
            let message = format!(
                "are {total} instances together, with all their inboxes; there may be {INSTANCES_MAX}: lower a `count`"
            );
            problems.at(at.spot(), message);
            table.complete = false;
            return table;
        }
        let scheme_and_domain = || {
            let names = file.get("names")?;
            Some((names.text("scheme")?, names.text("domain")?))
        };
        let (scheme, domain) = scheme_and_domain().unwrap_or(("https", "example"));
        for (name, group) in entries {
            table.complete &= table.add_group(name, group, (scheme, domain), problems);
        }
        table
    }

    /// Adds the instances of a group; false if some cannot be.
    fn add_group(
        &mut self,
        name: &str,
        group: &Checked,
        (scheme, domain): (&str, &str),
        problems: &mut Problems,
    ) -> bool {
        let count = group.integer("count").unwrap_or(1);
        let region = self.region(group.text("region").unwrap_or(""));
        let software = software(group);
        if let Some(at) =
            group.get("inboxes").filter(|_| software == Software::Peertube && inboxes(group) > 1)
        {
            problems.at(
                at.spot(),
                "is for software that has no shared inbox; PeerTube names one: set `software`",
            );
        }
        let first = self.instances.len();
        let mut wrong = None;
        for number in 1..=count {
            let instance = if count == 1 { name.to_owned() } else { format!("{name}-{number}") };
            let host = match group.text("host") {
                Some(pattern) => pattern.replace("{name}", &instance).replace("{n}", &number.to_string()),
                None => format!("{instance}.{domain}"),
            };
            let id = InstanceId::at(self.instances.len());
            wrong = if self.by_name.insert(instance.clone(), id).is_some() {
                Some(format!("makes a second instance `{instance}`; call the group otherwise"))
            } else if host.len() > 253 || host.contains(['{', '}']) || host.ends_with([':', '.', '-']) {
                let rule = "a host has at most 253 characters, and in braces `{n}` or `{name}`";
                Some(format!("makes the host {}; {rule}", shown(&host)))
            } else if let Some(other) = self.by_host.insert(host.clone(), id) {
                let other = &self.instances[other.index()].name;
                let remedy = "put `{n}` or `{name}` into `host`, or give them other hosts";
                Some(format!("gives `{instance}` the host {}, which `{other}` has; {remedy}", shown(&host)))
            } else {
                None
            };
            if wrong.is_some() {
                break;
            }
            let spec = InstanceSpec {
                name: instance,
                group: self.groups.len(),
                url: format!("{scheme}://{host}"),
                host: id,
                is_peertube: software == Software::Peertube,
                region,
                capacity: group.get("capacity").map(capacity).unwrap_or_default(),
                follows_as: choice(&FollowsAs::ALL, group.text("follows_as")),
                tick_phase: group.span("tick_phase"),
                health_phase: group.span("health_phase"),
            };
            let further = (2..=inboxes(group))
                .map(|number| InstanceSpec { name: format!("{}/{number}", spec.name), ..spec.clone() });
            let further: Vec<_> = further.collect();
            self.instances.push(spec);
            self.instances.extend(further);
        }
        self.group_by_name.insert(name.to_owned(), self.groups.len());
        self.groups.push(Group { name: name.to_owned(), instances: first..self.instances.len() });
        match wrong {
            None => true,
            Some(message) => {
                problems.at(group.get("host").unwrap_or(group).spot(), message);
                false
            }
        }
    }

    fn region(&mut self, name: &str) -> usize {
        self.regions.iter().position(|region| region == name).unwrap_or_else(|| {
            self.regions.push(name.to_owned());
            self.regions.len() - 1
        })
    }

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
                Some(_) => problems
                    .at(at, format!("`{name}` is a group; name one instance of it, such as `{name}-1`")),
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
}

fn capacity(at: &Checked) -> Capacity {
    Capacity {
        cores: at.integer("cores").and_then(|cores| u32::try_from(cores).ok()),
        uplink_bits_per_s: at.bits_per_s("uplink"),
        downlink_bits_per_s: at.bits_per_s("downlink"),
    }
}

/// How many inboxes each server of a group has.
fn inboxes(group: &Checked) -> u64 {
    match group.get("inboxes").and_then(Checked::case) {
        Some(("per_account", Checked { value: Value::Integer(accounts), .. })) => *accounts,
        _ => 1,
    }
}

/// What the instances of a group run.
pub(crate) fn software(group: &Checked) -> Software {
    choice(&Software::ALL, group.text("software"))
}

/// The choice of a name, else the default.
fn choice<T: Copy + Default>(all: &[(T, &str, &str)], name: Option<&str>) -> T {
    let found = all.iter().find(|(_, known, _)| Some(*known) == name);
    found.map_or_else(T::default, |found| found.0)
}

/// The videos, by name; `Err` holds the name of one that is broken.
pub(crate) fn videos(
    file: &Checked,
    table: &Table,
    problems: &mut Problems,
) -> Vec<Result<VideoSpec, String>> {
    let mut video = |(name, video): &(String, Checked)| {
        let origin = video.get("origin").and_then(|at| {
            let id = table.instance(at.as_text()?, at.spot(), problems)?;
            table.need_peertube(&[id], at.spot(), problems);
            Some(id)
        });
        let length = video.get("length").and_then(Checked::case).and_then(|(case, length)| match case {
            "live" => Some(None),
            _ => length.as_span().map(Some),
        });
        match (origin, length) {
            (Some(origin), Some(length)) => Ok(VideoSpec { name: name.clone(), origin, length }),
            _ => Err(name.clone()),
        }
    };
    file.get("videos").map_or(&[][..], Checked::entries).iter().map(&mut video).collect()
}

/// The servers of others.
pub(crate) fn peers(file: &Checked, table: &Table, problems: &mut Problems) -> Option<Vec<Peer>> {
    let mut actors = BTreeSet::new();
    let mut peer = |item: &Checked| {
        let actor = item.get("actor").and_then(|at| {
            let url = at.as_text()?;
            if !actors.insert(url.to_owned()) {
                problems.at(at.spot(), "is the actor of a peer above, too; each has its own");
            }
            if let Some(instance) = table.instances.iter().find(|instance| owns(instance, url)) {
                let message =
                    format!("is on the host of the instance `{}`; a peer is another server", instance.name);
                problems.at(at.spot(), message);
            }
            Some(url.to_owned())
        });
        let follows = match item.get("follows") {
            None => None,
            Some(at) => {
                let id = table.instance(at.as_text()?, at.spot(), problems)?;
                table.need_peertube(&[id], at.spot(), problems);
                Some(id)
            }
        };
        Some(Peer { actor: actor?, inbox: item.text("inbox")?.to_owned(), follows })
    };
    let built: Vec<_> = file.get("peers").map_or(&[][..], Checked::items).iter().map(&mut peer).collect();
    built.into_iter().collect()
}

/// Whether a URL is on the host of an instance.
fn owns(instance: &InstanceSpec, url: &str) -> bool {
    url.strip_prefix(&instance.url).is_some_and(|rest| rest.starts_with('/'))
}
