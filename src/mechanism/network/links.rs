//! The latency of a message on a link, or its loss: for one destination, or for all of a broadcast.

use super::law::Law;
use super::model::NetworkModel;
use crate::foundation::ids::InstanceId;
use crate::foundation::random::{MessageDraws, Purpose, Seed};
use crate::foundation::units::Span;
use std::collections::BTreeMap;

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
    /// The senders with rules that have broadcast.
    broadcasters: BTreeMap<InstanceId, SenderLinks>,
    /// Any sender without rules.
    plain_sender: SenderLinks,
    /// By instance.
    regions: Vec<usize>,
    latency_draws: MessageDraws,
    loss_draws: MessageDraws,
    /// Room for the draws of one broadcast: latency, loss.
    blocks: [Vec<u32>; 2],
    /// Room for its latencies.
    latencies: Vec<Option<Span>>,
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

/// The parameters of all links of one sender, and which draws they need.
struct SenderLinks {
    /// By destination; the default beyond the end.
    links: Vec<LinkParameters>,
    draws_latency: bool,
    draws_loss: bool,
}

impl Network {
    /// The network between instances whose regions are given.
    pub fn new(model: &NetworkModel, regions: &[usize], seed: Seed) -> Network {
        let mut tables = BTreeMap::new();
        let mut laws = vec![Law::new(&model.latency, &mut tables)];
        let mut rules = Vec::new();
        let mut rules_from = vec![Vec::new(); regions.len()];
        for (number, rule) in model.links.iter().enumerate() {
            rule.from.iter().for_each(|sender| rules_from[sender.index()].push(number));
            laws.extend(rule.latency.as_ref().map(|latency| Law::new(latency, &mut tables)));
            rules.push(Rule {
                to: rule.to.clone(),
                law: rule.latency.as_ref().map(|_| laws.len() - 1),
                lost_below: rule.loss_ppm.map(lost_below),
            });
        }
        let default = LinkParameters { law: 0, lost_below: lost_below(model.loss_ppm) };
        Network {
            plain_sender: SenderLinks::new(Vec::new(), default, &laws),
            laws,
            default,
            rules,
            rules_from,
            broadcasters: BTreeMap::new(),
            regions: regions.to_vec(),
            latency_draws: MessageDraws::new(seed, Purpose::Latency),
            loss_draws: MessageDraws::new(seed, Purpose::Loss),
            blocks: [Vec::new(), Vec::new()],
            latencies: Vec::new(),
        }
    }

    /// The one-way latency of a message on a link, `None` if it is lost there.
    ///
    /// `message` is the hash of the message's name; two messages of one name to one destination have one latency.
    pub fn latency(&mut self, message: u64, from: InstanceId, to: InstanceId) -> Option<Span> {
        let link = self.link_parameters(from, to);
        if link.lost_below > 0 && link.loses(self.loss_draws.one(message, to.0)) {
            return None;
        }
        let regions = (self.regions[from.index()], self.regions[to.index()]);
        let law = &self.laws[link.law];
        let draw = if law.is_drawn() { self.latency_draws.one(message, to.0) } else { 0 };
        Some(law.latency(regions, draw))
    }

    /// The latency (`None`: lost) of one message to each of many destinations, in their order, as `latency` gives it.
    ///
    /// Draws are made in blocks over the instance ids where the destinations lie close enough for that to pay.
    pub fn latencies(
        &mut self,
        message: u64,
        from: InstanceId,
        to: &[InstanceId],
        out: &mut Vec<Option<Span>>,
    ) {
        /// A single draw costs about as much as so many draws of a block.
        const DRAWS_PER_BLOCK: usize = 64;
        out.clear();
        let width = to.iter().map(|id| id.index() + 1).max().unwrap_or(0);
        if width > to.len().saturating_mul(DRAWS_PER_BLOCK) {
            out.extend(to.iter().map(|&to| self.latency(message, from, to)));
            return;
        }
        self.prepare_broadcaster(from);
        let sender = self.broadcasters.get(&from).unwrap_or(&self.plain_sender);
        let [latency, loss] = &mut self.blocks;
        latency.resize(width, 0);
        loss.resize(width, 0);
        if sender.draws_latency {
            self.latency_draws.block(message, latency);
        }
        if sender.draws_loss {
            self.loss_draws.block(message, loss);
        }
        let region = self.regions[from.index()];
        out.extend(to.iter().map(|&to| {
            let link = sender.links.get(to.index()).unwrap_or(&self.default);
            let regions = (region, self.regions[to.index()]);
            (!link.loses(loss[to.index()])).then(|| self.laws[link.law].latency(regions, latency[to.index()]))
        }));
    }

    /// The same in whole microseconds; `NO_LATENCY_US` for what is lost, or takes longer than that.
    pub fn latencies_us(&mut self, message: u64, from: InstanceId, to: &[InstanceId], out: &mut Vec<u32>) {
        out.clear();
        if let Law::Lognormal(median_us, factors) = &self.laws[self.default.law]
            && self.rules_from[from.index()].is_empty()
            && self.default.lost_below == 0
            && to.last().is_some_and(|last| last.index() < 2 * to.len() + 64)
        {
            let [draws, _] = &mut self.blocks;
            // compared as 32 bits, which fit vectors
            let last = to.iter().map(|id| id.0).max().unwrap_or(0);
            draws.resize(last as usize + 1, 0);
            self.latency_draws.block(message, draws);
            factors.times_all(*median_us, draws);
            out.extend(to.iter().map(|to| draws[to.index()]));
            return;
        }
        let mut latencies = std::mem::take(&mut self.latencies);
        self.latencies(message, from, to, &mut latencies);
        let us = |latency: &Option<Span>| latency.map_or(u64::MAX, Span::us);
        out.extend(latencies.iter().map(|latency| u32::try_from(us(latency)).unwrap_or(NO_LATENCY_US)));
        self.latencies = latencies;
    }

    /// Looks the links of a sender up once, if it has rules.
    fn prepare_broadcaster(&mut self, from: InstanceId) {
        if !self.rules_from[from.index()].is_empty() && !self.broadcasters.contains_key(&from) {
            let all = (0..self.regions.len()).map(|to| self.link_parameters(from, InstanceId::at(to)));
            let sender = SenderLinks::new(all.collect(), self.default, &self.laws);
            self.broadcasters.insert(from, sender);
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

impl SenderLinks {
    fn new(links: Vec<LinkParameters>, default: LinkParameters, laws: &[Law]) -> SenderLinks {
        let all = || links.iter().chain([&default]);
        let draws_latency = all().any(|link| laws[link.law].is_drawn());
        let draws_loss = all().any(|link| link.lost_below > 0);
        SenderLinks { draws_latency, draws_loss, links }
    }
}

impl LinkParameters {
    fn loses(self, draw: u32) -> bool {
        u64::from(draw) < self.lost_below
    }
}

/// A message is lost if its 32-bit draw is below this: the share in 2^32nds.
fn lost_below(loss_ppm: u32) -> u64 {
    (u64::from(loss_ppm) << 32) / 1_000_000
}
