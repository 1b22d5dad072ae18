//! Sizes in bytes: the lengths of the texts, each built once and then looked up.
//!
//! A key holds all that a length depends on and nothing more; the test below holds every key against the text.

use super::body::{OtherBodies, Signature};
use super::collection::item;
use super::head::{AnswerHead, Persistence, Proof};
use super::names::{Host, Names, VideoNames};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, FetchReason, Form, Resource, Subject};
use std::collections::BTreeMap;

/// The sizes of the messages of one simulation, in bytes.
#[derive(Clone, Debug)]
pub struct Sizes<'a> {
    names: &'a Names,
    /// By `InstanceId`.
    hosts: Vec<HostLengths>,
    /// By `VideoId`: the number of what a body says of it.
    video_lengths: Vec<u32>,
    other: OtherBodies,
    bodies: BTreeMap<BodyKey, u64>,
    items: BTreeMap<BodyKey, u64>,
    /// By form, the number of the author's names and the digits of how many items there are.
    collections: BTreeMap<(Form, u32, u32), u64>,
    counted_responses: BTreeMap<BodyKey, u64>,
    /// Those to GETs for a count, and their heads alone.
    pulled_responses: BTreeMap<(BodyKey, u32), [u64; 2]>,
    request_heads: BTreeMap<HeadKey, u64>,
    get_heads: BTreeMap<GetKey, u64>,
    /// The head that was asked for last: those of a broadcast are mostly alike.
    last_head: Option<(HeadKey, u64)>,
    /// By `Form`.
    response_heads: [u64; Form::ALL.len()],
}

/// Authors, origins and videos whose names have the same lengths in JSON are alike: those are few, where these are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct BodyKey {
    form: Form,
    subject: SubjectKind,
    expires: bool,
    result_digits: Option<u32>,
    views_digits: Option<u32>,
    is_own: bool,
    /// The numbers of the lengths of their names.
    author: u32,
    origin: u32,
    video: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SubjectKind {
    Viewer,
    Total,
    Plain,
    ViewCount,
}

/// Lengths of the names of one host in bytes.
#[derive(Clone, Debug)]
struct HostLengths {
    url: usize,
    server_actor: usize,
    name: usize,
    /// The number of its URL's and server actor's lengths in JSON.
    in_json: u32,
}

/// Lengths of names in bytes, and the digits of the content length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct HeadKey {
    form: Form,
    from_url: usize,
    from_account: usize,
    to_name: usize,
    length_digits: u32,
}

/// A form, what is asked for, and the lengths of names in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct GetKey {
    form: Form,
    is_signed: bool,
    resource: Option<Resource>,
    /// Of the count that its author knows.
    known_digits: Option<u32>,
    /// Of what a path may name beside the video: account, channel, the receiver's server actor.
    named: [usize; 3],
    from_url: usize,
    from_account: usize,
    to_name: usize,
}

