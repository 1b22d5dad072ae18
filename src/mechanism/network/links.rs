//! The latency or the loss of what crosses a link, there or back: for one destination, or for all of a broadcast.

use super::law::Law;
use super::leg::{Leg, Ways};
use super::model::NetworkModel;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::{DrawBlock, MessageDraws, Purpose, Seed, second_all};
use crate::foundation::units::Span;
use std::collections::BTreeMap;

/// A single draw costs about as much as so many draws of a block.
const DRAWS_PER_SINGLE: usize = 512;

/// Stands for a message that is lost, or that takes more than 71 minutes.
pub const NO_LATENCY_US: u32 = u32::MAX;

/// The network of one cell and replication, ready to decide the latency of messages.
pub struct Network {
    /// The laws in use; the first is that of a link without a rule.
    laws: Vec<Law>,
    /// The parameters of a link without a rule.
    default: LinkParameters,
    rules: Vec<Rule>,
    /// By sender: the rules that name it, in order.
    rules_from: Vec<Vec<usize>>,
    /// By receiver: whether a rule names it.
    has_rules_to: Vec<bool>,
    /// The instances that have broadcast and have rules on their links there, or back (`true`).
    broadcasters: BTreeMap<(InstanceId, bool), BroadcasterLinks>,
    /// Any broadcaster without rules.
    plain_broadcaster: BroadcasterLinks,
    /// By instance, the place where it stands.
    places: Vec<usize>,
    latency_draws: LatencyDraws,
    loss_draws: MessageDraws,
    /// Room for the losses of one broadcast.
    losses: DrawBlock,
}

/// The draws of latencies, and those of the last broadcast: one for both ways of a request.
struct LatencyDraws {
    draws: MessageDraws,
    /// The message of the block.
    message: Option<u64>,
    block: DrawBlock,
}

/// What a rule says: the receivers, the number of its law and its loss.
struct Rule {
    to: Vec<InstanceId>,
    law: Option<usize>,
    lost_below: Option<u64>,
}

/// The parameters of one link: the number of its latency law, and the draw below which a message is lost.
#[derive(Clone, Copy)]
struct LinkParameters {
    law: usize,
    lost_below: u64,
}

/// The parameters of all links of one broadcaster, there or back, and which draws they need.
struct BroadcasterLinks {
    /// By the other end; the default beyond the end.
    links: Vec<LinkParameters>,
    draws_latency: bool,
    draws_loss: bool,
}

impl Network {
    /// The network between instances whose places are given.
    pub fn new(model: &NetworkModel, places: &[usize], seed: Seed) -> Network {
        let mut tables = BTreeMap::new();
        let mut laws = vec![Law::new(&model.latency, &mut tables)];
        let mut rules = Vec::new();
        let mut rules_from = vec![Vec::new(); places.len()];
        let mut has_rules_to = vec![false; places.len()];
        for (number, rule) in model.links.iter().enumerate() {
            rule.from.iter().for_each(|sender| rules_from[sender.index()].push(number));
            rule.to.iter().for_each(|receiver| has_rules_to[receiver.index()] = true);
            laws.extend(rule.latency.as_ref().map(|latency| Law::new(latency, &mut tables)));
            rules.push(Rule {
                to: rule.to.clone(),
                law: rule.latency.as_ref().map(|_| laws.len() - 1),
                lost_below: rule.loss_ppm.map(lost_below),
            });
        }
        let default = LinkParameters { law: 0, lost_below: lost_below(model.loss_ppm) };
        Network {
            plain_broadcaster: BroadcasterLinks::new(Vec::new(), default, &laws),
            laws,
            default,
            rules,
            rules_from,
            has_rules_to,
            broadcasters: BTreeMap::new(),
            places: places.to_vec(),
            latency_draws: LatencyDraws {
                draws: MessageDraws::new(seed, Purpose::Latency),
                message: None,
                block: DrawBlock::default(),
            },
            loss_draws: MessageDraws::new(seed, Purpose::Loss),
            losses: DrawBlock::default(),
        }
    }

    /// The one-way latency of a message on a link, `None` if it is lost there.
    ///
    /// `message` is the hash of the message's name; two messages of one name to one destination have one latency.
    pub fn latency(&mut self, message: u64, from: InstanceId, to: InstanceId) -> Option<Span> {
        self.leg(Leg::Request, message, (from, to), &mut None)
    }

    /// The latencies of all legs of a request.
    pub fn ways(&mut self, message: u64, from: InstanceId, to: InstanceId) -> Ways {
        let (mut ways, mut draw) = (Ways::CLOSED, None);
        for leg in [Leg::Request, Leg::Handshake, Leg::Answer] {
            ways.set(leg, self.leg(leg, message, (from, to), &mut draw));
        }
        ways
    }

