//! Syslog over TLS (RFC 5425).
//!
//! Syslog has no acknowledgement. What comes closest is the end of a TLS connection: a receiver that reads
//! our `close_notify` has read everything before it, and must answer with its own (RFC 5425 §4.4). So each
//! delivery has a connection of its own, and counts if the receiver ended it that way: see
//! [`channel::send_and_close`]. The end of the TCP connection alone counts for nothing: a killed receiver
//! ends it too, and so can the network.

use std::io;
use std::time::Duration;

use channel::{Authorities, ConnectError, send_and_close};
use tokio::time::timeout;

use crate::error::{Undelivered, chain};
use crate::event::Event;
use crate::syslog::{frame, message};

/// A syslog server.
#[derive(Clone, Debug)]
pub struct SyslogReceiver {
    host: String,
    port: u16,
    authorities: Authorities,
    sender: String,
}

impl SyslogReceiver {
    /// The server at `host` and `port` (6514, as a rule), vouched for by `authorities`. `sender` is the name
    /// of this machine, for the messages' HOSTNAME.
    #[must_use]
    pub fn new(host: &str, port: u16, authorities: Authorities, sender: &str) -> Self {
        Self { host: host.to_owned(), port, authorities, sender: sender.to_owned() }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(super) async fn deliver(&self, events: &[Event]) -> Result<(), Undelivered> {
        let connect = timeout(PATIENCE, self.authorities.connect(&self.host, self.port)).await;
        let connected = connect.unwrap_or_else(|_| {
            Err(ConnectError::Unreachable(io::Error::from(io::ErrorKind::TimedOut)))
        });
        let stream = connected.map_err(|error| self.unconnected(error))?;
        let frames: Vec<u8> =
            events.iter().flat_map(|event| frame(&message(event, &self.sender))).collect();
        let detail = match timeout(PATIENCE, send_and_close(stream, &frames)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => chain(&error),
            Err(_) => format!("no end of the connection within {} s", PATIENCE.as_secs()),
        };
        Err(Undelivered::NotAcknowledged { place: self.place(), detail })
    }

    fn unconnected(&self, error: ConnectError) -> Undelivered {
        let place = self.place();
        match error {
            ConnectError::Handshake(source) => Undelivered::Certificate { place, source },
            other => Undelivered::Unreachable { place, source: other.into() },
        }
    }
}

/// For the connection, and again for all of a delivery.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
