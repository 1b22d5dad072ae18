//! Who watches what, where and when: the sessions of one replication, the same for every protocol.
//!
//! Each purpose draws from separate streams (`foundation::random`), so that a change of one law leaves what the others drew
//! untouched. Stream by stream, with the number of the crowd in the scenario and of the viewer in the crowd:
//! - arrivals: one stream per crowd; the n-th arrival is viewer n;
//! - watch times of first visits: one stream per crowd, one number per viewer;
//! - spread: one stream per crowd, one number per viewer;
//! - returns, and the watch times of later visits: one stream each per viewer, entity fold(crowd, viewer);
//! - addresses: one stream per crowd with a shared one, one number per viewer;
//! - ranks of popularity: one stream per replication (`Federation::by_popularity`).
//!
//! Nothing here knows about protocols, messages or displayed counts.

use crate::domain::arrivals::Arrivals;
use crate::domain::federation::Federation;
use crate::domain::watch::{SHORTEST_WATCH, Watch, stretch};
use crate::foundation::ids::{InstanceId, VideoId, ViewerId};
use crate::foundation::random::{Purpose, Seed, exponential, fold, unit};
use crate::foundation::units::{Span, Time};
use crate::mechanism::sparse_counts::SparseCounts;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// One visit. Heartbeats are at the first one, that + heartbeat, ... while before the end; there is none on leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub viewer: ViewerId,
    /// The first viewer behind the same address: the same person, but where several share one.
    pub address: ViewerId,
    /// At which instance.
    pub instance: InstanceId,
    /// What.
    pub video: VideoId,
    /// The first instant of watching.
    pub start: Time,
    /// The first instant of no longer watching.
    pub end: Time,
    /// The first heartbeat, at the start or later; none is sent if the visit is over by then.
    pub first_heartbeat: Time,
    /// The interval between heartbeats, if not that of the instance's protocol.
    pub heartbeat: Option<Span>,
    /// Watching this long makes a plain view, if not as long as the instance's protocol says.
    pub view_after: Option<Span>,
}

/// The people who come to one video.
#[derive(Clone, Debug, PartialEq)]
pub struct Crowd {
    /// The video.
    pub video: VideoId,
    /// Who they are.
    pub source: Source,
    /// How their players report.
    pub clients: Clients,
}

/// How the players of a crowd report; by default as PeerTube's own does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clients {
    /// The time from the start of a visit to its first heartbeat.
    pub first_heartbeat_after: Span,
    /// Watching this long makes a plain view, if not as long as the instance's protocol says.
    pub view_after: Option<Span>,
    /// The share of viewers behind one address at each instance, in millionths: a school, or a proxy that the instance
    /// does not trust (all of them). Each other viewer has an address of their own.
    pub behind_one_address_ppm: u32,
}

/// Where sessions come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Drawn from laws.
    Drawn {
        /// When the first one may come: the zero of `arrivals`.
        from: Time,
        /// When they come.
        arrivals: Arrivals,
        /// How long they watch.
        watch: Watch,
        /// Where they sit.
        spread: Spread,
        /// Whether they come back.
        returns: Option<Returns>,
    },
    /// Written down one by one (a list in the scenario, or a CSV file).
    Scripted(Vec<Scripted>),
}

/// One written-down session.
#[derive(Clone, Debug, PartialEq)]
pub struct Scripted {
    /// Two sessions with the same viewer name at the same instance are two visits of one person; none: a new person.
    pub viewer: Option<String>,
    /// At which instance.
    pub instance: InstanceId,
    /// The first instant of watching.
    pub start: Time,
    /// The length of the visit.
    pub watch: Span,
    /// The interval between heartbeats, if not that of the instance's protocol.
    pub heartbeat: Option<Span>,
}

/// At which instance a viewer sits.
#[derive(Clone, Debug, PartialEq)]
pub enum Spread {
    /// A share sits at the origin, the others at the instances that show the video beside it, by Zipf's law over ranks that are drawn for each replication.
    Zipf {
        /// The exponent (1.08 for users per instance).
        exponent: f64,
        /// The share of viewers at the origin, from 0 to 1.
        origin_share: f64,
    },
    /// In proportion to weights.
    Weights(Vec<(InstanceId, f64)>),
    /// One after another, again from the start when the list is through.
    List(Vec<InstanceId>),
}

