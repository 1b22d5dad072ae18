//! The ledger: what became of every message of every link, in messages and bytes, and that nothing is missing.
//!
//! In the words of the model: created = queued + dropped + sent, and sent = delivered + lost + refused (by reason) +
//! failed_connect + in flight. Each change of state takes from one account and gives to another; what is queued and in
//! flight is also counted where the messages really are, and `Ledger::assert_conserved` compares the two. A request that
//! is sent again is created again; one that is held back before it was sent is as if it had not been. Nothing here knows what a message says.

use crate::foundation::ids::InstanceId;
use crate::mechanism::by_instance::ByInstance;
use crate::mechanism::refusal::Refusal;
use std::ops::AddAssign;

/// Messages and bytes of requests (head and body).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Requests.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What became of the messages of one link, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// All that were ever to be sent.
    pub created: Amount,
    /// Those that wait.
    pub queued: Amount,
    /// Those that will never be sent: their job was given up with its process, or their destination.
    pub dropped: Amount,
    /// Requests begun.
    pub sent: Amount,
    /// Those that reached their receiver, who took them.
    pub delivered: Amount,
    /// Those that were lost on the way.
    pub lost: Amount,
    /// Those that were refused, by `Refusal`.
    pub refused: [Amount; Refusal::ALL.len()],
    /// Those whose connection was refused or closed.
    pub failed_connect: Amount,
    /// Those under way.
    pub in_flight: Amount,
    /// A label beside: those whose sender gave up waiting, delivered or not.
    pub timed_out: Amount,
}

/// Where a message can go from being in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The receiver took it.
    Delivered,
    /// It was lost on the way.
    Lost,
    /// The receiver, or what stands in front of it, refused it.
    Refused(Refusal),
    /// There was no connection.
    FailedConnect,
}

/// The flows of all links.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// By sender: its links, by receiver.
    links: Vec<ByInstance<Flow>>,
    /// Messages that are counted together, without their links.
    together: Flow,
}

impl Ledger {
    /// The ledger of `instances` instances.
    pub fn new(instances: usize) -> Ledger {
        Ledger { links: vec![ByInstance::default(); instances], together: Flow::default() }
    }

    /// The flow of a link, for changing it by the methods of `Flow`.
    pub fn link(&mut self, from: InstanceId, to: InstanceId) -> &mut Flow {
        self.links[from.index()].get_or_insert_with(to, Flow::default)
    }

    /// The flow of the messages that are counted together, for changing it by the methods of `Flow`.
    pub fn together(&mut self) -> &mut Flow {
        &mut self.together
    }

    /// All messages.
    pub fn total(&self) -> Flow {
        let mut total = self.together;
        self.links.iter().flat_map(ByInstance::iter).for_each(|(_, flow)| total += *flow);
        total
    }

    /// Asserts that nothing is missing on any link, and that as much is queued and in flight as there really is.
    ///
    /// # Panics
    /// If messages or bytes are not conserved: a bug of ours.
    pub fn assert_conserved(&self, queued: Amount, in_flight: Amount) {
        for (from, links) in self.links.iter().enumerate() {
            for (to, flow) in links.iter() {
                assert!(flow.is_conserved(), "not conserved from {from} to {to}: {flow:?}");
            }
        }
        assert!(self.together.is_conserved(), "not conserved: {:?}", self.together);
        let total = self.total();
        assert_eq!(total.queued, queued, "queued: the ledger (left), the queues (right)");
        assert_eq!(total.in_flight, in_flight, "in flight: the ledger (left), the requests (right)");
    }
}

impl Flow {
    /// A message of so many bytes is to be sent.
    pub fn create(&mut self, bytes: u64) {
        self.create_all(Amount { messages: 1, bytes });
    }

    /// Several messages are to be sent.
    pub fn create_all(&mut self, amount: Amount) {
        self.created += amount;
        self.queued += amount;
    }

    /// Its request begins.
    pub fn send(&mut self, bytes: u64) {
        self.queued.take(bytes);
        self.sent.add(bytes);
        self.in_flight.add(bytes);
    }

    /// It will never be sent.
    pub fn drop(&mut self, bytes: u64) {
        self.queued.take(bytes);
        self.dropped.add(bytes);
    }

    /// It is not sent now: it will be created again.
    pub fn hold_back(&mut self, bytes: u64) {
        self.queued.take(bytes);
        self.created.take(bytes);
    }

    /// It is no longer under way.
    pub fn arrive(&mut self, bytes: u64, arrival: Arrival) {
        self.in_flight.take(bytes);
        match arrival {
            Arrival::Delivered => self.delivered.add(bytes),
            Arrival::Lost => self.lost.add(bytes),
            Arrival::Refused(refusal) => self.refused[refusal as usize].add(bytes),
            Arrival::FailedConnect => self.failed_connect.add(bytes),
        }
    }

