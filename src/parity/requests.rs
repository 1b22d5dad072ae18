//! Decisions outside of instances, request by request: faults, time-outs, rate limits, kept connections, the health of
//! follows, the order of two jobs in a queue, what is asked back, and the end of the run.

use crate::cell::{Cell, preview_delay};
use crate::domain::delivery::Queues;
use crate::domain::faults::Timetable;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, Form, Kind, Stamp, Subject};
use crate::mechanism::network::{Leg, Network};
use crate::observe::{QueueName, RequestOutcome};
use crate::parity::log::{MessageName, Request};
use crate::parity::near::Findings;
use crate::parity::record::Record;
use crate::request::message_name;
use crate::scenario::End;
use std::collections::{BTreeMap, VecDeque};

/// A follow whose health has a lower score is near its end.
const SCORE_LOW: i64 = 100;

/// Finds the near decisions about the requests of a run.
pub(super) fn check_requests(record: &Record, timetable: &Timetable, found: &mut Findings<'_>) {
    let cell = found.cell;
    let regions: Vec<_> = cell.federation.instances.iter().map(|instance| instance.region).collect();
    let mut checks = RequestChecks {
        cell,
        timetable,
        network: Network::new(&cell.network, &regions, cell.seed),
        changes: timetable.changes().into_iter().map(|(at, instance, _)| (instance, at)).collect(),
        found,
    };
    checks.changes.sort_unstable();
    for (name, requests) in record.log.messages() {
        for request in requests {
            if matches!(cell.end, End::At(_)) {
                checks.check_end(name, request);
            }
            if request.begun <= cell.end.latest() {
                checks.check_faults(name, request);
                checks.check_time_out(name, request);
                checks.check_asked_back(name, request);
            }
        }
    }
    let mut links: BTreeMap<(InstanceId, InstanceId), Vec<&Request>> = BTreeMap::new();
    for (name, requests) in record.log.messages() {
        links.entry((name.to, name.from)).or_default().extend(requests);
    }
    for ((to, from), requests) in links {
        checks.check_rate(to, from, &requests);
        checks.check_kept_connections(from, to, &requests);
        checks.check_health(from, to, &requests, record);
    }
    checks.check_queues(record);
}

struct RequestChecks<'a, 'b> {
    cell: &'a Cell,
    timetable: &'a Timetable,
    network: Network,
    /// When processes stop and start.
    changes: Vec<(InstanceId, Time)>,
    found: &'a mut Findings<'b>,
}

impl RequestChecks<'_, '_> {
    /// How long a leg of a message's request takes that begins at a time: drawn and added. None if the network loses it.
    fn latency(&mut self, leg: Leg, name: &MessageName, at: Time) -> Option<Span> {
        let activity = Activity {
            video: name.video,
            author: name.author,
            subject: name.subject,
            result: None,
            views: None,
            built: Time::ZERO,
            expires: None,
            stamp: name.stamp,
            form: Form::V60,
        };
        let hash = message_name(&activity, name.from, name.attempt);
        let drawn = self.network.ways(hash, name.from, name.to).of(leg)?;
        let (from, to) = leg.link((name.from, name.to));
        Some(drawn + self.timetable.added_latency(from, to, at))
    }

    /// Finds a request that begins or arrives near the end of the run.
    fn check_end(&mut self, name: &MessageName, request: &Request) {
        let end = self.cell.end.latest();
        // neither driver sends what a tick or a flush just after the end would send
        let of_exact = name.author == name.from && matches!(name.subject, Subject::Total | Subject::Update);
        let answered = request.answer.map(|answer| answer.0);
        let times =
            [(Some(request.begun), "begins"), (request.delivered, "arrives"), (answered, "is answered")];
        for (at, how) in times {
            let Some(at) = at.filter(|at| at.is_near(end, self.found.margin)) else { continue };
            if at > end && of_exact && request.created > end {
                continue;
            }
            let by = distance(at, end);
            self.found.note(name.from, at, by, || {
                format!("{} {how} near the end of the run", name.describe(&self.cell.federation))
            });
            return;
        }
    }

    /// How far the nearest change of the timetable is, within the margin, across which `holds` changes.
    fn step_near<T: PartialEq>(&self, at: Time, holds: impl Fn(Time) -> T) -> Option<Span> {
        let now = holds(at);
        let (mut step, until) = (at.before(self.found.margin), at + self.found.margin);
        loop {
            if holds(step) != now {
                return Some(distance(step, at));
            }
            step = self.timetable.next_change(step);
            if step > until {
                return None;
            }
        }
    }

