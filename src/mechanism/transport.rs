//! What a request costs below HTTP: TCP, IP and TLS, in bytes.
//!
//! Measured with PeerTube 6.3.0 on loopback, around a viewer under v2 (2,184 bytes up, 336 down) on a new connection: ten
//! packets, 320 bytes up and 216 down beside HTTP. That is 60 bytes for a SYN and 52 for each other packet (IPv4, TCP with
//! time stamps), and full segments of 1,448 bytes; for other sizes and for kept connections the numbers are derived from
//! these. TLS 1.3 was measured with a chain of two certificates. Ethernet and retransmissions are not counted, so that a
//! handshake without an answer is one SYN. A packet that resets a connection has 40 bytes (no options).

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

/// What a new connection needs before its first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// Nothing: plain HTTP.
    None,
    /// TLS 1.3 with certificates.
    Full,
    /// TLS 1.3 resumed from a ticket.
    Resumed,
}

/// Headers of IP and TCP of a packet.
const PACKET: u64 = 52;
/// The packet that opens a connection, either way.
const SYN: u64 = 60;
/// The packet that refuses or breaks a connection.
const RESET: u64 = 40;
/// HTTP bytes in a full packet.
const SEGMENT: u64 = 1_448;

/// The cost of a request and its response (heads and bodies, in bytes) on a new connection, or on a kept one.
///
/// A new connection: beside the segments the sender acknowledges the SYN and the response and closes, the receiver
/// acknowledges the request and closes. A kept one: each side acknowledges the other, and there is no handshake.
pub fn transport_bytes(
    request_bytes: u64,
    response_bytes: u64,
    kept: bool,
    handshake: Handshake,
) -> TransportBytes {
    let (up, down) = (request_bytes.div_ceil(SEGMENT), response_bytes.div_ceil(SEGMENT));
    if kept {
        let (tcp_up, tcp_down) = (PACKET * (up + 1), PACKET * (1 + down));
        return TransportBytes { tcp_up, tcp_down, ..TransportBytes::default() };
    }
    let (tls_up, tls_down) = match handshake {
        Handshake::None => (0, 0),
        Handshake::Full => (480, 3_359),
        Handshake::Resumed => (783, 287),
    };
    let (tcp_up, tcp_down) = (SYN + PACKET * (3 + up), SYN + PACKET * (2 + down));
    TransportBytes { tcp_up, tcp_down, tls_up, tls_down }
}

/// The cost of a handshake that fails: without an answer, or refused.
pub fn failed_handshake(is_refused: bool) -> TransportBytes {
    TransportBytes { tcp_up: SYN, tcp_down: reset(is_refused), ..TransportBytes::default() }
}

/// The cost of a request on a kept connection that breaks: without an answer, or reset.
pub fn failed_request(request_bytes: u64, is_reset: bool) -> TransportBytes {
    let tcp_up = PACKET * request_bytes.div_ceil(SEGMENT);
    TransportBytes { tcp_up, tcp_down: reset(is_reset), ..TransportBytes::default() }
}

fn reset(is_sent: bool) -> u64 {
    if is_sent { RESET } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four(bytes: TransportBytes) -> [u64; 4] {
        [bytes.tcp_up, bytes.tcp_down, bytes.tls_up, bytes.tls_down]
    }

    #[test]
    fn a_viewer_costs_what_was_measured() {
        let plain = transport_bytes(2_184, 336, false, Handshake::None);
        assert_eq!((plain.tcp_up + 2_184, plain.tcp_down + 336), (2_504, 552));
        for (handshake, tls) in [(Handshake::Full, [480, 3_359]), (Handshake::Resumed, [783, 287])] {
            let [tcp_up, tcp_down, tls_up, tls_down] = four(transport_bytes(2_184, 336, false, handshake));
            assert_eq!(([tcp_up, tcp_down], [tls_up, tls_down]), ([320, 216], tls));
        }
    }

    #[test]
    fn a_kept_connection_costs_segments_and_acknowledgements() {
        for handshake in [Handshake::None, Handshake::Full, Handshake::Resumed] {
            assert_eq!(four(transport_bytes(2_189, 364, true, handshake)), [156, 104, 0, 0]);
        }
    }

    #[test]
    fn what_fails_costs_what_was_sent_until_then() {
        assert_eq!([false, true].map(failed_handshake).map(four), [[60, 0, 0, 0], [60, 40, 0, 0]]);
        assert_eq!(four(failed_request(2_184, false)), [104, 0, 0, 0]);
        assert_eq!(four(failed_request(1_448, true)), [52, 40, 0, 0]);
    }

    #[test]
    fn a_segment_more_is_a_packet_more() {
        let up = |bytes| transport_bytes(bytes, 336, false, Handshake::None).tcp_up;
        assert_eq!([up(1), up(1_448), up(1_449), up(2_896), up(2_897)], [268, 268, 320, 320, 372]);
        let down = |bytes| transport_bytes(2_184, bytes, false, Handshake::None).tcp_down;
        assert_eq!([down(1_448), down(1_449)], [216, 268]);
        _ = transport_bytes(u64::MAX, u64::MAX, false, Handshake::Full);
    }
}
