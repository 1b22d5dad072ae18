//! What single inputs do where totals are records.

use super::*;
use crate::domain::protocol::{ForwardedViewer, OriginTotal, Records};

const THIRD: InstanceId = InstanceId(2);

/// `v3`, which has follower totals, with records.
fn recording() -> Rules {
    Rules {
        records: Records::Yes,
        origin_total: OriginTotal::Yes,
        forwarded_viewer: ForwardedViewer::Viewer,
        parameters: Parameters { threshold: None, ..rules("v3").parameters },
        ..rules("v3")
    }
}

/// A total that `author` says at an instant.
fn total(author: InstanceId, count: u32, s: u64) -> Activity {
    let at = Time::ZERO + Span::from_secs(s);
    let total = instance(author, recording()).activity(at, VIDEO, Subject::Total, Stamp::default());
    Activity { result: Some(count), expires: Some(at + Span::from_secs(120)), ..total }
}

fn receive(at: &mut Instance, activity: &Activity, s: u64) -> Vec<Effect> {
    run(at, s, Input::Receive { activity, sender: ORIGIN })
}

#[test]
fn the_last_record_of_each_author_counts_beside_own_viewers() {
    for store in [StoreKind::List, StoreKind::Keyed] {
        let mut follower = instance(FOLLOWER, Rules { store, ..recording() });
        beat(&mut follower, 1, 1);
        receive(&mut follower, &total(ORIGIN, 40, 2), 2);
        receive(&mut follower, &total(THIRD, 7, 3), 3);
        assert_eq!(follower.displayed(VIDEO), 48);
        receive(&mut follower, &total(THIRD, 9, 13), 13);
        receive(&mut follower, &total(THIRD, 5, 8), 14);
        assert_eq!(follower.displayed(VIDEO), 50, "an older one comes too late");
        receive(&mut follower, &total(ORIGIN, 0, 15), 15);
        assert_eq!(follower.displayed(VIDEO), 10);
        run(&mut follower, 120, Input::Tick { number: 1 });
        assert_eq!(follower.displayed(VIDEO), 10);
        run(&mut follower, 240, Input::Tick { number: 2 });
        assert_eq!(follower.displayed(VIDEO), 0, "nobody has spoken since");
    }
}

#[test]
fn an_origin_says_its_own_viewers_and_forwards_what_others_say() {
    let mut origin = instance(ORIGIN, recording());
    beat(&mut origin, 1, 1);
    let of_follower = total(FOLLOWER, 12, 2);
    let forwarded = run(&mut origin, 2, Input::Receive { activity: &of_follower, sender: FOLLOWER });
    assert_eq!(forwarded, [Effect::new(of_follower, Recipients::FollowersBut(FOLLOWER))]);
    assert_eq!(origin.displayed(VIDEO), 13);
    let late = total(FOLLOWER, 30, 1);
    let forwarded = run(&mut origin, 3, Input::Receive { activity: &late, sender: FOLLOWER });
    assert!(forwarded.is_empty() && origin.displayed(VIDEO) == 13, "an older one comes too late");
    let said = run(&mut origin, 60, Input::Tick { number: 1 });
    assert_eq!((said.len(), said[0].activity.result, said[0].to), (1, Some(1), Recipients::Followers));
}

#[test]
fn a_cap_holds_for_records_of_followers_wherever_they_are_kept() {
    let parameters = Parameters { follower_cap: Some(10), ..recording().parameters };
    let mut follower = instance(FOLLOWER, Rules { parameters, ..recording() });
    receive(&mut follower, &total(THIRD, 700, 1), 1);
    receive(&mut follower, &total(ORIGIN, 40, 1), 1);
    assert_eq!(follower.displayed(VIDEO), 50);
}

#[test]
fn a_total_of_before_an_upgrade_grows_no_older() {
    let store = StoreKind::Keyed;
    let mut follower = instance(FOLLOWER, Rules { store, records: Records::No, ..recording() });
    receive(&mut follower, &total(ORIGIN, 40, 1), 1);
    assert!(follower.displayed_totals().next().is_some());
    run(&mut follower, 2, Input::Restart(Some(Rules { store, ..recording() })));
    receive(&mut follower, &total(ORIGIN, 3, 10), 10);
    assert_eq!((follower.displayed(VIDEO), follower.displayed_totals().next()), (3, None));
}
