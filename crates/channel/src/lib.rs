//! TLS between processes, pinned to a key: the one place that configures rustls.
//!
//! There is no certificate authority between Cloister's own processes. A server makes a key and a
//! self-signed certificate around it; a client is given the SHA-256 of that key (DER
//! SubjectPublicKeyInfo) by something that it already trusts, a launch manifest or a trust file,
//! and accepts that key alone. TLS 1.3 only.

mod client;
mod identity;
mod server;

pub use client::{client_config, http_client};
pub use identity::Identity;
pub use server::serve;

/// Why a TLS identity or client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The key or certificate could not be made or read.
    #[error("the TLS key cannot be made or read")]
    Identity(#[from] rcgen::Error),
    /// rustls refused the configuration.
    #[error("the TLS configuration is not accepted")]
    Configuration(#[from] rustls::Error),
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built")]
    Client(#[from] reqwest::Error),
}

fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
