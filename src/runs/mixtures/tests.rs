//! Combinations and roll-outs of small scenarios, counted by hand.

use super::columns::column_name;
use super::*;
use crate::scenario::{Changes, Input, Scenario, parse};

const FOUR: &str = "
name: four
description: an origin and three followers, of whom one has most viewers
end: 1 h
compare: [v1]
protocols: {mine: {base: v2}}
instances: {origin: {}, followers: {count: 3}, other: {software: other, protocol: v1}}
videos: {clip: {origin: origin, length: live}}
viewers:
  - video: clip
    sessions:
      - {instance: origin, start: 1 s, watch: 1 min}
      - {instance: followers-2, start: 1 s, watch: 1 min}
      - {instance: followers-2, start: 2 s, watch: 1 min}
      - {instance: followers-2, start: 3 s, watch: 1 min}
      - {instance: followers-1, start: 4 s, watch: 1 min}
network: {latency: {constant: 1 ms}}
";

fn read(changes: &Changes) -> Scenario {
    let no_data = |_: &str| Err(std::io::Error::other("there is none"));
    let input = Input { file: "four", bytes: FOUR.as_bytes(), stem: None, data: &no_data };
    parse(&input, changes, &[]).expect("a scenario")
}

fn four(sets: &[&str]) -> Scenario {
    read(&Changes { sets: sets.iter().map(|&set| set.to_owned()).collect(), ..Changes::default() })
}

/// Each column with what its instances speak: the origin, the three followers, the other software.
fn spoken(columns: &Columns) -> Vec<(String, String)> {
    let changes =
        Changes { sets: columns.sets.clone(), protocols: columns.names.clone(), ..Changes::default() };
    let told = |column: &crate::scenario::Variant| (column.name.clone(), column.protocols.join(" "));
    read(&changes).compare.iter().map(told).collect()
}

fn matrix(asked: &[&str], third: Option<&str>, sets: &[&str]) -> Result<Matrix, String> {
    let asked: Vec<String> = asked.iter().map(|&name| name.to_owned()).collect();
    Matrix::of(&four(sets), &asked, third)
}

#[test]
fn every_origin_meets_every_follower() {
    let pairs = matrix(&["v1", "v2"], None, &[]).expect("pairs");
    let expected = [
        ("v1.v1", "v1 v1 v1 v1 v1"),
        ("v1.v2", "v1 v2 v2 v2 v1"),
        ("v2.v1", "v2 v1 v1 v1 v1"),
        ("v2.v2", "v2 v2 v2 v2 v1"),
    ];
    let expected = expected.map(|(name, all)| (name.to_owned(), all.to_owned()));
    assert_eq!(spoken(&pairs.columns), expected);
    assert_eq!(pairs.pair(1, 0).column, "v2.v1");
    // eight releases and the scenario's own
    assert_eq!(matrix(&[], None, &[]).expect("pairs").combinations.len(), 81);
}

#[test]
fn a_third_follower_is_combined_by_itself() {
    let all = matrix(&["v1", "v2"], Some("followers-3"), &[]).expect("combinations");
    let spoken = spoken(&all.columns);
    assert_eq!(spoken.len(), 8);
    assert_eq!(spoken[1], ("v1.v1.v2".to_owned(), "v1 v1 v1 v2 v1".to_owned()));
    assert_eq!(spoken[2], ("v1.v2.v1".to_owned(), "v1 v2 v2 v1 v1".to_owned()));
    assert_eq!(spoken[5], ("v2.v1.v2".to_owned(), "v2 v1 v1 v2 v1".to_owned()));
    assert_eq!(all.pair(1, 0).column, "v2.v1.v1");
}

