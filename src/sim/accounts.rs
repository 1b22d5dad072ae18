//! Accounts of requests that are counted by route: the sums that the collector has for all others, and for requests without
//! events those of the `Ledger` too.
//!
//! Times may lie ahead of the run, so sums are kept by traffic bucket until the run has passed the bucket. What happens after
//! the end of the run does not count. What all destinations of a job share is added once per job. Requests of routes that take
//! their steps as events are counted here too, one by one; their flow is in the ledger of the run.

use crate::domain::federation::Federation;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::boundary::{add_below, boundary_us};
use crate::mechanism::connections::Connection;
use crate::mechanism::ledger::{Amount, Arrival, Flow};
use crate::mechanism::transport::TransportBytes;
use crate::metrics::aggregates::Aggregates;
use crate::metrics::links::LinkSums;
use crate::metrics::origin_seconds::OriginSeconds;
use crate::metrics::traffic::{Direction, OriginSends, Sums, TrafficPlace, TrafficRow};
use crate::observe::{Departed, RequestOutcome, SecondBytes};
use crate::request::{Path, RequestHistory};
use crate::sim::answers::for_answers;
use crate::sim::job_times::JobTimes;
use crate::sim::route::Route;
use crate::sim::route_counts::{Counts, RouteCounts, bytes_below_http};
use crate::sim::split::{first_after, for_parts};
use std::collections::BTreeMap;
use std::sync::Arc;

const SECOND: Span = Span::from_secs(1);

/// The sums so far.
pub(in crate::sim) struct Accounts {
    end: Time,
    /// The width of a traffic bucket.
    bucket: Span,
    /// CPU time per request; `None` without queues, where requests cost no CPU time.
    work: Option<Work>,
    /// By `InstanceId`: CPU time of signatures and verifications.
    cpu_ns: Vec<u64>,
    /// Messages by what became of them, without `queued` and `in_flight`, which `flow()` derives.
    flow: Flow,
    aggregates: Aggregates,
    /// What origins send.
    seconds: OriginSeconds,
    /// Sums at senders and receivers in the buckets that the run has passed, by bucket, listing, instance, direction and kind.
    traffic: BTreeMap<TrafficPlace, Sums>,
    /// The requests of the other buckets.
    counts: RouteCounts,
}

/// CPU time per request, of its sender and its receiver.
#[derive(Clone, Copy)]
pub(in crate::sim) struct Work {
    prepare: Span,
    verify: Span,
}

impl Work {
    /// The CPU times of a path.
    pub(in crate::sim) fn of(path: &Path) -> Work {
        Work { prepare: path.prepare, verify: path.verify }
    }
}

impl Accounts {
    pub(in crate::sim) fn new(
        federation: &Federation,
        end: Time,
        bucket: Span,
        work: Option<Work>,
    ) -> Accounts {
        Accounts {
            end,
            bucket,
            work,
            cpu_ns: vec![0; federation.instances.len()],
            flow: Flow::default(),
            aggregates: Aggregates::default(),
            seconds: OriginSeconds::new(federation),
            traffic: BTreeMap::new(),
            counts: RouteCounts::new(bucket),
        }
    }

    /// Counts messages as created: their job waits in a queue.
    pub(in crate::sim) fn create(&mut self, amount: Amount) {
        self.flow.created += amount;
    }

    /// Counts the requests of a job as begun. Destination `d` begins at `start + begins_ns(d)`, in ascending order; those after
    /// the end of the run do not count.
    pub(in crate::sim) fn begin(
        &mut self,
        route: &Arc<Route>,
        start: Time,
        begins_ns: impl Fn(usize) -> u64,
    ) {
        let left_ns = self.end.since(start).ns();
        let begun = first_after(0..route.to.len(), left_ns, &begins_ns);
        self.flow.sent += route.amount(0..begun);
        let prepare = self.work.map_or(Span::ZERO, |work| work.prepare);
        self.cpu_ns[route.from.index()] += begun as u64 * prepare.ns();
        for_parts(start, begun, &begins_ns, self.bucket, |bucket, part| {
            self.counts.of(bucket, route).begun += part.len() as u64;
        });
    }

    /// Counts the bytes of a job's requests in the seconds in which they leave: destination `d` at `start + left_ns(d)`, in
    /// ascending order, but for those in `exceptions`.
    pub(in crate::sim) fn leave_all(
        &mut self,
        route: &Arc<Route>,
        start: Time,
        left_ns: impl Fn(usize) -> u64,
        exceptions: impl IntoIterator<Item = usize>,
    ) {
        let Some(what) = route.origin_sends else { return };
        for_parts(start, route.to.len(), &left_ns, SECOND, |second, part| {
            self.add_origin_bytes(route.from, second, what, route.amount(part).bytes);
        });
        for destination in exceptions {
            let second = (start.ns() + left_ns(destination)) / SECOND.ns();
            let sums = self.seconds.of(route.from, second).expect("it was added");
            sums[what as usize] -= route.bytes(destination);
        }
    }

