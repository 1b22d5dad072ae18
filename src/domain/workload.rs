//! Who watches what, where and when: the sessions of one replication, the same for every protocol.
//!
//! Each purpose draws from separate streams (`foundation::random`), so that a change of one law leaves what the others drew
//! untouched. Stream by stream, with the number of the crowd in the scenario and of the viewer in the crowd:
//! - arrivals: one stream per crowd; the n-th arrival is viewer n;
//! - watch times of first visits: one stream per crowd, one number per viewer;
//! - spread: one stream per crowd, one number per viewer;
//! - returns, and the watch times of later visits: one stream each per viewer, entity fold(crowd, viewer);
//! - addresses: one stream per crowd with a shared one, one number per viewer;
//! - ranks of popularity: one stream per replication (`Federation::by_popularity`);
//! - of a catalogue, whose entity in all of these is fold(2^32, its number): which video a viewer watches, one stream, one number per viewer.
//!
//! Nothing here knows about protocols, messages or displayed counts.

use crate::domain::catalogue::Catalogue;
use crate::domain::crowd::{Clients, Crowd, Drawn, Returns, Scripted, Source};
use crate::domain::federation::Federation;
use crate::domain::spread::Seats;
use crate::domain::watch::{SHORTEST_WATCH, Watch, stretch};
use crate::foundation::ids::{InstanceId, VideoId, ViewerId};
use crate::foundation::random::{Purpose, Seed, exponential, fold, unit};
use crate::foundation::units::{Span, Time};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Sets the streams of catalogues apart from those of crowds.
const OF_CATALOGUES: u64 = 1 << 32;

/// One visit. Heartbeats are at the first one, that + heartbeat, ... while before the end; there is none on leaving. An
/// instance with `hints` may tell its client to come later than that.
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

/// All sessions of one replication that start before `end`, in order of (start, crowd, viewer, visit), catalogues behind crowds.
///
/// They may last beyond `end`. Viewers are numbered from 0, crowd by crowd and in order of arrival (scripted ones in order
/// of appearance), and each has at least one session; the same name at the same instance is one viewer in every crowd.
pub fn sessions(
    crowds: &[Crowd],
    catalogues: &[Catalogue],
    federation: &Federation,
    seed: Seed,
    end: Time,
) -> Vec<Session> {
    let mut ranks = vec![0; federation.instances.len()];
    (0u32..).zip(federation.by_popularity(seed)).for_each(|(rank, id)| ranks[id.index()] = rank);
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
        book.open(number, crowd.clients);
        match &crowd.source {
            Source::Scripted(list) => book.copy(crowd.video, list),
            Source::Drawn(drawn) => {
                let seats = Seats::new(&drawn.spread, crowd.video, federation, &ranks);
                book.draw(number, drawn, |viewer, spreads| Some((crowd.video, seats.of(viewer, spreads))));
            }
        }
    }
    for ((number, catalogue), ranking) in (0u64..).zip(catalogues).zip(&*federation.catalogues) {
        let drawn = &catalogue.visits;
        let entity = fold(&[OF_CATALOGUES, number]);
        book.open(entity, catalogue.clients);
        let mut choices = seed.stream(Purpose::Choice, number);
        let mut seats: BTreeMap<InstanceId, Seats> = BTreeMap::new();
        book.draw(entity, drawn, |viewer, spreads| {
            let video = ranking.at_share(unit(&mut choices))?;
            let seats = seats
                .entry(federation.origin(video))
                .or_insert_with(|| Seats::showing(&drawn.spread, video, federation, &ranks));
            Some((video, seats.of(viewer, spreads)))
        });
    }
    // stable: equal starts stay in the order in which they were made
    book.sessions.sort_by_key(|session| session.start);
    book.sessions
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
    /// A crowd begins, whose streams have this entity.
    fn open(&mut self, entity: u64, clients: Clients) {
        self.clients = clients;
        self.shared = BTreeMap::new();
        self.sharing = self.seed.stream(Purpose::Address, entity);
    }

    /// The sessions of a drawn crowd. `seat` says what a viewer watches, and where; none if there is nothing to watch.
    fn draw(
        &mut self,
        entity: u64,
        Drawn { from, arrivals, watch, returns, .. }: &Drawn,
        mut seat: impl FnMut(u64, &mut ChaCha8Rng) -> Option<(VideoId, InstanceId)>,
    ) {
        let (seed, end) = (self.seed, self.end);
        let starts = arrivals.curve(*from, end, watch);
        let starts = starts.times(seed.stream(Purpose::Arrivals, entity));
        let mut watches = seed.stream(Purpose::Watch, entity);
        let mut spreads = seed.stream(Purpose::Spread, entity);
        for (viewer, start) in (0u64..).zip(starts.take_while(|&start| start < end)) {
            let Some((video, instance)) = seat(viewer, &mut spreads) else { return };
            let visit = self.arrive(video, instance, start, watch.draw(&mut watches));
            if let Some(returns) = returns {
                self.come_back(visit, watch, returns, fold(&[entity, viewer]));
            }
        }
    }

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

/// The instant `span` after `time`, at the end of time at the latest.
fn after(time: Time, span: Span) -> Time {
    Time::from_ns(time.ns().saturating_add(span.ns()))
}

#[cfg(test)]
mod tests;
