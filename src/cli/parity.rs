//! `fedisim parity`: the same workload in the simulation and over real HTTP, and whether both do the same.

use crate::cli::exit::Exit;
use crate::cli::live::{Failed, LiveArguments, disturbed, finish_capture, tell_counts};
use crate::cli::output::{complain, print, print_line};
use crate::cli::run::stop_on_signal;
use crate::cli::scenario_arguments::ScenarioArguments;
use crate::foundation::units::Span;
use crate::live::run::Batch;
use crate::live::{Unfit, check};
use crate::parity::{Comparison, Decisions, fix_ends, in_model_time, near_decisions, run_both};
use crate::runs::RunError;
use crate::runs::cell::plan;
use crate::scenario::Scenario;
use clap::Args;
use std::sync::atomic::Ordering;

/// More differences of a column than this are not printed.
const DIFFERENCES_MAX: usize = 20;

/// `fedisim parity`
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    #[command(flatten)]
    live: LiveArguments,
    /// How late real servers may be, in ms of real time: decisions that lie nearer are refused, and displayed counts may
    /// change so much earlier or later
    #[arg(long, value_name = "MS", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    margin: u32,
    /// Only find the decisions that are near, and run nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    parity(arguments).unwrap_or_else(|failed| failed.told())
}

fn parity(arguments: &Arguments) -> Result<Exit, Failed> {
    let scenario = match scenario(arguments) {
        Ok(scenario) => scenario,
        Err(exit) => return Ok(exit),
    };
    if !scenario.peers.is_empty() {
        let problem = "peers: servers of others have no simulation to compare with: take them out, as with --set peers=[]";
        return Err(Unfit::Scenario(problem.to_owned()).into());
    }
    check(&scenario)?;
    let stop = stop_on_signal();
    let plans: Vec<_> = plan(&scenario).into_iter().take(scenario.compare.len()).collect();
    let how = arguments.live.how(&scenario)?;
    let mut batch = Batch::new(&scenario, &plans, &how)?;
    fix_ends(&mut batch);
    let real = Span::from_ms(u64::from(arguments.margin));
    let margin = in_model_time(real, batch.scale);
    complain(&format!(
        "{}: {batch}; a margin of {real} is {:.0} ms of model time",
        scenario.name,
        margin.secs_f64() * 1e3
    ));
    let near = near_decisions(&batch, margin, &stop);
    if near.iter().any(|decisions| decisions.count > 0) {
        tell_near(&scenario, &near);
        return Ok(Exit::BadInput);
    }
    if arguments.dry_run {
        return Ok(print("no decision is nearer than the margin"));
    }
    let pairs =
        run_both(&scenario, &plans, batch, margin, &stop).map_err(|error| Failed::Io(error.to_string()))?;
    finish_capture(&how)?;
    if stop.load(Ordering::Relaxed) {
        return Err(RunError::Interrupted { finished_cells: 0, cells: plans.len() }.into());
    }
    let (mut equal, mut could_run) = (0, true);
    for (pair, plan) in pairs.iter().zip(&plans) {
        let column = &scenario.compare[plan.variant].name;
        let pair = match pair {
            Ok(pair) => pair,
            Err(died) => {
                complain(&format!("{column}: {died}"));
                could_run = false;
                continue;
            }
        };
        tell_counts(&complain_all, column, &pair.counts);
        let own_failed: u64 = pair.counts.values().filter(|how| how.is_own).map(|how| how.count).sum();
        if own_failed > 0 {
            complain(&disturbed(column, own_failed));
            could_run = false;
        }
        if let Some(comparison) = &pair.comparison {
            equal += usize::from(comparison.differences.is_empty());
            tell(column, comparison, arguments.margin);
        }
    }
    let exit = print(&format!("{equal} passed, {} failed", plans.len() - equal));
    Ok(match (could_run, equal == plans.len()) {
        (false, _) => Exit::CouldNotRun,
        (true, true) => exit,
        (true, false) => Exit::GateFailed,
    })
}

fn complain_all(text: &str) {
    complain(&text);
}

/// The scenario as its `parity` takes it.
fn scenario(arguments: &Arguments) -> Result<Scenario, Exit> {
    let as_it_is = arguments.scenario.read()?;
    if as_it_is.parity.is_empty() {
        return Ok(as_it_is);
    }
    let paths: Vec<&str> = as_it_is.parity.iter().filter_map(|set| Some(set.split_once('=')?.0)).collect();
    complain(&format!("{}: with its own {}, as its `parity` says", as_it_is.name, paths.join(", ")));
    // what the command line sets holds over what the file sets
    let set = [&as_it_is.parity[..], &arguments.scenario.set].concat();
    ScenarioArguments { set, ..arguments.scenario.clone() }.read()
}

fn tell_near(scenario: &Scenario, near: &[Decisions]) {
    for (column, Decisions { first, count }) in scenario.compare.iter().zip(near) {
        first.iter().for_each(|near| complain(&format!("{}: {near}", column.name)));
        if *count > first.len() as u64 {
            complain(&format!("{}: and {} more", column.name, count - first.len() as u64));
        }
    }
    let count: u64 = near.iter().map(|decisions| decisions.count).sum();
    complain(&format!(
        "{count} decisions are nearer than the margin, so real servers may take them otherwise:"
    ));
    complain(&Decisions::REMEDY);
}

fn tell(column: &str, comparison: &Comparison, margin_ms: u32) {
    let Comparison { differences, messages, bytes, samples, samples_near_edge, furthest } = comparison;
    for difference in differences.iter().take(DIFFERENCES_MAX) {
        print_line(&format!("FAIL {column}: {difference}"));
    }
    if differences.len() > DIFFERENCES_MAX {
        print(&format!("FAIL {column}: and {} differences more", differences.len() - DIFFERENCES_MAX));
    }
    let far = furthest.as_ref().map_or_else(String::new, |(ms, message)| {
        format!("; the one furthest off by {ms:.1} ms of real time: {message}")
    });
    let word = if differences.is_empty() { "ok  " } else { "FAIL" };
    print(&format!(
        "{word} {column}: {messages} messages, {bytes} bytes, {samples} displayed counts ({samples_near_edge} near a change){far}"
    ));
    if !differences.is_empty() && furthest.as_ref().is_some_and(|(ms, _)| *ms > f64::from(margin_ms)) {
        print("     this machine was later than the margin: a smaller --time-scale gives it more time");
    }
}
