//! Eligibility: which requests can be computed without events, by the instances at their ends. It follows from the cell alone.
//!
//! | term | condition (`∧` and, `∨` or, `¬` not) | what it allows |
//! |---|---|---|
//! | uncontended receiver | `H ∧ U ∧ ¬V ∧ ¬T ∧ ¬W ∧ ¬G ∧ ¬N ∧ ¬K ∧ ¬P ∧ ¬B ∧ (S ∨ D) ∧ (¬O ∨ ¬Q) ∧ L ∧ F ∧ ¬A` | its answer times are known in advance; what it displays of others' videos is replayed |
//! | contended receiver | `Q ∧ ¬uncontended receiver ∧ (both links unlimited) ∧ one inbox worker ∧ H ∧ S ∧ ¬O ∧ L ∧ ¬A` | its steps wait in its calendar |
//! | uncontended sender | `U ∧ S ∧ R` | its requests wait for job slots only: whole jobs are computed |
//! | contended sender | `¬uncontended sender` | its requests wait for its cores or links too, or may be made again |
//! | ends without event | `S ∧ R ∧ L` | the last request of a job makes one event for all of them |
//! | order-insensitive | inbox takes no time `∧` no rate limit `∧` store is a list `∧` no one accepts totals, nor views in them, nor records `∧` no own viewers `∧` a forwarded Viewer stays one | arrivals are counted instead of sorted |
//!
//! - `Q`: deliveries are queued, `queues ≠ unlimited`.
//! - `H`: it has a host of its own, with one inbox.
//! - `U`: nothing waits at its stations, `¬Q ∨` cores, uplink and downlink are unlimited.
//! - `V`: JSON-LD verification takes no time, `Q ∧ verify + json_ld_verify = 0`. Then its order at one instant matters.
//! - `T`: its own viewers depend on the totals it receives: `Q ∧` keyed store `∧` totals accepted `∧` own viewers. Without queues
//!   what it receives about videos that its own viewers watch reaches it in the run, too (`echoes`).
//! - `W`: its own viewers change the numbers of views that it displays beside the Updates that it receives: `own-count ∧` own viewers.
//! - `G`: when it sends its own viewers again depends on the totals it receives, which take them off its list, but out of its memory only later:
//!   list `∧` totals accepted `∧` viewers sent singly `∧` re-federation age > lifetime `∧` own viewers.
//! - `N`: it hears a false `result` of somebody who is not the origin of the video.
//! - `K`: it takes counts that answers carry (`count_on_reply`, `pull`), which come when its own requests end.
//! - `P`: it tells clients when to come (`hints ∧` own viewers), by who has not expired at its ticks.
//! - `B`: somebody sends batches, now or after an upgrade: a replay knows one activity by message.
//! - `S`: its process neither stops nor restarts. `D`: it is stopped from the start.
//! - `O`: it owns a video, so it sends on what it receives about that; with queues, that waits behind what it receives about others.
//! - `A`: it asks back what it receives makes it ask (`after_updates`, a `preview`; with `first_contact` everybody does), so that what it receives decides what it sends.
//! - `R`: each request is made once and on a new connection, `¬Q ∨` (PeerTube queues `∧ attempts = 1 ∧` no breaker `∧` no keep-alive).
//! - `F`: it receives with the figures of the delivery (one inbox worker, no ban), and refuses nothing but for the rate: no fault
//!   makes it, and no `Date` can be outside of its window.
//! - `L`: every message takes time, minimal latency `> 0`; and no sender heeds who speaks (`health: unavailable-days` and
//!   `suspended`), which asks for every arrival at its time. For senders only the first holds.

use crate::cell::Cell;
use crate::domain::asked_back::{AfterUpdates, FirstContact};
use crate::domain::delivery::{Delivery, Health, Queues};
use crate::domain::faults::{Change, Fault, Timetable};
use crate::domain::federation::Instance;
use crate::domain::lies::{Falsehood, Lie};
use crate::domain::protocol::{
    AcceptResult, Batch, CountOnReply, FollowerTotal, FollowerViews, ForwardedViewer, OriginViews, Pull,
    Records, Rules, StoreKind,
};
use crate::domain::receiving::Receiving;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::network::LATENCY_MAX;

