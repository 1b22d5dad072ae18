//! The runs of a search: each is a scenario with candidates as columns, in a folder of its own.

use super::candidates::{Candidate, Candidates, is_name_of_candidate};
use super::judge::{Observed, Values};
use super::race::blocks;
use super::steps::{Search, Winner};
use crate::intervals::Table;
use crate::metrics::definitions::names;
use crate::runs::RunError;
use crate::runs::estimate::Estimate;
use crate::runs::folder::FolderError;
use crate::runs::reading::{Edits, ReadError, Records};
use crate::runs::records::{RECORD_FILES, SUMMARY};
use crate::runs::spec::EngineChoice;
use crate::runs::summary::SummarySource;
use crate::scenario::{self, Changes, Failure, PROTOCOLS_MAX, Problem, Scenario, SearchSpace, Study};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// So many candidates run in one folder; the scenario's own protocols have the rest of what it may define.
const PER_FOLDER: usize = 32;

/// The folder of the scenarios of the front, and how a folder of a class in it is called.
const FRONT: &str = "front";
const CLASS: &str = "error-at-most-";

/// Why a search did not come to its end.
#[derive(Debug)]
pub enum SearchError {
    /// A scenario cannot be read with the candidates as its columns.
    Scenario(Failure),
    /// Something about the space and its scenarios together: the user's mistake.
    Space(String),
    /// A run did not come to its end.
    Run(RunError),
    /// Its records cannot be read.
    Read(ReadError),
}

/// One run: some candidates in one scenario, one block of replications.
pub struct Round {
    /// What is run.
    pub study: Study,
    /// What it is expected to take.
    pub estimate: Estimate,
    /// Where it is kept.
    pub folder: PathBuf,
    /// The scenario's name in the search.
    pub scenario: String,
    /// Its replications, counted over all blocks.
    pub replications: Range<u32>,
}

/// Makes the runs of a search and reads what they came to.
pub struct Rounds<'a> {
    space: &'a SearchSpace,
    /// Where the file of the space is.
    folder: &'a Path,
    /// Where runs are kept.
    out: PathBuf,
    /// The names of the folders of the runs so far.
    made: BTreeSet<String>,
    /// What the baseline came to, by scenario, in the order of replications: the cost and the metrics of the bounds.
    baseline: BTreeMap<usize, Vec<(f64, Vec<f64>)>>,
}

