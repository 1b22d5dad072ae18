//! Sizes as a browser makes them, and the parts of messages.

use super::*;

/// A browser's session id has ten characters more than those that a script made for 6.3.0, and a server that is in use has numbers of six
/// digits: 9 + 5 bytes more than in the recordings of that release.
#[test]
fn bodies_are_as_long_as_a_browser_makes_them() {
    let lab = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let videos = vec![VideoNames::numbered(VideoId(0), ORIGIN, VIDEO_ID_DIGITS)];
    let real = Names { videos, session_id_length: SESSION_ID_LENGTH, ..lab.clone() };
    let size = |names: &Names, subject, result| {
        let sent = Activity { form: Form::V80, ..activity(R2, subject, result) };
        Sizes::new(names, OtherBodies::default()).body(&sent)
    };
    assert_eq!(size(&real, VIEWER, Some(1)), size(&lab, VIEWER, Some(1)) + 9 + 5);
    // 1,337 was measured with session ids of 32 characters and a number of one digit
    assert_eq!(size(&real, VIEWER, Some(1)), 1_337 + 5);
    assert_eq!(size(&real, PLAIN, None), 1_171 + 5);
    assert_eq!(
        [0, 8, 899_999].map(|number| VideoNames::numbered(VideoId(number), ORIGIN, 6).local_id),
        [100_000, 100_008, 999_999]
    );
    assert_eq!([0, 8].map(|number| VideoNames::numbered(VideoId(number), ORIGIN, 1).local_id), [1, 9]);
}

#[test]
fn parts_add_up_to_the_whole() {
    let names = names_at(9_011, SESSION_ID_LENGTH);
    let mut sizes = Sizes::new(&names, OtherBodies::default());
    let sum = |parts: Vec<Part>| parts.iter().map(|part| part.bytes).sum::<u64>();
    for form in Form::ALL {
        for (author, subject, result) in [
            (ORIGIN, VIEWER, None),
            (R2, VIEWER, Some(1)),
            (ORIGIN, Subject::Total, Some(12)),
            (R2, PLAIN, None),
        ] {
            let view = Activity { form, ..activity(author, subject, result) };
            assert_eq!(sum(names.body_parts(&view)), sizes.body(&view), "{form:?} {subject:?}");
        }
        let proof = Proof::placeholder("peertube");
        let head = names.request_head(form, R2, ORIGIN, 1_337, Time::ZERO, &proof, Persistence::Closed);
        assert_eq!(sum(head_parts(&head)), head.len() as u64);
    }
    let view = Activity { form: Form::V80, ..activity(R2, VIEWER, Some(1)) };
    let named: Vec<String> = names.body_parts(&view).into_iter().map(|part| part.name).collect();
    let order =
        ["@context", "to", "cc", "id", "type", "actor", "object", "expires", "result", "signature", "{,}"];
    assert_eq!(named, order);
}

/// An `Update` is signed by the video's account, a WatchAction for its server; both sizes are measured.
#[test]
fn heads_of_other_traffic_are_those_of_real_servers() {
    let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let bodies = OtherBodies { update_bytes: 15_402, watch_action_bytes: 1_743 + 38 };
    let mut sizes = Sizes::new(&names, bodies);
    let watch_action = Subject::WatchAction(ViewerId(7));
    for (from, to, subject, [head, body]) in
        [(ORIGIN, R2, Subject::Update, [853, 15_402]), (R2, ORIGIN, watch_action, [856, 1_781])]
    {
        let activity = activity(from, subject, None);
        assert_eq!(sizes.body(&activity), body);
        assert_eq!(sizes.request_head(Form::V61, from, to, &activity, body), head);
    }
}
