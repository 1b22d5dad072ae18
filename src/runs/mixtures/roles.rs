//! Who is an origin and who a follower in a scenario, and which protocols it knows.

use crate::domain::protocol::PRESETS;
use crate::foundation::ids::InstanceId;
use crate::scenario::{Scenario, nearest};
use std::collections::BTreeSet;

/// Who is an origin and who a follower.
pub(super) struct Roles {
    /// Those that own a video, in ascending order.
    pub(super) origins: Vec<InstanceId>,
    /// The others that are PeerTube and speak no fixed protocol, in ascending order.
    pub(super) followers: Vec<InstanceId>,
}

impl Roles {
    /// Those of a scenario; or what it lacks.
    pub(super) fn of(scenario: &Scenario) -> Result<Roles, String> {
        let owners = scenario.catalogues.iter().flat_map(|catalogue| catalogue.owners.iter().copied());
        let origins: BTreeSet<InstanceId> =
            scenario.videos.iter().map(|video| video.origin).chain(owners).collect();
        let is_free = |id: &InstanceId| {
            let spec = &scenario.instances[id.index()];
            spec.is_peertube && spec.host == *id && !scenario.groups[spec.group].has_fixed_protocol
        };
        if let Some(fixed) = origins.iter().find(|id| !is_free(id)) {
            let spec = &scenario.instances[fixed.index()];
            let group = &scenario.groups[spec.group].name;
            return Err(format!(
                "has the origin `{}`, which speaks a fixed protocol: remove `instances.{group}.protocol`",
                spec.name
            ));
        }
        let all = (0..scenario.instances.len()).map(InstanceId::at);
        let followers: Vec<InstanceId> = all.filter(|id| !origins.contains(id) && is_free(id)).collect();
        if followers.is_empty() {
            return Err(
                "has no follower whose protocol can change: every PeerTube instance owns a video or speaks a fixed protocol; \
                 add one to `instances`"
                    .to_owned(),
            );
        }
        Ok(Roles { origins: origins.into_iter().collect(), followers })
    }
}

/// The names of instances, of a whole group that of the group.
pub(super) fn names(scenario: &Scenario, ids: &[InstanceId]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = ids;
    while let Some(&first) = rest.first() {
        let spec = &scenario.instances[first.index()];
        let members = &scenario.groups[spec.group].instances;
        let hosts =
            || members.clone().map(InstanceId::at).filter(|id| scenario.instances[id.index()].host == *id);
        let is_whole = hosts().eq(rest.iter().copied().take(hosts().count()));
        let (name, count) = match is_whole {
            true => (&scenario.groups[spec.group].name, hosts().count()),
            false => (&spec.name, 1),
        };
        names.push(name.clone());
        rest = &rest[count..];
    }
    names
}

/// That these are protocols that a scenario knows, each once; or which one is not.
pub(super) fn check_protocols(scenario: &Scenario, asked: &[String]) -> Result<(), String> {
    let presets = PRESETS.iter().map(|preset| preset.name);
    let known: Vec<&str> = presets.chain(scenario.own_protocols.iter().map(String::as_str)).collect();
    for (number, name) in asked.iter().enumerate() {
        if !known.contains(&&name[..]) {
            return Err(format!("`{name}` is no protocol{}", nearest(name, known.iter().copied())));
        }
        if asked[..number].contains(name) {
            return Err(format!("`{name}` is there twice; name each protocol once"));
        }
    }
    Ok(())
}
