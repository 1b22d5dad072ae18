//! Scripted visits, and what is measured of them.

use super::run::Run;
use crate::domain::crowd::Scripted;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};

/// When all `leavers` leave, in seconds.
const LEAVE_S: f64 = 400.0;

/// A visit of an instance with the heartbeats of the protocol.
pub(super) fn visit(instance: u32, start_s: f64, watch_s: f64) -> Scripted {
    Scripted {
        viewer: None,
        instance: InstanceId(instance),
        start: Time::ZERO + Span::from_secs_f64(start_s),
        watch: Span::from_secs_f64(watch_s),
        heartbeat: None,
    }
}

/// 40 viewers of the origin who leave together, each with heartbeats at other times.
pub(super) fn leavers() -> Vec<Scripted> {
    (0..40).map(f64::from).map(|n| visit(0, 2.3 * n, LEAVE_S - 2.3 * n)).collect()
}

/// 60 viewers of the origin who come within the lifetime, never at the time of a sample. Most leave within it too.
pub(super) fn passers_by() -> Vec<Scripted> {
    (0..60).map(f64::from).map(|n| visit(0, 1.9 * n + 0.05, 1.0 + 2.0 * n)).collect()
}

/// Samples after all have left and before the first entry expires that do not show all 40.
pub(super) fn lacking_before_expiry(run: &Run) -> f64 {
    let expires_s = LEAVE_S + 120.0 - 5.0;
    let lacks = |&(at_s, &shown): &(f64, &u32)| at_s > LEAVE_S && at_s < expires_s && shown != 40;
    run.at_s().zip(&run.shown(0)).filter(lacks).count() as f64
}

/// Samples after all entries must be gone that show somebody.
pub(super) fn shown_after_all(run: &Run) -> f64 {
    let cleaned_s = LEAVE_S + 120.0 + 120.0;
    let shows = |&(at_s, &shown): &(f64, &u32)| at_s > cleaned_s && shown != 0;
    run.at_s().zip(&run.shown(0)).filter(shows).count() as f64
}

/// Samples within the lifetime that do not show all who have come.
pub(super) fn differing_at_start(run: &Run) -> f64 {
    let visits = passers_by();
    let arrived =
        |at_s: f64| visits.iter().filter(|visit| visit.start.since(Time::ZERO).secs_f64() <= at_s).count();
    let differs = |&(at_s, &shown): &(f64, &u32)| at_s <= 120.0 && shown as usize != arrived(at_s);
    run.at_s().zip(&run.shown(0)).filter(differs).count() as f64
}
