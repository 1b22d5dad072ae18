//! Near decisions: what of a simulated run would go another way if something came a little earlier or later.
//!
//! What is exact, whoever drives: ticks, restarts, stops, flushes, samples, and how long a visit has lasted, which its
//! client says. Everything else (heartbeats, arrivals, reports, the times of requests) may move by up to the margin, and
//! the expiry of an entry moves with the input that made it; that of a total is exact, for a tick made it. Looked at are:
//! - thresholds: an instance is given its inputs a margin earlier and later, and must do and show the same (here);
//! - order: two inputs nearer than the margin must do and leave the same in either order (`order`);
//! - what is decided outside of instances: faults, time-outs, limits, queues, the end of the run (`requests`).
//!
//! Each input is moved by itself, not several at once. Not looked at: deliveries with queues per destination, workers or
//! retries, links and cores that are limited, and the end of runs that end when they are idle.

use crate::cell::Cell;
use crate::domain::faults::Timetable;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::activity::Subject;
use crate::parity::history::{History, instances};
use crate::parity::order::look_at_order;
use crate::parity::record::{Kept, Record, Taken, record};
use crate::parity::requests::look_at_requests;
use crate::scenario::End;
use std::fmt;
use std::sync::atomic::AtomicBool;

/// So many decisions are told; the others are counted.
const TOLD_MAX: usize = 20;
/// So many are kept of one kind at one place until all are sorted.
const KEPT_MAX: usize = 1_000;

/// A decision that lies near to a threshold, a tick or another input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// When it falls.
    pub at: Time,
    /// The name of the instance that decides.
    pub instance: String,
    /// How far it is from going the other way, in model time, at most.
    pub by: Span,
    /// What it is, for people.
    pub what: String,
}

/// The near decisions of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// The first ones, in the order of time.
    pub first: Vec<Near>,
    /// How many there are.
    pub count: u64,
}

impl Decisions {
    /// What may help, for people.
    pub const REMEDY: &str = "heartbeats of another interval (such as 5043 ms, which misses 90 s), other tick phases, \
        another seed, fewer viewers, a smaller --time-scale or a smaller --margin may help; `parity: {set: ...}` in the \
        scenario keeps what does";
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |ns: u64| ns as f64 / 1e6;
        write!(
            f,
            "{} at {:.1} ms: {} ({:.1} ms)",
            self.instance,
            ms(self.at.ns()),
            self.what,
            ms(self.by.ns())
        )
    }
}

/// Collects what is found.
pub(super) struct Found<'a> {
    pub(super) cell: &'a Cell,
    nears: Vec<Near>,
    count: u64,
}

impl Found<'_> {
    /// Notes a decision.
    pub(super) fn note(&mut self, instance: InstanceId, at: Time, by: Span, what: impl FnOnce() -> String) {
        self.count += 1;
        if self.nears.len() == 2 * KEPT_MAX {
            self.nears.sort_by_key(|near| near.at);
            self.nears.truncate(KEPT_MAX);
        }
        let instance = self.cell.federation.instances[instance.index()].name.clone();
        self.nears.push(Near { at, instance, by, what: what() });
    }
}

/// The decisions of a cell that something could turn by coming earlier or later by `margin`.
pub fn decisions(cell: &Cell, margin: Span, stop: &AtomicBool) -> Decisions {
    let end = cell.end.latest();
    // what comes just after the end might have come before it
    let longer = match cell.end {
        End::At(end) => Cell { end: End::At(end + margin * 2), ..cell.clone() },
        End::Idle { .. } => cell.clone(),
    };
    let timetable = Timetable::new(&cell.faults, cell.federation.instances.len(), cell.seed, end);
    let mut record = record(&longer, &timetable, stop);
    for inputs in &mut record.inputs {
        inputs.retain(|taken| taken.at <= end);
    }
    let mut found = Found { cell, nears: Vec::new(), count: 0 };
    let Record { inputs, .. } = &record;
    for (instance, inputs) in instances(cell).into_iter().zip(inputs) {
        let history = look_at_thresholds(instance.clone(), inputs, margin, &mut found);
        look_at_order(instance, inputs, &history, margin, &mut found);
    }
    look_at_requests(&record, &timetable, margin, &mut found);
    let Found { mut nears, count, .. } = found;
    nears.sort_by(|a, b| (a.at, &a.instance, &a.what).cmp(&(b.at, &b.instance, &b.what)));
    nears.truncate(TOLD_MAX);
    Decisions { first: nears, count }
}

/// An instance beside two that get all that is not exact a margin earlier, or later.
struct Shifted {
    on_time: Instance,
    early: Instance,
    late: Instance,
    /// What the two showed that the first did not, by video, when that was last looked at.
    unlike: Vec<[u64; 2]>,
    /// Where that began: the time, and how near an entry's expiry was.
    since: (Time, Span),
}

/// Looks for what depends on when an input comes; returns what the instance showed.
fn look_at_thresholds(instance: Instance, inputs: &[Taken], margin: Span, found: &mut Found<'_>) -> History {
    let videos = found.cell.federation.videos.len();
    let mut history = History::new(videos);
    let mut shifted = Shifted {
        early: instance.clone(),
        late: instance.clone(),
        on_time: instance,
        unlike: vec![[0; 2]; videos],
        since: (Time::ZERO, Span::ZERO),
    };
    let mut replay = shifted.on_time.clone();
    for taken in inputs {
        taken.what.give(taken.clock, &mut replay);
        history.note(taken.at, &replay);
    }
    for taken in inputs {
        match &taken.what {
            Kept::Heartbeat(_) => look_at_heartbeat(&shifted.on_time, taken, margin, found),
            Kept::Sample => shifted.look_at_sample(taken.at, &history, margin, found),
            _ => {}
        }
        shifted.take(taken, margin, found);
    }
    history
}

