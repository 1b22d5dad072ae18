//! The names on the wire of everything that the model numbers, and its dates.

use super::uuid::{UuidOf, uuid};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Subject};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// The instant on the wire at model time zero, in milliseconds of Unix time: 2026-01-01T00:00:00Z.
pub const EPOCH_UNIX_MS: i64 = 1_767_225_600_000;

/// ISO 8601 with milliseconds and `Z`.
const ISO_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// The date of RFC 9110.
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// The length in characters of the session ids that PeerTube's player makes in a browser, and of ours unless a scenario says otherwise.
pub const SESSION_ID_LENGTH: usize = 32;

/// The digits of a video's number at a server that has met a hundred thousand, and at ours unless a scenario says otherwise.
pub const VIDEO_ID_DIGITS: u32 = 6;

/// The length of the session ids in the recordings of 6.3.0, which a script made.
pub const LAB_SESSION_ID_LENGTH: usize = 23;

/// The digits of the videos' numbers in the recordings: their servers were fresh.
pub const LAB_VIDEO_ID_DIGITS: u32 = 1;

/// The least length in characters of a session id: 13 digits of base 36 distinguish any two viewers and salts.
pub const SESSION_ID_LENGTH_MIN: usize = 13;

/// The version in the recordings' user agents, and in ours unless a scenario says otherwise: one for all presets, so
/// that sizes differ by protocol only.
pub const VERSION: &str = "6.3.0";

/// The names on the wire of everything that the model numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// By `InstanceId`.
    pub instances: Vec<Host>,
    /// By `VideoId`.
    pub videos: Vec<VideoNames>,
    /// The length of every session id, in characters; at least `SESSION_ID_LENGTH_MIN`.
    pub session_id_length: usize,
    /// The version in the user agent of every instance.
    pub version: String,
    /// The instant on the wire at model time zero, in milliseconds of Unix time: `EPOCH_UNIX_MS`, or the real clock's
    /// where there is one. It lies between the years 1970 and 9000, so that every date has the same length.
    pub epoch_unix_ms: i64,
}

/// The names of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Scheme and host (with the port, if any), without a trailing slash: `https://origin.example`.
    pub url: String,
    /// The account that signs for the instance.
    pub server_actor: String,
}

/// The names of one video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoNames {
    /// The instance that owns it.
    pub origin: InstanceId,
    /// The UUID that is the same everywhere.
    pub uuid: String,
    /// The number in the ids of Views. Each server has its own; the model has one, so that sizes do not depend on
    /// what else a server holds.
    pub local_id: u64,
    /// The account that owns it, at its origin.
    pub account: String,
    /// The channel that it is in, at its origin.
    pub channel: String,
}

impl Host {
    /// An instance with PeerTube's server actor; `url` is scheme and host without a trailing slash.
    pub fn new(url: &str) -> Host {
        Host { url: url.to_owned(), server_actor: "peertube".to_owned() }
    }

    /// What the `host` header says: the URL without its scheme.
    pub fn name(&self) -> &str {
        self.url.split_once("://").map_or(&self.url, |(_, name)| name)
    }

    /// The URL of the actor that signs Views.
    pub fn actor(&self) -> String {
        self.account(&self.server_actor)
    }

    /// The URL of an account.
    pub fn account(&self, name: &str) -> String {
        format!("{}/accounts/{name}", self.url)
    }
}

impl VideoNames {
    /// A video of `origin` with names made from its number, those of a server with the user `root`. The number in the ids of its Views
    /// has at least `digits` digits, from 1 to 19.
    pub fn numbered(video: VideoId, origin: InstanceId, digits: u32) -> VideoNames {
        VideoNames {
            origin,
            uuid: uuid(UuidOf::Video, &[u64::from(video.0)]),
            local_id: 10u64.pow(digits - 1) + u64::from(video.0),
            account: "root".to_owned(),
            channel: "root_channel".to_owned(),
        }
    }
}

impl Names {
    /// The names of an instance.
    pub fn host(&self, instance: InstanceId) -> &Host {
        &self.instances[instance.index()]
    }

    /// The names of a video.
    pub fn video(&self, video: VideoId) -> &VideoNames {
        &self.videos[video.index()]
    }

    /// The account of `sender` that signs a request with this activity: the owner of a video signs what changes it,
    /// everything else is signed for the whole server.
    pub fn signing_account(&self, sender: InstanceId, activity: &Activity) -> &str {
        match activity.subject {
            Subject::Update => &self.video(activity.video).account,
            _ => &self.host(sender).server_actor,
        }
    }

    /// ISO 8601 with milliseconds and `Z`, as in activities.
    pub fn iso_time(&self, at: Time) -> String {
        self.clock(at).format(ISO_TIME).expect("years of four digits have a form")
    }

    /// The date of RFC 9110, as in heads.
    pub fn http_date(&self, at: Time) -> String {
        self.clock(at).format(HTTP_DATE).expect("years of four digits have a form")
    }

    /// The instant that an activity names; none if the text is not of the form that `iso_time` writes, or is of a
    /// date before model time zero.
    pub fn read_iso_time(&self, text: &str) -> Option<Time> {
        self.instant(PrimitiveDateTime::parse(text, ISO_TIME).ok()?, |time| self.iso_time(time) == text)
    }

    /// The instant, in whole seconds, that a head names; none under the conditions of `read_iso_time`.
    pub fn read_http_date(&self, text: &str) -> Option<Time> {
        self.instant(PrimitiveDateTime::parse(text, HTTP_DATE).ok()?, |time| self.http_date(time) == text)
    }

    /// Model time as Unix time, in seconds.
    pub fn unix_s(&self, at: Time) -> i64 {
        self.clock(at).unix_timestamp()
    }

    /// The model time of a date, if there is one and it reads as it was written.
    fn instant(&self, date: PrimitiveDateTime, same: impl Fn(Time) -> bool) -> Option<Time> {
        let unix_ms = date.assume_utc().unix_timestamp_nanos() / 1_000_000;
        let ms = u64::try_from(unix_ms - i128::from(self.epoch_unix_ms)).ok()?;
        let time = Time::from_ns(ms.checked_mul(1_000_000)?);
        same(time).then_some(time)
    }

    pub(super) fn clock(&self, at: Time) -> OffsetDateTime {
        let unix_ms = i128::from(self.epoch_unix_ms) + i128::from(at.ms());
        OffsetDateTime::from_unix_timestamp_nanos(unix_ms * 1_000_000)
            .expect("584 years of model time after the epoch have dates")
    }
}

/// The Unix time in seconds of a date in the form that heads have; none if it is not of that form, or no date.
pub fn http_date_unix_s(text: &str) -> Option<i64> {
    let date = PrimitiveDateTime::parse(text, HTTP_DATE).ok()?.assume_utc();
    (date.format(HTTP_DATE).ok()? == text).then(|| date.unix_timestamp())
}
