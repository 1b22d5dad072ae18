//! How a delivery of the scenario's own makes requests again: its keys, and which of them contradict each other.

use crate::domain::delivery::{Delivery, Queues, Retry, RetryPer, Statuses};
use crate::mechanism::retry::{Backoff, Exponential, Jitter, List, Schedule};
use crate::scenario::build::choice::choice;
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;

/// The retries of `base` with what a definition says.
pub(super) fn retry(base: Retry, definition: &Checked) -> Option<Retry> {
    let key = definition.get("retry");
    let of = |name: &str| key.and_then(|key| key.get(name));
    let attempts = of("attempts").or_else(|| definition.get("attempts"));
    Some(Retry {
        per: key.map_or(base.per, |key| choice(&RetryPer::ALL, key, "per", base.per)),
        attempts: match attempts {
            Some(at) => u32::try_from(at.as_integer()?).ok()?,
            None => base.attempts,
        },
        backoff: Backoff {
            schedule: match of("schedule").and_then(Checked::case) {
                None => base.backoff.schedule,
                Some((case, value)) => schedule(case, value)?,
            },
            jitter: match of("jitter").and_then(Checked::case) {
                None => base.backoff.jitter,
                Some(("off", _)) => Jitter::Off,
                Some(("sidekiq", _)) => Jitter::Sidekiq,
                Some(("mastodon", _)) => Jitter::Mastodon,
                Some((_, share)) => Jitter::Share(share.as_share_ppm()?),
            },
        },
    })
}

fn schedule(case: &str, value: &Checked) -> Option<Schedule> {
    Some(match case {
        "sidekiq" => Schedule::Sidekiq,
        "exponential" => Schedule::Exponential(Exponential {
            unit: value.span("unit")?,
            base_ppm: (value.number("base")? * 1e6 + 0.5) as u32,
            minus_one: value.text("minus_one") == Some("yes"),
            at_once: value.integer("at_once").map_or(Some(0), |count| u32::try_from(count).ok())?,
            at_most: value.span("at_most")?,
        }),
        _ => {
            Schedule::List(List::new(value.items().iter().map(Checked::as_span).collect::<Option<Vec<_>>>()?))
        }
    })
}

/// The statuses that a definition gives up on.
pub(super) fn give_up_on(base: Statuses, definition: &Checked) -> Option<Statuses> {
    let Some(list) = definition.get("give_up_on") else { return Some(base) };
    let numbers = list.items().iter().map(|at| u16::try_from(at.as_integer()?).ok());
    let mut statuses = numbers.collect::<Option<Vec<_>>>()?;
    statuses.sort_unstable();
    statuses.dedup();
    Some(Statuses::new(&statuses))
}

/// Tells which keys of a definition contradict each other, or have no effect on the delivery that it gives.
pub(super) fn check(definition: &Checked, row: &Delivery, problems: &mut Problems) {
    let key = definition.get("retry");
    let of = |name: &str| key.and_then(|key| key.get(name));
    let mut say = |at: Option<&Checked>, message: String| {
        problems.at(at.unwrap_or(definition).spot(), message);
    };
    if let (Some(_), Some(at)) = (of("attempts"), definition.get("attempts")) {
        return say(Some(at), "`retry.attempts` says that already; remove one of the two".to_owned());
    }
    // else a refusal over a link without latency is tried again for ever at one instant
    if let Schedule::Exponential(Exponential { base_ppm: 1_000_000, minus_one: true, .. }) =
        row.retry.backoff.schedule
    {
        let message = "waits nothing: with `base: 1` the power less one is 0; give a larger base, or remove `minus_one`";
        return say(of("schedule"), message.to_owned());
    }
    let attempts = of("attempts").or_else(|| definition.get("attempts"));
    let repeats = of("schedule").or_else(|| of("jitter")).or_else(|| definition.get("give_up_on"));
    if row.queues == Queues::Unlimited {
        let unused = key.or_else(|| definition.get("give_up_on")).or_else(|| definition.get("health"));
        if unused.is_some() {
            say(unused, "without queues nothing is sent again or left out; give `queues` too".to_owned());
        }
        return;
    }
    if row.retry.per == RetryPer::Message {
        if row.retry.attempts == 1 && row.breaker.is_none() && repeats.is_some() {
            say(repeats, "with one attempt nothing is sent again; give `retry.attempts` too".to_owned());
        }
        return;
    }
    let cause = of("per").or_else(|| definition.get("queues"));
    if row.queues != Queues::PerDestination {
        let message = "retries per destination hold back the head of the destination's queue: they need \
                       `queues: per-destination`, or set `retry.per: message`";
        say(cause, message.to_owned());
    } else if let Some(attempts) = attempts {
        let count = row.retry.attempts;
        let message = format!(
            "with retries per destination the head is tried until it arrives: remove `attempts`, or, to try each \
             message so often on its own, set `retry: {{per: message, attempts: {count}}}` instead"
        );
        say(Some(attempts), message);
    } else if row.breaker.is_some() {
        let message = "with retries per destination its queue is held back already: set `breaker: off`, or \
                       `retry.per: message`";
        say(definition.get("breaker").or(cause), message.to_owned());
    }
}
