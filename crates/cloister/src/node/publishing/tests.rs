//! A ledger, `openssl ts` over HTTP, and what receivers are given.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;

use domain::event::{Action, Actor, Event};
use ledger::Draft;
use serde_json::Value;
use testkit::loopback::own_address;
use testkit::stamps::OpensslAuthority;

use super::*;
use crate::node::Keys;

/// Longer than an authority takes on a busy machine.
const LONG: Duration = Duration::from_secs(240);
const P256: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// A node's folder.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> NodeFolder {
        NodeFolder::open(&self.0.path().join("node")).unwrap()
    }

    fn ledger(&self) -> Ledger {
        let keys = Keys::open(&self.folder()).unwrap();
        Ledger::open(&self.folder().ledger_folders(), "example.org/log", keys.log).unwrap()
    }

    /// An authority in a folder of its own.
    fn authority(&self, name: &str) -> (OpensslAuthority, SocketAddr) {
        let authority = self.created(name).in_whole_seconds().unwrap();
        let address = authority.clone().serve().unwrap();
        (authority, address)
    }

    fn created(&self, name: &str) -> OpensslAuthority {
        let folder = self.0.path().join(name);
        fs::create_dir(&folder).unwrap();
        OpensslAuthority::create(&folder, &P256).unwrap()
    }

    /// Believes the roots of all of `authorities` and asks at `address`.
    fn config(&self, authorities: &[&OpensslAuthority], address: SocketAddr) -> StampsConfig {
        let roots = self.0.path().join("roots.pem");
        let pem: Vec<_> = authorities.iter().map(|one| one.root().unwrap()).collect();
        fs::write(&roots, pem.concat()).unwrap();
        let every = Duration::from_secs(3600);
        StampsConfig { url: format!("http://{address}/"), roots, certificates: None, every }
    }

    fn root(&self) -> String {
        fs::read_to_string(self.folder().trusted_root_file()).unwrap()
    }

    /// How many authorities receivers believe.
    fn believed(&self) -> usize {
        let root: Value = serde_json::from_str(&self.root()).unwrap();
        root["timestampAuthorities"].as_array().unwrap().len()
    }
}

/// Publishes a signature as a release does; its stamp.
async fn publish(publication: Publication, ledger: &Ledger) -> Result<Vec<u8>, &'static str> {
    let Publication::Bundles { key, stamp } = publication else { panic!("nothing is published") };
    let signed = key.sign_statement(b"{}").unwrap();
    let signature = signed.signature().to_vec();
    let stamped = tokio::task::spawn_blocking(move || stamp(&signature)).await.unwrap();
    let stamp = stamped.map_err(|error| error.downcast_ref::<NodeError>().unwrap().reason())?;
    ledger.keep_stamp(signed.signature(), &stamp).unwrap();
    let event = Event::accepted(Action::OutputExported, Digest::of(b"receipt"));
    let draft = Draft { actor: Actor::Airlock, time: now(), person: None, event };
    ledger.record_published(draft, signed.leaf().clone(), ()).unwrap();
    Ok(stamp)
}

#[tokio::test]
async fn receivers_know_who_stamped_before_they_get_what_was_stamped() {
    let scene = Scene::new();
    let ledger = scene.ledger();
    let (first, address) = scene.authority("first");
    let config = scene.config(&[&first], address);
    let open = |config: &StampsConfig| open(config, &scene.folder(), &ledger, LONG).unwrap().1;
    let publication = open(&config);
    assert_eq!(scene.believed(), 0);
    let public = fs::read_to_string(scene.folder().bundle_key_file()).unwrap();
    let private = scene.folder().keys().join("bundles.pem");
    assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
    publish(publication, &ledger).await.unwrap();
    assert_eq!(scene.believed(), 1);

    // The next start makes the same of what is kept, and another authority stands beside the first.
    let root = scene.root();
    fs::remove_file(scene.folder().trusted_root_file()).unwrap();
    open(&config);
    assert_eq!(scene.root(), root);
    let (second, address) = scene.authority("second");
    let both = scene.config(&[&first, &second], address);
    let stamp = publish(open(&both), &ledger).await.unwrap();
    assert_eq!(scene.believed(), 2);
    let (_, signature) = ledger.signatures().unwrap().pop().unwrap();
    verify_stamp(&stamp, signature.signature.as_der(), &scene.root()).unwrap();
    // Whose root is not believed any more is not in it.
    open(&scene.config(&[&second], address));
    assert_eq!(scene.believed(), 1);
    assert_eq!(fs::read_to_string(scene.folder().bundle_key_file()).unwrap(), public);
}