    /// Counts bytes of requests that leave at an instant.
    pub(in crate::sim) fn leave(&mut self, route: &Arc<Route>, at: Time, bytes: u64) {
        if let Some(what) = route.origin_sends {
            self.add_origin_bytes(route.from, at.ns() / SECOND.ns(), what, bytes);
        }
    }

    /// A receiver answers one request of a route.
    pub(in crate::sim) fn answer(&mut self, route: &Route, destination: usize, at: Time) {
        if route.is_to_origin.get(destination) == Some(&true) {
            let (to, bytes) = (route.to[destination], route.response_bytes(destination));
            self.add_origin_bytes(to, at.ns() / SECOND.ns(), OriginSends::Other, bytes);
        }
    }

    /// The receivers of a job answer: destination `d` at `from + after_us[d]`, but for those with `NEVER_US`.
    pub(in crate::sim) fn answer_all(&mut self, route: &Route, from: Time, after_us: &[u32]) {
        for_answers(route, from, after_us, |to, second, bytes| {
            self.add_origin_bytes(to, second, OriginSends::Other, bytes);
        });
    }

    /// An origin sent so many bytes in a second of the run.
    fn add_origin_bytes(&mut self, from: InstanceId, second: u64, what: OriginSends, bytes: u64) {
        if let Some(sums) = self.seconds.of(from, second) {
            sums[what as usize] += bytes;
        }
    }

    /// Counts messages that are created and leave at the same instant.
    pub(in crate::sim) fn send_unqueued(&mut self, route: &Arc<Route>, at: Time, amount: Amount) {
        self.flow.created += amount;
        self.flow.sent += amount;
        self.counts.at(at, route).begun += amount.messages;
    }

    /// A request that takes its steps begins. The ledger has its flow.
    pub(in crate::sim) fn begin_one(&mut self, route: &Arc<Route>, at: Time) {
        self.counts.at(at, route).begun += 1;
    }

    /// Likewise it leaves. What leaves after the run does not count.
    pub(in crate::sim) fn leave_one(
        &mut self,
        route: &Arc<Route>,
        destination: usize,
        connection: Connection,
        at: Time,
    ) {
        if at > self.end {
            return;
        }
        self.leave(route, at, route.bytes(destination));
        let counts = self.counts.at(at, route);
        counts.left[destination] += 1;
        if connection == Connection::Kept {
            Counts::add_one(&mut counts.kept, destination);
        }
    }

    /// Likewise it is delivered.
    pub(in crate::sim) fn deliver_one(&mut self, route: &Arc<Route>, destination: usize, at: Time) {
        self.counts.at(at, route).delivered[destination] += 1;
    }

    /// Likewise it fails at its sender.
    pub(in crate::sim) fn fail_one(
        &mut self,
        route: &Arc<Route>,
        destination: usize,
        departed: Departed,
        transport: &TransportBytes,
        at: Time,
    ) {
        if at > self.end {
            return;
        }
        let failed = &mut self.counts.at(at, route).failed;
        failed.add_transport(transport);
        if departed == Departed::Request {
            failed.head_bytes += u64::from(route.head_bytes[destination]);
            failed.body_bytes += u64::from(route.body_bytes);
            self.leave(route, at, route.bytes(destination));
        }
    }

    /// Likewise it arrives and is refused.
    pub(in crate::sim) fn refuse_one(&mut self, route: &Arc<Route>, destination: usize, at: Time) {
        Counts::add_one(&mut self.counts.at(at, route).refused, destination);
    }

    /// Likewise its answer leaves, if it does, and arrives. What comes after the run does not count.
    pub(in crate::sim) fn answer_one(
        &mut self,
        route: &Arc<Route>,
        destination: usize,
        leaves: Option<Time>,
        arrives: Option<Time>,
    ) {
        let end = self.end;
        if let Some(at) = leaves.filter(|at| *at <= end) {
            self.answer(route, destination, at);
            self.counts.at(at, route).answers_left[destination] += 1;
        }
        if let Some(at) = arrives.filter(|at| *at <= end) {
            self.counts.at(at, route).answers_arrived[destination] += 1;
        }
    }

