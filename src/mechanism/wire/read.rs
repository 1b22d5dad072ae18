//! What a received body says: its JSON in the shape that `body` writes, and what that is in the numbers of the model.
//!
//! A body is untrusted. It is bounded before it is parsed, and whatever is not of the one shape (a member more, another
//! context, a URL that is none) is refused with a sentence. So the canonical text of what was read is well formed.
//!
//! Not here: whether anything is signed, or by whom (the caller has the keys).

use super::body::{Context, Document, DocumentKind};
use super::names::{Host, Names, VideoNames};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::activity::Form;

/// The most bytes that a received body may have.
pub const BODY_BYTES_MAX: usize = 65_536;

/// The most bytes of a URL.
const URL_BYTES_MAX: usize = 2_048;

/// The most addressees.
const ADDRESSEES_MAX: usize = 16;

/// The most bytes of a signature in base64: RSA-4096.
const SIGNATURE_BYTES_MAX: usize = 684;

/// An activity as its receiver understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The instance that built it.
    pub author: InstanceId,
    /// The video that it is about.
    pub video: VideoId,
    /// What it is.
    pub about: About,
    /// The last part of its id: with author and video it identifies the viewer or the sending.
    pub ident: String,
    /// When what it counts expires, by its author's clock.
    pub expires: Option<Time>,
    /// The number of viewers that it carries, if one: its `result`.
    pub result: Option<u32>,
    /// The number of views that it carries, if one.
    pub views: Option<u32>,
    /// Its form on the wire, the oldest of those that it may be of.
    pub form: Form,
}

/// What an activity can be, as far as its members say: a `Subject` without the viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// One viewer.
    Viewer,
    /// A total: its ident is the video's UUID.
    Total,
    /// A plain view: it never expires.
    Plain,
    /// A count of views: a plain view with a number.
    ViewCount,
    /// An `Update` of the video.
    Update,
    /// A `Create` of a WatchAction.
    WatchAction,
    /// A job of the background.
    Background,
}

impl Document {
    /// Reads a body of at most `BODY_BYTES_MAX`.
    ///
    /// # Errors
    /// A sentence on why it is refused.
    pub fn read(body: &[u8]) -> Result<Document, String> {
        if body.len() > BODY_BYTES_MAX {
            return Err(format!("a body of {} bytes; at most {BODY_BYTES_MAX} are read", body.len()));
        }
        let document: Document =
            serde_json::from_slice(body).map_err(|error| format!("not an activity of ours: {error}"))?;
        document.check_urls()?;
        document.check_kind()?;
        document.check_signature()?;
        Ok(document)
    }

    fn check_urls(&self) -> Result<(), String> {
        let addressees = self.to.len() + self.cc.len();
        if addressees > ADDRESSEES_MAX {
            return Err(format!("{addressees} addressees; at most {ADDRESSEES_MAX} are read"));
        }
        let named = [("id", &self.id), ("actor", &self.actor), ("object", &self.object)];
        let to = self.to.iter().map(|to| ("to", to));
        let cc = self.cc.iter().map(|cc| ("cc", cc));
        match named.into_iter().chain(to).chain(cc).find(|(_, url)| !is_url(url)) {
            Some((member, _)) => Err(format!("`{member}` holds no URL of http or https")),
            None => Ok(()),
        }
    }

    fn check_kind(&self) -> Result<(), String> {
        let name = self.kind.name();
        let is_view = self.kind == DocumentKind::View;
        if is_view == self.content.is_some() {
            return Err(format!(
                "an activity `{name}` {} `content`",
                if is_view { "with" } else { "without" }
            ));
        }
        if self.content.as_ref().is_some_and(|content| content.contains(char::is_control)) {
            return Err("a control character in `content`".to_owned());
        }
        let counts = self.expires.is_some() || self.result.is_some();
        if counts && !is_view {
            return Err(format!("an activity `{name}` with `expires` or `result`"));
        }
        if self.views.is_some() && !is_view && self.kind != DocumentKind::Update {
            return Err(format!("an activity `{name}` with `views`"));
        }
        if self.expires.as_ref().is_some_and(|expires| !has_form_of_time(expires)) {
            return Err("`expires` is not a time in UTC with milliseconds".to_owned());
        }
        Ok(())
    }

