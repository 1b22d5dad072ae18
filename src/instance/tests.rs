//! What single inputs do.

use super::*;
use crate::domain::federation::Video;
use crate::domain::protocol::{Expiry, OriginViews, Parameters, PlainViews, Threshold, TotalsAt, TotalsTo};
use crate::foundation::ids::{InstanceId, ListingId, SessionId, VideoId, ViewerId};
use crate::foundation::units::Span;
use crate::mechanism::activity::Activity;
use std::sync::Arc;

mod answers;
mod counting;
mod records;

const ORIGIN: InstanceId = InstanceId(0);
const FOLLOWER: InstanceId = InstanceId(1);
const VIDEO: VideoId = VideoId(0);

fn instance(id: InstanceId, rules: Rules) -> Instance {
    let video = Video { name: "clip".into(), origin: ORIGIN, length: None, listing: ListingId(0) };
    Instance::new(id, rules, Arc::from([video]))
}

fn rules(preset: &str) -> Rules {
    Rules::preset(preset).expect("a preset")
}

fn heartbeat_of(viewer: u32) -> Heartbeat {
    Heartbeat {
        video: VIDEO,
        viewer: ViewerId(viewer),
        address: ViewerId(viewer),
        session: SessionId(viewer),
        number: 0,
        watched: Span::ZERO,
        view_after: None,
    }
}

fn beat(instance: &mut Instance, viewer: u32, s: u64) -> Vec<Effect> {
    run(instance, s, Input::Heartbeat(heartbeat_of(viewer)))
}

fn run(instance: &mut Instance, s: u64, input: Input<'_>) -> Vec<Effect> {
    let mut effects = Vec::new();
    instance.handle(Time::ZERO + Span::from_secs(s), input, &mut effects);
    effects
}

/// What is sent at ticks 1, 2, ... while the crowd of viewers at the instance is as given.
fn totals(id: InstanceId, rules: Rules, crowds: &[u32]) -> Vec<Option<(u32, u64)>> {
    let mut instance = instance(id, rules);
    let mut sent = Vec::new();
    for (number, &crowd) in (1u32..).zip(crowds) {
        let s = u64::from(number) * 120;
        for viewer in 0..crowd {
            beat(&mut instance, viewer, s - 1);
        }
        let effects = run(&mut instance, s, Input::Tick { number });
        assert!(effects.len() <= 1);
        let lasts = |activity: &Activity| {
            activity.expires.expect("totals expire").since(activity.built).ns() / 1_000_000_000
        };
        sent.push(
            effects.first().map(|effect| (effect.activity.result.expect("a count"), lasts(&effect.activity))),
        );
    }
    sent
}

#[test]
fn a_plain_origin_sends_every_total_but_none_for_nobody() {
    // The last crowd's entries live 120 s from the last heartbeat: one tick more shows them.
    let sent = totals(ORIGIN, rules("v2"), &[3, 3, 0, 0, 1]);
    assert_eq!(sent, [Some((3, 120)), Some((3, 120)), None, None, Some((1, 120))]);
}

#[test]
fn a_threshold_withholds_small_changes_and_sends_one_zero() {
    let mut v3 = rules("v3");
    v3.parameters.threshold = Some(Threshold { share_ppm: 200_000, max_ticks: 3 });
    let sent = totals(FOLLOWER, v3, &[10, 11, 10, 9, 12, 0, 0, 2]);
    let lasts = 3 * 120 + 30;
    let expected = [Some(10), None, None, Some(9), Some(12), Some(0), None, Some(2)];
    assert_eq!(sent, expected.map(|count| count.map(|count| (count, lasts))));
}

#[test]
fn a_follower_total_counts_own_viewers_in_no_list_too() {
    let mut follower = instance(FOLLOWER, rules("v3"));
    assert!(beat(&mut follower, 1, 1).is_empty(), "viewers are not sent singly");
    let total = Activity {
        author: ORIGIN,
        result: Some(40),
        expires: Some(Time::ZERO + Span::from_secs(500)),
        ..follower.activity(Time::ZERO, VIDEO, Subject::Total, Stamp::default())
    };
    run(&mut follower, 2, Input::Receive { activity: &total, sender: ORIGIN });
    beat(&mut follower, 1, 6);
    assert_eq!(follower.displayed(VIDEO), 40);
    let sent = run(&mut follower, 120, Input::Tick { number: 1 });
    assert_eq!(sent[0].activity.result, Some(1));
    assert_eq!(sent[0].to, Recipients::One(ORIGIN));
}

