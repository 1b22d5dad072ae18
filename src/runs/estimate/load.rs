//! What a column of a scenario loads a simulation with: messages, events, and bytes under way.

use crate::domain::asked_back::{AfterUpdates, FetchOrder, FirstContact};
use crate::domain::crowd::Source;
use crate::domain::delivery::{Delivery, Queues};
use crate::domain::faults::Fault;
use crate::domain::lies::{Falsehood, Lie};
use crate::domain::other_traffic::Background;
use crate::domain::protocol::{Forward, OwnViewers, PlainViews, Pull, Records, Rules};
use crate::foundation::ids::InstanceId;
use crate::foundation::random::Seed;
use crate::foundation::units::Span;
use crate::mechanism::activity::FetchReason;
use crate::mechanism::network::{LATENCY_MAX, Latency};
use crate::runs::EngineChoice;
use crate::runs::cell::{CellPlan, build_cell_without_sessions};
use crate::runs::estimate::attendance;
use crate::scenario::{Scenario, Variant};
use crate::sim::broadcasts_without_events;
use std::collections::BTreeMap;

/// Bytes of a message under way: a pending event, in a heap that grows by doubling.
const IN_FLIGHT_BYTES: f64 = 200.0;
/// Bytes of an entry that a message leaves at its receiver, in a list that grows by doubling.
const ENTRY_BYTES: f64 = 24.0;
/// Bytes of a job that waits in a queue.
const JOB_BYTES: f64 = 200.0;
/// Bytes of a destination of a job with a queue per destination.
const DESTINATION_BYTES: f64 = 40.0;
/// Events of a request: it begins, passes two links, is answered, times out, is worked on.
const REQUEST_EVENTS: f64 = 6.0;
/// Bytes of a change of an instance's state that faults make.
const OUTAGE_BYTES: f64 = 64.0;
/// Bytes of a message that makes no events, under way to an inbox or waiting there, in lists that grow by doubling.
const EVENTLESS_BYTES: f64 = 80.0;

/// What one cell has to do.
pub(super) struct Load {
    pub(super) messages: f64,
    /// Messages that make no events.
    pub(super) messages_without_events: f64,
    /// Heartbeats, ticks and what requests take.
    pub(super) events: f64,
    /// The most ticks or background jobs of one instance or heartbeats of one session.
    pub(super) numbers: f64,
    /// Bytes of jobs that wait, of messages under way, and of what they leave at their receivers until it expires.
    pub(super) message_bytes: f64,
}

