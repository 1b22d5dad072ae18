//! Receiving: what a server does with the requests that reach it, whatever software it runs.
//!
//! ```text
//! firewall   refuses the connections of senders that it has banned
//! proxy      502 if there is no process behind it
//! limit      429 beyond a sender's rate
//! window     401 or 403 if the `Date` is too far from the clock
//! verify     CPU time; then 403 if the sender is blocked
//! inbox      CPU time in a queue with workers
//! heartbeat  CPU time for a client of its own
//! ```
//! The figures of a column's delivery hold for all; software with figures of its own (`Software`) and a group's `receives`
//! change them.

use crate::foundation::units::Span;
use crate::mechanism::ban::BanRule;
use crate::mechanism::refusal::Refusal;

/// The figures of receiving of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receiving {
    /// CPU time of the verification of a request.
    pub verify: Span,
    /// CPU time of a JSON-LD verification, on one thread: of what was forwarded.
    pub json_ld_verify: Span,
    /// CPU time that a received activity takes in the inbox queue.
    pub inbox: Span,
    /// CPU time that a heartbeat of one of its own clients takes, where its cores are limited.
    pub heartbeat: Span,
    /// Activities of the inbox queue that are worked on at once, at least 1; with two inbox queues, of either.
    pub inbox_workers: u32,
    /// What it takes from one sender.
    pub rate_limit: Option<RateLimit>,
    /// How far the `Date` of a request may be from its clock.
    pub signature_window: Option<SignatureWindow>,
    /// When its firewall bans a sender.
    pub ban: Option<BanRule>,
}

/// So many requests of one sender per window; the others are refused (429). A window begins with its first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests.
    pub requests: u32,
    /// The window.
    pub per: Span,
    /// Whether a refusal says when the window ends (`Retry-After`).
    pub says_when: bool,
}

/// How far the `Date` of a request may be from the receiver's clock, the bounds included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureWindow {
    /// So far behind it.
    pub old: Span,
    /// So far ahead of it.
    pub ahead: Span,
}

/// What a server runs, as far as that decides figures of receiving.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Software {
    /// PeerTube.
    #[default]
    Peertube,
    /// Something that shows nothing, with the figures of the delivery.
    Other,
    /// Mastodon.
    Mastodon,
    /// Akkoma, as Pleroma.
    Akkoma,
}

impl Receiving {
    /// Takes everything, without work.
    pub const AT_ONCE: Receiving = Receiving {
        verify: Span::ZERO,
        json_ld_verify: Span::ZERO,
        inbox: Span::ZERO,
        heartbeat: Span::ZERO,
        inbox_workers: 1,
        rate_limit: None,
        signature_window: None,
        ban: None,
    };
}

impl SignatureWindow {
    /// The same bound on both sides.
    pub const fn both(bound: Span) -> SignatureWindow {
        SignatureWindow { old: bound, ahead: bound }
    }
}

impl Software {
    /// Every software, its name in scenario files and what it means.
    pub const ALL: [(Software, &'static str, &'static str); 4] = [
        (Software::Peertube, "peertube", "PeerTube"),
        (Software::Other, "other", "something that receives Views and shows nothing"),
        (
            Software::Mastodon,
            "mastodon",
            "Mastodon, which shows nothing: 25 inbox workers, Dates up to 65 min old and 1 h ahead, no rate limit",
        ),
        (
            Software::Akkoma,
            "akkoma",
            "Akkoma or Pleroma, which shows nothing: Dates up to 2 h old and 40 min ahead, no rate limit",
        ),
    ];

    /// What it makes of the figures of the column's delivery.
    ///
    /// Mastodon: `app/lib/signed_request.rb` (a signature without `expires` ends 5 min after its `Date`, and clocks may differ by
    /// an hour), 25 threads of Sidekiq as in its systemd unit; no limit of `Rack::Attack` is on inboxes. Akkoma: its plug
    /// `HTTPSignaturePlug` (2 h, 40 min).
    pub fn receiving(self, delivery: Receiving) -> Receiving {
        const MINUTE: u64 = 60;
        let window = |old_min, ahead_min| {
            let minutes = |number| Span::from_secs(number * MINUTE);
            delivery
                .signature_window
                .map(|_| SignatureWindow { old: minutes(old_min), ahead: minutes(ahead_min) })
        };
        match self {
            Software::Peertube | Software::Other => delivery,
            Software::Mastodon => Receiving {
                inbox_workers: 25,
                rate_limit: None,
                signature_window: window(65, 60),
                ..delivery
            },
            Software::Akkoma => Receiving { rate_limit: None, signature_window: window(120, 40), ..delivery },
        }
    }

    /// The status of its refusals; none where there is no answer.
    pub fn status(self, refusal: Refusal) -> Option<u16> {
        Some(match (refusal, self) {
            (Refusal::RateLimited, _) => 429,
            (Refusal::StaleDate | Refusal::UnknownSigner, Software::Peertube) | (Refusal::Blocked, _) => 403,
            (Refusal::StaleDate | Refusal::UnknownSigner, _) => 401,
            (Refusal::Gone, _) => 410,
            (Refusal::BadGateway, _) => 502,
            (Refusal::Banned, _) => return None,
        })
    }
}
