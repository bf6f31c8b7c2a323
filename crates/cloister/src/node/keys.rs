//! The services' own keys: made at the first start, kept in files that only the node may read.

use std::fs;
use std::io;
use std::path::Path;

use bundle::write::SigningKey;
use channel::Identity;
use domain::keys::SecretKey;
use getrandom::SysRng;
use ledger::Ledger;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use seal::SealingSecretKey;
use seal::rand_core::UnwrapErr;
use zeroize::Zeroizing;

use super::folder::{sync_folder_of, write_first};
use super::{NodeError, NodeFolder};

/// Every private key of a node.
#[derive(Debug)]
pub struct Keys {
    /// Signs the log's checkpoints.
    pub log: SecretKey,
    /// Signs receipts.
    pub airlock_signing: SecretKey,
    /// Opens wrapped dataset keys.
    pub broker_sealing: SealingSecretKey,
    /// Opens sealed outputs.
    pub airlock_sealing: SealingSecretKey,
    /// The broker's TLS key.
    pub broker_tls: Identity,
    /// The airlock's TLS key.
    pub airlock_tls: Identity,
    /// Control's TLS key.
    pub control_tls: Identity,
}

impl Keys {
    /// Reads the keys of `folder`. Those that are missing are made, unless the folder's log shows that
    /// they once were there: new ones would open nothing that was sealed to the old.
    ///
    /// # Errors
    /// [`NodeError::Key`] for a key that is lost or unreadable.
    pub fn open(folder: &NodeFolder) -> Result<Self, NodeError> {
        let keys = folder.keys();
        if folder.ledger().join("log/checkpoint").exists()
            && let Some(lost) = FILES.iter().map(|name| keys.join(name)).find(|path| !path.exists())
        {
            return Err(NodeError::Key(lost));
        }
        let [
            log,
            airlock_signing,
            broker_sealing,
            airlock_sealing,
            broker_tls,
            airlock_tls,
            control_tls,
        ] = FILES.map(|name| keys.join(name));
        Ok(Self {
            log: signing(&log)?,
            airlock_signing: signing(&airlock_signing)?,
            broker_sealing: sealing(&broker_sealing)?,
            airlock_sealing: sealing(&airlock_sealing)?,
            broker_tls: tls(&broker_tls)?,
            airlock_tls: tls(&airlock_tls)?,
            control_tls: tls(&control_tls)?,
        })
    }
}

/// The key that signs bundles of exports, P-256. It is made where there is none, since nodes of before had
/// none, unless the log shows a bundle: receivers were given the public half then, so another key is the
/// operator's decision (docs/operating.md).
///
/// # Errors
/// [`NodeError::Key`] for a key that is lost or unreadable, [`NodeError::Ledger`].
pub(super) fn bundle_key(folder: &NodeFolder, ledger: &Ledger) -> Result<SigningKey, NodeError> {
    let path = folder.keys().join(BUNDLES);
    let bad = || NodeError::Key(path.clone());
    let pem = kept(&path, || {
        if !ledger.signatures()?.is_empty() {
            return Err(bad());
        }
        let made = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256);
        let made = Zeroizing::new(made.map_err(|_| NodeError::Random)?);
        Ok(Zeroizing::new(made.serialize_pem()))
    })?;
    let pair = Zeroizing::new(KeyPair::from_pem(&pem).map_err(|_| bad())?);
    let der = Zeroizing::new(pair.serialize_der());
    SigningKey::from_pkcs8(&der).map_err(|_| bad())
}

/// A new Ed25519 key.
///
/// # Errors
/// [`NodeError::Random`].
pub(crate) fn draw_signing_key() -> Result<SecretKey, NodeError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|_| NodeError::Random)?;
    Ok(SecretKey::from_seed(&seed))
}

fn signing(path: &Path) -> Result<SecretKey, NodeError> {
    let bad = |_| NodeError::Key(path.to_owned());
    let pem = kept(path, || draw_signing_key()?.to_pem().map_err(bad))?;
    SecretKey::from_pem(&pem).map_err(bad)
}

fn sealing(path: &Path) -> Result<SealingSecretKey, NodeError> {
    let bad = |_| NodeError::Key(path.to_owned());
    let draw = || SealingSecretKey::draw(&mut UnwrapErr(SysRng)).map_err(bad);
    let text = kept(path, || Ok(draw()?.to_key_file()))?;
    SealingSecretKey::from_key_file(&text).map_err(bad)
}

fn tls(path: &Path) -> Result<Identity, NodeError> {
    let pem = kept(path, || Ok(Identity::generate()?.to_pem()))?;
    Identity::from_pem(&pem).map_err(|_| NodeError::Key(path.to_owned()))
}

/// The key at `path`. Where there is none a new one is kept, unless another process was faster: both then
/// have the same, of which only one will get at the log.
fn kept(
    path: &Path,
    make: impl FnOnce() -> Result<Zeroizing<String>, NodeError>,
) -> Result<Zeroizing<String>, NodeError> {
    if let Some(key) = read(path)? {
        // Whoever made it may have ended before its name was durable.
        sync_folder_of(path).map_err(|error| NodeError::File(path.to_owned(), error))?;
        return Ok(key);
    }
    write_first(path, make()?.as_bytes())?;
    read(path)?.ok_or_else(|| NodeError::Key(path.to_owned()))
}

fn read(path: &Path) -> Result<Option<Zeroizing<String>>, NodeError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(NodeError::File(path.to_owned(), error)),
    }
}

const BUNDLES: &str = "bundles.pem";

/// In the order of [`Keys`].
const FILES: [&str; 7] = [
    "log.pem",
    "airlock-signing.pem",
    "broker-sealing.key",
    "airlock-sealing.key",
    "broker-tls.pem",
    "airlock-tls.pem",
    "control-tls.pem",
];

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    #[test]
    fn two_first_starts_have_the_same_keys() {
        for _ in 0..20 {
            let place = tempfile::tempdir().unwrap();
            let folder = NodeFolder::open(place.path()).unwrap();
            let barrier = std::sync::Barrier::new(2);
            let open = || {
                barrier.wait();
                let keys = Keys::open(&folder).unwrap();
                (keys.log.public(), keys.broker_sealing.public().to_string(), keys.broker_tls.pin())
            };
            let (one, two) = std::thread::scope(|scope| {
                let one = scope.spawn(open);
                (open(), one.join().unwrap())
            });
            assert_eq!(one, two);
            assert_eq!(fs::read_dir(folder.keys()).unwrap().count(), FILES.len());
        }
    }

    #[test]
    fn a_lost_key_is_not_replaced_once_something_rests_on_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = NodeFolder::open(place.path()).unwrap();
        let first = Keys::open(&folder).unwrap().log.public();
        assert_eq!(Keys::open(&folder).unwrap().log.public(), first);
        fs::create_dir_all(folder.ledger().join("log")).unwrap();
        fs::write(folder.ledger().join("log/checkpoint"), "").unwrap();
        fs::remove_file(folder.keys().join("broker-sealing.key")).unwrap();
        assert_eq!(Keys::open(&folder).unwrap_err().reason(), "node.key");
        assert!(!folder.keys().join("broker-sealing.key").exists());
    }
}
