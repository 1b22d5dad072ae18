//! Recordings of real instances: the file, and the valid recording made from it.
//!
//! The format is described in `docs/conformance.md`. All times are whole milliseconds since T0. Keys that the format does not
//! list are commentary and ignored. A file that cannot be understood is the user's mistake and gets one sentence.

use crate::domain::protocol::{FollowerTotal, PlainViews, Rules};
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Kind;
use crate::mechanism::network::LATENCY_MAX;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// More than this of anything in a recording is refused.
const MOST_EVENTS: u64 = 50_000_000;
const MOST_MESSAGES: u64 = 5_000_000;
const MOST_MS: u64 = 400 * 24 * 3_600 * 1_000;
const MOST_INSTANCES: usize = 10_000;
/// No message counts more, so that all together are a u32.
const MOST_COUNTED: u64 = 100_000;

/// A recording that was understood.
#[derive(Clone, Debug)]
pub struct Trace {
    /// By `InstanceId`: the names, in ascending order.
    pub instances: Vec<String>,
    /// The instance that owns the one video.
    pub origin: InstanceId,
    /// By `InstanceId`.
    pub rules: Vec<Rules>,
    /// By `InstanceId`: the first tick.
    pub tick_phase: Vec<Time>,
    /// The one-way latency of a link without one of its own.
    pub latency_default: Option<Span>,
    /// Latencies of single links.
    pub latency_of_link: Vec<(InstanceId, InstanceId, Span)>,
    /// Whether every message took as long as its row says: then no latency is given.
    pub latencies_as_recorded: bool,
    /// State lost; in the order of instances and times.
    pub restarts: Vec<RestartRow>,
    /// What happens later plays no part.
    pub end: Time,
    /// The first sample.
    pub sample_from: Time,
    /// The interval between samples.
    pub sample_every: Span,
    /// Who watches, in order of start.
    pub sessions: Vec<Session>,
    /// By `SessionId`: the name of the session.
    pub session_names: Vec<String>,
    /// What was sent, sorted.
    pub messages: Vec<MessageRow>,
    /// What was displayed, in order of time.
    pub samples: Vec<SampleRow>,
}

/// A restart as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RestartRow {
    /// Whose process.
    pub instance: InstanceId,
    /// When it is up again.
    pub at: Time,
    /// When it was gone, if not only then.
    pub stop: Option<Time>,
}

/// A message as recorded; times in ms. The order of the fields is that of comparison.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageRow {
    /// When it was sent.
    pub sent_ms: u64,
    /// When it arrived; none if it never did.
    pub arrives_ms: Option<u64>,
    /// The instance that sent it.
    pub from: String,
    /// The instance that received it.
    pub to: String,
    /// `viewer` or `total`.
    pub kind: String,
    /// Whether it was forwarded.
    pub forwarded: bool,
    /// The session that a viewer View is about.
    pub viewer: Option<String>,
    /// The count in `result`.
    pub result: Option<u64>,
    /// When it expires.
    pub expires_ms: Option<u64>,
}

/// What was displayed at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRow {
    /// When, in ms.
    pub at_ms: u64,
    /// By `InstanceId`.
    pub displayed: Vec<u64>,
    /// Sessions watching.
    pub watching: u64,
}

