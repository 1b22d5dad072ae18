//! A scenario with its sweep: the scenario of each point.
//!
//! A point is the resolved scenario with some values set, read again as a whole, so that everything that holds for a file holds
//! for a point. Points are read when they are needed: a sweep of thousands takes the memory of one.

use crate::scenario::model::Scenario;
use crate::scenario::problem::Problem;
use crate::scenario::read::{Changes, Failure, Input, parse, read_data};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the paths of a sweep may not begin with: it belongs to all points together.
const OF_ALL_POINTS: [&str; 10] = [
    "name",
    "seed",
    "sweep",
    "replications",
    "first_replication",
    "precision",
    "pareto",
    "expect",
    "baseline",
    "limits",
];
/// More problems than this are not told.
const PROBLEMS_MAX: usize = 100;

/// A valid scenario, each of whose points is valid.
pub struct Study {
    /// The scenario as its file has it.
    pub scenario: Arc<Scenario>,
    folder: PathBuf,
    metrics: Vec<String>,
}

impl Study {
    /// The study of a scenario whose data files are in a folder. Its points are not looked at yet.
    pub fn new(scenario: Scenario, folder: &Path, metrics: &[&str]) -> Study {
        let metrics = metrics.iter().map(|&metric| metric.to_owned()).collect();
        Study { scenario: Arc::new(scenario), folder: folder.to_owned(), metrics }
    }

    /// Looks at every point; `each` is shown its scenario.
    ///
    /// # Errors
    /// What is wrong with any of them.
    pub fn check(&self, mut each: impl FnMut(&Scenario)) -> Result<(), Failure> {
        let mut problems: Vec<Problem> = Vec::new();
        let mut note = |problem: Problem| {
            if !problems.contains(&problem) && problems.len() < PROBLEMS_MAX {
                problems.push(problem);
            }
        };
        let sweep = &self.scenario.sweep;
        for path in &sweep.parameters {
            let first = path.split('.').next().unwrap_or_default();
            if OF_ALL_POINTS.contains(&first) {
                note(of_sweep(format!("`{path}` belongs to all points together and cannot be varied")));
            }
        }
        for point in 0..sweep.points.len() {
            match self.read(point) {
                Err(wrong) => wrong.into_iter().for_each(&mut note),
                Ok(read) if columns(&read) != columns(&self.scenario) => {
                    note(of_sweep(format!(
                        "{} has other columns than the file",
                        self.sets(point).join(", ")
                    )));
                }
                Ok(read) => each(&read),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure::Invalid(problems)) }
    }

    /// The scenario of a point.
    ///
    /// # Errors
    /// What is wrong with it.
    ///
    /// # Panics
    /// When there is no such point.
    pub fn point(&self, point: usize) -> Result<Arc<Scenario>, Failure> {
        self.read(point).map_err(Failure::Invalid)
    }

    fn read(&self, point: usize) -> Result<Arc<Scenario>, Vec<Problem>> {
        let sets = self.sets(point);
        if sets.is_empty() {
            return Ok(Arc::clone(&self.scenario));
        }
        let data = |name: &str| read_data(&self.folder, name);
        let bytes = self.scenario.resolved.as_bytes();
        // no folder of the user's is before this name, so that names of data files in messages are short
        let input = Input { file: "sweep", bytes, stem: None, data: &data };
        let metrics: Vec<&str> = self.metrics.iter().map(String::as_str).collect();
        // the other points are of no use to this one
        let text = sets.join(", ");
        let without_sweep = vec!["sweep={}".to_owned()];
        let changes = Changes { sets: without_sweep, point: sets, ..Changes::default() };
        parse(&input, &changes, &metrics).map(Arc::new).map_err(|problems| {
            let named = |problem: Problem| match problem.line {
                0 => problem,
                // a place in the resolved text, which the user does not see
                _ => Problem { file: format!("sweep, {text}"), line: 0, column: 0, ..problem },
            };
            problems.into_iter().map(named).collect()
        })
    }

    /// What a point sets, as in `--set`.
    fn sets(&self, point: usize) -> Vec<String> {
        let Scenario { sweep, .. } = &*self.scenario;
        let pairs = sweep.parameters.iter().zip(&sweep.points[point]).filter(|(_, value)| !value.is_empty());
        pairs.map(|(path, value)| format!("{path}={value}")).collect()
    }
}

fn columns(scenario: &Scenario) -> Vec<&str> {
    scenario.compare.iter().map(|column| &column.name[..]).collect()
}

fn of_sweep(message: String) -> Problem {
    Problem { file: "sweep".to_owned(), line: 0, column: 0, path: String::new(), message }
}
