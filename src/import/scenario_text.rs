//! The scenario that an import writes, and the tables beside it.
//!
//! A crawl says nothing of when people come, what they watch for how long, where they sit and how far servers are from each other: the
//! assumptions stand in the scenario as comments, to be changed there.

use crate::import::follows::Follow;
use crate::import::instances::Instance;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Assumed: a user who is active in a month makes so many visits a day.
const VISITS_PER_USER_AND_DAY: f64 = 1.0;

/// The name of a scenario, from which those of its files follow.
#[derive(Clone, Copy)]
pub(super) struct Name<'a>(pub(super) &'a str);

impl Name<'_> {
    pub(super) fn scenario(self) -> String {
        format!("{}.yaml", self.0)
    }

    /// The table of the instances that answered.
    pub(super) fn instances(self) -> String {
        format!("{}-instances.csv", self.0)
    }

    /// The table of those that did not.
    pub(super) fn dead(self) -> String {
        format!("{}-dead.csv", self.0)
    }

    pub(super) fn follows(self) -> String {
        format!("{}-follows.csv", self.0)
    }
}

/// What the text of a scenario says of its instances and viewers.
pub(super) struct Said<'a> {
    pub(super) name: Name<'a>,
    pub(super) seed: u64,
    pub(super) alive: usize,
    pub(super) dead: usize,
    pub(super) follows: usize,
    pub(super) videos: u64,
    pub(super) users: u64,
    /// Of so many viewers one comes.
    pub(super) one_in: u32,
}

/// How many visits a day so many users make, of whose viewers one of `one_in` comes.
pub(super) fn visits_a_day(users: u64, one_in: u32) -> f64 {
    users as f64 * VISITS_PER_USER_AND_DAY / f64::from(one_in)
}

/// The text of the scenario.
pub(super) fn scenario(said: &Said<'_>) -> String {
    let Said { name, seed, alive, dead, follows, videos, users, one_in } = said;
    let (dead_list, dead_fault) = match dead {
        0 => (String::new(), "[]".to_owned()),
        // they have neither figures nor a version
        _ => (format!("\n  dead: {{list: {}}}", name.dead()), "[{down: [dead]}]".to_owned()),
    };
    let share =
        if *one_in > 1 { format!(", and of {one_in} visits one is simulated") } else { String::new() };
    format!(
        "\
name: {name_text}
description: >-
  The PeerTube instances of a crawl: {alive} that answered with {videos} videos, {dead} that did not, and the {follows} follows between them.
  A day; `as-found` has the releases that the instances state.
seed: {seed}
end: 24 h
compare: [v1, v2, {{name: as-found, protocol: v2, groups: {{tubes: {{column: protocol}}}}}}]

instances:
  tubes: {{list: {instances_file}}}{dead_list}
follows: {{edges: {follows_file}}}

catalogues:
  all:
    of: tubes
    videos: {{column: videos}}
    # how the viewing is shared out among the videos of one instance is assumed: Zipf's law
    popularity: {{zipf: 1, owners: {{column: views}}}}
    # assumed, both
    length: 10 min
    watch: {{exponential: 10 min}}
    # assumed: each of the {users} users makes {VISITS_PER_USER_AND_DAY} visit a day{share}; by night a quarter of the evening's
    arrivals: {{daily: {{mean: {mean} /d, peak_at: 20 h, amplitude: 60 %}}}}
    # assumed: half of the viewers sit at the video's instance, the others at those that follow it, by their users
    spread: {{column: {{name: users, origin_share: 50 %}}}}

faults: {dead_fault}
# assumed: a crawl does not say where servers stand
network: {{latency: {{lognormal: {{median: 40 ms, sigma: 0.5}}}}}}
measure: {{every: 5 min, bucket: 1 h}}
",
        name_text = name.0,
        instances_file = name.instances(),
        follows_file = name.follows(),
        mean = visits_a_day(*users, *one_in),
    )
}

/// The table of instances, with the presets of their releases; `preset` gives that of an instance.
pub(super) fn instances<'a>(
    instances: impl Iterator<Item = &'a Instance>,
    preset: impl Fn(&Instance) -> &'static str,
) -> String {
    let mut text = "host,protocol,users,videos,views\n".to_owned();
    for instance in instances {
        let Instance { host, users, videos, views, .. } = instance;
        writeln!(text, "{host},{},{users},{videos},{views}", preset(instance))
            .expect("a string takes everything");
    }
    text
}

/// The table of instances that did not answer.
pub(super) fn dead<'a>(instances: impl Iterator<Item = &'a Instance>) -> String {
    instances.fold("host\n".to_owned(), |text, instance| text + &instance.host + "\n")
}

/// The table of follows.
pub(super) fn follows(instances: &[Instance], follows: &BTreeSet<Follow>) -> String {
    let mut text = "follower,followed\n".to_owned();
    for &(follower, followed) in follows {
        let [follower, followed] = [follower, followed].map(|number| &instances[number as usize].host);
        writeln!(text, "{follower},{followed}").expect("a string takes everything");
    }
    text
}
