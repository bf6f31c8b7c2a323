//! What `[stamps]` asks for: the log is stamped every hour, and each export leaves with a sigstore bundle
//! that is stamped before. Receivers of bundles are given `trusted_root.json` and `bundles.pub`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use airlock::{Publication, StampError};
use bundle::verify_stamp;
use domain::{Digest, Reason as _};
use ledger::Ledger;
use timestamp::Stamped;
use tokio::runtime::Handle;

use super::folder::write_public;
use super::keys::bundle_key;
use super::stamps::Stamper;
use super::trusted_root::TrustedRootFile;
use super::{NodeError, NodeFolder, StampsConfig, now};
use crate::cli::{chain, say};
use crate::stamping::{StampFolder, TimeAuthority};

/// Stamps what exports publish.
struct Publisher {
    authority: TimeAuthority,
    root: Arc<TrustedRootFile>,
    runtime: Handle,
}

/// What stamps the log, and how exports are published, for whose stamp the authority has as long as
/// `patience` ([`PATIENCE`]); what receivers need is written to `folder`.
///
/// # Errors
/// [`NodeError`]: certificate files, the address, the key, or the files cannot be used. Whether the authority
/// answers is not asked.
pub(super) fn open(
    config: &StampsConfig,
    folder: &NodeFolder,
    ledger: &Ledger,
    patience: Duration,
) -> Result<(Stamper, Publication), NodeError> {
    let authority = config.authority()?;
    let log_folder = folder.ledger().join("log");
    let key = bundle_key(folder, ledger)?;
    write_public(&folder.bundle_key_file(), key.public_pem().as_bytes())?;
    let stamps = kept(&authority, ledger, &log_folder)?;
    let log = ledger.key().clone();
    let root = TrustedRootFile::create(folder.trusted_root_file(), log.clone(), &stamps)?;
    let root = Arc::new(root);
    let publisher = Publisher {
        authority: authority.clone().within(patience),
        root: Arc::clone(&root),
        runtime: Handle::current(),
    };
    let stamp = move |signature: &[u8]| -> Result<Vec<u8>, StampError> {
        publisher.stamp(signature).map_err(|error| {
            // Who asked for the export is told that there was none; why is the operator's affair.
            say(&format!("alarm     no time stamp: {} ({})", chain(&error), error.reason()));
            error.into()
        })
    };
    let stamper = Stamper::new(authority, config.every, &log_folder, log, root)
        .of_cosigned(ledger.policy().cloned());
    Ok((stamper, Publication::Bundles { key, stamp: Box::new(stamp) }))
}

/// The stamps on everything that was published, and on the newest stamped checkpoint.
fn kept(
    authority: &TimeAuthority,
    ledger: &Ledger,
    log_folder: &Path,
) -> Result<Vec<Stamped>, NodeError> {
    // Without it the next stamp says who stamps; that the folder cannot be read is told every hour.
    let newest = StampFolder::new(&log_folder.join("stamps")).last().ok().flatten();
    let newest = newest.and_then(|kept| {
        authority.verify(&Digest::of(kept.note.as_bytes()), &kept.response, now()).ok()
    });
    let (mut stamps, mut lost) = (Vec::from_iter(newest), Vec::new());
    for (index, signature) in ledger.signatures()? {
        let signature = signature.signature.as_der();
        let verified = ledger
            .stamp(signature)
            .map_err(NodeError::from)
            .and_then(|stamp| Ok(authority.verify(&Digest::of(signature), &stamp, now())?));
        match verified {
            Ok(stamped) => stamps.push(stamped),
            Err(error) => lost.push((index, error)),
        }
    }
    if let Some((index, error)) = lost.first() {
        say(&format!(
            "alarm     {} bundles have no time stamp under the roots of [stamps]; the first is entry {index}: \
             {} ({})",
            lost.len(),
            chain(error),
            error.reason()
        ));
    }
    Ok(stamps)
}

impl Publisher {
    /// The authority's response for a signature, once its receivers can believe it. It waits for the
    /// authority: called on a blocking thread, as the airlock does all of its work.
    fn stamp(&self, signature: &[u8]) -> Result<Vec<u8>, NodeError> {
        let digest = Digest::of(signature);
        let stamp = self.runtime.block_on(self.authority.stamp(&digest, now))?;
        // CRASH: an authority is listed that stamped nothing which left.
        let root = self.root.note(&stamp.stamped)?;
        verify_stamp(&stamp.response, signature, &root).map_err(NodeError::Stamp)?;
        Ok(stamp.response)
    }
}

/// While the authority is asked no other output is decided about, and control gives a release up after half a
/// minute, in which witnesses are asked too.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
