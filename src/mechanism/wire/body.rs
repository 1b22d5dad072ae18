//! The body of a request: a View as JSON without white space, its members in PeerTube's order.
//!
//! Sources: the bodies in `tests/traces/real-servers/messages.json`, all of 6.3; the sizes in `peertube-7.2.1.json` and
//! `peertube-8.2.1.json` beside it; the form of 6.0 is not recorded and follows PeerTube's public sources before 6.1, and
//! the addressees from 8.0 on follow those of 8.2.1. Nothing here depends on who sends: a forwarded View is the same bytes.
//!
//! What shares the queues with Views is of the same shape, filled up with text to the bytes of a real one: an `Update`
//! really holds the whole video, of which the model reads the number of views; a WatchAction what was watched, which it does not read.

use super::names::{Names, SESSION_ID_LENGTH_MIN};
use super::uuid::{UuidOf, uuid};
use crate::foundation::ids::{InstanceId, ViewerId};
use crate::mechanism::activity::{Activity, Form, Subject};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// What fills bodies up.
const FILLER: &str = "This stands for what a real server would say here. ";

/// An activity in the members of its JSON. It is built unsigned: that is what its author signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    #[serde(rename = "@context", serialize_with = "write_context", deserialize_with = "read_context")]
    pub(super) context: Context,
    pub(super) to: Vec<String>,
    pub(super) cc: Vec<String>,
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: DocumentKind,
    pub(super) actor: String,
    pub(super) object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<InteractionCounter>,
    /// A number of views: in an `Update` those of the video, in a View those by its author's viewers since it last said so. A real `Update` has
    /// it in the video; JSON-LD does not know it here, so no signature holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) views: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<SignatureMember>,
}

/// The types of activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum DocumentKind {
    View,
    /// Of a video.
    Update,
    /// Of a WatchAction.
    Create,
    /// Any job of the background.
    Announce,
}

impl DocumentKind {
    fn of(subject: Subject) -> DocumentKind {
        match subject {
            Subject::Viewer(..) | Subject::Total | Subject::Plain(_) | Subject::ViewCount => {
                DocumentKind::View
            }
            Subject::Update => DocumentKind::Update,
            Subject::WatchAction(_) => DocumentKind::Create,
            // a GET has no body, so `document` refuses it
            Subject::Background(_) | Subject::Get(..) => DocumentKind::Announce,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            DocumentKind::View => "View",
            DocumentKind::Update => "Update",
            DocumentKind::Create => "Create",
            DocumentKind::Announce => "Announce",
        }
    }

    /// The part of the id between the actor and the video.
    pub(super) fn path(self) -> &'static str {
        match self {
            DocumentKind::View => "views",
            DocumentKind::Update => "updates",
            DocumentKind::Create => "watch-actions",
            DocumentKind::Announce => "announces",
        }
    }
}

