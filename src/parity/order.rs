//! Order: of two inputs of an instance that are nearer to each other than the margin, either may come first over real HTTP.
//!
//! Both orders are tried on copies of the instance. The copies then get the inputs that follow, until they are alike again
//! or send or display something else.

use crate::domain::federation::Video;
use crate::domain::protocol::FollowerViews;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Span;
use crate::instance::{DisplayEffect, Effect, Instance, display_effect};
use crate::mechanism::activity::Subject;
use crate::parity::history::{DisplayHistory, Shown, displayed, displays};
use crate::parity::near::Findings;
use crate::parity::record::{RecordedInput, TimedInput};
use std::collections::BTreeSet;

/// The scope of an input: the part of an instance that it reads or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Nothing that another input changes.
    Nothing,
    /// The entry of one id.
    Subject(VideoId, InstanceId, Subject),
    /// The entries of a video that one instance speaks for: a cap holds for all of them together.
    Author(VideoId, InstanceId),
    /// All entries of a video.
    Video(VideoId),
    /// Everything.
    All,
}

impl Scope {
    /// The scope of an input.
    pub(super) fn of(instance: &Instance, videos: &[Video], what: &RecordedInput) -> Scope {
        let named = |video, author, subject| match subject {
            // a restart, which conflicts with everything, may salt the ids anew
            Subject::Viewer(viewer, _) => Scope::Subject(video, author, Subject::Viewer(viewer, 0)),
            other => Scope::Subject(video, author, other),
        };
        match what {
            RecordedInput::Sample => Scope::Nothing,
            RecordedInput::ReportWatch { .. } => Scope::Nothing,
            RecordedInput::Leave { video, viewer } => {
                named(*video, instance.id(), Subject::Viewer(*viewer, 0))
            }
            RecordedInput::Heartbeat(beat)
                if instance.rules().follower_views == FollowerViews::OwnCount
                    && videos[beat.video.index()].origin != instance.id() =>
            {
                // its view is one more than what the last `Update` said
                Scope::Video(beat.video)
            }
            RecordedInput::Heartbeat(beat) => {
                named(beat.video, instance.id(), Subject::Viewer(instance.known_as(beat), 0))
            }
            RecordedInput::Receive { activity, sender } => {
                let origin = videos[activity.video.index()].origin;
                let effect = display_effect(instance.rules(), activity, *sender, origin);
                let is_capped = instance.rules().parameters.follower_cap.is_some();
                match effect {
                    DisplayEffect::Replaced { .. } if origin != instance.id() => Scope::Video(activity.video),
                    DisplayEffect::More(_) | DisplayEffect::Replaced { .. }
                        if is_capped && origin == instance.id() && activity.author != origin =>
                    {
                        Scope::Author(activity.video, activity.author)
                    }
                    _ => named(activity.video, activity.author, activity.subject),
                }
            }
            RecordedInput::SayTotal(video, _) => Scope::Video(*video),
            // it says what all together are
            RecordedInput::Answer(activity) => Scope::Video(activity.video),
            RecordedInput::Tick(_)
            | RecordedInput::FlushUpdates(_)
            | RecordedInput::Stop
            | RecordedInput::Restart(_) => Scope::All,
        }
    }

    /// Whether the order of two inputs can matter.
    pub(super) fn conflicts_with(self, other: Scope) -> bool {
        match (self, other) {
            (Scope::Nothing, Scope::Nothing) => false,
            // a process that is down reports nothing
            (Scope::All, _) | (_, Scope::All) => true,
            (Scope::Nothing, _) | (_, Scope::Nothing) => false,
            (Scope::Subject(..), Scope::Subject(..)) => self == other,
            (Scope::Video(_), _) | (_, Scope::Video(_)) => self.video() == other.video(),
            (Scope::Author(..), _) | (_, Scope::Author(..)) => {
                (self.video(), self.author()) == (other.video(), other.author())
            }
        }
    }

    fn video(self) -> Option<VideoId> {
        match self {
            Scope::Nothing | Scope::All => None,
            Scope::Subject(video, ..) | Scope::Author(video, _) | Scope::Video(video) => Some(video),
        }
    }

    fn author(self) -> Option<InstanceId> {
        match self {
            Scope::Nothing | Scope::All | Scope::Video(_) => None,
            Scope::Subject(_, author, _) | Scope::Author(_, author) => Some(author),
        }
    }
}