impl<'a> Sizes<'a> {
    /// The sizes under `names`.
    pub fn new(names: &'a Names, other: OtherBodies) -> Sizes<'a> {
        let mut numbers = BTreeMap::new();
        let lengths = |host: &Host| HostLengths {
            url: host.url.len(),
            server_actor: host.server_actor.len(),
            name: host.name().len(),
            in_json: number(&mut numbers, [&host.url, &host.server_actor].map(|name| length_in_json(name))),
        };
        let hosts = names.instances.iter().map(lengths).collect();
        let response = |form| names.response_head(&AnswerHead::first(form, Persistence::Closed));
        let mut numbers = BTreeMap::new();
        let lengths = |video: &VideoNames| {
            let names = [&video.uuid, &video.account, &video.channel].map(|name| length_in_json(name));
            number(&mut numbers, (names, digits(video.local_id)))
        };
        Sizes {
            names,
            hosts,
            video_lengths: names.videos.iter().map(lengths).collect(),
            other,
            bodies: BTreeMap::new(),
            items: BTreeMap::new(),
            collections: BTreeMap::new(),
            counted_responses: BTreeMap::new(),
            pulled_responses: BTreeMap::new(),
            request_heads: BTreeMap::new(),
            get_heads: BTreeMap::new(),
            last_head: None,
            response_heads: Form::ALL.map(|form| response(form).len() as u64),
        }
    }

    /// The bytes of the signed body of an activity.
    pub fn body(&mut self, activity: &Activity) -> u64 {
        let Some(key) = self.body_key(activity) else {
            return self.other.bytes(activity.subject).unwrap_or_default();
        };
        *self.bodies.entry(key).or_insert_with(|| {
            let signature = Signature::placeholder(self.names.iso_time(activity.built));
            self.names.activity(activity, activity.form).signed(signature).json().len() as u64
        })
    }

    /// The bytes of the signed body that carries these activities: of one its own, of more a collection's.
    pub fn body_of_all(&mut self, activities: &[Activity]) -> u64 {
        let [first, _, ..] = activities else { return self.body(&activities[0]) };
        let key = (first.form, self.hosts[first.author.index()].in_json, digits(activities.len() as u64));
        let around = *self.collections.entry(key).or_insert_with(|| {
            let signature = Signature::placeholder(self.names.iso_time(first.built));
            self.names.collection(activities).emptied().signed(signature).json().len() as u64
        });
        let items: u64 = activities.iter().map(|activity| self.item(activity)).sum();
        let commas = activities.len() as u64 - 1;
        around + items + commas
    }

    /// The bytes of a View in a batch.
    fn item(&mut self, view: &Activity) -> u64 {
        let key = self.body_key(view).expect("only Views are batched");
        *self.items.entry(key).or_insert_with(|| {
            let item = item(&self.names.activity(view, view.form));
            serde_json::to_string(&item).expect("an object has a text").len() as u64
        })
    }

    /// The bytes of a whole response on a new connection that carries a count: a total, which is not signed, as it comes from its author.
    pub fn counted_response(&mut self, total: &Activity) -> u64 {
        let Some(key) = self.body_key(total) else { return 0 };
        *self.counted_responses.entry(key).or_insert_with(|| {
            let body = self.names.activity(total, total.form).json().len();
            let of = AnswerHead::first(total.form, Persistence::Closed);
            let head = self.names.counted_response_head(&of, body);
            (head.len() + body) as u64
        })
    }

    /// The bytes of a whole response on a new connection to a GET for a count, and of one that says that the count is still this. It may be
    /// kept for `max_age`.
    pub fn pulled_response(&mut self, total: &Activity, max_age: Span) -> [u64; 2] {
        let Some(key) = self.body_key(total) else { return [0, 0] };
        let key = (key, digits(max_age.whole_secs()));
        *self.pulled_responses.entry(key).or_insert_with(|| {
            let body = self.names.activity(total, total.form).json().len();
            let of = AnswerHead::first(total.form, Persistence::Closed);
            let tag = (total.result.unwrap_or_default(), max_age);
            let head = |body| self.names.pulled_response_head(&of, body, tag).len();
            [head(Some(body)) + body, head(None)].map(|bytes| bytes as u64)
        })
    }

    /// What the length of the body of a View depends on.
    fn body_key(&self, activity: &Activity) -> Option<BodyKey> {
        let subject = match activity.subject {
            Subject::Viewer(..) => SubjectKind::Viewer,
            Subject::Total => SubjectKind::Total,
            Subject::Plain(_) => SubjectKind::Plain,
            Subject::ViewCount => SubjectKind::ViewCount,
            Subject::Update | Subject::WatchAction(_) | Subject::Background(_) | Subject::Get(..) => {
                return None;
            }
        };
        let origin = self.names.video(activity.video).origin;
        Some(BodyKey {
            form: activity.form,
            subject,
            expires: activity.expires.is_some(),
            result_digits: activity.result.map(|count| digits(u64::from(count))),
            views_digits: activity.views.map(|count| digits(u64::from(count))),
            is_own: activity.author == origin,
            author: self.hosts[activity.author.index()].in_json,
            origin: self.hosts[origin.index()].in_json,
            video: self.video_lengths[activity.video.index()],
        })
    }

    /// The bytes of the head of a request on a new connection from `from`, a server of that form, to `to` that carries an
    /// activity with a body of `body_bytes`.
    pub fn request_head(
        &mut self,
        form: Form,
        from: InstanceId,
        to: InstanceId,
        activity: &Activity,
        body_bytes: u64,
    ) -> u64 {
        let sender = &self.hosts[from.index()];
        let from_account = match activity.subject {
            Subject::Update => self.names.video(activity.video).account.len(),
            _ => sender.server_actor,
        };
        let key = HeadKey {
            form,
            from_url: sender.url,
            from_account,
            to_name: self.hosts[to.index()].name,
            length_digits: digits(body_bytes),
        };
        if let Some((_, bytes)) = self.last_head.filter(|(last, _)| *last == key) {
            return bytes;
        }
        let bytes = *self.request_heads.entry(key).or_insert_with(|| {
            let proof = Proof::placeholder(self.names.signing_account(from, activity));
            let persistence = Persistence::Closed;
            self.names.request_head(form, from, to, body_bytes, Time::ZERO, &proof, persistence).len() as u64
        });
        self.last_head = Some((key, bytes));
        bytes
    }

    /// The bytes of the head of a GET (`Subject::Get`) on a new connection by a server of that form to `to`.
    pub fn get_head(&mut self, form: Form, to: InstanceId, activity: &Activity) -> u64 {
        let sender = &self.hosts[activity.author.index()];
        let receiver = &self.hosts[to.index()];
        let (reason, resource) = activity.fetch().map(|(reason, _, resource)| (reason, resource)).unzip();
        let names = self.names.video(activity.video);
        let key = GetKey {
            form,
            is_signed: !matches!(reason, Some(FetchReason::Preview | FetchReason::Count)),
            resource,
            known_digits: activity.result.map(|count| digits(u64::from(count))),
            named: [names.account.len(), names.channel.len(), receiver.server_actor],
            from_url: sender.url,
            from_account: sender.server_actor,
            to_name: receiver.name,
        };
        *self.get_heads.entry(key).or_insert_with(|| {
            let Proof { signature, .. } = Proof::placeholder("");
            self.names.get_head(form, activity, to, Time::ZERO, &signature, Persistence::Closed).len() as u64
        })
    }

    /// The bytes of a response of a server of that form on a new connection, which is a head only.
    pub fn response_head(&self, form: Form) -> u64 {
        self.response_heads[form as usize]
    }

    /// By how many bytes the head of a request is larger on a kept connection.
    pub fn kept_request_extra(&self) -> u64 {
        (Persistence::Kept.of_request().len() - Persistence::Closed.of_request().len()) as u64
    }

    /// By how many bytes a response is larger on a kept connection.
    pub fn kept_response_extra(&self) -> u64 {
        (Persistence::Kept.of_response().len() - Persistence::Closed.of_response().len()) as u64
    }
}

/// Numbers what is given, from 0 in the order in which it first comes.
fn number<K: Ord>(numbers: &mut BTreeMap<K, u32>, key: K) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(key).or_insert(next)
}

/// How long a text is inside of a JSON string.
fn length_in_json(text: &str) -> usize {
    let more = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    };
    // no branch for a byte: names have nothing to escape
    let escaped = text.bytes().filter(|byte| (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\')).count();
    text.len() + if escaped > 0 { text.bytes().map(more).sum() } else { 0 }
}

fn digits(number: u64) -> u32 {
    number.checked_ilog10().unwrap_or(0) + 1
}
