//! From an effect to arrivals: who receives it, how large it is, whether and when it arrives.
//!
//! This is the seam for queues, capacity, faults and health: today a send leaves at once, from a sender without limits.

use crate::event::Message;
use crate::instance::{Effect, Recipients};
use crate::mechanism::activity::{Activity, Kind, Subject};
use crate::mechanism::network::Network;
use crate::mechanism::wire::Sizes;
use crate::observe::Observer;
use crate::sim::Cell;
use crate::words::ids::InstanceId;
use crate::words::random::fold;
use crate::words::units::{Span, Time};

pub(super) struct Delivery<'a> {
    cell: &'a Cell,
    network: Network,
    sizes: Sizes<'a>,
    sent: u64,
    delivered: u64,
    lost: u64,
    in_flight: u64,
    // Kept from call to call, so that a send allocates nothing.
    effects: Vec<Effect>,
    destinations: Vec<InstanceId>,
    fates: Vec<Option<Span>>,
    arrivals: Vec<(Time, Message)>,
}

impl<'a> Delivery<'a> {
    pub(super) fn new(cell: &'a Cell) -> Delivery<'a> {
        let regions: Vec<_> = cell.federation.instances.iter().map(|instance| instance.region).collect();
        Delivery {
            cell,
            network: Network::new(&cell.network, &regions, cell.seed),
            sizes: Sizes::new(&cell.names, cell.other.bodies),
            sent: 0,
            delivered: 0,
            lost: 0,
            in_flight: 0,
            effects: Vec::new(),
            destinations: Vec::new(),
            fates: Vec::new(),
            arrivals: Vec::new(),
        }
    }

    /// An empty list to fill with effects; `give_back` returns it.
    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn give_back(&mut self, effects: Vec<Effect>) {
        self.effects = effects;
    }

    /// Sends, reports each request, and returns what will arrive when.
    pub(super) fn send(
        &mut self,
        now: Time,
        from: InstanceId,
        effect: &Effect,
        observer: &mut impl Observer,
    ) -> impl Iterator<Item = (Time, Message)> + '_ {
        let activity = effect.activity;
        let federation = &self.cell.federation;
        self.destinations.clear();
        match effect.to {
            Recipients::One(to) => self.destinations.push(to),
            Recipients::Followers => self.destinations.extend(federation.inboxes(activity.video)),
            Recipients::FollowersBut(author) => {
                let others = federation.inboxes(activity.video).iter().filter(|&&to| to != author);
                self.destinations.extend(others);
            }
        }
        self.network.fates(message_name(&activity, from), from, &self.destinations, &mut self.fates);
        let kind = Kind::of(&activity, from, federation.origin(activity.video));
        let body_bytes = self.sizes.body(&activity);
        for (&to, &fate) in self.destinations.iter().zip(&self.fates) {
            let head_bytes = self.sizes.request_head(from, to, &activity, body_bytes) as u32;
            let arrival = Message {
                activity,
                kind,
                from,
                to,
                created: now,
                attempt: 0,
                head_bytes,
                body_bytes: body_bytes as u32,
            };
            let arrives = fate.map(|latency| now + latency);
            observer.sent(now, &arrival, arrives);
            match arrives {
                Some(time) => self.arrivals.push((time, arrival)),
                None => self.lost += 1,
            }
        }
        self.sent += self.destinations.len() as u64;
        self.in_flight += self.arrivals.len() as u64;
        self.arrivals.drain(..)
    }

    pub(super) fn note_delivered(&mut self) {
        self.in_flight -= 1;
        self.delivered += 1;
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Every message that was sent is delivered, lost or under way.
    pub(super) fn assert_conserved(&self) {
        assert_eq!(self.sent, self.delivered + self.lost + self.in_flight, "messages are not conserved");
    }
}

/// The name under which a message's latency and loss are drawn: the protocol plays no part in it.
fn message_name(activity: &Activity, from: InstanceId) -> u64 {
    let (subject, viewer) = match activity.subject {
        Subject::Viewer(viewer, _) => (0, viewer.0),
        Subject::Total => (1, 0),
        Subject::Plain(viewer) => (2, viewer.0),
        Subject::Update => (3, 0),
        Subject::WatchAction(viewer) => (4, viewer.0),
        Subject::Background => (5, 0),
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
    fold(&words.map(u64::from))
}
