//! Releases dataset keys on verified evidence, approval and policy.
//!
//! [`Broker`] decides; [`router`] puts it on HTTP. Every decision, refusals included, is an entry
//! of the log before anything rests on it, and all of the broker's knowledge but its keys comes
//! from that log: [`Broker::open`] replays it. Nonces, attested sessions and the token key live in
//! memory alone, so a broker that was restarted knows no session and releases nothing to one.

mod attest;
mod broker;
mod config;
mod error;
mod http;
mod intake;
mod job;
mod jwe;
mod keystore;
mod launch;
mod release;
mod replay;
mod session;
mod state;
mod tee_key;
mod token;
mod vault;

pub use broker::Broker;
pub use config::{Config, Lifetimes, Parts, Revocation};
pub use error::BrokerError;
pub use http::router;
pub use keystore::{FolderKeyStore, KeyStore, KeyStoreError};