    fn check_signature(&self) -> Result<(), String> {
        let Some(signature) = &self.signature else { return Ok(()) };
        if signature.creator != self.actor {
            return Err("`creator` of the signature is not the actor".to_owned());
        }
        if !has_form_of_time(&signature.created) {
            return Err("`created` of the signature is not a time in UTC with milliseconds".to_owned());
        }
        if signature.signature_value.len() > SIGNATURE_BYTES_MAX {
            return Err(format!("`signatureValue` has more than {SIGNATURE_BYTES_MAX} characters"));
        }
        Ok(())
    }
}

impl Names {
    /// What a document says, in the numbers of the model.
    ///
    /// # Errors
    /// A sentence on the name that is unknown here, or on what does not fit together.
    pub fn read(&self, document: &Document) -> Result<Read, String> {
        let video = self.video_at(&document.object).ok_or("`object` is no video known here")?;
        let author =
            self.author_of(document, video).ok_or("`actor` is not known here as an author of this")?;
        let ident = ident(document).ok_or("`id` is not of the form of its actor and type")?;
        let expires = match &document.expires {
            Some(text) => Some(self.read_iso_time(text).ok_or("`expires` is no time, or before the run")?),
            None => None,
        };
        let about = match document.kind {
            DocumentKind::View if document.expires.is_none() && document.views.is_some() => About::ViewCount,
            DocumentKind::View if document.expires.is_none() => About::Plain,
            DocumentKind::View if ident == self.video(video).uuid => About::Total,
            DocumentKind::View => About::Viewer,
            DocumentKind::Update => About::Update,
            DocumentKind::Create => About::WatchAction,
            DocumentKind::Announce => About::Background,
        };
        let result = document.result.as_ref().map(|counter| counter.user_interaction_count);
        let form = match document.context {
            Context::V60 => Form::V60,
            Context::V61 if document.cc.is_empty() => Form::V61,
            Context::V61 => Form::V80,
        };
        Ok(Read {
            author,
            video,
            about,
            ident: ident.to_owned(),
            expires,
            result,
            views: document.views,
            form,
        })
    }

    /// The video that is watched at `url`.
    fn video_at(&self, url: &str) -> Option<VideoId> {
        let (host, uuid) = url.rsplit_once("/videos/watch/")?;
        let is_it = |video: &VideoNames| video.uuid == uuid && self.host(video.origin).url == host;
        self.videos.iter().position(is_it).map(VideoId::at)
    }

    /// The instance whose account is the actor: the video's owner for an `Update`, else the server's.
    fn author_of(&self, document: &Document, video: VideoId) -> Option<InstanceId> {
        let (url, account) = document.actor.rsplit_once("/accounts/")?;
        if document.kind == DocumentKind::Update {
            let video = self.video(video);
            let is_owner = self.host(video.origin).url == url && video.account == account;
            return is_owner.then_some(video.origin);
        }
        let is_it = |host: &Host| host.url == url && host.server_actor == account;
        self.instances.iter().position(is_it).map(InstanceId::at)
    }
}

/// The last part of an id ACTOR/PATH/videos/NUMBER/IDENT.
fn ident(document: &Document) -> Option<&str> {
    let rest = document.id.strip_prefix(document.actor.as_str())?.strip_prefix('/')?;
    let rest = rest.strip_prefix(document.kind.path())?.strip_prefix("/videos/")?;
    let (number, ident) = rest.split_once('/')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !ident.is_empty() && !ident.contains('/')).then_some(ident)
}

/// Whether it is a URL of http or https in characters that need no escape anywhere.
fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}|^`\\".contains(&byte);
    text.len() <= URL_BYTES_MAX && rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(fits))
}

/// Whether it is written as `2026-01-01T00:00:00.000Z` is.
fn has_form_of_time(text: &str) -> bool {
    let fits = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    text.len() == 24 && text.bytes().zip(*b"0000-00-00T00:00:00.000Z").all(fits)
}
