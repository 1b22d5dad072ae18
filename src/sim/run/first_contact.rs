//! First contact (`domain::asked_back`): instances fetch actors and videos that they do not know, and requests wait for keys.
//!
//! A receiver verifies a request with the key of who sends it, and a forwarded activity with that of its author, too. If it does
//! not know one of them, the request waits until the actor is fetched: then it is taken, or refused if the actor cannot be
//! fetched. A video is fetched when an activity about it takes effect, which waits for nothing.

use super::contacts::Contact;
use super::state::Run;
use crate::domain::asked_back::FirstContact;
use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Time;
use crate::instance::Input;
use crate::mechanism::ledger::Arrival;
use crate::mechanism::refusal::Refusal;

impl Run<'_> {
    /// Whether a request that has arrived waits for the key of one of its signers; asks for that.
    pub(super) fn waits_for_key(&mut self, slot: u32, now: Time) -> bool {
        let request = self.requests.get(slot);
        if self.cell.other.asked_back.first_contact == FirstContact::Off || request.message.kind.is_get() {
            return false;
        }
        let (asker, message) = (request.host, &request.message);
        let (video, signers) = (message.activity.video, [message.from, message.activity.author]);
        let Some(contact) = self.unknown_signer(asker, signers) else { return false };
        self.expect_time_out(slot, now);
        self.refer(slot);
        self.contacts.wait(asker, contact, slot);
        self.fetch_unknown(asker, contact, video, now);
        true
    }

    /// The first of the signers of a message whose actor its receiver does not know.
    fn unknown_signer(&self, asker: InstanceId, signers: [InstanceId; 2]) -> Option<Contact> {
        if self.cell.other.asked_back.first_contact == FirstContact::Off {
            return None;
        }
        let others = signers.into_iter().filter(|signer| *signer != asker);
        others.map(Contact::Actor).find(|contact| !self.contacts.is_known(asker, *contact))
    }

    /// Without queues nothing waits: a message has arrived, and its receiver asks for the signers that it does not know.
    pub(super) fn fetch_unknown_signers(&mut self, message: &Message, now: Time) {
        let asker = self.host(message.to);
        let (video, signers) = (message.activity.video, [message.from, message.activity.author]);
        while let Some(contact) = self.unknown_signer(asker, signers) {
            self.fetch_unknown(asker, contact, video, now);
        }
    }

    /// An activity takes effect: its receiver asks for the videos that it does not know.
    pub(super) fn fetch_unknown_video(&mut self, message: &Message, now: Time) {
        let asker = message.to;
        let federation = &self.cell.federation;
        if self.cell.other.asked_back.first_contact == FirstContact::Off
            || !federation.instances[asker.index()].is_peertube
        {
            return;
        }
        for video in message.activities().map(|activity| activity.video) {
            if federation.origin(video) != asker {
                self.fetch_unknown(asker, Contact::Video(video), video, now);
            }
        }
    }

    /// Asks for an actor or a video that is neither known nor asked for, because of a message about `video`.
    fn fetch_unknown(&mut self, asker: InstanceId, contact: Contact, video: VideoId, now: Time) {
        if let Some(number) = self.contacts.begin(asker, contact) {
            self.get_contact(asker, contact, video, number, now);
        }
    }

    /// What was asked for is known, or could not be fetched: requests that waited for it go on.
    pub(super) fn end_fetch(&mut self, asker: InstanceId, contact: Contact, is_known: bool, now: Time) {
        if let (Contact::Video(video), true) = (contact, is_known) {
            // without queues a GET is answered when it is made
            let origin = &self.instances[self.cell.federation.origin(video).index()];
            let displayed = origin.displayed_views(video);
            let views = self.gets.take_views(asker, video).unwrap_or(displayed);
            self.handle(asker, Input::FetchedVideo { video, views }, now);
        }
        for slot in self.contacts.end(asker, contact, is_known) {
            if !is_known {
                self.take(slot, Arrival::Refused(Refusal::UnknownSigner), now);
            } else if !self.waits_for_key(slot, now) {
                self.take(slot, Arrival::Delivered, now);
            }
            self.unrefer(slot);
        }
    }

    /// The process of an instance stops: nobody takes the requests that wait for a key.
    pub(super) fn forget_fetches(&mut self, asker: InstanceId, now: Time) {
        for slot in self.contacts.stop(asker) {
            self.take(slot, Arrival::Lost, now);
            self.unrefer(slot);
        }
    }
}