#[derive(Deserialize)]
struct File {
    protocol: BTreeMap<String, String>,
    params: Params,
    viewers: Vec<Viewer>,
    messages: Table,
    samples: Table,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    origin: String,
    viewer_lifetime_ms: u64,
    tick_interval_ms: u64,
    refederate_ms: u64,
    duration_ms: u64,
    sample_every_ms: u64,
    sample_offset_ms: u64,
    tick_phase_ms: BTreeMap<String, u64>,
    latency_ms: BTreeMap<String, u64>,
    #[serde(default)]
    restarts: Vec<Restart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restart {
    instance: String,
    at_ms: u64,
    stop_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Viewer {
    instance: String,
    session: String,
    start_ms: u64,
    period_ms: u64,
    end_ms: u64,
}

#[derive(Deserialize)]
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Trace {
    /// Reads a recording.
    ///
    /// # Errors
    /// A sentence that says what cannot be understood.
    pub fn parse(bytes: &[u8]) -> Result<Trace, String> {
        let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        file.check_sizes()?;
        let instances: Vec<String> = file.protocol.keys().cloned().collect();
        let names = Instances(&instances);
        let (sessions, session_names) = sessions(&file.viewers, &names)?;
        let origin = names.id(&file.params.origin)?;
        let latencies_as_recorded = file.params.latency_ms.is_empty();
        let (latency_default, latency_of_link) = match latencies_as_recorded {
            true => (None, Vec::new()),
            false => latencies(&file.params.latency_ms, origin, &names)?,
        };
        let messages = messages(&file.messages, &names)?;
        if latencies_as_recorded {
            messages.iter().try_for_each(check_input)?;
        } else if let Some(row) = messages.iter().find(|row| row.arrives_ms.is_none()) {
            return Err(format!("messages.rows: {row} never arrives, which needs an empty latencyMs"));
        }
        Ok(Trace {
            origin,
            rules: rules(&file)?,
            tick_phase: tick_phase(&file.params.tick_phase_ms, &instances)?,
            latency_default,
            latency_of_link,
            latencies_as_recorded,
            restarts: restarts(&file.params, &names)?,
            end: Time::from_ms(file.params.duration_ms),
            sample_from: Time::from_ms(file.params.sample_offset_ms),
            sample_every: Span::from_ms(file.params.sample_every_ms),
            sessions,
            session_names,
            messages,
            samples: samples(&file.samples, &names)?,
            instances,
        })
    }
}

impl File {
    /// Refuses what would take for ever, and numbers without meaning.
    fn check_sizes(&self) -> Result<(), String> {
        let Params { duration_ms, tick_interval_ms, sample_every_ms, .. } = self.params;
        let instances = self.protocol.len();
        if !(2..=MOST_INSTANCES).contains(&instances) {
            return Err(format!("protocol: 2 to {MOST_INSTANCES} instances are expected, not {instances}"));
        }
        let restarts = self.params.restarts.iter().map(|restart| ("restarts.atMs", restart.at_ms));
        let phases = self.params.tick_phase_ms.values().map(|&ms| ("tickPhaseMs", ms));
        let params = [
            ("viewerLifetimeMs", self.params.viewer_lifetime_ms),
            ("refederateMs", self.params.refederate_ms),
            ("sampleOffsetMs", self.params.sample_offset_ms),
            ("durationMs", duration_ms),
        ];
        for (key, ms) in params.into_iter().chain(restarts).chain(phases) {
            expect_range(key, ms, 0..=MOST_MS)?;
        }
        for &ms in self.params.latency_ms.values() {
            expect_range("latencyMs", ms, 0..=LATENCY_MAX.us() / 1_000)?;
        }
        let intervals = [("tickIntervalMs", tick_interval_ms), ("sampleEveryMs", sample_every_ms)];
        let periods = self.viewers.iter().map(|viewer| ("viewers.periodMs", viewer.period_ms));
        for (key, ms) in intervals.into_iter().chain(periods) {
            expect_range(key, ms, 1..=MOST_MS)?;
        }
        for viewer in &self.viewers {
            expect_range("viewers.startMs", viewer.start_ms, 0..=MOST_MS)?;
            expect_range("viewers.endMs", viewer.end_ms, 0..=MOST_MS)?;
        }
        self.check_work(instances as u64)
    }

    /// Upper bounds, so that nothing is replayed that would take for ever or fill the memory.
    fn check_work(&self, instances: u64) -> Result<(), String> {
        let Params { duration_ms, tick_interval_ms, sample_every_ms, refederate_ms, .. } = self.params;
        let beats = |viewer: &Viewer, every_ms: u64| {
            viewer.end_ms.min(duration_ms).saturating_sub(viewer.start_ms) / every_ms + 1
        };
        let heartbeats = self.viewers.iter().map(|viewer| beats(viewer, viewer.period_ms)).sum::<u64>();
        let sendings =
            self.viewers.iter().map(|viewer| beats(viewer, viewer.period_ms.max(refederate_ms))).sum::<u64>();
        let ticks = duration_ms / tick_interval_ms + 1;
        let samples = duration_ms / sample_every_ms + 1;
        // Who sends totals: one origin, or every follower as well, and then the origin may forward them.
        let follower_totals = |name: &String| {
            Rules::preset(name).is_some_and(|rules| rules.follower_total == FollowerTotal::Yes)
        };
        let senders = if self.protocol.values().any(follower_totals) { instances } else { 1 };
        let events = heartbeats + (ticks + samples) * instances;
        let messages = (sendings + ticks * senders).saturating_mul(instances);
        for (what, count, most) in
            [("heartbeats, ticks and samples", events, MOST_EVENTS), ("messages", messages, MOST_MESSAGES)]
        {
            if count > most {
                return Err(format!("up to {count} {what} are more than {most}"));
            }
        }
        Ok(())
    }
}

fn expect_range(key: &str, ms: u64, range: RangeInclusive<u64>) -> Result<(), String> {
    if range.contains(&ms) {
        return Ok(());
    }
    Err(format!("{key}: {ms} ms is not in {} to {} ms", range.start(), range.end()))
}

/// The names of the instances, in ascending order.
struct Instances<'a>(&'a [String]);

impl Instances<'_> {
    fn id(&self, name: &str) -> Result<InstanceId, String> {
        let found = self.0.binary_search_by(|known| known.as_str().cmp(name));
        found.map(InstanceId::at).map_err(|_| format!("there is no instance `{name}` in protocol"))
    }
}