impl Load {
    pub(super) fn of(scenario: &Scenario, variant: usize, engine: EngineChoice) -> Load {
        let column = &scenario.compare[variant];
        let (rules, delivery) = (all_rules(column), &column.delivery);
        let end = scenario.end.latest();
        let duration_s = end.ns() as f64 / 1e9;
        let spans = |read: fn(&Rules) -> Span| rules.iter().map(move |(_, rules)| read(rules).secs_f64());
        let least = |read| spans(read).fold(f64::INFINITY, f64::min);
        let heartbeat_s = least(|rules| rules.parameters.heartbeat);
        let tick_s = least(|rules| rules.parameters.tick_interval);
        let age_s = least(|rules| rules.parameters.refederation_age);
        let beat_s = |own: Option<Span>| own.map_or(heartbeat_s, Span::secs_f64);
        let heartbeats = attendance::heartbeats(scenario, &beat_s);
        let sendings = attendance::heartbeats(scenario, &|own| beat_s(own).max(age_s));
        let sessions = attendance::sessions(scenario, end);
        let instances = column.rules.len() as f64;
        let followers = attendance::followers(scenario);
        let floods = rules
            .iter()
            .any(|(_, rules)| rules.own_viewers == OwnViewers::Each || rules.forward != Forward::Never);
        let plain = rules.iter().any(|(_, rules)| rules.plain_views == PlainViews::Each);
        let ticks = duration_s / tick_s + 1.0;
        let totals = ticks * attendance::active_videos(scenario).len() as f64
            + attendance::heartbeats_of_catalogues(scenario, tick_s);
        let other = Other::of(scenario, sessions);
        let lies = Lies::of(scenario, &rules, sendings);
        let records = records(scenario, &rules, (sessions, totals), followers);
        let broadcasts = if floods { sendings + lies.views } else { 0.0 }
            + if plain { sessions } else { 0.0 }
            + totals
            + records
            + other.broadcasts;
        let unicasts = sendings + if plain { sessions } else { 0.0 } + other.unicasts;
        let unicasts = unicasts + lies.views + lies.results * followers;
        let tries = tries(scenario, variant);
        let messages = (broadcasts * followers + unicasts) * tries + other.gets(scenario, sessions, &rules);
        let changes = changes(&column.faults, duration_s);
        let kept_s = spans(Rules::longest_kept).fold(0.0, f64::max)
            + spans(|rules| rules.parameters.tick_interval).fold(0.0, f64::max);
        let busiest = attendance::busiest(scenario);
        let at_once = |time_s: f64| (busiest * time_s / duration_s).min(1.0);
        let eventless = match engine {
            EngineChoice::Plain | EngineChoice::Live => 0.0,
            EngineChoice::Fast => {
                share_without_events(scenario, variant, messages / followers.max(1.0) * busiest / duration_s)
            }
        };
        let with_events = messages * (1.0 - eventless);
        // What an inbox cannot work on in time waits there.
        let busy = messages / followers.max(1.0) / duration_s * busiest * inbox_s(scenario, delivery);
        let waiting = 1.0 - 1.0 / busy.max(1.0);
        let under_way = at_once(longest_latency_s(scenario)).max(waiting);
        // A visit that skips what it can has a heartbeat per sending and a few more; it cannot where each takes CPU time or tells when the next one
        // comes. That is never earlier than it would.
        let skips = engine == EngineChoice::Fast && !(heartbeats_work(scenario, delivery) || hint(&rules));
        let heartbeats = if skips { heartbeats.min(sendings + 3.0 * sessions) } else { heartbeats };
        Load {
            messages,
            messages_without_events: messages * eventless,
            events: heartbeats
                + with_events * if is_unlimited(delivery) { 1.0 } else { REQUEST_EVENTS }
                + (ticks + other.flushes) * instances
                + lies.events()
                + changes,
            numbers: ticks
                .max(longest_session(scenario, heartbeat_s))
                .max(other.flushes)
                .max(other.jobs_of_one)
                .max(lies.of_one),
            message_bytes: under_way * with_events * IN_FLIGHT_BYTES
                + under_way * messages * eventless * EVENTLESS_BYTES
                + at_once(kept_s) * with_events * ENTRY_BYTES
                + changes * OUTAGE_BYTES
                + queued_bytes(delivery, broadcasts + unicasts, with_events),
        }
    }
}

/// The rules of a column's instances, at the beginning and after restarts.
fn all_rules(column: &Variant) -> Vec<(InstanceId, &Rules)> {
    let first = column.rules.iter().enumerate().map(|(id, rules)| (InstanceId::at(id), rules));
    let later = column.faults.iter().filter_map(|fault| match fault {
        Fault::Restart { instance, rules: Some(rules), .. } => Some((*instance, rules)),
        _ => None,
    });
    first.chain(later).collect()
}

/// Records of followers that go to all others: a follower says one per tick while a viewer of its own, true or not, has not expired.
/// Totals are those that one instance may say.
fn records(
    scenario: &Scenario,
    rules: &[(InstanceId, &Rules)],
    (sessions, totals): (f64, f64),
    followers: f64,
) -> f64 {
    if rules.iter().all(|(_, rules)| rules.records == Records::No) {
        return 0.0;
    }
    let spans = |read: fn(&Rules) -> Span| rules.iter().map(move |(_, rules)| read(rules).secs_f64());
    let tick_s = spans(|rules| rules.parameters.tick_interval).fold(f64::INFINITY, f64::min);
    let lifetime_s = spans(|rules| rules.parameters.longest_lifetime()).fold(0.0, f64::max);
    let of_sessions = attendance::heartbeats(scenario, &|_| tick_s) + sessions * (lifetime_s / tick_s + 2.0);
    (of_sessions + totals * scenario.lies.len() as f64).min(totals * followers)
}

