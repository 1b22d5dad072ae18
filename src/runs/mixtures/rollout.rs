//! The steps of a roll-out: every tenth of the followers that have upgraded, by their number and by their viewers, before and after the
//! origins have.
//!
//! By number followers upgrade in an order that the seed draws (`fold` of it and their number), and a step rounds to the nearest follower.
//! By size those with most visits upgrade first, over all replications together, and a step is the fewest of them that have that share of
//! the followers' visits. Each step contains the one before. A step is a state that lasts, not a restart: see `faults: upgrade` for those.

use super::columns::{Columns, MixedColumn};
use super::roles::{Roles, check_protocols, names};
use crate::domain::workload::sessions;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::{Seed, fold};
use crate::scenario::Scenario;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The shares of a roll-out, in per cent.
const SHARES: [u64; 11] = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100];

/// A roll-out in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// What everybody speaks at first.
    pub from: String,
    /// What everybody speaks in the end.
    pub to: String,
    /// How many followers there are.
    pub followers: usize,
    /// How many visits those have, over all replications; if there are none there is no roll-out by size.
    pub visits: u64,
    /// The steps: by number and by size, each with the origins first and last, each by share.
    pub steps: Vec<Step>,
    /// What makes them the columns of the scenario.
    pub columns: Columns,
}

/// What the share of the upgraded is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The followers.
    Number,
    /// The visits at them.
    Size,
}

/// Who upgrades first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// The origins: they have upgraded at every step.
    OriginFirst,
    /// The followers: the origins have not upgraded at any step.
    FollowersFirst,
}

/// A state of the roll-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What its share is of.
    pub by: By,
    /// Who upgrades first.
    pub order: Order,
    /// The share of the followers that have upgraded, in per cent.
    pub share_percent: u64,
    /// How many those are.
    pub upgraded: usize,
    /// The visits at those.
    pub visits: u64,
    /// The column; several steps that are the same state have one.
    pub column: String,
}

impl By {
    /// All.
    pub const ALL: [By; 2] = [By::Number, By::Size];

    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            By::Number => "number",
            By::Size => "size",
        }
    }
}

impl Order {
    /// All.
    pub const ALL: [Order; 2] = [Order::OriginFirst, Order::FollowersFirst];

    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Order::OriginFirst => "origin-first",
            Order::FollowersFirst => "followers-first",
        }
    }
}

impl Rollout {
    /// The roll-out from one protocol to another in a scenario. Its sessions are drawn for the sizes of followers.
    ///
    /// # Errors
    /// Why there is none: a fragment that follows the scenario's name.
    pub fn of(scenario: &Scenario, from: &str, to: &str) -> Result<Rollout, String> {
        check_protocols(scenario, &[from.to_owned(), to.to_owned()])?;
        let roles = Roles::of(scenario)?;
        let visits = visits(scenario);
        let of = |id: InstanceId| visits.get(&id).copied().unwrap_or(0);
        let sum = |ids: &[InstanceId]| ids.iter().map(|id| of(*id)).sum::<u64>();
        let all = sum(&roles.followers);
        let mut drawn = roles.followers.clone();
        drawn.sort_by_key(|id| (fold(&[scenario.seed, u64::from(id.0)]), *id));
        let mut largest = roles.followers.clone();
        largest.sort_by_key(|id| (Reverse(of(*id)), *id));
        let upgraded = |by: By, share: u64| -> &[InstanceId] {
            match by {
                By::Number => &drawn[..nearest_count(drawn.len(), share)],
                By::Size => &largest[..fewest_with(&largest, share, all, of)],
            }
        };
        let kinds = if all > 0 { &By::ALL[..] } else { &[By::Number] };
        let mut known: BTreeMap<(Order, Vec<InstanceId>), String> = BTreeMap::new();
        let (mut steps, mut columns) = (Vec::new(), Vec::new());
        for &by in kinds {
            for order in Order::ALL {
                for share_percent in SHARES {
                    let mut ids = upgraded(by, share_percent).to_vec();
                    ids.sort_unstable();
                    let column = known.entry((order, ids.clone())).or_insert_with(|| {
                        let name = format!("{}.{}.{share_percent}", order.name(), by.name());
                        let mut others = ids.clone();
                        if order == Order::OriginFirst {
                            others.extend(&roles.origins);
                            others.sort_unstable();
                        }
                        let others = vec![(to.to_owned(), names(scenario, &others))];
                        let others = others.into_iter().filter(|(_, names)| !names.is_empty()).collect();
                        columns.push(MixedColumn { name: name.clone(), protocol: from.to_owned(), others });
                        name
                    });
                    let (upgraded, visits, column) = (ids.len(), sum(&ids), column.clone());
                    steps.push(Step { by, order, share_percent, upgraded, visits, column });
                }
            }
        }
        let (from, to, followers) = (from.to_owned(), to.to_owned(), roles.followers.len());
        Ok(Rollout { from, to, followers, visits: all, steps, columns: Columns::new(&columns)? })
    }

    /// The column in which nobody has upgraded.
    pub fn nobody(&self) -> &str {
        let is_it = |step: &&Step| step.order == Order::FollowersFirst && step.upgraded == 0;
        &self.steps.iter().find(is_it).expect("a roll-out begins with nobody").column
    }

    /// The steps of one kind, by share.
    pub fn steps_of(&self, by: By, order: Order) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.by == by && step.order == order)
    }
}

/// Visits by instance, over all replications.
fn visits(scenario: &Scenario) -> BTreeMap<InstanceId, u64> {
    let mut visits = BTreeMap::new();
    for replication in scenario.replication_numbers() {
        let seed = Seed { seed: scenario.seed, replication };
        let federation = scenario.federation(0, seed);
        let end = scenario.end.latest();
        for session in sessions(&scenario.crowds, &scenario.catalogues, &federation, seed, end) {
            *visits.entry(session.instance).or_default() += 1;
        }
    }
    visits
}

/// That share of so many, to the nearest.
fn nearest_count(count: usize, share_percent: u64) -> usize {
    ((count as u64 * share_percent + 50) / 100) as usize
}

/// How many of the first it takes to have that share of `all`; at 100 % it is everybody.
fn fewest_with(ids: &[InstanceId], share_percent: u64, all: u64, of: impl Fn(InstanceId) -> u64) -> usize {
    if share_percent == 100 {
        return ids.len();
    }
    let mut sum = 0u64;
    let is_short = |id: &&InstanceId| {
        let before = sum;
        sum += of(**id);
        u128::from(before) * 100 < u128::from(all) * u128::from(share_percent)
    };
    ids.iter().take_while(is_short).count()
}
