//! The open-loop replay: a message arrives when its row says so, not because an instance here sent it.
//!
//! Each instance gets what it got when it got it, and must send what it sent and display what it displayed. So inexact
//! clocks, queues, and lost messages (`tArrive` is null) can be replayed. Events at one ms have the order of `event`.

use crate::conform::trace::{MessageRow, SampleRow, Trace, VIDEO};
use crate::conform::verdict::{Verdict, verdict};
use crate::domain::federation::Video;
use crate::domain::protocol::{IdsAfterRestart, TotalsAt};
use crate::foundation::ids::{InstanceId, ListingId, SessionId};
use crate::foundation::units::{Span, Time};
use crate::instance::{Effect, Heartbeat, Input, Instance, Recipients, spread_by_video};
use crate::mechanism::activity::{Activity, Stamp, Subject};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A recorded event. The order of the cases is that of events at one ms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Recorded {
    Stop(InstanceId),
    Restart(InstanceId),
    Tick(InstanceId, u32),
    /// Some time after the tick of this number.
    SayTotal(InstanceId, u32),
    Sample,
    /// The receiver, the sender, whether it is a total, whether it is forwarded, and the number of the row.
    Arrival(InstanceId, InstanceId, bool, bool, usize),
    Heartbeat(InstanceId, SessionId, u32),
}

/// Replays a recording whose latencies are as recorded.
pub(super) fn replay(trace: &Trace) -> Verdict {
    let mut replay = Replay::new(trace);
    let mut events = replay.events();
    events.sort();
    for (at, event) in &events {
        replay.happen(*at, event);
    }
    let Replay { mut messages, samples, views_counted, .. } = replay;
    // arrivals are input here, so they are not compared
    let mut recorded: Vec<MessageRow> =
        trace.messages.iter().map(|row| MessageRow { arrives_ms: None, ..row.clone() }).collect();
    recorded.sort();
    messages.sort();
    verdict(trace, &recorded, &messages, &samples, views_counted)
}

struct Replay<'a> {
    trace: &'a Trace,
    instances: Vec<Instance>,
    /// By `InstanceId`: the number of its last tick, while it is to say its total after that.
    to_say: Vec<Option<u32>>,
    /// By row: the activity that arrives.
    activities: Vec<Activity>,
    messages: Vec<MessageRow>,
    samples: Vec<SampleRow>,
    views_counted: u64,
}