    fn check_faults(&mut self, name: &MessageName, request: &Request) {
        let MessageName { from, to, .. } = *name;
        let waits = self.cell.delivery.queues != Queues::Unlimited;
        let left = request.begun + if waits { self.cell.delivery.sign } else { Span::ZERO };
        let timetable = self.timetable;
        let of_leg = |leg: Leg, at| {
            let (from, to) = leg.link((from, to));
            (
                timetable.is_cut(from, to, at),
                timetable.loss_ppm(from, to, at),
                timetable.added_latency(from, to, at),
            )
        };
        let drawn = self.latency(Leg::Request, name, left);
        let mut near = self.step_near(left, |at| of_leg(Leg::Request, at)).filter(|_| drawn.is_some());
        let reaches = drawn.map(|latency| left + latency);
        for at in reaches.into_iter().chain(request.delivered) {
            near = near.or_else(|| self.step_near(at, |at| timetable.reachability(to, at)));
        }
        // what comes back: the handshake's part, and the answer
        let answers = request.delivered.map(|at| at + self.work(name));
        let answers = answers.map(|at| at + timetable.answer_delay(to, at));
        for at in reaches.filter(|_| waits).into_iter().chain(answers.filter(|_| waits)) {
            near = near.or_else(|| self.step_near(at, |at| of_leg(Leg::Answer, at)));
        }
        if let Some(at) = request.delivered {
            near = near.or_else(|| self.step_near(at, |at| timetable.answer_delay(to, at)));
        }
        if let Some(by) = near {
            self.found.note(from, request.begun, by, || {
                format!(
                    "{} passes near the beginning or the end of a fault",
                    name.describe(&self.cell.federation)
                )
            });
        }
        let next = self.changes.partition_point(|&(id, at)| (id, at) < (from, request.begun));
        let by = self
            .changes
            .get(next)
            .filter(|change| change.0 == from)
            .map(|change| change.1.since(request.begun));
        if let Some(by) = by.filter(|by| *by > Span::ZERO && *by <= self.found.margin) {
            self.found.note(from, request.begun, by, || {
                format!("{} begins just before its process is gone", name.describe(&self.cell.federation))
            });
        }
    }

    /// The work of a receiver on a request before it answers.
    fn work(&self, name: &MessageName) -> Span {
        if name.kind.is_get() { self.cell.other.asked_back.cpu } else { self.cell.delivery.receiving.verify }
    }

    /// Finds what makes a receiver ask back, if its process stops or starts near the instant at which it would ask.
    fn check_asked_back(&mut self, name: &MessageName, request: &Request) {
        let asks = match name.kind {
            Kind::Background => {
                let Stamp { session, number } = name.stamp;
                let delay = preview_delay(self.cell, session.0, number, name.to);
                [request.effect.zip(delay).map(|(effect, delay)| (name.to, effect + delay)), None]
            }
            // the GETs after the first one begin when that is over
            Kind::UpdateFetch => [request.answer.map(|answer| answer.0), request.over.map(|over| over.0)]
                .map(|at| at.map(|at| (name.from, at))),
            _ => return,
        };
        for (asker, at) in asks.into_iter().flatten() {
            let of_asker = self.changes.iter().filter(|change| change.0 == asker);
            let by = of_asker.map(|change| distance(change.1, at)).min();
            if let Some(by) = by.filter(|by| *by <= self.found.margin) {
                self.found.note(asker, at, by, || {
                    format!(
                        "it asks back near a stop or start, after {}",
                        name.describe(&self.cell.federation)
                    )
                });
            }
        }
    }

    /// Finds a request that is answered near its time-out.
    fn check_time_out(&mut self, name: &MessageName, request: &Request) {
        let (Some((over, outcome)), Some(delivered)) = (request.over, request.delivered) else { return };
        let deadline = request.begun + self.cell.delivery.timeout;
        let answered = match outcome {
            RequestOutcome::TimedOut => {
                let worked = delivered + self.work(name);
                let answers = worked + self.timetable.answer_delay(name.to, worked);
                let Some(back) = self.latency(Leg::Answer, name, answers) else { return };
                answers + back
            }
            _ => over,
        };
        if answered.is_near(deadline, self.found.margin) {
            let by = distance(answered, deadline);
            self.found.note(name.from, answered, by, || {
                format!("{} is answered near its time-out", name.describe(&self.cell.federation))
            });
        }
    }

    /// Finds requests of a sender that are as many in a window as the limit of the receiver, or nearly.
    fn check_rate(&mut self, to: InstanceId, from: InstanceId, requests: &[&Request]) {
        let Some(limit) = self.cell.delivery.receiving.rate_limit else { return };
        let refused = |request: &&Request| match request.over {
            Some((at, RequestOutcome::Refused(_))) => Some(at),
            _ => request.delivered,
        };
        let mut arrivals: Vec<Time> = requests.iter().filter_map(refused).collect();
        arrivals.sort_unstable();
        let many = (limit.requests as usize).max(1);
        for window in arrivals.windows(many) {
            if window[many - 1].since(window[0]) <= limit.per + self.found.margin {
                self.found.note(to, window[many - 1], Span::ZERO, || {
                    let name = &self.cell.federation.instances[from.index()].name;
                    format!(
                        "so many requests of {name} in {} are at its limit of {}",
                        limit.per, limit.requests
                    )
                });
                return;
            }
        }
    }

