//! Thresholds: what an instance sends and displays if its inputs come a margin earlier or later.

use crate::domain::protocol::Expiry;
use crate::foundation::ids::VideoId;
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::activity::Subject;
use crate::parity::history::{Counter, DisplayHistory};
use crate::parity::near::Findings;
use crate::parity::record::{RecordedInput, TimedInput};
use std::collections::BTreeMap;

/// An instance, and two copies that get every inexact input a margin earlier or later.
struct Shifted {
    on_time: Instance,
    early: Instance,
    late: Instance,
    /// By video that a copy displayed: how far the displays of the copies were off at the last sample.
    unlike: BTreeMap<VideoId, [u64; 2]>,
    /// The last tick: its time, and how near an entry's expiry was.
    since: (Time, Span),
}

/// Finds what depends on when inputs come. Returns what the instance displays over time.
pub(super) fn check_thresholds(
    instance: Instance,
    inputs: &[TimedInput],
    found: &mut Findings<'_>,
) -> DisplayHistory {
    let mut history = DisplayHistory::default();
    let mut shifted = Shifted {
        early: instance.clone(),
        late: instance.clone(),
        on_time: instance,
        unlike: BTreeMap::new(),
        since: (Time::ZERO, Span::ZERO),
    };
    let mut replay = shifted.on_time.clone();
    for input in inputs {
        input.what.give(input.clock, &mut replay);
        history.note(input.at, &replay);
    }
    for input in inputs {
        match &input.what {
            RecordedInput::Heartbeat(_) => check_heartbeat(&shifted.on_time, input, found),
            RecordedInput::Sample => shifted.check_sample(input, &history, found),
            _ => {}
        }
        shifted.take(input, found);
    }
    history
}

/// Finds a heartbeat that sends something else if it comes earlier or later.
fn check_heartbeat(instance: &Instance, input: &TimedInput, found: &mut Findings<'_>) {
    let RecordedInput::Heartbeat(heartbeat) = input.what else { return };
    let margin = found.margin;
    let alone = instance.of_viewer(heartbeat.video, instance.known_as(&heartbeat));
    let sends = |clock: Time| input.what.give(clock, &mut alone.clone()).len();
    let now = sends(input.clock);
    let turns = |by: Span| sends(input.clock.before(by)) != now || sends(input.clock + by) != now;
    if turns(margin) {
        let by = least(margin, turns);
        found.note(instance.id(), input.at, by, || {
            let sends = if sends(input.clock.before(by)) == now {
                "comes just before one would send more or less"
            } else {
                "comes just in time to send what it sends"
            };
            format!("heartbeat {} of visit {} {sends}", heartbeat.number, heartbeat.session)
        });
    }
}

/// The least move that turns a decision, to about a thousandth of the margin, which turns it.
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
    /// Gives all three an input, each at its time, and compares what they send.
    fn take(&mut self, input: &TimedInput, found: &mut Findings<'_>) {
        let TimedInput { at, clock, ref what } = *input;
        let margin = found.margin;
        let nearest = match what {
            RecordedInput::Tick(_) | RecordedInput::SayTotal(..) => self.on_time.nearest_expiry(clock),
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
                format!("{} would send something else if entries expired earlier or later", what.describe())
            });
        }
        if matches!(what, RecordedInput::Tick(_)) {
            self.since = (at, by);
            let [hint, early, late] = [&self.on_time, &self.early, &self.late].map(Instance::hint);
            if [early, late] != [hint; 2] {
                found.note(self.on_time.id(), at, by, || {
                    format!(
                        "{} would tell clients to come at another time if entries expired earlier or later",
                        what.describe()
                    )
                });
            }
        }
    }

    /// Finds a display at a sample that depends on when entries expire.
    fn check_sample(&mut self, input: &TimedInput, history: &DisplayHistory, found: &mut Findings<'_>) {
        if !self.on_time.is_up() {
            return;
        }
        let (at, margin) = (input.at, found.margin);
        for copy in [&mut self.on_time, &mut self.early, &mut self.late] {
            copy.ask_at(input.clock);
        }
        let (place, (since, by)) = match self.on_time.rules().expiry {
            Expiry::Ticks => ("tick", self.since),
            Expiry::Exact => ("sample", (at, margin)),
        };
        let copies = [&self.on_time, &self.early, &self.late];
        for (video, _) in copies.into_iter().flat_map(Instance::displays) {
            self.unlike.entry(video).or_default();
        }
        for (&video, before) in &mut self.unlike {
            let shown = self.on_time.displayed(video);
            let other = [&self.early, &self.late].map(|instance| instance.displayed(video));
            let unlike = other.map(|count| count.abs_diff(shown));
            let hidden =
                other.iter().all(|&count| history.shows((video, Counter::Viewers), at, margin, count));
            if hidden && unlike != [0; 2] {
                continue;
            }
            if unlike != std::mem::replace(before, unlike) && unlike != [0; 2] {
                let [early, late] = other;
                found.note(self.on_time.id(), since, by, || {
                    format!(
                        "an entry expires near the {place}: it would show {} and not {shown}",
                        if early == shown { late } else { early }
                    )
                });
            }
        }
    }
}

/// The input with its expiry moved, if a client's heartbeat made that.
fn moved(what: &RecordedInput, by: impl Fn(Time) -> Time) -> RecordedInput {
    let mut moved = what.clone();
    if let RecordedInput::Receive { activity, .. } = &mut moved
        && matches!(activity.subject, Subject::Viewer(..))
    {
        activity.expires = activity.expires.map(by);
    }
    moved
}
