//! Order: of two inputs of an instance that come nearer to each other than the margin, either may be the first over real
//! HTTP. Both orders are tried on copies of the instance, which then get the inputs that follow until they are alike again
//! or do something unlike.

use crate::domain::federation::Video;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Span;
use crate::instance::{DisplayEffect, Effect, Instance, display_effect};
use crate::mechanism::activity::Subject;
use crate::parity::decisions::{Found, said};
use crate::parity::history::History;
use crate::parity::record::{Kept, Taken};

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
            Kept::Receive { activity, sender } => {
                let origin = videos[activity.video.index()].origin;
                let effect = display_effect(instance.rules(), activity, *sender, origin);
                if matches!(effect, DisplayEffect::Replaced(_)) && origin != instance.id() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::protocol::{PRESETS, Rules};
    use crate::foundation::ids::{SessionId, ViewerId};
    use crate::foundation::units::Time;
    use crate::instance::Heartbeat;
    use crate::mechanism::activity::{Activity, Form, Stamp};
    use proptest::prelude::*;
    use std::sync::Arc;

    const ORIGIN: InstanceId = InstanceId(0);
    const VIDEOS: u32 = 2;

    fn videos() -> Vec<Video> {
        let video =
            |number| Video { name: format!("video-{number}"), origin: InstanceId(number), length: None };
        (0..VIDEOS).map(video).collect()
    }

    fn rules(preset: usize) -> Rules {
        PRESETS[preset % PRESETS.len()].rules
    }

    /// An input by numbers: its kind, a viewer, an author, a video and a count.
    fn input(at: Time, [kind, viewer, author, video, count]: [u32; 5]) -> Kept {
        let (video, viewer, session) = (VideoId(video % VIDEOS), ViewerId(viewer), SessionId(viewer));
        let receive = |subject, result, expires| {
            let activity = Activity {
                video,
                author: InstanceId(author),
                subject,
                result,
                built: at,
                expires,
                stamp: Stamp { session, number: 0 },
                form: Form::V61,
            };
            let sender = if count % 3 == 0 { InstanceId(video.0) } else { activity.author };
            Kept::Receive { activity, sender }
        };
        let expires = Some(at + Span::from_secs(120 - u64::from(count)));
        match kind % 9 {
            0 | 1 => {
                Kept::Heartbeat(Heartbeat { video, viewer, session, number: 0, watched: Span::from_secs(30) })
            }
            2 | 3 => receive(Subject::Viewer(viewer, 0), (count % 2 == 0).then_some(1), expires),
            4 => receive(Subject::Total, Some(count), expires),
            5 => receive(Subject::Plain(viewer), None, None),
            6 => Kept::Tick(count),
            7 => Kept::FlushUpdates(count),
            _ => Kept::ReportWatch { video, viewer, session },
        }
    }

    fn inputs() -> impl Strategy<Value = Vec<[u32; 5]>> {
        proptest::collection::vec([0u32..9, 0..3, 0..4, 0..VIDEOS, 0..9], 2..30)
    }

    /// An instance after all but the last two inputs, and those.
    fn prepared(preset: usize, id: u32, numbers: &[[u32; 5]]) -> (Instance, [(Time, Kept); 2]) {
        let mut instance = Instance::new(InstanceId(id), rules(preset), Arc::from(videos()));
        let timed = |(number, &numbers): (u64, &[u32; 5])| {
            let at = Time::from_ms(number * 11_000);
            (at, input(at, numbers))
        };
        let mut all: Vec<(Time, Kept)> = (0..).zip(numbers).map(timed).collect();
        let last = all.pop().expect("two at least");
        let before_last = all.pop().expect("two at least");
        for (at, what) in all {
            what.give(at, &mut instance);
        }
        (instance, [before_last, last])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        /// What does not meet may change places.
        #[test]
        fn inputs_that_do_not_meet_commute(preset in 0..PRESETS.len(), id in 0u32..3, numbers in inputs()) {
            let (instance, [(at, one), (later, other)]) = prepared(preset, id, &numbers);
            let concerns = [&one, &other].map(|what| Concern::of(&instance, &videos(), what));
            if !concerns[0].meets(concerns[1]) {
                let (mut as_is, mut swapped) = (instance.clone(), instance);
                let sent = [one.give(at, &mut as_is), other.give(later, &mut as_is)];
                let sent_later = other.give(later, &mut swapped);
                prop_assert_eq!(sent, [one.give(at, &mut swapped), sent_later]);
                prop_assert!(as_is.is_like(&swapped, Span::ZERO), "{:?} {:?}", as_is, swapped);
            }
        }

        /// A viewer's own part of an instance sends for them what the whole sends.
        #[test]
        fn a_part_of_an_instance_does_for_its_viewer_what_the_whole_does(
            preset in 0..PRESETS.len(), id in 0u32..3, numbers in inputs(),
        ) {
            let (mut instance, [(at, what), _]) = prepared(preset, id, &numbers);
            if let Kept::Heartbeat(heartbeat) = what {
                let mut part = instance.of_viewer(heartbeat.video, heartbeat.viewer);
                prop_assert_eq!(what.give(at, &mut part), what.give(at, &mut instance));
            }
        }

        /// An instance is like itself, and not like what another input makes of it, unless that shows and sends nothing else.
        #[test]
        fn likeness_sees_what_ticks_see(preset in 0..PRESETS.len(), id in 0u32..3, numbers in inputs()) {
            let (before, [(at, what), (later, _)]) = prepared(preset, id, &numbers);
            let mut after = before.clone();
            what.give(at, &mut after);
            prop_assert!(after.is_like(&after.clone(), Span::ZERO));
            if before.is_like(&after, Span::ZERO) {
                let (mut one, mut other) = (before, after);
                for tick in 0..3 {
                    let at = later + Span::from_secs(60 * u64::from(tick));
                    prop_assert_eq!(Kept::Tick(tick).give(at, &mut one), Kept::Tick(tick).give(at, &mut other));
                    for video in (0..VIDEOS).map(VideoId) {
                        prop_assert_eq!(one.displayed(video), other.displayed(video));
                    }
                }
            }
        }
    }

    #[test]
    fn viewers_do_not_meet_and_totals_meet_everybody() {
        let rules = |name| Rules::preset(name).expect("a preset");
        let follower = |name| Instance::new(InstanceId(2), rules(name), Arc::from(videos()));
        let at = Time::from_ms(1);
        let viewer = |number| input(at, [2, number, 1, 0, 2]);
        let total = input(at, [4, 0, ORIGIN.0, 0, 7]);
        for (name, viewers_meet) in [("v1", false), ("peertube-8.2.4", false), ("peertube-6.3-v2", true)] {
            let instance = follower(name);
            let concern = |what: &Kept| Concern::of(&instance, &videos(), what);
            assert_eq!(concern(&viewer(0)).meets(concern(&viewer(1))), viewers_meet, "{name}");
            assert_eq!(concern(&total).meets(concern(&viewer(1))), name != "v1", "{name}");
        }
    }
}
