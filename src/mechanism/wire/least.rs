//! The size of the smallest total that names allow, in bytes: what a number about a video costs at least, in a request of its own.

use super::body::OtherBodies;
use super::names::{Host, Names, VideoNames};
use super::size::Sizes;
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Form, Stamp, Subject};

/// Head and body of the smallest total of an origin: of one digit, in the shortest form, from and to the shortest names, without
/// compression; 0 without instances or videos.
pub fn smallest_total_bytes(names: &Names) -> u64 {
    let Some(names) = shortest(names) else { return 0 };
    let mut sizes = Sizes::new(&names, OtherBodies::default());
    let origin = InstanceId(0);
    let bytes = |form| {
        let total = Activity {
            video: VideoId(0),
            author: origin,
            subject: Subject::Total,
            result: Some(1),
            views: None,
            built: Time::ZERO,
            expires: Some(Time::ZERO),
            stamp: Stamp { session: SessionId(0), number: 0 },
            form,
        };
        let body = sizes.body(&total);
        body + sizes.request_head(form, origin, origin, &total, body)
    };
    Form::ALL.map(bytes).into_iter().min().unwrap_or(0)
}

/// One instance and its video, each with the shortest of all names.
fn shortest(names: &Names) -> Option<Names> {
    let hosts = || names.instances.iter();
    let host = Host {
        url: hosts().map(|host| &host.url).min_by_key(|url| url.len())?.clone(),
        server_actor: hosts().map(|host| &host.server_actor).min_by_key(|actor| actor.len())?.clone(),
    };
    let videos = || names.videos.iter();
    let video = VideoNames {
        origin: InstanceId(0),
        uuid: videos().map(|video| &video.uuid).min_by_key(|uuid| uuid.len())?.clone(),
        local_id: videos().map(|video| video.local_id).min()?,
        account: videos().map(|video| &video.account).min_by_key(|account| account.len())?.clone(),
        channel: videos().map(|video| &video.channel).min_by_key(|channel| channel.len())?.clone(),
    };
    Some(Names { instances: vec![host], videos: vec![video], version: names.version.clone(), ..*names })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(hosts: &[&str], digits: u32) -> Names {
        Names {
            instances: hosts.iter().map(|host| Host::new(&format!("https://{host}"))).collect(),
            videos: vec![VideoNames::numbered(VideoId(0), InstanceId(0), digits)],
            session_id_length: super::super::SESSION_ID_LENGTH,
            version: super::super::VERSION.to_owned(),
            epoch_unix_ms: super::super::EPOCH_UNIX_MS,
        }
    }

    /// It is a real total where all names are alike, and smaller than each where they are not.
    #[test]
    fn no_total_is_smaller() {
        let total = |names: &Names, form| {
            let (mut sizes, origin) = (Sizes::new(names, OtherBodies::default()), InstanceId(0));
            let total = Activity {
                video: VideoId(0),
                author: origin,
                subject: Subject::Total,
                result: Some(7),
                views: None,
                built: Time::ZERO,
                expires: Some(Time::from_ms(1)),
                stamp: Stamp { session: SessionId(0), number: 3 },
                form,
            };
            let body = sizes.body(&total);
            body + sizes.request_head(form, origin, InstanceId(1), &total, body)
        };
        let alike = names(&["one.example", "two.example"], 3);
        let of_forms = Form::ALL.map(|form| total(&alike, form));
        assert_eq!(of_forms.into_iter().min(), Some(smallest_total_bytes(&alike)));
        let longer = names(&["one.example", "much-longer.example"], 3);
        assert_eq!(smallest_total_bytes(&longer), smallest_total_bytes(&alike));
        assert!(Form::ALL.iter().all(|&form| total(&longer, form) > smallest_total_bytes(&longer)));
        assert_eq!(smallest_total_bytes(&names(&[], 3)), 0);
    }
}