fn rules(file: &File) -> Result<Vec<Rules>, String> {
    let row = |(instance, protocol): (&String, &String)| {
        let mut rules = Rules::preset(protocol)
            .ok_or_else(|| format!("protocol.{instance}: there is no protocol `{protocol}`"))?;
        // Recordings hold viewers and totals only.
        rules.plain_views = PlainViews::None;
        rules.parameters.lifetime = Span::from_ms(file.params.viewer_lifetime_ms);
        rules.parameters.tick_interval = Span::from_ms(file.params.tick_interval_ms);
        rules.parameters.refederation_age = Span::from_ms(file.params.refederate_ms);
        Ok(rules)
    };
    file.protocol.iter().map(row).collect()
}

fn tick_phase(phases: &BTreeMap<String, u64>, instances: &[String]) -> Result<Vec<Time>, String> {
    let phase = |name: &String| {
        let ms = phases.get(name).ok_or_else(|| format!("tickPhaseMs: `{name}` is missing"))?;
        Ok(Time::from_ms(*ms))
    };
    instances.iter().map(phase).collect()
}

/// Each once, though a file may list one twice.
fn restarts(params: &Params, names: &Instances<'_>) -> Result<Vec<RestartRow>, String> {
    let mut restarts = BTreeSet::new();
    for Restart { instance, at_ms, stop_ms } in &params.restarts {
        if let Some(stop) = stop_ms {
            expect_range("restarts.stopMs", *stop, 0..=*at_ms)?;
            if !params.latency_ms.is_empty() {
                return Err("restarts.stopMs: needs an empty latencyMs".to_owned());
            }
        }
        let stop = stop_ms.map(Time::from_ms);
        restarts.insert(RestartRow { instance: names.id(instance)?, at: Time::from_ms(*at_ms), stop });
    }
    Ok(restarts.into_iter().collect())
}

/// Refuses what a recorded message must not bring into an instance.
fn check_input(row: &MessageRow) -> Result<(), String> {
    if let Some(ms) = row.expires_ms {
        expect_range("messages.expires", ms, 0..=2 * MOST_MS)?;
    }
    match row.result {
        Some(count) if count > MOST_COUNTED => {
            Err(format!("messages.resultCount: {count} is more than {MOST_COUNTED}"))
        }
        _ => Ok(()),
    }
}

type Latencies = (Option<Span>, Vec<(InstanceId, InstanceId, Span)>);

fn latencies(
    latency_ms: &BTreeMap<String, u64>,
    origin: InstanceId,
    names: &Instances<'_>,
) -> Result<Latencies, String> {
    let mut default = None;
    let mut links = Vec::new();
    for (key, &ms) in latency_ms {
        if key == "default" {
            default = Some(Span::from_ms(ms));
            continue;
        }
        // A name may hold a `>` itself: the split that gives two known names is meant.
        let ends = key.match_indices('>').find_map(|(at, _)| {
            let (from, to) = (names.id(&key[..at]).ok()?, names.id(&key[at + 1..]).ok()?);
            Some((from, to))
        });
        let (from, to) = ends.ok_or_else(|| format!("latencyMs: `{key}` is not `default` or `from>to`"))?;
        links.push((from, to, Span::from_ms(ms)));
    }
    let is_given =
        |from, to| default.is_some() || links.iter().any(|&(a, b, _): &(_, _, _)| (a, b) == (from, to));
    for other in (0..names.0.len()).map(InstanceId::at).filter(|&other| other != origin) {
        for (from, to) in [(origin, other), (other, origin)] {
            if !is_given(from, to) {
                let (from, to) = (&names.0[from.index()], &names.0[to.index()]);
                return Err(format!("latencyMs: neither `default` nor `{from}>{to}` is given"));
            }
        }
    }
    Ok((default, links))
}

fn sessions(viewers: &[Viewer], names: &Instances<'_>) -> Result<(Vec<Session>, Vec<String>), String> {
    let mut ids = BTreeMap::new();
    let mut sessions = Vec::new();
    for viewer in viewers {
        let instance = names.id(&viewer.instance)?;
        let new = ViewerId::at(ids.len());
        let id = *ids.entry((instance, &viewer.session)).or_insert(new);
        let session = Session {
            viewer: id,
            instance,
            video: VideoId(0),
            start: Time::from_ms(viewer.start_ms),
            end: Time::from_ms(viewer.end_ms),
            heartbeat: Some(Span::from_ms(viewer.period_ms)),
        };
        sessions.push((session, viewer.session.clone()));
    }
    sessions.sort_by_key(|(session, _)| session.start);
    Ok(sessions.into_iter().unzip())
}

