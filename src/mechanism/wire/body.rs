//! The body of a request: a View as JSON without white space, its members in PeerTube's order.
//!
//! Sources: the bodies in `tests/traces/real-servers/messages.json`, all of 6.3; the form of 6.0 is not recorded and
//! follows PeerTube's public sources before 6.1. Nothing here depends on who sends: a forwarded View is the same bytes.

use super::{Form, Names, SESSION_ID_LENGTH_MIN, UuidOf, iso_time, uuid};
use crate::mechanism::activity::{Activity, Subject};
use crate::words::ids::{InstanceId, ViewerId};
use crate::words::units::Time;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// A View in the members of its JSON. It is built unsigned: that is what its author signs.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    #[serde(rename = "@context")]
    context: Value,
    to: Vec<String>,
    cc: [String; 0],
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    actor: String,
    object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<InteractionCounter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<SignatureMember>,
}

/// The author's signature of the activity (JSON-LD, RsaSignature2017), which outlives forwarding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// When it was made, by the author's clock.
    pub created: Time,
    /// The 256 bytes of an RSA-2048 signature in base64: 344 characters.
    pub value: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InteractionCounter {
    interaction_type: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    user_interaction_count: u32,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SignatureMember {
    #[serde(rename = "type")]
    kind: &'static str,
    creator: String,
    created: String,
    signature_value: String,
}

impl Document {
    /// The activity with its author's signature.
    pub fn signed(self, signature: Signature) -> Document {
        let member = SignatureMember {
            kind: "RsaSignature2017",
            creator: self.actor.clone(),
            created: iso_time(signature.created),
            signature_value: signature.value,
        };
        Document { signature: Some(member), ..self }
    }

    /// The body of the request; its length in bytes is the `content-length`.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers always have a JSON form")
    }
}

impl Signature {
    /// No signature, but the length of one: for a simulation, which only counts its bytes.
    pub fn placeholder(created: Time) -> Signature {
        Signature { created, value: placeholder_base64(256) }
    }
}

/// Zero bytes in base64, padding included.
pub(super) fn placeholder_base64(bytes: usize) -> String {
    let padding = (3 - bytes % 3) % 3;
    "A".repeat(bytes.div_ceil(3) * 4 - padding) + &"=".repeat(padding)
}

impl Names {
    /// The View as its author builds it, unsigned.
    ///
    /// # Panics
    /// When the session ids are to be shorter than `SESSION_ID_LENGTH_MIN`, which validation excludes.
    pub fn activity(&self, activity: &Activity, form: Form) -> Document {
        self.activity_named(activity, form, &self.ident(activity, form))
    }

    /// The View with the last part of its id given.
    pub(super) fn activity_named(&self, activity: &Activity, form: Form, ident: &str) -> Document {
        let video = self.video(activity.video);
        let actor = self.host(activity.author).actor();
        Document {
            context: context(form),
            to: self.to(activity),
            cc: [],
            id: format!("{actor}/views/videos/{}/{ident}", video.local_id),
            kind: "View",
            object: format!("{}/videos/watch/{}", self.host(video.origin).url, video.uuid),
            expires: activity.expires.map(iso_time),
            result: activity.result.map(|count| InteractionCounter {
                interaction_type: "WatchAction",
                kind: "InteractionCounter",
                user_interaction_count: count,
            }),
            signature: None,
            actor,
        }
    }

    /// The addressees: everybody who follows, if the author broadcasts about its own video, else the video's owner.
    /// (The owner's followers are addressed too where that account has some; here it has none.)
    fn to(&self, activity: &Activity) -> Vec<String> {
        let video = self.video(activity.video);
        let origin = self.host(video.origin);
        if activity.author == video.origin {
            let channel = format!("{}/video-channels/{}/followers", origin.url, video.channel);
            vec![PUBLIC.to_owned(), channel, format!("{}/followers", origin.actor())]
        } else {
            vec![format!("{}/accounts/{}", origin.url, video.account)]
        }
    }

    /// The last part of the id of a View. Its length depends on the kind of subject and on the form only.
    pub(super) fn ident(&self, activity: &Activity, form: Form) -> String {
        let video_uuid = &self.video(activity.video).uuid;
        match (activity.subject, form) {
            (Subject::Total, _) => video_uuid.clone(),
            (Subject::Plain(viewer), _) => plain_ident(activity, viewer),
            (Subject::Viewer(viewer, salt), Form::V60) => {
                hashed_ident(activity.author, salt, viewer, video_uuid)
            }
            (Subject::Viewer(viewer, salt), Form::V61) => {
                session_ident(&session_id(viewer, salt, self.session_id_length), video_uuid)
            }
            (Subject::Update | Subject::WatchAction(_) | Subject::Background, _) => {
                unreachable!("only Views are built as text")
            }
        }
    }
}

fn context(form: Form) -> Value {
    let activity_streams = "https://www.w3.org/ns/activitystreams";
    let security = "https://w3id.org/security/v1";
    let signature = json!({ "RsaSignature2017": "https://w3id.org/security#RsaSignature2017" });
    match form {
        Form::V60 => json!([activity_streams, security, signature]),
        Form::V61 => json!([
            activity_streams,
            security,
            signature,
            {
                "pt": "https://joinpeertube.org/ns#",
                "sc": "http://schema.org/",
                "WatchAction": "sc:WatchAction",
                "InteractionCounter": "sc:InteractionCounter",
                "interactionType": "sc:interactionType",
                "userInteractionCount": "sc:userInteractionCount"
            }
        ]),
    }
}

/// The id of a viewer from 6.1 on.
pub(super) fn session_ident(session_id: &str, video_uuid: &str) -> String {
    format!("{session_id}-{video_uuid}")
}

/// The id of a viewer up to 6.0: SHA-256 of the instance's salt, the person and the video, as 64 hex digits.
fn hashed_ident(author: InstanceId, salt: u32, viewer: ViewerId, video_uuid: &str) -> String {
    let hash = Sha256::digest(format!("{author}-{salt}-{viewer}-{video_uuid}"));
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id of one plain view: a UUID of its own for every sending.
fn plain_ident(activity: &Activity, viewer: ViewerId) -> String {
    let parts =
        [activity.author.0, activity.video.0, viewer.0, activity.stamp.session.0, activity.stamp.number];
    uuid(UuidOf::PlainView, &parts.map(u64::from))
}

/// A viewer and a salt as digits of base 36, with zeros in front up to `length` characters.
fn session_id(viewer: ViewerId, salt: u32, length: usize) -> String {
    assert!(
        length >= SESSION_ID_LENGTH_MIN,
        "a session id of {length} characters does not hold every viewer"
    );
    let mut rest = u64::from(salt) << 32 | u64::from(viewer.0);
    let mut digits = vec!['0'; length];
    for digit in digits.iter_mut().rev() {
        *digit = char::from_digit((rest % 36) as u32, 36).expect("a remainder by 36 is below 36");
        rest /= 36;
    }
    digits.into_iter().collect()
}
