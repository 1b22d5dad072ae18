//! Recordings of the views counter: real servers that count views and tell their followers.
//!
//! The replay is open-loop, like that of viewers with latencies as recorded: each instance counts and gets what it did when it did, and must
//! send the plain views and `Update`s that it sent and display the numbers that it displayed. Who watched is not recorded, but who
//! counted: the author of a plain view. Not here: viewers.

use crate::conform::verdict::Verdict;
use crate::domain::federation::Video;
use crate::domain::protocol::Rules;
use crate::foundation::ids::{InstanceId, ListingId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::instance::{Effect, Heartbeat, Input, Instance, Recipients};
use crate::mechanism::activity::{Activity, Stamp, Subject};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::sync::Arc;

const VIDEO: VideoId = VideoId(0);
/// More views, flushes or samples are refused.
const ROWS_MAX: usize = 1_000_000;
const INSTANCES_MAX: usize = 1_000;
/// Times further from T0 are refused.
const MS_MAX: i64 = 400 * 24 * 3_600 * 1_000;

/// The file, as far as it is input.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    /// The release of all servers.
    protocol: String,
    /// By server: when it flushed its buffer, in ms.
    flushes: BTreeMap<String, Vec<i64>>,
    plain_views: Vec<PlainView>,
    updates: Vec<Update>,
    samples: Samples,
}

#[derive(Deserialize)]
struct PlainView {
    t: i64,
    from: String,
    to: String,
    author: String,
}

#[derive(Deserialize)]
struct Update {
    t: i64,
    from: String,
    to: String,
    views: u32,
}

#[derive(Deserialize)]
struct Samples {
    columns: Vec<String>,
    rows: Vec<Vec<i64>>,
}

/// A recording of views that has been read.
#[derive(Clone, Debug)]
pub struct ViewsTrace {
    names: Vec<String>,
    origin: InstanceId,
    /// The rules of all instances.
    pub rules: Rules,
    /// In order of time, in ms since T0; of one ms, in the order of their cases.
    events: Vec<(i64, Recorded)>,
    /// What each link carries, in order: plain views, and `Update`s with their numbers.
    sent: Sent,
    samples: usize,
}

/// By sender and receiver: the authors of plain views, and the numbers in `Update`s.
type Sent = BTreeMap<(InstanceId, InstanceId), (Vec<InstanceId>, Vec<u32>)>;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Recorded {
    Flush(InstanceId),
    /// Its own viewer viewed the video.
    Counted(InstanceId),
    /// The receiver, the sender, and the author.
    PlainView(InstanceId, InstanceId, InstanceId),
    /// The receiver, and the number.
    Update(InstanceId, u32),
    /// What is displayed, by instance.
    Sample(Vec<u32>),
}

impl ViewsTrace {
    /// Whether a file is a recording of views, if it is one at all.
    pub(super) fn is_one(bytes: &[u8]) -> bool {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Any {
            plain_views: Option<IgnoredAny>,
        }
        serde_json::from_slice(bytes).is_ok_and(|any: Any| any.plain_views.is_some())
    }