/// Finds pairs of inputs whose order matters.
pub(super) fn check_order(
    mut instance: Instance,
    inputs: &[TimedInput],
    history: &DisplayHistory,
    found: &mut Findings<'_>,
) {
    let margin = found.margin;
    let videos = found.cell.federation.videos.clone();
    for (first, input) in inputs.iter().enumerate() {
        let scope = Scope::of(&instance, &videos, &input.what);
        let near = inputs[first + 1..].iter().take_while(|next| next.at.since(input.at) <= margin);
        for (next, other) in (first + 1..).zip(near) {
            let either_moves = !input.what.is_exact() || !other.what.is_exact();
            let is_sample =
                matches!(input.what, RecordedInput::Sample) || matches!(other.what, RecordedInput::Sample);
            if is_sample || !either_moves || !scope.conflicts_with(Scope::of(&instance, &videos, &other.what))
            {
                continue;
            }
            let pair = Pair { inputs, first, next, history, margin };
            if let Some(matters) = pair.matters(&instance) {
                found.note(instance.id(), input.at, other.at.since(input.at), || {
                    format!(
                        "{} comes just before {}; in the other order {matters}",
                        input.what.describe(),
                        other.what.describe()
                    )
                });
            }
        }
        input.what.give(input.clock, &mut instance);
    }
}

/// What an input does: what is sent, and when clients come, as the rules say and as the answer to a heartbeat tells.
type Done = (Vec<Effect>, (Span, Option<Span>));

/// Two inputs of one instance.
struct Pair<'a> {
    inputs: &'a [TimedInput],
    first: usize,
    next: usize,
    history: &'a DisplayHistory,
    margin: Span,
}

