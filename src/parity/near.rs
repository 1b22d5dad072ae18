//! Near decisions: what of a run goes another way if something comes a little earlier or later.

use crate::cell::Cell;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use std::fmt;

/// The number of decisions that are listed. The others are only counted.
const LISTED_MAX: usize = 20;
/// During the search at most twice this number is kept.
const KEPT_MAX: usize = 1_000;

/// A decision near a threshold, a tick or another input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearDecision {
    /// When the instance decides.
    pub at: Time,
    /// The name of the instance that decides.
    pub instance: String,
    /// It goes another way if something moves by so much, in model time.
    pub by: Span,
    /// What it is, as text.
    pub what: String,
}

/// The near decisions of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NearDecisions {
    /// The first ones, in order of time.
    pub first: Vec<NearDecision>,
    /// How many there are.
    pub count: u64,
}

impl NearDecisions {
    /// What may help, as text.
    pub const REMEDY: &str = "heartbeats of another interval (such as 5043 ms, which misses 90 s), other tick phases, \
        another seed, fewer viewers, a smaller --time-scale or a smaller --margin may help; `parity: {set: ...}` in the \
        scenario keeps what does";
}

impl fmt::Display for NearDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |ns: u64| ns as f64 / 1e6;
        let NearDecision { instance, what, .. } = self;
        write!(f, "{instance} at {:.1} ms: {what} ({:.1} ms)", ms(self.at.ns()), ms(self.by.ns()))
    }
}

/// Collects the near decisions of a cell.
pub(super) struct Findings<'a> {
    pub(super) cell: &'a Cell,
    pub(super) margin: Span,
    nears: Vec<NearDecision>,
    count: u64,
}

impl Findings<'_> {
    pub(super) fn new(cell: &Cell, margin: Span) -> Findings<'_> {
        Findings { cell, margin, nears: Vec::new(), count: 0 }
    }

    pub(super) fn note(&mut self, instance: InstanceId, at: Time, by: Span, what: impl FnOnce() -> String) {
        self.count += 1;
        if self.nears.len() == 2 * KEPT_MAX {
            self.nears.sort_by_key(|near| near.at);
            self.nears.truncate(KEPT_MAX);
        }
        let instance = self.cell.federation.instances[instance.index()].name.clone();
        self.nears.push(NearDecision { at, instance, by, what: what() });
    }

    /// What was found, in order of time.
    pub(super) fn finish(self) -> NearDecisions {
        let Findings { mut nears, count, .. } = self;
        nears.sort_by(|a, b| (a.at, &a.instance, &a.what).cmp(&(b.at, &b.instance, &b.what)));
        nears.truncate(LISTED_MAX);
        NearDecisions { first: nears, count }
    }
}
