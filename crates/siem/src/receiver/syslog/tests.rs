use std::sync::Arc;

use domain::Reason as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::testing::events;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer() -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server for one connection: what it got, and whether it says `close_notify` in the end.
async fn server(issuer: &Issuer, polite: bool) -> (u16, tokio::task::JoinHandle<Vec<u8>>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let chain = vec![params.signed_by(&key, issuer).unwrap().der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut got = Vec::new();
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
            return got;
        };
        stream.read_to_end(&mut got).await.unwrap();
        if polite {
            stream.shutdown().await.unwrap();
        }
        got
    });
    (port, task)
}

fn receiver(issuer: &Issuer, port: u16) -> SyslogReceiver {
    let authorities = Authorities::new(issuer.pem().as_bytes(), None).unwrap();
    SyslogReceiver::new("127.0.0.1", port, authorities, "node.example.org")
}

#[tokio::test]
async fn frames_arrive_whole_and_the_end_is_the_acknowledgement() {
    let issuer = issuer();
    let (port, got) = server(&issuer, true).await;
    receiver(&issuer, port).deliver(&events()).await.unwrap();
    let expected: Vec<u8> =
        events().iter().flat_map(|event| frame(&message(event, "node.example.org"))).collect();
    assert_eq!(got.await.unwrap(), expected);
}

#[tokio::test]
async fn without_close_notify_there_is_no_acknowledgement() {
    let issuer = issuer();
    let (port, got) = server(&issuer, false).await;
    let refused = receiver(&issuer, port).deliver(&events()).await.unwrap_err();
    assert_eq!(refused.reason(), "siem.not-acknowledged");
    assert!(!got.await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_under_another_authority_gets_nothing() {
    let issuer = issuer();
    let (port, got) = server(&issuer, true).await;
    let refused = receiver(&self::issuer(), port).deliver(&events()).await.unwrap_err();
    assert_eq!(refused.reason(), "siem.certificate");
    assert!(got.await.unwrap().is_empty());
    // Nobody listens any more.
    let refused = receiver(&issuer, port).deliver(&events()).await.unwrap_err();
    assert_eq!(refused.reason(), "siem.unreachable");
}
