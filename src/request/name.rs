//! The name of a message's random draws.

use crate::foundation::ids::InstanceId;
use crate::foundation::random::fold;
use crate::mechanism::activity::{Activity, FetchReason, Subject};

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
        Subject::Get(FetchReason::AfterUpdate, _) => (6, 0),
        Subject::Get(FetchReason::Preview, _) => (7, 0),
        Subject::Get(FetchReason::Actor, _) => (8, 0),
        Subject::Get(FetchReason::Video, _) => (9, 0),
        Subject::ViewCount => (10, 0),
        Subject::Get(FetchReason::Count, _) => (11, 0),
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

/// The name of a message to an inbox of a host: further inboxes of a host have draws of their own.
pub fn name_at_host(name: u64, inbox: InstanceId, host: InstanceId) -> u64 {
    if inbox == host { name } else { fold(&[name, 0, u64::from(inbox.0)]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foundation::ids::{SessionId, VideoId};
    use crate::foundation::units::Time;
    use crate::mechanism::activity::{Form, Stamp};
    use crate::mechanism::network::Leg;
    use std::collections::BTreeSet;

    /// What is lost for one attempt decides nothing for another, nor for another inbox.
    #[test]
    fn attempts_inboxes_and_legs_have_names_of_their_own() {
        let activity = Activity {
            video: VideoId(0),
            author: InstanceId(0),
            subject: Subject::Background(1),
            result: None,
            views: None,
            built: Time::ZERO,
            expires: None,
            stamp: Stamp { session: SessionId(0), number: 0 },
            form: Form::V61,
        };
        let (attempts, inboxes) = (32, 32);
        let mut names = BTreeSet::new();
        for attempt in 0..attempts {
            for inbox in 0..inboxes {
                let name = message_name(&activity, InstanceId(0), attempt);
                let name = name_at_host(name, InstanceId(inbox), InstanceId(0));
                names.extend([Leg::Request, Leg::Handshake, Leg::Answer].map(|leg| leg.name(name)));
            }
        }
        assert_eq!(names.len() as u32, attempts * inboxes * 3);
    }
}
