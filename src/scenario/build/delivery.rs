//! Deliveries of the scenario's own, and which one a column uses.

use crate::domain::delivery::{
    Breaker, Compress, Delivery, Health, KeepAlive, Queues, RetryAfter, Tls, Transport,
};
use crate::domain::delivery_presets::{BASICS, PRESETS};
use crate::foundation::units::Span;
use crate::mechanism::connections::StaleConnections;
use crate::scenario::build::choice::choice;
use crate::scenario::build::retry;
use crate::scenario::build::unknown::unknown;
use crate::scenario::build::{effect, receiving};
use crate::scenario::problem::Problems;
use crate::scenario::value::{Checked, Value};

/// The deliveries that can be named: the presets, then those defined.
pub(crate) struct Deliveries<'a> {
    /// One that is broken has no figures. The last one of a name holds: a file may redefine a preset that is not basic.
    rows: Vec<(&'a str, Option<Delivery>)>,
    /// Whether every definition has its name; if not, an unknown one may be meant.
    complete: bool,
    /// What a column uses that says nothing; none if it is broken.
    default: Option<Delivery>,
}

impl<'a> Deliveries<'a> {
    /// Those of a file.
    pub(crate) fn new(file: &'a Checked, problems: &mut Problems) -> Deliveries<'a> {
        let section = file.get("deliveries");
        let definitions = section.map_or(&[][..], Checked::entries);
        let complete = section.is_some() && definitions.iter().all(|(_, value)| value.value != Value::Broken);
        let rows = PRESETS.iter().map(|preset| (preset.name, Some(preset.delivery))).collect();
        let mut known = Deliveries { rows, complete, default: None };
        for (name, definition) in definitions {
            if PRESETS[..BASICS].iter().any(|preset| preset.name == name) {
                let message = format!("`{name}` is a delivery of ours already; call yours otherwise");
                problems.at(definition.spot(), message);
                continue;
            }
            let base = definition.get("base").and_then(|at| known.row(at, problems));
            let row = base.and_then(|base| changed(base, definition));
            if let Some(row) = &row {
                retry::check(definition, row, problems);
                let is_base = definitions.iter().any(|(_, other)| other.text("base") == Some(name));
                effect::of_delivery(definition, row, is_base, problems);
            }
            known.rows.push((name, row));
        }
        known.default = file.get("delivery").and_then(|at| known.row(at, problems));
        known
    }

    /// The delivery of an item of `compare`.
    pub(crate) fn of_column(&self, item: &Checked, problems: &mut Problems) -> Option<Delivery> {
        match item.get("delivery") {
            Some(at) => self.row(at, problems),
            None => self.default,
        }
    }

    /// The figures of a name; `None` with a problem if there is no such name, and without if its definition is broken.
    fn row(&self, at: &Checked, problems: &mut Problems) -> Option<Delivery> {
        let name = at.as_text()?;
        let found = self.rows.iter().rfind(|(known, _)| *known == name);
        if found.is_none() && self.complete {
            unknown(at.spot(), "delivery", name, self.rows.iter().map(|(known, _)| *known), problems);
        }
        found.and_then(|(_, row)| *row)
    }
}

/// `base` with what a definition says.
fn changed(base: Delivery, definition: &Checked) -> Option<Delivery> {
    let span = |key, else_: Span| definition.span(key).unwrap_or(else_);
    let count =
        |key, else_: u32| definition.integer(key).map_or(Some(else_), |count| u32::try_from(count).ok());
    Some(Delivery {
        queues: choice(&Queues::ALL, definition, "queues", base.queues),
        sequential_jobs: count("sequential_jobs", base.sequential_jobs)?,
        parallel_jobs: count("parallel_jobs", base.parallel_jobs)?,
        unicast_jobs: count("unicast_jobs", base.unicast_jobs)?,
        requests_per_job: count("requests_per_job", base.requests_per_job)?,
        running_limit: span("running_limit", base.running_limit),
        requests_per_destination: count("requests_per_destination", base.requests_per_destination)?,
        workers: count("workers", base.workers)?,
        retry: retry::retry(base.retry, definition)?,
        give_up_on: retry::give_up_on(base.give_up_on, definition)?,
        health: choice(&Health::ALL, definition, "health", base.health),
        breaker: match definition.get("breaker").and_then(Checked::case) {
            None => base.breaker,
            Some(("off", _)) => None,
            Some((_, on)) => Some(Breaker {
                failures: u32::try_from(on.integer("failures")?).ok()?,
                pause: on.span("pause")?,
                half_opens: on.text("half_open") == Some("yes"),
            }),
        },
        timeout: span("timeout", base.timeout),
        retry_after: choice(&RetryAfter::ALL, definition, "retry_after", base.retry_after),
        keep_alive: match definition.get("keep_alive").and_then(Checked::case) {
            None => base.keep_alive,
            Some(("off", _)) => KeepAlive::Off,
            Some(("as-released", _)) => KeepAlive::AsReleased,
            Some((_, on)) => KeepAlive::All(on.as_span()?),
        },
        stale_connections: choice(
            &StaleConnections::ALL,
            definition,
            "stale_connections",
            base.stale_connections,
        ),
        tls: choice(&Tls::ALL, definition, "tls", base.tls),
        transport: choice(&Transport::ALL, definition, "transport", base.transport),
        compress: match definition.get("compress").and_then(Checked::case) {
            None => base.compress,
            Some(("off", _)) => Compress::Off,
            Some((_, gzip)) => Compress::Gzip { share_ppm: gzip.share_ppm("share")?, cpu: gzip.span("cpu")? },
        },
        sign: span("sign", base.sign),
        json_ld_sign: span("json_ld_sign", base.json_ld_sign),
        receiving: receiving::changed(base.receiving, definition)?,
    })
}