    /// The latency of one leg, `None` if it is lost. Its draws are those of the request's receiver; `draw` is that of the
    /// request's latencies, if it was made.
    fn leg(
        &mut self,
        leg: Leg,
        message: u64,
        ends: (InstanceId, InstanceId),
        draw: &mut Option<u32>,
    ) -> Option<Span> {
        let (from, to) = leg.link(ends);
        let link = self.link_parameters(from, to);
        let word = ends.1.0;
        if link.lost_below > 0 && link.loses(self.loss_draws.one(leg.name(message), word)) {
            return None;
        }
        let places = (self.places[from.index()], self.places[to.index()]);
        let law = &self.laws[link.law];
        if !law.is_drawn() {
            return Some(law.latency(places, 0));
        }
        let draw = *draw.get_or_insert_with(|| self.latency_draws.draws.one(message, word));
        Some(law.latency(places, leg.latency_draw(draw)))
    }

    /// The latency (`None`: lost) of one message to each of many destinations, in their order, as `latency` gives it.
    pub fn latencies(
        &mut self,
        message: u64,
        from: InstanceId,
        to: &[InstanceId],
        out: &mut Vec<Option<Span>>,
    ) {
        out.clear();
        self.legs(Leg::Request, message, from, to, |_, latency| out.push(latency));
    }

    /// The ways of the requests of a broadcast, in the order of their destinations, as `ways` gives them.
    pub fn all_ways(&mut self, message: u64, from: InstanceId, to: &[InstanceId], out: &mut Vec<Ways>) {
        out.clear();
        out.resize(to.len(), Ways::CLOSED);
        self.legs(Leg::Request, message, from, to, |at, latency| out[at].set(Leg::Request, latency));
        self.legs(Leg::Answer, message, from, to, |at, latency| {
            out[at].set(Leg::Handshake, latency);
            out[at].set(Leg::Answer, latency);
        });
        if self.loses_on_the_way_back(from) {
            self.legs(Leg::Handshake, message, from, to, |at, latency| out[at].set(Leg::Handshake, latency));
        }
    }

    /// Whether anything that comes back from the receivers of a broadcast may be lost.
    fn loses_on_the_way_back(&mut self, from: InstanceId) -> bool {
        self.prepare_broadcaster(Leg::Answer, from);
        self.broadcasters.get(&(from, true)).unwrap_or(&self.plain_broadcaster).draws_loss
    }

    /// Hands the latencies of one leg of the requests of a broadcast to `put`, in the order of their destinations and with their
    /// places there, as `leg` gives them.
    ///
    /// Draws are made in blocks over the instance ids unless the destinations lie so far apart that it does not pay.
    fn legs(
        &mut self,
        leg: Leg,
        message: u64,
        from: InstanceId,
        to: &[InstanceId],
        mut put: impl FnMut(usize, Option<Span>),
    ) {
        let width = to.iter().map(|id| id.index() + 1).max().unwrap_or(0);
        if width > to.len().saturating_mul(DRAWS_PER_SINGLE) {
            to.iter()
                .enumerate()
                .for_each(|(at, &to)| put(at, self.leg(leg, message, (from, to), &mut None)));
            return;
        }
        self.prepare_broadcaster(leg, from);
        let place = (from, leg != Leg::Request);
        let links = self.broadcasters.get(&place).unwrap_or(&self.plain_broadcaster);
        let draws = links.draws_latency.then(|| self.latency_draws.block(message, width));
        if links.draws_loss {
            self.loss_draws.block(leg.name(message), width, &mut self.losses);
        }
        for (at, &to) in to.iter().enumerate() {
            let link = links.links.get(to.index()).unwrap_or(&self.default);
            let (sender, receiver) = leg.link((from, to));
            let places = (self.places[sender.index()], self.places[receiver.index()]);
            let is_lost = links.draws_loss && link.loses(self.losses.of(to.index()));
            let draw = draws.map_or(0, |draws| leg.latency_draw(draws.of(to.index())));
            put(at, (!is_lost).then(|| self.laws[link.law].latency(places, draw)));
        }
    }

    /// `all_ways` to destinations in ascending order, in whole microseconds: there, and back; `NO_LATENCY_US` for what is lost, or takes longer than that. The
    /// way back is lost if the handshake or the answer is.
    pub fn all_ways_us(
        &mut self,
        message: u64,
        from: InstanceId,
        to: &[InstanceId],
        there: &mut Vec<u32>,
        back: &mut Vec<u32>,
    ) {
        if self.is_plain(&[Leg::Request, Leg::Answer], from, to) {
            self.draw_all(message, to, there);
            back.clone_from(there);
            second_all(back);
            self.apply_law_us(Leg::Request, from, to, there);
            return self.apply_law_us(Leg::Answer, from, to, back);
        }
        there.clear();
        self.legs(Leg::Request, message, from, to, |_, latency| there.push(rounded_or_none(latency)));
        back.clear();
        self.legs(Leg::Answer, message, from, to, |_, latency| back.push(rounded_or_none(latency)));
        if self.loses_on_the_way_back(from) {
            self.legs(Leg::Handshake, message, from, to, |at, handshake| {
                if handshake.is_none() {
                    back[at] = NO_LATENCY_US;
                }
            });
        }
    }

