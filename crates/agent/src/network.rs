//! The guest's one address, without a route to anywhere else.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use rtnetlink::{Handle, LinkUnspec};
use wire::guest::GUEST_ADDRESS;

use crate::AgentError;

/// Brings up the loopback and the virtio-net interface with the guest's address. No default
/// route: what is not on the relay's own network cannot even be addressed.
///
/// # Errors
/// [`AgentError::NoDevice`] or [`AgentError::Network`].
pub async fn bring_up() -> Result<(), AgentError> {
    let (connection, handle, _) =
        rtnetlink::new_connection().map_err(AgentError::system("opening a netlink socket"))?;
    let task = tokio::spawn(connection);
    let done = configure(&handle).await;
    task.abort();
    done
}

async fn configure(handle: &Handle) -> Result<(), AgentError> {
    // By itself the kernel would take addresses and routes from a host's router advertisements.
    for which in ["all", "default"] {
        let path = format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6");
        fs::write(path, "1").map_err(AgentError::system("switching IPv6 off"))?;
    }
    up(handle, index("lo").ok_or(AgentError::NoDevice("lo"))?).await?;
    let card = card().ok_or(AgentError::NoDevice("virtio-net"))?;
    let address = IpAddr::V4(Ipv4Addr::from(GUEST_ADDRESS));
    handle.address().add(card, address, PREFIX).execute().await.map_err(AgentError::Network)?;
    up(handle, card).await
}

async fn up(handle: &Handle, index: u32) -> Result<(), AgentError> {
    let message = LinkUnspec::new_with_index(index).up().build();
    handle.link().set(message).execute().await.map_err(AgentError::Network)
}

/// The one interface beside the loopback.
fn card() -> Option<u32> {
    let names = fs::read_dir("/sys/class/net").ok()?.filter_map(Result::ok);
    names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .find_map(|name| if name == "lo" { None } else { index(&name) })
}

fn index(name: &str) -> Option<u32> {
    fs::read_to_string(format!("/sys/class/net/{name}/ifindex")).ok()?.trim().parse().ok()
}

/// QEMU's user network is a /24.
const PREFIX: u8 = 24;
