//! A cell: all inputs of one run, and the times that follow from its seed.

use crate::domain::asked_back::Preview;
use crate::domain::audience::Audience;
use crate::domain::delivery::{Delivery, Queues};
use crate::domain::door::{Door, SeenDoor};
use crate::domain::faults::{Fault, Timetable};
use crate::domain::federation::{Federation, Instance};
use crate::domain::heartbeats::{self, says_leaving};
use crate::domain::lies::Lie;
use crate::domain::other_traffic::OtherTraffic;
use crate::domain::protocol::Rules;
use crate::domain::sampling::Sampling;
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, SessionId};
use crate::foundation::random::{Purpose, Seed, exponential, fold, unit};
use crate::foundation::units::{Span, Time};
use crate::instance;
use crate::mechanism::network::NetworkModel;
use crate::mechanism::wire::{Names, smallest_total_bytes};
use crate::metrics::Collector;
use crate::metrics::limits::Terms;
use crate::scenario::End;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that decides one run.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Instances with their rules, videos, follower lists.
    pub federation: Federation,
    /// Who watches, in order of start.
    pub sessions: Vec<Session>,
    /// Latency and loss.
    pub network: NetworkModel,
    /// What hosts, actors and videos are called on the wire.
    pub names: Names,
    /// Seed of all random draws.
    pub seed: Seed,
    /// The first tick of each instance.
    pub tick_phase: Vec<Time>,
    /// The first flush of follow health of each instance.
    pub health_phase: Vec<Time>,
    /// The first broadcast of changed videos of each instance.
    pub update_phase: Vec<Time>,
    /// How instances deliver: queues, limits and costs.
    pub delivery: Delivery,
    /// Outages, cuts and losses.
    pub faults: Vec<Fault>,
    /// What instances say that is not so.
    pub lies: Vec<Lie>,
    /// Traffic other than Views.
    pub other: OtherTraffic,
    /// When samples are taken.
    pub sampling: Sampling,
    /// Who watches the videos of catalogues then.
    pub audience: Arc<Audience>,
    /// When the run ends.
    pub end: End,
    /// The run stops after this many events.
    pub event_limit: u64,
}

impl Cell {
    /// The rules that instances speak, when the run begins or after an upgrade.
    pub fn spoken(&self) -> impl Iterator<Item = &Rules> {
        let upgrades = self.faults.iter().filter_map(|fault| match fault {
            Fault::Restart { rules, .. } => rules.as_ref(),
            _ => None,
        });
        self.federation.instances.iter().map(|instance| &instance.rules).chain(upgrades)
    }

    /// An instance when the run begins.
    pub fn instance(&self, id: InstanceId) -> instance::Instance {
        let rules = self.federation.instances[id.index()].rules;
        let videos = Arc::clone(&self.federation.videos);
        instance::Instance::new(id, rules, videos).of_replication(self.seed)
    }

    /// What notes a run of it.
    pub fn collector(&self) -> Collector<'_> {
        let Cell { federation, sessions, audience, sampling, other, names, .. } = self;
        let updates = other.update_every.map(|_| other.asked_back.after_updates);
        let terms = Terms { message_bytes: smallest_total_bytes(names), own_kept: self.own_kept() };
        Collector::new(federation, (sessions, audience), *sampling, updates, terms)
    }

    /// For how long after they left an instance may count viewers of its own: an entry lives for its lifetime, and the next tick removes
    /// it. None of an instance whose process ever stops.
    fn own_kept(&self) -> Vec<Option<Span>> {
        let kept = |instance: &Instance| {
            let parameters = instance.rules.parameters;
            Some(parameters.longest_lifetime() + parameters.tick_interval)
        };
        let mut all: Vec<Option<Span>> = self.federation.instances.iter().map(kept).collect();
        for stopped in self.faults.iter().flat_map(Fault::stopped) {
            all[stopped.index()] = None;
        }
        all
    }
}

/// The interval at which follow health is recorded.
pub const HEALTH_INTERVAL: Span = Span::from_secs(3_600);

