//! Encrypting a resource to an enclave's key: JWE (RFC 7516) in the flattened form of the KBS
//! protocol, `ECDH-ES+A256KW` with `A256GCM` (RFC 7518 §4.6, §5.3).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, EphemeralPrivateKey, agree_ephemeral};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Digest;
use serde_json::{Map, json};
use wire::kbs::{ProtectedHeader, Response};
use zeroize::Zeroizing;

use crate::BrokerError;
use crate::tee_key::TeeKey;

/// The key management algorithm.
pub(crate) const ALGORITHM: &str = "ECDH-ES+A256KW";
const CONTENT_ALGORITHM: &str = "A256GCM";

/// Encrypts `secret` so that only the holder of `recipient`'s private half reads it.
///
/// # Errors
/// [`BrokerError::Cryptography`] if the operating system gives no randomness.
pub(crate) fn encrypt(recipient: &TeeKey, secret: &[u8]) -> Result<Response, BrokerError> {
    let failed = |Unspecified| BrokerError::Cryptography;
    let ephemeral =
        EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).map_err(failed)?;
    let point = ephemeral.compute_public_key().map_err(failed)?;
    let protected = header(point.as_ref()).ok_or(BrokerError::Cryptography)?;
    let wrapping_key =
        agree_ephemeral(ephemeral, recipient.point(), BrokerError::Cryptography, |shared| {
            Ok(concat_kdf(shared, ALGORITHM, b"", b"", 256))
        })?;
    let content_key = random::<32>()?;
    let nonce = random::<12>()?;
    let mut wrapped = [0; 40];
    let kek = AesKek::new(&AES_256, wrapping_key.as_slice()).map_err(failed)?;
    let encrypted_key = kek.wrap(content_key.as_slice(), &mut wrapped).map_err(failed)?.to_vec();

    let aad = protected.generate_aad().map_err(|_| BrokerError::Cryptography)?;
    let key = UnboundKey::new(&AES_256_GCM, content_key.as_slice()).map_err(failed)?;
    // Reserved once and encrypted in place: no copy of the secret is left behind.
    let mut text = Zeroizing::new(secret.to_vec());
    let tag = LessSafeKey::new(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut text)
        .map_err(failed)?;
    Ok(Response {
        protected,
        encrypted_key,
        aad: None,
        iv: nonce.to_vec(),
        ciphertext: text.to_vec(),
        tag: tag.as_ref().to_vec(),
    })
}

/// The protected header with the ephemeral key `point` (SEC 1 uncompressed); `None` if it is none.
fn header(point: &[u8]) -> Option<ProtectedHeader> {
    let coordinates = point.strip_prefix(&[4])?;
    let (x, y) = coordinates.split_at_checked(32)?;
    let epk = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": URL_SAFE_NO_PAD.encode(x),
        "y": URL_SAFE_NO_PAD.encode(y),
    });
    Some(ProtectedHeader {
        alg: ALGORITHM.to_owned(),
        enc: CONTENT_ALGORITHM.to_owned(),
        other_fields: Map::from_iter([("epk".to_owned(), epk)]),
    })
}

/// Concat KDF (RFC 7518 §4.6.2, NIST SP 800-56A §5.8.1) with SHA-256: its first round, which is
/// all of it for keys of at most 256 bits.
fn concat_kdf(
    shared: &[u8],
    algorithm: &str,
    party_u: &[u8],
    party_v: &[u8],
    key_bits: u32,
) -> Zeroizing<[u8; 32]> {
    let mut input = Zeroizing::new(Vec::with_capacity(256));
    input.extend_from_slice(&1_u32.to_be_bytes());
    input.extend_from_slice(shared);
    for part in [algorithm.as_bytes(), party_u, party_v] {
        // Lengths here are of constants, far below 2^32.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        input.extend_from_slice(&length.to_be_bytes());
        input.extend_from_slice(part);
    }
    input.extend_from_slice(&key_bits.to_be_bytes());
    Zeroizing::new(*Digest::of(&input).as_bytes())
}

/// `N` random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, BrokerError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| BrokerError::Cryptography)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, agree};
    use wire::kbs::TeePubKey;

    use super::*;

    // RFC 7518 Appendix C.
    const ALICE: (&str, &str, &str) = (
        "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
        "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
        "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo",
    );
    const BOB: (&str, &str, &str) = (
        "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
    );

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn agreed(private: &str, x: &[u8], y: &[u8]) -> Vec<u8> {
        let private = PrivateKey::from_private_key(&ECDH_P256, &bytes(private)).unwrap();
        let point = UnparsedPublicKey::new(&ECDH_P256, [&[4][..], x, y].concat());
        agree(&private, point, (), |shared| Ok(shared.to_vec())).unwrap()
    }

    #[test]
    fn derivation_is_that_of_rfc_7518_appendix_c() {
        let shared = agreed(ALICE.2, &bytes(BOB.0), &bytes(BOB.1));
        assert_eq!(shared, agreed(BOB.2, &bytes(ALICE.0), &bytes(ALICE.1)));
        let derived = concat_kdf(&shared, "A128GCM", b"Alice", b"Bob", 128);
        assert_eq!(derived[..16], bytes("VqqN6vgjbSBcIijNcacQGg"));
    }

    fn open(response: &Response, private: &str) -> Result<Vec<u8>, Unspecified> {
        let epk = &response.protected.other_fields["epk"];
        let part = |name: &str| bytes(epk[name].as_str().unwrap());
        let shared = agreed(private, &part("x"), &part("y"));
        let kek = concat_kdf(&shared, "ECDH-ES+A256KW", b"", b"", 256);
        let mut key = [0; 32];
        AesKek::new(&AES_256, kek.as_slice())?.unwrap(&response.encrypted_key, &mut key)?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key)?);
        let nonce = Nonce::try_assume_unique_for_key(&response.iv)?;
        let aad = serde_json::to_value(response).unwrap()["protected"].as_str().unwrap().to_owned();
        let mut text = [response.ciphertext.clone(), response.tag.clone()].concat();
        Ok(key.open_in_place(nonce, Aad::from(aad), &mut text)?.to_vec())
    }

    #[test]
    fn what_is_encrypted_opens_for_the_recipient_alone() {
        let recipient = TeeKey::parse(&TeePubKey::EC {
            crv: "P-256".to_owned(),
            alg: ALGORITHM.to_owned(),
            x: BOB.0.to_owned(),
            y: BOB.1.to_owned(),
        })
        .unwrap();
        let response = encrypt(&recipient, b"thirty-two bytes of a secret key").unwrap();
        let sent = serde_json::to_string(&response).unwrap();
        let received: Response = serde_json::from_str(&sent).unwrap();
        assert_eq!(open(&received, BOB.2).unwrap(), b"thirty-two bytes of a secret key");
        assert_eq!(open(&received, ALICE.2), Err(Unspecified));
        let mut altered = received.clone();
        altered.protected.enc = "A128GCM".to_owned();
        assert_eq!(open(&altered, BOB.2), Err(Unspecified));
    }
}