/// Why the requests of a job make events. The texts appear in the manifest of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sim) enum Fallback {
    /// The sender is contended.
    Sender,
    /// A receiver is not uncontended.
    Receiver,
    /// The activity is forwarded: each receiver verifies it on its JSON-LD thread, one at a time.
    Forwarded,
    /// The job has a single inbox.
    Single,
}

impl Fallback {
    /// The text in the manifest.
    pub(in crate::sim) fn text(self) -> &'static str {
        match self {
            Fallback::Sender => {
                "the sender is limited, stops, keeps its connections, or makes its requests again or without jobs"
            }
            Fallback::Receiver => "a receiver is limited, stops, or its sends depend on what it receives",
            Fallback::Forwarded => "receivers verify what is forwarded one after another",
            Fallback::Single => "jobs for one inbox",
        }
    }
}

/// The terms of the table above, by `InstanceId`.
pub(in crate::sim) struct Eligibility {
    pub(in crate::sim) is_uncontended_receiver: Vec<bool>,
    pub(in crate::sim) is_contended_receiver: Vec<bool>,
    pub(in crate::sim) is_uncontended_sender: Vec<bool>,
    pub(in crate::sim) ends_without_event: Vec<bool>,
    /// Owns a video.
    pub(in crate::sim) is_origin: Vec<bool>,
    /// Stopped from time zero to the end of the run.
    pub(in crate::sim) is_dead: Vec<bool>,
    /// Whether any session watches there.
    pub(in crate::sim) has_viewers: Vec<bool>,
    pub(in crate::sim) is_order_insensitive: Vec<bool>,
    /// Ascending: an uncontended receiver whose own viewers depend on what it receives about a video, and the video.
    echoes: Vec<(VideoId, InstanceId)>,
}

impl Eligibility {
    /// Evaluates the table for a cell.
    pub(in crate::sim) fn new(cell: &Cell, timetable: &Timetable) -> Eligibility {
        let instances = &cell.federation.instances;
        let count = instances.len();
        let mut eligibility = Eligibility {
            is_uncontended_receiver: vec![false; count],
            is_contended_receiver: vec![false; count],
            is_uncontended_sender: vec![false; count],
            ends_without_event: vec![false; count],
            is_origin: vec![false; count],
            is_dead: vec![false; count],
            has_viewers: vec![false; count],
            is_order_insensitive: vec![false; count],
            echoes: Vec::new(),
        };
        let videos = cell.federation.videos.iter();
        videos.for_each(|video| eligibility.is_origin[video.origin.index()] = true);
        let asks_back = asking(cell);
        cell.sessions.iter().for_each(|session| eligibility.has_viewers[session.instance.index()] = true);
        let mut changes = vec![Vec::new(); count];
        for (at, id, change) in timetable.changes() {
            changes[id.index()].push((at, change));
        }
        let is_unlimited = cell.delivery.queues == Queues::Unlimited;
        let takes_time = takes_time(cell);
        let Receiving { inbox, rate_limit, verify, json_ld_verify, .. } = cell.delivery.receiving;
        let needs_no_order = inbox == Span::ZERO && rate_limit.is_none();
        let dates = Dates::of(cell, timetable);
        let shares_host = sharing(instances);
        let hears_more = hearing(cell);
        let some_batch = batches(cell);
        for (index, instance) in instances.iter().enumerate() {
            let capacity = instance.capacity;
            let is_unbounded = is_unlimited
                || (capacity.cores, capacity.uplink_bits_per_s, capacity.downlink_bits_per_s)
                    == (None, None, None);
            // JSON-LD tasks without duration are ordered by the thread, not by the time of arrival
            let verifies_instantly = !is_unlimited && verify + json_ld_verify == Span::ZERO;
            eligibility.is_dead[index] = changes[index] == [(Time::ZERO, Change::Stop)];
            let keeps_process = changes[index].is_empty();
            let rules = &instance.rules;
            eligibility.is_uncontended_receiver[index] = is_unbounded
                && !verifies_instantly
                && !(eligibility.has_viewers[index] && mixes_own(rules, is_unlimited))
                && (keeps_process || eligibility.is_dead[index])
                && !shares_host[index]
                && refuses_for_rate_only(cell, timetable, InstanceId::at(index), &dates)
                && !asks_back[index]
                && !hears_more[index]
                && !some_batch
                && (is_unlimited || !eligibility.is_origin[index]);
            eligibility.is_contended_receiver[index] = !is_unlimited
                && !eligibility.is_uncontended_receiver[index]
                && (capacity.uplink_bits_per_s, capacity.downlink_bits_per_s) == (None, None)
                && instance.receiving.inbox_workers == 1
                && !shares_host[index]
                && keeps_process
                && !asks_back[index]
                && !eligibility.is_origin[index];
            eligibility.is_order_insensitive[index] =
                needs_no_order && only_adds(rules) && !eligibility.has_viewers[index];
            let makes_jobs = keeps_process && makes_each_request_once(&cell.delivery, rules);
            eligibility.is_uncontended_sender[index] = is_unbounded && makes_jobs;
            eligibility.ends_without_event[index] = makes_jobs && takes_time;
        }
        if !takes_time || heeds_who_speaks(cell) {
            // cause and effect share an instant, or what is received decides what is sent: only the event loop has their order
            eligibility.is_uncontended_receiver.fill(false);
            eligibility.is_contended_receiver.fill(false);
        }
        eligibility.echoes = eligibility.echoes_of(cell);
        eligibility
    }