/// Viewers who come back, to the same instance and with the same id.
#[derive(Clone, Debug, PartialEq)]
pub struct Returns {
    /// The probability, after each visit, from 0 to below 1.
    pub probability: f64,
    /// The mean of the exponential time until they do.
    pub mean_after: Span,
}

/// All sessions of one replication that start before `end`, in order of (start, crowd, viewer, visit).
///
/// They may last beyond `end`. Viewers are numbered from 0, crowd by crowd and in order of arrival (scripted ones in order
/// of appearance), and each has at least one session; the same name at the same instance is one viewer in every crowd.
pub fn sessions(crowds: &[Crowd], federation: &Federation, seed: Seed, end: Time) -> Vec<Session> {
    let popularity = federation.by_popularity(seed);
    let mut book = Book {
        end,
        seed,
        clients: Clients::default(),
        addresses: Vec::new(),
        shared: BTreeMap::new(),
        sharing: seed.stream(Purpose::Address, 0),
        named: BTreeMap::new(),
        sessions: Vec::new(),
    };
    for (number, crowd) in (0u64..).zip(crowds) {
        book.clients = crowd.clients;
        book.shared = BTreeMap::new();
        book.sharing = seed.stream(Purpose::Address, number);
        match &crowd.source {
            Source::Scripted(list) => book.copy(crowd.video, list),
            Source::Drawn { from, arrivals, watch, spread, returns } => {
                let seats = Seats::new(spread, crowd.video, federation, &popularity);
                let starts = arrivals.curve(*from, end, watch);
                let starts = starts.times(seed.stream(Purpose::Arrivals, number));
                let mut watches = seed.stream(Purpose::Watch, number);
                let mut spreads = seed.stream(Purpose::Spread, number);
                for (viewer, start) in (0u64..).zip(starts.take_while(|&start| start < end)) {
                    let instance = seats.of(viewer, &mut spreads);
                    let visit = book.arrive(crowd.video, instance, start, watch.draw(&mut watches));
                    if let Some(returns) = returns {
                        book.come_back(visit, watch, returns, fold(&[number, viewer]));
                    }
                }
            }
        }
    }
    // stable: equal starts stay in the order in which they were made
    book.sessions.sort_by_key(|session| session.start);
    book.sessions
}

/// An upper estimate of the number of sessions that start before `end`, without drawing any.
///
/// First visits are exact in expectation. Each brings p / (1 - p) returns if there is time, and at most one per mean pause
/// in the time there is.
pub fn expected_sessions(crowds: &[Crowd], end: Time) -> f64 {
    // an empty sum of floats would be -0
    crowds.iter().fold(0.0, |sum, crowd| sum + crowd.expected_sessions(end))
}

/// An upper estimate of the number of instants start, start + interval, ... of all sessions, while before their end and
/// before `end`. `interval_s` gives the interval in seconds, from that between a session's own heartbeats if it has one.
pub fn expected_heartbeats(crowds: &[Crowd], end: Time, interval_s: &dyn Fn(Option<Span>) -> f64) -> f64 {
    crowds.iter().map(|crowd| crowd.expected_heartbeats(end, interval_s)).sum()
}

impl Crowd {
    /// Whether every visit is over before its first heartbeat.
    pub fn is_never_seen(&self) -> bool {
        let delay = self.clients.first_heartbeat_after;
        match &self.source {
            Source::Drawn { watch, .. } => watch.survival(delay) <= 0.0,
            Source::Scripted(list) => list.iter().all(|visit| visit.watch <= delay),
        }
    }

    /// An upper estimate of the number of its sessions that start before `end` (see `expected_sessions`).
    pub fn expected_sessions(&self, end: Time) -> f64 {
        match &self.source {
            Source::Scripted(list) => list.iter().filter(|session| session.start < end).count() as f64,
            Source::Drawn { from, arrivals, watch, returns, .. } => {
                let visits =
                    returns.as_ref().map_or(1.0, |returns| returns.expected_visits(end.since(*from)));
                arrivals.curve(*from, end, watch).total() * visits
            }
        }
    }

    /// An upper estimate of the beats of its sessions (see `expected_heartbeats`).
    pub fn expected_heartbeats(&self, end: Time, interval_s: &dyn Fn(Option<Span>) -> f64) -> f64 {
        match &self.source {
            Source::Scripted(list) => {
                let beats = |visit: &Scripted| {
                    let watch = visit.watch.min(end.since(visit.start));
                    watch.secs_f64() / interval_s(visit.heartbeat) + 1.0
                };
                list.iter().filter(|visit| visit.start < end).map(beats).sum()
            }
            Source::Drawn { from, watch, .. } => {
                let watch = watch.mean().min(end.since(*from));
                self.expected_sessions(end) * (watch.secs_f64() / interval_s(None) + 1.0)
            }
        }
    }
}

