//! For how many viewers an entry counts: those who speak for others, restarts with other rules, and the cap on one follower.

use super::*;
use crate::domain::lies::{Falsehood, Lie};
use crate::domain::protocol::KnownViewer;
use crate::foundation::random::Seed;

fn sampling(preset: &str, number: u32) -> Rules {
    let mut rules = rules(preset);
    rules.parameters.sampling = number;
    rules
}

fn capped(rules: Rules, cap: u32) -> Rules {
    let mut rules = Rules { known_viewer: KnownViewer::Extend, ..rules };
    rules.parameters.follower_cap = Some(cap);
    rules
}

/// Of many viewers one in K speaks, the same ones at each heartbeat, and says K. Who samples counts K for it; who does not, one.
#[test]
fn who_speaks_for_others_counts_for_them_where_that_is_known() {
    let seed = Seed { seed: 1, replication: 0 };
    let mut follower = instance(FOLLOWER, sampling("v2", 10)).of_replication(seed);
    let spoken: Vec<_> = (0..1_000).flat_map(|viewer| beat(&mut follower, viewer, 1)).collect();
    assert!((70..130).contains(&spoken.len()), "{}", spoken.len());
    assert!(spoken.iter().all(|effect| effect.activity.result == Some(10)));
    let again = (0..1_000).flat_map(|viewer| beat(&mut follower, viewer, 100)).count();
    assert_eq!((again, follower.displayed(VIDEO)), (spoken.len(), 1_000));
    let activity = &spoken[0].activity;
    for (at, rules, shown) in [
        (ORIGIN, sampling("v2", 10), 10),
        (ORIGIN, sampling("v2", 7), 10),
        (ORIGIN, rules("v2"), 1),
        (ORIGIN, sampling("v1", 7), 10),
        (InstanceId(2), sampling("v1", 7), 10),
        (InstanceId(2), sampling("peertube-6.3-v1", 7), 10),
        (InstanceId(2), rules("v1"), 1),
    ] {
        let mut receiver = instance(at, rules);
        run(&mut receiver, 2, Input::Receive { activity, sender: ORIGIN });
        assert_eq!(receiver.displayed(VIDEO), shown, "{at}");
    }
}

/// Views of a follower's viewers arrive at an origin.
fn receive_all(origin: &mut Instance, s: u64, sent: &[Effect]) {
    for effect in sent {
        run(origin, s, Input::Receive { activity: &effect.activity, sender: effect.activity.author });
    }
}

/// A follower's process starts again with another K while its viewers stay: who is known stands for as many as the last View says.
#[test]
fn a_known_viewer_stands_for_as_many_as_the_last_view_says() {
    let seed = Seed { seed: 1, replication: 0 };
    for preset in ["v2", "peertube-9.0-dev"] {
        for (before, after) in [(1, 10), (10, 1), (2, 10)] {
            let mut follower = instance(FOLLOWER, sampling(preset, before)).of_replication(seed);
            let mut origin = instance(ORIGIN, sampling(preset, 7));
            let beats = |follower: &mut Instance, s| -> Vec<Effect> {
                (0..200).flat_map(|viewer| beat(follower, viewer, s)).collect()
            };
            let sent = beats(&mut follower, 1);
            receive_all(&mut origin, 2, &sent);
            assert_eq!(origin.displayed(VIDEO), sent.len() as u64 * u64::from(before));
            run(&mut follower, 3, Input::Restart(Some(sampling(preset, after))));
            run(&mut follower, 100, Input::Tick { number: 0 });
            let sent_again = beats(&mut follower, 101);
            receive_all(&mut origin, 102, &sent_again);
            // whoever speaks no more counts as before until they expire
            let speaks_still = |effect: &&Effect| {
                sent_again.iter().any(|again| again.activity.subject == effect.activity.subject)
            };
            let silent = sent.iter().filter(|effect| !speaks_still(effect)).count() as u64;
            let expected = sent_again.len() as u64 * u64::from(after) + silent * u64::from(before);
            assert_eq!(origin.displayed(VIDEO), expected, "{preset}: {before}, {after}");
            run(&mut origin, 150, Input::Tick { number: 0 });
            assert_eq!(origin.displayed(VIDEO), sent_again.len() as u64 * u64::from(after));
        }
    }
}

