//! `fedisim validate-model`: the closed forms, and recordings if any are given, as a table.

use crate::cli::conform;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{print, print_line};
use crate::conform::Verdict;
use crate::theory::acceptance::{Estimate, Refusal, check, judge};
use crate::theory::experiments::EXPERIMENTS;
use crate::theory::{exact_cases, sampled_cases};
use clap::Args;
use std::path::PathBuf;

/// `fedisim validate-model`
#[derive(Args)]
pub(super) struct Arguments {
    /// Recordings of real instances, to be replayed as well
    #[arg(value_name = "TRACE.json")]
    traces: Vec<PathBuf>,
}

const HEAD: &str = "\
| closed form | setting | law | expected | measured | standard error | distance | verdict |
|---|---|---|---|---|---|---|---|";

/// The rows so far.
#[derive(Default)]
struct Table {
    held: u32,
    refused: u32,
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    print(HEAD);
    let mut table = Table::default();
    for experiment in EXPERIMENTS {
        for law in experiment.laws {
            let setting = (experiment.setting)(*law);
            let runs = experiment.run(&setting);
            for claim in (experiment.claims)(&setting.theory()) {
                let of = format!("{} | {} | {law}", claim.name, experiment.name);
                table.estimated(&of, claim.expected, check(&claim, &runs));
            }
        }
    }
    table.cases();
    let Table { held, refused } = table;
    print(&format!("\n{held} claims hold, {refused} are refused"));
    let mut exit = if refused > 0 { Exit::GateFailed } else { Exit::Good };
    let mut conforming = 0;
    for path in &arguments.traces {
        match conform::replay(path) {
            Ok(Verdict::Conforms { .. }) => conforming += 1,
            Ok(Verdict::Differs(difference)) => {
                print_line(&format!("{} differs: {difference}", path.display()));
                exit = Exit::GateFailed;
            }
            Err(worse) => exit = worse,
        }
    }
    if !arguments.traces.is_empty() {
        print(&format!("{conforming} of {} recordings conform", arguments.traces.len()));
    }
    Ok(exit)
}

impl Table {
    /// The cases of delivery.
    fn cases(&mut self) {
        for case in exact_cases() {
            for claim in (case.claims)(&case.run(&[])) {
                let verdict = match claim.difference() {
                    _ if claim.holds() => Ok(()),
                    Some(difference) => Err(format!("off: {difference}")),
                    None => Err("it claims nothing".to_owned()),
                };
                let of = format!("{} | {} | exact", claim.name, case.name);
                self.row(&of, &claim.expected.to_string(), &format!("{} | |", claim.measured), verdict);
            }
        }
        for case in sampled_cases() {
            for (claim, values) in (case.claims)().iter().zip(case.measure(&[])) {
                let of = format!("{} | {} | sampled", claim.name, case.name);
                self.estimated(&of, claim.expected, judge(claim, &values));
            }
        }
    }

    /// A row of a claim about a mean.
    fn estimated(&mut self, of: &str, expected: f64, outcome: Result<Estimate, Refusal>) {
        let (estimate, verdict) = match outcome {
            Ok(estimate) => (Some(estimate), Ok(())),
            Err(Refusal::Off(estimate)) => (Some(estimate), Err("off".to_owned())),
            Err(Refusal::TooNoisy(estimate)) => (Some(estimate), Err("too noisy to judge".to_owned())),
            Err(Refusal::TooFew(_)) => (None, Err("too few replications".to_owned())),
        };
        let measured = estimate.map_or_else(
            || "| |".to_owned(),
            |Estimate { mean, standard_error }| {
                let distance = (mean - expected) / standard_error;
                let distance = if distance.is_finite() { format!("{distance:+.1}") } else { String::new() };
                format!("{mean:.5} | {standard_error:.5} | {distance}")
            },
        );
        self.row(of, &format!("{expected:.5}"), &measured, verdict);
    }

    fn row(&mut self, of: &str, expected: &str, measured: &str, verdict: Result<(), String>) {
        *(if verdict.is_ok() { &mut self.held } else { &mut self.refused }) += 1;
        let verdict = verdict.map_or_else(|why| format!("REFUSED: {why}"), |()| "holds".to_owned());
        print(&format!("| {of} | {expected} | {measured} | {verdict} |"));
    }
}