/// GETs for counts: one in `pull_cache` for each visit at most, and for each video and instance.
fn pulls(scenario: &Scenario, rules: &[(InstanceId, &Rules)]) -> f64 {
    let pulling = rules.iter().filter(|(_, rules)| rules.pull == Pull::Yes);
    let Some(cache) = pulling.map(|(_, rules)| rules.parameters.pull_cache).min() else { return 0.0 };
    let cache_s = cache.secs_f64();
    let times = scenario.end.latest().ns() as f64 / 1e9 / cache_s + 1.0;
    let videos =
        attendance::active_videos(scenario).len() as f64 + attendance::videos_of_catalogues(scenario);
    let of_visits = attendance::heartbeats(scenario, &|_| cache_s);
    of_visits.min(times * videos * scenario.instances.len() as f64)
}

/// Bytes of so many jobs that wait at once, with so many messages.
fn queued_bytes(delivery: &Delivery, jobs: f64, messages: f64) -> f64 {
    match delivery.queues {
        Queues::Unlimited => 0.0,
        Queues::Peertube => jobs * JOB_BYTES,
        Queues::PerDestination | Queues::Workers => jobs * JOB_BYTES + messages * DESTINATION_BYTES,
    }
}

/// The share of messages that make no events; `per_s` are messages per second and inbox when it is busiest.
fn share_without_events(scenario: &Scenario, variant: usize, per_s: f64) -> f64 {
    let column = &scenario.compare[variant];
    let limit = column.delivery.receiving.rate_limit.filter(|_| !is_unlimited(&column.delivery));
    if limit.is_some_and(|limit| per_s * limit.per.secs_f64() > f64::from(limit.requests)) {
        return 0.0;
    }
    let seed = Seed { seed: scenario.seed, replication: 0 };
    let cell = build_cell_without_sessions(scenario, &CellPlan { number: variant, point: 0, variant, seed });
    match broadcasts_without_events(&cell) {
        true if is_unlimited(&column.delivery) => 1.0,
        true => attendance::share_at_origins(scenario),
        false => 0.0,
    }
}

/// What is sent beside Views.
struct Other {
    /// Jobs to all followers.
    broadcasts: f64,
    /// Jobs to one.
    unicasts: f64,
    /// Updates of videos.
    updates: f64,
    /// How often an instance looks for videos to update.
    flushes: f64,
    /// The most background jobs of one instance.
    jobs_of_one: f64,
}

impl Other {
    fn of(scenario: &Scenario, sessions: f64) -> Other {
        let other = &scenario.other;
        let duration_s = scenario.end.latest().ns() as f64 / 1e9;
        let flushes = other.update_every.map_or(0.0, |every| duration_s / every.secs_f64() + 1.0);
        // Only a video that was viewed is updated.
        let videos = scenario.videos.len() as f64 + attendance::videos_of_catalogues(scenario);
        let updates = (flushes * videos).min(sessions);
        let mut jobs = BTreeMap::new();
        for background in &other.background {
            let origin = scenario.videos[background.video.index()].origin;
            *jobs.entry(origin).or_insert(0.0) += background.jobs.expected(scenario.end.latest());
        }
        Other {
            broadcasts: updates + jobs.values().sum::<f64>(),
            unicasts: if other.watch_actions { sessions } else { 0.0 },
            updates,
            flushes,
            jobs_of_one: jobs.values().copied().fold(0.0, f64::max),
        }
    }
}