impl<'a> Replay<'a> {
    fn new(trace: &'a Trace) -> Replay<'a> {
        let videos: Arc<[Video]> =
            [Video { name: "video".into(), origin: trace.origin, length: None, listing: ListingId(0) }]
                .into();
        let start = |(id, &rules)| Instance::new(InstanceId::at(id), rules, Arc::clone(&videos));
        Replay {
            trace,
            instances: trace.rules.iter().enumerate().map(start).collect(),
            to_say: vec![None; trace.rules.len()],
            activities: activities(trace),
            messages: Vec::new(),
            samples: Vec::new(),
            views_counted: 0,
        }
    }

    /// All events up to the end, in no order.
    fn events(&self) -> Vec<(Time, Recorded)> {
        let trace = self.trace;
        let mut all = Vec::new();
        for (number, session) in trace.sessions.iter().enumerate() {
            let every = session.heartbeat.expect("recordings say how often");
            let until = session.end.min(trace.end + Span::from_ns(1));
            let beats = times(session.first_heartbeat, every).take_while(|&at| at < until);
            let beat = |(beat, at)| (at, Recorded::Heartbeat(session.instance, SessionId::at(number), beat));
            all.extend((0..).zip(beats).map(beat));
        }
        for id in (0..self.instances.len()).map(InstanceId::at) {
            let spread = self.spread(id);
            for (number, at) in (0..).zip(self.ticks(id)) {
                all.push((at, Recorded::Tick(id, number)));
                all.extend(spread.map(|after| (at + after, Recorded::SayTotal(id, number))));
            }
        }
        for restart in &trace.restarts {
            all.extend(restart.stop.map(|at| (at, Recorded::Stop(restart.instance))));
            all.push((restart.at, Recorded::Restart(restart.instance)));
        }
        let samples = times(trace.sample_from, trace.sample_every).take_while(|&at| at <= trace.end);
        all.extend(samples.map(|at| (at, Recorded::Sample)));
        for (number, row) in trace.messages.iter().enumerate() {
            let arrives = row.arrives_ms.filter(|&ms| ms <= trace.end.ms());
            let (to, from) = (self.id(&row.to), self.id(&row.from));
            let arrival = Recorded::Arrival(to, from, row.kind == "total", row.forwarded, number);
            all.extend(arrives.map(|ms| (Time::from_ms(ms), arrival)));
        }
        // a run begins at T0, so a restart there is none
        all.retain(|(at, what)| {
            *at <= trace.end && (*at > Time::ZERO || !matches!(what, Recorded::Restart(_)))
        });
        all
    }

    /// The ticks of an instance. After a restart the next one is an interval later. A process that is down has none.
    fn ticks(&self, id: InstanceId) -> Vec<Time> {
        let interval = self.trace.rules[id.index()].parameters.tick_interval;
        let mut restarts =
            self.trace.restarts.iter().filter(|restart| restart.instance == id && restart.at > Time::ZERO);
        let mut ticks = Vec::new();
        let mut next = self.trace.tick_phase[id.index()];
        loop {
            let restart = restarts.next();
            let until = restart
                .map_or(self.trace.end + Span::from_ns(1), |restart| restart.stop.unwrap_or(restart.at));
            ticks.extend(times(next, interval).take_while(|&at| at < until));
            match restart {
                Some(restart) => next = restart.at + interval,
                None => return ticks,
            }
        }
    }

    /// How long after a tick an instance says its total, if not at once.
    fn spread(&self, id: InstanceId) -> Option<Span> {
        let rules = &self.trace.rules[id.index()];
        let by_hash = || spread_by_video(VIDEO, rules.parameters.tick_interval);
        let spread = self.trace.spread[id.index()];
        (rules.totals_at == TotalsAt::Spread).then(|| spread.unwrap_or_else(by_hash))
    }

    fn id(&self, name: &str) -> InstanceId {
        id(self.trace, name)
    }

    fn happen(&mut self, at: Time, event: &Recorded) {
        match *event {
            Recorded::Stop(id) => {
                self.to_say[id.index()] = None;
                self.give(at, id, Input::Stop);
            }
            Recorded::Restart(id) => {
                self.to_say[id.index()] = None;
                self.give(at, id, Input::Restart(None));
            }
            Recorded::Tick(id, number) => {
                self.give(at, id, Input::Tick { number });
                let says = self.instances[id.index()].totals_after_tick(at).next().is_some();
                self.to_say[id.index()] = says.then_some(number);
            }
            Recorded::SayTotal(id, number) => {
                if self.to_say[id.index()] == Some(number) {
                    self.give(at, id, Input::SayTotal { video: VIDEO, number });
                }
            }
            Recorded::Sample => self.sample(at),
            Recorded::Arrival(to, _, _, _, row) => {
                let activity = self.activities[row];
                let sender = self.id(&self.trace.messages[row].from);
                self.give(at, to, Input::Receive { activity: &activity, sender });
            }
            Recorded::Heartbeat(id, session, number) => {
                let visit = &self.trace.sessions[session.index()];
                let heartbeat = Heartbeat::of(visit, session, number, at);
                self.give(at, id, Input::Heartbeat(heartbeat));
            }
        }
    }

    fn give(&mut self, at: Time, id: InstanceId, input: Input<'_>) {
        let mut effects = Vec::new();
        self.instances[id.index()].handle(at, input, &mut effects);
        for effect in &effects {
            self.send(at, id, effect);
        }
    }

    /// Notes a row for each inbox of a send.
    fn send(&mut self, at: Time, from: InstanceId, effect: &Effect) {
        let Effect { activity, to, .. } = effect;
        let others = (0..self.instances.len()).map(InstanceId::at).filter(|&id| id != self.trace.origin);
        let inboxes: Vec<InstanceId> = match *to {
            Recipients::One(to) => vec![to],
            Recipients::Interested => self.instances[from.index()].interested(activity.video),
            Recipients::Followers => others.collect(),
            Recipients::FollowersBut(author) => others.filter(|&id| id != author).collect(),
        };
        self.messages.extend(inboxes.into_iter().map(|to| self.trace.row(at, activity, from, to)));
    }

    fn sample(&mut self, at: Time) {
        self.views_counted = u64::from(self.instances[self.trace.origin.index()].counted_views(VIDEO));
        let shown = |instance: &Instance| if instance.is_up() { instance.displayed(VIDEO) } else { 0 };
        self.samples.push(SampleRow {
            at_ms: at.ms(),
            displayed: self.instances.iter().map(shown).collect(),
            watching: self.trace.watching(at),
        });
    }
}

/// `from`, `from + every`, ...
fn times(from: Time, every: Span) -> impl Iterator<Item = Time> {
    (0..).map(move |number| from + every * number)
}

fn id(trace: &Trace, name: &str) -> InstanceId {
    let found = trace.instances.binary_search_by(|known| known.as_str().cmp(name));
    found.map(InstanceId::at).expect("names of a valid recording are known")
}

/// The activity of every row. The author of a forwarded one is the sender of the same message to the forwarder.
fn activities(trace: &Trace) -> Vec<Activity> {
    type Carried<'a> = (&'a str, Option<&'a str>, [Option<u64>; 3]);
    fn carried(row: &MessageRow) -> Carried<'_> {
        (&row.kind, row.viewer.as_deref(), [row.result, row.expires_ms, row.views])
    }
    let mut authors: BTreeMap<(&str, Carried<'_>), InstanceId> = BTreeMap::new();
    for row in trace.messages.iter().filter(|row| !row.forwarded) {
        authors.insert((&row.to, carried(row)), id(trace, &row.from));
    }
    let mut sessions: BTreeMap<(InstanceId, &str), SessionId> = BTreeMap::new();
    for (number, name) in trace.session_names.iter().enumerate() {
        sessions.entry((trace.sessions[number].instance, name)).or_insert(SessionId::at(number));
    }
    let activity = |row: &MessageRow| {
        let from = id(trace, &row.from);
        // if nobody sent it to the forwarder, the comparison finds the difference, and any author does until then
        let author = if row.forwarded {
            authors.get(&(&row.from[..], carried(row))).copied().unwrap_or(from)
        } else {
            from
        };
        let session = row.viewer.as_deref().and_then(|name| sessions.get(&(author, name)).copied());
        let salt = salt(trace, author, Time::from_ms(row.sent_ms.min(trace.end.ms())));
        Activity {
            video: VIDEO,
            author,
            subject: match (session, row.kind == "view") {
                (Some(session), false) => Subject::Viewer(trace.sessions[session.index()].viewer, salt),
                (Some(session), true) => Subject::Plain(trace.sessions[session.index()].viewer),
                (None, false) => Subject::Total,
                (None, true) => Subject::ViewCount,
            },
            result: row.result.and_then(|count| u32::try_from(count).ok()),
            views: row.views.and_then(|count| u32::try_from(count).ok()),
            built: Time::from_ms(row.sent_ms.min(trace.end.ms())),
            expires: row.expires_ms.map(Time::from_ms),
            stamp: Stamp { session: session.unwrap_or_default(), number: 0 },
            form: trace.rules[author.index()].wire.form(),
        }
    };
    trace.messages.iter().map(activity).collect()
}

/// The salt in the ids of an instance's viewers at a time: how often it has restarted, if its rules renew ids.
fn salt(trace: &Trace, author: InstanceId, sent: Time) -> u32 {
    let is_new = trace.rules[author.index()].ids_after_restart == IdsAfterRestart::New;
    let before = trace
        .restarts
        .iter()
        .filter(|restart| restart.instance == author && restart.at <= sent && restart.at > Time::ZERO);
    if is_new { before.count() as u32 } else { 0 }
}
