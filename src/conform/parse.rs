//! From the file of a recording to a valid trace. What cannot be understood is the user's mistake and gets one sentence.

use crate::conform::file::{COUNTED_MAX, File, MS_MAX, Params, Restart, Table, VIEWS, Viewer, expect_range};
use crate::conform::trace::{MessageRow, RestartRow, SampleRow, Trace, VIDEO};
use crate::domain::protocol::{PlainViews, Rules, TotalsAt};
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::instance::spread_by_video;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl Trace {
    /// Reads a recording.
    ///
    /// # Errors
    /// A sentence that says what cannot be understood.
    pub fn parse(bytes: &[u8]) -> Result<Trace, String> {
        let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        Trace::of(&file)
    }

    /// What a file says.
    pub(super) fn of(file: &File) -> Result<Trace, String> {
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
        for name in file.params.times.keys().chain(file.params.spread_ms.keys()) {
            names.id(name).map_err(|error| format!("params: {error}"))?;
        }
        let rules = rules(file)?;
        Ok(Trace {
            description: file.description.as_str().unwrap_or_default().to_owned(),
            presets: file.protocol.values().cloned().collect(),
            has_views: file.has_views(),
            spread: spread(file, &instances, &rules)?,
            origin,
            rules,
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
            views_counted: file.views_counted.filter(|_| file.has_views()),
            instances,
        })
    }
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
        if !file.has_views() {
            rules.plain_views = PlainViews::None;
        }
        let times = file.params.times_of(instance);
        rules.parameters.lifetime = Span::from_ms(times.viewer_lifetime_ms);
        rules.parameters.tick_interval = Span::from_ms(times.tick_interval_ms);
        rules.parameters.refederation_age = Span::from_ms(times.refederate_ms);
        Ok(rules)
    };
    file.protocol.iter().map(row).collect()
}

/// How long after a tick the total of each instance leaves, where the file says so. With latencies that are given our instances say when that
/// is, so another time is refused, not passed over.
fn spread(file: &File, instances: &[String], rules: &[Rules]) -> Result<Vec<Option<Span>>, String> {
    let row = |(name, rules): (&String, &Rules)| {
        let Some(&ms) = file.params.spread_ms.get(name) else { return Ok(None) };
        let interval = rules.parameters.tick_interval;
        let key = format!("spreadMs.{name}: {ms} ms");
        if rules.totals_at != TotalsAt::Spread {
            return Err(format!("{key}, but {} says totals at its ticks", file.protocol[name]));
        }
        let spread = Span::from_ms(ms);
        if spread >= interval {
            return Err(format!("{key} is not below the tick interval of {interval}"));
        }
        let ours_ms = spread_by_video(VIDEO, interval).us() / 1_000;
        if ms != ours_ms && !file.params.latency_ms.is_empty() {
            return Err(format!("{key}, other than the {ours_ms} ms here, needs an empty latencyMs"));
        }
        Ok(Some(spread))
    };
    instances.iter().zip(rules).map(row).collect()
}

fn tick_phase(phases: &BTreeMap<String, u64>, instances: &[String]) -> Result<Vec<Time>, String> {
    let phase = |name: &String| {
        let ms = phases.get(name).ok_or_else(|| format!("tickPhaseMs: `{name}` is missing"))?;
        Ok(Time::from_ms(*ms))
    };
    instances.iter().map(phase).collect()
}

/// The restarts. A file may list one twice.
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

/// Refuses a message that an instance must not receive.
fn check_input(row: &MessageRow) -> Result<(), String> {
    if let Some(ms) = row.expires_ms {
        expect_range("messages.expires", ms, 0..=2 * MS_MAX)?;
    }
    for (column, count) in [("resultCount", row.result), (VIEWS, row.views)] {
        if let Some(count) = count.filter(|&count| count > COUNTED_MAX) {
            return Err(format!("messages.{column}: {count} is more than {COUNTED_MAX}"));
        }
    }
    Ok(())
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
        // names may hold `>` too: the split that gives two known names is the right one
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
            address: id,
            instance,
            video: VIDEO,
            start: Time::from_ms(viewer.start_ms),
            end: Time::from_ms(viewer.end_ms),
            first_heartbeat: Time::from_ms(viewer.start_ms),
            heartbeat: Some(Span::from_ms(viewer.period_ms)),
            view_after: None,
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
    let views = column(VIEWS).ok();
    let read = |(number, row): (usize, &Vec<Value>)| {
        let wrong = |why: &str| format!("messages.rows[{number}]: {} is not a message{why}", shown(row));
        if row.len() != table.columns.len() {
            return Err(wrong(": it has not one value per column"));
        }
        let views = views.map(|column| &row[column]);
        let read = message(&at.map(|column| &row[column]), views).ok_or_else(|| wrong(""))?;
        for end in [&read.from, &read.to] {
            instances.id(end).map_err(|why| wrong(&format!(": {why}")))?;
        }
        Ok(read)
    };
    let mut rows: Vec<_> = table.rows.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    rows.sort();
    Ok(rows)
}

/// The message of a row; `views` is its cell there, if the recording has views.
fn message(cells: &[&Value; 9], views: Option<&Value>) -> Option<MessageRow> {
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
        kind: text(kind).filter(|kind| match kind.as_str() {
            "viewer" | "total" => true,
            "view" => views.is_some(),
            _ => false,
        })?,
        forwarded: match forwarded.as_u64()? {
            0 => false,
            1 => true,
            _ => return None,
        },
        viewer: text(viewer),
        result: optional(result)?,
        expires_ms: optional(expires)?,
        views: views.map_or(Some(None), optional)?,
    })
}

/// The samples. The first column is the time, the last the sessions watching. Between them are the instances, by name.
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

/// A row as JSON, at most 120 characters of it.
fn shown(row: &[Value]) -> String {
    let text = Value::from(row.to_vec()).to_string();
    if text.chars().count() <= 120 { text } else { text.chars().take(117).chain("...".chars()).collect() }
}
