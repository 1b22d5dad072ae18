//! Delivery: how an instance queues what it sends, makes its requests and works on what it receives.
//!
//! Which queue a send uses is a rule of its protocol (`protocol`); how queues, requests and CPU behave is one row of
//! parameters here, a separate preset, so that rivals can be compared under one protocol. Sources: section by section in
//! docs/model.md; a value without a measurement is marked assumed here.

use crate::domain::protocol::{ConnectionReuse, Rules};
use crate::domain::receiving::Receiving;
use crate::foundation::units::Span;
use crate::mechanism::connections::StaleConnections;
use crate::mechanism::retry::Backoff;

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
    /// How requests that failed are made again.
    pub retry: Retry,
    /// The answers after which a message is not sent again.
    pub give_up_on: Statuses,
    /// When a destination that fails is left alone for a while.
    pub breaker: Option<Breaker>,
    /// When a destination that does not answer is left out.
    pub health: Health,
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
    /// Whether one request is tried then while the others are held, instead of all; what is held has not failed.
    pub half_opens: bool,
}

/// How requests that failed are made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// What waits for the next attempt.
    pub per: RetryPer,
    /// With retries per message: how often a request is made until it is good; 1 is never again. Per destination there is no
    /// end.
    pub attempts: u32,
    /// How long it waits.
    pub backoff: Backoff,
}

/// What waits for the next attempt after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPer {
    /// The message; others to the same destination go on.
    Message,
    /// All that is queued for the destination, in its order: the head is held back.
    Destination,
}

/// Some statuses of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statuses {
    /// Ascending, and then zeros.
    list: [u16; STATUSES_MAX],
}

/// The most statuses in a list.
pub const STATUSES_MAX: usize = 16;

/// When a sender leaves a destination out of what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// As the rule `follow_health` of its protocol says.
    AsReleased,
    /// Never.
    Off,
    /// PeerTube before 8.2: when the score of the follow is below 0.
    Score,
    /// PeerTube from 8.2: when nothing was delivered for seven days.
    SevenDays,
    /// Mastodon: after failures on seven days without a good delivery, until the destination speaks.
    UnavailableDays,
    /// Misskey: after a failure when the first one was seven days ago without a good delivery, until the destination speaks.
    Suspended,
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

impl Queues {
    /// Every way to wait, its name in scenario files and what it means.
    pub const ALL: [(Queues, &'static str, &'static str); 4] = [
        (Queues::Unlimited, "unlimited", "they do not: nobody works, nothing is limited"),
        (Queues::Peertube, "peertube", "in three queues of jobs, a broadcast as one job"),
        (Queues::PerDestination, "per-destination", "in a queue per destination"),
        (Queues::Workers, "workers", "in one queue of single requests with workers"),
    ];
}

impl RetryPer {
    /// Either choice, its name in scenario files and what it means.
    pub const ALL: [(RetryPer, &'static str, &'static str); 2] = [
        (
            RetryPer::Message,
            "message",
            "each message has its own retries; others to the same destination go on",
        ),
        (
            RetryPer::Destination,
            "destination",
            "the head of the queue of a destination is held back until it arrives, and its order is kept",
        ),
    ];
}

impl Health {
    /// Every way, its name in scenario files and what it means.
    pub const ALL: [(Health, &'static str, &'static str); 6] = [
        (Health::AsReleased, "as-released", "as `follow_health` of each protocol says"),
        (Health::Off, "off", "never"),
        (Health::Score, "score", "hourly, when the score of the follow is below zero (PeerTube before 8.2)"),
        (
            Health::SevenDays,
            "seven-days",
            "hourly, when nothing was delivered for seven days (PeerTube from 8.2)",
        ),
        (
            Health::UnavailableDays,
            "unavailable-days",
            "after failures on seven days without a good delivery, until the destination speaks (Mastodon)",
        ),
        (
            Health::Suspended,
            "suspended",
            "after failures for seven days without a good delivery, until the destination speaks (Misskey)",
        ),
    ];
}

impl Statuses {
    /// None.
    pub const NONE: Statuses = Statuses { list: [0; STATUSES_MAX] };

    /// Some statuses, ascending; at most `STATUSES_MAX`.
    pub const fn new(some: &[u16]) -> Statuses {
        let mut list = [0; STATUSES_MAX];
        let mut at = 0;
        while at < some.len() && at < STATUSES_MAX {
            list[at] = some[at];
            at += 1;
        }
        Statuses { list }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.list.iter().copied().take_while(|&status| status > 0)
    }

    /// Whether a status is among them.
    pub fn has(&self, status: u16) -> bool {
        self.iter().any(|one| one == status)
    }
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