/// The author's signature of the activity (JSON-LD, RsaSignature2017), which outlives forwarding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// When it was made, by the author's clock, as `Names::iso_time` writes it.
    pub created: String,
    /// The 256 bytes of an RSA-2048 signature in base64: 344 characters.
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InteractionCounter {
    pub(super) interaction_type: InteractionType,
    #[serde(rename = "type")]
    pub(super) kind: CounterKind,
    pub(super) user_interaction_count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum InteractionType {
    WatchAction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CounterKind {
    InteractionCounter,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SignatureMember {
    #[serde(rename = "type")]
    pub(super) kind: SignatureKind,
    pub(super) creator: String,
    pub(super) created: String,
    pub(super) signature_value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SignatureKind {
    RsaSignature2017,
}

impl SignatureMember {
    /// The signature of an actor as a member of what it signs.
    pub(super) fn of(actor: &str, signature: Signature) -> SignatureMember {
        SignatureMember {
            kind: SignatureKind::RsaSignature2017,
            creator: actor.to_owned(),
            created: signature.created,
            signature_value: signature.value,
        }
    }
}

impl Document {
    /// The activity with its author's signature.
    pub fn signed(self, signature: Signature) -> Document {
        Document { signature: Some(SignatureMember::of(&self.actor, signature)), ..self }
    }

    /// The author's signature, if it has signed; its creator is the actor.
    pub fn signature(&self) -> Option<Signature> {
        let member = self.signature.as_ref()?;
        Some(Signature { created: member.created.clone(), value: member.signature_value.clone() })
    }

    /// The URL of the actor: the author.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// When what it counts expires, as `Names::iso_time` writes it.
    pub fn expires(&self) -> Option<&str> {
        self.expires.as_deref()
    }

    /// The URL that is the activity's name: different activities have different ones.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The body of the request; its length in bytes is the `content-length`.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers always have a JSON form")
    }
}

impl Signature {
    /// No signature, but the length of one: for a simulation, which only counts its bytes.
    pub fn placeholder(created: String) -> Signature {
        Signature { created, value: placeholder_base64(256) }
    }
}

/// Zero bytes in base64, padding included.
pub(super) fn placeholder_base64(bytes: usize) -> String {
    let padding = (3 - bytes % 3) % 3;
    "A".repeat(bytes.div_ceil(3) * 4 - padding) + &"=".repeat(padding)
}

/// The bytes of the bodies that share the queues with Views; their text is filled up to these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OtherBodies {
    /// An `Update` of a video.
    pub update_bytes: u64,
    /// A `Create` of a WatchAction.
    pub watch_action_bytes: u64,
}

impl OtherBodies {
    /// The bytes of a body about `subject`; none for Views, whose text says how many they are.
    pub fn bytes(&self, subject: Subject) -> Option<u64> {
        match subject {
            Subject::Viewer(..) | Subject::Total | Subject::Plain(_) | Subject::ViewCount => None,
            Subject::Update => Some(self.update_bytes),
            Subject::WatchAction(_) => Some(self.watch_action_bytes),
            Subject::Background(bytes) => Some(u64::from(bytes)),
            Subject::Get(..) => Some(0),
        }
    }
}

impl Names {
    /// The View as its author builds it, unsigned.
    ///
    /// # Panics
    /// When it is no View; when the session ids are to be shorter than `SESSION_ID_LENGTH_MIN`, which validation
    /// excludes.
    pub fn activity(&self, activity: &Activity, form: Form) -> Document {
        assert_eq!(
            DocumentKind::of(activity.subject),
            DocumentKind::View,
            "only a View has a text of its own"
        );
        self.activity_named(activity, form, &self.ident(activity, form))
    }

    /// The activity as its author builds it, unsigned: a View, or what is filled up so that its body, once signed, has
    /// the bytes that `other` says.
    ///
    /// # Errors
    /// When those are fewer than the members need; the text says how many that is.
    ///
    /// # Panics
    /// As `activity`.
    pub fn document(&self, activity: &Activity, other: &OtherBodies) -> Result<Document, String> {
        let document = self.activity_named(activity, activity.form, &self.ident(activity, activity.form));
        let Some(bytes) = other.bytes(activity.subject) else { return Ok(document) };
        let empty = Document { content: Some(String::new()), ..document };
        let signature = Signature::placeholder(self.iso_time(activity.built));
        let least = empty.clone().signed(signature).json().len() as u64;
        let Some(missing) = bytes.checked_sub(least) else {
            let name = empty.kind.name();
            return Err(format!(
                "a body of {bytes} bytes is too small for `{name}`: with these names it has at least {least}"
            ));
        };
        let content = FILLER.chars().cycle().take(missing as usize).collect();
        Ok(Document { content: Some(content), ..empty })
    }

    /// The activity with the last part of its id given.
    pub(super) fn activity_named(&self, activity: &Activity, form: Form, ident: &str) -> Document {
        let video = self.video(activity.video);
        let actor = self.host(activity.author).account(self.signing_account(activity.author, activity));
        let kind = DocumentKind::of(activity.subject);
        debug_assert!(kind == DocumentKind::View || activity.expires.is_none() && activity.result.is_none());
        let (to, cc) = self.addressees(activity, form);
        Document {
            context: Context::of(form),
            to,
            cc,
            id: format!("{actor}/{}/videos/{}/{ident}", kind.path(), video.local_id),
            kind,
            object: format!("{}/videos/watch/{}", self.host(video.origin).url, video.uuid),
            expires: activity.expires.map(|expires| self.iso_time(expires)),
            result: activity.result.map(|count| InteractionCounter {
                interaction_type: InteractionType::WatchAction,
                kind: CounterKind::InteractionCounter,
                user_interaction_count: count,
            }),
            views: activity.views,
            content: None,
            signature: None,
            actor,
        }
    }

    /// Who is addressed, and who gets a copy: everybody who follows, if the author broadcasts about its own video, else the
    /// video's owner. (Before 8.0 the owner's followers are addressed too where that account has some; here it has none.)
    fn addressees(&self, activity: &Activity, form: Form) -> (Vec<String>, Vec<String>) {
        let video = self.video(activity.video);
        let origin = self.host(video.origin);
        let (account, channel) =
            (origin.account(&video.account), format!("{}/video-channels/{}", origin.url, video.channel));
        if activity.author != video.origin {
            return (vec![account], Vec::new());
        }
        match form {
            Form::V60 | Form::V61 | Form::V71 => {
                let followers = [channel, origin.actor()].map(|actor| format!("{actor}/followers"));
                ([vec![PUBLIC.to_owned()], followers.to_vec()].concat(), Vec::new())
            }
            Form::V80 => (vec![PUBLIC.to_owned(), channel], vec![format!("{account}/followers")]),
        }
    }

    /// The last part of the id. Its length depends on the kind of subject and on the form only.
    pub(super) fn ident(&self, activity: &Activity, form: Form) -> String {
        let video_uuid = &self.video(activity.video).uuid;
        match (activity.subject, form) {
            (Subject::Total, _) => video_uuid.clone(),
            (Subject::Plain(viewer), _) => plain_ident(activity, viewer),
            (Subject::ViewCount, _) => other_ident(activity, UuidOf::ViewCount, 0),
            (Subject::Update, _) => other_ident(activity, UuidOf::Update, 0),
            (Subject::WatchAction(viewer), _) => other_ident(activity, UuidOf::WatchAction, viewer.0),
            (Subject::Background(_) | Subject::Get(..), _) => other_ident(activity, UuidOf::Background, 0),
            (Subject::Viewer(viewer, salt), Form::V60) => {
                hashed_ident(activity.author, salt, viewer, video_uuid)
            }
            (Subject::Viewer(viewer, salt), Form::V61 | Form::V71 | Form::V80) => {
                session_ident(&session_id(viewer, salt, self.session_id_length), video_uuid)
            }
        }
    }
}

pub(super) fn write_context<S: Serializer>(context: &Context, to: S) -> Result<S::Ok, S::Error> {
    context.json().serialize(to)
}

fn read_context<'de, D: Deserializer<'de>>(from: D) -> Result<Context, D::Error> {
    let value = Value::deserialize(from)?;
    let context = [Context::V60, Context::V61].into_iter().find(|context| context.json() == value);
    context.ok_or_else(|| D::Error::custom("a `@context` other than those of PeerTube's Views"))
}

/// The JSON-LD contexts of Views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Up to 6.0: it knows no `InteractionCounter`.
    V60,
    /// From 6.1: it does.
    V61,
}

impl Context {
    fn of(form: Form) -> Context {
        match form {
            Form::V60 => Context::V60,
            Form::V61 | Form::V71 | Form::V80 => Context::V61,
        }
    }

    fn json(self) -> Value {
        let activity_streams = "https://www.w3.org/ns/activitystreams";
        let security = "https://w3id.org/security/v1";
        let signature = json!({ "RsaSignature2017": "https://w3id.org/security#RsaSignature2017" });
        match self {
            Context::V60 => json!([activity_streams, security, signature]),
            Context::V61 => json!([
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

/// The id of one plain view: a new UUID for every sending.
fn plain_ident(activity: &Activity, viewer: ViewerId) -> String {
    let parts =
        [activity.author.0, activity.video.0, viewer.0, activity.stamp.session.0, activity.stamp.number];
    uuid(UuidOf::PlainView, &parts.map(u64::from))
}

/// The id of what is no View: a new UUID for every sending.
fn other_ident(activity: &Activity, of: UuidOf, viewer: u32) -> String {
    let parts =
        [activity.author.0, activity.video.0, viewer, activity.stamp.session.0, activity.stamp.number];
    let built = activity.built.ns();
    uuid(of, &[&parts.map(u64::from)[..], &[built]].concat())
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
