//! Own sockets: those that this process opens to its servers, by their local addresses.
//!
//! On one machine all clients have the same IP address, so the port tells own connections from those of strangers. It is
//! registered before the connection begins, and removed when the exchange is over. Own connections need no place in the
//! limit of strangers, and only they may speak for the workload and for the servers of the run.

use crate::foundation::ids::SessionId;
use crate::mechanism::activity::Activity;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};

/// A connection that takes longer is tried again. On one machine it is made at once, unless the server's queue of
/// connections (of 128) is full.
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// The id of a request: the number of its job, and the position of its receiver.
pub(super) type RequestId = (u64, usize);

/// What a socket is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A heartbeat of a visit of the workload.
    Heartbeat(SessionId),
    /// A request of a job, and the activity as its author knows it.
    Post(RequestId, Activity),
    /// A GET of a job, as who makes it knows it.
    Get(RequestId, Activity),
    /// The key of an actor.
    Key,
}

/// The own sockets that are open now, by their local addresses.
#[derive(Debug, Default)]
pub(super) struct OwnSockets {
    purposes: Mutex<BTreeMap<SocketAddr, Purpose>>,
}

/// Keeps a socket registered.
pub(super) struct Registration<'a> {
    sockets: &'a OwnSockets,
    address: SocketAddr,
}

impl OwnSockets {
    /// What the socket at an address was opened for, if it is an own one.
    pub(super) fn purpose(&self, address: &SocketAddr) -> Option<Purpose> {
        self.lock().get(address).copied()
    }

    /// Connects to a server of the run. The socket is registered until the second value is dropped.
    ///
    /// If the system drops the attempt, it tries again after 20 ms. The system itself would wait for a second.
    pub(super) async fn connect(
        &self,
        to: SocketAddr,
        purpose: Purpose,
    ) -> io::Result<(TcpStream, Registration<'_>)> {
        loop {
            let connected = tokio::time::timeout(AGAIN_AFTER, self.try_connect(to, purpose)).await;
            if let Ok(connected) = connected {
                return connected;
            }
        }
    }

    async fn try_connect(
        &self,
        to: SocketAddr,
        purpose: Purpose,
    ) -> io::Result<(TcpStream, Registration<'_>)> {
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(own_ip(to.ip()), 0))?;
        let address = socket.local_addr()?;
        self.lock().insert(address, purpose);
        let registration = Registration { sockets: self, address };
        Ok((socket.connect(to).await?, registration))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, Purpose>> {
        self.purposes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The local address of a socket to a server of this machine: the server's, or loopback if it listens at all addresses.
fn own_ip(to: IpAddr) -> IpAddr {
    match to {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

impl Drop for Registration<'_> {
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
        let (_stream, registration) = sockets.connect(at, purpose).await.expect("a connection");
        let (_, own) = listener.accept().await.expect("it comes");
        assert_eq!(sockets.purpose(&own), Some(purpose));
        let _stranger = TcpStream::connect(at).await.expect("a connection");
        let (_, stranger) = listener.accept().await.expect("it comes");
        assert_eq!(sockets.purpose(&stranger), None);
        drop(registration);
        assert_eq!(sockets.purpose(&own), None);
    }
}
