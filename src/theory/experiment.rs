//! One setting of a small federation, its replications, and what is measured in each.
//!
//! Instance 0 owns the video, all others follow it. Arrivals and loss are drawn anew in every replication, and so are
//! the tick phases: the closed forms average over them. Plain views are off, since no row counts them.

use super::formulas::Theory;
use crate::cell::{Cell, Sampling};
use crate::domain::arrivals::Arrivals;
use crate::domain::delivery::Delivery;
use crate::domain::federation::{Federation, Follows, Instance as InstanceSpec, Video};
use crate::domain::other_traffic::OtherTraffic;
use crate::domain::protocol::{PlainViews, Rules};
use crate::domain::watch::Watch;
use crate::domain::workload::{Crowd, Scripted, Source, Spread, sessions};
use crate::event::{Event, Message};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::random::{Purpose, Seed};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::activity::Kind;
use crate::mechanism::network::{Latency, NetworkModel};
use crate::mechanism::wire::{EPOCH_UNIX_MS, Host, Names, SESSION_ID_LENGTH, VideoNames};
use crate::metrics::aggregates::Aggregates;
use crate::metrics::traffic::Direction;
use crate::metrics::{Collector, Observed};
use crate::observe::{Observer, QueueSample, RunOutcome};
use crate::scenario::End;
use crate::sim;
use rand::RngExt;
use rayon::prelude::*;
use std::sync::atomic::AtomicBool;

const VIDEO: VideoId = VideoId(0);
const ORIGIN: InstanceId = InstanceId(0);
/// Traffic is summed in buckets of this width; windows begin at a multiple of it.
const BUCKET: Span = Span::from_secs(60);
/// After the last arrival everybody has expired within this time after they have left ...
const EXPIRED_AFTER: Span = Span::from_secs(1_000);
/// ... and left within so many mean watch times, but for one in e^10.
const WATCH_TIMES: u64 = 10;

/// Everything that decides the replications.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The protocol, everywhere.
    pub rules: Rules,
    /// Instances beside the origin.
    pub followers: usize,
    /// Who watches.
    pub viewers: Viewers,
    /// How long the drawn viewers watch.
    pub watch: Watch,
    /// The latency of every link.
    pub latency: Latency,
    /// The share of messages lost on every link, in millionths.
    pub loss_ppm: u32,
    /// What is measured begins here: a multiple of `BUCKET`.
    pub from_s: u64,
    /// Nobody comes after this.
    pub end_s: u64,
    /// When it ends and is sampled.
    pub window: Window,
    /// The number of replications.
    pub replications: u32,
}

/// Who watches.
#[derive(Clone, Debug)]
pub enum Viewers {
    /// Poisson arrivals, per second: at the origin, then at each follower.
    Poisson(Vec<f64>),
    /// These, in every replication.
    Scripted(Vec<Scripted>),
}

/// When a replication ends and is sampled.
#[derive(Clone, Copy, Debug)]
pub enum Window {
    /// Sampled so often from `from_s` on, up to `end_s`.
    Steady(Span),
    /// The same until everybody has left and expired.
    UntilIdle(Span),
    /// Up to `end_s`, alternately 30 s and 90 s after each tick of the origin.
    AfterTicks,
}

/// What was seen in one replication.
pub struct Run {
    /// The primaries that every record is made of.
    pub observed: Observed,
    /// When the first heartbeat of each session was, and the last.
    heartbeats: Vec<Option<(Time, Time)>>,
    /// Ticks of the origin in the window.
    ticks: u64,
    /// The totals that it sent then, each counted once per follower.
    totals: u64,
    shown_ages: Ages,
    followers: u64,
    from_s: u64,
    end_s: u64,
}

/// Ages of totals, summed.
#[derive(Clone, Copy, Default)]
struct Ages {
    sum_us: u64,
    count: u64,
}

impl Setting {
    /// Rules without plain views at the given rates, until `end_s`, measured from `from_s`.
    pub fn poisson(rules: Rules, rates_per_s: &[f64], from_s: u64, end_s: u64) -> Setting {
        Setting {
            rules: Rules { plain_views: PlainViews::None, ..rules },
            followers: rates_per_s.len() - 1,
            viewers: Viewers::Poisson(rates_per_s.to_vec()),
            watch: Watch::Exponential { mean: Span::from_secs(300) },
            latency: Latency::Constant(Span::from_ms(100)),
            loss_ppm: 0,
            from_s,
            end_s,
            window: Window::Steady(Span::from_secs(13)),
            replications: 100,
        }
    }

