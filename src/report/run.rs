//! A run as its folder has it: the manifest, the resolved scenario, all metrics, and, of one point of its sweep and one
//! replication, what happened over time. Read from the records alone: how they were made is not known here.

use crate::foundation::random::Seed;
use crate::intervals::Table;
use crate::metrics::definitions::names;
use crate::runs::folder::Manifest;
use crate::runs::reading::{Edits, ReadError, Records, Wanted};
use crate::runs::records::{SUMMARY, as_text};
use crate::runs::summary::SummarySource;
use crate::scenario::{Scenario, Study};
use std::collections::BTreeMap;
use std::path::Path;

/// A complete run.
pub struct Run {
    /// What the folder says about itself.
    pub manifest: Manifest,
    /// The files that are not as the run wrote them, of those that were read.
    pub edited: Vec<String>,
    /// The scenario.
    pub scenario: Scenario,
    /// The videos that its records name one by one.
    pub videos: Vec<ListedVideo>,
    /// All metrics.
    pub table: Table,
    /// The point whose course is in `courses`, counted from 0.
    pub point: usize,
    /// The replication whose course is in `courses`.
    pub replication: u32,
    /// What happened, by column of the comparison.
    pub courses: Vec<Course>,
}

/// A video that records name.
pub struct ListedVideo {
    /// The name.
    pub name: String,
    /// The instance that owns it in the replication whose course is told.
    pub origin: usize,
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
    /// The numbers of views at each sample; empty if nobody tells of them.
    pub views: Vec<ViewsAt>,
}

/// Views of a video at a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewsAt {
    /// Those that were counted.
    pub counted: u64,
    /// The number that the origin displays; none while it is down.
    pub origin: Option<u64>,
    /// The sum of the numbers that followers display.
    pub of_followers: u64,
    /// How many those are.
    pub followers: u64,
}

