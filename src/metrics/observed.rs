//! The primaries of one cell, which records and metrics are made of.

use crate::domain::door::Door;
use crate::metrics::catalogues::CatalogueRow;
use crate::metrics::counters::{Counters, Staleness};
use crate::metrics::delays::DelayRow;
use crate::metrics::delivery::Delivery;
use crate::metrics::lies::LieEffects;
use crate::metrics::limits::Limits;
use crate::metrics::links::LinkRow;
use crate::metrics::traffic::{OriginPeaks, TrafficRow};
use crate::metrics::views::Views;

/// The primaries of one cell: everything that records and metrics are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Messages and bytes per bucket, video, instance, direction and kind.
    pub traffic: Vec<TrafficRow>,
    /// The most that one origin sent in one second.
    pub origin_peaks: OriginPeaks,
    /// Displayed and true viewers at each sample.
    pub counters: Counters,
    /// What is displayed of catalogues at each sample.
    pub catalogues: Vec<CatalogueRow>,
    /// What no protocol can do better, and what was sent.
    pub limits: Limits,
    /// The age of totals at followers.
    pub staleness: Staleness,
    /// The views counter; none if nobody tells followers of views.
    pub views: Option<Views>,
    /// How long messages took.
    pub delays: Vec<DelayRow>,
    /// What arrived from whom at whom.
    pub links: Vec<LinkRow>,
    /// The answers that carried counts, by who gave and took them, of whose bytes the heads are a part; and the totals that came beside another in a batch, which
    /// has the bytes.
    pub told_beside: Vec<LinkRow>,
    /// Forwarded viewers that took effect as plain views.
    pub viewers_as_plain_views: u64,
    /// How often lies were told, each to one inbox.
    pub lies_told: u64,
    /// What that changed; none where nobody lies.
    pub lie_effects: Option<LieEffects>,
    /// How delivery went.
    pub delivery: Delivery,
    /// What clients sent to their own instances.
    pub doors: Vec<Door>,
    /// Sessions that began.
    pub sessions: u64,
    /// The most true viewers that one video had at one moment.
    pub viewers_peak: u64,
    /// Sessions that were still watching when the run ended.
    pub sessions_unfinished: u64,
    /// When the run ended, in ns.
    pub end_ns: u64,
}
