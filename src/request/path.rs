//! The path of a request through the stations of its sender and its receiver, said once.
//!
//! ```text
//! begin    sender's cores (compress, sign)                                                    -> signed
//! leave    latency, connection, sender's uplink, round trips of the handshake, one latency    -> reaches the receiver
//! receive  receiver's downlink                                                                -> arrives
//! verify   receiver's cores, or its JSON-LD thread if it was forwarded                        -> verified
//! answer   receiver's uplink, delay of a slow receiver, one latency                           -> answered
//! end      sender's downlink                                                                  -> over
//! ```
//! The bytes of a request, those of its handshake included, pass the sender's uplink when it is signed, and the receiver's
//! downlink when they come; so do those of the answer on their way back. A connection takes round trips of the message's
//! own latency. What has left the sender before its deadline arrives, even if nobody waits for the answer any more.
//!
//! A station is anything with an arrival and a departure (`Host`). Executors differ in when they call a leg of the path
//! and on whose stations: at an event on those of two machines, or all legs at once where nobody else uses the stations.
//! Nothing here knows of events, jobs or records.

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
    /// The cores do so much work.
    fn work(&mut self, arrival: Time, work: Span) -> Time;
    /// The uplink carries so many bytes.
    fn upload(&mut self, arrival: Time, bytes: u64) -> Time;
    /// The downlink carries so many bytes.
    fn download(&mut self, arrival: Time, bytes: u64) -> Time;
    /// A connection to a receiver: one that is kept, or a new one.
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

/// The laws of all requests of a run: service times and sizes below HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    /// The sender's work before a request leaves.
    pub prepare: Span,
    /// The receiver's work on it.
    pub verify: Span,
    /// The receiver's work on one that was forwarded, on its JSON-LD thread.
    pub verify_forwarded: Span,
    /// The sender waits so long, from the beginning.
    pub timeout: Span,
    compress: Compress,
    handshake: Handshake,
    counts_transport: bool,
}

/// What a request carries, and where.
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
}

/// A request on its way to its receiver.
#[derive(Clone, Copy, Debug)]
pub struct Transit {
    /// When it reaches the receiver's downlink.
    pub reaches: Time,
    /// One way, with what faults add.
    pub latency: Span,
    /// What it goes out on.
    pub connection: Connection,
}

/// Why a request does not leave.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// It gets lost: its sender waits until the deadline.
    Lost,
    /// There is no connection, which the sender knows then.
    FailedConnect(Time),
}

/// What became of a request, from its beginning to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHistory {
    /// When it left its sender, if ever.
    pub left: Option<Time>,
    /// When it was no longer under way.
    pub settled: Time,
    /// Where it went then.
    pub arrival: Arrival,
    /// When it was over for its sender.
    pub over: Time,
    /// How it ended for its sender.
    pub outcome: RequestOutcome,
}

impl RequestHistory {
    /// The same for a request that begins so much later.
    pub fn later(self, by: Span) -> RequestHistory {
        let RequestHistory { left, settled, over, .. } = self;
        RequestHistory { left: left.map(|left| left + by), settled: settled + by, over: over + by, ..self }
    }
}

impl Path {
    /// That of a delivery, whose new connections begin with this handshake.
    pub fn new(delivery: &Delivery, handshake: Handshake) -> Path {
        let compress = match delivery.compress {
            Compress::Off => Span::ZERO,
            Compress::Gzip { cpu, .. } => cpu,
        };
        Path {
            prepare: compress + delivery.sign,
            verify: delivery.verify,
            verify_forwarded: delivery.verify + delivery.json_ld_verify,
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

    /// A request begins: when it is signed.
    #[inline]
    pub fn begin(&self, sender: &mut impl Host, now: Time) -> Time {
        sender.work(now, self.prepare)
    }

    /// A signed request leaves, or finds that it cannot. `name` is that of its draws.
    #[inline]
    pub fn leave(
        &self,
        sender: &mut impl Host,
        conditions: &mut Conditions<'_>,
        load: &Load,
        name: impl FnOnce() -> u64,
        now: Time,
    ) -> Result<Transit, Failure> {
        let &Load { from, to, bytes, response_bytes, drawn, deadline } = load;
        let latency = conditions.latency(from, to, name, drawn, now).ok_or(Failure::Lost)?;
        let connection = sender.connect(now, to);
        match conditions.timetable.reachability(to, now + latency) {
            Reachability::Up => {}
            Reachability::Silent => return Err(Failure::Lost),
            Reachability::Refused => return Err(Failure::FailedConnect(now + latency * 2)),
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

    /// The bytes of a request that pass links.
    #[inline]
    pub fn bytes_up(&self, bytes: u64, response_bytes: u64, connection: Connection) -> u64 {
        let transport = self.transport(bytes, response_bytes, connection);
        bytes + transport.tcp_up + transport.tls_up
    }

    /// The bytes of its answer that pass links.
    #[inline]
    pub fn bytes_down(&self, bytes: u64, response_bytes: u64, connection: Connection) -> u64 {
        let transport = self.transport(bytes, response_bytes, connection);
        response_bytes + transport.tcp_down + transport.tls_down
    }

    /// What lies below HTTP of a request on a connection.
    pub fn transport(&self, bytes: u64, response_bytes: u64, connection: Connection) -> TransportBytes {
        if !self.counts_transport {
            return TransportBytes::default();
        }
        transport_bytes(bytes, response_bytes, connection == Connection::Kept, self.handshake)
    }

    /// The receiver begins to send the answer: when it comes to the sender's downlink.
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

    /// All of the path, where nothing waits at a station, for a request that was not forwarded.
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
        let load = Load { from, to, bytes: 0, response_bytes: 0, drawn, deadline };
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
                Err(Failure::FailedConnect(known)) => {
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
