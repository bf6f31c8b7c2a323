//! Addresses of the loopback network that no other process uses.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// An address at which nobody listens, and nobody but this process will: it may be taken, let go and taken
/// again. A free port of 127.0.0.1 may be another test's a moment later.
///
/// # Errors
/// There is no loopback network.
pub fn own_address() -> io::Result<SocketAddr> {
    // Linux has fewer than 2^22 processes, and all of 127.0.0.0/8 leads back to it.
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    TcpListener::bind((Ipv4Addr::new(127, 0x40 | high, middle, low), 0))?.local_addr()
}
