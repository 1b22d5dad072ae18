//! What a request costs below HTTP: TCP, IP and TLS.

/// The bytes below HTTP of one request, up from its sender and down to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportBytes {
    /// TCP and IP, up.
    pub tcp_up: u64,
    /// TCP and IP, down.
    pub tcp_down: u64,
    /// TLS, up.
    pub tls_up: u64,
    /// TLS, down.
    pub tls_down: u64,
}
