//! Groups and their instances: so many of a kind, or those of a list.

use crate::domain::federation::{Capacity, FollowsAs};
use crate::domain::receiving::Software;
use crate::foundation::ids::InstanceId;
use crate::scenario::build::list::{self, List};
use crate::scenario::build::table::{MEMBERS_MAX, Table};
use crate::scenario::data::Files;
use crate::scenario::format::INSTANCES_MAX;
use crate::scenario::model::{Group, InstanceSpec};
use crate::scenario::problem::{Place, Problems, Spot, shown};
use crate::scenario::value::{Checked, Value};
use std::cell::Cell;
use std::collections::BTreeMap;

/// Instances stand in at most this many regions, between any two of which there may be a latency.
const REGIONS_MAX: usize = 2_000;

/// An instance of a group.
struct Member {
    name: String,
    host: String,
    /// The region, if not the group's.
    region: Option<String>,
    /// Where it stands in a list.
    place: Option<Place>,
}

/// The instances of a file, as far as they can be read.
pub(crate) fn table(file: &Checked, files: &Files, problems: &mut Problems) -> Table {
    let section = file.get("instances");
    let entries = section.map_or(&[][..], Checked::entries);
    let mut table = Table {
        groups: Vec::new(),
        instances: Vec::new(),
        regions: Vec::new(),
        lists: Vec::new(),
        by_name: BTreeMap::new(),
        by_host: BTreeMap::new(),
        group_by_name: BTreeMap::new(),
        region_by_name: BTreeMap::new(),
        has_further_inboxes: entries.iter().any(|(_, group)| inboxes(group) > 1),
        left: Cell::new(MEMBERS_MAX),
        complete: !entries.is_empty() && entries.iter().all(|(_, group)| group.is_sound()),
    };
    let mut lists = Vec::new();
    let mut total = 0;
    for (_, group) in entries {
        let list = match group.get("list") {
            None => None,
            Some(at) => {
                let list = files.get(at).and_then(|file| list::read(file, at, inboxes(group), problems));
                table.complete &= list.is_some();
                Some(list)
            }
        };
        let servers = match &list {
            Some(list) => list.as_ref().map_or(0, |list| list.rows() as u64),
            None => group.integer("count").unwrap_or(0),
        };
        total += servers * inboxes(group);
        lists.push(list);
    }
    if total > INSTANCES_MAX {
        let at = section.unwrap_or(file);
        let message = format!(
            "are {total} instances together, with all their inboxes; there may be {INSTANCES_MAX}: lower a `count`"
        );
        problems.at(at.spot(), message);
        table.complete = false;
        return table;
    }
    for (index, (name, _)) in entries.iter().enumerate() {
        table.group_by_name.insert(name.clone(), index);
    }
    let names = file.get("names");
    let of_names = |key, usual| names.and_then(|names| names.text(key)).unwrap_or(usual);
    let (scheme, domain) = (of_names("scheme", "https"), of_names("domain", "example"));
    for ((name, group), list) in entries.iter().zip(lists) {
        let members = match &list {
            None => counted(name, group, domain),
            Some(list) => list.as_ref().map_or(Vec::new(), listed),
        };
        let is_whole = add_group(&mut table, name, group, (scheme, members), problems);
        table.complete &= is_whole;
        table.lists.push(list.flatten());
    }
    table
}

/// So many instances that are called after their group.
fn counted(name: &str, group: &Checked, domain: &str) -> Vec<Member> {
    let count = group.integer("count").unwrap_or(1);
    let member = |number: u64| {
        let instance = if count == 1 { name.to_owned() } else { format!("{name}-{number}") };
        let host = match group.text("host") {
            Some(pattern) => pattern.replace("{name}", &instance).replace("{n}", &number.to_string()),
            None => format!("{instance}.{domain}"),
        };
        Member { name: instance, host, region: None, place: None }
    };
    (1..=count).map(member).collect()
}

/// The instances of a list, which are called as their hosts.
fn listed(list: &List) -> Vec<Member> {
    let member = |row: usize| {
        let host = list.host(row).to_owned();
        let region = list.region(row).map(str::to_owned);
        Member { name: host.clone(), host, region, place: Some(list.place(row)) }
    };
    (0..list.rows()).map(member).collect()
}

