//! Order: of two inputs of an instance that come nearer to each other than the margin, either may be the first over real
//! HTTP. Both orders are tried on copies of the instance, which then get the inputs that follow until they are alike again
//! or do something unlike.

use crate::domain::federation::Video;
use crate::instance::{Effect, Instance, replacing_count};
use crate::mechanism::activity::Subject;
use crate::parity::decisions::{Found, said};
use crate::parity::history::History;
use crate::parity::record::{Kept, Taken};
use crate::words::ids::{InstanceId, VideoId};
use crate::words::units::Span;

/// What of an instance an input can read or change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concern {
    /// Nothing that another input changes.
    Nothing,
    /// What is kept under one id.
    Subject(VideoId, InstanceId, Subject),
    /// All that is kept of a video.
    Video(VideoId),
    /// Everything.
    All,
}

impl Concern {
    /// What an input of an instance concerns.
    pub(super) fn of(instance: &Instance, videos: &[Video], what: &Kept) -> Concern {
        let named = |video, author, subject| match subject {
            // ids are salted anew at a restart, which concerns everything
            Subject::Viewer(viewer, _) => Concern::Subject(video, author, Subject::Viewer(viewer, 0)),
            other => Concern::Subject(video, author, other),
        };
        match what {
            Kept::Sample => Concern::Nothing,
            Kept::ReportWatch { .. } => Concern::Nothing,
            Kept::Heartbeat(beat) => named(beat.video, instance.id(), Subject::Viewer(beat.viewer, 0)),
            Kept::Receive(activity) => {
                let origin = videos[activity.video.index()].origin;
                let replaces = replacing_count(instance.rules(), activity, origin).is_some();
                if replaces && activity.expires.is_some() && origin != instance.id() {
                    Concern::Video(activity.video)
                } else {
                    named(activity.video, activity.author, activity.subject)
                }
            }
            Kept::Tick(_) | Kept::FlushUpdates(_) | Kept::Stop | Kept::Restart(_) => Concern::All,
        }
    }

    /// Whether the order of two inputs can matter.
    pub(super) fn meets(self, other: Concern) -> bool {
        match (self, other) {
            (Concern::Nothing, Concern::Nothing) => false,
            // a process that is gone reports nothing
            (Concern::All, _) | (_, Concern::All) => true,
            (Concern::Nothing, _) | (_, Concern::Nothing) => false,
            (Concern::Video(one), Concern::Video(other) | Concern::Subject(other, ..)) => one == other,
            (Concern::Subject(one, ..), Concern::Video(other)) => one == other,
            (Concern::Subject(..), Concern::Subject(..)) => self == other,
        }
    }
}

/// Looks for pairs of inputs whose order matters.
pub(super) fn look_at_order(
    mut instance: Instance,
    inputs: &[Taken],
    history: &History,
    margin: Span,
    found: &mut Found<'_>,
) {
    let videos = found.cell.federation.videos.clone();
    for (first, taken) in inputs.iter().enumerate() {
        let concern = Concern::of(&instance, &videos, &taken.what);
        let near = inputs[first + 1..].iter().take_while(|next| next.at.since(taken.at) <= margin);
        for (next, other) in (first + 1..).zip(near) {
            let either_moves = !taken.what.is_exact() || !other.what.is_exact();
            let is_sample = matches!(taken.what, Kept::Sample) || matches!(other.what, Kept::Sample);
            if is_sample || !either_moves || !concern.meets(Concern::of(&instance, &videos, &other.what)) {
                continue;
            }
            let pair = Pair { inputs, first, next, history, margin };
            if let Some(matters) = pair.matters(&instance) {
                found.note(instance.id(), taken.at, other.at.since(taken.at), || {
                    format!(
                        "{} comes just before {}; in the other order {matters}",
                        said(&taken.what),
                        said(&other.what)
                    )
                });
            }
        }
        taken.what.give(taken.clock, &mut instance);
    }
}

/// Two inputs of one instance.
struct Pair<'a> {
    inputs: &'a [Taken],
    first: usize,
    next: usize,
    history: &'a History,
    margin: Span,
}

impl Pair<'_> {
    /// What would be otherwise if the second came before the first, if anything; `before` is the instance before both.
    fn matters(&self, before: &Instance) -> Option<String> {
        let (mut as_is, mut swapped) = (before.clone(), before.clone());
        let give = |number: usize, instance: &mut Instance| {
            let taken = &self.inputs[number];
            (taken.what.give(taken.clock, instance), instance.rules().parameters.heartbeat)
        };
        let next = give(self.next, &mut swapped);
        for number in self.first..=self.next {
            let sent = give(number, &mut as_is);
            let other = if number == self.next { next.clone() } else { give(number, &mut swapped) };
            if let Some(unlike) = self.unlike(number, &sent.0, &other.0, &swapped) {
                return Some(unlike);
            }
            if sent.1 != other.1 {
                return Some("the next heartbeat would come at another time".to_owned());
            }
        }
        let mut look_again = self.next;
        for number in self.next + 1..self.inputs.len() {
            if number > look_again {
                if as_is.is_like(&swapped, self.margin) {
                    return None;
                }
                look_again = number + (number - self.next) / 2;
            }
            let (sent, other) = (give(number, &mut as_is), give(number, &mut swapped));
            if let Some(unlike) = self.unlike(number, &sent.0, &other.0, &swapped) {
                return Some(unlike);
            }
        }
        None
    }

    /// What is unlike at an input: what is sent, or what a sample shows.
    fn unlike(&self, number: usize, sent: &[Effect], other: &[Effect], swapped: &Instance) -> Option<String> {
        let Taken { at, what, .. } = &self.inputs[number];
        if sent != other {
            let counts =
                |effects: &[Effect]| effects.iter().filter_map(|effect| effect.activity.result).sum::<u32>();
            let (one, two) = (counts(sent), counts(other));
            return Some(if sent.len() == other.len() && one != two {
                format!("{} would send a count of {two}, not {one}", said(what))
            } else {
                format!("{} would send {} activities, not {}", said(what), other.len(), sent.len())
            });
        }
        if !matches!(what, Kept::Sample) || !swapped.is_up() {
            return None;
        }
        let videos = (0..self.history.videos()).map(VideoId::at);
        let unlike = videos
            .map(|video| (video, swapped.displayed(video)))
            .find(|&(video, count)| !self.history.shows(video, *at, self.margin, count));
        unlike.map(|(_, count)| format!("the sample at {} ms would show {count}", at.ms()))
    }
}