    /// `latencies` to destinations in ascending order, in whole microseconds; `NO_LATENCY_US` for what is lost, or takes longer
    /// than that.
    pub fn latencies_us(&mut self, message: u64, from: InstanceId, to: &[InstanceId], out: &mut Vec<u32>) {
        if self.is_plain(&[Leg::Request], from, to) {
            self.draw_all(message, to, out);
            return self.apply_law_us(Leg::Request, from, to, out);
        }
        out.clear();
        self.legs(Leg::Request, message, from, to, |_, latency| out.push(rounded_or_none(latency)));
    }

    /// Whether these legs of the requests of a broadcast meet no rule and no loss, and the destinations lie close enough for
    /// draws in blocks.
    fn is_plain(&self, legs: &[Leg], from: InstanceId, to: &[InstanceId]) -> bool {
        let has_rules = legs.iter().any(|&leg| self.has_rules(leg, from));
        let is_dense = to.last().is_some_and(|last| last.index() < to.len() * DRAWS_PER_SINGLE);
        !has_rules && self.default.lost_below == 0 && is_dense
    }

    /// The latency draws of a message to each of these destinations under the law of a link without a rule; zeros if it draws
    /// nothing.
    fn draw_all(&mut self, message: u64, to: &[InstanceId], out: &mut Vec<u32>) {
        out.clear();
        if !self.laws[self.default.law].is_drawn() {
            return out.resize(to.len(), 0);
        }
        let last = to.last().map_or(0, |id| id.index());
        let draws = self.latency_draws.block(message, last + 1);
        out.extend(to.iter().map(|to| draws.of(to.index())));
    }

    /// Replaces each draw by the latency of a leg under the law of a link without a rule, in whole microseconds.
    fn apply_law_us(&self, leg: Leg, from: InstanceId, to: &[InstanceId], draws: &mut [u32]) {
        let law = &self.laws[self.default.law];
        if let Law::Lognormal(median_us, factors) = law {
            return factors.times_all(*median_us, draws);
        }
        let place = |id: InstanceId| self.places[id.index()];
        for (draw, &to) in draws.iter_mut().zip(to) {
            let (sender, receiver) = leg.link((from, to));
            let latency = law.latency((place(sender), place(receiver)), *draw);
            *draw = u32::try_from(latency.us()).unwrap_or(NO_LATENCY_US);
        }
    }

    /// Looks the links of a broadcaster up once, if it has rules.
    fn prepare_broadcaster(&mut self, leg: Leg, from: InstanceId) {
        let place = (from, leg != Leg::Request);
        if self.has_rules(leg, from) && !self.broadcasters.contains_key(&place) {
            let all = (0..self.places.len()).map(|to| {
                let (sender, receiver) = leg.link((from, InstanceId::at(to)));
                self.link_parameters(sender, receiver)
            });
            let links = BroadcasterLinks::new(all.collect(), self.default, &self.laws);
            self.broadcasters.insert(place, links);
        }
    }

    /// Whether rules hold on links on which this leg of a broadcaster's requests goes.
    fn has_rules(&self, leg: Leg, from: InstanceId) -> bool {
        match leg {
            Leg::Request => !self.rules_from[from.index()].is_empty(),
            Leg::Handshake | Leg::Answer => self.has_rules_to[from.index()],
        }
    }

    /// The parameters of a link: the defaults, overridden by the rules that match, in order.
    fn link_parameters(&self, from: InstanceId, to: InstanceId) -> LinkParameters {
        let mut link = self.default;
        for rule in self.rules_from[from.index()].iter().map(|&number| &self.rules[number]) {
            if rule.to.binary_search(&to).is_ok() {
                link.law = rule.law.unwrap_or(link.law);
                link.lost_below = rule.lost_below.unwrap_or(link.lost_below);
            }
        }
        link
    }
}

impl LatencyDraws {
    /// The draws of one message for the destinations 0, 1, ..., at least so many.
    fn block(&mut self, message: u64, destinations: usize) -> &DrawBlock {
        if self.message != Some(message) || self.block.destinations() < destinations {
            self.draws.block(message, destinations, &mut self.block);
            self.message = Some(message);
        }
        &self.block
    }
}

impl BroadcasterLinks {
    fn new(links: Vec<LinkParameters>, default: LinkParameters, laws: &[Law]) -> BroadcasterLinks {
        let all = || links.iter().chain([&default]);
        let draws_latency = all().any(|link| laws[link.law].is_drawn());
        let draws_loss = all().any(|link| link.lost_below > 0);
        BroadcasterLinks { draws_latency, draws_loss, links }
    }
}

impl LinkParameters {
    fn loses(self, draw: u32) -> bool {
        u64::from(draw) < self.lost_below
    }
}

/// A latency in whole microseconds, or `NO_LATENCY_US`.
fn rounded_or_none(latency: Option<Span>) -> u32 {
    u32::try_from(latency.map_or(u64::MAX, Span::us)).unwrap_or(NO_LATENCY_US)
}

/// A message is lost if its 32-bit draw is below this: the share in 2^32nds.
fn lost_below(loss_ppm: u32) -> u64 {
    (u64::from(loss_ppm) << 32) / 1_000_000
}