impl Pair<'_> {
    /// What changes if the second comes before the first, if anything. `before` is the instance before both.
    fn matters(&self, before: &Instance) -> Option<String> {
        let (mut as_is, mut swapped) = (before.clone(), before.clone());
        let give = |number: usize, instance: &mut Instance| {
            let input = &self.inputs[number];
            let sent = input.what.give(input.clock, instance);
            let told = match &input.what {
                RecordedInput::Heartbeat(heartbeat) => instance.tells(heartbeat),
                _ => None,
            };
            (sent, (instance.rules().parameters.heartbeat, told))
        };
        let next = give(self.next, &mut swapped);
        for number in self.first..=self.next {
            let sent = give(number, &mut as_is);
            let other = if number == self.next { next.clone() } else { give(number, &mut swapped) };
            if let Some(unlike) = self.unlike(number, &sent, &other, &swapped) {
                return Some(unlike);
            }
        }
        let mut next_check = self.next;
        for number in self.next + 1..self.inputs.len() {
            if number > next_check {
                if as_is.is_like(&swapped, self.margin) {
                    return None;
                }
                next_check = number + (number - self.next) / 2;
            }
            let (sent, other) = (give(number, &mut as_is), give(number, &mut swapped));
            if let Some(unlike) = self.unlike(number, &sent, &other, &swapped) {
                return Some(unlike);
            }
        }
        None
    }

    /// What differs at an input: what is sent, when a client comes next, or what a sample shows.
    fn unlike(&self, number: usize, sent: &Done, other: &Done, swapped: &Instance) -> Option<String> {
        let TimedInput { at, what, .. } = &self.inputs[number];
        let ((sent, next), (other, other_next)) = (sent, other);
        if sent != other {
            let counts = |effects: &[Effect]| {
                effects.iter().filter_map(|effect| effect.activity.result).map(u64::from).sum::<u64>()
            };
            let (one, two) = (counts(sent), counts(other));
            return Some(if sent.len() == other.len() && one != two {
                format!("{} would send a count of {two}, not {one}", what.describe())
            } else {
                format!("{} would send {} activities, not {}", what.describe(), other.len(), sent.len())
            });
        }
        if next != other_next {
            return Some("the next heartbeat would come at another time".to_owned());
        }
        if !matches!(what, RecordedInput::Sample) || !swapped.is_up() {
            return None;
        }
        let all: BTreeSet<Shown> = self.history.all().chain(displays(swapped).map(|shown| shown.0)).collect();
        let unlike = all
            .into_iter()
            .map(|shown| (shown, displayed(swapped, shown)))
            .find(|&(shown, count)| !self.history.shows(shown, *at, self.margin, count));
        unlike.map(|(_, count)| format!("the sample at {} ms would show {count}", at.ms()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::protocol::{PRESETS, Rules};
    use crate::foundation::ids::ListingId;
    use crate::foundation::ids::{SessionId, ViewerId};
    use crate::foundation::units::Time;
    use crate::instance::Heartbeat;
    use crate::mechanism::activity::{Activity, Form, Stamp};
    use proptest::prelude::*;
    use std::sync::Arc;

    const ORIGIN: InstanceId = InstanceId(0);
    const VIDEOS: u32 = 2;

    fn videos() -> Vec<Video> {
        let video = |number| Video {
            name: format!("video-{number}"),
            origin: InstanceId(number),
            length: None,
            listing: ListingId(number),
        };
        (0..VIDEOS).map(video).collect()
    }

    /// Those of a preset, and from the second round on with a cap where they can have one.
    fn rules(number: usize) -> Rules {
        let rules = PRESETS[number % PRESETS.len()].rules;
        let mut capped = rules;
        capped.parameters.follower_cap = Some(1);
        let has_cap = number >= PRESETS.len() && capped.contradiction().is_none();
        if has_cap { capped } else { rules }
    }

    /// An input by numbers: its kind, a viewer, an author, a video and a count.
    fn input(at: Time, [kind, viewer, author, video, count]: [u32; 5]) -> RecordedInput {
        let (video, viewer, session) = (VideoId(video % VIDEOS), ViewerId(viewer), SessionId(viewer));
        let receive = |subject, result, expires| {
            let activity = Activity {
                video,
                author: InstanceId(author),
                subject,
                result,
                views: None,
                built: at,
                expires,
                stamp: Stamp { session, number: 0 },
                form: Form::V61,
            };
            let sender = if count % 3 == 0 { InstanceId(video.0) } else { activity.author };
            RecordedInput::Receive { activity, sender }
        };
        let expires = Some(at + Span::from_secs(120 - u64::from(count)));
        match kind % 9 {
            0 | 1 => RecordedInput::Heartbeat(Heartbeat {
                video,
                viewer,
                address: if count % 2 == 0 { viewer } else { ViewerId(0) },
                session,
                number: 0,
                watched: Span::from_secs(30),
                view_after: None,
            }),
            2 | 3 => receive(Subject::Viewer(viewer, 0), (count % 2 == 0).then_some(1), expires),
            4 => receive(Subject::Total, Some(count), expires),
            5 => receive(Subject::Plain(viewer), None, None),
            6 if viewer == ViewerId(2) => RecordedInput::SayTotal(video, count),
            6 => RecordedInput::Tick(count),
            7 => RecordedInput::FlushUpdates(count),
            _ => RecordedInput::ReportWatch { video, viewer, session },
        }
    }

    fn inputs() -> impl Strategy<Value = Vec<[u32; 5]>> {
        proptest::collection::vec([0u32..9, 0..3, 0..4, 0..VIDEOS, 0..9], 2..30)
    }

    /// An instance after all but the last two inputs, and those.
    fn prepared(preset: usize, id: u32, numbers: &[[u32; 5]]) -> (Instance, [(Time, RecordedInput); 2]) {
        let mut instance = Instance::new(InstanceId(id), rules(preset), Arc::from(videos()));
        let timed = |(number, &numbers): (u64, &[u32; 5])| {
            let at = Time::from_ms(number * 11_000);
            (at, input(at, numbers))
        };
        let mut all: Vec<(Time, RecordedInput)> = (0..).zip(numbers).map(timed).collect();
        let last = all.pop().expect("two at least");
        let before_last = all.pop().expect("two at least");
        for (at, what) in all {
            what.give(at, &mut instance);
        }
        (instance, [before_last, last])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        /// Inputs without a conflict may change places.
        #[test]
        fn inputs_without_a_conflict_commute(preset in 0..2 * PRESETS.len(), id in 0u32..3, numbers in inputs()) {
            let (instance, [(at, one), (later, other)]) = prepared(preset, id, &numbers);
            let scopes = [&one, &other].map(|what| Scope::of(&instance, &videos(), what));
            if !scopes[0].conflicts_with(scopes[1]) {
                let (mut as_is, mut swapped) = (instance.clone(), instance);
                let sent = [one.give(at, &mut as_is), other.give(later, &mut as_is)];
                let sent_later = other.give(later, &mut swapped);
                prop_assert_eq!(sent, [one.give(at, &mut swapped), sent_later]);
                prop_assert!(as_is.is_like(&swapped, Span::ZERO), "{:?} {:?}", as_is, swapped);
            }
        }

        /// The part of an instance that concerns a viewer sends for that viewer what the whole sends.
        #[test]
        fn a_part_of_an_instance_does_for_its_viewer_what_the_whole_does(
            preset in 0..2 * PRESETS.len(), id in 0u32..3, numbers in inputs(),
        ) {
            let (mut instance, [(at, what), _]) = prepared(preset, id, &numbers);
            if let RecordedInput::Heartbeat(heartbeat) = what {
                let mut part = instance.of_viewer(heartbeat.video, instance.known_as(&heartbeat));
                prop_assert_eq!(what.give(at, &mut part), what.give(at, &mut instance));
            }
        }

        /// An instance is like itself. It is like what another input makes of it only if both send and display the same.
        #[test]
        fn likeness_sees_what_ticks_see(preset in 0..2 * PRESETS.len(), id in 0u32..3, numbers in inputs()) {
            let (before, [(at, what), (later, _)]) = prepared(preset, id, &numbers);
            let mut after = before.clone();
            what.give(at, &mut after);
            prop_assert!(after.is_like(&after.clone(), Span::ZERO));
            if before.is_like(&after, Span::ZERO) {
                let (mut one, mut other) = (before, after);
                for tick in 0..3 {
                    let at = later + Span::from_secs(60 * u64::from(tick));
                    prop_assert_eq!(RecordedInput::Tick(tick).give(at, &mut one), RecordedInput::Tick(tick).give(at, &mut other));
                    for video in (0..VIDEOS).map(VideoId) {
                        prop_assert_eq!(one.displayed(video), other.displayed(video));
                    }
                }
            }
        }
    }

    #[test]
    fn viewers_do_not_conflict_and_totals_conflict_with_all() {
        let rules = |name| Rules::preset(name).expect("a preset");
        let follower = |name| Instance::new(InstanceId(2), rules(name), Arc::from(videos()));
        let at = Time::from_ms(1);
        let viewer = |number| input(at, [2, number, 1, 0, 2]);
        let total = input(at, [4, 0, ORIGIN.0, 0, 7]);
        for (name, viewers_conflict) in [("v1", false), ("peertube-8.2.4", false), ("peertube-6.3-v2", true)]
        {
            let instance = follower(name);
            let scope = |what: &RecordedInput| Scope::of(&instance, &videos(), what);
            assert_eq!(scope(&viewer(0)).conflicts_with(scope(&viewer(1))), viewers_conflict, "{name}");
            assert_eq!(scope(&total).conflicts_with(scope(&viewer(1))), name != "v1", "{name}");
        }
    }

    /// Of two viewers of one follower the one who comes first may be counted alone.
    #[test]
    fn viewers_of_one_follower_conflict_where_it_has_a_cap() {
        let at = Time::from_ms(1);
        let view = |viewer, author| input(at, [2, viewer, author, 0, 1]);
        let mut rules = Rules::preset("v2").expect("a preset");
        for (cap, conflict) in [(None, false), (Some(1), true)] {
            rules.parameters.follower_cap = cap;
            let origin = Instance::new(ORIGIN, rules, Arc::from(videos()));
            let scope = |author, viewer| Scope::of(&origin, &videos(), &view(viewer, author));
            assert_eq!(scope(1, 0).conflicts_with(scope(1, 1)), conflict);
            assert!(!scope(1, 0).conflicts_with(scope(2, 1)));
            assert!(!scope(0, 0).conflicts_with(scope(0, 1)));
        }
        rules.parameters.follower_cap = Some(1);
        let shown = |order: [u32; 2]| {
            let mut origin = Instance::new(ORIGIN, rules, Arc::from(videos()));
            let sent = order.map(|viewer| view(viewer, 1).give(at, &mut origin));
            (origin, sent)
        };
        let [one, other] = [shown([0, 1]), shown([1, 0])];
        assert!(!one.0.is_like(&other.0, Span::ZERO));
    }
}
