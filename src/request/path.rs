//! The path of a request through the stations of its sender and its receiver.
//!
//! ```text
//! begin    sender's cores (compress, sign)                                                    -> signed
//! leave    latency, connection, sender's uplink, round trips of the handshake, one latency    -> reaches the receiver
//! receive  receiver's downlink                                                                -> arrives
//! verify   receiver's cores, or its JSON-LD thread if it was forwarded                        -> verified
//! answer   receiver's uplink, delay of a slow receiver, one latency                           -> answered
//! end      sender's downlink                                                                  -> over
//! ```
//! The bytes of a request and its handshake pass the sender's uplink when it is signed, and the receiver's downlink one
//! latency later; those of the answer pass the links back. The handshake of a connection takes round trips of the message's
//! own latency: 1 with TCP, 2 with TLS. A request that leaves before its deadline arrives, even if the sender has stopped
//! waiting for the answer.
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
use crate::mechanism::transport::{Handshake, TransportBytes, transport_bytes};
use crate::observe::RequestOutcome;

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
    /// One-way latency in the network; `None` if the network loses the request.
    pub drawn: Option<Span>,
    /// When its sender stops waiting.
    pub deadline: Time,
    /// Whether the receiver's firewall refuses the sender's connections.
    pub is_banned: bool,
}

/// A request on its way to its receiver.
#[derive(Clone, Copy, Debug)]
pub struct Transit {
    /// When it reaches the receiver's downlink.
    pub reaches: Time,
    /// One way, with what faults add.
    pub latency: Span,
    /// The connection that it uses.
    pub connection: Connection,
}

/// Why a request does not leave.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// It is lost: its sender waits until the deadline.
    Lost,
    /// No connection is made; the sender learns of it at this instant.
    FailedConnect(Time),
    /// Likewise, since the sender is banned.
    Banned(Time),
}

/// All instants of a request and its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHistory {
    /// When it left its sender; `None` if it did not.
    pub left: Option<Time>,
    /// When it stopped being in flight.
    pub settled: Time,
    /// How it ended in the network: delivered, lost or refused.
    pub arrival: Arrival,
    /// When it was over for its sender.
    pub over: Time,
    /// How it ended for its sender.
    pub outcome: RequestOutcome,
}

impl RequestHistory {
    /// The same history, `by` later.
    pub fn later(self, by: Span) -> RequestHistory {
        let RequestHistory { left, settled, over, .. } = self;
        RequestHistory { left: left.map(|left| left + by), settled: settled + by, over: over + by, ..self }
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

    /// A signed request leaves or fails. `name` is the name of its random draws.
    #[inline]
    pub fn leave(
        &self,
        sender: &mut impl Host,
        conditions: &mut Conditions<'_>,
        load: &Load,
        name: impl FnOnce() -> u64,
        now: Time,
    ) -> Result<Transit, Failure> {
        let &Load { from, to, bytes, response_bytes, drawn, deadline, is_banned } = load;
        let latency = conditions.latency(from, to, name, drawn, now).ok_or(Failure::Lost)?;
        let connection = sender.connect(now, to);
        match conditions.timetable.reachability(to, now + latency) {
            Reachability::Up | Reachability::Gone | Reachability::BadGateway => {}
            Reachability::Silent => return Err(Failure::Lost),
            Reachability::Refused => return Err(Failure::FailedConnect(now + latency * 2)),
        }
        if is_banned {
            return Err(Failure::Banned(now + latency * 2));
        }
        let round_trips = match connection {
            Connection::Kept => 0,
            Connection::Stale => return Err(Failure::FailedConnect(now + latency * 2)),
            Connection::New if self.handshake == Handshake::None => 1,
            Connection::New => 2,
        };
        let left = sender.upload(now, self.bytes_up(bytes, response_bytes, connection))
            + latency * (2 * round_trips);
        if left > deadline {
            return Err(Failure::Lost);
        }
        Ok(Transit { reaches: left + latency, latency, connection })
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
        if !self.counts_transport {
            return TransportBytes::default();
        }
        transport_bytes(bytes, response_bytes, connection == Connection::Kept, self.handshake)
    }

    /// The receiver sends the answer: returns when it reaches the sender's downlink.
    #[inline]
    pub fn answer(
        &self,
        receiver: &mut impl Host,
        conditions: &Conditions<'_>,
        to: InstanceId,
        latency: Span,
        bytes: u64,
        now: Time,
    ) -> Time {
        receiver.upload(now, bytes) + conditions.timetable.answer_delay(to, now) + latency
    }

    /// The whole path where nothing waits at any station, for a request that was not forwarded. `name` and `drawn` are as in
    /// `Conditions::latency`.
    pub fn whole(
        &self,
        conditions: &mut Conditions<'_>,
        (from, to): (InstanceId, InstanceId),
        name: u64,
        drawn: Option<Span>,
        begins: Time,
    ) -> RequestHistory {
        let deadline = begins + self.timeout;
        let signed = self.begin(&mut Unlimited, begins);
        // Where nothing waits, sizes do not matter.
        let load = Load { from, to, bytes: 0, response_bytes: 0, drawn, deadline, is_banned: false };
        let lost = RequestHistory {
            left: None,
            settled: signed,
            arrival: Arrival::Lost,
            over: deadline.max(signed),
            outcome: RequestOutcome::TimedOut,
        };
        let Transit { reaches, latency, .. } =
            match self.leave(&mut Unlimited, conditions, &load, || name, signed) {
                Ok(transit) => transit,
                Err(Failure::Lost) => return lost,
                Err(Failure::FailedConnect(known) | Failure::Banned(known)) => {
                    let refused = RequestHistory { arrival: Arrival::FailedConnect, ..lost };
                    let in_time =
                        RequestHistory { over: known, outcome: RequestOutcome::FailedConnect, ..refused };
                    return if known <= deadline { in_time } else { refused };
                }
            };
        let arrives = Unlimited.download(reaches, 0);
        let left = RequestHistory { left: Some(signed), settled: arrives, over: deadline, ..lost };
        if conditions.timetable.reachability(to, arrives) != Reachability::Up {
            return left;
        }
        let arrived = RequestHistory { arrival: Arrival::Delivered, ..left };
        let verified = Unlimited.work(arrives, self.verify);
        let answered = self.answer(&mut Unlimited, conditions, to, latency, 0, verified);
        let over = Unlimited.download(answered, 0);
        if over > deadline {
            return arrived;
        }
        RequestHistory { over, outcome: RequestOutcome::Good, ..arrived }
    }
}
