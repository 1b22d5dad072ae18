//! The path of a request through the stations of its sender and its receiver.
//!
//! ```text
//! begin    sender's cores (compress, sign)                                                    -> signed
//! leave    connection, sender's uplink, round trips of the handshake, latency there           -> reaches the receiver
//! receive  receiver's downlink                                                                -> arrives
//! verify   receiver's cores, or its JSON-LD thread if it was forwarded                        -> verified
//! answer   receiver's uplink, delay of a slow receiver, latency back                          -> answered
//! end      sender's downlink                                                                  -> over
//! ```
//! The way there and the way back are two links, each with its latency, loss and faults (`mechanism::network::Leg`). The
//! bytes of a request and its handshake pass the sender's uplink when it is signed, and the receiver's downlink one latency
//! later; those of the answer pass the links back. The handshake of a connection takes round trips, one latency there and one
//! back each: 1 with TCP, 2 with TLS. If nothing comes back of it, there is no connection and the request does not leave. A
//! request that leaves before its deadline arrives, even if the sender has stopped waiting for the answer, or the answer is
//! lost. The way there has the faults of the instant at which the request is signed, the handshake's way back those of one
//! latency later, the answer's those of the instant at which it leaves.
//!
//! Where the network loses a message or its receiver is unreachable, the first thing that is sent is lost: on a new connection
//! the handshake, so that nothing of the request leaves; on a kept one the request, which has left.
//!
//! A station takes an arrival and returns a departure (`Host`). Executors differ in when they call a leg of the path and on
//! which stations: each leg at its event on the stations of a machine, or all legs when the request begins, if nothing waits
//! at any station (`Path::whole`). Nothing here knows of events, jobs or records.

use super::conditions::Conditions;
use crate::domain::delivery::{Compress, Delivery, Transport};
use crate::domain::faults::Reachability;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::connections::Connection;
use crate::mechanism::ledger::Arrival;
use crate::mechanism::network::{Leg, Ways};
use crate::mechanism::transport::{
    Handshake, TransportBytes, failed_handshake, failed_request, transport_bytes,
};
use crate::observe::{Departed, RequestOutcome};

/// The stations of one machine: each takes an arrival and returns the departure.
pub trait Host {
    /// The cores do `work` of CPU time.
    fn work(&mut self, arrival: Time, work: Span) -> Time;
    /// The uplink transfers bytes.
    fn upload(&mut self, arrival: Time, bytes: u64) -> Time;
    /// The downlink transfers bytes.
    fn download(&mut self, arrival: Time, bytes: u64) -> Time;
    /// Takes a connection to a receiver: a kept or a new one.
    fn connect(&mut self, now: Time, to: InstanceId) -> Connection;
}

/// A machine without limits that keeps no connections: nothing waits at its stations.
pub struct Unlimited;

impl Host for Unlimited {
    fn work(&mut self, arrival: Time, work: Span) -> Time {
        Time::from_ns(arrival.ns().saturating_add(work.ns()))
    }

    fn upload(&mut self, arrival: Time, _bytes: u64) -> Time {
        arrival
    }

    fn download(&mut self, arrival: Time, _bytes: u64) -> Time {
        arrival
    }

    fn connect(&mut self, _now: Time, _to: InstanceId) -> Connection {
        Connection::New
    }
}

/// Service times, time-out and sizes below HTTP of all requests of a run.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    /// The sender's CPU time before a request leaves: to compress and sign.
    pub prepare: Span,
    sign: Span,
    /// The receiver's CPU time to verify it.
    pub verify: Span,
    /// The receiver's CPU time to verify a forwarded one, on its JSON-LD thread.
    pub verify_forwarded: Span,
    /// The sender waits this long for the answer, from the beginning of the request.
    pub timeout: Span,
    compress: Compress,
    handshake: Handshake,
    counts_transport: bool,
}

/// The ends and sizes of a request, and what limits it.
pub struct Load {
    /// Its sender.
    pub from: InstanceId,
    /// Its receiver.
    pub to: InstanceId,
    /// Bytes of head and body.
    pub bytes: u64,
    /// Bytes of the response.
    pub response_bytes: u64,
    /// What the network does to its legs.
    pub ways: Ways,
    /// When its sender stops waiting.
    pub deadline: Time,
    /// Whether the receiver's firewall refuses the sender's connections.
    pub is_banned: bool,
}

/// A request on its way to its receiver.
#[derive(Clone, Copy, Debug)]
pub struct Transit {
    /// When its last byte has passed the sender's uplink.
    pub left: Time,
    /// When it reaches the receiver's downlink.
    pub reaches: Time,
    /// The connection that it uses.
    pub connection: Connection,
}

/// A request that fails at its sender.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// When its sender learns that there is no connection; `None` if it waits until the deadline.
    pub known: Option<Time>,
    /// Whether that is because the sender is banned.
    pub is_banned: bool,
    /// When what of it leaves has passed the sender's uplink.
    pub left: Time,
    /// What of it has left.
    pub departed: Departed,
    /// Bytes below HTTP.
    pub transport: TransportBytes,
}