    /// Those that were refused, for whatever reason.
    pub fn refused_in_all(&self) -> Amount {
        sum(&self.refused)
    }

    fn is_conserved(&self) -> bool {
        let after_queue = [self.queued, self.dropped, self.sent];
        let after_sending =
            [self.delivered, self.lost, self.refused_in_all(), self.failed_connect, self.in_flight];
        sum(&after_queue) == self.created && sum(&after_sending) == self.sent
    }
}

fn sum(amounts: &[Amount]) -> Amount {
    let mut sum = Amount::default();
    amounts.iter().for_each(|&amount| sum += amount);
    sum
}

impl Amount {
    /// One message more.
    pub fn add(&mut self, bytes: u64) {
        self.messages += 1;
        self.bytes += bytes;
    }

    /// One message less.
    ///
    /// # Panics
    /// If there is none, or it has fewer bytes: a bug of ours.
    pub fn take(&mut self, bytes: u64) {
        let left = self.messages.checked_sub(1).zip(self.bytes.checked_sub(bytes));
        (self.messages, self.bytes) = left.expect("a message left an account that does not hold it");
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}

impl AddAssign for Flow {
    fn add_assign(&mut self, other: Flow) {
        self.created += other.created;
        self.queued += other.queued;
        self.dropped += other.dropped;
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.lost += other.lost;
        self.refused.iter_mut().zip(other.refused).for_each(|(sum, other)| *sum += other);
        self.failed_connect += other.failed_connect;
        self.in_flight += other.in_flight;
        self.timed_out += other.timed_out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);

    fn amount(messages: u64, bytes: u64) -> Amount {
        Amount { messages, bytes }
    }

    /// Two messages, of 10 and 20 bytes: the first delivered, the second queued.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(2);
        let link = ledger.link(A, B);
        link.create(10);
        link.create(20);
        link.send(10);
        link.arrive(10, Arrival::Delivered);
        ledger
    }

    #[test]
    fn every_path_is_conserved() {
        let mut ledger = ledger();
        ledger.assert_conserved(amount(1, 20), amount(0, 0));
        ledger.link(A, B).drop(20);
        let refused = Refusal::ALL.map(Arrival::Refused);
        for arrival in [Arrival::Delivered, Arrival::Lost, Arrival::FailedConnect].into_iter().chain(refused)
        {
            let link = ledger.link(B, A);
            link.create(7);
            link.send(7);
            link.arrive(7, arrival);
        }
        ledger.link(B, A).create(1);
        ledger.link(B, A).send(1);
        ledger.assert_conserved(amount(0, 0), amount(1, 1));
        assert_eq!(ledger.total().created, amount(13, 101));
        assert_eq!(ledger.total().refused_in_all(), amount(7, 49));
        assert_eq!(ledger.total().delivered, amount(2, 17));
    }

    // Planted errors: the assertion must be seen to fire.

    #[test]
    #[should_panic(expected = "not conserved from 0 to 1")]
    fn a_message_that_vanishes_is_noticed() {
        let mut ledger = ledger();
        ledger.link(A, B).queued.take(20);
        ledger.assert_conserved(amount(0, 0), amount(0, 0));
    }

    #[test]
    #[should_panic(expected = "not conserved from 0 to 1")]
    fn bytes_that_change_on_their_way_are_noticed() {
        let mut ledger = ledger();
        ledger.link(A, B).delivered.bytes += 1;
        ledger.assert_conserved(amount(1, 20), amount(0, 0));
    }

    #[test]
    #[should_panic(expected = "not conserved from 1 to 0")]
    fn a_refusal_that_is_not_counted_is_noticed() {
        let mut ledger = ledger();
        let link = ledger.link(B, A);
        link.create(7);
        link.send(7);
        link.arrive(7, Arrival::Refused(Refusal::BadGateway));
        link.refused[Refusal::BadGateway as usize] = Amount::default();
        ledger.assert_conserved(amount(1, 20), amount(0, 0));
    }

    #[test]
    #[should_panic(expected = "queued: the ledger")]
    fn a_queue_that_forgets_is_noticed() {
        ledger().assert_conserved(amount(0, 0), amount(0, 0));
    }

    #[test]
    #[should_panic(expected = "in flight: the ledger")]
    fn a_request_that_is_forgotten_is_noticed() {
        let mut ledger = ledger();
        ledger.link(A, B).send(20);
        ledger.assert_conserved(amount(0, 0), amount(0, 0));
    }

    #[test]
    #[should_panic(expected = "does not hold it")]
    fn nobody_is_delivered_twice() {
        ledger().link(A, B).arrive(10, Arrival::Delivered);
    }
}
