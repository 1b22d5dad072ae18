//! Delivery: how an instance queues what it sends, makes its requests and works on what it receives.
//!
//! Which queue a send uses is a rule of its protocol (`protocol`); how queues, requests and CPU behave is one row of
//! parameters here, a separate preset, so that rivals can be compared under one protocol. Sources: section by section in
//! docs/model.md; a value without a measurement is marked assumed here.

use crate::domain::protocol::{ConnectionReuse, Rules};
use crate::domain::receiving::{RateLimit, Receiving, SignatureWindow};
use crate::foundation::units::Span;
use crate::mechanism::connections::StaleConnections;

/// The parameters of delivery, the same for every instance of the federation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// How sends wait.
    pub queues: Queues,
    /// Jobs at once of the sequential queue.
    pub sequential_jobs: u32,
    /// Jobs at once of the parallel queue.
    pub parallel_jobs: u32,
    /// Jobs at once of the unicast queue.
    pub unicast_jobs: u32,
    /// Requests at once inside a job.
    pub requests_per_job: u32,
    /// A job is given up after running so long; its requests go on.
    pub running_limit: Span,
    /// Requests at once to one destination, with `Queues::PerDestination`.
    pub requests_per_destination: u32,
    /// Requests at once of one instance, with `Queues::Workers`.
    pub workers: u32,
    /// How often a request is made until it is good; 1 is never again.
    pub attempts: u32,
    /// When a destination that fails is left alone for a while.
    pub breaker: Option<Breaker>,
    /// A request may take so long, from its beginning.
    pub timeout: Span,
    /// Whether the next attempt waits as long as the refusal of the last one said (`Retry-After`).
    pub retry_after: RetryAfter,
    /// Whether senders keep connections.
    pub keep_alive: KeepAlive,
    /// What a sender does when the receiver has closed the connection that it kept.
    pub stale_connections: StaleConnections,
    /// The TLS handshake of a new connection (none without `https`).
    pub tls: Tls,
    /// Whether the bytes of TCP, IP and TLS are counted, and pass the links.
    pub transport: Transport,
    /// Whether senders compress the bodies of requests.
    pub compress: Compress,
    /// CPU time of the signature of a request.
    pub sign: Span,
    /// CPU time of a JSON-LD signature, on one thread: one per job, none when forwarding.
    pub json_ld_sign: Span,
    /// What receivers do, but those whose software or group has other figures.
    pub receiving: Receiving,
}

/// How sends wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queues {
    /// They do not: a send leaves at once and arrives after the one-way latency; nothing takes CPU time, nothing is limited.
    Unlimited,
    /// In PeerTube's three queues, a broadcast as one job.
    Peertube,
    /// In a queue per destination, as Lemmy does: a slow inbox delays no other.
    PerDestination,
    /// In one queue of single requests with workers, as Mastodon does.
    Workers,
}

/// After so many failures in a row a destination gets nothing for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: u32,
    /// For how long attempts fail at once, without a request.
    pub pause: Span,
}

/// Whether a sender waits as long as a refusal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// The next attempt comes at its time, or when the refusal says, if that is later.
    Heeded,
    /// The next attempt comes at its time.
    Ignored,
}

/// Whether senders keep connections for their next requests; a receiver closes one that is idle for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepAlive {
    /// No sender does: each request has a new connection.
    Off,
    /// Senders whose release does (the rule `connections`); receivers close after `RELEASED_IDLE`.
    AsReleased,
    /// All do; receivers close after being idle so long.
    All(Span),
}

/// PeerTube's servers close a connection that was idle for so long: Node's default.
pub const RELEASED_IDLE: Span = Span::from_secs(5);

/// The handshake of TLS 1.3; either takes one round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// With a chain of two certificates.
    Full,
    /// Resumed from a ticket.
    Resumed,
}

/// Whether the bytes below HTTP count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// They do.
    Counted,
    /// They do not.
    Ignored,
}

/// Whether a sender compresses the body of each request before it signs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compress {
    /// It does not.
    Off,
    /// With gzip. What the receiver does to unpack a body is not counted.
    Gzip {
        /// The size of a body after it, in millionths of the size before, rounded up to whole bytes.
        share_ppm: u32,
        /// CPU time of the sender per request.
        cpu: Span,
    },
}

/// A named row.
pub struct Preset {
    /// The name in scenario files.
    pub name: &'static str,
    /// What it stands for.
    pub doc: &'static str,
    /// The row.
    pub delivery: Delivery,
}