/// Adds the instances of a group; false if some cannot be.
fn add_group(
    table: &mut Table,
    name: &str,
    group: &Checked,
    (scheme, members): (&str, Vec<Member>),
    problems: &mut Problems,
) -> bool {
    question(group, problems);
    let (first, of_group) = (table.instances.len(), group.text("region").unwrap_or(""));
    let mut is_whole = true;
    for member in members {
        let id = InstanceId::at(table.instances.len());
        let region = region(table, member.region.as_deref().unwrap_or(of_group));
        let region = match region.and_then(|region| claim(table, &member, id).map(|()| region)) {
            Ok(region) => region,
            Err(message) => {
                let at_group = group.get("host").unwrap_or(group).spot();
                problems.at(member.place.map_or(at_group, |place| Spot { place, path: "host" }), message);
                is_whole = false;
                // of a kind one is wrong as the others
                if member.place.is_none() { break } else { continue }
            }
        };
        let spec = InstanceSpec {
            name: member.name,
            group: table.groups.len(),
            url: format!("{scheme}://{}", member.host),
            host: id,
            is_peertube: software(group) == Software::Peertube,
            region,
            capacity: group.get("capacity").map(capacity).unwrap_or_default(),
            follows_as: choice(&FollowsAs::ALL, group.text("follows_as")),
            tick_phase: group.span("tick_phase"),
            health_phase: group.span("health_phase"),
            update_phase: group.span("update_phase"),
        };
        let further = (2..=inboxes(group))
            .map(|number| InstanceSpec { name: format!("{}/{number}", spec.name), ..spec.clone() });
        let further: Vec<_> = further.collect();
        table.instances.push(spec);
        table.instances.extend(further);
    }
    table.groups.push(Group {
        name: name.to_owned(),
        instances: first..table.instances.len(),
        has_fixed_protocol: group.get("protocol").is_some(),
    });
    is_whole
}

/// Notes the name and the host of an instance; or why it cannot have them.
fn claim(table: &mut Table, member: &Member, id: InstanceId) -> Result<(), String> {
    let Member { name, host, place, .. } = member;
    if place.is_some() && table.group_by_name.contains_key(name) {
        return Err(format!("{} is the name of a group, too; call the group otherwise", shown(name)));
    }
    if table.by_name.insert(name.clone(), id).is_some() {
        return Err(format!("makes a second instance `{name}`; call the group otherwise"));
    }
    if host.len() > 253 || host.contains(['{', '}']) || host.ends_with([':', '.', '-']) {
        let rule = "a host has at most 253 characters, and in braces `{n}` or `{name}`";
        return Err(format!("makes the host {}; {rule}", shown(host)));
    }
    if let Some(other) = table.by_host.insert(host.clone(), id) {
        let other = &table.instances[other.index()].name;
        let remedy = "put `{n}` or `{name}` into `host`, or give them other hosts";
        return Err(format!("gives `{name}` the host {}, which `{other}` has; {remedy}", shown(host)));
    }
    Ok(())
}

/// The position of a region, which may be new.
fn region(table: &mut Table, name: &str) -> Result<usize, String> {
    if let Some(&known) = table.region_by_name.get(name) {
        return Ok(known);
    }
    if table.regions.len() == REGIONS_MAX {
        return Err(format!("is in one of more than {REGIONS_MAX} regions"));
    }
    table.region_by_name.insert(name.to_owned(), table.regions.len());
    table.regions.push(name.to_owned());
    Ok(table.regions.len() - 1)
}

/// Notes keys that cannot stand beside what the group is.
fn question(group: &Checked, problems: &mut Problems) {
    if software(group) == Software::Peertube
        && inboxes(group) > 1
        && let Some(at) = group.get("inboxes")
    {
        problems
            .at(at.spot(), "is for software that has no shared inbox; PeerTube names one: set `software`");
    }
    if group.get("list").is_some() {
        for key in ["count", "host"] {
            if let Some(at) = group.get(key).filter(|at| at.as_integer() != Some(1)) {
                let message = "stands beside `list`, whose rows say how many there are, and their hosts";
                problems.at(at.spot(), message);
            }
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