/// A follower whose first viewer the origin counts gets a total at the next tick, though the threshold holds others back; once nobody speaks for
/// viewers there, it gets none.
#[test]
fn totals_go_to_who_is_interested_and_to_newcomers_at_once() {
    let mut rules = rules("v3");
    rules.totals_to = TotalsTo::Interested;
    rules.parameters.threshold = Some(Threshold { share_ppm: 500_000, max_ticks: 100 });
    let mut origin = instance(ORIGIN, rules);
    let others = [FOLLOWER, InstanceId(2)];
    let total = |author, s: u64, lives: u64| Activity {
        author,
        result: Some(10),
        expires: Some(Time::ZERO + Span::from_secs(s + lives)),
        ..instance(author, rules).activity(Time::ZERO, VIDEO, Subject::Total, Stamp::default())
    };
    // (when, who says 10 viewers, for how long; how many the next tick tells whom)
    let first: (u64, InstanceId, u64, Option<u32>, &[InstanceId]) =
        (10, others[0], 390, Some(10), &others[..1]);
    let expected = [
        first,
        (130, others[0], 260, None, &others[..1]),
        (250, others[1], 300, Some(20), &others),
        // the first has expired: half as many are worth a total, to the other one alone
        (370, others[1], 300, Some(10), &others[1..]),
    ];
    for (number, (s, author, lives, says, to)) in (1..).zip(expected) {
        run(&mut origin, s, Input::Receive { activity: &total(author, s, lives), sender: author });
        let sent = run(&mut origin, s + 50, Input::Tick { number });
        assert_eq!(sent.first().and_then(|effect| effect.activity.result), says, "at {s} s");
        assert!(sent.iter().all(|effect| effect.to == Recipients::Interested));
        assert_eq!(origin.interested(VIDEO), to, "at {s} s");
    }
}

/// A spread total counts who has not expired when it is said, though their entries are there until the next tick.
#[test]
fn a_spread_total_counts_nobody_who_has_expired() {
    let mut rules = rules("v2");
    rules.totals_at = TotalsAt::Spread;
    let mut origin = instance(ORIGIN, rules);
    beat(&mut origin, 1, 10);
    beat(&mut origin, 2, 60);
    run(&mut origin, 120, Input::Tick { number: 1 });
    let said = |origin: &mut Instance, s| run(origin, s, Input::SayTotal { video: VIDEO, number: 1 });
    assert_eq!(said(&mut origin, 129)[0].activity.result, Some(2));
    assert_eq!(said(&mut origin, 131)[0].activity.result, Some(1));
    assert_eq!(origin.displayed(VIDEO), 2);
    assert!(said(&mut origin, 181).is_empty());
}

/// Whether a follower's total is planned depends on its own viewers alone: replayed followers receive nothing in the run.
#[test]
fn what_a_follower_received_plans_no_total_of_its_own() {
    let mut follower = instance(FOLLOWER, rules("v4"));
    let total = Activity {
        author: ORIGIN,
        result: Some(40),
        expires: Some(Time::ZERO + Span::from_secs(500)),
        ..follower.activity(Time::ZERO, VIDEO, Subject::Total, Stamp::default())
    };
    run(&mut follower, 2, Input::Receive { activity: &total, sender: ORIGIN });
    run(&mut follower, 10, Input::Tick { number: 1 });
    let planned =
        |follower: &Instance, s| follower.totals_after_tick(Time::ZERO + Span::from_secs(s)).count();
    assert_eq!(planned(&follower, 10), 0);
    beat(&mut follower, 1, 11);
    run(&mut follower, 20, Input::Tick { number: 2 });
    assert_eq!(planned(&follower, 20), 1);
}