/// All instants of a request and its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHistory {
    /// When it left its sender; `None` if it did not.
    pub left: Option<Time>,
    /// Bytes below HTTP of a handshake that failed, at `settled`.
    pub failed_handshake: Option<TransportBytes>,
    /// When it stopped being in flight.
    pub settled: Time,
    /// How it ended in the network: delivered, lost or refused.
    pub arrival: Arrival,
    /// When its receiver answers; `None` if it does not.
    pub answer_leaves: Option<Time>,
    /// When the answer has crossed the link back, in time or not; `None` if it does not.
    pub answer_arrives: Option<Time>,
    /// When it was over for its sender.
    pub over: Time,
    /// How it ended for its sender.
    pub outcome: RequestOutcome,
    /// Faults after this instant do not matter to it.
    pub asked: Time,
}

impl RequestHistory {
    /// The same history, `by` later.
    pub fn later(self, by: Span) -> RequestHistory {
        let RequestHistory { left, settled, answer_leaves, answer_arrives, over, asked, .. } = self;
        let [left, answer_leaves, answer_arrives] =
            [left, answer_leaves, answer_arrives].map(|at| at.map(|at| at + by));
        let (settled, over, asked) = (settled + by, over + by, asked + by);
        RequestHistory { left, settled, answer_leaves, answer_arrives, over, asked, ..self }
    }
}

impl Path {
    /// The path under a delivery configuration whose new connections begin with this handshake.
    pub fn new(delivery: &Delivery, handshake: Handshake) -> Path {
        let compress = match delivery.compress {
            Compress::Off => Span::ZERO,
            Compress::Gzip { cpu, .. } => cpu,
        };
        Path {
            prepare: compress + delivery.sign,
            sign: delivery.sign,
            verify: delivery.receiving.verify,
            verify_forwarded: delivery.receiving.verify + delivery.receiving.json_ld_verify,
            timeout: delivery.timeout,
            compress: delivery.compress,
            handshake,
            counts_transport: delivery.transport == Transport::Counted,
        }
    }

    /// The bytes of a body on the wire.
    pub fn body_bytes(&self, bytes: u64) -> u64 {
        self.compress.body_bytes(bytes)
    }

    /// The bytes of a head on the wire.
    pub fn head_bytes(&self, bytes: u16) -> u16 {
        bytes.saturating_add(self.compress.head_bytes())
    }

    /// Begins a request: returns when it is signed.
    #[inline]
    pub fn begin(&self, sender: &mut impl Host, now: Time) -> Time {
        sender.work(now, self.prepare)
    }

    /// Begins a GET, which has no body to compress.
    pub fn begin_get(&self, sender: &mut impl Host, now: Time) -> Time {
        sender.work(now, self.sign)
    }

    /// A signed request leaves or fails. `name` is the name of its random draws.
    #[inline]
    pub fn leave(
        &self,
        sender: &mut impl Host,
        conditions: &mut Conditions<'_>,
        load: &Load,
        name: impl Fn() -> u64,
        now: Time,
    ) -> Result<Transit, Failure> {
        let &Load { from, to, bytes, response_bytes, ways, deadline, .. } = load;
        if now > deadline {
            let transport = TransportBytes::default();
            let departed = Departed::Nothing;
            return Err(Failure { known: None, is_banned: false, left: now, departed, transport });
        }
        let connection = sender.connect(now, to);
        let there = conditions.latency(Leg::Request, (from, to), &name, ways.of(Leg::Request), now);
        let reachability = there.map(|there| conditions.reachability(to, now + there));
        // what stands in front of a process that is gone takes connections, too
        let is_reached =
            matches!(reachability, Some(Reachability::Up | Reachability::Gone | Reachability::BadGateway));
        let is_banned = is_reached && load.is_banned;
        let is_open = is_reached && !is_banned && connection != Connection::Stale;
        let is_reset = is_reached && !is_open || reachability == Some(Reachability::Refused);
        // until a handshake is answered, or a reset comes back
        let round_trip = match there {
            Some(there) if is_reset || is_open && connection == Connection::New => {
                let back = conditions.latency(
                    Leg::Handshake,
                    (from, to),
                    name,
                    ways.of(Leg::Handshake),
                    now + there,
                );
                back.map(|back| there + back)
            }
            _ => None,
        };
        let known = round_trip.filter(|_| is_reset);
        let mut handshake = Span::ZERO;
        if connection == Connection::New {
            let round_trips = if self.handshake == Handshake::None { 1 } else { 2 };
            let made = round_trip.filter(|_| is_open).map(|round_trip| round_trip * round_trips);
            let Some(made) = made.filter(|made| now + *made <= deadline) else {
                let transport = self.counted(|| failed_handshake(known.is_some()));
                let known = known.map(|round_trip| now + round_trip);
                let departed = Departed::Handshake;
                return Err(Failure { known, is_banned, left: now, departed, transport });
            };
            handshake = made;
        }
        let transport = self.transport(bytes, response_bytes, connection);
        let left = sender.upload(now, bytes + transport.tcp_up + transport.tls_up);
        let departs = left + handshake;
        if let Some(there) = there.filter(|_| is_open && departs <= deadline) {
            return Ok(Transit { left, reaches: departs + there, connection });
        }
        let transport = match connection {
            Connection::New => transport,
            _ => self.counted(|| failed_request(bytes, known.is_some())),
        };
        let known = known.map(|round_trip| departs + round_trip);
        Err(Failure { known, is_banned, left, departed: Departed::Request, transport })
    }