    /// Reads a recording of views.
    ///
    /// # Errors
    /// A sentence that says what cannot be understood.
    pub fn parse(bytes: &[u8]) -> Result<ViewsTrace, String> {
        let File { protocol, flushes, plain_views, updates, samples } =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let rows =
            [plain_views.len(), updates.len(), samples.rows.len(), flushes.values().map(Vec::len).sum()];
        if rows.into_iter().any(|rows| rows > ROWS_MAX) || !(2..=INSTANCES_MAX).contains(&flushes.len()) {
            return Err(format!(
                "flushes: 2 to {INSTANCES_MAX} instances and at most {ROWS_MAX} rows of a kind are expected"
            ));
        }
        let rules =
            Rules::preset(&protocol).ok_or_else(|| format!("protocol: there is no protocol `{protocol}`"))?;
        let names: Vec<String> = flushes.keys().cloned().collect();
        let id = |name: &String| {
            let found = names.binary_search(name).map(InstanceId::at);
            found.map_err(|_| format!("there is no instance `{name}` in flushes"))
        };
        let mut origin = None;
        for update in &updates {
            let from = id(&update.from)?;
            if *origin.get_or_insert(from) != from {
                return Err("updates: one instance owns the video, and only it sends some".to_owned());
            }
        }
        let origin = origin.ok_or("updates: without any nobody knows who owns the video")?;
        let first_follower = InstanceId(u32::from(origin == InstanceId(0)));
        let mut events = Vec::new();
        let mut sent = Sent::new();
        for (name, times) in &flushes {
            let id = id(name)?;
            events.extend(times.iter().map(|&t| (t, Recorded::Flush(id))));
        }
        for PlainView { t, from, to, author } in &plain_views {
            let (from, to, author) = (id(from)?, id(to)?, id(author)?);
            events.push((*t, Recorded::PlainView(to, from, author)));
            // a broadcast is one view in a row per follower
            if from == author && (author != origin || to == first_follower) {
                events.push((*t, Recorded::Counted(author)));
            }
            sent.entry((from, to)).or_default().0.push(author);
        }
        for Update { t, from, to, views } in &updates {
            let (from, to) = (id(from)?, id(to)?);
            events.push((*t, Recorded::Update(to, *views)));
            sent.entry((from, to)).or_default().1.push(*views);
        }
        events.extend(read_samples(&samples, names.len(), id)?);
        if let Some((t, _)) = events.iter().find(|event| !(-MS_MAX..=MS_MAX).contains(&event.0)) {
            return Err(format!("{t} ms is further from T0 than {MS_MAX} ms"));
        }
        events.sort();
        for (authors, _) in sent.values_mut() {
            authors.sort_unstable();
        }
        Ok(ViewsTrace { names, origin, rules, events, sent, samples: samples.rows.len() })
    }

