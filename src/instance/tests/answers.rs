//! What an origin answers to what followers say of their viewers.

use super::*;
use crate::domain::protocol::{AcceptResult, CountOnReply, FollowerTotal, Hints, Parameters, Pull};
use crate::mechanism::activity::FetchReason;

const THIRD: InstanceId = InstanceId(2);

/// A preset that answers with counts. What expires does so at once, so that what is displayed is what is counted.
fn answering(preset: &str) -> Rules {
    let accept_result = AcceptResult::VideoHost;
    Rules { count_on_reply: CountOnReply::Yes, expiry: Expiry::Exact, accept_result, ..rules(preset) }
}

/// What a follower says at an instant: a total, or one viewer.
fn said(author: InstanceId, subject: Subject, result: Option<u32>, s: u64) -> Activity {
    let at = Time::ZERO + Span::from_secs(s);
    let view = instance(author, rules("v3")).activity(at, VIDEO, subject, Stamp::default());
    Activity { result, expires: Some(at + Span::from_secs(120)), ..view }
}

fn answer(origin: &mut Instance, activity: &Activity, s: u64) -> Option<Activity> {
    let effects = run(origin, s, Input::Answer { activity });
    assert!(effects.iter().all(|effect| effect.to == Recipients::One(activity.author)));
    effects.first().map(|effect| effect.activity)
}

/// Views come, are answered and take effect: each answer says what is counted when its View has taken effect, and lives as totals do.
#[test]
fn an_answer_counts_what_it_answers() {
    let presets = ["peertube-6.3-v2", "peertube-7.2", "peertube-9.0-dev", "v2", "v3", "v4"];
    for (preset, cap) in presets.into_iter().flat_map(|preset| [(preset, None), (preset, Some(4))]) {
        let mut rules = answering(preset);
        // a list of Views knows no authors
        rules.parameters.follower_cap = cap.filter(|_| preset != "peertube-6.3-v2");
        let mut origin = instance(ORIGIN, rules);
        let says_totals = rules.follower_total == FollowerTotal::Yes;
        let mut counts = Vec::new();
        for s in 1..600u64 {
            beat(&mut origin, (s / 90) as u32, s);
            if s % 120 == 0 {
                run(&mut origin, s, Input::Tick { number: s as u32 });
            }
            let author = if s % 3 == 0 { THIRD } else { FOLLOWER };
            let viewer = Subject::Viewer(ViewerId((s * 7 % 31) as u32), 0);
            let view = match says_totals {
                true => said(author, Subject::Total, Some((s * 5 % 17) as u32), s),
                false => said(author, viewer, None, s),
            };
            let total = answer(&mut origin, &view, s).expect("an answer");
            run(&mut origin, s, Input::Receive { activity: &view, sender: author });
            assert_eq!(u64::from(total.result.expect("a count")), origin.displayed(VIDEO), "{preset} {s}");
            assert_eq!((total.author, total.subject), (ORIGIN, Subject::Total));
            let lifetime = rules.total_lifetime();
            assert_eq!(total.expires, Some(Time::ZERO + Span::from_secs(s) + lifetime));
            counts.push(total.result);
        }
        counts.sort_unstable();
        counts.dedup();
        assert!(counts.len() > 4, "{preset}: {counts:?}");
    }
}

#[test]
fn who_has_no_count_to_say_says_none() {
    let viewer = said(FOLLOWER, Subject::Viewer(ViewerId(1), 0), None, 1);
    assert_eq!(answer(&mut instance(ORIGIN, rules("v3")), &viewer, 1), None, "another protocol");
    assert_eq!(answer(&mut instance(THIRD, answering("v3")), &viewer, 1), None, "not its video");
    let plain = Activity { expires: None, ..said(FOLLOWER, Subject::Plain(ViewerId(1)), None, 1) };
    assert_eq!(answer(&mut instance(ORIGIN, answering("v3")), &plain, 1), None, "no viewer");
}

#[test]
fn a_follower_takes_an_answer_as_a_total() {
    let mut origin = instance(ORIGIN, answering("v3"));
    let mut follower = instance(FOLLOWER, answering("v3"));
    beat(&mut origin, 1, 1);
    beat(&mut origin, 2, 1);
    beat(&mut follower, 3, 1);
    let effects = run(&mut follower, 2, Input::Tick { number: 0 });
    let total = answer(&mut origin, &effects[0].activity, 3).expect("an answer");
    run(&mut follower, 4, Input::Receive { activity: &total, sender: ORIGIN });
    assert_eq!((total.result, follower.displayed(VIDEO)), (Some(3), 3));
    assert_eq!(follower.displayed_totals().collect::<Vec<_>>(), [(VIDEO, Time::ZERO + Span::from_secs(3))]);
}

/// Who asks gets what has not expired, with nothing of their own added; it lives for two caches and a lifetime.
#[test]
fn who_asks_gets_the_count() {
    let rules = Rules { pull: Pull::Yes, ..answering("v3") };
    let mut origin = instance(ORIGIN, rules);
    let get = said(FOLLOWER, Subject::Get(FetchReason::Count, 0), None, 1);
    beat(&mut origin, 1, 1);
    beat(&mut origin, 2, 2);
    let total = answer(&mut origin, &get, 3).expect("an answer");
    let expires = Time::ZERO + Span::from_secs(3 + 2 * 10 + 120);
    assert_eq!((total.result, total.expires), (Some(2), Some(expires)));
    let later = answer(&mut origin, &get, 500).expect("an answer");
    assert_eq!(later.result, Some(0), "all have expired, before any tick");
    assert_eq!(answer(&mut instance(ORIGIN, answering("v3")), &get, 1), None, "another protocol");
    assert_eq!(answer(&mut instance(THIRD, rules), &get, 1), None, "not its video");
    // who asks with heartbeats that come 55 s later than others asks that much later
    let hints = Some(Hints { heartbeats_per_s: 1, at_most: Span::from_secs(60) });
    let rules = Rules { parameters: Parameters { hints, ..rules.parameters }, ..rules };
    let total = answer(&mut instance(ORIGIN, rules), &get, 3).expect("an answer");
    assert_eq!(total.expires, Some(expires + Span::from_secs(60 - 5)));
}
