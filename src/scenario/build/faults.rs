//! Faults: names become instances, a rolling upgrade becomes restarts, and each column gets what happens in it.

use crate::domain::faults::{Fault, Period, Unreachable};
use crate::domain::protocol::Rules;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::scenario::build::protocols::Protocols;
use crate::scenario::build::table::Table;
use crate::scenario::build::unknown::unknown;
use crate::scenario::model::{End, Variant};
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;
use std::collections::BTreeSet;

/// The faults of all columns take at most so many bytes, so that a short file cannot make long lists.
const BYTES_MAX: usize = 256_000_000;

/// What faults refer to.
struct Context<'a> {
    table: &'a Table,
    protocols: &'a Protocols<'a>,
    end: Option<Time>,
}

/// Writes the faults of a file into the columns in which they happen.
pub(crate) fn faults(
    file: &Checked,
    table: &Table,
    protocols: &Protocols<'_>,
    end: Option<End>,
    columns: &mut [Variant],
    problems: &mut Problems,
) {
    let context = Context { table, protocols, end: end.map(End::latest) };
    // a column that is broken is missing from `columns`, and must not be called unknown
    let complete = file.get("compare").is_some_and(|compare| compare.items().len() == columns.len());
    let mut bytes = 0;
    for (number, item) in (0..).zip(file.get("faults").map_or(&[][..], Checked::items)) {
        let Some((case, value)) = item.case() else { continue };
        let held = held(value, columns, complete, problems);
        let Some(faults) = context.fault(number, case, value, problems) else { continue };
        bytes += faults.iter().map(size_bytes).sum::<usize>() * held.len();
        if bytes > BYTES_MAX {
            let message = format!(
                "is one too many: with the faults before it, in all their columns, it takes more than {BYTES_MAX} bytes; name fewer instances or fewer `columns`"
            );
            problems.at(item.spot(), message);
            return;
        }
        held.into_iter().for_each(|column| columns[column].faults.extend_from_slice(&faults));
    }
}

/// The columns in which a fault happens.
fn held(value: &Checked, columns: &[Variant], complete: bool, problems: &mut Problems) -> BTreeSet<usize> {
    let Some(listed) = value.get("columns") else { return (0..columns.len()).collect() };
    let mut column = |at: &Checked| {
        let name = at.as_text()?;
        let found = columns.iter().position(|column| column.name == name);
        if found.is_none() && complete {
            let names = columns.iter().map(|column| &column.name[..]);
            unknown(at.spot(), "column of `compare`", name, names, problems);
        }
        found
    };
    listed.items().iter().filter_map(&mut column).collect()
}

fn size_bytes(fault: &Fault) -> usize {
    let instances = match fault {
        Fault::Down { instances, .. } | Fault::Slow { instances, .. } | Fault::Skew { instances, .. } => {
            instances.len()
        }
        Fault::Dead { of, .. } | Fault::Outages { of, .. } => of.len(),
        Fault::Restart { .. } => 0,
        Fault::Partition { sides, .. } => sides.iter().map(Vec::len).sum(),
        Fault::Loss { from, to, .. } | Fault::Latency { from, to, .. } => from.len() + to.len(),
        Fault::Blocked { senders, by, .. } => senders.len() + by.len(),
    };
    size_of::<Fault>() + instances * size_of::<InstanceId>()
}

