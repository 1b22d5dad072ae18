//! What is measured in one replication of a setting. Means over samples are means over time.

use crate::cell::Cell;
use crate::event::{Event, Message};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::activity::Kind;
use crate::mechanism::transport::TransportBytes;
use crate::metrics::aggregates::Aggregates;
use crate::metrics::traffic::Direction;
use crate::metrics::{Collector, Observed};
use crate::observe::{AnswerEnd, Observer, QueueSample, RunOutcome};
use crate::sim;
use std::sync::atomic::AtomicBool;

pub(super) const VIDEO: VideoId = VideoId(0);
pub(super) const ORIGIN: InstanceId = InstanceId(0);
/// Traffic is summed in buckets of this width. Windows begin at a multiple of it.
pub(super) const BUCKET: Span = Span::from_secs(60);

/// The measurements of one replication.
pub struct Run {
    /// The primaries of all records.
    pub observed: Observed,
    /// By session: the times of its first and last heartbeat.
    heartbeats: Vec<Option<(Time, Time)>>,
    /// Heartbeats in the window.
    beats: u64,
    /// Ticks of the origin in the window.
    ticks: u64,
    /// The sum of the totals that it sent in the window, each counted once per follower.
    totals: u64,
    received_ages: Ages,
    followers: u64,
    from_s: u64,
    end_s: u64,
}

/// A sum of ages.
#[derive(Clone, Copy, Default)]
struct Ages {
    sum_us: u64,
    count: u64,
}

/// Measures the primaries of the records, and what no record holds.
struct Meter<'a> {
    collector: Collector<'a>,
    from: Time,
    heartbeats: Vec<Option<(Time, Time)>>,
    beats: u64,
    ticks: u64,
    totals: u64,
    /// By instance: when the newest total was built that took effect there.
    newest_total: Vec<Option<Time>>,
    /// The ages of these at samples, whether they are still displayed or not.
    received_ages: Ages,
}