    /// Likewise it is over for its sender.
    pub(in crate::sim) fn end_one(&mut self, outcome: RequestOutcome) {
        self.aggregates.outcomes.add_one(outcome);
    }

    /// Counts one request from its outcome on. Returns whether it is delivered before the run ends.
    pub(in crate::sim) fn note(
        &mut self,
        route: &Arc<Route>,
        destination: usize,
        history: &RequestHistory,
    ) -> bool {
        let bytes = route.bytes(destination);
        if history.over <= self.end {
            self.aggregates.outcomes.add_one(history.outcome);
            if history.outcome == RequestOutcome::TimedOut {
                self.flow.timed_out.add(bytes);
            }
        }
        if let Some(left) = history.left.filter(|left| *left <= self.end) {
            self.counts.at(left, route).left[destination] += 1;
            self.leave(route, left, bytes);
        }
        if history.settled > self.end {
            return false;
        }
        if let Some(transport) = &history.failed_handshake {
            self.counts.at(history.settled, route).failed.add_transport(transport);
        }
        match history.arrival {
            Arrival::Delivered => self.flow.delivered.add(bytes),
            Arrival::Lost => self.flow.lost.add(bytes),
            Arrival::Refused(refusal) => self.flow.refused[refusal as usize].add(bytes),
            Arrival::FailedConnect => self.flow.failed_connect.add(bytes),
        }
        if history.arrival != Arrival::Delivered {
            return false;
        }
        self.counts.at(history.settled, route).delivered[destination] += 1;
        self.answer_one(route, destination, history.answer_leaves, history.answer_arrives);
        true
    }

    /// Counts requests as delivered, and with queues as good, before the end of the run.
    pub(in crate::sim) fn deliver(&mut self, amount: Amount) {
        self.flow.delivered += amount;
        if self.work.is_some() {
            self.aggregates.outcomes.good += amount.messages;
        }
    }

    /// Counts by bucket when the requests of a job and their answers left and arrived, all before `over`. Destinations in
    /// `exceptions` have `NEVER_US` there and do not count.
    pub(in crate::sim) fn note_job(
        &mut self,
        (start, over): (Time, Time),
        route: &Arc<Route>,
        times: &JobTimes<'_>,
        exceptions: impl IntoIterator<Item = usize>,
    ) {
        let buckets = self.bucket_of(start)..self.bucket_of(over);
        let answered_us = if buckets.is_empty() { Vec::new() } else { times.answered_us() };
        let &JobTimes { left_us, arrived_us, verify, .. } = times;
        for bucket in buckets {
            let boundary = Time::ZERO + self.bucket * (bucket + 1);
            let [boundary_us, verified_us] =
                [start, start + verify].map(|start| boundary_us(start, boundary));
            // The next bucket counts these again, the last one by `whole_jobs`: so they are subtracted there.
            for (bucket, by) in [(bucket, 1), (bucket + 1, -1)] {
                let counts = self.counts.of(bucket, route);
                add_below(left_us, boundary_us, by, &mut counts.left);
                add_below(arrived_us, boundary_us, by, &mut counts.delivered);
                add_below(arrived_us, verified_us, by, &mut counts.answers_left);
                add_below(&answered_us, boundary_us, by, &mut counts.answers_arrived);
            }
        }
        self.note_whole_job(over, route, exceptions);
    }

    /// Counts a job whose requests and answers all left and arrived within the bucket of `at`, except for these destinations.
    pub(in crate::sim) fn note_whole_job(
        &mut self,
        at: Time,
        route: &Arc<Route>,
        exceptions: impl IntoIterator<Item = usize>,
    ) {
        let counts = self.counts.at(at, route);
        counts.whole_jobs += 1;
        for destination in exceptions {
            let Counts { left, delivered, answers_left, answers_arrived, .. } = &mut *counts;
            for counts in [left, delivered, answers_left, answers_arrived] {
                counts[destination] -= 1;
            }
        }
    }

    /// The number of the traffic bucket of an instant.
    pub(in crate::sim) fn bucket_of(&self, at: Time) -> u64 {
        self.counts.bucket_of(at)
    }

    /// Takes what origins sent in the seconds before `now`.
    pub(in crate::sim) fn take_seconds(&mut self, now: Time) -> Vec<(u64, InstanceId, SecondBytes)> {
        self.seconds.take_before(now.ns() / SECOND.ns())
    }

    /// The run has reached `now`: sums up the buckets before.
    pub(in crate::sim) fn pass(&mut self, now: Time) {
        let open = self.bucket_of(now);
        for (bucket, counts) in self.counts.take_before(open) {
            self.settle(bucket, &counts);
        }
    }