    /// Rules without plain views for these visits, sampled every second from 0.5 s on.
    pub fn scripted(rules: Rules, followers: usize, visits: Vec<Scripted>, end_s: u64) -> Setting {
        let rates = vec![0.0; followers + 1];
        let window = Window::Steady(Span::from_secs(1));
        let viewers = Viewers::Scripted(visits);
        Setting { viewers, window, ..Setting::poisson(rules, &rates, 0, end_s) }
    }

    /// The parameters that the formulas see.
    pub fn theory(&self) -> Theory {
        let parameters = &self.rules.parameters;
        let delay = match self.latency {
            Latency::Constant(delay) => delay,
            Latency::Uniform { min, max } => Span::from_ns((min.ns() + max.ns()) / 2),
            _ => panic!("a latency whose mean the settings do not need"),
        };
        Theory {
            rates_per_s: match &self.viewers {
                Viewers::Poisson(rates) => rates.clone(),
                Viewers::Scripted(_) => vec![0.0; self.followers + 1],
            },
            watch_s: self.watch.mean().secs_f64(),
            heartbeat_s: parameters.heartbeat.secs_f64(),
            refederation_age_s: parameters.refederation_age.secs_f64(),
            lifetime_s: parameters.lifetime.secs_f64(),
            tick_s: parameters.tick_interval.secs_f64(),
            delay_s: delay.secs_f64(),
            loss: f64::from(self.loss_ppm) / 1e6,
        }
    }

    /// All replications, on threads, in order.
    pub fn run(&self, seed: u64) -> Vec<Run> {
        let seeds = (0..self.replications).into_par_iter().map(|replication| Seed { seed, replication });
        seeds.map(|seed| self.replication(seed)).collect()
    }

    fn replication(&self, seed: Seed) -> Run {
        let cell = self.cell(seed);
        let mut watcher = Watcher {
            collector: Collector::new(&cell.federation, &cell.sessions, cell.sampling.every, BUCKET),
            from: Time::ZERO + Span::from_secs(self.from_s),
            heartbeats: vec![None; cell.sessions.len()],
            ticks: 0,
            totals: 0,
            newest_total: vec![None; self.followers + 1],
            shown_ages: Ages::default(),
        };
        let ending = sim::run(&cell, &mut watcher, &AtomicBool::new(false));
        let RunOutcome::Done(end) = ending.outcome else { panic!("it ended with {:?}", ending.outcome) };
        let Watcher { collector, heartbeats, ticks, totals, shown_ages, .. } = watcher;
        Run {
            observed: collector.finish(end, &ending, Aggregates::default()),
            heartbeats,
            ticks,
            totals,
            shown_ages,
            followers: self.followers as u64,
            from_s: self.from_s,
            end_s: self.end_s,
        }
    }

    fn cell(&self, seed: Seed) -> Cell {
        let end = Time::ZERO + Span::from_secs(self.end_s);
        let federation = self.federation(seed);
        let interval = self.rules.parameters.tick_interval;
        let phase = |instance: u64| {
            let phase_us = seed.stream(Purpose::TickPhase, instance).random_range(0..interval.us());
            Time::ZERO + Span::from_us(phase_us)
        };
        let tick_phase: Vec<Time> = (0..=self.followers as u64).map(phase).collect();
        Cell {
            sessions: sessions(&[self.crowd()], &federation, seed, end),
            network: NetworkModel {
                latency: self.latency.clone(),
                loss_ppm: self.loss_ppm,
                links: Vec::new(),
            },
            names: Names {
                instances: federation.instances.iter().map(|instance| Host::new(&instance.url)).collect(),
                videos: vec![VideoNames::numbered(VIDEO, ORIGIN)],
                session_id_length: SESSION_ID_LENGTH,
                version: "6.3.0".into(),
                epoch_unix_ms: EPOCH_UNIX_MS,
            },
            seed,
            delivery: Delivery::preset("unlimited").expect("a preset"),
            faults: Vec::new(),
            other: OtherTraffic::default(),
            health_phase: vec![Time::ZERO; self.followers + 1],
            update_phase: vec![Time::ZERO; self.followers + 1],
            sampling: self.sampling(tick_phase[0]),
            end: match self.window {
                Window::UntilIdle(_) => {
                    End::Idle { at_most: end + self.watch.mean() * WATCH_TIMES + EXPIRED_AFTER }
                }
                _ => End::At(end),
            },
            event_limit: u64::MAX,
            tick_phase,
            federation,
        }
    }

