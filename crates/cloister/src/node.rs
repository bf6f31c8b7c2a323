//! All services of one deployment in one process, with embedded defaults: SQLite, a local folder.
//!
//! The services stay apart: they speak HTTP over TLS with pinned keys, as they would on three
//! machines. Only broker and airlock share something, the ledger, because they write one log.

mod config;
mod folder;
mod keys;
mod launches;
mod publishing;
mod quorum;
pub(crate) mod rebuild;
mod services;
mod stamps;
mod stop;
mod trusted_root;

use std::io;
use std::path::PathBuf;

use domain::Reason;

pub use config::{AnyChip, ChipList, Listen, LogConfig, PersonConfig, ServeConfig};
pub use folder::NodeFolder;
pub(crate) use folder::write_private;
pub use keys::Keys;
pub use quorum::QuorumConfig;
pub use services::{Addresses, Hardware, Node, NodeConfig, now};
pub use stamps::StampsConfig;
pub use stop::asked_to_stop;

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The airlock's or broker's address cannot be listened on.
    #[error("`{0}` cannot be listened on; choose another address or stop what holds it")]
    Address(std::net::SocketAddr, #[source] io::Error),
    /// A service of the node ended, which none does by itself.
    #[error(
        "a service of the node ended by itself; what it wrote before says why: start the node anew"
    )]
    Ended,
    /// A time stamp that we believe and other verifiers of bundles would not.
    #[error("receivers of bundles would refuse the time stamp; choose another authority")]
    Stamp(#[source] bundle::BundleError),
    /// The broker did not start.
    #[error("the broker did not start")]
    Broker(#[from] broker::BrokerError),
    /// The control service did not start.
    #[error("the control service did not start")]
    Control(#[from] control::ControlError),
    /// The published lowest firmware versions cannot be read.
    #[error("the lowest firmware versions cannot be read")]
    Floors(#[source] evidence::EvidenceError),
    /// A file of the node's folder cannot be read or written.
    #[error("`{0}` cannot be read or written")]
    File(PathBuf, #[source] io::Error),
    /// A key file does not hold a key of its kind.
    #[error("`{0}` does not hold the expected key; restore it from a backup")]
    Key(PathBuf),
    /// The wrapped keys' folder cannot be used.
    #[error("the key store cannot be used")]
    KeyStore(#[from] broker::KeyStoreError),
    /// The launcher cannot work.
    #[error("no enclave can be launched")]
    Launcher(#[from] launcher::LauncherError),
    /// The ledger cannot be opened.
    #[error("the ledger cannot be opened")]
    Ledger(#[from] ledger::LedgerError),
    /// The release policy is not valid.
    #[error("the release policy is not valid")]
    Policy(#[from] policy::PolicyError),
    /// The operating system gave no randomness.
    #[error("the operating system gives no randomness")]
    Random,
    /// The policy of the log's witnesses is not one, or not for this log.
    #[error("`{0}` is no policy for the witnesses of this log")]
    WitnessPolicy(PathBuf, #[source] tlog::LogError),
    /// The log's witnesses cannot be asked.
    #[error("the witnesses of the log cannot be asked")]
    Witnesses(#[from] cosigner::CosignerError),
    /// There are no time stamps as the configuration says.
    #[error("no time stamp as `[stamps]` asks for")]
    Stamps(#[from] crate::stamping::StampingError),
    /// A TLS key cannot be made.
    #[error("a TLS key cannot be made")]
    Tls(#[from] channel::ChannelError),
}

impl Reason for NodeError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Address(..) => "node.address",
            Self::Ended => "node.ended",
            Self::Broker(cause) => cause.reason(),
            Self::Control(cause) => cause.reason(),
            Self::Floors(cause) => cause.reason(),
            Self::File(..) => "node.file",
            Self::Key(_) => "node.key",
            Self::KeyStore(cause) => cause.reason(),
            Self::Launcher(cause) => cause.reason(),
            Self::Ledger(cause) => cause.reason(),
            Self::Policy(cause) => cause.reason(),
            Self::Random => "system.no-randomness",
            Self::Stamp(cause) => cause.reason(),
            Self::Stamps(cause) => cause.reason(),
            Self::Tls(_) => "node.tls",
            Self::WitnessPolicy(_, cause) => cause.reason(),
            Self::Witnesses(cause) => cause.reason(),
        }
    }
}
