//! Protocols of the scenario's own, and the columns of the comparison.

use crate::domain::delivery::Delivery;
use crate::domain::protocol::{Hints, PRESETS, Rules, Threshold};
use crate::domain::receiving::Receiving;
use crate::foundation::units::Span;
use crate::scenario::build::delivery::Deliveries;
use crate::scenario::build::instances::software;
use crate::scenario::build::receiving;
use crate::scenario::build::table::Table;
use crate::scenario::build::unknown::unknown;
use crate::scenario::format::INSTANCES_MAX;
use crate::scenario::model::{InstanceSpec, Variant};
use crate::scenario::problem::{Problems, Spot};
use crate::scenario::value::{Checked, Value};
use std::collections::BTreeSet;

/// Instances of all columns together, so that a short file cannot make much of them.
const SPOKEN_MAX: usize = 32 * INSTANCES_MAX as usize;

/// The protocols that can be named: the presets, then those defined.
pub(crate) struct Protocols<'a> {
    /// One that is broken has no rules.
    rows: Vec<(&'a str, Option<Rules>)>,
    /// Whether every definition has its name; if not, an unknown one may be meant.
    complete: bool,
}

impl<'a> Protocols<'a> {
    /// Those of a file.
    pub(crate) fn new(file: &'a Checked, problems: &mut Problems) -> Protocols<'a> {
        let section = file.get("protocols");
        let definitions = section.map_or(&[][..], Checked::entries);
        let complete = section.is_some() && definitions.iter().all(|(_, value)| value.value != Value::Broken);
        let rows = PRESETS.iter().map(|preset| (preset.name, Some(preset.rules))).collect();
        let mut known = Protocols { rows, complete };
        for (name, definition) in definitions {
            if Rules::preset(name).is_some() {
                let message = format!("`{name}` is a protocol of ours already; call yours otherwise");
                problems.at(definition.spot(), message);
                continue;
            }
            let base = definition.get("base").and_then(|at| known.rules(at, problems));
            let rules = base.map(|base| changed(base, definition));
            if let Some(why) = rules.and_then(|rules| rules.contradiction()) {
                problems.at(definition.spot(), why);
            }
            known.rows.push((name, rules));
        }
        known
    }

    /// The rules of the name at `at`; `None` with a problem if there is no such name, and without if its definition is
    /// broken.
    pub(crate) fn rules(&self, at: &Checked, problems: &mut Problems) -> Option<Rules> {
        Some(self.named(at.as_text()?, at.spot(), problems)?.1)
    }

    /// The same with the name.
    fn named(&self, name: &str, at: Spot<'_>, problems: &mut Problems) -> Option<Named> {
        let found = self.rows.iter().find(|(known, _)| *known == name);
        if found.is_none() && self.complete {
            unknown(at, "protocol", name, self.rows.iter().map(|(known, _)| *known), problems);
        }
        Some((name.to_owned(), found?.1?))
    }

    /// That of the name at `at`.
    fn named_at(&self, at: &Checked, problems: &mut Problems) -> Option<Named> {
        self.named(at.as_text()?, at.spot(), problems)
    }
}

/// The columns, as far as they can be read.
pub(crate) fn columns(
    file: &Checked,
    protocols: &Protocols<'_>,
    deliveries: &Deliveries<'_>,
    table: &Table,
    problems: &mut Problems,
) -> Vec<Variant> {
    let fixed = fixed(file, protocols, problems);
    let items = file.get("compare").map_or(&[][..], Checked::items);
    if let Some(at) = file.get("compare").filter(|_| items.len() * table.instances.len() > SPOKEN_MAX) {
        let (columns, instances) = (items.len(), table.instances.len());
        problems.at(
            at.spot(),
            format!(
                "has {columns} columns for {instances} instances; there may be {SPOKEN_MAX} of both multiplied: take fewer of one"
            ),
        );
        return Vec::new();
    }
    let mut columns: Vec<Variant> = Vec::new();
    for item in items {
        let delivery = item.case().and_then(|(_, value)| deliveries.of_column(value, problems));
        let column = column(item, protocols, &fixed, table, problems);
        let (Some(delivery), Some((name, spoken))) = (delivery, column) else { continue };
        let receiving = by_group_receiving(file, &delivery);
        let (protocols, rules) = spoken.into_iter().unzip();
        let column = Variant {
            name,
            delivery,
            receiving: table.instances.iter().map(|instance| receiving[instance.group]).collect(),
            faults: Vec::new(),
            rules,
            protocols,
        };
        if columns.iter().any(|other| other.name == column.name) {
            let message =
                format!("there is a column `{}` already; give one of them another name", column.name);
            problems.at(item.spot(), message);
        }
        columns.push(column);
    }
    if let Some(at) = file.get("baseline") {
        let name = at.as_text().unwrap_or_default();
        let complete = file.get("compare").is_some_and(|compare| compare.items().len() == columns.len());
        if complete && columns.iter().all(|column| column.name != name) {
            unknown(
                at.spot(),
                "column of `compare`",
                name,
                columns.iter().map(|column| &column.name[..]),
                problems,
            );
        }
    }
    columns
}

/// What the instances of each group do with what they receive.
fn by_group_receiving(file: &Checked, delivery: &Delivery) -> Vec<Receiving> {
    let of_group = |(_, group): &(String, Checked)| {
        let base = software(group).receiving(delivery.receiving);
        group.get("receives").and_then(|receives| receiving::changed(base, receives)).unwrap_or(base)
    };
    file.get("instances").map_or(&[][..], Checked::entries).iter().map(of_group).collect()
}

/// `base` with what a definition says.
pub(crate) fn changed(base: Rules, definition: &Checked) -> Rules {
    let mut rules = base;
    for rule in Rules::RULES {
        if let Some(choice) = definition.text(rule.key) {
            assert!((rule.set)(&mut rules, choice), "the format holds exactly the rule's choices");
        }
    }
    let parameters = &mut rules.parameters;
    let set = |key, parameter: &mut Span| definition.span(key).map(|span| *parameter = span);
    if set("lifetime", &mut parameters.lifetime).is_some() {
        // one constant in PeerTube, used three times: 0.75 of it is the re-federation age
        parameters.tick_interval = parameters.lifetime;
        parameters.refederation_age = Span::from_ns(parameters.lifetime.ns() / 4 * 3);
    }
    set("tick_interval", &mut parameters.tick_interval);
    set("refederation_age", &mut parameters.refederation_age);
    set("heartbeat", &mut parameters.heartbeat);
    set("plain_view_after", &mut parameters.plain_view_after);
    set("pull_cache", &mut parameters.pull_cache);
    let set_share =
        |key, parameter: &mut u32| definition.share_ppm(key).into_iter().for_each(|ppm| *parameter = ppm);
    set_share("leave_beacon", &mut parameters.leave_beacon_ppm);
    set_share("update_share", &mut parameters.update_share_ppm);
    if let Some(sampling) = definition.integer("sampling").and_then(|number| u32::try_from(number).ok()) {
        parameters.sampling = sampling;
    }
    match definition.get("threshold").and_then(Checked::case) {
        Some(("off", _)) => parameters.threshold = None,
        Some((_, value)) => parameters.threshold = threshold(value),
        None => {}
    }
    match definition.get("hints").and_then(Checked::case) {
        Some(("off", _)) => parameters.hints = None,
        Some((_, value)) => parameters.hints = hints(value),
        None => {}
    }
    match definition.get("follower_cap").and_then(Checked::case) {
        Some(("off", _)) => parameters.follower_cap = None,
        Some((_, cap)) => parameters.follower_cap = cap.as_integer().and_then(|cap| u32::try_from(cap).ok()),
        None => {}
    }
    rules
}

fn threshold(value: &Checked) -> Option<Threshold> {
    let max_ticks = u32::try_from(value.integer("at_least_every")?).ok()?;
    Some(Threshold { share_ppm: value.share_ppm("share")?, max_ticks })
}

fn hints(value: &Checked) -> Option<Hints> {
    let heartbeats_per_s = u32::try_from(value.integer("heartbeats_per_s")?).ok()?;
    Some(Hints { heartbeats_per_s, at_most: value.span("at_most")? })
}

/// A protocol by name with its rules.
type Named = (String, Rules);

/// The protocols that groups speak in every column, by group; the inner `None` is a broken one.
fn fixed(file: &Checked, known: &Protocols<'_>, problems: &mut Problems) -> Vec<Option<Option<Named>>> {
    let groups = file.get("instances").map_or(&[][..], Checked::entries);
    groups.iter().map(|(_, group)| group.get("protocol").map(|at| known.named_at(at, problems))).collect()
}

/// The name of a column and the protocol of each instance in it.
fn column(
    item: &Checked,
    known: &Protocols<'_>,
    fixed: &[Option<Option<Named>>],
    table: &Table,
    problems: &mut Problems,
) -> Option<(String, Vec<Named>)> {
    let (case, value) = item.case()?;
    let (name, protocol) = match case {
        "protocol" => (value.as_text()?, value),
        _ => (value.text("name")?, value.get("protocol")?),
    };
    let default = known.named_at(protocol, problems);
    let of_group = |group: &Option<Option<Named>>| group.clone().unwrap_or_else(|| default.clone());
    let by_group: Vec<Option<Named>> = fixed.iter().map(of_group).collect();
    let mut spoken: Vec<Option<Named>> =
        table.instances.iter().map(|instance| by_group[instance.group].clone()).collect();
    for (group, at) in value.get("groups").map_or(&[][..], Checked::entries) {
        let Some(index) = table.group(group) else {
            if table.complete {
                let groups = table.groups.iter().map(|group| &group.name[..]);
                unknown(at.spot(), "group", group, groups, problems);
            }
            continue;
        };
        if fixed[index].is_some() {
            let message = format!(
                "`{group}` speaks a fixed protocol (`instances.{group}.protocol`); remove one of the two"
            );
            problems.at(at.spot(), message);
        }
        let spoken = &mut spoken[table.groups[index].instances.clone()];
        match at.case() {
            Some(("column", column)) => by_row(spoken, (index, column), known, table, problems),
            Some((_, protocol)) => spoken.fill(known.named_at(protocol, problems)),
            None => spoken.fill(None),
        }
    }
    by_instance(&mut spoken, value, known, (fixed, table), problems);
    Some((name.to_owned(), spoken.into_iter().collect::<Option<_>>()?))
}

/// Gives single instances the protocols under which a column names them.
fn by_instance(
    spoken: &mut [Option<Named>],
    column: &Checked,
    known: &Protocols<'_>,
    (fixed, table): (&[Option<Option<Named>>], &Table),
    problems: &mut Problems,
) {
    let mut given = BTreeSet::new();
    for (protocol, members) in column.get("instances").map_or(&[][..], Checked::entries) {
        let named = known.named(protocol, members.spot(), problems);
        for at in members.items() {
            let name = at.as_text().unwrap_or_default();
            let Some(ids) = table.members(name, at.spot(), problems) else { continue };
            for id in table.hosts(ids) {
                let InstanceSpec { name, group, .. } = &table.instances[id.index()];
                if fixed[*group].is_some() {
                    let group = &table.groups[*group].name;
                    let message = format!(
                        "`{name}` speaks a fixed protocol (`instances.{group}.protocol`); remove one of the two"
                    );
                    problems.at(at.spot(), message);
                } else if !given.insert(id) {
                    problems.at(at.spot(), format!("has `{name}` a second time; name each instance once"));
                }
                table.inboxes_at(id).for_each(|inbox| spoken[inbox.index()].clone_from(&named));
            }
        }
    }
}

/// Gives the instances of a group the protocols that a column of its list says; where it says none they keep theirs.
fn by_row(
    spoken: &mut [Option<Named>],
    (group, at): (usize, &Checked),
    known: &Protocols<'_>,
    table: &Table,
    problems: &mut Problems,
) {
    let Some(name) = at.as_text() else { return spoken.fill(None) };
    let Some(list) = table.list(group, at.spot(), problems) else { return spoken.fill(None) };
    let Some(column) = list.column(name, at.spot(), problems) else { return spoken.fill(None) };
    for (row, spoken) in spoken.chunks_mut(list.inboxes).enumerate() {
        let protocol = list.text(row, column);
        if !protocol.is_empty() {
            spoken.fill(known.named(protocol, list.spot(row, column), problems));
        }
    }
}
