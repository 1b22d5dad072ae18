//! `fedisim parity`: the same workload in the simulation and over real HTTP, compared.

use crate::cli::exit::{Exit, Outcome};
use crate::cli::live::{Failed, LiveArguments, disturbed, finish_capture, print_counts};
use crate::cli::output::{complain, print, print_line};
use crate::cli::run::stop_on_signal;
use crate::cli::scenario_arguments::ScenarioArguments;
use crate::foundation::units::Span;
use crate::live::run::Batch;
use crate::live::{SetupError, check};
use crate::parity::{Comparison, NearDecisions, fix_ends, in_model_time, near_decisions, run_both};
use crate::runs::RunError;
use crate::runs::cell::plan;
use crate::scenario::Scenario;
use clap::Args;
use std::sync::atomic::Ordering;

/// The largest number of differences that are printed of a column.
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

pub(super) fn main(arguments: &Arguments) -> Outcome {
    parity(arguments).map_err(|failed| failed.report())
}

fn parity(arguments: &Arguments) -> Result<Exit, Failed> {
    let scenario = scenario(arguments)?;
    if !scenario.peers.is_empty() {
        let problem = "peers: servers of others have no simulation to compare with: take them out, as with --set peers=[]";
        return Err(SetupError::Scenario(problem.to_owned()).into());
    }
    check(&scenario)?;
    let stop = stop_on_signal();
    let plans: Vec<_> = plan(&scenario).into_iter().take(scenario.compare.len()).collect();
    let options = arguments.live.options(&scenario)?;
    let mut batch = Batch::new(&scenario, &plans, &options)?;
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
        print_near(&scenario, &near);
        return Ok(Exit::BadInput);
    }
    if arguments.dry_run {
        return Ok(print("no decision is nearer than the margin"));
    }
    let pairs =
        run_both(&scenario, &plans, batch, margin, &stop).map_err(|error| Failed::Io(error.to_string()))?;
    finish_capture(&options)?;
    if stop.load(Ordering::Relaxed) {
        return Err(RunError::Interrupted { finished_cells: 0, cells: plans.len() }.into());
    }
    let (mut equal, mut could_run) = (0, true);
    for (pair, plan) in pairs.iter().zip(&plans) {
        let column = &scenario.compare[plan.variant].name;
        let pair = match pair {
            Ok(pair) => pair,
            Err(error) => {
                complain(&format!("{column}: {error}"));
                could_run = false;
                continue;
            }
        };
        print_counts(&complain_all, column, &pair.counts);
        let own_failed: u64 = pair.counts.values().filter(|case| case.is_own).map(|case| case.count).sum();
        if own_failed > 0 {
            complain(&disturbed(column, own_failed));
            could_run = false;
        }
        if let Some(comparison) = &pair.comparison {
            equal += usize::from(comparison.differences.is_empty());
            print_result(column, comparison, arguments.margin);
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

/// The scenario with the changes of its key `parity`.
fn scenario(arguments: &Arguments) -> Result<Scenario, Exit> {
    let unchanged = arguments.scenario.read()?;
    if unchanged.parity.is_empty() {
        return Ok(unchanged);
    }
    let paths: Vec<&str> = unchanged.parity.iter().filter_map(|set| Some(set.split_once('=')?.0)).collect();
    complain(&format!("{}: with its own {}, as its `parity` says", unchanged.name, paths.join(", ")));
    // the command line overrides the file
    arguments.scenario.with(&unchanged.parity).read()
}

fn print_near(scenario: &Scenario, near: &[NearDecisions]) {
    for (column, NearDecisions { first, count }) in scenario.compare.iter().zip(near) {
        first.iter().for_each(|near| complain(&format!("{}: {near}", column.name)));
        if *count > first.len() as u64 {
            complain(&format!("{}: and {} more", column.name, count - first.len() as u64));
        }
    }
    let count: u64 = near.iter().map(|decisions| decisions.count).sum();
    complain(&format!(
        "{count} decisions are nearer than the margin, so real servers may take them otherwise:"
    ));
    complain(&NearDecisions::REMEDY);
}

fn print_result(column: &str, comparison: &Comparison, margin_ms: u32) {
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