impl Other {
    /// GETs of those who ask back, where they are requests, and of those who ask for counts.
    fn gets(&self, scenario: &Scenario, sessions: f64, rules: &[(InstanceId, &Rules)]) -> f64 {
        let other = &scenario.other;
        let instances = scenario.instances.len() as f64;
        let count = |asked: FetchReason| FetchOrder::of(asked, true).count as f64;
        let after_updates = match other.asked_back.after_updates {
            AfterUpdates::Requests => self.updates * count(FetchReason::AfterUpdate),
            AfterUpdates::Counted | AfterUpdates::Off => 0.0,
        };
        let first = match other.asked_back.first_contact {
            FirstContact::Requests => {
                let videos = attendance::active_videos(scenario).len() as f64;
                let videos = videos + attendance::videos_of_catalogues(scenario).min(sessions);
                // who signs has viewers or a video
                let signers = instances.min(sessions + videos);
                signers * count(FetchReason::Actor) + videos * count(FetchReason::Video)
            }
            FirstContact::Off => 0.0,
        };
        let preview = |background: &Background| {
            let share = background.preview.map_or(0.0, |preview| f64::from(preview.share_ppm) / 1e6);
            background.jobs.expected(scenario.end.latest()) * share
        };
        let of_each = after_updates + first + other.background.iter().map(preview).sum::<f64>();
        of_each * (instances - 1.0) + pulls(scenario, rules)
    }
}

/// What is sent for lies.
struct Lies {
    /// Views to origins.
    views: f64,
    /// How often results are told, each time to all followers.
    results: f64,
    /// How often one lie is told at most.
    of_one: f64,
}

impl Lies {
    /// Those of a column, where viewers are sent so often in all. Each is told as often all the time as by those of its liar's rules that
    /// tell it most often.
    fn of(scenario: &Scenario, rules: &[(InstanceId, &Rules)], sendings: f64) -> Lies {
        let mut all = Lies { views: 0.0, results: 0.0, of_one: 0.0 };
        for lie in &scenario.lies {
            let Lie { instance, from, until, what, .. } = *lie;
            let of_liar = rules.iter().filter(|(id, _)| *id == instance);
            let every = of_liar.filter_map(|(_, rules)| lie.every(rules)).min();
            let times =
                every.map_or(0.0, |every| until.since(from).secs_f64() / every.secs_f64().max(1e-9) + 1.0);
            match what {
                // all viewers may be the liar's
                Falsehood::Times(times) => all.views += sendings * f64::from(times - 1),
                Falsehood::Result { .. } => all.results += times,
                Falsehood::Viewers(_) | Falsehood::Flood { .. } | Falsehood::Replay { .. } => {
                    all.views += times;
                }
            }
            all.of_one = all.of_one.max(times);
        }
        all
    }

    /// Events in which lies are told.
    fn events(&self) -> f64 {
        self.views + self.results
    }
}

/// Whether heartbeats may take CPU time anywhere.
fn heartbeats_work(scenario: &Scenario, delivery: &Delivery) -> bool {
    !is_unlimited(delivery) && scenario.instances.iter().any(|instance| instance.capacity.cores.is_some())
}

/// Whether answers to heartbeats may tell when the next one comes.
fn hint(rules: &[(InstanceId, &Rules)]) -> bool {
    rules.iter().any(|(_, rules)| rules.parameters.hints.is_some())
}

fn is_unlimited(delivery: &Delivery) -> bool {
    delivery.queues == Queues::Unlimited
}

/// How long the busiest thread of an inbox works on a message at most.
fn inbox_s(scenario: &Scenario, delivery: &Delivery) -> f64 {
    if is_unlimited(delivery) {
        return 0.0;
    }
    let verifies = if attendance::share_at_origins(scenario) < 1.0 {
        delivery.receiving.verify + delivery.receiving.json_ld_verify
    } else {
        Span::ZERO
    };
    delivery.receiving.inbox.max(verifies).secs_f64()
}