impl Returns {
    /// At most so many visits are to be expected of one viewer within `time`.
    fn expected_visits(&self, time: Span) -> f64 {
        let ever = self.probability / (1.0 - self.probability);
        1.0 + ever.min(time.secs_f64() / self.mean_after.secs_f64())
    }
}

/// The true viewers (sessions with start <= t < end, anywhere; closed form 1) of each video that has sessions, at samples in
/// ascending order. The order of sessions does not matter.
pub fn watching(sessions: &[Session], samples: &[Time]) -> BTreeMap<VideoId, SparseCounts> {
    let mut visits: BTreeMap<VideoId, (Vec<Time>, Vec<Time>)> = BTreeMap::new();
    for session in sessions {
        let (starts, ends) = visits.entry(session.video).or_default();
        starts.push(session.start);
        ends.push(session.end);
    }
    let of_video = |(video, (mut starts, mut ends)): (VideoId, (Vec<Time>, Vec<Time>))| {
        starts.sort_unstable();
        ends.sort_unstable();
        let until = |instants: &[Time], t: Time| instants.partition_point(|&instant| instant <= t);
        let first = samples.partition_point(|&t| t < starts[0]);
        let mut counts = SparseCounts::default();
        for (sample, &t) in samples.iter().enumerate().skip(first).take_while(|(_, t)| ends.last() > Some(t))
        {
            counts.add(sample, (until(&starts, t) - until(&ends, t)) as u64);
        }
        (video, counts)
    };
    visits.into_iter().map(of_video).collect()
}

/// The most true viewers that one video has at one instant, `until` or before.
pub fn watching_peak(sessions: &[Session], until: Time) -> u64 {
    let mut visits: BTreeMap<VideoId, Vec<(Time, i64)>> = BTreeMap::new();
    for session in sessions.iter().filter(|session| session.start < session.end && session.start <= until) {
        visits.entry(session.video).or_default().extend([(session.start, 1), (session.end, -1)]);
    }
    let of_video = |mut changes: Vec<(Time, i64)>| {
        // who leaves at an instant does not meet who comes
        changes.sort_unstable();
        let counts = changes.iter().scan(0, |count, (_, change)| {
            *count += change;
            Some(*count)
        });
        counts.max().unwrap_or(0)
    };
    visits.into_values().map(of_video).max().unwrap_or(0).unsigned_abs()
}

/// The sessions written so far, and who is who in them.
struct Book<'a> {
    end: Time,
    seed: Seed,
    /// Of the crowd that is being written.
    clients: Clients,
    /// By `ViewerId`: the first viewer behind the same address.
    addresses: Vec<ViewerId>,
    /// The first viewer behind the shared address of each instance, in this crowd.
    shared: BTreeMap<InstanceId, ViewerId>,
    /// Who is behind it, in this crowd.
    sharing: ChaCha8Rng,
    named: BTreeMap<(InstanceId, &'a str), ViewerId>,
    sessions: Vec<Session>,
}

impl<'a> Book<'a> {
    fn new_viewer(&mut self, instance: InstanceId) -> ViewerId {
        let viewer = ViewerId::at(self.addresses.len());
        let share = f64::from(self.clients.behind_one_address_ppm) / 1e6;
        let is_behind = share > 0.0 && unit(&mut self.sharing) < share;
        self.addresses.push(if is_behind { *self.shared.entry(instance).or_insert(viewer) } else { viewer });
        viewer
    }

    /// The scripted sessions that start before the end.
    fn copy(&mut self, video: VideoId, list: &'a [Scripted]) {
        let end = self.end;
        for visit in list.iter().filter(|visit| visit.start < end) {
            let name = visit.viewer.as_deref().map(|name| (visit.instance, name));
            let viewer = match name.and_then(|name| self.named.get(&name).copied()) {
                Some(known) => known,
                None => self.new_viewer(visit.instance),
            };
            if let Some(name) = name {
                self.named.insert(name, viewer);
            }
            let Scripted { instance, start, heartbeat, .. } = *visit;
            let watch = visit.watch.max(SHORTEST_WATCH);
            let session = Session { heartbeat, ..self.visit(viewer, instance, video, start, watch) };
            self.sessions.push(session);
        }
    }

