//! The name of a message's random draws.

use crate::foundation::ids::InstanceId;
use crate::foundation::random::fold;
use crate::mechanism::activity::{Activity, Asked, Subject};

/// The name under which latency and loss of a message are drawn. It depends on content, sender and attempt and not on the
/// protocol, so variants of a scenario are compared under the same draws.
pub fn message_name(activity: &Activity, from: InstanceId, attempt: u32) -> u64 {
    let (subject, viewer) = match activity.subject {
        Subject::Viewer(viewer, _) => (0, viewer.0),
        Subject::Total => (1, 0),
        Subject::Plain(viewer) => (2, viewer.0),
        Subject::Update => (3, 0),
        Subject::WatchAction(viewer) => (4, viewer.0),
        Subject::Background(_) => (5, 0),
        Subject::Get(Asked::AfterUpdate, _) => (6, 0),
        Subject::Get(Asked::Preview, _) => (7, 0),
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