    fn federation(&self, seed: Seed) -> Federation {
        let instance = |number| InstanceSpec {
            name: format!("i{number}"),
            url: format!("https://i{number}.example"),
            rules: self.rules,
            is_peertube: true,
            region: 0,
            capacity: Default::default(),
            follows_as: Default::default(),
        };
        Federation {
            instances: (0..=self.followers).map(instance).collect(),
            videos: vec![Video { name: "video".into(), origin: ORIGIN, length: None }],
            followers: Follows::Everybody.lists(self.followers + 1, [ORIGIN], seed),
        }
    }

    fn crowd(&self) -> Crowd {
        let source = match &self.viewers {
            Viewers::Scripted(visits) => Source::Scripted(visits.clone()),
            Viewers::Poisson(rates) => Source::Drawn {
                from: Time::ZERO,
                arrivals: Arrivals::Constant { rate_per_s: rates.iter().sum() },
                watch: self.watch.clone(),
                spread: Spread::Weights((0..).map(InstanceId).zip(rates.iter().copied()).collect()),
                returns: None,
            },
        };
        Crowd { video: VIDEO, source }
    }

    fn sampling(&self, origin_phase: Time) -> Sampling {
        let from = Time::ZERO + Span::from_secs(self.from_s);
        match self.window {
            Window::Steady(every) | Window::UntilIdle(every) => {
                Sampling { from: from + Span::from_ms(500), every, bucket: BUCKET }
            }
            Window::AfterTicks => {
                let interval = self.rules.parameters.tick_interval;
                assert!(from.ns().is_multiple_of(interval.ns()), "whole ticks before the window");
                let first = Span::from_ns(from.ns() + origin_phase.ns()) + Span::from_secs(30);
                Sampling { from: Time::ZERO + first, every: Span::from_secs(60), bucket: BUCKET }
            }
        }
    }
}

/// Notes the library's own primaries, and beside them what no record holds.
struct Watcher<'a> {
    collector: Collector<'a>,
    from: Time,
    heartbeats: Vec<Option<(Time, Time)>>,
    ticks: u64,
    totals: u64,
    /// By instance: when the newest total that it received was built.
    newest_total: Vec<Option<Time>>,
    shown_ages: Ages,
}

impl Observer for Watcher<'_> {
    fn event(&mut self, now: Time, event: &Event) {
        match *event {
            Event::Heartbeat { session, .. } => {
                let seen = &mut self.heartbeats[session.index()];
                *seen = Some((seen.map_or(now, |(first, _)| first), now));
            }
            Event::Tick { instance: ORIGIN, .. } => self.ticks += u64::from(now >= self.from),
            _ => {}
        }
    }

    fn sent(&mut self, now: Time, message: &Message, arrives: Option<Time>) {
        self.collector.sent(now, message, arrives);
        if message.kind == Kind::Total && now >= self.from {
            self.totals += u64::from(message.activity.result.expect("totals carry a count"));
        }
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.collector.delivered(now, message);
    }

    fn processed(&mut self, now: Time, message: &Message) {
        self.collector.processed(now, message);
        if message.kind == Kind::Total {
            self.newest_total[message.to.index()] = Some(message.activity.built);
        }
    }

    fn sample(&mut self, now: Time, number: u32, instances: &[Instance], queues: &[QueueSample]) {
        self.collector.sample(now, number, instances, queues);
        for (instance, built) in instances.iter().zip(&self.newest_total) {
            if let Some(built) = built
                && instance.displayed(VIDEO) > 0
            {
                self.shown_ages.sum_us += now.since(*built).us();
                self.shown_ages.count += 1;
            }
        }
    }
}

/// What claims are about. Means over samples are means over time.
impl Run {
    /// Samples of the truth.
    pub fn watching(&self) -> &[u32] {
        &self.observed.counters.videos[0].watching
    }