    /// Bytes of a request on the links: HTTP and below.
    #[inline]
    pub fn bytes_up(&self, bytes: u64, response_bytes: u64, connection: Connection) -> u64 {
        let transport = self.transport(bytes, response_bytes, connection);
        bytes + transport.tcp_up + transport.tls_up
    }

    /// Bytes of its answer on the links: HTTP and below.
    #[inline]
    pub fn bytes_down(&self, bytes: u64, response_bytes: u64, connection: Connection) -> u64 {
        let transport = self.transport(bytes, response_bytes, connection);
        response_bytes + transport.tcp_down + transport.tls_down
    }

    /// Bytes below HTTP of a request and its answer on a connection.
    pub fn transport(&self, bytes: u64, response_bytes: u64, connection: Connection) -> TransportBytes {
        let is_kept = connection != Connection::New;
        self.counted(|| transport_bytes(bytes, response_bytes, is_kept, self.handshake))
    }

    /// Bytes below HTTP, if they are counted.
    #[inline]
    fn counted(&self, bytes: impl FnOnce() -> TransportBytes) -> TransportBytes {
        if self.counts_transport { bytes() } else { TransportBytes::default() }
    }

    /// The receiver sends the answer: returns when its last byte has passed the receiver's uplink, and when it reaches the
    /// sender's downlink, `None` if it is lost. `name` is the name of the request's random draws.
    #[inline]
    pub fn answer(
        &self,
        receiver: &mut impl Host,
        conditions: &mut Conditions<'_>,
        load: &Load,
        name: impl FnOnce() -> u64,
        bytes: u64,
        now: Time,
    ) -> (Time, Option<Time>) {
        let &Load { from, to, ways, .. } = load;
        let left = receiver.upload(now, bytes);
        let departs = left + conditions.answer_delay(to, now);
        let back = conditions.latency(Leg::Answer, (from, to), name, ways.of(Leg::Answer), departs);
        (left, back.map(|back| departs + back))
    }

    /// The whole path where nothing waits at any station, for a request that was not forwarded. `name` is the name of its
    /// random draws.
    pub fn whole(
        &self,
        conditions: &mut Conditions<'_>,
        (from, to): (InstanceId, InstanceId),
        name: u64,
        ways: Ways,
        begins: Time,
    ) -> RequestHistory {
        conditions.asked = begins;
        // Where nothing waits, sizes do not matter.
        let deadline = begins + self.timeout;
        let load = Load { from, to, bytes: 0, response_bytes: 0, ways, deadline, is_banned: false };
        let history = self.unlimited(conditions, &load, name, begins);
        RequestHistory { asked: conditions.asked, ..history }
    }

    /// `whole`, but for what was asked.
    fn unlimited(
        &self,
        conditions: &mut Conditions<'_>,
        load: &Load,
        name: u64,
        begins: Time,
    ) -> RequestHistory {
        let deadline = load.deadline;
        let signed = self.begin(&mut Unlimited, begins);
        let lost = RequestHistory {
            left: None,
            failed_handshake: None,
            settled: signed,
            arrival: Arrival::Lost,
            answer_leaves: None,
            answer_arrives: None,
            over: deadline.max(signed),
            outcome: RequestOutcome::TimedOut,
            asked: begins,
        };
        let reaches = match self.leave(&mut Unlimited, conditions, load, || name, signed) {
            Ok(transit) => transit.reaches,
            Err(Failure { known, departed, transport, .. }) => {
                let failed_handshake = (departed == Departed::Handshake).then_some(transport);
                let lost = RequestHistory { failed_handshake, ..lost };
                let Some(known) = known else { return lost };
                let refused = RequestHistory { arrival: Arrival::FailedConnect, ..lost };
                let in_time =
                    RequestHistory { over: known, outcome: RequestOutcome::FailedConnect, ..refused };
                return if known <= deadline { in_time } else { refused };
            }
        };
        let arrives = Unlimited.download(reaches, 0);
        let left = RequestHistory { left: Some(signed), settled: arrives, over: deadline, ..lost };
        if conditions.reachability(load.to, arrives) != Reachability::Up {
            return left;
        }
        let verified = Unlimited.work(arrives, self.verify);
        let (left_receiver, answered) = self.answer(&mut Unlimited, conditions, load, || name, 0, verified);
        let (answer_leaves, answer_arrives) = (Some(left_receiver), answered);
        let arrived = RequestHistory { arrival: Arrival::Delivered, answer_leaves, answer_arrives, ..left };
        match answered.map(|answered| Unlimited.download(answered, 0)) {
            Some(over) if over <= deadline => {
                RequestHistory { over, outcome: RequestOutcome::Good, ..arrived }
            }
            _ => arrived,
        }
    }
}
