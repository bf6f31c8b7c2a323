//! When was the signature made, at the latest? Somebody who is trusted must have seen it: a time
//! stamp authority (RFC 3161), or a log of Rekor v1 by its promise.

use jiff::Timestamp;
use sigstore_verify::crypto::{sha256, sha384, sha512};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::tsa::{Error, verify_timestamp_for_authority};
use sigstore_verify::types::{SignatureBytes, TimestampToken, TsaAuthority};

use crate::BundleError;
use crate::log::promised_time;
use crate::parse::Parsed;
use crate::signed::Verifier;

/// The times of all time stamps. One that does not hold refuses the bundle, whatever others say.
pub(crate) fn stamps(parsed: &Parsed, root: &TrustedRoot) -> Result<Vec<Timestamp>, BundleError> {
    let signature = SignatureBytes::from_bytes(parsed.content.signature());
    let authorities = root.tsa_authorities();
    parsed.stamps.iter().map(|stamp| stamp_time(stamp, &signature, &authorities)).collect()
}

pub(crate) fn stamp_time(
    stamp: &[u8],
    signature: &SignatureBytes,
    authorities: &[TsaAuthority],
) -> Result<Timestamp, BundleError> {
    let token = TimestampToken::new(stamp.to_vec());
    let mut refusal = BundleError::TimestampUntrusted(None);
    for authority in authorities {
        match verify_timestamp_for_authority(&token, signature, authority) {
            Ok(time) => return Ok(time),
            // This authority did sign it, so no other one did.
            Err(Error::TimestampOutsideValidity { time }) => {
                return Err(BundleError::TimestampValidity(time.to_string()));
            }
            Err(error) => refusal = refused(error, signature),
        }
    }
    Err(refusal)
}

fn refused(error: Error, signature: &SignatureBytes) -> BundleError {
    match error {
        // The library compares two hashes: the stamped one with that of the signature, and one
        // inside the token. Only the former is about what was stamped.
        Error::HashMismatch { actual, .. } if is_hash_of(&actual, signature) => {
            BundleError::TimestampMismatch
        }
        Error::Parse(_) | Error::NoTstInfo => BundleError::TimestampMalformed(error.into()),
        _ => BundleError::TimestampUntrusted(Some(error.into())),
    }
}

fn is_hash_of(hex: &str, signature: &SignatureBytes) -> bool {
    let bytes = signature.as_bytes();
    [sha256(bytes).to_hex(), sha384(bytes).to_hex(), sha512(bytes).to_hex()]
        .iter()
        .any(|hash| hash == hex)
}

/// Every time that somebody trusted vouches for.
pub(crate) fn all(parsed: &Parsed, stamps: &[Timestamp]) -> Result<Vec<Timestamp>, BundleError> {
    let mut times = stamps.to_vec();
    for entry in &parsed.entries {
        times.extend(promised_time(entry)?);
    }
    times.sort_unstable();
    times.dedup();
    Ok(times)
}

/// Checks the times against each other's bounds: there is one, none is still to come, and at each
/// the certificate was valid.
pub(crate) fn verify(
    times: &[Timestamp],
    verifier: &Verifier,
    now: Timestamp,
) -> Result<(), BundleError> {
    if times.is_empty() {
        return Err(BundleError::NoTime);
    }
    if let Some(time) = times.iter().find(|&&time| time > now) {
        return Err(BundleError::TimeFuture(time.to_string()));
    }
    let Verifier::Certificate { info, .. } = verifier else { return Ok(()) };
    match times.iter().find(|&&time| time < info.not_before || time > info.not_after) {
        Some(time) => Err(BundleError::CertificateValidity {
            time: time.to_string(),
            from: info.not_before.to_string(),
            until: info.not_after.to_string(),
        }),
        None => Ok(()),
    }
}