impl Context<'_> {
    /// What one item of the list stands for; `number` is its position in the file.
    fn fault(&self, number: u64, case: &str, value: &Checked, problems: &mut Problems) -> Option<Vec<Fault>> {
        let fault = match case {
            "restart" => return self.restart(value, problems),
            "upgrade" => return self.upgrade(value, problems),
            "partition" => self.partition(value, problems)?,
            "loss" | "latency" => self.link(case, value, problems)?,
            "clock" => self.clock(value, problems)?,
            "blocked" => {
                let senders = self.instances(value.get("blocked"), problems);
                let by = self.instances(value.get("by"), problems);
                let during = self.during(value, problems);
                Fault::Blocked { senders: senders?, by: by?, during: during? }
            }
            "dead" => {
                let of = self.instances(value.get("of"), problems)?;
                Fault::Dead { number, of, share_ppm: value.share_ppm("dead")?, how: how(value)? }
            }
            "outages" => Fault::Outages {
                number,
                of: self.instances(value.get("outages"), problems)?,
                mean_between: value.span("mean_between")?,
                mean_duration: value.span("mean_duration")?,
                how: how(value)?,
            },
            "down" => {
                let instances = self.instances(value.get("down"), problems);
                let during = self.during(value, problems);
                Fault::Down { instances: instances?, during: during?, how: how(value)? }
            }
            _ => {
                let instances = self.instances(value.get("slow"), problems);
                let during = self.during(value, problems);
                Fault::Slow { instances: instances?, during: during?, answer: value.span("answer")? }
            }
        };
        Some(vec![fault])
    }

    /// The instances that a list of names stands for, in its order.
    fn named(&self, at: Option<&Checked>, problems: &mut Problems) -> Option<Vec<InstanceId>> {
        let mut members = |at: &Checked| self.table.members(at.as_text()?, at.spot(), problems);
        let lists: Vec<_> = at?.items().iter().map(&mut members).collect();
        Some(self.table.hosts(lists.into_iter().collect::<Option<Vec<_>>>()?.concat()))
    }

    /// The same in ascending order, each once.
    fn instances(&self, at: Option<&Checked>, problems: &mut Problems) -> Option<Vec<InstanceId>> {
        let mut instances = self.named(at, problems)?;
        instances.sort_unstable();
        instances.dedup();
        Some(instances)
    }

    /// A time under a key, if the run is not over by then.
    fn time(&self, value: &Checked, key: &str, problems: &mut Problems) -> Option<Time> {
        let at = value.get(key)?;
        let time = Time::ZERO + at.as_span()?;
        if self.end.is_some_and(|end| time >= end) {
            problems.at(at.spot(), "is when the run is over, so it would change nothing; begin before `end`");
        }
        Some(time)
    }

    fn during(&self, value: &Checked, problems: &mut Problems) -> Option<Period> {
        let from = self.time(value, "at", problems)?;
        Some(Period { from, until: value.span("for").map(|lasts| from + lasts) })
    }

    /// The rules of a protocol that instances are to speak.
    fn rules(
        &self,
        at: &Checked,
        instances: Option<&[InstanceId]>,
        problems: &mut Problems,
    ) -> Option<Rules> {
        let rules = self.protocols.rules(at, problems);
        let others = instances.unwrap_or_default().iter();
        let specs = others.map(|id| &self.table.instances[id.index()]);
        if let Some(other) = specs.into_iter().find(|spec| !spec.is_peertube) {
            let message = format!("`{}` is not PeerTube (`software`), so it speaks no protocol", other.name);
            problems.at(at.spot(), message);
        }
        rules
    }

    fn restart(&self, value: &Checked, problems: &mut Problems) -> Option<Vec<Fault>> {
        let instances = self.instances(value.get("restart"), problems);
        let at = self.time(value, "at", problems);
        let rules = match value.get("protocol") {
            Some(protocol) => Some(self.rules(protocol, instances.as_deref(), problems)?),
            None => None,
        };
        let (at, startup) = (at?, value.span("startup")?);
        let restart = |instance| Fault::Restart { instance, at, startup, rules };
        Some(instances?.into_iter().map(restart).collect())
    }

    /// One batch after another stops, starts and is followed by the next after the pause.
    fn upgrade(&self, value: &Checked, problems: &mut Problems) -> Option<Vec<Fault>> {
        let order = self.named(value.get("upgrade"), problems);
        let at = self.time(value, "at", problems);
        let rules = value.get("to").and_then(|to| self.rules(to, order.as_deref(), problems));
        let (order, rules, mut at) = (order?, rules?, at?);
        let mut seen = BTreeSet::new();
        if let Some(twice) = order.iter().find(|&&id| !seen.insert(id)) {
            let name = &self.table.instances[twice.index()].name;
            problems.at(value.get("upgrade")?.spot(), format!("has `{name}` twice; upgrade it once"));
            return None;
        }
        let (startup, pause) = (value.span("startup")?, value.span("pause")?);
        let parallel = usize::try_from(value.integer("parallel")?).ok()?;
        let batches = order.len().div_ceil(parallel);
        let mut restarts = Vec::new();
        for (number, batch) in order.chunks(parallel).enumerate() {
            if number > 0 && self.end.is_some_and(|end| at >= end) {
                let message = format!(
                    "comes to batch {} of {batches} only when the run is over; begin earlier, take more in `parallel` or pause less",
                    number + 1
                );
                problems.at(value.spot(), message);
                return None;
            }
            let restart = |&instance| Fault::Restart { instance, at, startup, rules: Some(rules) };
            restarts.extend(batch.iter().map(restart));
            at += startup + pause;
        }
        Some(restarts)
    }

    fn partition(&self, value: &Checked, problems: &mut Problems) -> Option<Fault> {
        let mut taken = BTreeSet::new();
        let mut side = |at: &Checked| {
            let instances = self.instances(Some(at), problems)?;
            if let Some(twice) = instances.iter().find(|&&id| !taken.insert(id)) {
                let name = &self.table.instances[twice.index()].name;
                problems.at(at.spot(), format!("has `{name}`, which is on a side before; put it on one"));
            }
            Some(instances)
        };
        let sides: Vec<_> = value.get("partition")?.items().iter().map(&mut side).collect();
        let during = self.during(value, problems);
        Some(Fault::Partition { sides: sides.into_iter().collect::<Option<_>>()?, during: during? })
    }

    fn link(&self, case: &str, value: &Checked, problems: &mut Problems) -> Option<Fault> {
        let mut end = |key| match value.get(key) {
            Some(at) => self.instances(Some(at), problems),
            None => self.table.all(value.spot(), problems).map(|all| self.table.hosts(all)),
        };
        let (from, to) = (end("from"), end("to"));
        let during = self.during(value, problems);
        let (from, to, during) = (from?, to?, during?);
        match case {
            "loss" => Some(Fault::Loss { from, to, during, loss_ppm: value.share_ppm("loss")? }),
            _ => Some(Fault::Latency { from, to, during, added: value.span("latency")? }),
        }
    }

    fn clock(&self, value: &Checked, problems: &mut Problems) -> Option<Fault> {
        let ns = |span: Span| i64::try_from(span.ns()).ok();
        let ahead_ns = match (value.span("ahead"), value.span("behind")) {
            (Some(ahead), None) => ns(ahead),
            (None, Some(behind)) => ns(behind).map(|ns| -ns),
            (ahead, _) => {
                let wrong = if ahead.is_some() { "has both" } else { "has none of" };
                if value.is_sound() {
                    problems.at(value.spot(), format!("{wrong} `ahead` and `behind`; it needs one of them"));
                }
                None
            }
        };
        Some(Fault::Skew { instances: self.instances(value.get("clock"), problems)?, ahead_ns: ahead_ns? })
    }
}

fn how(value: &Checked) -> Option<Unreachable> {
    match value.text("how")? {
        "refused" => Some(Unreachable::Refused),
        "bad-gateway" => Some(Unreachable::BadGateway),
        "gone" => Some(Unreachable::Gone),
        _ => Some(Unreachable::Silent),
    }
}
