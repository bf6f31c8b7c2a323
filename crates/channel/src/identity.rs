//! A server's key, its certificate and its pin.

use std::fmt;
use std::sync::Arc;

use domain::Digest;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::{ChannelError, provider};

/// A server's TLS key.
pub struct Identity(KeyPair);

impl Identity {
    /// A new ECDSA P-256 key.
    ///
    /// # Errors
    /// [`ChannelError::Identity`].
    pub fn generate() -> Result<Self, ChannelError> {
        Ok(Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?))
    }

    /// Reads a `PRIVATE KEY` PEM.
    ///
    /// # Errors
    /// [`ChannelError::Identity`].
    pub fn from_pem(pem: &str) -> Result<Self, ChannelError> {
        Ok(Self(KeyPair::from_pem(pem)?))
    }

    /// The key as a `PRIVATE KEY` PEM, for the file that keeps it.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.serialize_pem())
    }

    /// What clients are pinned to: SHA-256 of the DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn pin(&self) -> Digest {
        Digest::of(&self.0.subject_public_key_info())
    }

    pub(crate) fn server_config(&self) -> Result<ServerConfig, ChannelError> {
        let certificate =
            CertificateParams::new(vec!["cloister".to_owned()])?.self_signed(&self.0)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.0.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate)], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    pub(crate) fn acceptor(&self) -> Result<tokio_rustls::TlsAcceptor, ChannelError> {
        Ok(tokio_rustls::TlsAcceptor::from(Arc::new(self.server_config()?)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.pin())
    }
}