/// Whether a heartbeat sends what it does however near in time the last sending was.
fn look_at_heartbeat(instance: &Instance, taken: &Taken, margin: Span, found: &mut Found<'_>) {
    let Kept::Heartbeat(heartbeat) = taken.what else { return };
    let alone = instance.of_viewer(heartbeat.video, heartbeat.viewer);
    let sends = |clock: Time| taken.what.give(clock, &mut alone.clone()).len();
    let now = sends(taken.clock);
    let turns = |by: Span| sends(taken.clock.before(by)) != now || sends(taken.clock + by) != now;
    if turns(margin) {
        let by = least(margin, turns);
        found.note(instance.id(), taken.at, by, || {
            let sends = if sends(taken.clock.before(by)) == now {
                "comes just before one would send more or less"
            } else {
                "comes just in time to send what it sends"
            };
            format!("heartbeat {} of visit {} {sends}", heartbeat.number, heartbeat.session)
        });
    }
}

/// The least move that turns a decision which the margin turns, to about a thousandth of that.
fn least(margin: Span, turns: impl Fn(Span) -> bool) -> Span {
    let (mut turned, mut not) = (margin.ns(), 0);
    if turns(Span::from_ns(1)) {
        return Span::from_ns(1);
    }
    for _ in 0..10 {
        let middle = not + (turned - not) / 2;
        if turns(Span::from_ns(middle)) { turned = middle } else { not = middle }
    }
    Span::from_ns(turned)
}

impl Shifted {
    /// Gives all three an input, each at its time, and compares what they send and show.
    fn take(&mut self, taken: &Taken, margin: Span, found: &mut Found<'_>) {
        let Taken { at, clock, ref what } = *taken;
        let nearest = match what {
            Kept::Tick(_) => self.on_time.nearest_expiry(clock),
            _ => None,
        };
        let (early, late) =
            if what.is_exact() { (clock, clock) } else { (clock.before(margin), clock + margin) };
        let sent = what.give(clock, &mut self.on_time);
        let sent_early = moved(what, |time| time.before(margin)).give(early, &mut self.early);
        let sent_late = moved(what, |time| time + margin).give(late, &mut self.late);
        let by = nearest.unwrap_or(margin).min(margin);
        if sent_early != sent || sent_late != sent {
            let id = self.on_time.id();
            found.note(id, at, by, || {
                format!("{} would send something else if entries expired earlier or later", said(what))
            });
        }
        if matches!(what, Kept::Tick(_)) {
            self.since = (at, by);
        }
    }

    /// Whether what is shown at a sample depends on when entries expire.
    fn look_at_sample(&mut self, at: Time, history: &History, margin: Span, found: &mut Found<'_>) {
        if !self.on_time.is_up() {
            return;
        }
        for number in 0..self.unlike.len() {
            let video = VideoId::at(number);
            let shown = self.on_time.displayed(video);
            let other = [&self.early, &self.late].map(|instance| instance.displayed(video));
            let unlike = other.map(|count| count.abs_diff(shown));
            let hidden = other.iter().all(|&count| history.shows(video, at, margin, count));
            if hidden && unlike != [0; 2] {
                continue;
            }
            if unlike != std::mem::replace(&mut self.unlike[number], unlike) && unlike != [0; 2] {
                let (since, by) = self.since;
                let [early, late] = other;
                found.note(self.on_time.id(), since, by, || {
                    format!(
                        "an entry expires near the tick: it would show {} and not {shown}",
                        if early == shown { late } else { early }
                    )
                });
            }
        }
    }
}

/// The same input, with the expiry that its author's client made moved.
fn moved(what: &Kept, by: impl Fn(Time) -> Time) -> Kept {
    let mut moved = what.clone();
    if let Kept::Receive { activity, .. } = &mut moved
        && matches!(activity.subject, Subject::Viewer(..))
    {
        activity.expires = activity.expires.map(by);
    }
    moved
}

/// An input, for people.
pub(super) fn said(what: &Kept) -> String {
    match what {
        Kept::Heartbeat(heartbeat) => {
            format!("heartbeat {} of visit {}", heartbeat.number, heartbeat.session)
        }
        Kept::Receive { activity, .. } => {
            let author = activity.author;
            let stamp = activity.stamp;
            match activity.subject {
                Subject::Viewer(..) => {
                    format!("the View of heartbeat {} of visit {}", stamp.number, stamp.session)
                }
                Subject::Total => format!("the total of tick {} of instance {author}", stamp.number),
                _ => format!("what instance {author} sent"),
            }
        }
        Kept::Tick(number) => format!("tick {number}"),
        Kept::FlushUpdates(_) => "the flush of updates".to_owned(),
        Kept::ReportWatch { session, .. } => format!("the report of visit {session}"),
        Kept::Stop => "the stop".to_owned(),
        Kept::Restart(_) => "the restart".to_owned(),
        Kept::Sample => "the sample".to_owned(),
    }
}