impl<'a> Rounds<'a> {
    /// Of a space whose file is in a folder, into `out`.
    pub fn new(space: &'a SearchSpace, folder: &'a Path, out: &Path) -> Rounds<'a> {
        Rounds { space, folder, out: out.join("rounds"), made: BTreeSet::new(), baseline: BTreeMap::new() }
    }

    /// Adds a block of replications of a scenario to the values of some candidates; `execute` makes the runs.
    ///
    /// # Errors
    /// If a scenario cannot be read, or `execute` or the reading of what it made fails.
    pub fn add(
        &mut self,
        values: &mut Values,
        (scenario, block): (usize, usize),
        candidates: &Candidates,
        numbers: &[usize],
        execute: &mut dyn FnMut(&Round) -> Result<(), SearchError>,
    ) -> Result<(), SearchError> {
        for numbers in numbers.chunks(PER_FOLDER) {
            let round = self.round(scenario, block, candidates, numbers)?;
            execute(&round)?;
            let mut records = Records::open(&round.folder, Edits::Refused).map_err(SearchError::Read)?;
            let table = records.summary(SummarySource::Run).map_err(SearchError::Read)?;
            keep_summary(&round.folder)?;
            for &number in numbers {
                let name = &candidates.all[number].name;
                let raw = self.raw(&table, scenario, name, round.replications.clone())?;
                if number == 0 {
                    self.baseline
                        .entry(scenario)
                        .or_default()
                        .extend(raw.iter().map(|(cost, _, bounds)| (*cost, bounds.clone())));
                }
                let first = round.replications.start as usize;
                let observed = raw.into_iter().enumerate();
                let observed = observed.map(|(at, raw)| self.observed(scenario, first + at, raw));
                let observed = observed.collect::<Result<Vec<_>, _>>()?;
                values.add(number, scenario, observed);
            }
        }
        Ok(())
    }

    fn round(
        &mut self,
        scenario: usize,
        block: usize,
        candidates: &Candidates,
        numbers: &[usize],
    ) -> Result<Round, SearchError> {
        let replications = blocks(self.space)[block].clone();
        let racing: Vec<&Candidate> = numbers.iter().map(|number| &candidates.all[*number]).collect();
        let study = self.study(scenario, &racing, replications.clone())?;
        let name = self.space.scenarios[scenario].name.clone();
        let estimate = self.estimate(&study, &name)?;
        let folder = format!("{:03}-{name}", self.made.len() + 1);
        let path = self.out.join(&folder);
        self.made.insert(folder);
        Ok(Round { study, estimate, folder: path, scenario: name, replications })
    }

    /// That candidates can run in a scenario: it says itself neither how often it is run nor what a candidate is called.
    ///
    /// # Errors
    /// What is in the way.
    pub fn check(&self, scenario: usize) -> Result<(), SearchError> {
        let of = &self.space.scenarios[scenario];
        let wrong = |why: &str| Err(SearchError::Space(format!("{}: {why}", of.name)));
        let read = self.read(scenario, of.sets.clone(), vec![self.space.baseline.clone()])?;
        if read.precision.is_some() {
            return wrong(
                "its `precision` says how often it is run, as does the search; take it out of a copy of the scenario",
            );
        }
        let own = &read.own_protocols;
        if let Some(taken) = own.iter().find(|own| is_name_of_candidate(own)) {
            return wrong(&format!(
                "its protocol `{taken}` is called as a candidate is; give it another name"
            ));
        }
        let room = PROTOCOLS_MAX - PER_FOLDER;
        if own.len() > room {
            return wrong(&format!(
                "it defines {} protocols, of which a search has room for {room}",
                own.len()
            ));
        }
        Ok(())
    }

    /// What a run is expected to take.
    ///
    /// # Errors
    /// If that is too much.
    pub fn estimate(&self, study: &Study, name: &str) -> Result<Estimate, SearchError> {
        let estimate = Estimate::of_study(study, EngineChoice::Fast).map_err(SearchError::Scenario)?;
        let check = estimate.check(&study.scenario.limits);
        check.map_err(|why| SearchError::Space(format!("{name}: {why}")))?;
        Ok(estimate)
    }

    /// Scenarios in which the winner of each class runs beside the protocols of ours, with their paths: one per scenario of the
    /// space. What they come to is what the search came to.
    ///
    /// # Errors
    /// If a scenario cannot be read any more.
    pub fn front(&self, found: &Search) -> Result<Vec<(PathBuf, Vec<u8>)>, SearchError> {
        let of_ours = found.candidates.all.iter().filter(|candidate| candidate.is_ours);
        let of_ours: Vec<&Candidate> = of_ours.collect();
        let mut files = Vec::new();
        for Winner { error, candidate, .. } in &found.winners {
            let Some(candidate) = candidate.map(|number| &found.candidates.all[number]) else { continue };
            let others = of_ours.iter().copied().filter(|other| other.name != candidate.name);
            let columns: Vec<&Candidate> = others.chain([candidate]).collect();
            for (number, scenario) in self.space.scenarios.iter().enumerate() {
                let study = self.study(number, &columns, 0..self.space.replications)?;
                let folder = Path::new(FRONT).join(format!("{CLASS}{error}")).join(&scenario.name);
                let file = folder.join(format!("{}.yaml", study.scenario.name));
                files.push((file, study.scenario.resolved.clone().into_bytes()));
            }
        }
        Ok(files)
    }

    /// Removes what another search left in the folder: scenarios of a front, and runs that this search has not.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn remove_others(&self, out: &Path) -> Result<(), SearchError> {
        remove_folders(&out.join(FRONT), |name| name.starts_with(CLASS))?;
        let is_run =
            |name: &str| name.split_once('-').is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        remove_folders(&self.out, |name| is_run(name) && !self.made.contains(name))
    }

    /// A scenario of the space with candidates as its columns.
    ///
    /// # Errors
    /// If it cannot be read so.
    pub fn study(
        &self,
        scenario: usize,
        candidates: &[&Candidate],
        replications: Range<u32>,
    ) -> Result<Study, SearchError> {
        let define = |candidate: &&Candidate| {
            let point = candidate.point.as_ref().filter(|_| !candidate.is_ours)?;
            Some(format!("protocols.{}={}", candidate.name, self.space.definition(point)))
        };
        let of = &self.space.scenarios[scenario];
        let mut sets = of.sets.clone();
        sets.extend(candidates.iter().filter_map(define));
        sets.extend(["expect=[]".to_owned(), "sweep={}".to_owned()]);
        sets.push(format!("seed={}", self.space.seed));
        sets.push(format!("replications={}", replications.len()));
        sets.push(format!("first_replication={}", replications.start));
        let protocols = candidates.iter().map(|candidate| candidate.name.clone()).collect();
        let read = self.read(scenario, sets, protocols)?;
        let path = self.folder.join(&of.file);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Study::new(read, &folder, &names()))
    }

    fn read(
        &self,
        scenario: usize,
        sets: Vec<String>,
        protocols: Vec<String>,
    ) -> Result<Scenario, SearchError> {
        let file = &self.space.scenarios[scenario].file;
        let changes = Changes { sets, protocols, ..Changes::default() };
        scenario::read(&self.folder.join(file), &changes, &names())
            .map_err(|failure| of_scenario(failure, file))
    }

    /// Cost, error and the metrics of the bounds of a column, by replication.
    fn raw(
        &self,
        table: &Table,
        scenario: usize,
        column: &str,
        replications: Range<u32>,
    ) -> Result<Vec<(f64, f64, Vec<f64>)>, SearchError> {
        let name = &self.space.scenarios[scenario].name;
        let of = |metric: &str| {
            let values = table.values(0, column, metric);
            let value = |replication: u32| {
                values.and_then(|values| values.get(&replication)).copied().ok_or_else(|| {
                    SearchError::Space(format!(
                        "{name}: {column} has no {metric} in replication {}; choose another metric or scenario",
                        replication + 1
                    ))
                })
            };
            replications.clone().map(value).collect::<Result<Vec<f64>, _>>()
        };
        let error = of(&self.space.error)?;
        let costs = self.space.cost.iter().map(|(metric, weight)| Ok((of(metric)?, *weight)));
        let costs = costs.collect::<Result<Vec<_>, _>>()?;
        let bounds = self.space.bounds.iter().map(|bound| of(&bound.metric));
        let bounds = bounds.collect::<Result<Vec<_>, _>>()?;
        let at = |replication: usize| {
            let cost = costs.iter().map(|(values, weight)| values[replication] * weight).sum();
            (cost, error[replication].abs(), bounds.iter().map(|values| values[replication]).collect())
        };
        Ok((0..error.len()).map(at).collect())
    }

    /// What a replication came to, as far as it is relative beside that of the baseline.
    fn observed(
        &self,
        scenario: usize,
        replication: usize,
        (cost, error, bounds): (f64, f64, Vec<f64>),
    ) -> Result<Observed, SearchError> {
        let baseline = &self.baseline[&scenario][replication];
        if baseline.0 <= 0.0 {
            let name = &self.space.scenarios[scenario].name;
            let of = &self.space.baseline;
            return Err(SearchError::Space(format!(
                "{name}: {of} costs nothing there, so nothing can be compared with it; choose another baseline, cost or scenario"
            )));
        }
        let relative = |(number, value): (usize, f64)| match self.space.bounds[number].is_relative {
            false => value,
            true => times(value, baseline.1[number]),
        };
        let bounds = bounds.into_iter().enumerate().map(relative).collect();
        Ok(Observed { cost: cost / baseline.0, error, bounds })
    }
}

