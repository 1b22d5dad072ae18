//! Searches over values that are made up, against all combinations run to the end.

use super::judge::Observed;
use super::race::{blocks, race};
use super::*;
use crate::foundation::random::{Purpose, Seed};
use crate::metrics::definitions::names;
use crate::scenario::{SearchSpace, parse_search};
use rand::RngExt;

const TEXT: &str = "
name: made-up
description: three rules and two parameters in two scenarios that nobody runs
scenarios: [{file: a.yaml}, {file: b.yaml, weight: 2}]
base: v3
choices:
  lifetime: {log_range: {from: 10 s, to: 160 s, count: 5}}
  tick_interval: [10 s, 20 s, 40 s, 80 s]
  totals_to: [everybody, interested]
  totals_at: [ticks, spread]
bounds: [{metric: origin_bytes_per_s_peak, max: 5, relative_to: baseline}]
replications: 12
at_once: 3
";

fn space(more: &str) -> SearchSpace {
    let text = format!("{TEXT}{more}\n");
    parse_search("made-up.yaml", text.as_bytes(), Some("made-up"), &names()).expect("a space")
}

/// What a candidate comes to: a cost that falls and an error that rises with the times, both with noise that candidates share and noise
/// of their own.
fn observed(candidate: &Candidate, scenario: usize, replication: u32, seed: u64) -> Observed {
    let parameters = candidate.rules.parameters;
    let (life, tick) = (parameters.lifetime.secs_f64(), parameters.tick_interval.secs_f64());
    let mut common = Seed { seed, replication }.stream(Purpose::Arrivals, scenario as u64);
    let shared = 0.9 + 0.2 * common.random::<f64>();
    let name = candidate.name.bytes().fold(7u64, |sum, byte| sum * 31 + u64::from(byte));
    let mut own = Seed { seed: seed ^ name, replication }.stream(Purpose::Watch, scenario as u64);
    let noise = 1.0 + 0.01 * (own.random::<f64>() - 0.5);
    let cheap =
        if candidate.rules.totals_to == crate::domain::protocol::TotalsTo::Interested { 0.5 } else { 1.0 };
    let error = 0.001 * (life + tick) * (1.0 + scenario as f64 / 2.0);
    Observed {
        cost: cheap * 10.0 / tick * (1.0 + 10.0 / life) * shared * noise,
        error: error * shared * noise,
        bounds: vec![400.0 / life * noise / 10.0],
    }
}

fn run_all(space: &SearchSpace, seed: u64) -> (Search, usize) {
    let mut runs = 0;
    let found = search::<()>(space, &mut |values, scenario, block, candidates, numbers| {
        for &number in numbers {
            let replications = blocks(space)[block].clone();
            runs += replications.len();
            let of = |replication| observed(&candidates.all[number], scenario, replication, seed);
            values.add(number, scenario, replications.map(of));
        }
        Ok(())
    });
    (found.expect("nothing fails"), runs)
}

/// The cheapest of each class when all combinations are run to the end.
fn exhaustive(space: &SearchSpace, found: &Search, seed: u64) -> Vec<Option<usize>> {
    let mut values = Values::new(space.scenarios.len());
    for (number, candidate) in found.candidates.all.iter().enumerate() {
        for scenario in 0..space.scenarios.len() {
            let of = |replication| observed(candidate, scenario, replication, seed);
            values.add(number, scenario, (0..space.replications).map(of));
        }
    }
    let judge = Judge { space, values: &values };
    // what is made when choices are taken back did not race
    let raced = || found.fates.iter().map(|(candidate, _)| *candidate);
    space.errors.iter().map(|error| judge.cheapest(raced(), *error)).collect()
}

#[test]
fn a_small_space_has_the_front_of_all_its_combinations() {
    let space = space("");
    assert_eq!(space.points(), 80);
    for seed in 1..=30 {
        let (found, runs) = run_all(&space, seed);
        assert!(found.is_exhaustive && found.fates.len() >= 80);
        let winners: Vec<_> = found.winners.iter().map(|winner| winner.candidate).collect();
        assert_eq!(winners, exhaustive(&space, &found, seed), "seed {seed}");
        assert!(winners[4].is_some() && winners[0].is_none(), "{winners:?}");
        // who is worse is not run to the end
        assert!(runs < 82 * 2 * 12 * 7 / 10, "{runs}");
    }
}

