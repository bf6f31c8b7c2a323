//! The services' own keys: made at the first start, kept in files that only the node may read.

use std::fs;
use std::io;
use std::path::Path;

use channel::Identity;
use domain::keys::SecretKey;
use getrandom::SysRng;
use seal::SealingSecretKey;
use seal::rand_core::UnwrapErr;
use zeroize::Zeroizing;

use super::folder::write_private;
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
    /// Reads the keys of `folder`, making those that are missing.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn open(folder: &NodeFolder) -> Result<Self, NodeError> {
        let keys = folder.keys();
        Ok(Self {
            log: signing(&keys.join("log.pem"))?,
            airlock_signing: signing(&keys.join("airlock-signing.pem"))?,
            broker_sealing: sealing(&keys.join("broker-sealing.key"))?,
            airlock_sealing: sealing(&keys.join("airlock-sealing.key"))?,
            broker_tls: tls(&keys.join("broker-tls.pem"))?,
            airlock_tls: tls(&keys.join("airlock-tls.pem"))?,
            control_tls: tls(&keys.join("control-tls.pem"))?,
        })
    }
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
    match read(path)? {
        Some(pem) => SecretKey::from_pem(&pem).map_err(bad),
        None => {
            let key = draw_signing_key()?;
            write_private(path, key.to_pem().map_err(bad)?.as_bytes())?;
            Ok(key)
        }
    }
}

fn sealing(path: &Path) -> Result<SealingSecretKey, NodeError> {
    let bad = |_| NodeError::Key(path.to_owned());
    match read(path)? {
        Some(text) => SealingSecretKey::from_key_file(&text).map_err(bad),
        None => {
            let key = SealingSecretKey::draw(&mut UnwrapErr(SysRng)).map_err(bad)?;
            write_private(path, key.to_key_file().as_bytes())?;
            Ok(key)
        }
    }
}

fn tls(path: &Path) -> Result<Identity, NodeError> {
    match read(path)? {
        Some(pem) => Identity::from_pem(&pem).map_err(|_| NodeError::Key(path.to_owned())),
        None => {
            let identity = Identity::generate()?;
            write_private(path, identity.to_pem().as_bytes())?;
            Ok(identity)
        }
    }
}

fn read(path: &Path) -> Result<Option<Zeroizing<String>>, NodeError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(NodeError::File(path.to_owned(), error)),
    }
}
