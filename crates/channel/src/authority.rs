//! Clients of servers that are not Cloister's: certificate authorities vouch for those.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{ChannelError, provider};

/// Whom we believe, and who we are. TLS 1.3 only; a server's certificate must lead to one of the given
/// roots and be for the name that was asked for. The machine's own roots play no part.
#[derive(Clone)]
pub struct Authorities(Arc<ClientConfig>);

/// A certificate with its chain, and its private key, both PEM.
#[derive(Clone, Copy)]
pub struct ClientCertificate<'a> {
    /// The certificate first, then those between it and a root of the server's.
    pub chain: &'a [u8],
    /// PKCS #8, PKCS #1 or SEC 1.
    pub key: &'a [u8],
}

impl Authorities {
    /// Believes what leads to one of the certificates in `roots` (PEM), and shows `client` to a server
    /// that asks for one.
    ///
    /// # Errors
    /// [`ChannelError::Certificates`] if there is no root, or PEM that cannot be read;
    /// [`ChannelError::Configuration`] if rustls takes no such root, certificate or key.
    pub fn new(roots: &[u8], client: Option<ClientCertificate<'_>>) -> Result<Self, ChannelError> {
        let mut believed = RootCertStore::empty();
        for root in certificates(roots)? {
            believed.add(root)?;
        }
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(believed);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some(ClientCertificate { chain, key }) => {
                let key = PrivateKeyDer::from_pem_slice(key)
                    .map_err(|_| ChannelError::Certificates { what: "client's private key" })?;
                builder.with_client_auth_cert(certificates(chain)?, key)?
            }
        };
        Ok(Self(Arc::new(config)))
    }

    /// A TLS connection to `host`, a DNS name or an IP address, that its certificate must be for.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> Result<TlsStream<TcpStream>, ConnectError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| ConnectError::Name)?;
        let stream = TcpStream::connect((host, port)).await.map_err(ConnectError::Unreachable)?;
        TlsConnector::from(Arc::clone(&self.0))
            .connect(name, stream)
            .await
            .map_err(ConnectError::Handshake)
    }

    /// An HTTPS client. It follows no redirect and uses no proxy.
    ///
    /// # Errors
    /// [`ChannelError::Client`].
    pub fn http_client(&self) -> Result<reqwest::Client, ChannelError> {
        let client = http_client(ClientConfig::clone(&self.0)).https_only(true);
        Ok(client.build()?)
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorities(…)")
    }
}

impl fmt::Debug for ClientCertificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate(…)")
    }
}

/// Sends `bytes`, ends the connection, and waits until the other side has ended it too. With `Ok` the
/// program on the other side has read all of `bytes`: it said `close_notify`, which nobody on the way can
/// say for it, and its system took our last byte while that program had the connection open and left
/// nothing unread. An early `close_notify` alone would not show that, since both directions of a TLS 1.3
/// connection end separately (RFC 8446 §6.1).
///
/// The caller decides how long to wait.
///
/// # Errors
/// `UnexpectedEof` if it ended without `close_notify`; whatever else the connection ended with.
pub async fn send_and_close(mut stream: TlsStream<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    let (mut socket, _) = stream.into_inner();
    // A program that ends a connection with something unread, or before something arrives, makes its
    // system answer with a reset: now, or when what we sent arrives.
    while socket.read(&mut unread).await? > 0 {}
    // A socket has a peer until both sides have acknowledged the other's end, or there was a reset.
    while socket.peer_addr().is_ok() {
        sleep(TICK).await;
    }
    socket.take_error()?.map_or(Ok(()), Err)
}

/// An HTTP client without TLS, for a service on the same machine. It follows no redirect and uses no
/// proxy.
///
/// # Errors
/// [`ChannelError`].
pub fn plain_http_client() -> Result<reqwest::Client, ChannelError> {
    // Believes nobody, should it ever be pointed at a TLS server.
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(http_client(config).build()?)
}

fn http_client(config: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ChannelError> {
    let unreadable = ChannelError::Certificates { what: "certificates" };
    match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(unreadable),
    }
}

/// Between two looks at a connection that is about to end; the wait is shorter than a round trip.
const TICK: Duration = Duration::from_millis(5);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The host is neither a DNS name nor an IP address.
    #[error("not a host's name")]
    Name,
    /// There is no TCP connection.
    #[error("no connection")]
    Unreachable(#[source] io::Error),
    /// There is no TLS connection: the other side is not vouched for, or broke off.
    #[error("no TLS 1.3 connection with a server that the given roots vouch for")]
    Handshake(#[source] io::Error),
}

#[cfg(test)]
mod tests;