#[tokio::test]
async fn nothing_is_stamped_by_who_is_away_or_not_believed() {
    let scene = Scene::new();
    let ledger = scene.ledger();
    let (authority, address) = scene.authority("authority");
    let gone = own_address().unwrap();
    let refused = async |address| {
        let config = scene.config(&[&authority], address);
        let (_, publication) = open(&config, &scene.folder(), &ledger, LONG).unwrap();
        publish(publication, &ledger).await.err()
    };
    assert_eq!(refused(gone).await, Some("timestamp.unreachable"));
    // Accepts, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = scene.config(&[&authority], silent.local_addr().unwrap());
    let hurried = config.authority().unwrap().within(Duration::from_millis(20));
    let waited = hurried.stamp(&Digest::of(b"signature"), now).await;
    assert_eq!(waited.unwrap_err().reason(), "timestamp.unreachable");
    let (_, other) = scene.authority("other");
    assert_eq!(refused(other).await, Some("timestamp.chain"));
    assert_eq!((scene.believed(), ledger.signatures().unwrap()), (0, vec![]));
    assert_eq!(refused(address).await, None);
}

#[tokio::test]
async fn nothing_is_published_with_a_stamp_that_receivers_cannot_read() {
    let scene = Scene::new();
    let ledger = scene.ledger();
    // It says its accuracy in microseconds, which is right, and more than sigstore-tsa reads.
    let authority = scene.created("authority");
    let config = scene.config(&[&authority], authority.clone().serve().unwrap());
    config.authority().unwrap().stamp(&Digest::of(b"signature"), now).await.unwrap();
    let (_, publication) = open(&config, &scene.folder(), &ledger, LONG).unwrap();
    assert_eq!(publish(publication, &ledger).await, Err("bundle.timestamp-malformed"));
    assert_eq!(ledger.signatures().unwrap(), []);
}

#[tokio::test]
async fn a_lost_key_is_not_replaced_once_a_bundle_rests_on_it() {
    let scene = Scene::new();
    let ledger = scene.ledger();
    let (authority, address) = scene.authority("authority");
    let config = scene.config(&[&authority], address);
    let key = scene.folder().keys().join("bundles.pem");
    let open = || open(&config, &scene.folder(), &ledger, LONG).map(|(_, publication)| publication);
    open().unwrap();
    let first = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    // A node from before there were bundles has none, either.
    let publication = open().unwrap();
    assert_ne!(fs::read(&key).unwrap(), first);
    publish(publication, &ledger).await.unwrap();
    fs::remove_file(&key).unwrap();
    assert_eq!(open().unwrap_err().reason(), "node.key");
    assert!(!key.exists());
    // The operator's decision, as docs/operating.md has it.
    let made = [&["genpkey", "-out", "../node/keys/bundles.pem"][..], &P256].concat();
    authority.openssl(&made).unwrap();
    publish(open().unwrap(), &ledger).await.unwrap();
    for other in ["-algorithm ED25519", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"] {
        let made = ["genpkey", "-out", "../node/keys/bundles.pem"].into_iter();
        authority.openssl(&made.chain(other.split(' ')).collect::<Vec<_>>()).unwrap();
        assert_eq!(open().unwrap_err().reason(), "node.key");
    }
}