    /// The receivers of what is about a video whose own viewers of it depend on that.
    pub(in crate::sim) fn echoes(&self, video: VideoId) -> impl Iterator<Item = InstanceId> {
        let first = self.echoes.partition_point(|echo| echo.0 < video);
        self.echoes[first..].iter().take_while(move |echo| echo.0 == video).map(|echo| echo.1)
    }

    /// All of them.
    fn echoes_of(&self, cell: &Cell) -> Vec<(VideoId, InstanceId)> {
        let watched = cell.sessions.iter().map(|session| (session.video, session.instance));
        let depends = |&(video, id): &(VideoId, InstanceId)| {
            let Instance { rules, is_peertube, .. } = &cell.federation.instances[id.index()];
            self.is_uncontended_receiver[id.index()]
                && *is_peertube
                && rules.totals_clear_viewers()
                && cell.federation.origin(video) != id
        };
        let mut echoes: Vec<_> = watched.filter(depends).collect();
        echoes.sort_unstable();
        echoes.dedup();
        echoes
    }

    /// Whether the steps of requests that an instance receives may wait in its calendar.
    pub(in crate::sim) fn is_lazy(&self, id: InstanceId) -> bool {
        self.is_uncontended_receiver[id.index()] || self.is_contended_receiver[id.index()]
    }
}

/// Whether each viewer that an instance receives is an entry more, whatever came before.
fn only_adds(rules: &Rules) -> bool {
    rules.store == StoreKind::List
        && rules.accept_result == AcceptResult::Nobody
        && rules.records == Records::No
        && rules.origin_views != OriginViews::InTotals
        && rules.forwarded_viewer == ForwardedViewer::Viewer
}

/// Conditions `T`, `W`, `G` and `P`, but for own viewers.
fn mixes_own(rules: &Rules, is_unlimited: bool) -> bool {
    rules.totals_clear_viewers() && !is_unlimited
        || rules.follower_views == FollowerViews::OwnCount
        || remembers_cleared_viewers(rules)
        || rules.parameters.hints.is_some()
}

/// Whether a viewer whom a total has taken off the list would be sent again at another time if none had come: one in no list is never cleaned, and
/// one in the list when it has expired, which matters only before it is to be sent again.
fn remembers_cleared_viewers(rules: &Rules) -> bool {
    rules.store == StoreKind::List
        && rules.accept_result != AcceptResult::Nobody
        && rules.follower_total == FollowerTotal::No
        && rules.parameters.refederation_age > rules.parameters.lifetime
}

/// Condition `R`.
fn makes_each_request_once(delivery: &Delivery, rules: &Rules) -> bool {
    delivery.queues == Queues::Unlimited
        || delivery.queues == Queues::Peertube
            && delivery.retry.attempts == 1
            && delivery.breaker.is_none()
            && delivery.keep_alive.idle(rules).is_none()
}

