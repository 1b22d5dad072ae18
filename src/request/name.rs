//! The name of a message in the random draws that are about it.

use crate::foundation::ids::InstanceId;
use crate::foundation::random::fold;
use crate::mechanism::activity::{Activity, Subject};

/// The name under which a message's latency and loss are drawn: the protocol plays no part in it.
pub fn message_name(activity: &Activity, from: InstanceId, attempt: u8) -> u64 {
    let (subject, viewer) = match activity.subject {
        Subject::Viewer(viewer, _) => (0, viewer.0),
        Subject::Total => (1, 0),
        Subject::Plain(viewer) => (2, viewer.0),
        Subject::Update => (3, 0),
        Subject::WatchAction(viewer) => (4, viewer.0),
        Subject::Background => (5, 0),
    };
    let words = [
        subject,
        activity.video.0,
        activity.author.0,
        from.0,
        viewer,
        activity.stamp.session.0,
        activity.stamp.number,
    ];
    let name = fold(&words.map(u64::from));
    if attempt == 0 { name } else { fold(&[name, u64::from(attempt)]) }
}