/// A count of views is so many views where views are counted, if its author delivers it, and one plain view, which is forwarded, elsewhere; who
/// stops counting forgets what it has not said.
#[test]
fn a_count_of_views_is_read_by_the_receivers_rules() {
    let third = InstanceId(2);
    for (protocol, sender, views, forwards) in
        [("v4", FOLLOWER, 5, 0), ("v4", third, 1, 1), ("peertube-8.2.4", FOLLOWER, 1, 1)]
    {
        let mut origin = instance(ORIGIN, rules(protocol));
        let count = Activity {
            author: FOLLOWER,
            views: Some(5),
            ..origin.activity(Time::ZERO, VIDEO, Subject::ViewCount, Stamp::default())
        };
        let sent = run(&mut origin, 1, Input::Receive { activity: &count, sender });
        assert_eq!(sent.len(), forwards, "{protocol}");
        run(&mut origin, 2, Input::FlushUpdates { number: 0 });
        assert_eq!(origin.displayed_views(VIDEO), views, "{protocol}");
    }
    let mut rules = rules("v4");
    rules.plain_views = PlainViews::Counted;
    let mut follower = instance(FOLLOWER, rules);
    let viewed = Heartbeat { watched: Span::from_secs(60), ..heartbeat_of(1) };
    let counts = |effects: &[Effect]| {
        effects.iter().filter(|effect| effect.activity.subject == Subject::ViewCount).count()
    };
    run(&mut follower, 61, Input::Heartbeat(viewed));
    assert_eq!(counts(&run(&mut follower, 70, Input::Tick { number: 7 })), 1);
    run(&mut follower, 3_700, Input::Heartbeat(viewed));
    run(&mut follower, 3_701, Input::Restart(Rules::preset("v3")));
    run(&mut follower, 3_702, Input::Restart(Some(rules)));
    assert_eq!(counts(&run(&mut follower, 3_710, Input::Tick { number: 8 })), 0);
}

/// Who says so is counted no more, in the list or out of it, and is a new viewer at the next heartbeat; without the rule nobody listens.
#[test]
fn who_leaves_is_forgotten_at_once() {
    for (preset, share_ppm, left) in [("v2", 1, 0), ("peertube-9.0-dev", 1, 0), ("v2", 0, 1)] {
        let mut rules = rules(preset);
        rules.parameters.leave_beacon_ppm = share_ppm;
        let mut follower = instance(FOLLOWER, rules);
        let leave = Input::Leave { video: VIDEO, viewer: ViewerId(1) };
        run(&mut follower, 1, leave);
        assert_eq!(beat(&mut follower, 1, 2).len(), 1, "{preset}");
        run(&mut follower, 3, leave);
        assert_eq!(follower.displayed(VIDEO), left, "{preset}");
        assert_eq!(beat(&mut follower, 1, 4).len(), 1 - left as usize, "{preset}");
        // a total takes its place in a list; the viewer stays known there
        let total = Activity {
            author: ORIGIN,
            result: Some(40),
            expires: Some(Time::ZERO + Span::from_secs(500)),
            ..follower.activity(Time::ZERO, VIDEO, Subject::Total, Stamp::default())
        };
        run(&mut follower, 5, Input::Receive { activity: &total, sender: ORIGIN });
        run(&mut follower, 6, leave);
        assert_eq!(follower.displayed(VIDEO), 40, "{preset}");
    }
}

/// What has expired is displayed until the tick, or no longer than it lives; a total likewise, and its age.
#[test]
fn what_has_expired_is_displayed_until_a_tick_or_not_at_all() {
    for (store, expiry, shown) in [
        (StoreKind::List, Expiry::Ticks, [2, 2, 2]),
        (StoreKind::List, Expiry::Exact, [2, 1, 0]),
        (StoreKind::Keyed, Expiry::Exact, [2, 1, 0]),
    ] {
        let mut follower = instance(FOLLOWER, Rules { store, expiry, ..rules("v2") });
        beat(&mut follower, 1, 1);
        let total = Activity {
            author: ORIGIN,
            result: Some(1),
            expires: Some(Time::ZERO + Span::from_secs(50)),
            ..follower.activity(Time::ZERO, VIDEO, Subject::Total, Stamp::default())
        };
        run(&mut follower, 2, Input::Receive { activity: &total, sender: ORIGIN });
        beat(&mut follower, 2, 3);
        let displayed = [49, 50, 123].map(|s| {
            follower.ask_at(Time::ZERO + Span::from_secs(s));
            (follower.displayed(VIDEO), follower.displayed_totals().count())
        });
        let totals = [1, usize::from(expiry == Expiry::Ticks), usize::from(expiry == Expiry::Ticks)];
        assert_eq!(displayed, [0, 1, 2].map(|at| (shown[at], totals[at])), "{store:?} {expiry:?}");
    }
}

