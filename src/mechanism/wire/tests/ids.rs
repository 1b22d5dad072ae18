//! The ids of activities: different things have different ones, which stay what they are.

use super::*;

#[test]
fn ids_tell_views_apart() {
    let names = names_at(9_011, SESSION_ID_LENGTH_MIN);
    let ident = |activity: &Activity, form| names.ident(activity, form);
    let viewers = [(0, 0), (1, 0), (0, 1), (u32::MAX, 0), (0, u32::MAX), (u32::MAX, u32::MAX)];
    for form in Form::ALL {
        let of = |&(viewer, salt)| ident(&activity(R2, Subject::Viewer(ViewerId(viewer), salt), None), form);
        let distinct: BTreeSet<_> = viewers.iter().map(of).collect();
        assert_eq!(distinct.len(), viewers.len());
    }
    // a viewer keeps its id from one sending to the next, a plain view has one of its own every time
    let again = Stamp { session: SessionId(3), number: 36 };
    for (subject, same) in [(VIEWER, true), (Subject::Total, true), (PLAIN, false)] {
        let first = activity(R2, subject, None);
        let second = Activity { stamp: again, ..first };
        assert_eq!(ident(&first, Form::V61) == ident(&second, Form::V61), same);
    }
    let video = &names.videos[0].uuid;
    let viewer = activity(R2, VIEWER, None);
    assert_eq!(ident(&viewer, Form::V61), format!("0000000000007-{video}"));
    assert_eq!(ident(&viewer, Form::V60).len(), 64);
    assert_eq!(ident(&activity(ORIGIN, Subject::Total, Some(3)), Form::V61), *video);
}

#[test]
fn uuids_are_of_version_4_and_stay_what_they_are() {
    // pinned: an id is part of what a run sends, so a change is a change of every result
    assert_eq!(
        VideoNames::numbered(VideoId(0), ORIGIN, LAB_VIDEO_ID_DIGITS).uuid,
        "b18a02f4-6d8d-46c3-9515-9b73432a2795"
    );
    assert_eq!(
        VideoNames::numbered(VideoId(1), ORIGIN, LAB_VIDEO_ID_DIGITS).uuid,
        "6c5795e1-4b3b-4e33-b970-e130d0c7742f"
    );
    for number in 0..1_000 {
        let uuid = uuid(UuidOf::PlainView, &[number]);
        let groups: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert!(uuid.as_bytes()[14] == b'4' && b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
    }
}
