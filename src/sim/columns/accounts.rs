//! Accounts of messages that make no events: what the ledger and the collector would have noted of each.
//!
//! Times may lie ahead of the run, so sums are kept by bucket until the run has passed it. What happens after the run's
//! end is not noted.

use crate::event::Message;
use crate::mechanism::activity::Kind;
use crate::mechanism::ledger::{Arrival, Flow};
use crate::mechanism::transport::TransportBytes;
use crate::metrics::apart::Apart;
use crate::metrics::traffic::{Direction, Sums, TrafficRow};
use crate::observe::Fate;
use crate::words::ids::{InstanceId, VideoId};
use crate::words::units::{Span, Time};
use std::collections::BTreeMap;

/// The sums of a run so far.
pub(super) struct Accounts {
    end: Time,
    bucket: Span,
    response_bytes: u64,
    /// By `InstanceId`: the CPU time of signatures and verifications.
    pub(super) cpu_ns: Vec<u64>,
    /// What became of the messages.
    pub(super) flow: Flow,
    pub(super) apart: Apart,
    /// Sums of the buckets that the run has not passed.
    open: BTreeMap<Place, Sums>,
}

/// Bucket, video, instance, direction, kind.
type Place = (u64, VideoId, InstanceId, Direction, Kind);

impl Accounts {
    pub(super) fn new(instances: usize, end: Time, bucket: Span, response_bytes: u64) -> Accounts {
        Accounts {
            end,
            bucket,
            response_bytes,
            cpu_ns: vec![0; instances],
            flow: Flow::default(),
            apart: Apart::default(),
            open: BTreeMap::new(),
        }
    }

    /// A request begins; returns whether it does so before the run ends.
    pub(super) fn begin(&mut self, at: Time, message: &Message, is_of_origin: bool) -> bool {
        const SECOND_NS: u64 = 1_000_000_000;
        if at > self.end {
            return false;
        }
        self.flow.send(message.bytes());
        self.note(at, message, Direction::Out, &Sums { messages: 1, ..request(message) });
        if is_of_origin && message.kind.is_view() {
            *self.apart.origin_bytes.entry((message.from, at.ns() / SECOND_NS)).or_default() +=
                message.bytes();
        }
        true
    }

    /// It leaves its sender, with these bytes below HTTP.
    pub(super) fn leave(&mut self, at: Time, message: &Message, bytes: &TransportBytes) {
        if at > self.end {
            return;
        }
        let sums = Sums {
            tcp_up_bytes: bytes.tcp_up,
            tcp_down_bytes: bytes.tcp_down,
            tls_up_bytes: bytes.tls_up,
            tls_down_bytes: bytes.tls_down,
            ..Sums::ZERO
        };
        self.note(at, message, Direction::Out, &sums);
        self.note(at, message, Direction::In, &sums);
    }

    /// It is no longer under way; returns whether it was delivered before the run ends.
    pub(super) fn settle(&mut self, at: Time, message: &Message, arrival: Arrival) -> bool {
        if at > self.end {
            return false;
        }
        self.flow.arrive(message.bytes(), arrival);
        if arrival != Arrival::Delivered {
            return false;
        }
        let response = Sums { response_bytes: self.response_bytes, ..Sums::ZERO };
        self.note(at, message, Direction::Out, &response);
        let received = Sums { messages: 1, response_bytes: self.response_bytes, ..request(message) };
        self.note(at, message, Direction::In, &received);
        true
    }

    /// It is over for its sender.
    pub(super) fn end(&mut self, at: Time, message: &Message, fate: Fate) {
        if at > self.end {
            return;
        }
        let fates = &mut self.apart.fates;
        match fate {
            Fate::Good => fates.good += 1,
            Fate::Refused => fates.refused += 1,
            Fate::FailedConnect => fates.failed_connect += 1,
            Fate::TimedOut => {
                fates.timed_out += 1;
                self.flow.timed_out.add(message.bytes());
            }
        }
    }

    /// The run has come to an instant: what lies in buckets before it is complete.
    pub(super) fn pass(&mut self, now: Time) {
        let first_open =
            (now.ns() / self.bucket.ns(), VideoId(0), InstanceId(0), Direction::Out, Kind::Viewer);
        let still_open = self.open.split_off(&first_open);
        let passed = std::mem::replace(&mut self.open, still_open);
        let bucket_ns = self.bucket.ns();
        let row = |((bucket, video, instance, direction, kind), sums): (Place, Sums)| TrafficRow {
            start_ns: bucket * bucket_ns,
            video: video.0,
            instance: instance.0,
            direction,
            kind,
            sums,
        };
        self.apart.traffic.extend(passed.into_iter().map(row));
    }

    fn note(&mut self, at: Time, message: &Message, direction: Direction, sums: &Sums) {
        let instance = match direction {
            Direction::Out => message.from,
            Direction::In => message.to,
        };
        let place = (at.ns() / self.bucket.ns(), message.activity.video, instance, direction, message.kind);
        self.open.entry(place).or_insert(Sums::ZERO).add(sums);
    }
}

fn request(message: &Message) -> Sums {
    Sums {
        head_bytes: u64::from(message.head_bytes),
        body_bytes: u64::from(message.body_bytes),
        ..Sums::ZERO
    }
}