/// When the instance of a session reports what was watched: 1 to 2 hours after the session ends, uniformly. `None`
/// without watch actions, at the video's origin, and of a session without a heartbeat, which nobody knows of.
pub fn report_time(cell: &Cell, id: SessionId) -> Option<Time> {
    const HOUR: Span = Span::from_secs(3_600);
    let session = &cell.sessions[id.index()];
    let reports = cell.other.watch_actions
        && cell.federation.origin(session.video) != session.instance
        && session.first_heartbeat < session.end;
    reports.then(|| {
        let draw = unit(&mut cell.seed.stream(Purpose::WatchAction, u64::from(id.0)));
        session.end + HOUR + Span::from_us((draw * HOUR.us() as f64) as u64)
    })
}

/// When the client of a session says that it leaves, if it manages to. `rules` are those of its instance at its first heartbeat.
pub fn leave_time(cell: &Cell, id: SessionId, rules: &Rules) -> Option<Time> {
    says_leaving(cell.seed, id, rules).then(|| cell.sessions[id.index()].end)
}

/// When background job `number` of an entry comes, if it does; the one before it came at `last` (at the start, for the first).
pub fn background_time(cell: &Cell, entry: u32, number: u32, last: Time) -> Option<Time> {
    let name = fold(&[u64::from(entry), u64::from(number)]);
    let step = || exponential(&mut cell.seed.stream(Purpose::Background, name));
    cell.other.background[entry as usize].jobs.next(number, last, step)
}

/// How long a receiver of background job `number` of an entry waits before it fetches what it links to, if it does: uniform
/// over whole microseconds.
pub fn preview_delay(cell: &Cell, entry: u32, number: u32, receiver: InstanceId) -> Option<Span> {
    let Preview { share_ppm, within, .. } = cell.other.background[entry as usize].preview?;
    let name = fold(&[entry, number, receiver.0].map(u64::from));
    let mut draws = cell.seed.stream(Purpose::Preview, name);
    let fetches = unit(&mut draws) * 1e6 < f64::from(share_ppm);
    fetches.then(|| Span::from_us((unit(&mut draws) * within.us() as f64) as u64))
}

/// How long after a heartbeat the client of a session sends the next one. Its instance, whose rules these are, told it to come after `told`: it comes no
/// earlier than it would anyway. One that is told nothing, or gets no answer, comes when it would.
pub fn heartbeat_interval(session: &Session, rules: &Rules, told: Option<Span>) -> Span {
    session.heartbeat.unwrap_or(rules.parameters.heartbeat).max(told.unwrap_or_default())
}

/// CPU time that a heartbeat takes an instance: none where cores are not limited, and none without queues, where nothing takes any.
pub fn heartbeat_work(cell: &Cell, instance: InstanceId) -> Span {
    let instance = &cell.federation.instances[instance.index()];
    let is_limited = instance.capacity.cores.is_some() && cell.delivery.queues != Queues::Unlimited;
    if is_limited { instance.receiving.heartbeat } else { Span::ZERO }
}

/// What clients send to their own instances in a run that ends at `end`, and in which some doors were seen.
pub fn doors(
    cell: &Cell,
    timetable: &Timetable,
    end: Time,
    seen: &BTreeMap<InstanceId, SeenDoor>,
) -> Vec<Door> {
    heartbeats::doors((&cell.sessions, cell.seed), &cell.federation, &cell.names, timetable, (end, seen))
}

/// When all is over that is planned to end: the last session, the last lie, and what the background does not go on doing.
pub fn last_planned(cell: &Cell) -> Time {
    let sessions = cell.sessions.iter().map(|session| session.end);
    // a sample at the instant of the last job finds it still to come
    const NEXT: Span = Span::from_ns(1);
    let background =
        cell.other.background.iter().filter_map(|entry| entry.jobs.last()).map(|last| last + NEXT);
    let lies = cell.lies.iter().map(|lie| lie.until);
    sessions.chain(background).chain(lies).max().unwrap_or_default()
}
