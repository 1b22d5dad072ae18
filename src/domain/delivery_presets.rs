//! Delivery presets: rows of figures with names, as the field delivers.
//!
//! The table of docs/model.md says the source and the release of each figure; a figure without a measurement or a source is
//! marked assumed here.

use crate::domain::delivery::{
    Breaker, Compress, Delivery, Health, KeepAlive, Queues, RELEASED_IDLE, Retry, RetryAfter, RetryPer,
    Statuses, Tls, Transport,
};
use crate::domain::receiving::{RateLimit, Receiving, SignatureWindow};
use crate::foundation::units::Span;
use crate::mechanism::connections::StaleConnections;
use crate::mechanism::retry::{Backoff, Exponential, Jitter, Schedule};

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
    retry: Retry {
        per: RetryPer::Message,
        attempts: 1,
        backoff: Backoff { schedule: Schedule::Sidekiq, jitter: Jitter::Mastodon },
    },
    give_up_on: Statuses::NONE,
    breaker: None,
    health: Health::AsReleased,
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
        // measured on a real server
        heartbeat: Span::from_ms(3),
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

const TEN_SECONDS: Span = Span::from_secs(10);

/// What is not sent again: 4xx but those that may pass.
const MASTODON_GIVES_UP_ON: Statuses =
    Statuses::new(&[400, 403, 404, 405, 406, 409, 410, 413, 415, 422, 501]);
const MISSKEY_GIVES_UP_ON: Statuses =
    Statuses::new(&[400, 401, 403, 404, 405, 406, 408, 409, 410, 413, 415, 422]);

const MASTODON: Delivery = Delivery {
    queues: Queues::Workers,
    retry: Retry { attempts: 17, ..PEERTUBE.retry },
    give_up_on: MASTODON_GIVES_UP_ON,
    breaker: Some(Breaker { failures: 10, pause: Span::from_secs(60), half_opens: false }),
    health: Health::UnavailableDays,
    timeout: TEN_SECONDS,
    keep_alive: KeepAlive::Off,
    ..PEERTUBE
};

const LEMMY: Delivery = Delivery {
    queues: Queues::PerDestination,
    retry: Retry {
        per: RetryPer::Destination,
        attempts: 1,
        backoff: Backoff {
            schedule: Schedule::Exponential(Exponential {
                unit: Span::from_secs(1),
                base_ppm: 1_250_000,
                minus_one: false,
                at_once: 1,
                at_most: Span::from_secs(86_400),
            }),
            jitter: Jitter::Off,
        },
    },
    health: Health::Off,
    timeout: TEN_SECONDS,
    keep_alive: KeepAlive::Off,
    ..PEERTUBE
};

const MISSKEY: Delivery = Delivery {
    workers: 128,
    retry: Retry {
        per: RetryPer::Message,
        attempts: 12,
        backoff: Backoff {
            schedule: Schedule::Exponential(Exponential {
                unit: Span::from_secs(60),
                base_ppm: 2_000_000,
                minus_one: true,
                at_once: 0,
                at_most: Span::from_secs(8 * 3_600),
            }),
            jitter: Jitter::Share(200_000),
        },
    },
    give_up_on: MISSKEY_GIVES_UP_ON,
    breaker: None,
    health: Health::Suspended,
    ..MASTODON
};

// assumed: 25 workers and 10 s, for an application chooses its queue, and its fetch
const FEDIFY: Delivery = Delivery {
    retry: Retry {
        per: RetryPer::Message,
        attempts: 11,
        backoff: Backoff {
            schedule: Schedule::Exponential(Exponential {
                unit: Span::from_ms(500),
                base_ppm: 2_000_000,
                minus_one: false,
                at_once: 0,
                at_most: Span::from_secs(12 * 3_600),
            }),
            jitter: Jitter::Share(1_000_000),
        },
    },
    give_up_on: Statuses::new(&[404, 410]),
    breaker: Some(Breaker { failures: 5, pause: Span::from_secs(1_800), half_opens: true }),
    health: Health::Off,
    ..MASTODON
};

/// Those that are older than any other and that many files build on: no file may give their names to others.
pub const BASICS: usize = 4;

/// Every preset, the basic ones first.
pub const PRESETS: &[Preset] = &[
    Preset { name: "unlimited", doc: "nobody waits: latency and loss only", delivery: UNLIMITED },
    Preset {
        name: "peertube",
        doc: "three job queues, 30 requests at once in a job, one attempt (which queue forwards use is the protocol's)",
        delivery: PEERTUBE,
    },
    Preset {
        name: "per-destination",
        doc: "alias of lemmy, its name before there were others",
        delivery: LEMMY,
    },
    Preset {
        name: "retrying",
        doc: "alias of mastodon, its name before there were others",
        delivery: MASTODON,
    },
    Preset {
        name: "peertube-6",
        doc: "peertube, with the kept connections and the follow health of 6.x whatever the protocol",
        delivery: Delivery { keep_alive: KeepAlive::All(RELEASED_IDLE), health: Health::Score, ..PEERTUBE },
    },
    Preset {
        name: "peertube-8",
        doc: "peertube, with the new connections and the follow health of 8.2 whatever the protocol",
        delivery: Delivery { keep_alive: KeepAlive::Off, health: Health::SevenDays, ..PEERTUBE },
    },
    Preset {
        name: "mastodon",
        doc: "one queue of single requests with workers, Sidekiq's retries, a circuit breaker per inbox, unavailable after failures on seven days",
        delivery: MASTODON,
    },
    Preset {
        name: "lemmy",
        doc: "from 0.19: a queue per destination whose head is held back until it arrives, in order",
        delivery: LEMMY,
    },
    Preset {
        name: "misskey",
        doc: "128 workers, 12 attempts with (2^n - 1) minutes between, suspended after seven days",
        delivery: MISSKEY,
    },
    Preset {
        name: "fedify",
        doc: "11 attempts with doubling delays, a breaker that is half open, 404 and 410 are final",
        delivery: FEDIFY,
    },
];

impl Delivery {
    /// The row of a preset, `None` if there is none of that name.
    pub fn preset(name: &str) -> Option<Delivery> {
        PRESETS.iter().find(|preset| preset.name == name).map(|preset| preset.delivery)
    }
}
