//! The sigstore bundle that was published with an export.

use bundle::{Artifact, Published, Signer, verify_published};
use domain::Timestamp;

use super::{ExportError, VerifiedExport};

/// Checks that `bundle` is about this very export: that the holder of `key` (`PUBLIC KEY` PEM) signed
/// the receipt's statement, recorded it in a log of `trusted_root` and had it stamped by `now`.
///
/// # Errors
/// [`ExportError::Bundle`] with the bundle's own reason, [`ExportError::Mismatch`] if it holds but is
/// about another receipt.
pub fn verify_bundle(
    export: &VerifiedExport,
    bundle: &str,
    key: &str,
    trusted_root: &str,
    now: Timestamp,
) -> Result<Published, ExportError> {
    let mut found = Err(ExportError::Mismatch("bundle"));
    for content in export.files().values() {
        let artifact = Artifact::Bytes(content);
        let published = verify_published(bundle, artifact, &Signer::Key(key), trusted_root, now)
            .map_err(ExportError::Bundle)?;
        if published.statement != Some(export.statement()) {
            return Err(ExportError::Mismatch("bundle"));
        }
        found = Ok(published);
    }
    found
}