const PEERTUBE: Delivery = Delivery {
    queues: Queues::Peertube,
    sequential_jobs: 1,
    parallel_jobs: 30,
    unicast_jobs: 30,
    requests_per_job: 30,
    running_limit: Span::from_secs(600),
    requests_per_destination: 1,
    workers: 25,
    attempts: 1,
    breaker: None,
    timeout: Span::from_secs(7),
    // none of them reads it
    retry_after: RetryAfter::Ignored,
    keep_alive: KeepAlive::AsReleased,
    // measured
    stale_connections: StaleConnections::Fail,
    // assumed: one never met before
    tls: Tls::Full,
    transport: Transport::Counted,
    compress: Compress::Off,
    // measured with OpenSSL 3
    sign: Span::from_us(250),
    // assumed: real servers with debug logging took 18 to 26 ms of CPU per View for all work together
    json_ld_sign: Span::from_ms(5),
    receiving: Receiving {
        // measured with OpenSSL 3
        verify: Span::from_us(20),
        // assumed, as json_ld_sign
        json_ld_verify: Span::from_ms(5),
        inbox: Span::from_ms(5),
        inbox_workers: 1,
        rate_limit: Some(RateLimit { requests: 500, per: Span::from_secs(10), says_when: true }),
        // measured: 8.2.1 refuses a date more than 30 minutes off
        signature_window: Some(SignatureWindow::both(Span::from_secs(1_800))),
        ban: None,
    },
};

const UNLIMITED: Delivery = Delivery {
    queues: Queues::Unlimited,
    keep_alive: KeepAlive::Off,
    transport: Transport::Ignored,
    sign: Span::ZERO,
    json_ld_sign: Span::ZERO,
    receiving: Receiving::AT_ONCE,
    ..PEERTUBE
};

/// Every preset.
pub const PRESETS: &[Preset] = &[
    Preset { name: "unlimited", doc: "nobody waits: latency and loss only", delivery: UNLIMITED },
    Preset {
        name: "peertube",
        doc: "three job queues, 30 requests at once in a job, one attempt (which queue forwards use is the protocol's)",
        delivery: PEERTUBE,
    },
    Preset {
        name: "per-destination",
        doc: "a queue per receiving instance, one request at once, as Lemmy does",
        delivery: Delivery { queues: Queues::PerDestination, keep_alive: KeepAlive::Off, ..PEERTUBE },
    },
    Preset {
        name: "retrying",
        doc: "one queue of single requests, 16 retries with growing delay, a circuit breaker per inbox, as Mastodon does",
        delivery: Delivery {
            queues: Queues::Workers,
            keep_alive: KeepAlive::Off,
            attempts: 17,
            breaker: Some(Breaker { failures: 10, pause: Span::from_secs(60) }),
            ..PEERTUBE
        },
    },
];

impl Queues {
    /// Every way to wait, its name in scenario files and what it means.
    pub const ALL: [(Queues, &'static str, &'static str); 4] = [
        (Queues::Unlimited, "unlimited", "they do not: nobody works, nothing is limited"),
        (Queues::Peertube, "peertube", "in three queues of jobs, a broadcast as one job"),
        (Queues::PerDestination, "per-destination", "in a queue per destination"),
        (Queues::Workers, "workers", "in one queue of single requests with workers"),
    ];
}

impl Tls {
    /// Either handshake, its name in scenario files and what it means.
    pub const ALL: [(Tls, &'static str, &'static str); 2] = [
        (Tls::Full, "full", "full, with a chain of two certificates"),
        (Tls::Resumed, "resumed", "resumed from a ticket"),
    ];
}

impl RetryAfter {
    /// Either choice, its name in scenario files and what it means.
    pub const ALL: [(RetryAfter, &'static str, &'static str); 2] = [
        (RetryAfter::Heeded, "heeded", "the next attempt waits at least so long"),
        (RetryAfter::Ignored, "ignored", "it comes when it would"),
    ];
}

impl Transport {
    /// Either choice, its name in scenario files and what it means.
    pub const ALL: [(Transport, &'static str, &'static str); 2] = [
        (Transport::Counted, "counted", "they count, and pass the links"),
        (Transport::Ignored, "ignored", "they do not"),
    ];
}

impl Compress {
    /// The bytes of a body on the wire.
    pub fn body_bytes(self, bytes: u64) -> u64 {
        match self {
            Compress::Off => bytes,
            Compress::Gzip { share_ppm, .. } => (bytes * u64::from(share_ppm)).div_ceil(1_000_000),
        }
    }

    /// The bytes of the line that it adds to the head of a request.
    pub fn head_bytes(self) -> u16 {
        match self {
            Compress::Off => 0,
            Compress::Gzip { .. } => "content-encoding: gzip\r\n".len() as u16,
        }
    }
}

impl KeepAlive {
    /// After being idle so long, the connections of a sender with these rules are closed by their receivers; none if it
    /// keeps none.
    pub fn idle(self, rules: &Rules) -> Option<Span> {
        match (self, rules.connections) {
            (KeepAlive::All(idle), _) => Some(idle),
            (KeepAlive::AsReleased, ConnectionReuse::Kept) => Some(RELEASED_IDLE),
            (KeepAlive::AsReleased, ConnectionReuse::New) | (KeepAlive::Off, _) => None,
        }
    }
}

impl Delivery {
    /// The row of a preset, `None` if there is none of that name.
    pub fn preset(name: &str) -> Option<Delivery> {
        PRESETS.iter().find(|preset| preset.name == name).map(|preset| preset.delivery)
    }
}
