//! TLS between processes, pinned to a key: the one place that configures rustls.
//!
//! There is no certificate authority between Cloister's own processes. A server makes a key and a
//! self-signed certificate around it; a client is given the SHA-256 of that key (DER
//! SubjectPublicKeyInfo) by something that it already trusts, a launch manifest or a trust file,
//! and accepts that key alone. TLS 1.3 only.
//!
//! Servers of others, a SIEM for one, are met under certificate [`Authorities`] that the caller names.

mod authority;
mod client;
mod identity;
mod server;

pub use authority::{
    Authorities, ClientCertificate, ConnectError, plain_http_client, send_and_close,
};
pub use client::{client_config, http_client, web_client};
pub use identity::Identity;
pub use server::serve;

/// Why a TLS identity or client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// A file of certificates or a key that cannot be read as PEM, or has none.
    #[error("the {what} cannot be read from PEM, or there are none")]
    Certificates {
        /// What was to be read.
        what: &'static str,
    },
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use tokio::net::TcpListener;

    async fn server(identity: Identity) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(async move { serve(listener, &identity, router).await });
        address
    }

    #[tokio::test]
    async fn a_client_accepts_the_pinned_key_and_no_other() {
        let identity = Identity::generate().unwrap();
        let pin = identity.pin();
        let url = format!("https://{}/", server(identity).await);
        let answer = http_client(pin).unwrap().get(&url).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "here");

        let other = Identity::generate().unwrap().pin();
        let refused = http_client(other).unwrap().get(&url).send().await.unwrap_err();
        assert!(refused.is_connect(), "{refused:?}");
    }

    #[tokio::test]
    async fn plain_http_is_not_spoken() {
        let refused = http_client(Identity::generate().unwrap().pin())
            .unwrap()
            .get("http://127.0.0.1:9/")
            .send()
            .await
            .unwrap_err();
        assert!(refused.is_builder(), "{refused:?}");
    }

    #[test]
    fn a_key_keeps_its_pin_in_a_file() {
        let identity = Identity::generate().unwrap();
        let again = Identity::from_pem(&identity.to_pem()).unwrap();
        assert_eq!(identity.pin(), again.pin());
    }
}
