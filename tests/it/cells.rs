//! Scenarios from text, and their cells in this process: what tests need that look at results and not at files.

use fedisim::runs::cell::{CellPlan, CellResult, Engine, plan, run_cell};
use fedisim::scenario::{Changes, Failure, Input, Scenario, parse};
use std::sync::atomic::AtomicBool;

/// A scenario with changes as of `--set`, or all that is wrong with it. There are no files beside it.
pub(crate) fn read(text: &str, set: &[&str]) -> Result<Scenario, String> {
    let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
    let input = Input { file: "here", bytes: text.as_bytes(), stem: None, data: &no_data };
    let changes = Changes { sets: set.iter().map(|set| (*set).to_owned()).collect(), ..Changes::default() };
    parse(&input, &changes, &[]).map_err(|problems| Failure::Invalid(problems).to_string())
}

/// The same of one that is right.
pub(crate) fn scenario(text: &str, set: &[&str]) -> Scenario {
    read(text, set).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The first cell by one engine.
pub(crate) fn run(scenario: &Scenario, engine: Engine) -> CellResult {
    run_planned(scenario, &plan(scenario)[0], engine)
}

/// The first cell, which both engines compute to the same.
pub(crate) fn run_in_both(scenario: &Scenario) -> CellResult {
    planned_in_both(scenario, &plan(scenario)[0])
}

/// All cells, each of which both engines compute to the same.
pub(crate) fn all_in_both(scenario: &Scenario) -> Vec<CellResult> {
    plan(scenario).iter().map(|planned| planned_in_both(scenario, planned)).collect()
}

fn run_planned(scenario: &Scenario, planned: &CellPlan, engine: Engine) -> CellResult {
    run_cell(scenario, planned, engine, &AtomicBool::new(false)).expect("it comes to its end")
}

fn planned_in_both(scenario: &Scenario, planned: &CellPlan) -> CellResult {
    let [plain, fast] =
        [Engine::Plain, Engine::Fast { helpers: 0 }].map(|engine| run_planned(scenario, planned, engine));
    assert_eq!(plain.observed, fast.observed, "{}: {}", scenario.resolved, plain.protocol);
    assert_eq!(plain.metrics, fast.metrics, "{}: {}", scenario.resolved, plain.protocol);
    plain
}

/// The value of a metric as its record has it.
pub(crate) fn value<'a>(result: &'a CellResult, name: &str) -> &'a str {
    let found = result.metrics.iter().find(|metric| metric.name == name);
    &found.unwrap_or_else(|| panic!("{name} has a value")).value
}

/// The same of a metric that is a count.
pub(crate) fn count(result: &CellResult, name: &str) -> u64 {
    value(result, name).parse().unwrap_or_else(|_| panic!("{name} is a count"))
}