#[test]
fn neighbours_of_the_best_lead_to_the_best() {
    let all = space("");
    let few = space("drawn: 8");
    for seed in 1..=10 {
        let (found, _) = run_all(&few, seed);
        let (whole, _) = run_all(&all, seed);
        assert!(!found.is_exhaustive && found.rounds > 0);
        assert!(found.candidates.all.len() < 82, "{}", found.candidates.all.len());
        // names number candidates in the order of meeting them: rules are the same whatever the order
        let rules = |of: &Search| {
            let rules = |winner: &Winner| Some(of.candidates.all[winner.candidate?].rules);
            of.winners.iter().map(rules).collect::<Vec<_>>()
        };
        let cost = |of: &Search| {
            let judge = Judge { space: &all, values: &of.values };
            let cost = |winner: &Winner| Some(judge.cost(winner.candidate?)?.mean);
            of.winners.iter().map(cost).collect::<Vec<_>>()
        };
        for ((mine, best), (cost, least)) in
            rules(&found).iter().zip(rules(&whole)).zip(cost(&found).iter().zip(cost(&whole)))
        {
            // noise by name decides between equals
            assert!(
                *mine == best || cost.zip(least).is_some_and(|(cost, least)| cost < least * 1.02),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn a_search_goes_on_from_a_protocol_of_ours_and_from_who_is_least_wrong() {
    // one begins, so that one of ours wins at first; with the bound of the second nobody is in any class before somebody walks there
    for (text, tick_s) in [(TEXT.to_owned(), 80.0), (TEXT.replace("max: 5", "max: 0.8"), 40.0)] {
        let text = format!("{text}drawn: 1\n");
        let few = parse_search("made-up.yaml", text.as_bytes(), Some("made-up"), &names()).expect("a space");
        for seed in 1..=10 {
            let (found, _) = run_all(&few, seed);
            assert!(found.rounds > 0, "seed {seed}");
            let (winner, best) = (&found.winners[4], exhaustive(&few, &found, seed)[4]);
            assert_eq!(winner.candidate, best, "seed {seed}");
            let rules = found.candidates.all[best.expect("somebody is in the widest class")].rules;
            assert_eq!(rules.totals_to, crate::domain::protocol::TotalsTo::Interested);
            assert!((rules.parameters.tick_interval.secs_f64() - tick_s).abs() < 1e-9, "seed {seed}");
        }
    }
}

#[test]
fn the_nearest_combination_has_what_changes_nothing() {
    let space = space("");
    // v3 lives 120 s and ticks every 120 s, which no value here is
    assert_eq!(space.nearest("v3"), [Some(0), Some(0), None, None]);
    assert_eq!(space.nearest("v4"), [Some(1), Some(1), Some(0), Some(0)]);
    let ours = Candidates::new(&space);
    let points: Vec<bool> = ours.all.iter().map(|candidate| candidate.point.is_some()).collect();
    // v4 says views in totals, which no combination does
    assert_eq!(points, [false, true]);
    assert!(ours.all.iter().all(|candidate| candidate.is_ours));
}

/// What one replication of a candidate comes to in the only scenario.
fn at_cost(cost: f64, error: f64) -> Observed {
    Observed { cost, error, bounds: vec![1.0] }
}

#[test]
fn who_was_beaten_by_somebody_who_left_the_class_comes_back() {
    let one = TEXT.replace(", {file: b.yaml, weight: 2}", "");
    let space = parse_search("made-up.yaml", one.as_bytes(), Some("made-up"), &names()).expect("a space");
    let mut values = Values::new(1);
    // candidate 0 is cheap and exact at the first look, and wrong ever after; candidate 1 is always the same
    let run = &mut |values: &mut Values, scenario: usize, block: usize, racing: &[usize]| {
        for &number in racing {
            let observed = match number {
                0 => at_cost(1.0, if block == 0 { 0.01 } else { 3.0 }),
                _ => at_cost(2.0, 0.01),
            };
            values.add(number, scenario, vec![observed; 3]);
        }
        Ok::<(), ()>(())
    };
    let fates = race(&space, &mut values, &[0, 1], 2, run).expect("nothing fails");
    assert_eq!(fates, [(0, Fate::TooWrong { scenario: 0 }), (1, Fate::Stays)]);
    assert_eq!(values.replications(1), 12);
}

#[test]
fn weights_are_of_costs_and_only_some_scenarios_have_classes() {
    let text = TEXT.replace("file: b.yaml, weight: 2", "file: b.yaml, weight: 3, in_classes: no");
    let space = parse_search("made-up.yaml", text.as_bytes(), Some("made-up"), &names()).expect("a space");
    let mut values = Values::new(2);
    values.add(0, 0, [at_cost(1.0, 0.04), at_cost(2.0, 0.06)]);
    assert!(Judge { space: &space, values: &values }.cost(0).is_none());
    values.add(0, 1, [at_cost(5.0, 0.9), at_cost(6.0, 0.9)]);
    let judge = Judge { space: &space, values: &values };
    // (1 * 1.5 + 3 * 5.5) / 4
    let cost = judge.cost(0).expect("it was run").mean;
    assert!((cost - 4.5).abs() < 1e-12, "{cost}");
    assert!(judge.is_in_by_mean(0, 0.05) && !judge.is_in_by_mean(0, 0.04));
    // a bound of the other scenario does not count either
    values.add(1, 0, vec![at_cost(1.0, 0.01); 2]);
    values.add(1, 1, vec![Observed { bounds: vec![100.0], ..at_cost(1.0, 0.01) }; 2]);
    values.add(2, 0, vec![Observed { bounds: vec![100.0], ..at_cost(1.0, 0.01) }; 2]);
    values.add(2, 1, vec![at_cost(1.0, 0.01); 2]);
    let judge = Judge { space: &space, values: &values };
    assert!(judge.is_in_by_mean(1, 0.05) && !judge.is_in_by_mean(2, 0.05));
    // fewer bounds missed before a smaller error
    assert_eq!(judge.least_wrong([0, 2]), Some(0));
}

#[test]
fn others_are_drawn_in_place_of_contradictions() {
    let text = TEXT.replace("  totals_at: [ticks, spread]", "  origin_total: [yes, no]");
    let text = format!("{text}drawn: 20\nrounds: 0\n");
    let space = parse_search("made-up.yaml", text.as_bytes(), Some("made-up"), &names()).expect("a space");
    let (found, _) = run_all(&space, 1);
    let raced = found.fates.iter().filter(|(number, _)| !found.candidates.all[*number].is_ours).count();
    assert_eq!(raced, 20);
    assert!(!found.candidates.contradictions.is_empty());
}

#[test]
fn each_choice_is_taken_back_alone() {
    let space = space("");
    let (found, _) = run_all(&space, 1);
    let winner = &found.winners[4];
    let of = &found.candidates.all[winner.candidate.expect("somebody is in the widest class")];
    let base = &found.candidates.all.iter().find(|candidate| candidate.name == "v3").expect("the base").rules;
    for back in &winner.taken_back {
        let number = back.without.expect("nothing contradicts itself");
        let other = &found.candidates.all[number];
        assert_eq!(found.values.replications(number), 12);
        let differ = [
            other.rules.parameters.tick_interval != of.rules.parameters.tick_interval,
            other.rules.parameters.lifetime != of.rules.parameters.lifetime,
            other.rules.totals_to != of.rules.totals_to,
            other.rules.totals_at != of.rules.totals_at,
        ];
        assert_eq!(differ.iter().filter(|differs| **differs).count(), 1, "{back:?}");
    }
    assert_eq!(base.totals_to, crate::domain::protocol::TotalsTo::Everybody);
    assert!(winner.taken_back.len() >= 3);
}

#[test]
fn contradictions_are_left_out() {
    let contradicting = TEXT.replace("  totals_at: [ticks, spread]", "  origin_total: [yes, no]");
    let space =
        parse_search("made-up.yaml", contradicting.as_bytes(), Some("made-up"), &names()).expect("a space");
    let (found, _) = run_all(&space, 1);
    // interested in totals that nobody says: half of the 40 with `no`
    assert_eq!(found.candidates.contradictions.len(), 20);
    assert!(found.candidates.contradictions[0].1.starts_with("`totals_to: interested` says to whom"));
}
