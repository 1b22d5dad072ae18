//! A run as its folder has it: the manifest, the resolved scenario, all metrics, and, of one point of its sweep and one
//! replication, what happened over time. Read from the records alone: how they were made is not known here.

use crate::intervals::Table;
use crate::metrics::definitions::names;
use crate::runs::folder::{FolderError, Manifest, read_manifest, read_record};
use crate::runs::records::{SUMMARY, read_summary};
use crate::scenario::{self, Changes, Failure, RESOLVED_FILE, Scenario};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

/// A complete run.
pub struct Run {
    /// What the folder says about itself.
    pub manifest: Manifest,
    /// The scenario.
    pub scenario: Scenario,
    /// All metrics.
    pub table: Table,
    /// The point whose course is in `courses`, counted from 0.
    pub point: usize,
    /// The replication whose course is in `courses`.
    pub replication: u32,
    /// What happened, by column of the comparison.
    pub courses: Vec<Course>,
}

/// What happened over time in one cell. Times are in ms of model time.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// By video: what was shown.
    pub counters: BTreeMap<usize, Counters>,
    /// By the start of a bucket: what was sent.
    pub traffic: BTreeMap<u64, Amount>,
    /// By instance and time: jobs that waited to be sent; times at which none did are left out.
    pub waiting: BTreeMap<usize, BTreeMap<u64, u64>>,
    /// By kind of message: how long those took that came.
    pub delays: Vec<Delays>,
    /// By sender and receiver: what arrived.
    pub links: BTreeMap<(usize, usize), Amount>,
}

/// How long messages of a kind took.
#[derive(Clone, Debug, PartialEq)]
pub struct Delays {
    /// The kind.
    pub kind: String,
    /// How many came.
    pub messages: u64,
    /// Shares of them, and the delay in us that those did not exceed.
    pub quantiles: Vec<(f64, u64)>,
}

/// Messages and bytes (heads and bodies).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Messages.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Displayed and true viewers of a video.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// When samples were taken.
    pub times_ms: Vec<u64>,
    /// True viewers, at each sample.
    pub watching: Vec<u64>,
    /// By instance: what it displayed at each sample; nothing while it was down.
    pub displayed: BTreeMap<usize, Vec<Option<u64>>>,
}