impl Run {
    /// Reads the run in a folder, whose scenario has its data files in another; `point` and `replication` are counted from 1.
    ///
    /// # Errors
    /// If the folder holds no complete run, cannot be read, or has no such point or replication.
    pub fn read(
        folder: &Path,
        data: &Path,
        point: usize,
        replication: u32,
        edits: Edits,
    ) -> Result<Run, ReadError> {
        let mut records = Records::open(folder, edits)?;
        let scenario = records.scenario(data)?;
        let table = records.summary(SummarySource::Run)?;
        if let Some(problem) = foreign(&table, &scenario) {
            return Err(ReadError::Wrong(format!("{SUMMARY}: {problem}")));
        }
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
        let study = Study::new(scenario.clone(), data, &names());
        let of_point = study.point(point).map_err(ReadError::Scenario)?;
        let variants = scenario.compare.len();
        let first = (point * scenario.replications as usize + replication as usize) * variants;
        let replication = scenario.first_replication + replication;
        let wanted = Wanted { scenario: &scenario, of_point: &of_point, first, replication };
        let videos = listed_videos(&of_point, replication);
        let courses = read_courses(&mut records, &wanted, &videos)?;
        records.check_rest()?;
        let Records { manifest, edited, .. } = records;
        Ok(Run { manifest, edited, scenario, videos, table, point, replication, courses })
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
}

/// What of a table belongs to another scenario.
fn foreign(table: &Table, scenario: &Scenario) -> Option<String> {
    if table.parameters != scenario.sweep.parameters {
        return Some("it varies other values than the scenario".to_owned());
    }
    let of_point = |point: &Vec<String>| point.iter().map(|value| as_text(value)).collect::<Vec<_>>();
    if !scenario.sweep.points.iter().map(of_point).eq(table.points.iter().cloned()) {
        return Some("its points are not those of the scenario's sweep".to_owned());
    }
    let is_known = |name: &String| scenario.compare.iter().any(|variant| variant.name == *name);
    let foreign = table.protocols.iter().find(|name| !is_known(name))?;
    Some(format!("{foreign} is no column of the scenario"))
}

/// The videos that the records of a replication name one by one. Who owns which of a catalogue is drawn.
fn listed_videos(scenario: &Scenario, replication: u32) -> Vec<ListedVideo> {
    let single = scenario.videos.iter();
    let mut videos: Vec<ListedVideo> =
        single.map(|video| ListedVideo { name: video.name.clone(), origin: video.origin.index() }).collect();
    if !scenario.detailed.is_empty() {
        let federation = scenario.federation(0, Seed { seed: scenario.seed, replication });
        let detailed = scenario.detailed.iter();
        videos.extend(detailed.map(|(&video, name)| ListedVideo {
            name: name.clone(),
            origin: federation.origin(video).index(),
        }));
    }
    videos
}

fn read_courses(
    records: &mut Records,
    wanted: &Wanted<'_>,
    videos: &[ListedVideo],
) -> Result<Vec<Course>, ReadError> {
    let scenario = wanted.scenario;
    let mut courses = vec![Course::default(); scenario.compare.len()];
    let instances = Names::new(scenario.instances.iter().map(|instance| &instance.name[..]));
    let names = Names::new(videos.iter().map(|video| &video.name[..]));
    let columns = [
        "time_ms",
        "video",
        "instance",
        "displayed_viewers",
        "true_viewers",
        "displayed_views",
        "true_views",
    ];
    records.rows("counters.csv", wanted, columns, |variant, row| {
        let (video, instance) = (names.position(row[1])?, instances.position(row[2])?);
        let counters = courses[variant].counters.entry(video).or_default();
        counters.add(number(row[0])?, instance, row[3], number(row[4])?)?;
        if row[6].is_empty() {
            Some(())
        } else {
            let displayed = if row[5].is_empty() { None } else { Some(number(row[5])?) };
            counters.add_views(instance == videos[video].origin, displayed, number(row[6])?)
        }
    })?;
    let columns = ["bucket_start_ms", "direction", "messages", "head_bytes", "body_bytes"];
    records.rows("traffic.csv", wanted, columns, |variant, row| {
        if row[1] == "out" {
            let sum = courses[variant].traffic.entry(number(row[0])?).or_default();
            sum.add(number(row[2])?, number(row[3])? + number(row[4])?);
        }
        Some(())
    })?;
    let columns = ["time_ms", "instance", "queue", "waiting_jobs"];
    records.rows("queues.csv", wanted, columns, |variant, row| {
        if SENDING_QUEUES.contains(&row[2]) {
            let of_instance = courses[variant].waiting.entry(instances.position(row[1])?).or_default();
            let sum = of_instance.entry(number(row[0])?).or_default();
            *sum = sum.saturating_add(number(row[3])?);
        }
        Some(())
    })?;
    records.rows("delays.csv", wanted, ["kind", "messages", "quantile", "delay_us"], |variant, row| {
        let delays = &mut courses[variant].delays;
        if delays.last().is_none_or(|last| last.kind != row[0]) {
            let (kind, messages) = (row[0].to_owned(), number(row[1])?);
            delays.push(Delays { kind, messages, quantiles: Vec::new() });
        }
        delays.last_mut()?.quantiles.push((row[2].parse().ok()?, number(row[3])?));
        Some(())
    })?;
    let columns = ["sender", "receiver", "messages", "head_bytes", "body_bytes"];
    records.rows("links.csv", wanted, columns, |variant, row| {
        let link = (instances.position(row[0])?, instances.position(row[1])?);
        let sum = courses[variant].links.entry(link).or_default();
        sum.add(number(row[2])?, number(row[3])? + number(row[4])?);
        Some(())
    })?;
    Ok(courses)
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

    /// Notes the views in the row that was noted last.
    fn add_views(&mut self, is_origin: bool, displayed: Option<u64>, counted: u64) -> Option<()> {
        self.views.resize(self.times_ms.len(), ViewsAt { counted, ..ViewsAt::default() });
        let at = self.views.last_mut()?;
        if is_origin {
            at.origin = displayed;
        } else if let Some(displayed) = displayed {
            at.of_followers = at.of_followers.saturating_add(displayed);
            at.followers += 1;
        }
        Some(())
    }
}

impl Amount {
    /// Adds to it.
    pub fn add(&mut self, messages: u64, bytes: u64) {
        self.messages = self.messages.saturating_add(messages);
        self.bytes = self.bytes.saturating_add(bytes);
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
