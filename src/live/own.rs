//! The sockets that this process itself opened to its servers: by their addresses a server knows them when they come.
//!
//! On one machine all clients have one address, so what tells the run's own requests from those of strangers is the port.
//! It is chosen and noted before the connection begins, and forgotten when the exchange is over. Own connections need no
//! place among those of strangers, and only they may speak for the workload and for the run's servers.

use crate::foundation::ids::SessionId;
use crate::mechanism::activity::Activity;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};

/// On one machine a connection is there at once or not at all. (The queue of those that a server has not accepted yet is 128
/// long, so nobody waits in it for long either.)
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// One request of one job: its number, and the position of its receiver.
pub(super) type Ticket = (u64, usize);

/// What a socket was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A heartbeat of a visit of the workload.
    Heartbeat(SessionId),
    /// A request of a job, and what it carries as its author knows it.
    Post(Ticket, Activity),
    /// The key of an actor.
    Key,
}

/// The sockets that are open now, by their own addresses.
#[derive(Debug, Default)]
pub(super) struct OwnSockets {
    purposes: Mutex<BTreeMap<SocketAddr, Purpose>>,
}

/// Keeps a socket noted.
pub(super) struct Noted<'a> {
    sockets: &'a OwnSockets,
    address: SocketAddr,
}

impl OwnSockets {
    /// What the socket at an address was opened for, if it is one of ours.
    pub(super) fn purpose(&self, address: &SocketAddr) -> Option<Purpose> {
        self.lock().get(address).copied()
    }

    /// Connects to a server of the run, which knows the connection until the second value is dropped.
    ///
    /// Where so many want to connect that the system drops some, it tries again sooner than the system would, in a second.
    pub(super) async fn connect(
        &self,
        to: SocketAddr,
        purpose: Purpose,
    ) -> io::Result<(TcpStream, Noted<'_>)> {
        loop {
            let connected = tokio::time::timeout(AGAIN_AFTER, self.try_connect(to, purpose)).await;
            if let Ok(connected) = connected {
                return connected;
            }
        }
    }

    async fn try_connect(&self, to: SocketAddr, purpose: Purpose) -> io::Result<(TcpStream, Noted<'_>)> {
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(own_ip(to.ip()), 0))?;
        let address = socket.local_addr()?;
        self.lock().insert(address, purpose);
        let noted = Noted { sockets: self, address };
        Ok((socket.connect(to).await?, noted))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, Purpose>> {
        self.purposes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a socket has to be that reaches a server of this machine at an address: at that address, or, if it is all of them, at
/// loopback.
fn own_ip(to: IpAddr) -> IpAddr {
    match to {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.sockets.lock().remove(&self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_server_knows_own_sockets_while_they_are_used_and_no_others() {
        let sockets = OwnSockets::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let at = listener.local_addr().expect("it has one");
        let purpose = Purpose::Heartbeat(SessionId(7));
        let (_stream, noted) = sockets.connect(at, purpose).await.expect("a connection");
        let (_, own) = listener.accept().await.expect("it comes");
        assert_eq!(sockets.purpose(&own), Some(purpose));
        let _stranger = TcpStream::connect(at).await.expect("a connection");
        let (_, stranger) = listener.accept().await.expect("it comes");
        assert_eq!(sockets.purpose(&stranger), None);
        drop(noted);
        assert_eq!(sockets.purpose(&own), None);
    }
}
