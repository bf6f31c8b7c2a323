//! What the guest's network reaches, tried from inside: for the test of the guest channel. It has
//! the agent's address, and a default route besides, so that nothing but the host's side refuses.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use rtnetlink::RouteMessageBuilder;
use serde::Serialize;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use wire::guest::{AIRLOCK_PORT, BROKER_PORT, RELAY_ADDRESS};

use crate::AgentError;

/// One attempt, as a JSON line on the console.
#[derive(Debug, Serialize)]
pub struct Attempt {
    /// `tcp` or `dns`.
    pub kind: &'static str,
    /// Address and port.
    pub target: SocketAddr,
    /// Whether anything answered.
    pub reached: bool,
}

/// Tries everything and prints one line each.
///
/// # Errors
/// [`AgentError::Network`] if the default route cannot be set.
pub async fn run() -> Result<(), AgentError> {
    add_default_route().await?;
    for target in [DNS, HOST, RELAY, OUTSIDE] {
        print(&Attempt {
            kind: "dns",
            target: SocketAddr::new(target, 53),
            reached: resolves(target).await,
        });
    }
    for (address, ports) in [
        (HOST, &[22, 53, 80, 443, 7000, 7001, 8080][..]),
        (DNS, &[53, 7000]),
        (OUTSIDE, &[53, 80, 443]),
        (RELAY, &[22, 53, 80, 443, 6999, 7002, 8080]),
        (RELAY, &[BROKER_PORT, AIRLOCK_PORT]),
    ] {
        for port in ports {
            let target = SocketAddr::new(address, *port);
            print(&Attempt { kind: "tcp", target, reached: connects(target).await });
        }
    }
    for port in host_ports(&fs::read_to_string("/proc/cmdline").unwrap_or_default()) {
        let target = SocketAddr::new(HOST, port);
        print(&Attempt { kind: "tcp", target, reached: connects(target).await });
    }
    Ok(())
}

/// Ports on which the test listens on the host's loopback: `cloister.probe=PORT` on the kernel's
/// command line, as often as there are such ports.
fn host_ports(cmdline: &str) -> impl Iterator<Item = u16> {
    let words = cmdline.split_whitespace();
    words.filter_map(|word| word.strip_prefix("cloister.probe=")?.parse().ok())
}

async fn add_default_route() -> Result<(), AgentError> {
    let (connection, handle, _) =
        rtnetlink::new_connection().map_err(AgentError::system("opening a netlink socket"))?;
    let task = tokio::spawn(connection);
    let IpAddr::V4(gateway) = HOST else { return Ok(()) };
    let route = RouteMessageBuilder::<Ipv4Addr>::new().gateway(gateway).build();
    let done = handle.route().add(route).execute().await.map_err(AgentError::Network);
    task.abort();
    done
}

async fn connects(target: SocketAddr) -> bool {
    let is_relay = target.ip() == RELAY && [BROKER_PORT, AIRLOCK_PORT].contains(&target.port());
    let patience = if is_relay { LONG_PATIENCE } else { PATIENCE };
    matches!(timeout(patience, TcpStream::connect(target)).await, Ok(Ok(_)))
}

async fn resolves(server: IpAddr) -> bool {
    let exchange = async {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.ok()?;
        socket.send_to(QUESTION, (server, 53)).await.ok()?;
        socket.recv_from(&mut [0; 512]).await.ok()
    };
    matches!(timeout(PATIENCE, exchange).await, Ok(Some(_)))
}

fn print(attempt: &Attempt) {
    if let Ok(line) = serde_json::to_string(attempt) {
        println!("probe: {line}");
    }
}

const RELAY: IpAddr = IpAddr::V4(Ipv4Addr::new(
    RELAY_ADDRESS[0],
    RELAY_ADDRESS[1],
    RELAY_ADDRESS[2],
    RELAY_ADDRESS[3],
));
/// QEMU's user network: the host's loopback, its DNS forwarder, and an address of the world.
const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 2));
const DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 3));
const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1));

/// How long nothing must answer to count as nothing.
const PATIENCE: Duration = Duration::from_secs(2);
/// For what must answer, once the host has started a program for it.
const LONG_PATIENCE: Duration = Duration::from_secs(60);

/// A DNS query for the A record of `example.org` (RFC 1035 §4).
const QUESTION: &[u8] =
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_come_from_the_command_line() {
        let cmdline = "console=hvc0 cloister.probe=4000 quiet cloister.probe=x cloister.probe=5";
        assert_eq!(host_ports(cmdline).collect::<Vec<_>>(), [4000, 5]);
    }
}