/// Why a run cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// A file cannot be read.
    Folder(FolderError),
    /// The scenario cannot be read.
    Scenario(Failure),
    /// A file does not say what it should.
    Wrong(String),
    /// The user asked for what is not there.
    Asked(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Folder(error) => error.fmt(f),
            ReadError::Scenario(failure) => failure.fmt(f),
            ReadError::Wrong(problem) | ReadError::Asked(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<FolderError> for ReadError {
    fn from(error: FolderError) -> Self {
        ReadError::Folder(error)
    }
}

impl Run {
    /// Reads the run in a folder; `point` and `replication` are counted from 1.
    ///
    /// # Errors
    /// If the folder holds no complete run, cannot be read, or has no such point or replication.
    pub fn read(folder: &Path, point: usize, replication: u32) -> Result<Run, ReadError> {
        let manifest = read_manifest(folder)?;
        if !manifest.complete {
            let folder = folder.display();
            return Err(ReadError::Asked(format!("{folder} is not complete; run it to its end")));
        }
        let changes = Changes::default();
        let scenario =
            scenario::read(&folder.join(RESOLVED_FILE), &changes, &names()).map_err(ReadError::Scenario)?;
        let table =
            read_summary(&read_record(folder, SUMMARY)?).map_err(|problem| wrong(SUMMARY, &problem))?;
        let points = scenario.sweep.points.len();
        if !(1..=points).contains(&point) {
            return Err(ReadError::Asked(format!("there is no point {point}: this run has {points}")));
        }
        let most = table.replications() as u32;
        if !(1..=most).contains(&replication) {
            return Err(ReadError::Asked(format!(
                "there is no replication {replication}: this run has {most}"
            )));
        }
        let (point, replication) = (point - 1, replication - 1);
        let mut run = Run { manifest, scenario, table, point, replication, courses: Vec::new() };
        run.courses = vec![Course::default(); run.scenario.compare.len()];
        run.read_courses(folder)?;
        Ok(run)
    }

    /// The name of an instance.
    pub fn instance(&self, number: usize) -> &str {
        &self.scenario.instances[number].name
    }

    /// The names of the columns of the comparison.
    pub fn protocols(&self) -> impl Iterator<Item = &str> {
        self.scenario.compare.iter().map(|variant| &variant.name[..])
    }

    /// The name of the column that others are compared with.
    pub fn baseline(&self) -> &str {
        &self.scenario.compare[self.scenario.baseline].name
    }

    fn read_courses(&mut self, folder: &Path) -> Result<(), ReadError> {
        let mut courses = std::mem::take(&mut self.courses);
        let instances = Names::new(self.scenario.instances.iter().map(|instance| &instance.name[..]));
        let videos = Names::new(self.scenario.videos.iter().map(|video| &video.name[..]));
        let columns = ["time_ms", "video", "instance", "displayed_viewers", "true_viewers"];
        self.rows(folder, "counters.csv", columns, |variant, row| {
            let counters = courses[variant].counters.entry(videos.position(row[1])?).or_default();
            counters.add(number(row[0])?, instances.position(row[2])?, row[3], number(row[4])?)
        })?;
        let columns = ["bucket_start_ms", "direction", "messages", "head_bytes", "body_bytes"];
        self.rows(folder, "traffic.csv", columns, |variant, row| {
            if row[1] == "out" {
                let sum = courses[variant].traffic.entry(number(row[0])?).or_default();
                sum.add(number(row[2])?, number(row[3])? + number(row[4])?);
            }
            Some(())
        })?;
        self.rows(folder, "queues.csv", ["time_ms", "instance", "queue", "waiting_jobs"], |variant, row| {
            if SENDING_QUEUES.contains(&row[2]) {
                let of_instance = courses[variant].waiting.entry(instances.position(row[1])?).or_default();
                *of_instance.entry(number(row[0])?).or_default() += number(row[3])?;
            }
            Some(())
        })?;
        self.rows(folder, "delays.csv", ["kind", "messages", "quantile", "delay_us"], |variant, row| {
            let delays = &mut courses[variant].delays;
            if delays.last().is_none_or(|last| last.kind != row[0]) {
                let (kind, messages) = (row[0].to_owned(), number(row[1])?);
                delays.push(Delays { kind, messages, quantiles: Vec::new() });
            }
            delays.last_mut()?.quantiles.push((row[2].parse().ok()?, number(row[3])?));
            Some(())
        })?;
        let columns = ["sender", "receiver", "messages", "head_bytes", "body_bytes"];
        self.rows(folder, "links.csv", columns, |variant, row| {
            let link = (instances.position(row[0])?, instances.position(row[1])?);
            let sum = courses[variant].links.entry(link).or_default();
            sum.add(number(row[2])?, number(row[3])? + number(row[4])?);
            Some(())
        })?;
        self.courses = courses;
        Ok(())
    }

    /// The rows of a file that belong to the point and the replication: `take` is given the column of the comparison and the
    /// wanted fields, and says whether it understood them.
    fn rows<const N: usize>(
        &self,
        folder: &Path,
        name: &str,
        columns: [&str; N],
        mut take: impl FnMut(usize, [&str; N]) -> Option<()>,
    ) -> Result<(), ReadError> {
        let variants = self.scenario.compare.len();
        let replications = self.scenario.replications as usize;
        let first = (self.point * replications + self.replication as usize) * variants;
        let path = folder.join(name);
        let unreadable = |error: io::Error| {
            ReadError::Folder(FolderError::Io { doing: format!("read {}", path.display()), error })
        };
        let file = File::open(&path).map_err(unreadable)?;
        let mut reader = csv::Reader::from_reader(file);
        let header = reader.headers().map_err(|error| wrong(name, &error.to_string()))?.clone();
        let place = |column: &str| {
            let found = header.iter().position(|known| known == column);
            found.ok_or_else(|| wrong(name, &format!("it has no column `{column}`")))
        };
        let cell_at = place("cell")?;
        let mut places = [0; N];
        for (at, column) in places.iter_mut().zip(columns) {
            *at = place(column)?;
        }
        let mut row = csv::StringRecord::new();
        while reader.read_record(&mut row).map_err(|error| wrong(name, &error.to_string()))? {
            let cell: Option<usize> = row.get(cell_at).and_then(|cell| cell.parse().ok());
            let Some(variant) = cell.and_then(|cell| cell.checked_sub(first)).filter(|at| *at < variants)
            else {
                continue;
            };
            let fields = places.map(|at| row.get(at).unwrap_or_default());
            if take(variant, fields).is_none() {
                let line = row.position().map_or(0, csv::Position::line);
                return Err(wrong(name, &format!("line {line} is not as fedisim writes it")));
            }
        }
        Ok(())
    }
}

/// The queues whose jobs wait to be sent.
const SENDING_QUEUES: [&str; 5] = ["sequential", "parallel", "unicast", "destinations", "workers"];

impl Counters {
    /// Notes a row; rows come in the order of time.
    fn add(&mut self, time_ms: u64, instance: usize, displayed: &str, watching: u64) -> Option<()> {
        if self.times_ms.last() != Some(&time_ms) {
            self.times_ms.push(time_ms);
            self.watching.push(watching);
        }
        let displayed = if displayed.is_empty() { None } else { Some(number(displayed)?) };
        let of_instance = self.displayed.entry(instance).or_default();
        of_instance.resize(self.times_ms.len() - 1, None);
        of_instance.push(displayed);
        Some(())
    }
}

impl Amount {
    /// Adds to it.
    pub fn add(&mut self, messages: u64, bytes: u64) {
        self.messages += messages;
        self.bytes += bytes;
    }
}

/// Positions by name.
struct Names<'a>(BTreeMap<&'a str, usize>);

impl<'a> Names<'a> {
    fn new(names: impl Iterator<Item = &'a str>) -> Names<'a> {
        Names(names.zip(0..).collect())
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn wrong(name: &str, problem: &str) -> ReadError {
    ReadError::Wrong(format!("{name}: {problem}"))
}