/// How many times the baseline's value a value is: of two zeros, once.
fn times(value: f64, baseline: f64) -> f64 {
    if value.abs() <= 0.0 && baseline.abs() <= 0.0 { 1.0 } else { value / baseline }
}

/// Names the scenario where a problem names only what the space sets in it.
fn of_scenario(failure: Failure, file: &str) -> SearchError {
    let named = |problem: Problem| match problem.line {
        0 => Problem { file: format!("{file}, {}", problem.file), ..problem },
        _ => problem,
    };
    SearchError::Scenario(match failure {
        Failure::Invalid(problems) => Failure::Invalid(problems.into_iter().map(named).collect()),
        unreadable @ Failure::Unreadable { .. } => unreadable,
    })
}

/// Removes all records of a run but its metrics: those of hundreds of candidates would fill a disk.
fn keep_summary(folder: &Path) -> Result<(), SearchError> {
    for file in RECORD_FILES.iter().filter(|file| file.name != SUMMARY) {
        let path = folder.join(file.name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(SearchError::Run(FolderError::io("remove", &path)(error).into()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes the folders in a folder that are called so.
fn remove_folders(folder: &Path, is_called_so: impl Fn(&str) -> bool) -> Result<(), SearchError> {
    let failed = |error| SearchError::Run(FolderError::io("remove folders in", folder)(error).into());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        if is_folder && entry.file_name().to_str().is_some_and(&is_called_so) {
            fs::remove_dir_all(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}
