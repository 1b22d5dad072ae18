//! From the bytes of a file to a valid scenario: parsed, changed, checked, built; every problem at once.

use crate::files;
use crate::foundation::text::one_line;
use crate::scenario::model::Scenario;
use crate::scenario::problem::{self, Place, Problem, Problems};
use crate::scenario::{build, check, choose, data, format, set, tree};
use std::fmt;
use std::io::{self, Read};
use std::path::Path;

/// The name of the resolved scenario in a folder of results: the one file whose stem need not be its `name`.
pub const RESOLVED_FILE: &str = "scenario.resolved.yaml";

/// Why there is no scenario.
#[derive(Debug)]
pub enum Failure {
    /// The file cannot be read; the program could not run.
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        error: io::Error,
    },
    /// It can be read and is wrong: every problem, in the order of the file; never empty.
    Invalid(Vec<Problem>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unreadable { file, error } => write!(f, "{}: cannot be read: {error}", one_line(file)),
            Failure::Invalid(problems) => {
                let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for Failure {}

/// A scenario's text and what belongs to it.
pub struct Input<'a> {
    /// The file's name for messages.
    pub file: &'a str,
    /// What the file holds.
    pub bytes: &'a [u8],
    /// What `name` must be, if it must be something.
    pub stem: Option<&'a str>,
    /// Reads a data file (`edges`, `trace`) by its path relative to the scenario.
    pub data: &'a dyn Fn(&str) -> io::Result<Vec<u8>>,
}

/// What is different from the file this time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// `path=value` each, made in order.
    pub sets: Vec<String>,
    /// The values of a point of a sweep, `path=value` each: nothing that they name may be missing in the file.
    pub point: Vec<String>,
    /// The columns of the comparison in place of the file's, unless empty.
    pub protocols: Vec<String>,
}

/// Reads the scenario file at `path` and changes it. `metrics` are the names that `expect` may use.
///
/// # Errors
/// `Unreadable` if the file cannot be read, else `Invalid` with every problem.
pub fn read(path: &Path, changes: &Changes, metrics: &[&str]) -> Result<Scenario, Failure> {
    read_with_data(path, path.parent().unwrap_or(Path::new("")), changes, metrics)
}

/// The same with its data files from another folder.
///
/// # Errors
/// `Unreadable` if the file cannot be read, else `Invalid` with every problem.
pub fn read_with_data(
    path: &Path,
    folder: &Path,
    changes: &Changes,
    metrics: &[&str],
) -> Result<Scenario, Failure> {
    let file = path.display().to_string();
    let bytes = match read_beginning(path, tree::BYTES_MAX as u64 + 1) {
        Ok(bytes) => bytes,
        Err(error) => return Err(Failure::Unreadable { file, error }),
    };
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let resolved = path.file_name().is_some_and(|name| name == RESOLVED_FILE);
    let data = |name: &str| read_data(folder, name);
    let stem = stem.as_deref().filter(|_| !resolved);
    parse(&Input { file: &file, bytes: &bytes, stem, data: &data }, changes, metrics)
        .map_err(Failure::Invalid)
}

/// Reads a scenario that is in memory.
///
/// # Errors
/// Every problem; never none.
pub fn parse(input: &Input<'_>, changes: &Changes, metrics: &[&str]) -> Result<Scenario, Vec<Problem>> {
    let mut problems = Problems::new(input.file);
    match scenario(input, changes, metrics, &mut problems) {
        Some(scenario) if problems.is_empty() => Ok(Scenario { warnings: problems.warnings(), ..scenario }),
        _ => {
            assert!(!problems.is_empty(), "a scenario without a problem is a scenario");
            Err(problems.into_list())
        }
    }
}

fn scenario(
    input: &Input<'_>,
    changes: &Changes,
    metrics: &[&str],
    problems: &mut Problems,
) -> Option<Scenario> {
    let mut root = match tree::parse(input.bytes, 0) {
        Ok(root) => root,
        Err(unreadable) => {
            problems.add(unreadable.place, "", unreadable.message);
            return None;
        }
    };
    let format = format::scenario();
    for argument in &changes.sets {
        let source = problems.source(format!("--set {}", problem::shortened(argument)));
        if let Err(message) = set::apply(&mut root, &format, argument, true, source) {
            problems.add(Place { source, line: 0, column: 0 }, "", message);
        }
    }
    for argument in &changes.point {
        let source = problems.source(format!("sweep, {}", problem::shortened(argument)));
        if let Err(message) = set::apply(&mut root, &format, argument, false, source) {
            problems.add(Place { source, line: 0, column: 0 }, "", message);
        }
    }
    if !changes.protocols.is_empty() {
        let source = problems.source("--protocol".to_owned());
        choose::columns(&mut root, &changes.protocols, Place { source, line: 0, column: 0 });
    }
    let mut file = check::check(&format, &root, "", problems);
    if let (Some(stem), Some(name)) = (input.stem, file.get("name"))
        && name.as_text() != Some(stem)
    {
        let stem = problem::shown(stem);
        problems
            .at(name.spot(), format!("is not the file's name without its ending, {stem}; make them equal"));
    }
    choose::baseline(&mut file);
    choose::counts(&mut file);
    let folder = input.file.rfind('/').map_or("", |at| &input.file[..=at]);
    let files = data::Files::load(&mut file, folder, input.data, problems);
    let scenario = build::build(&file, &files, metrics, problems)?;
    if let Err(unreadable) = tree::parse(scenario.resolved.as_bytes(), 0) {
        let message = format!("with its defaults the scenario {}", unreadable.message);
        problems.add(Place { source: 0, line: 1, column: 1 }, "", message);
    }
    Some(scenario)
}

/// The first bytes of a regular file: what is too long is a mistake of the user's, and told as such.
fn read_beginning(path: &Path, bytes: u64) -> io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    files::open(path, u64::MAX)?.take(bytes).read_to_end(&mut beginning)?;
    Ok(beginning)
}

/// Reads a data file of a scenario that lies in `folder` or below: no link leads out of it.
///
/// # Errors
/// If it lies elsewhere, or cannot be read.
pub fn read_data(folder: &Path, name: &str) -> io::Result<Vec<u8>> {
    files::read(&files::below(folder, name)?, data::DATA_BYTES_MAX)
}