/// Numbers of views are told when they have grown by the share of the last one told, whatever the process does in between.
#[test]
fn an_update_is_worth_a_share() {
    let mut rules = rules("v2");
    rules.origin_views = OriginViews::UpdatesByShare;
    rules.parameters.update_share_ppm = 500_000;
    let mut origin = instance(ORIGIN, rules);
    let mut told = Vec::new();
    for number in 1..10 {
        let viewed = Heartbeat { watched: Span::from_secs(60), ..heartbeat_of(number) };
        run(&mut origin, u64::from(number), Input::Heartbeat(viewed));
        run(&mut origin, u64::from(number), Input::Restart(None));
        let sent = run(&mut origin, u64::from(number), Input::FlushUpdates { number });
        told.extend(sent.iter().filter_map(|effect| effect.activity.views));
        assert_eq!(origin.displayed_views(VIDEO), number);
    }
    assert_eq!(told, [1, 2, 3, 5, 8]);
    // an upgrade from a release, which tells all and remembers none, begins anew
    run(&mut origin, 10, Input::Restart(Rules::preset("v2")));
    run(&mut origin, 11, Input::Restart(Some(rules)));
    run(&mut origin, 12, Input::Heartbeat(Heartbeat { watched: Span::from_secs(60), ..heartbeat_of(10) }));
    let sent = run(&mut origin, 12, Input::FlushUpdates { number: 10 });
    assert_eq!(sent.iter().filter_map(|effect| effect.activity.views).collect::<Vec<_>>(), [10]);
}

/// By a hash of the video, totals of many are spread as if by chance: pairs of 480 videos in one of 120 seconds, give or take five standard errors.
#[test]
fn totals_are_spread_over_the_interval() {
    let mut rules = rules("v2");
    rules.totals_at = TotalsAt::Spread;
    let video = |number| Video {
        name: format!("{number}"),
        origin: ORIGIN,
        length: None,
        listing: ListingId(number),
    };
    let mut origin = Instance::new(ORIGIN, rules, (0..480).map(video).collect::<Vec<_>>().into());
    for number in 0..480 {
        let heartbeat = Heartbeat { video: VideoId(number), ..heartbeat_of(1) };
        run(&mut origin, 1, Input::Heartbeat(heartbeat));
    }
    assert!(
        run(&mut origin, 20, Input::Tick { number: 1 })
            .iter()
            .all(|effect| effect.activity.subject != Subject::Total)
    );
    let mut in_second = [0u32; 120];
    for (_, after) in origin.totals_after_tick(Time::ZERO + Span::from_secs(20)) {
        in_second[(after.ns() / 1_000_000_000) as usize] += 1;
    }
    assert_eq!(in_second.iter().sum::<u32>(), 480);
    let pairs: u32 = in_second.iter().map(|count| count * count.saturating_sub(1) / 2).sum();
    let (mean, error) = (480.0 * 479.0 / 2.0 / 120.0, 31.0);
    assert!((f64::from(pairs) - mean).abs() < 5.0 * error, "{pairs}");
}

/// A total has removed them from the list, and has expired: they are still told at each tick.
#[test]
fn own_viewers_in_no_list_do_not_sleep() {
    let mut v3 = rules("v3");
    v3.parameters.threshold = None;
    let mut follower = instance(FOLLOWER, v3);
    beat(&mut follower, 1, 1);
    let total = Activity {
        author: ORIGIN,
        result: Some(40),
        expires: Some(Time::ZERO + Span::from_secs(10)),
        ..follower.activity(Time::ZERO, VIDEO, Subject::Total, Stamp::default())
    };
    run(&mut follower, 2, Input::Receive { activity: &total, sender: ORIGIN });
    // the heartbeats that follow are handled ahead
    let last = Time::ZERO + Span::from_secs(60);
    run(&mut follower, 3, Input::Heartbeats { video: VIDEO, viewer: ViewerId(1), last });
    for (number, s, result) in [(1, 12, Some(1)), (2, 24, Some(1)), (3, 170, Some(1)), (4, 180, None)] {
        let sent = run(&mut follower, s, Input::Tick { number });
        assert_eq!(sent.first().and_then(|effect| effect.activity.result), result, "at {s} s");
    }
}