impl Observer for Meter<'_> {
    fn event(&mut self, now: Time, event: &Event) {
        match *event {
            Event::Heartbeat { session, .. } => {
                let seen = &mut self.heartbeats[session.index()];
                *seen = Some((seen.map_or(now, |(first, _)| first), now));
                self.beats += u64::from(now >= self.from);
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

    fn left(&mut self, now: Time, message: &Message, transport: &TransportBytes) {
        self.collector.left(now, message, transport);
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.collector.delivered(now, message);
    }

    fn answered(&mut self, at: Time, message: &Message, bytes: u64, end: AnswerEnd) {
        self.collector.answered(at, message, bytes, end);
    }

    fn processed(&mut self, now: Time, message: &Message) {
        self.collector.processed(now, message);
        if message.kind == Kind::Total {
            self.newest_total[message.to.index()] = Some(message.activity.built);
        }
    }

    fn sample(&mut self, now: Time, number: u32, instances: &[Instance], queues: &[QueueSample]) {
        self.collector.sample(now, number, instances, queues);
        for built in self.newest_total.iter().flatten() {
            self.received_ages.sum_us += now.since(*built).us();
            self.received_ages.count += 1;
        }
    }
}

impl Run {
    /// Runs a cell, measured from `from_s` to `end_s`.
    pub(super) fn measure(cell: &Cell, from_s: u64, end_s: u64) -> Run {
        let instances = cell.federation.instances.len();
        let mut meter = Meter {
            collector: cell.collector(),
            from: Time::ZERO + Span::from_secs(from_s),
            heartbeats: vec![None; cell.sessions.len()],
            beats: 0,
            ticks: 0,
            totals: 0,
            newest_total: vec![None; instances],
            received_ages: Ages::default(),
        };
        let ending = sim::run(cell, &mut meter, &AtomicBool::new(false));
        let RunOutcome::Done(end) = ending.outcome else { panic!("it ended with {:?}", ending.outcome) };
        let Meter { collector, heartbeats, beats, ticks, totals, received_ages, .. } = meter;
        let observed = collector.finish(end, &ending, Aggregates::default());
        let followers = instances as u64 - 1;
        Run { observed, heartbeats, beats, ticks, totals, received_ages, followers, from_s, end_s }
    }

    /// Samples of the true count of viewers.
    pub fn watching(&self) -> Vec<u32> {
        let counters = &self.observed.counters;
        (0..counters.samples()).map(|sample| counters.watching(VIDEO, sample)).collect()
    }

    /// Samples of the display at an instance.
    pub fn shown(&self, instance: usize) -> Vec<u32> {
        let counters = &self.observed.counters;
        let shown = |sample| counters.displayed(VIDEO, InstanceId::at(instance), sample);
        (0..counters.samples()).map(|sample| shown(sample).expect("nobody is down")).collect()
    }

    /// The times of the samples.
    pub fn at_s(&self) -> impl Iterator<Item = f64> + '_ {
        self.observed.counters.at_ns.iter().map(|&ns| Span::from_ns(ns).secs_f64())
    }

    /// Mean true viewers.
    pub fn true_viewers(&self) -> f64 {
        mean(&self.watching())
    }

    /// Mean of (true viewers - 1)^2: their variance where their mean is 1.
    pub fn variance_about_one(&self) -> f64 {
        let squares = self
            .watching()
            .iter()
            .map(|&count| (f64::from(count) - 1.0) * (f64::from(count) - 1.0))
            .sum::<f64>();
        squares / self.watching().len() as f64
    }

    /// Share of samples in which nobody watches.
    pub fn nobody_share(&self) -> f64 {
        zero_share(&self.watching())
    }

    /// Heartbeats in the window, per second.
    pub fn heartbeats_per_s(&self) -> f64 {
        self.beats as f64 / (self.end_s - self.from_s) as f64
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

    /// Mean display at the origin less the mean of true viewers.
    pub fn origin_bias(&self) -> f64 {
        self.origin_display() - self.true_viewers()
    }

    /// Mean display at the origin divided by mean true viewers.
    pub fn origin_ratio(&self) -> f64 {
        self.origin_display() / self.true_viewers()
    }

    /// Mean display at the origin in every second sample from number `first` on.
    pub fn every_second_display(&self, first: usize) -> f64 {
        mean(&self.shown(0).iter().skip(first).step_by(2).copied().collect::<Vec<_>>())
    }

    /// Requests that begin in the window, per second.
    pub fn messages_per_s(&self) -> f64 {
        self.requests(|_| true) as f64 / (self.end_s - self.from_s) as f64
    }

    /// Views per session that the viewer's own instance sends.
    pub fn views_per_session(&self) -> f64 {
        self.requests(|kind| kind == Kind::Viewer) as f64 / self.heartbeats.len() as f64
    }

    /// Mean time from the first to the last heartbeat of a session.
    pub fn last_heartbeat_s(&self) -> f64 {
        let offset = |seen: &Option<(Time, Time)>| {
            let (first, last) = seen.expect("each session has a heartbeat");
            last.since(first).secs_f64()
        };
        self.heartbeats.iter().map(offset).sum::<f64>() / self.heartbeats.len() as f64
    }

    /// Mean time for which the first follower displays one of its own viewers.
    pub fn own_entry_s(&self) -> f64 {
        let every_s = Span::from_ns(self.observed.counters.every_ns).secs_f64();
        let shown: u64 = self.shown(1).iter().map(|&count| u64::from(count)).sum();
        shown as f64 * every_s / self.heartbeats.len() as f64
    }

    /// Mean total at a tick of the origin. A tick that sends none counts as 0.
    pub fn total(&self) -> f64 {
        self.totals as f64 / self.followers as f64 / self.ticks as f64
    }

    /// Mean age of the newest total that followers received, displayed or not.
    pub fn total_age_s(&self) -> f64 {
        self.received_ages.sum_us as f64 / 1e6 / self.received_ages.count as f64
    }

    /// Mean age of the totals that followers display.
    pub fn shown_total_age_s(&self) -> f64 {
        self.observed.staleness.sum_us as f64 / 1e6 / self.observed.staleness.count as f64
    }

    /// Share of samples in which followers display 0.
    pub fn zero_share(&self) -> f64 {
        (1..=self.followers as usize).map(|at| zero_share(&self.shown(at))).sum::<f64>()
            / self.followers as f64
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

fn zero_share(counts: &[u32]) -> f64 {
    counts.iter().filter(|&&count| count == 0).count() as f64 / counts.len() as f64
}