    /// Samples of what an instance shows.
    pub fn shown(&self, instance: usize) -> Vec<u32> {
        let shown = &self.observed.counters.videos[0].shown[instance].displayed;
        shown.iter().map(|count| count.expect("nobody is down")).collect()
    }

    /// When the samples were taken, in seconds.
    pub fn at_s(&self) -> impl Iterator<Item = f64> + '_ {
        self.observed.counters.at_ns.iter().map(|&ns| Span::from_ns(ns).secs_f64())
    }

    /// Mean true viewers.
    pub fn true_viewers(&self) -> f64 {
        mean(self.watching())
    }

    /// Mean display at an instance.
    pub fn mean_display(&self, instance: usize) -> f64 {
        mean(&self.shown(instance))
    }

    /// Mean display at the origin.
    pub fn origin_display(&self) -> f64 {
        self.mean_display(0)
    }

    /// Mean display over the followers.
    pub fn follower_display(&self) -> f64 {
        (1..=self.followers as usize).map(|at| self.mean_display(at)).sum::<f64>() / self.followers as f64
    }

    /// Mean display at the origin above the truth.
    pub fn origin_bias(&self) -> f64 {
        self.origin_display() - self.true_viewers()
    }

    /// The origin's display in truths, on the same path.
    pub fn origin_ratio(&self) -> f64 {
        self.origin_display() / self.true_viewers()
    }

    /// Mean display at the origin in every second sample, from the sample `first` on.
    pub fn every_second_display(&self, first: usize) -> f64 {
        mean(&self.shown(0).iter().skip(first).step_by(2).copied().collect::<Vec<_>>())
    }

    /// Requests begun in the window, per second.
    pub fn messages_per_s(&self) -> f64 {
        self.requests(|_| true) as f64 / (self.end_s - self.from_s) as f64
    }

    /// Views from the viewers' own instance, per session.
    pub fn views_per_session(&self) -> f64 {
        self.requests(|kind| kind == Kind::Viewer) as f64 / self.heartbeats.len() as f64
    }

    /// Mean time from the first heartbeat of a session to its last.
    pub fn last_heartbeat_s(&self) -> f64 {
        let offset = |seen: &Option<(Time, Time)>| {
            let (first, last) = seen.expect("each session has a heartbeat");
            last.since(first).secs_f64()
        };
        self.heartbeats.iter().map(offset).sum::<f64>() / self.heartbeats.len() as f64
    }

    /// Mean time for which a viewer of the first follower is shown there.
    pub fn own_entry_s(&self) -> f64 {
        let every_s = Span::from_ns(self.observed.counters.every_ns).secs_f64();
        let shown: u64 = self.shown(1).iter().map(|&count| u64::from(count)).sum();
        shown as f64 * every_s / self.heartbeats.len() as f64
    }

    /// Mean total at a tick of the origin; a tick without one is a total of 0.
    pub fn total(&self) -> f64 {
        self.totals as f64 / self.followers as f64 / self.ticks as f64
    }

    /// Mean age of the newest total that followers have received.
    pub fn total_age_s(&self) -> f64 {
        self.observed.staleness.sum_us as f64 / 1e6 / self.observed.staleness.count as f64
    }

    /// Its mean age while a follower shows something, which is that total where nobody watches at a follower.
    pub fn shown_total_age_s(&self) -> f64 {
        self.shown_ages.sum_us as f64 / 1e6 / self.shown_ages.count as f64
    }

    /// Share of samples in which followers show nothing.
    pub fn zero_share(&self) -> f64 {
        let zero = |at| {
            let shown = self.shown(at);
            shown.iter().filter(|&&count| count == 0).count() as f64 / shown.len() as f64
        };
        (1..=self.followers as usize).map(zero).sum::<f64>() / self.followers as f64
    }

    fn requests(&self, counts: impl Fn(Kind) -> bool) -> u64 {
        let from_ns = Span::from_secs(self.from_s).ns();
        let rows = self
            .observed
            .traffic
            .iter()
            .filter(|row| row.direction == Direction::Out && row.start_ns >= from_ns && counts(row.kind));
        rows.map(|row| row.sums.messages).sum()
    }
}

fn mean(counts: &[u32]) -> f64 {
    counts.iter().map(|&count| u64::from(count)).sum::<u64>() as f64 / counts.len() as f64
}