    /// Replays it and compares.
    pub fn conform(&self) -> Verdict {
        let video = Video { name: "video".into(), origin: self.origin, length: None, listing: ListingId(0) };
        let videos: Arc<[Video]> = [video].into();
        let start = |id: usize| Instance::new(InstanceId::at(id), self.rules, Arc::clone(&videos));
        let mut instances: Vec<Instance> = (0..self.names.len()).map(start).collect();
        let mut sent = Sent::new();
        let mut effects = Vec::new();
        for (viewer, (t, event)) in (0..).zip(&self.events) {
            let now = Time::from_ms((t + MS_MAX).unsigned_abs());
            let mut give = |id: InstanceId, input: Input<'_>| {
                instances[id.index()].handle(now, input, &mut effects);
                for effect in effects.drain(..) {
                    self.note(id, &effect, &mut sent);
                }
            };
            match event {
                Recorded::Flush(id) => give(*id, Input::FlushUpdates { number: 0 }),
                Recorded::Counted(id) => give(*id, Input::Heartbeat(self.view(ViewerId(viewer)))),
                Recorded::PlainView(to, sender, author) => {
                    let activity = self.activity(now, *author, Subject::Plain(ViewerId(viewer)), None);
                    give(*to, Input::Receive { activity: &activity, sender: *sender });
                }
                Recorded::Update(to, views) => {
                    let activity = self.activity(now, self.origin, Subject::Update, Some(*views));
                    give(*to, Input::Receive { activity: &activity, sender: self.origin });
                }
                Recorded::Sample(displayed) => {
                    let ours: Vec<u32> =
                        instances.iter().map(|instance| instance.displayed_views(VIDEO)).collect();
                    if ours != *displayed {
                        let [recorded, ours] = [displayed, &ours].map(|counts| self.counts(counts));
                        return Verdict::Differs(format!("at {t} ms: recorded [{recorded}]; ours [{ours}]"));
                    }
                }
            }
        }
        self.compare(sent)
    }

    /// Notes the plain views and `Update`s of an effect by link.
    fn note(&self, from: InstanceId, effect: &Effect, sent: &mut Sent) {
        let Activity { author, subject, views, .. } = effect.activity;
        let others = (0..self.names.len()).map(InstanceId::at).filter(|id| *id != from);
        let inboxes: Vec<InstanceId> = match effect.to {
            Recipients::One(to) => vec![to],
            // totals are no views
            Recipients::Interested => return,
            Recipients::Followers => others.collect(),
            Recipients::FollowersBut(author) => others.filter(|&id| id != author).collect(),
        };
        for to in inboxes {
            let (authors, numbers) = sent.entry((from, to)).or_default();
            match subject {
                Subject::Plain(_) => authors.push(author),
                Subject::Update => numbers.extend(views),
                _ => {}
            }
        }
    }

    /// The first link that carries something else.
    fn compare(&self, mut sent: Sent) -> Verdict {
        sent.values_mut().for_each(|(authors, _)| authors.sort_unstable());
        sent.retain(|_, (authors, numbers)| !authors.is_empty() || !numbers.is_empty());
        let links = self.sent.keys().chain(sent.keys());
        let none = (Vec::new(), Vec::new());
        for link in links {
            let [recorded, ours] = [&self.sent, &sent].map(|sent| sent.get(link).unwrap_or(&none));
            if recorded != ours {
                let name = |id: InstanceId| &self.names[id.index()];
                let say = |(authors, numbers): &(Vec<InstanceId>, Vec<u32>)| {
                    format!("{} plain views and Updates with {numbers:?}", authors.len())
                };
                let [recorded, ours] = [say(recorded), say(ours)];
                let (from, to) = (name(link.0), name(link.1));
                return Verdict::Differs(format!("from {from} to {to}: recorded {recorded}; ours {ours}"));
            }
        }
        let messages = sent.values().map(|(authors, numbers)| authors.len() + numbers.len()).sum();
        Verdict::Conforms { messages, samples: self.samples }
    }

    fn counts(&self, counts: &[u32]) -> String {
        let counts = self.names.iter().zip(counts).map(|(name, count)| format!("{name} {count}"));
        counts.collect::<Vec<_>>().join(", ")
    }

    /// The heartbeat of a viewer that nobody knows yet, who has watched long enough.
    fn view(&self, viewer: ViewerId) -> Heartbeat {
        Heartbeat {
            video: VIDEO,
            viewer,
            address: viewer,
            session: SessionId(viewer.0),
            number: 0,
            watched: Span::from_secs(3_600),
            view_after: None,
        }
    }

    fn activity(&self, built: Time, author: InstanceId, subject: Subject, views: Option<u32>) -> Activity {
        let (stamp, form) = (Stamp::default(), self.rules.wire.form());
        Activity { video: VIDEO, author, subject, result: None, views, built, expires: None, stamp, form }
    }
}

/// The samples as events; `id` is the instance of a name.
fn read_samples(
    samples: &Samples,
    instances: usize,
    id: impl Fn(&String) -> Result<InstanceId, String>,
) -> Result<Vec<(i64, Recorded)>, String> {
    let columns: Vec<InstanceId> = match &samples.columns[..] {
        [t, columns @ ..] if t == "t" && columns.len() == instances => {
            let name = |column: &String| column.strip_prefix("views ").map(str::to_owned).unwrap_or_default();
            columns.iter().map(|column| id(&name(column))).collect::<Result<_, _>>()?
        }
        _ => return Err("samples.columns: t and `views NAME` of each instance are expected".to_owned()),
    };
    let mut events = Vec::new();
    for (number, row) in samples.rows.iter().enumerate() {
        let wrong = || format!("samples.rows[{number}]: a time and a count per instance are expected");
        let [t, counts @ ..] = &row[..] else { return Err(wrong()) };
        if counts.len() != columns.len() {
            return Err(wrong());
        }
        let mut displayed = vec![0; instances];
        for (id, &count) in columns.iter().zip(counts) {
            displayed[id.index()] = u32::try_from(count).map_err(|_| wrong())?;
        }
        events.push((*t, Recorded::Sample(displayed)));
    }
    Ok(events)
}
