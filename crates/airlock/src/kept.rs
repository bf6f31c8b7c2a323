//! A delivery as the ledger keeps it: without its launch manifest, which names the author and which
//! the ledger has as an object of its own, so that it can be erased by itself.

use domain::{Digest, canonical};
use ledger::Ledger;
use wire::airlock::SealedOutput;

use crate::AirlockError;
use crate::chain::read;

/// The bytes to keep of a delivery.
pub(crate) fn to_keep(sealed: &SealedOutput) -> Result<Vec<u8>, AirlockError> {
    let bare = SealedOutput { initdata: Vec::new(), ..sealed.clone() };
    canonical::to_vec(&bare).map_err(AirlockError::Malformed)
}

/// The ciphertext of the kept delivery `object`.
pub(crate) fn ciphertext(ledger: &Ledger, object: &Digest) -> Result<Vec<u8>, AirlockError> {
    Ok(read::<SealedOutput>(ledger, Some(object))?.sealed)
}

/// The kept delivery `object` of the launch whose manifest is `manifest`, as it was delivered.
pub(crate) fn delivered(
    ledger: &Ledger,
    object: &Digest,
    manifest: &Digest,
) -> Result<SealedOutput, AirlockError> {
    let bare: SealedOutput = read(ledger, Some(object))?;
    Ok(SealedOutput { initdata: ledger.object(manifest)?, ..bare })
}
