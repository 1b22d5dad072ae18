//! The setting of an experiment: a small federation and its crowd, and the cells of its replications.
//!
//! Instance 0 owns the video, all others follow it. Each replication draws arrivals, losses and tick phases anew, because
//! the closed forms average over them. Plain views are off, because no row counts them.

use super::formulas::Theory;
use super::run::{BUCKET, ORIGIN, Run, VIDEO};
use crate::cell::Cell;
use crate::domain::arrivals::Arrivals;
use crate::domain::crowd::{Clients, Crowd, Drawn, Scripted, Source};
use crate::domain::delivery::Delivery;
use crate::domain::federation::{Federation, Follows, Instance as InstanceSpec, Video};
use crate::domain::other_traffic::OtherTraffic;
use crate::domain::protocol::{PlainViews, Rules};
use crate::domain::receiving::Receiving;
use crate::domain::sampling::Sampling;
use crate::domain::spread::Spread;
use crate::domain::watch::Watch;
use crate::domain::workload::sessions;
use crate::foundation::ids::{InstanceId, ListingId};
use crate::foundation::random::{Purpose, Seed};
use crate::foundation::units::{Span, Time};
use crate::mechanism::network::{Latency, NetworkModel};
use crate::mechanism::wire::{EPOCH_UNIX_MS, Host, Names, SESSION_ID_LENGTH, VIDEO_ID_DIGITS, VideoNames};
use crate::scenario::End;
use rand::RngExt;
use rayon::prelude::*;
use std::sync::Arc;

/// All entries have expired so long after the last viewer has left ...
const EXPIRED_AFTER: Span = Span::from_secs(1_000);
/// ... and all viewers but one in e^10 have left after this number of mean watch times.
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
    /// How players report.
    pub clients: Clients,
    /// The latency of every link.
    pub latency: Latency,
    /// The share of messages lost on every link, in millionths.
    pub loss_ppm: u32,
    /// The window of measurement begins here: a multiple of `BUCKET`.
    pub from_s: u64,
    /// The last arrival.
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
    /// The same visits in every replication.
    Scripted(Vec<Scripted>),
}

/// When a replication ends and is sampled.
#[derive(Clone, Copy, Debug)]
pub enum Window {
    /// Samples at this interval from `from_s` up to `end_s`.
    Steady(Span),
    /// Samples at this interval until all viewers have left and expired.
    UntilIdle(Span),
    /// Samples alternately 30 s and 90 s after each tick of the origin, up to `end_s`.
    AfterTicks,
}

impl Setting {
    /// Poisson arrivals under rules without plain views, measured from `from_s` to `end_s`.
    pub fn poisson(rules: Rules, rates_per_s: &[f64], from_s: u64, end_s: u64) -> Setting {
        Setting {
            rules: Rules { plain_views: PlainViews::None, ..rules },
            followers: rates_per_s.len() - 1,
            viewers: Viewers::Poisson(rates_per_s.to_vec()),
            watch: Watch::Exponential { mean: Span::from_secs(300) },
            clients: Clients::default(),
            latency: Latency::Constant(Span::from_ms(100)),
            loss_ppm: 0,
            from_s,
            end_s,
            window: Window::Steady(Span::from_secs(13)),
            replications: 100,
        }
    }

    /// Scripted visits under rules without plain views, sampled every second from 0.5 s on.
    pub fn scripted(rules: Rules, followers: usize, visits: Vec<Scripted>, end_s: u64) -> Setting {
        let rates = vec![0.0; followers + 1];
        let window = Window::Steady(Span::from_secs(1));
        let viewers = Viewers::Scripted(visits);
        Setting { viewers, window, ..Setting::poisson(rules, &rates, 0, end_s) }
    }

    /// The parameters of the formulas.
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
            watch: self.watch.clone(),
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
        Run::measure(&self.cell(seed), self.from_s, self.end_s)
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
            sessions: sessions(&[self.crowd()], &[], &federation, seed, end),
            network: NetworkModel {
                latency: self.latency.clone(),
                loss_ppm: self.loss_ppm,
                links: Vec::new(),
            },
            names: Names {
                instances: federation.instances.iter().map(|instance| Host::new(&instance.url)).collect(),
                videos: vec![VideoNames::numbered(VIDEO, ORIGIN, VIDEO_ID_DIGITS)],
                session_id_length: SESSION_ID_LENGTH,
                version: "6.3.0".into(),
                epoch_unix_ms: EPOCH_UNIX_MS,
            },
            seed,
            delivery: Delivery::preset("unlimited").expect("a preset"),
            faults: Vec::new(),
            lies: Vec::new(),
            other: OtherTraffic::default(),
            health_phase: vec![Time::ZERO; self.followers + 1],
            update_phase: vec![Time::ZERO; self.followers + 1],
            audience: Arc::default(),
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
            host: InstanceId::at(number),
            is_peertube: true,
            region: 0,
            capacity: Default::default(),
            receiving: Receiving::AT_ONCE,
            follows_as: Default::default(),
        };
        Federation::new(
            (0..=self.followers).map(instance).collect(),
            [Video { name: "video".into(), origin: ORIGIN, length: None, listing: ListingId(0) }],
            Follows::Everybody.lists(self.followers + 1, [ORIGIN], seed),
        )
    }

    fn crowd(&self) -> Crowd {
        let source = match &self.viewers {
            Viewers::Scripted(visits) => Source::Scripted(visits.clone()),
            Viewers::Poisson(rates) => Source::Drawn(Drawn {
                from: Time::ZERO,
                arrivals: Arrivals::Constant { rate_per_s: rates.iter().sum() },
                watch: self.watch.clone(),
                spread: Spread::Weights((0..).map(InstanceId).zip(rates.iter().copied()).collect()),
                returns: None,
            }),
        };
        Crowd { video: VIDEO, source, clients: self.clients }
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
