//! Kept connections of one sender, as Node's agent handles them since release 19.
//!
//! The sender never closes a connection and takes the one used last; the receiver closes it after an idle time. Whether the sender notices is `StaleConnections`. Measured between PeerTube servers, which do not
//! notice and close after 5 s: single requests 8.6 s apart were lost every second time, 4.6 s apart never. What a request
//! costs is not known here.

use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::by_instance::ByInstance;

/// What a sender does when the receiver has closed the connection that it kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleConnections {
    /// It writes the request into the closed connection, and the request fails.
    Fail,
    /// It has noticed, at the instant of the close, and opens a new connection.
    Reconnect,
}

impl StaleConnections {
    /// Either choice, its name in scenario files and what it means.
    pub const ALL: [(StaleConnections, &'static str, &'static str); 2] = [
        (StaleConnections::Fail, "fail", "the request on it fails: the sender has not noticed"),
        (StaleConnections::Reconnect, "reconnect", "the sender has noticed and opens a new one"),
    ];
}

/// What a request goes out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// One to be made.
    New,
    /// One that was kept and still stands.
    Kept,
    /// One that was kept and that the receiver has closed: the request is lost, the connection gone.
    Stale,
}

/// The connections that one sender keeps.
#[derive(Clone, Debug)]
pub struct Connections {
    idle: Option<Span>,
    stale: StaleConnections,
    /// By destination: when its idle connections were last used, in that order.
    kept: ByInstance<Vec<Time>>,
}

impl Connections {
    /// No connections; receivers close them after being idle so long. None: they are never kept.
    pub fn new(idle: Option<Span>, stale: StaleConnections) -> Connections {
        Connections { idle, stale, kept: ByInstance::default() }
    }

    /// Takes the connection that was used last, if one is kept.
    pub fn open(&mut self, now: Time, to: InstanceId) -> Connection {
        let (Some(kept), Some(idle)) = (self.kept.get_mut(to), self.idle) else { return Connection::New };
        match kept.pop() {
            None => Connection::New,
            Some(used) if now.since(used) < idle => Connection::Kept,
            Some(_) if self.stale == StaleConnections::Fail => Connection::Stale,
            Some(_) => {
                // those below it were used before it: they are closed too
                kept.clear();
                Connection::New
            }
        }
    }

    /// A request was answered: its connection is kept, if connections are.
    pub fn release(&mut self, now: Time, to: InstanceId) {
        if self.idle.is_some() {
            self.kept.get_or_insert_with(to, Vec::new).push(now);
        }
    }

    /// The connections of a process end with it.
    pub fn restart(&mut self) {
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);
    const IDLE: Option<Span> = Some(Span::from_secs(5));

    /// What single requests with good answers meet, so far apart.
    fn sparse(idle: Option<Span>, stale: StaleConnections, apart_ms: u64) -> Vec<Connection> {
        let mut connections = Connections::new(idle, stale);
        let mut met = Vec::new();
        for now in (0..6).map(|number| Time::from_ms(number * apart_ms)) {
            met.push(connections.open(now, A));
            if met.last() != Some(&Connection::Stale) {
                connections.release(now, A);
            }
        }
        met
    }

    #[test]
    fn sparse_requests_are_lost_every_second_time() {
        use Connection::{Kept, New, Stale};
        use StaleConnections::{Fail, Reconnect};
        for apart_ms in [8_600, 5_000] {
            assert_eq!(sparse(IDLE, Fail, apart_ms), [New, Stale, New, Stale, New, Stale]);
            assert_eq!(sparse(IDLE, Reconnect, apart_ms), [New; 6]);
        }
        for stale in [Fail, Reconnect] {
            assert_eq!(sparse(IDLE, stale, 4_600), [New, Kept, Kept, Kept, Kept, Kept]);
            assert_eq!(sparse(None, stale, 1), [New; 6]);
        }
    }

    #[test]
    fn the_one_used_last_is_taken_first() {
        for (stale, then) in
            [(StaleConnections::Fail, Connection::Stale), (StaleConnections::Reconnect, Connection::New)]
        {
            let mut connections = Connections::new(IDLE, stale);
            connections.release(Time::from_ms(0), A);
            connections.release(Time::from_ms(3_000), A);
            let now = Time::from_ms(6_000);
            assert_eq!(connections.open(now, B), Connection::New);
            let met = [(); 3].map(|()| connections.open(now, A));
            assert_eq!(met, [Connection::Kept, then, Connection::New]);
        }
    }

    #[test]
    fn a_restart_closes_them() {
        let mut connections = Connections::new(IDLE, StaleConnections::Fail);
        connections.release(Time::ZERO, A);
        connections.restart();
        assert_eq!(connections.open(Time::ZERO, A), Connection::New);
    }
}