/// Whether a destination that is left out comes back when it speaks.
fn heeds_who_speaks(cell: &Cell) -> bool {
    matches!(cell.delivery.health, Health::UnavailableDays | Health::Suspended)
        && cell.delivery.queues != Queues::Unlimited
}

/// Condition `A`: who asks back.
fn asking(cell: &Cell) -> Vec<bool> {
    if cell.other.asked_back.first_contact == FirstContact::Requests {
        return vec![true; cell.federation.instances.len()];
    }
    let after_updates =
        cell.other.update_every.is_some() && cell.other.asked_back.after_updates == AfterUpdates::Requests;
    let instances = cell.federation.instances.iter();
    let mut asks: Vec<bool> = instances.map(|instance| after_updates && instance.is_peertube).collect();
    for entry in cell.other.background.iter().filter(|entry| entry.preview.is_some()) {
        match &entry.to {
            Some(some) => some.iter().for_each(|id| asks[id.index()] = true),
            None => asks.fill(true),
        }
    }
    asks
}

/// Conditions `N` and `K`: who hears false results, or takes counts from answers.
fn hearing(cell: &Cell) -> Vec<bool> {
    let instances = cell.federation.instances.iter();
    let takes_counts = |rules: &Rules| rules.count_on_reply == CountOnReply::Yes || rules.pull == Pull::Yes;
    let mut hears: Vec<bool> = instances.map(|instance| takes_counts(&instance.rules)).collect();
    let tells = |lie: &&Lie| matches!(lie.what, Falsehood::Result { .. });
    let hearers = cell.lies.iter().filter(tells).flat_map(|lie| lie.hearers(&cell.federation));
    hearers.for_each(|id| hears[id.index()] = true);
    hears
}

/// Condition `B`.
fn batches(cell: &Cell) -> bool {
    cell.spoken().any(|rules| rules.batch == Batch::Yes)
}

/// Which instances share a host with others.
fn sharing(instances: &[Instance]) -> Vec<bool> {
    let mut shares = vec![false; instances.len()];
    for (index, instance) in instances.iter().enumerate().filter(|(index, of)| of.host.index() != *index) {
        (shares[index], shares[instance.host.index()]) = (true, true);
    }
    shares
}

/// What all instances have in common when a `Date` is looked at.
struct Dates {
    /// How old one can be by a clock that is right.
    oldest: Span,
    /// The clocks that are the least and the most ahead.
    ahead: [Span; 2],
}

impl Dates {
    fn of(cell: &Cell, timetable: &Timetable) -> Dates {
        let added = |fault: &Fault| match fault {
            Fault::Latency { added, .. } => added.ns(),
            _ => 0,
        };
        let added_ns = cell.faults.iter().map(added).fold(0, u64::saturating_add);
        let added = Span::from_ns(added_ns.min(LATENCY_MAX.ns()));
        let ahead = (0..cell.federation.instances.len()).map(|id| timetable.clock_ahead(InstanceId::at(id)));
        Dates {
            // a request leaves before its time-out and has one latency more
            oldest: cell.delivery.timeout + cell.network.latency_max() + added,
            ahead: [ahead.clone().min().unwrap_or_default(), ahead.max().unwrap_or_default()],
        }
    }
}

/// Condition `F`.
fn refuses_for_rate_only(cell: &Cell, timetable: &Timetable, id: InstanceId, dates: &Dates) -> bool {
    let receiving = cell.federation.instances[id.index()].receiving;
    let (ahead, [least, most]) = (timetable.clock_ahead(id), dates.ahead);
    let is_in_window = receiving.signature_window.is_none_or(|window| {
        span_less(ahead, least) + dates.oldest <= window.old && span_less(most, ahead) <= window.ahead
    });
    let is_of_delivery = receiving == cell.delivery.receiving && receiving.inbox_workers == 1;
    is_of_delivery && receiving.ban.is_none() && !timetable.ever_refuses(id) && is_in_window
}

/// How much longer one time is than another; zero if it is not.
fn span_less(one: Span, other: Span) -> Span {
    Span::from_ns(one.ns().saturating_sub(other.ns()))
}

/// Condition `L`: whether every message arrives later than it was sent.
fn takes_time(cell: &Cell) -> bool {
    cell.network.latency_min() > Span::ZERO
}