    /// Adds the counts of a bucket that is complete to the sums of sender, receivers and links.
    fn settle(&mut self, bucket: u64, counts: &Counts) {
        let Counts { route, begun, failed, whole_jobs, kept, refused, .. } = counts;
        // the machines count the CPU time of requests that take their steps
        let work_ns = self.work.filter(|_| route.is_whole).map_or(0, |work| work.verify.ns());
        let mut out = Sums { messages: *begun, ..*failed };
        for destination in 0..route.to.len() {
            let count = |more: &[i64]| {
                u64::try_from(whole_jobs + more[destination]).expect("counts are not negative")
            };
            let (left, delivered) = (count(&counts.left), count(&counts.delivered));
            let (answers_left, answers_arrived) =
                (count(&counts.answers_left), count(&counts.answers_arrived));
            let of = |counts: &[u64]| counts.get(destination).copied().unwrap_or(0);
            let (kept, refused) = (of(kept), of(refused));
            if [left, delivered, refused, answers_left, answers_arrived] == [0; 5] {
                continue;
            }
            let mut below_http = bytes_below_http(&route.transport, destination, left - kept);
            if kept > 0 {
                below_http.add(&bytes_below_http(&route.transport_kept, destination, kept));
            }
            out.add(&below_http);
            let (head_bytes, body_bytes) =
                (u64::from(route.head_bytes[destination]), u64::from(route.body_bytes));
            let arrived = delivered + refused;
            let response_bytes = route.response_bytes(destination);
            out.head_bytes += left * head_bytes;
            out.body_bytes += left * body_bytes;
            out.response_bytes += answers_arrived * response_bytes;
            let sums = Sums {
                messages: delivered,
                head_bytes: arrived * head_bytes,
                body_bytes: arrived * body_bytes,
                response_bytes: answers_left * response_bytes,
                ..below_http
            };
            self.add_received(bucket, route, destination, &sums);
            self.cpu_ns[route.to[destination].index()] += delivered * work_ns;
        }
        if out != Sums::ZERO {
            self.add_traffic(bucket, route, route.from, Direction::Out, &out);
        }
    }

    fn add_traffic(&mut self, bucket: u64, route: &Route, at: InstanceId, direction: Direction, sums: &Sums) {
        let is_own = direction == Direction::Out && route.is_own;
        let place = (bucket, route.listing, at.0, direction, route.kind, is_own);
        self.traffic.entry(place).or_default().add(sums);
    }

    /// Messages by what became of them: `queued = created - sent`, `in_flight = sent - (delivered, lost or refused)`.
    pub(in crate::sim) fn flow(&self) -> Flow {
        let Flow { created, sent, delivered, lost, failed_connect, .. } = self.flow;
        let less = |amount: Amount, others: &[Amount]| {
            let sum = |read: fn(&Amount) -> u64| others.iter().map(read).sum::<u64>();
            Amount {
                messages: amount.messages - sum(|other| other.messages),
                bytes: amount.bytes - sum(|other| other.bytes),
            }
        };
        let in_flight = less(sent, &[delivered, lost, self.flow.refused_in_all(), failed_connect]);
        Flow { queued: less(created, &[sent]), in_flight, ..self.flow }
    }

    /// All sums of the run.
    pub(in crate::sim) fn finish(mut self) -> Aggregates {
        self.pass(Time::NEVER);
        self.aggregates.origin_bytes = self.seconds.take_before(u64::MAX);
        for ((bucket, listing, instance, direction, kind, is_own), sums) in self.traffic {
            let start_ns = bucket * self.bucket.ns();
            let row = TrafficRow { start_ns, listing, instance, direction, kind, is_own, sums };
            self.aggregates.traffic.push(row);
        }
        let cpu = self.cpu_ns.iter().enumerate().filter(|(_, ns)| **ns > 0);
        self.aggregates.cpu_ns.extend(cpu.map(|(id, ns)| (InstanceId::at(id), *ns)));
        self.aggregates
    }

    /// Adds what one destination of a route received in a bucket: to its link and to the receiver's row.
    fn add_received(&mut self, bucket: u64, route: &Route, destination: usize, sums: &Sums) {
        let &Sums { messages, head_bytes, body_bytes, .. } = sums;
        let (to, &Route { from, listing, kind, .. }) = (route.to[destination], route);
        if body_bytes > 0 {
            let sums = LinkSums { messages, head_bytes, body_bytes };
            self.aggregates.links.add((listing, from, kind), to, &sums);
        }
        if *sums != Sums::ZERO {
            self.add_traffic(bucket, route, to, Direction::In, sums);
        }
    }
}
