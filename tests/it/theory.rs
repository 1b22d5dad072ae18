//! The simulator against theory: most experiments under their first law (`fedisim validate-model` runs all, under all laws), and planted errors.

mod planted;
mod planted_deliveries;
mod planted_designs;

use super::cells::run_in_both;
use fedisim::theory::acceptance::{check, judge};
use fedisim::theory::experiment::Experiment;
use fedisim::theory::experiments::EXPERIMENTS;
use fedisim::theory::run::Run;
use fedisim::theory::{exact_cases, sampled_cases};
use std::sync::OnceLock;

/// The runs of an experiment under its first law, made once for all tests.
fn first_runs(experiment: &Experiment) -> &'static [Run] {
    static RUNS: [OnceLock<Vec<Run>>; EXPERIMENTS.len()] = [const { OnceLock::new() }; EXPERIMENTS.len()];
    let number = EXPERIMENTS.iter().position(|one| one.name == experiment.name);
    let runs = &RUNS[number.expect("the experiment is in the table")];
    runs.get_or_init(|| experiment.run(&(experiment.setting)(experiment.laws[0])))
}

/// Experiments that only `fedisim validate-model` runs, which CI compares with docs/validation-table.md: they take longest, and other
/// experiments hold the same formulas.
const ONLY_BY_COMMAND: [&str; 7] = [
    "anchor A, v1 with every viewer counted once",
    "anchor A, peertube-6.0",
    "Weibull watch times",
    "watch times by quantiles",
    "v1 with every viewer counted once, 5 to 15 s a hop",
    "peertube-6.0, 5 to 15 s a hop",
    "peertube-6.3-v2",
];

#[test]
fn closed_forms_hold() {
    let mut refused = Vec::new();
    let is_left_out = |experiment: &&Experiment| ONLY_BY_COMMAND.contains(&experiment.name);
    assert_eq!(EXPERIMENTS.iter().filter(is_left_out).count(), ONLY_BY_COMMAND.len());
    for experiment in EXPERIMENTS.iter().filter(|experiment| !is_left_out(experiment)) {
        let setting = (experiment.setting)(experiment.laws[0]);
        for claim in (experiment.claims)(&setting.theory()) {
            let outcome = check(&claim, first_runs(experiment));
            let text = match outcome {
                Ok(estimate) => format!("holds: {estimate}"),
                Err(refusal) => format!("REFUSED: {refusal}"),
            };
            let line = format!("{}; {}; expected {:.5}; {text}", experiment.name, claim.name, claim.expected);
            println!("{line}");
            if outcome.is_err() {
                refused.push(line);
            }
        }
    }
    assert!(refused.is_empty(), "\n{}", refused.join("\n"));
}

#[test]
fn exact_cases_hold_in_both_engines() {
    let mut refused = Vec::new();
    for case in exact_cases() {
        for claim in (case.claims)(&case.run(&[])) {
            println!("{}; {}; expected {}; {}", case.name, claim.name, claim.expected, claim.measured);
            if !claim.holds() {
                let how = claim.difference().unwrap_or_else(|| "it claims nothing".to_owned());
                refused.push(format!("{}; {}: {how}", case.name, claim.name));
            }
        }
        // what is claimed event by event holds for whole jobs, too
        run_in_both(&case.scenario(&[]));
    }
    assert!(refused.is_empty(), "\n{}", refused.join("\n"));
}

#[test]
fn sampled_cases_hold() {
    let mut refused = Vec::new();
    for case in sampled_cases() {
        for (claim, values) in (case.claims)().into_iter().zip(case.measure(&[])) {
            let outcome = judge(&claim, &values);
            let line = format!("{}; {}; expected {:.5}; {outcome:?}", case.name, claim.name, claim.expected);
            println!("{line}");
            refused.extend(outcome.is_err().then_some(line));
        }
    }
    assert!(refused.is_empty(), "\n{}", refused.join("\n"));
}

/// The formulas against numbers for anchor A that were calculated by hand and by an independent simulation.
#[test]
fn the_formulas_give_the_numbers_of_anchor_a() {
    let theory = (EXPERIMENTS[0].setting)(EXPERIMENTS[0].laws[0]).theory();
    let once = theory.origin_display(theory.remote_entry_once_s(1));
    for (name, value, expected, last_digit) in [
        ("true viewers", theory.true_viewers(), 75.0, 1e-9),
        ("last heartbeat, s", theory.last_heartbeat_s(), 297.507, 1e-3),
        ("life of an own entry, s", theory.own_entry_s(), 477.507, 1e-3),
        ("Views per session", theory.views_per_session(), 3.8583, 1e-4),
        ("v1 messages /s", theory.v1_messages_per_s(), 3.8583, 1e-4),
        ("display, each viewer once", once, 111.305, 1e-3),
        ("display / truth", once / theory.true_viewers(), 1.4841, 1e-4),
        ("display, peertube-6.0", theory.origin_display(theory.remote_entries_each_s(1)), 162.70, 1e-2),
        ("v2 display at followers", theory.v2_display(), 99.305, 1e-3),
        ("v2 messages /s", theory.v2_messages_per_s(), 0.8050, 1e-4),
        ("age of the total, s", theory.total_age_s(), 60.1, 1e-9),
    ] {
        assert!((value - expected).abs() <= 0.51 * last_digit, "{name}: {value}, not {expected}");
    }
    // sum_k P(Z > (ln(60 k / 80)) / 1.43), and sum_k exp(-(60 k / 150)^0.6), by another program
    let laws = ["lognormal watch times", "Weibull watch times"].map(|name| {
        let experiment = EXPERIMENTS.iter().find(|experiment| experiment.name == name).expect("it is there");
        (experiment.setting)(experiment.laws[0]).theory()
    });
    for (theory, heartbeats, views, mean_s) in
        [(&laws[0], 4.24857, 2.44763, 222.400), (&laws[1], 4.35334, 2.51347, 225.686)]
    {
        assert!(
            (theory.heartbeats_of_any_law() - heartbeats).abs() < 1e-4,
            "{}",
            theory.heartbeats_of_any_law()
        );
        assert!((theory.views_of_any_law() - views).abs() < 1e-4, "{}", theory.views_of_any_law());
        assert!((theory.watch_s - mean_s).abs() < 1e-3, "{}", theory.watch_s);
    }
    // row 9 with loss, for gaps of one, two and three periods of 90 s: 90 s, 165 s and the whole L + T/2
    let gaps_s = [90.0, 180.0, 270.0].map(|gap_s| theory.covered_s(gap_s));
    assert_eq!(gaps_s.map(|s| s.round() as u32), [90, 165, 180]);
}
