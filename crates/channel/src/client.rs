//! Clients that accept one server key and no other.

use std::sync::Arc;

use domain::Digest;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use x509_cert::der::{Decode as _, Encode as _};

use crate::{ChannelError, provider};

/// A rustls configuration that accepts only the server whose key has this `pin`.
///
/// # Errors
/// [`ChannelError::Configuration`].
pub fn client_config(pin: Digest) -> Result<ClientConfig, ChannelError> {
    let provider = provider();
    let verifier = PinnedKey { pin, provider: Arc::clone(&provider) };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous() // the verifier below is stricter than a chain: one key, named in advance
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// An HTTPS client for the server whose key has this `pin`. It follows no redirect and uses no proxy.
///
/// # Errors
/// [`ChannelError`].
pub fn http_client(pin: Digest) -> Result<reqwest::Client, ChannelError> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(client_config(pin)?)
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?)
}

/// A client for servers whose key is not known in advance: over HTTPS with a certificate by an authority
/// that the operating system trusts, or over plain HTTP. For what carries its own signature. It follows no
/// redirect and uses no proxy.
///
/// # Errors
/// [`ChannelError`].
pub fn web_client() -> Result<reqwest::Client, ChannelError> {
    // Fails only if there is a provider already, which then is the one to use.
    let _present = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    Ok(builder.no_proxy().build()?)
}

/// Accepts the one certificate whose public key has the pinned digest, and checks that the peer
/// holds the private key by the handshake's signature.
#[derive(Debug)]
struct PinnedKey {
    pin: Digest,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedKey {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let malformed = |_| Error::InvalidCertificate(rustls::CertificateError::BadEncoding);
        let certificate = x509_cert::Certificate::from_der(end_entity).map_err(malformed)?;
        let key =
            certificate.tbs_certificate().subject_public_key_info().to_der().map_err(malformed)?;
        if Digest::of(&key) == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::PeerIncompatible(rustls::PeerIncompatible::Tls12NotOffered))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