    /// A visit with the heartbeats of the protocol.
    fn visit(
        &self,
        viewer: ViewerId,
        instance: InstanceId,
        video: VideoId,
        start: Time,
        watch: Span,
    ) -> Session {
        Session {
            viewer,
            address: self.addresses[viewer.index()],
            instance,
            video,
            start,
            end: after(start, watch),
            first_heartbeat: after(start, self.clients.first_heartbeat_after),
            heartbeat: None,
            view_after: self.clients.view_after,
        }
    }

    /// The first visit of a new person.
    fn arrive(&mut self, video: VideoId, instance: InstanceId, start: Time, watch: Span) -> Session {
        let viewer = self.new_viewer(instance);
        let visit = self.visit(viewer, instance, video, start, watch);
        self.sessions.push(visit);
        visit
    }

    /// The later visits of a drawn viewer. They end: the probability is below 1, and every visit takes time.
    fn come_back(&mut self, first: Session, watch: &Watch, returns: &Returns, entity: u64) {
        let mut decisions = self.seed.stream(Purpose::Return, entity);
        let mut watches = None;
        let mut visit = first;
        while unit(&mut decisions) < returns.probability {
            let start = after(visit.end, stretch(returns.mean_after, exponential(&mut decisions)));
            if start >= self.end {
                break;
            }
            let watches = watches.get_or_insert_with(|| self.seed.stream(Purpose::Watch, entity));
            let watch = watch.draw(watches);
            visit = self.visit(visit.viewer, visit.instance, visit.video, start, watch);
            self.sessions.push(visit);
        }
    }
}

/// Where the viewers of one crowd sit.
enum Seats {
    /// Drawn: the weight of each instance added to those before it.
    Weighted(Vec<(InstanceId, f64)>),
    /// In turn.
    Listed(Vec<InstanceId>),
}

impl Seats {
    fn new(spread: &Spread, video: VideoId, federation: &Federation, popularity: &[InstanceId]) -> Seats {
        let origin = federation.origin(video);
        match spread {
            Spread::List(list) if list.is_empty() => Seats::Listed(vec![origin]),
            Spread::List(list) => Seats::Listed(list.clone()),
            Spread::Weights(weights) => Seats::weighted(weights, origin),
            Spread::Zipf { exponent, origin_share } => {
                let mut shows = vec![false; federation.instances.len()];
                federation.showing(video).for_each(|id| shows[id.index()] = true);
                let others = popularity.iter().filter(|&&id| id != origin && shows[id.index()]);
                let ranked: Vec<_> = (1u32..)
                    .zip(others)
                    .map(|(rank, &id)| (id, libm::pow(f64::from(rank), -exponent)))
                    .collect();
                let sum: f64 = ranked.iter().map(|&(_, weight)| weight).sum();
                let others = ranked.into_iter().map(|(id, weight)| (id, (1.0 - origin_share) * weight / sum));
                Seats::weighted(
                    &Vec::from_iter(std::iter::once((origin, *origin_share)).chain(others)),
                    origin,
                )
            }
        }
    }

    /// By weights; all at the origin if there is no weight.
    fn weighted(weights: &[(InstanceId, f64)], origin: InstanceId) -> Seats {
        let mut sum = 0.0;
        let mut sums = Vec::new();
        for &(instance, weight) in weights.iter().filter(|&&(_, weight)| weight > 0.0) {
            sum += weight;
            sums.push((instance, sum));
        }
        if sums.is_empty() { Seats::Listed(vec![origin]) } else { Seats::Weighted(sums) }
    }

    /// The seat of the viewer of this number in its crowd.
    fn of(&self, viewer: u64, rng: &mut ChaCha8Rng) -> InstanceId {
        match self {
            Seats::Listed(list) => list[(viewer % list.len() as u64) as usize],
            Seats::Weighted(sums) => {
                let last = sums.len() - 1;
                let at = unit(rng) * sums[last].1;
                sums[sums.partition_point(|&(_, sum)| sum <= at).min(last)].0
            }
        }
    }
}

/// The instant `span` after `time`, at the end of time at the latest.
fn after(time: Time, span: Span) -> Time {
    Time::from_ns(time.ns().saturating_add(span.ns()))
}

#[cfg(test)]
mod tests;
