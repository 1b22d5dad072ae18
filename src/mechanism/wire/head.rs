//! The heads of a request and of its response, as a PeerTube behind no proxy writes them.
//!
//! Sources: the heads in `tests/traces/real-servers/messages.json` (6.3.0); draft-cavage-http-signatures-12 for `signature`;
//! from 7.1 on the sources of 7.2.1, and the sizes in `peertube-7.2.1.json` and `peertube-8.2.1.json`: requests 15 bytes
//! longer, responses 5. Those 5 are the digits of the rate limit, which 6.3.0 had at 500 when it was recorded: 100,000 is the
//! one round limit that makes them up. The three GETs after an `Update` had 2,325 bytes at 6.3.0, which this form has, too. The version in the user agent is the same for every release: all have one length.

use super::body::placeholder_base64;
use super::names::Names;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, FetchReason, Form, Resource, Subject};

/// What the sender of one request proves: that it is the sender, and that the body is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The account of the sender whose key signs.
    pub actor: String,
    /// SHA-256 of the body in base64: 44 characters.
    pub digest: String,
    /// The RSA-2048 signature of request target, host, date and digest in base64: 344 characters.
    pub signature: String,
}

/// What becomes of the connection after the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Persistence {
    /// It ends.
    Closed,
    /// It is kept for the next one, as Node 19 and later do.
    Kept,
}

impl Persistence {
    /// The sender's lines about it.
    pub(super) fn of_request(self) -> &'static str {
        match self {
            Persistence::Closed => "Connection: close",
            Persistence::Kept => "Connection: keep-alive",
        }
    }

    /// The receiver's lines about it.
    pub(super) fn of_response(self) -> &'static str {
        match self {
            Persistence::Closed => "Connection: close",
            Persistence::Kept => "Connection: keep-alive\r\nKeep-Alive: timeout=5",
        }
    }
}

/// What the head of any answer to a server says.
#[derive(Clone, Copy, Debug)]
pub struct AnswerHead {
    /// The form of the server that answers.
    pub form: Form,
    /// When it does.
    pub date: Time,
    /// So many requests of this client are used in the window of the rate limit ...
    pub used: u32,
    /// ... which ends then.
    pub reset: Time,
    /// What becomes of the connection.
    pub persistence: Persistence,
}

impl AnswerHead {
    /// The first request of a client, for a simulation, which only counts bytes: the digits of the remaining requests are these unless a client is
    /// about to be refused.
    pub fn first(form: Form, persistence: Persistence) -> AnswerHead {
        AnswerHead { form, date: Time::ZERO, used: 1, reset: Time::ZERO, persistence }
    }
}

impl Proof {
    /// No proof by `actor`, but the length of one: for a simulation, which only counts its bytes.
    pub fn placeholder(actor: &str) -> Proof {
        Proof { actor: actor.to_owned(), digest: placeholder_base64(32), signature: placeholder_base64(256) }
    }
}

impl Names {
    /// The head of the request by which `from` (the author, or the origin that forwards), a server of that form, posts a
    /// body of `body_bytes` to `to` at the instant `date`, up to and with the empty line.
    #[expect(clippy::too_many_arguments, reason = "a head says just that many things")]
    pub fn request_head(
        &self,
        form: Form,
        from: InstanceId,
        to: InstanceId,
        body_bytes: u64,
        date: Time,
        proof: &Proof,
        persistence: Persistence,
    ) -> String {
        let (from, to) = (self.host(from), self.host(to));
        let signed = r#"algorithm="rsa-sha256",headers="(request-target) host date digest""#;
        let (key, encodings) = key_and_encodings(form);
        [
            "POST /inbox HTTP/1.1".to_owned(),
            format!("user-agent: PeerTube/{} (+{})", self.version, from.url),
            format!("digest: SHA-256={}", proof.digest),
            "content-type: application/activity+json".to_owned(),
            "accept: application/activity+json, application/ld+json".to_owned(),
            format!("date: {}", self.http_date(date)),
            format!("content-length: {body_bytes}"),
            format!("accept-encoding: {encodings}"),
            format!("host: {}", to.name()),
            format!(
                r#"signature: keyId="{}{key}",{signed},signature="{}""#,
                from.account(&proof.actor),
                proof.signature
            ),
            persistence.of_request().to_owned(),
            "\r\n".to_owned(),
        ]
        .join("\r\n")
    }

    /// The head of the GET of an activity (`Subject::Get`) by a server of that form to `to` at the instant `date`, up to and
    /// with the empty line. What a server asks for its store has this `signature`, what it asks for a preview or a count none; that
    /// names the count which its author knows.
    pub fn get_head(
        &self,
        form: Form,
        activity: &Activity,
        to: InstanceId,
        date: Time,
        signature: &str,
        persistence: Persistence,
    ) -> String {
        let from = self.host(activity.author);
        let is_signed =
            !matches!(activity.subject, Subject::Get(FetchReason::Preview | FetchReason::Count, _));
        let known = activity.result.map(|count| format!("if-none-match: {}", entity_tag(count)));
        let (key, encodings) = key_and_encodings(form);
        let signature = is_signed.then(|| {
            let signed = r#"algorithm="rsa-sha256",headers="(request-target) host date""#;
            format!(
                r#"signature: keyId="{}{key}",{signed},signature="{signature}""#,
                from.account(&from.server_actor)
            )
        });
        let lines = [
            Some(format!("GET {} HTTP/1.1", self.get_target(activity, to))),
            Some(format!("user-agent: PeerTube/{} (+{})", self.version, from.url)),
            Some("accept: application/activity+json, application/ld+json".to_owned()),
            Some(format!("date: {}", self.http_date(date))),
            Some(format!("accept-encoding: {encodings}")),
            Some(format!("host: {}", self.host(to).name())),
            known,
            signature,
            Some(persistence.of_request().to_owned()),
            Some("\r\n".to_owned()),
        ];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\r\n")
    }