fn messages(table: &Table, instances: &Instances<'_>) -> Result<Vec<MessageRow>, String> {
    let column = |name: &str| {
        let found = table.columns.iter().position(|column| column == name);
        found.ok_or_else(|| format!("messages.columns: `{name}` is missing"))
    };
    let names = ["tSend", "tArrive", "from", "to", "kind", "forwarded", "viewer", "resultCount", "expires"];
    let mut at = [0; 9];
    for (at, name) in at.iter_mut().zip(names) {
        *at = column(name)?;
    }
    let read = |(number, row): (usize, &Vec<Value>)| {
        let wrong = |why: &str| format!("messages.rows[{number}]: {} is not a message{why}", shown(row));
        if row.len() != table.columns.len() {
            return Err(wrong(": it has not one value per column"));
        }
        let read = message(&at.map(|column| &row[column])).ok_or_else(|| wrong(""))?;
        for end in [&read.from, &read.to] {
            instances.id(end).map_err(|why| wrong(&format!(": {why}")))?;
        }
        Ok(read)
    };
    let mut rows: Vec<_> = table.rows.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    rows.sort();
    Ok(rows)
}

fn message(cells: &[&Value; 9]) -> Option<MessageRow> {
    let text = |cell: &Value| cell.as_str().map(str::to_owned);
    let [sent, arrives, from, to, kind, forwarded, viewer, result, expires] = cells;
    if !(viewer.is_string() || viewer.is_null()) {
        return None;
    }
    let optional = |cell: &Value| if cell.is_null() { Some(None) } else { cell.as_u64().map(Some) };
    Some(MessageRow {
        sent_ms: sent.as_u64()?,
        arrives_ms: optional(arrives)?,
        from: text(from)?,
        to: text(to)?,
        kind: text(kind).filter(|kind| ["viewer", "total"].contains(&kind.as_str()))?,
        forwarded: match forwarded.as_u64()? {
            0 => false,
            1 => true,
            _ => return None,
        },
        viewer: text(viewer),
        result: optional(result)?,
        expires_ms: optional(expires)?,
    })
}

/// The first column is the time, the last the sessions watching; between them the instances, by name.
fn samples(table: &Table, names: &Instances<'_>) -> Result<Vec<SampleRow>, String> {
    let [_, columns @ .., _] = table.columns.as_slice() else {
        return Err("samples.columns: t, each instance and the sessions watching are expected".into());
    };
    let mut column_of = vec![None; names.0.len()];
    for (column, name) in (1..).zip(columns) {
        column_of[names.id(name).map_err(|error| format!("samples.columns: {error}"))?.index()] =
            Some(column);
    }
    let missing = column_of.iter().position(Option::is_none);
    if let Some(missing) = missing {
        return Err(format!("samples.columns: `{}` is missing", names.0[missing]));
    }
    let read = |(number, row): (usize, &Vec<Value>)| {
        let cells: Option<Vec<u64>> = row.iter().map(Value::as_u64).collect();
        match cells {
            Some(cells) if cells.len() == table.columns.len() => Ok(SampleRow {
                at_ms: cells[0],
                displayed: column_of.iter().flatten().map(|&column| cells[column]).collect(),
                watching: cells[cells.len() - 1],
            }),
            _ => Err(format!("samples.rows[{number}]: {} is not a sample", shown(row))),
        }
    };
    table.rows.iter().enumerate().map(read).collect()
}

/// A row as JSON, cut where it would fill the screen.
fn shown(row: &[Value]) -> String {
    let text = Value::from(row.to_vec()).to_string();
    if text.chars().count() <= 120 { text } else { text.chars().take(117).chain("...".chars()).collect() }
}

/// The name of a session, for messages about it.
pub(super) fn session_name(trace: &Trace, session: SessionId) -> &str {
    &trace.session_names[session.index()]
}

/// The kind as recordings name it.
pub(super) fn kind_in_recordings(kind: Kind) -> &'static str {
    match kind {
        Kind::Viewer | Kind::ViewerForwarded => "viewer",
        Kind::Total | Kind::FollowerTotal | Kind::FollowerTotalForwarded => "total",
        Kind::Plain | Kind::PlainForwarded => "view",
        Kind::Update | Kind::UpdateFetch | Kind::WatchAction | Kind::Background => "other",
    }
}