/// Each stands for three; of the last one as much is counted as there is room for, when they come and when they come again.
#[test]
fn a_cap_takes_the_part_of_a_viewer_that_fits() {
    let view = |viewer, s: u64| {
        let subject = Subject::Viewer(ViewerId(viewer), 0);
        let activity = instance(FOLLOWER, rules("v2")).activity(Time::ZERO, VIDEO, subject, Stamp::default());
        let expires = Some(Time::ZERO + Span::from_secs(s + 60));
        Effect::new(Activity { result: Some(3), expires, ..activity }, Recipients::One(ORIGIN))
    };
    let mut origin = instance(ORIGIN, capped(sampling("v2", 3), 8));
    for (s, viewer, shown) in [(1, 0, 3), (2, 1, 6), (3, 2, 8), (4, 3, 8), (5, 2, 8), (6, 0, 8), (30, 2, 8)] {
        receive_all(&mut origin, s, &[view(viewer, s)]);
        assert_eq!(origin.displayed(VIDEO), shown, "at {s} s");
    }
    // one has expired and leaves room
    run(&mut origin, 64, Input::Tick { number: 0 });
    assert_eq!(origin.displayed(VIDEO), 5);
    receive_all(&mut origin, 65, &[view(2, 65)]);
    assert_eq!(origin.displayed(VIDEO), 6);
    // others have a cap of their own, and who is at home has none
    for viewer in 10..20 {
        beat(&mut origin, viewer, 66);
    }
    assert_eq!(origin.displayed(VIDEO), 16);
}

/// An upgrade brings a lower cap to an origin that remembers whom it counts: each View from then on is held to it.
#[test]
fn a_lower_cap_holds_for_who_is_known_already() {
    let mut origin = instance(ORIGIN, capped(rules("peertube-9.0-dev"), 8));
    let mut follower = instance(FOLLOWER, rules("peertube-9.0-dev"));
    let views = |follower: &mut Instance, s| -> Vec<Effect> {
        (0..8).flat_map(|viewer| beat(follower, viewer, s)).collect()
    };
    receive_all(&mut origin, 1, &views(&mut follower, 1));
    assert_eq!(origin.displayed(VIDEO), 8);
    run(&mut origin, 2, Input::Restart(Some(capped(rules("peertube-9.0-dev"), 3))));
    receive_all(&mut origin, 100, &views(&mut follower, 100));
    assert_eq!(origin.displayed(VIDEO), 3);
}

/// The viewers whom a liar of them claims are as many as it says, however many a true one stands for; those beside a true one stand for as many.
#[test]
fn a_viewer_who_does_not_exist_stands_for_one() {
    let claims = |what, act: LieAct| {
        let mut liar = instance(FOLLOWER, sampling("v2", 10));
        let (from, until) = (Time::ZERO, Time::from_ms(1_000_000));
        let lie = Lie { instance: FOLLOWER, video: VIDEO, from, until, what };
        run(&mut liar, 1, Input::Lie { number: 0, act: LieAct::Begin(lie) });
        let mut sent = run(&mut liar, 2, Input::Lie { number: 0, act });
        let speaks = (0..100).map(|viewer| beat(&mut liar, viewer, 3)).find(|sent| !sent.is_empty());
        sent.extend(speaks.expect("one of ten speaks"));
        sent.iter().map(|effect| (effect.is_false, effect.activity.result)).collect::<Vec<_>>()
    };
    let told = LieAct::Tell { time: 0, to: ORIGIN };
    let one_more = [(true, Some(1)), (false, Some(10))];
    assert_eq!(claims(Falsehood::Viewers(3), told), one_more);
    assert_eq!(claims(Falsehood::Flood { every: Span::from_secs(1) }, told), one_more);
    assert_eq!(claims(Falsehood::Times(2), told), [(false, Some(10)), (true, Some(10))]);
}
