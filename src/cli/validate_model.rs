//! `fedisim validate-model`: the closed forms and, if there are any at hand, the recordings, as a table.

use crate::cli::conform;
use crate::cli::exit::Exit;
use crate::cli::output::{complain, print, print_line};
use crate::conform::Verdict;
use crate::theory::door::{Refusal, check};
use crate::theory::table::EXPERIMENTS;
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

pub(super) fn main(arguments: &Arguments) -> Exit {
    print(HEAD);
    let (mut held, mut refused) = (0, 0);
    for experiment in EXPERIMENTS {
        for law in experiment.laws {
            let setting = (experiment.setting)(*law);
            let runs = experiment.run(&setting);
            for claim in (experiment.claims)(&setting.theory()) {
                let outcome = check(&claim, &runs);
                *(if outcome.is_ok() { &mut held } else { &mut refused }) += 1;
                let (estimate, verdict) = match outcome {
                    Ok(estimate) => (Some(estimate), "holds"),
                    Err(Refusal::Off(estimate)) => (Some(estimate), "REFUSED: off"),
                    Err(Refusal::TooNoisy(estimate)) => (Some(estimate), "REFUSED: too noisy to judge"),
                    Err(Refusal::TooFew(_)) => (None, "REFUSED: too few replications"),
                };
                let measured = estimate.map_or_else(
                    || "| | |".to_owned(),
                    |estimate| {
                        let distance = (estimate.mean - claim.expected) / estimate.standard_error;
                        let distance =
                            if distance.is_finite() { format!("{distance:+.1}") } else { String::new() };
                        format!("{:.5} | {:.5} | {distance}", estimate.mean, estimate.standard_error)
                    },
                );
                print(&format!(
                    "| {} | {} | {law} | {:.5} | {measured} | {verdict} |",
                    claim.name, experiment.name, claim.expected
                ));
            }
        }
    }
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
            Err((problem, worse)) => {
                complain(&problem);
                exit = worse;
            }
        }
    }
    if !arguments.traces.is_empty() {
        print(&format!("{conforming} of {} recordings conform", arguments.traces.len()));
    }
    exit
}
