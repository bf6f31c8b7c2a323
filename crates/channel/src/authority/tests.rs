use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use super::*;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer() -> Issuer {
    named_issuer("authority")
}

fn named_issuer(name: &str) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificate and key, PEM.
fn issued(issuer: &Issuer, name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// A server that asks for a certificate of `clients`, if given, and says "hello".
async fn server((certificate, key): (String, String), clients: Option<&Issuer>) -> u16 {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(issuer) => {
            let mut roots = RootCertStore::empty();
            roots.add(issuer.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            stream.write_all(b"hello").await.unwrap();
            let _gone = stream.shutdown().await;
        }
    });
    port
}

/// What a server says, or why not.
async fn asked(authorities: &Authorities, host: &str, port: u16) -> Result<String, String> {
    let mut stream = authorities.connect(host, port).await.map_err(|error| format!("{error:?}"))?;
    let mut said = String::new();
    stream.read_to_string(&mut said).await.map_err(|error| error.to_string())?;
    Ok(said)
}

#[tokio::test]
async fn a_server_is_believed_under_the_given_roots_and_its_own_name_alone() {
    let (ours, other) = (issuer(), named_issuer("another"));
    let believed = Authorities::new(ours.pem().as_bytes(), None).unwrap();
    let port = server(issued(&ours, "127.0.0.1"), None).await;
    assert_eq!(asked(&believed, "127.0.0.1", port).await.unwrap(), "hello");
    // The certificate is for the address, not for this name of it.
    let refused = asked(&believed, "localhost", port).await.unwrap_err();
    assert!(refused.contains("NotValidForName"), "{refused}");
    let stranger = server(issued(&other, "127.0.0.1"), None).await;
    let refused = asked(&believed, "127.0.0.1", stranger).await.unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
}

#[tokio::test]
async fn a_client_shows_its_certificate_where_it_is_asked_for() {
    let ours = issuer();
    let port = server(issued(&ours, "127.0.0.1"), Some(&ours)).await;
    let without = Authorities::new(ours.pem().as_bytes(), None).unwrap();
    let refused = asked(&without, "127.0.0.1", port).await.unwrap_err();
    assert!(refused.contains("CertificateRequired"), "{refused}");
    let (chain, key) = issued(&ours, "forwarder");
    let client = ClientCertificate { chain: chain.as_bytes(), key: key.as_bytes() };
    let with = Authorities::new(ours.pem().as_bytes(), Some(client)).unwrap();
    assert_eq!(asked(&with, "127.0.0.1", port).await.unwrap(), "hello");
}

#[test]
fn files_that_hold_no_certificate_are_refused() {
    let (chain, key) = issued(&issuer(), "forwarder");
    for roots in ["", "nothing", &key] {
        let refused = Authorities::new(roots.as_bytes(), None).unwrap_err();
        assert!(matches!(refused, ChannelError::Certificates { what: "certificates" }));
    }
    let client = ClientCertificate { chain: chain.as_bytes(), key: chain.as_bytes() };
    let refused = Authorities::new(chain.as_bytes(), Some(client)).unwrap_err();
    assert!(matches!(refused, ChannelError::Certificates { what: "client's private key" }));
}

/// What the server does with a connection after the handshake.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    ReadsAllAndEnds,
    ReadsAllAndDrops,
    ReadsSomeAndEnds,
    EndsFirst,
}

/// A server of that manner; it notifies of each end of its own.
async fn mannered(issuer: &Issuer, manner: Manner) -> (u16, Arc<Notify>) {
    let (certificate, key) = issued(issuer, "127.0.0.1");
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let ended = Arc::new(Notify::new());
    let ends = Arc::clone(&ended);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut some = [0; 100];
            match manner {
                Manner::EndsFirst => {}
                Manner::ReadsSomeAndEnds => assert!(stream.read(&mut some).await.unwrap() > 0),
                Manner::ReadsAllAndEnds | Manner::ReadsAllAndDrops => {
                    while stream.read(&mut some).await.unwrap() > 0 {}
                }
            }
            if manner != Manner::ReadsAllAndDrops {
                let _reset = stream.shutdown().await;
            }
            drop(stream);
            ends.notify_one();
        }
    });
    (port, ended)
}

#[tokio::test]
async fn only_what_was_read_to_the_end_counts() {
    use Manner::{EndsFirst, ReadsAllAndDrops, ReadsAllAndEnds, ReadsSomeAndEnds};
    let issuer = issuer();
    let believed = Authorities::new(issuer.pem().as_bytes(), None).unwrap();
    for (manner, length) in [
        (ReadsAllAndEnds, 1),
        (ReadsAllAndEnds, 1_000_000),
        (ReadsAllAndDrops, 1),
        (ReadsAllAndDrops, 1_000_000),
        (ReadsSomeAndEnds, 1_000_000),
        (EndsFirst, 1),
        (EndsFirst, 1_000_000),
    ] {
        let (port, ended) = mannered(&issuer, manner).await;
        for _ in 0..20 {
            let stream = believed.connect("127.0.0.1", port).await.unwrap();
            if manner == EndsFirst {
                // Its `close_notify` is there before anything is sent.
                ended.notified().await;
            }
            let sent = send_and_close(stream, &vec![b'x'; length]).await;
            let kind = sent.as_ref().map_err(io::Error::kind);
            use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected, UnexpectedEof};
            let expected: &[_] = match manner {
                ReadsAllAndEnds => &[Ok(&())],
                ReadsAllAndDrops => &[Err(UnexpectedEof)],
                _ => &[Err(BrokenPipe), Err(ConnectionReset), Err(NotConnected)],
            };
            assert!(expected.contains(&kind), "{manner:?} {length}: {sent:?}");
        }
    }
}