    /// Finds a request that begins near the time at which its receiver closes the kept connection.
    fn check_kept_connections(&mut self, from: InstanceId, to: InstanceId, requests: &[&Request]) {
        let rules = &self.cell.federation.instances[from.index()].rules;
        let Some(idle) = self.cell.delivery.keep_alive.idle(rules) else { return };
        let mut begun: Vec<Time> = requests.iter().map(|request| request.begun).collect();
        begun.sort_unstable();
        for (over, _) in requests.iter().filter_map(|request| request.over) {
            let closes = over + idle;
            let next = begun.partition_point(|&at| at < closes.before(self.found.margin));
            if let Some(&at) = begun.get(next).filter(|at| at.is_near(closes, self.found.margin)) {
                let by = distance(at, closes);
                let name = &self.cell.federation.instances[to.index()].name;
                self.found.note(from, at, by, || {
                    format!("its connection to {name} is closed near the next request")
                });
            }
        }
    }

    /// Finds a delivery near a note on the health of its follow, where the score is low.
    fn check_health(&mut self, from: InstanceId, to: InstanceId, requests: &[&Request], record: &Record) {
        let of_link =
            |(_, note): &&(Time, crate::observe::HealthNote)| (note.instance, note.follower) == (from, to);
        for &(at, note) in record.health.iter().filter(of_link) {
            if !note.removed && note.score >= SCORE_LOW {
                continue;
            }
            let times =
                requests.iter().flat_map(|request| [Some(request.created), request.over.map(|over| over.0)]);
            let near = times.flatten().find(|time| time.is_near(at, self.found.margin));
            if let Some(time) = near {
                let by = distance(time, at);
                let name = &self.cell.federation.instances[to.index()].name;
                self.found
                    .note(from, at, by, || format!("it decides about the follow of {name} near a delivery"));
            }
        }
    }

    /// Finds two jobs that enter a queue near each other, of which one has to wait for the other.
    fn check_queues(&mut self, record: &Record) {
        let figures = &self.cell.delivery;
        if figures.queues != Queues::Peertube {
            return;
        }
        let margin = self.found.margin;
        for ((from, queue), jobs) in queues(record, self.cell.end.latest()) {
            let slots = match queue {
                QueueName::Sequential => figures.sequential_jobs,
                QueueName::Parallel => figures.parallel_jobs,
                _ => figures.unicast_jobs,
            };
            for (number, job) in jobs.iter().enumerate() {
                let before = jobs[..number].iter().rev();
                let near = before.take_while(|first| job.created.since(first.created) <= margin);
                for first in near.filter(|first| first.may_change_places_with(job, margin)) {
                    let others = jobs.iter().take_while(|other| other.created <= job.created);
                    let busy = others.filter(|other| other.over >= first.created).count();
                    if busy > slots as usize {
                        let by = job.created.since(first.created);
                        self.found.note(from, first.created, by, || {
                            format!(
                                "two jobs enter its {} queue, and one must wait for the other",
                                queue.name()
                            )
                        });
                    }
                }
            }
        }
    }
}

fn distance(one: Time, other: Time) -> Span {
    Span::from_ns(one.ns().abs_diff(other.ns()))
}

/// A job of a queue: when it entered, when its first request began, when its last ended.
#[derive(Clone, Copy, Debug)]
struct Job {
    cause: (Subject, Stamp),
    created: Time,
    begun: Time,
    over: Time,
}

impl Job {
    fn lasts(&self) -> Span {
        self.over.since(self.begun)
    }

    /// Whether either may come first, and the other then waits for longer than the margin.
    fn may_change_places_with(&self, other: &Job, margin: Span) -> bool {
        let is_exact =
            |job: &Job| matches!(job.cause.0, Subject::Total | Subject::Update | Subject::Background(_));
        let of_one_input = self.created == other.created && self.cause.1 == other.cause.1;
        self.lasts().max(other.lasts()) > margin && !of_one_input && !(is_exact(self) && is_exact(other))
    }
}

/// The jobs of each queue in order of entry, without those that sent nothing.
fn queues(record: &Record, end: Time) -> BTreeMap<(InstanceId, QueueName), Vec<Job>> {
    let mut started: BTreeMap<(InstanceId, Time), VecDeque<QueueName>> = BTreeMap::new();
    for start in &record.starts {
        started.entry((start.instance, start.entered)).or_default().push_back(start.queue);
    }
    let mut jobs: BTreeMap<u64, (InstanceId, Job)> = BTreeMap::new();
    // GETs wait in no queue
    let waiting = record.log.messages().iter().filter(|(name, _)| !name.kind.is_get());
    for (name, requests) in waiting {
        for request in requests {
            let Request { created, begun, .. } = *request;
            let over = request.over.map_or(end, |over| over.0);
            let cause = (name.subject, name.stamp);
            let (_, job) =
                jobs.entry(request.job).or_insert((name.from, Job { cause, created, begun, over }));
            (job.begun, job.over) = (job.begun.min(begun), job.over.max(over));
        }
    }
    let mut queues: BTreeMap<_, Vec<Job>> = BTreeMap::new();
    for (from, job) in jobs.into_values() {
        if let Some(queue) = started.get_mut(&(from, job.created)).and_then(VecDeque::pop_front) {
            queues.entry((from, queue)).or_default().push(job);
        }
    }
    queues.values_mut().for_each(|jobs| jobs.sort_by_key(|job| job.created));
    queues
}
