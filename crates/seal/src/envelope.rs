//! Sealed envelopes: HPKE base mode (RFC 9180) with X-Wing (KEM 0x647a), HKDF-SHA-256 (0x0001) and
//! AES-256-GCM (0x0002).
//!
//! ```text
//! "cloister-envelope/1\n" | encapsulated key, 1120 bytes | sealed chunk | … | last sealed chunk
//! ```
//! The plaintext is cut into chunks of 1 MiB; each is one HPKE message, 16 bytes longer when
//! sealed. The last is the only one that may be shorter; an empty plaintext is one empty chunk.
//! HPKE counts the messages, so chunks can be neither swapped nor left out; the associated data of
//! a chunk are one byte, 1 for the last chunk and 0 for any other, and the caller's `aad`, so none
//! can be cut off or added at the end.

use hpke::aead::{AeadCtxR, AeadCtxS, AesGcm256};
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

use crate::{CryptoRng, Error, SealingPublicKey, SealingSecretKey};

/// Seals `plaintext` so that only `recipient` can open it, and only with the same `info` (what the
/// envelope is for) and `aad` (what it belongs to).
///
/// # Errors
/// [`Error::EnvelopeFormat`] for a recipient key to which nothing can be sealed.
pub fn seal(
    recipient: &SealingPublicKey,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Error> {
    let (encapsulated, mut context): (_, AeadCtxS<AesGcm256, HkdfSha256, XWing>) =
        hpke::setup_sender_with_rng(&OpModeS::Base, &recipient.0, info, rng)
            .map_err(|_| Error::EnvelopeFormat)?;
    let mut sealed = Vec::with_capacity(PREFIX_BYTES + plaintext.len() + TAG_BYTES);
    sealed.extend_from_slice(MAGIC);
    sealed.extend_from_slice(&encapsulated.to_bytes());
    for (chunk, position) in chunks(plaintext, CHUNK_BYTES) {
        let message = context.seal(chunk, &associated_data(position, aad));
        sealed.extend(message.map_err(|_| Error::EnvelopeFormat)?);
    }
    Ok(sealed)
}

/// Opens what [`seal`] sealed to `key` with the same `info` and `aad`. Nothing is handed out before
/// the last chunk has been checked.
///
/// # Errors
/// [`Error::EnvelopeFormat`] for bytes that are no envelope, [`Error::EnvelopeAuthentication`] if
/// anything of it was altered or key, `info` or `aad` are others.
pub fn open(
    key: &SealingSecretKey,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let rest = sealed.strip_prefix(MAGIC).ok_or(Error::EnvelopeFormat)?;
    let (encapsulated, messages) =
        rest.split_at_checked(ENCAPSULATED_BYTES).ok_or(Error::EnvelopeFormat)?;
    let encapsulated =
        <XWing as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| Error::EnvelopeFormat)?;
    let mut context: AeadCtxR<AesGcm256, HkdfSha256, XWing> =
        hpke::setup_receiver(&OpModeR::Base, &key.0, &encapsulated, info)
            .map_err(|_| Error::EnvelopeAuthentication)?;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(messages.len()));
    for (message, position) in chunks(messages, CHUNK_BYTES + TAG_BYTES) {
        let chunk = context.open(message, &associated_data(position, aad));
        plaintext
            .extend_from_slice(&Zeroizing::new(chunk.map_err(|_| Error::EnvelopeAuthentication)?));
    }
    Ok(plaintext)
}

/// Whether a chunk is the last one.
#[derive(Clone, Copy)]
enum Position {
    Inner = 0,
    Last = 1,
}

/// The chunks of `bytes`, at least one, each with its position.
fn chunks(bytes: &[u8], size: usize) -> impl Iterator<Item = (&[u8], Position)> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let left = rest?;
        let (chunk, position) = match left.split_at_checked(size) {
            Some((chunk, after)) if !after.is_empty() => {
                rest = Some(after);
                (chunk, Position::Inner)
            }
            _ => {
                rest = None;
                (left, Position::Last)
            }
        };
        Some((chunk, position))
    })
}

fn associated_data(position: Position, aad: &[u8]) -> Vec<u8> {
    [&[position as u8], aad].concat()
}

const MAGIC: &[u8] = b"cloister-envelope/1\n";
const ENCAPSULATED_BYTES: usize = 1120;
const PREFIX_BYTES: usize = MAGIC.len() + ENCAPSULATED_BYTES;
const CHUNK_BYTES: usize = 1 << 20;
const TAG_BYTES: usize = 16;

#[cfg(test)]
mod tests;