    /// The path that a GET (`Subject::Get`) of what is at `to` asks for.
    pub fn get_target(&self, get: &Activity, to: InstanceId) -> String {
        let names = self.video(get.video);
        let video = |part| format!("/videos/watch/{}{part}", names.uuid);
        let channel = |part| format!("/video-channels/{}{part}", names.channel);
        let actor = |part| format!("/accounts/{}{part}", self.host(to).server_actor);
        match get.fetch().map(|(.., part)| part) {
            None | Some(Resource::Video) => video(""),
            Some(Resource::Chapters) => video("/chapters"),
            Some(Resource::Likes) => video("/likes"),
            Some(Resource::Dislikes) => video("/dislikes"),
            Some(Resource::Announces) => video("/announces"),
            Some(Resource::Comments) => video("/comments"),
            Some(Resource::Viewers) => video("/viewers"),
            Some(Resource::Channel) => channel(""),
            Some(Resource::ChannelFollowers) => channel("/followers"),
            Some(Resource::ChannelFollowing) => channel("/following"),
            Some(Resource::Account) => format!("/accounts/{}", names.account),
            Some(Resource::Actor) => actor(""),
            Some(Resource::ActorFollowers) => actor("/followers"),
            Some(Resource::ActorFollowing) => actor("/following"),
            Some(Resource::ActorPlaylists) => actor("/playlists"),
        }
    }

    /// The whole response to a View: it has no body.
    pub fn response_head(&self, of: &AnswerHead) -> String {
        let limit: u32 = match of.form {
            Form::V60 | Form::V61 => 500,
            Form::V71 | Form::V80 => 100_000,
        };
        [
            "HTTP/1.1 204 No Content".to_owned(),
            "x-powered-by: PeerTube".to_owned(),
            "X-Frame-Options: DENY".to_owned(),
            "Access-Control-Allow-Origin: *".to_owned(),
            "Access-Control-Allow-Credentials: true".to_owned(),
            "Access-Control-Expose-Headers: Retry-After".to_owned(),
            "Tk: N".to_owned(),
            format!("X-RateLimit-Limit: {limit}"),
            format!("X-RateLimit-Remaining: {}", limit.saturating_sub(of.used)),
            format!("Date: {}", self.http_date(of.date)),
            format!("X-RateLimit-Reset: {}", self.clock(of.reset).unix_timestamp()),
            of.persistence.of_response().to_owned(),
            "\r\n".to_owned(),
        ]
        .join("\r\n")
    }

    /// The head of an answer that carries a count in a body of `body_bytes`, and is otherwise `response_head`. No server gives one yet: its lines about the
    /// body are those of a server that answers JSON.
    pub fn counted_response_head(&self, of: &AnswerHead, body_bytes: usize) -> String {
        let body = format!("Content-Type: {ACTIVITY_JSON}\r\nContent-Length: {body_bytes}\r\nDate: ");
        let head = self.response_head(of);
        head.replacen("204 No Content", "200 OK", 1).replacen("Date: ", &body, 1)
    }

    /// The head of the answer to a GET for a count, with a body of `body_bytes`, or none where who asked knows that count (304). It may be kept
    /// for `max_age`. No server gives one yet; what a 304 says is what RFC 9110 asks for.
    pub fn pulled_response_head(
        &self,
        of: &AnswerHead,
        body_bytes: Option<usize>,
        (count, max_age): (u32, Span),
    ) -> String {
        let head = match body_bytes {
            Some(bytes) => self.counted_response_head(of, bytes),
            None => self.response_head(of).replacen("204 No Content", "304 Not Modified", 1),
        };
        let (age_s, tag) = (max_age.whole_secs(), entity_tag(count));
        head.replacen("Date: ", &format!("Cache-Control: max-age={age_s}\r\nETag: {tag}\r\nDate: "), 1)
    }
}

/// The tag of a count: equal counts have equal tags.
fn entity_tag(count: u32) -> String {
    format!("\"{count}\"")
}

const ACTIVITY_JSON: &str = "application/activity+json; charset=utf-8";

/// How a server of a form names its key behind its account, and the encodings that it takes.
fn key_and_encodings(form: Form) -> (&'static str, &'static str) {
    match form {
        Form::V60 | Form::V61 => ("", "gzip, deflate, br"),
        Form::V71 | Form::V80 => ("#main-key", "gzip, deflate, br, zstd"),
    }
}
