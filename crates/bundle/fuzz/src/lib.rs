//! What the fuzz targets share: a bundle that is right, and whom its receivers believe.

#[path = "../../../evidence/fuzz/src/input.rs"]
pub mod input;

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use bundle::write::{Draft, SigningKey, TimeAuthority, TrustedRoot};
use bundle::{Artifact, BundleError, Published, Signer, verify_published};
use domain::keys::SecretKey;
use domain::{Digest, Timestamp};
use testkit::stamps::{Forge, KeyKind};
use tlog::{LeafProof, Log, VerifierKey};
use tlog_files::FileStore;
use zeroize::Zeroizing;

pub use input::{edited, joined, parts};

/// What was signed.
pub const ARTIFACT: &[u8] = b"region;count\nnorth;12\n";
const NONCE: [u8; 8] = [0x11; 8];

/// A bundle with all that a receiver has.
pub struct Right {
    /// The bundle.
    pub bundle: String,
    /// The trusted root.
    pub root: String,
    /// The key that signed (PEM).
    pub key: String,
    /// Some time after its stamp.
    pub now: Timestamp,
}

/// The right one of this run.
pub static RIGHT: LazyLock<Right> = LazyLock::new(right);

/// The verdict on a bundle of the artifact, signed with the right key.
///
/// # Errors
/// Those of the library.
pub fn judged(bundle: &str, artifact: &[u8], root: &str) -> Result<Published, BundleError> {
    let signer = Signer::Key(&RIGHT.key);
    verify_published(bundle, Artifact::Bytes(artifact), &signer, root, RIGHT.now)
}

fn right() -> Right {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
    let key = SigningKey::from_pkcs8(pkcs8.expect("a key").as_ref()).expect("a key");
    let draft = key.sign_file(Digest::of(ARTIFACT)).expect("a signature");
    let forge = Forge::new("2026-01-01T00:00:00Z".parse().expect("a time")).expect("keys");
    let plan = forge.plan(&Digest::of(draft.signature()), &NONCE, KeyKind::P256);
    let forged = forge.carry_out(&plan).expect("signatures");
    let secret = SecretKey::from_seed(&Zeroizing::new([9; 32]));
    let log = VerifierKey::new("log.example/audit", secret.public()).expect("a log's key");
    let proof = logged(&draft, log.origin(), secret);
    let [root, middle, signer] = forged.certificates;
    let authority =
        TimeAuthority { name: "stamps.example".to_owned(), certificates: vec![signer, middle, root] };
    let since = "2026-01-01T00:00:00Z".parse().expect("a time");
    let root = TrustedRoot { log: &log, authorities: &[authority], since };
    Right {
        bundle: draft.bundle(&log, &proof, &[forged.response]).expect("a bundle"),
        root: root.to_json(),
        key: key.public_pem(),
        now: forge.time().plus_seconds(600),
    }
}

fn logged(draft: &Draft, origin: &str, secret: SecretKey) -> LeafProof {
    let folder = tempfile::tempdir().expect("a folder");
    let store = FileStore::open(&folder.path().join("log"), &folder.path().join("cell"));
    let mut log = Log::open(store.expect("a log"), origin, secret).expect("a log");
    let leaf = draft.leaf().to_leaf().expect("a leaf");
    let leaves = [b"before".to_vec(), leaf, b"after".to_vec()];
    log.append(&leaves).expect("an append");
    log.prove(1).expect("a proof")
}