/// How often a message is sent on average: as often as allowed to receivers in trouble, once to others.
fn tries(scenario: &Scenario, variant: usize) -> f64 {
    let column = &scenario.compare[variant];
    let instances = scenario.instances.len() as f64;
    let all = |ids: usize| ids as f64 / instances;
    let troubled = |fault: &Fault| match fault {
        Fault::Down { instances, .. } => all(instances.len()),
        Fault::Slow { instances, answer, .. } if *answer >= column.delivery.timeout => all(instances.len()),
        Fault::Dead { of, share_ppm, .. } => all(of.len()) * f64::from(*share_ppm) / 1e6,
        Fault::Outages { of, .. } => all(of.len()),
        Fault::Partition { sides, .. } => all(sides.iter().map(Vec::len).sum()),
        Fault::Loss { to, loss_ppm, .. } => all(to.len()) * f64::from(*loss_ppm) / 1e6,
        Fault::Restart { .. } => all(1),
        Fault::Blocked { by, .. } => all(by.len()),
        Fault::Slow { .. } | Fault::Latency { .. } | Fault::Skew { .. } => 0.0,
    };
    let lost_ppm = scenario.network.links.iter().filter_map(|link| link.loss_ppm);
    let lost_ppm = lost_ppm.fold(scenario.network.loss_ppm, u32::max);
    let share = column.faults.iter().map(troubled).sum::<f64>() + f64::from(lost_ppm) / 1e6;
    1.0 + f64::from(column.delivery.retry.attempts - 1) * share.min(1.0)
}

/// How often instances go down and come back.
fn changes(faults: &[Fault], duration_s: f64) -> f64 {
    let of = |fault: &Fault| match fault {
        Fault::Outages { of, mean_between, mean_duration, .. } => {
            let cycle_s = (*mean_between + *mean_duration).secs_f64();
            2.0 * of.len() as f64 * (duration_s / cycle_s + 1.0)
        }
        Fault::Down { instances, .. } => 2.0 * instances.len() as f64,
        _ => 2.0,
    };
    faults.iter().map(of).sum()
}

/// The most heartbeats that one session can have.
fn longest_session(scenario: &Scenario, heartbeat_s: f64) -> f64 {
    let end = scenario.end.latest();
    let of_crowd = |source: &Source| match source {
        Source::Drawn { .. } => end.ns() as f64 / 1e9 / heartbeat_s,
        Source::Scripted(visits) => {
            let beats = visits.iter().map(|visit| {
                let watch = visit.watch.min(end.since(visit.start));
                watch.secs_f64() / visit.heartbeat.map_or(heartbeat_s, Span::secs_f64)
            });
            beats.fold(0.0, f64::max)
        }
    };
    let of_crowds = scenario.crowds.iter().map(|crowd| of_crowd(&crowd.source));
    let of_laws = if scenario.catalogues.is_empty() { 0.0 } else { end.ns() as f64 / 1e9 / heartbeat_s };
    of_crowds.fold(of_laws, f64::max)
}

/// The mean latency of the slowest law in use.
fn longest_latency_s(scenario: &Scenario) -> f64 {
    let stretched = |median: Span, sigma: f64| median.secs_f64() * libm::exp(sigma * sigma / 2.0);
    let mean_s = |latency: &Latency| match latency {
        Latency::Constant(span) => span.secs_f64(),
        Latency::Uniform { min, max } => (min.secs_f64() + max.secs_f64()) / 2.0,
        Latency::Lognormal { median, sigma } => stretched(*median, *sigma),
        Latency::Places(places) => {
            places.pairs().map(|pair| stretched(pair.median, pair.sigma)).fold(0.0, f64::max)
        }
    };
    let laws = scenario.network.links.iter().filter_map(|link| link.latency.as_ref());
    let slowest_s = laws.chain([&scenario.network.latency]).map(mean_s).fold(0.0, f64::max);
    slowest_s.min(LATENCY_MAX.secs_f64())
}