#[test]
fn steps_of_a_roll_out_are_states_that_contain_each_other() {
    let rollout = Rollout::of(&four(&[]), "v1", "v2").expect("a roll-out");
    assert_eq!((rollout.followers, rollout.visits, rollout.steps.len()), (3, 4, 44));
    let counts = |by, order| {
        let steps = rollout.steps_of(by, order);
        steps.map(|step| (step.upgraded, step.visits)).collect::<Vec<_>>()
    };
    // 0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 2.7 and 3 followers, to the nearest
    let by_number: Vec<usize> =
        counts(By::Number, Order::OriginFirst).iter().map(|(count, _)| *count).collect();
    assert_eq!(by_number, [0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
    // the largest has 3 of 4 visits; from 80 % on the next one is needed; the last has none
    let mut by_size = vec![(0, 0)];
    by_size.extend([(1, 3); 7]);
    by_size.extend([(2, 4), (2, 4), (3, 4)]);
    assert_eq!(counts(By::Size, Order::FollowersFirst), by_size);
    let spoken: std::collections::BTreeMap<_, _> = spoken(&rollout.columns).into_iter().collect();
    assert_eq!(spoken[rollout.nobody()], "v1 v1 v1 v1 v1");
    let of = |by, order, at: usize| {
        let step = rollout.steps_of(by, order).nth(at).expect("a step");
        &spoken[&step.column][..]
    };
    assert_eq!(of(By::Size, Order::FollowersFirst, 1), "v1 v1 v2 v1 v1");
    assert_eq!(of(By::Size, Order::OriginFirst, 0), "v2 v1 v1 v1 v1");
    assert_eq!(of(By::Size, Order::OriginFirst, 8), "v2 v2 v2 v1 v1");
    assert_eq!(of(By::Number, Order::OriginFirst, 10), "v2 v2 v2 v2 v1");
    let alone = Rollout::of(&four(&["viewers=[]"]), "v1", "v2").expect("a roll-out");
    assert!(alone.steps.iter().all(|step| step.by == By::Number));
}

#[test]
fn what_cannot_be_combined_says_why() {
    for (asked, third, sets, expected) in [
        (&["v1", "v9"][..], None, &[][..], "`v9` is no protocol; did you mean `v1`?"),
        (&["v1", "v1"], None, &[], "`v1` is there twice; name each protocol once"),
        (
            &["v1"],
            None,
            &[],
            "has nothing to be combined: v1 is one protocol; name two or more with --protocols",
        ),
        (
            &["v1", "v2"],
            Some("origin"),
            &[],
            "has no follower `origin` (--third); there are followers-1, followers-2, followers-3",
        ),
        (
            &["v1", "v2"],
            None,
            &["instances.origin.protocol=v1"],
            "has the origin `origin`, which speaks a fixed protocol: remove `instances.origin.protocol`",
        ),
        (
            &["v1", "v2"],
            None,
            &["instances.followers.protocol=v1"],
            "has no follower whose protocol can change: every PeerTube instance owns a video or speaks a fixed protocol; add one to `instances`",
        ),
    ] {
        assert_eq!(matrix(asked, third, sets).expect_err("it is wrong"), expected);
    }
    let many = "protocols={a1: {base: v1}, a2: {base: v1}, a3: {base: v1}}";
    let error = matrix(&[], Some("followers-3"), &[many]).expect_err("too many");
    assert_eq!(
        error,
        "would take 1331 columns for 11 protocols, and there may be 1000: name fewer with --protocols, or leave --third away"
    );
    let large = Rollout::of(&four(&["instances.followers.count=3000"]), "v1", "v2").expect_err("too many");
    assert!(
        large.starts_with("would take 26 columns in which ") && large.contains(", and 17688 names: "),
        "{large}"
    );
    let same = Rollout::of(&four(&[]), "v1", "v1").expect_err("nothing changes");
    assert_eq!(same, "`v1` is there twice; name each protocol once");
}

#[test]
fn long_names_become_numbers() {
    assert_eq!(column_name(&[(0, "a"), (1, "b")]), "a.b");
    let long = "x".repeat(40);
    assert_eq!(column_name(&[(0, &long), (1, &long)]), "1.2");
}
