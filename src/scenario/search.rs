//! Search spaces: files of the user's that say where the cheapest protocol is sought, and among what.
//!
//! They are read as scenarios are: a tree, checked against a format, built; every problem at once.

use crate::domain::protocol::Rules;
use crate::files;
use crate::scenario::emit::flow;
use crate::scenario::problem::{Problem, Problems, shown};
use crate::scenario::read::Failure;
use crate::scenario::space::SearchSpace;
use crate::scenario::{build, check, format, tree};
use std::path::Path;

/// Reads the search space at `path`. `metrics` are the names that it may use.
///
/// # Errors
/// `Unreadable` if the file cannot be read, else `Invalid` with every problem.
pub fn read_search(path: &Path, metrics: &[&str]) -> Result<SearchSpace, Failure> {
    let file = path.display().to_string();
    let bytes = files::read(path, tree::BYTES_MAX as u64)
        .map_err(|error| Failure::Unreadable { file: file.clone(), error })?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    parse_search(&file, &bytes, stem.as_deref(), metrics).map_err(Failure::Invalid)
}

/// Reads a search space that is in memory, whose name must be `stem`, if there is one.
///
/// # Errors
/// Every problem; never none.
pub fn parse_search(
    file: &str,
    bytes: &[u8],
    stem: Option<&str>,
    metrics: &[&str],
) -> Result<SearchSpace, Vec<Problem>> {
    let mut problems = Problems::new(file);
    match space(bytes, stem, metrics, &mut problems) {
        Some(space) if problems.is_empty() => Ok(space),
        _ => {
            assert!(!problems.is_empty(), "a space without a problem is a space");
            Err(problems.into_list())
        }
    }
}

fn space(bytes: &[u8], stem: Option<&str>, metrics: &[&str], problems: &mut Problems) -> Option<SearchSpace> {
    let root = match tree::parse(bytes, 0) {
        Ok(root) => root,
        Err(unreadable) => {
            problems.add(unreadable.place, "", unreadable.message);
            return None;
        }
    };
    let file = check::check(&format::search(), &root, "", problems);
    if let (Some(stem), Some(name)) = (stem, file.get("name"))
        && name.as_text() != Some(stem)
    {
        let stem = shown(stem);
        problems
            .at(name.spot(), format!("is not the file's name without its ending, {stem}; make them equal"));
    }
    build::search::build(&file, metrics, problems)
}

impl SearchSpace {
    /// How many combinations of choices there are.
    pub fn points(&self) -> u64 {
        self.choices.iter().map(|(_, values)| values.len() as u64).product()
    }

    /// The choices of a combination by its number: for each rule, which of its values; the last rule varies fastest.
    pub fn point(&self, number: u64) -> Vec<usize> {
        let mut rest = number;
        let mut point: Vec<usize> = Vec::new();
        for (_, values) in self.choices.iter().rev() {
            let count = values.len() as u64;
            point.push(usize::try_from(rest % count).expect("below a length"));
            rest /= count;
        }
        point.reverse();
        point
    }

    /// The rules of a combination, each choice by its number or, where there is none, as in the base; or why they contradict
    /// each other.
    ///
    /// # Errors
    /// The reason.
    pub fn rules(&self, point: &[Option<usize>]) -> Result<Rules, &'static str> {
        let chosen = self.choices.iter().zip(point);
        let chosen: Vec<_> =
            chosen.filter_map(|((key, values), at)| Some((&key[..], &values[(*at)?]))).collect();
        build::search::rules(&self.base, &chosen)
    }

    /// The combination that is nearest to a protocol of ours: of each rule the value that changes nothing there, or else the base's.
    ///
    /// # Panics
    /// When there is no such protocol.
    pub fn nearest(&self, name: &str) -> Vec<Option<usize>> {
        let preset = Rules::preset(name).expect("it is a protocol of ours");
        let of_rule = |(key, values): &(String, Vec<_>)| {
            values.iter().position(|value| build::search::rules(name, &[(key, value)]) == Ok(preset))
        };
        self.choices.iter().map(of_rule).collect()
    }

    /// A combination as it is written below `protocols` in a scenario.
    pub fn definition(&self, point: &[Option<usize>]) -> String {
        let chosen = self.choices.iter().zip(point);
        let entry = |((key, values), at): (&(String, Vec<_>), &Option<usize>)| {
            Some(format!(", {key}: {}", flow(&values[(*at)?])))
        };
        let entries: String = chosen.filter_map(entry).collect();
        format!("{{base: {}{entries}}}", self.base)
    }

    /// How many rules and parameters are chosen.
    pub fn rules_chosen(&self) -> usize {
        self.choices.len()
    }

    /// The name of one of them.
    pub fn rule(&self, rule: usize) -> &str {
        &self.choices[rule].0
    }

    /// What a combination has of a rule, as it is written; or that it has what the base has.
    pub fn value(&self, point: &[Option<usize>], rule: usize) -> String {
        self.text(rule, point[rule])
    }

    fn text(&self, rule: usize, at: Option<usize>) -> String {
        match at {
            Some(at) => flow(&self.choices[rule].1[at]),
            None => format!("that of {}", self.base),
        }
    }

    /// All that `value` says of a rule, in the order of the file; what the base has comes last.
    pub fn values(&self, rule: usize) -> Vec<String> {
        let (_, values) = &self.choices[rule];
        (0..values.len()).map(Some).chain([None]).map(|at| self.text(rule, at)).collect()
    }

    /// One choice of a rule as it is written.
    pub fn choice(&self, rule: usize, at: usize) -> String {
        let (key, values) = &self.choices[rule];
        format!("{key}: {}", flow(&values[at]))
    }
}
