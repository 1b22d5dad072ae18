//! Figures of receiving: of a delivery, of software, of a group.

use crate::domain::receiving::{RateLimit, Receiving, SignatureWindow};
use crate::foundation::units::Span;
use crate::mechanism::ban::BanRule;
use crate::scenario::value::Checked;

/// `base` with what a definition says; `None` if that is broken.
pub(crate) fn changed(base: Receiving, definition: &Checked) -> Option<Receiving> {
    let span = |key, else_: Span| definition.span(key).unwrap_or(else_);
    let count = |at: &Checked, key| u32::try_from(at.integer(key)?).ok();
    Some(Receiving {
        verify: span("verify", base.verify),
        json_ld_verify: span("json_ld_verify", base.json_ld_verify),
        inbox: span("inbox", base.inbox),
        heartbeat: span("heartbeat_cpu", base.heartbeat),
        inbox_workers: count(definition, "inbox_workers").unwrap_or(base.inbox_workers),
        rate_limit: match definition.get("rate_limit").and_then(Checked::case) {
            None => base.rate_limit,
            Some(("off", _)) => None,
            Some((_, on)) => Some(RateLimit {
                requests: count(on, "requests")?,
                per: on.span("per")?,
                says_when: on.text("retry_after") != Some("absent"),
            }),
        },
        signature_window: match definition.get("signature_window").and_then(Checked::case) {
            None => base.signature_window,
            Some(("off", _)) => None,
            Some(("both", at)) => Some(SignatureWindow::both(at.as_span()?)),
            Some((_, sides)) => {
                Some(SignatureWindow { old: sides.span("old")?, ahead: sides.span("ahead")? })
            }
        },
        ban: match definition.get("ban").and_then(Checked::case) {
            None => base.ban,
            Some(("off", _)) => None,
            Some((_, on)) => Some(BanRule {
                refusals: count(on, "refusals")?,
                within: on.span("within")?,
                lasts: on.span("for")?,
            }),
        },
    })
}
