//! Sizes in bytes: the lengths of the texts, each built once and then looked up.
//!
//! A key holds all that a length depends on and nothing more; the test below holds every key against the text.

use super::{Form, Names, Proof, Signature, response_head};
use crate::mechanism::activity::{Subject, View};
use crate::words::ids::{InstanceId, VideoId};
use crate::words::units::Time;
use std::collections::BTreeMap;

/// The sizes of the messages of one simulation, in bytes.
#[derive(Clone, Debug)]
pub struct Sizes<'a> {
    names: &'a Names,
    bodies: BTreeMap<BodyKey, u64>,
    request_heads: BTreeMap<HeadKey, u64>,
    response_head: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct BodyKey {
    video: VideoId,
    author: InstanceId,
    form: Form,
    subject: SubjectKind,
    expires: bool,
    result_digits: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SubjectKind {
    Viewer,
    Total,
    Plain,
}

/// Lengths of names in bytes, and the digits of the content length.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct HeadKey {
    from_url: usize,
    from_actor: usize,
    to_name: usize,
    length_digits: u32,
}

impl<'a> Sizes<'a> {
    /// The sizes under `names`.
    pub fn new(names: &'a Names) -> Sizes<'a> {
        // The count of remaining requests has three digits unless a client is about to be refused.
        let response_head = response_head(Time::ZERO, 499, Time::ZERO).len() as u64;
        Sizes { names, bodies: BTreeMap::new(), request_heads: BTreeMap::new(), response_head }
    }

    /// The bytes of the signed body of a View.
    pub fn body(&mut self, view: &View, form: Form) -> u64 {
        let key = BodyKey {
            video: view.video,
            author: view.author,
            form,
            subject: match view.subject {
                Subject::Viewer(..) => SubjectKind::Viewer,
                Subject::Total => SubjectKind::Total,
                Subject::Plain(_) => SubjectKind::Plain,
            },
            expires: view.expires.is_some(),
            result_digits: view.result.map(|count| digits(u64::from(count))),
        };
        *self.bodies.entry(key).or_insert_with(|| {
            let signature = Signature::placeholder(view.built);
            self.names.activity(view, form).signed(signature).json().len() as u64
        })
    }

    /// The bytes of the head of a request from `from` to `to` with a body of `body_bytes`.
    pub fn request_head(&mut self, from: InstanceId, to: InstanceId, body_bytes: u64) -> u64 {
        let (sender, receiver) = (self.names.host(from), self.names.host(to));
        let key = HeadKey {
            from_url: sender.url.len(),
            from_actor: sender.server_actor.len(),
            to_name: receiver.name().len(),
            length_digits: digits(body_bytes),
        };
        *self.request_heads.entry(key).or_insert_with(|| {
            let proof = Proof::placeholder();
            self.names.request_head(from, to, body_bytes, Time::ZERO, &proof).len() as u64
        })
    }

    /// The bytes of a response, which is a head only.
    pub fn response_head(&self) -> u64 {
        self.response_head
    }
}

fn digits(number: u64) -> u32 {
    number.checked_ilog10().unwrap_or(0) + 1
}
