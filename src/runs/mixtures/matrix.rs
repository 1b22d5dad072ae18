//! Every protocol as origin against every one as followers; and, if one follower is named, against every one as that follower, which
//! has no part in what the others and the origin say to each other.

use super::columns::{Columns, MixedColumn, column_name};
use super::roles::{Roles, check_protocols, names};
use crate::domain::release::releases;
use crate::foundation::ids::InstanceId;
use crate::scenario::{COLUMNS_MAX, Scenario, nearest};

/// The combinations of some protocols in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The protocols, the oldest first.
    pub protocols: Vec<String>,
    /// The name of the follower that is combined by itself, if one is.
    pub third: Option<String>,
    /// The combinations: the origin's protocol varies slowest.
    pub combinations: Vec<Combination>,
    /// What makes them the columns of the scenario.
    pub columns: Columns,
}

/// Who speaks what, as positions in `Matrix::protocols`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combination {
    /// The column.
    pub column: String,
    /// What origins speak.
    pub origin: usize,
    /// What followers speak.
    pub followers: usize,
    /// What the third follower speaks: the same as the others where none is named.
    pub third: usize,
}

impl Matrix {
    /// The combinations of the protocols that are asked for, the oldest first (all releases and what the scenario defines, if none
    /// are), perhaps with a follower of its own.
    ///
    /// # Errors
    /// Why there are none: a fragment that follows the scenario's name.
    pub fn of(scenario: &Scenario, asked: &[String], third: Option<&str>) -> Result<Matrix, String> {
        let usual = || releases().map(str::to_owned).chain(scenario.own_protocols.iter().cloned()).collect();
        let protocols: Vec<String> = if asked.is_empty() { usual() } else { asked.to_vec() };
        check_protocols(scenario, &protocols)?;
        if protocols.len() < 2 {
            return Err(format!(
                "has nothing to be combined: {} is one protocol; name two or more with --protocols",
                protocols[0]
            ));
        }
        let roles = Roles::of(scenario)?;
        let third = third.map(|name| third_follower(scenario, &roles, name)).transpose()?;
        let count = protocols.len();
        let columns = count.saturating_pow(if third.is_some() { 3 } else { 2 });
        if columns > COLUMNS_MAX {
            return Err(format!(
                "would take {columns} columns for {count} protocols, and there may be {COLUMNS_MAX}: name fewer with --protocols{}",
                if third.is_some() { ", or leave --third away" } else { "" }
            ));
        }
        let mut combinations = Vec::new();
        for origin in 0..count {
            for followers in 0..count {
                let thirds = if third.is_some() { 0..count } else { followers..followers + 1 };
                combinations.extend(thirds.map(|third_speaks| {
                    let part = |at: usize| (at, &protocols[at][..]);
                    let parts = [part(origin), part(followers), part(third_speaks)];
                    let column = column_name(if third.is_some() { &parts } else { &parts[..2] });
                    Combination { column, origin, followers, third: third_speaks }
                }));
            }
        }
        let mixed = |combination: &Combination| mixed(scenario, &roles, third, &protocols, combination);
        let columns = Columns::new(&combinations.iter().map(mixed).collect::<Vec<_>>())?;
        let third = third.map(|id| scenario.instances[id.index()].name.clone());
        Ok(Matrix { protocols, third, combinations, columns })
    }

    /// The combination of an origin and followers, the third follower included.
    pub fn pair(&self, origin: usize, followers: usize) -> &Combination {
        let is_it = |of: &&Combination| (of.origin, of.followers, of.third) == (origin, followers, followers);
        self.combinations.iter().find(is_it).expect("every pair is there")
    }
}

fn mixed(
    scenario: &Scenario,
    roles: &Roles,
    third: Option<InstanceId>,
    protocols: &[String],
    combination: &Combination,
) -> MixedColumn {
    let mut others: Vec<(usize, Vec<InstanceId>)> = vec![(combination.origin, roles.origins.clone())];
    if let Some(id) = third {
        match others.iter_mut().find(|(protocol, _)| *protocol == combination.third) {
            Some((_, ids)) => {
                ids.push(id);
                ids.sort_unstable();
            }
            None => others.push((combination.third, vec![id])),
        }
    }
    let others =
        others.into_iter().map(|(protocol, ids)| (protocols[protocol].clone(), names(scenario, &ids)));
    MixedColumn {
        name: combination.column.clone(),
        protocol: protocols[combination.followers].clone(),
        others: others.collect(),
    }
}

/// The follower of this name, if others are left beside it.
fn third_follower(scenario: &Scenario, roles: &Roles, name: &str) -> Result<InstanceId, String> {
    let followers = || roles.followers.iter().map(|id| &scenario.instances[id.index()].name[..]);
    let Some(at) = followers().position(|follower| follower == name) else {
        return Err(format!("has no follower `{name}` (--third){}", nearest(name, followers())));
    };
    if roles.followers.len() < 2 {
        return Err(format!("has no follower but `{name}`: --third needs another one beside it"));
    }
    Ok(roles.followers[at])
}