#[test]
fn an_origin_without_the_rule_takes_a_follower_total_for_one_viewer() {
    let total = Activity {
        author: FOLLOWER,
        result: Some(40),
        expires: Some(Time::ZERO + Span::from_secs(500)),
        ..instance(FOLLOWER, rules("v3")).activity(Time::ZERO, VIDEO, Subject::Total, Stamp::default())
    };
    for (preset, shown, forwards) in [("v3", 40, 0), ("peertube-8.2.4", 1, 1), ("v1", 1, 1)] {
        let mut origin = instance(ORIGIN, rules(preset));
        let effects = run(&mut origin, 1, Input::Receive { activity: &total, sender: FOLLOWER });
        assert_eq!((origin.displayed(VIDEO), effects.len()), (shown, forwards), "{preset}");
    }
}

/// From 8.0 on what somebody else than its author delivers has lost its expiry and its result.
#[test]
fn a_viewer_that_others_deliver_is_a_plain_view_from_8_0_on() {
    const OTHER: InstanceId = InstanceId(2);
    let expires = Some(Time::ZERO + Span::from_secs(500));
    for (preset, is_plain) in [
        ("v1", false),
        ("peertube-6.3-v2", false),
        ("peertube-7.2", false),
        ("v2", false),
        ("peertube-8.0", true),
        ("peertube-8.2", true),
        ("peertube-8.2.4", true),
        ("peertube-9.0-dev", true),
        ("v3", true),
    ] {
        let viewer = |result| Activity {
            result,
            expires,
            ..instance(OTHER, rules(preset)).activity(
                Time::ZERO,
                VIDEO,
                Subject::Viewer(ViewerId(7), 0),
                Stamp::default(),
            )
        };
        // at a third instance, from the origin, and from its author
        for result in [None, Some(1)] {
            let activity = viewer(result);
            let mut follower = instance(FOLLOWER, rules(preset));
            let sent = run(&mut follower, 1, Input::Receive { activity: &activity, sender: ORIGIN });
            let found = (follower.displayed(VIDEO), follower.viewers_as_plain_views(), sent.len());
            assert_eq!(found, (u64::from(!is_plain), u64::from(is_plain), 0), "{preset} {result:?}");
            run(&mut follower, 2, Input::Receive { activity: &activity, sender: OTHER });
            assert!(follower.displayed(VIDEO) > 0, "{preset} {result:?}");
        }
        // at the origin somebody else than its author delivers it: a view of the video, if it is none of a viewer
        let mut origin = instance(ORIGIN, rules(preset));
        run(&mut origin, 1, Input::Receive { activity: &viewer(Some(1)), sender: FOLLOWER });
        let updates = run(&mut origin, 2, Input::FlushUpdates { number: 0 });
        assert_eq!((origin.displayed(VIDEO), updates.len()), (u64::from(!is_plain), usize::from(is_plain)));
    }
}

#[test]
fn a_plain_view_is_sent_once_an_hour_after_enough_watching() {
    let mut follower = instance(FOLLOWER, rules("v2"));
    let mut sent = Vec::new();
    for s in (0..8_000).step_by(5) {
        let heartbeat = Heartbeat {
            video: VIDEO,
            viewer: ViewerId(1),
            address: ViewerId(1),
            session: SessionId(1),
            number: 0,
            watched: Span::from_secs(s),
            view_after: None,
        };
        for effect in run(&mut follower, s, Input::Heartbeat(heartbeat)) {
            if matches!(effect.activity.subject, Subject::Plain(_)) {
                sent.push(s);
            }
        }
    }
    assert_eq!(sent, [10, 3_610, 7_210]);
}
