//! The envelope in which a KBS hands over a resource: JWE (RFC 7516) with ECDH-ES+A256KW on P-256
//! (RFC 7518 §4.6) and A256GCM (§5.3). This is the receiving side; the key lives for one launch.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use wire::kbs::TeePubKey;
use zeroize::Zeroizing;

use crate::AgentError;

/// The enclave's half of the key agreement; used up by the one envelope it opens.
pub struct EnvelopeKey {
    private: EphemeralPrivateKey,
    public: TeePubKey,
}

impl std::fmt::Debug for EnvelopeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnvelopeKey(…)")
    }
}

impl EnvelopeKey {
    /// A new key from the kernel's generator.
    ///
    /// # Errors
    /// [`AgentError::KeyEnvelope`].
    pub fn generate() -> Result<Self, AgentError> {
        let unmade = |_| AgentError::KeyEnvelope("no key can be made");
        let private =
            EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).map_err(unmade)?;
        let point = private.compute_public_key().map_err(unmade)?;
        // SEC 1 §2.3.3: 04, x, y.
        let x = point.as_ref().get(1..33).ok_or(AgentError::KeyEnvelope("no key can be made"))?;
        let y = point.as_ref().get(33..65).ok_or(AgentError::KeyEnvelope("no key can be made"))?;
        let public = TeePubKey::EC {
            crv: CURVE.to_owned(),
            alg: ALGORITHM.to_owned(),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        };
        Ok(Self { private, public })
    }

    /// The public half, as the attestation binds it.
    #[must_use]
    pub const fn public(&self) -> &TeePubKey {
        &self.public
    }

    /// Opens an envelope (`kbs_types::Response` as JSON) that was made for this key.
    ///
    /// # Errors
    /// [`AgentError::KeyEnvelope`].
    pub fn open(self, json: &[u8]) -> Result<Zeroizing<Vec<u8>>, AgentError> {
        let envelope: Envelope =
            serde_json::from_slice(json).map_err(|_| AgentError::KeyEnvelope("it is malformed"))?;
        let header: Header = serde_json::from_slice(&decode(&envelope.protected)?)
            .map_err(|_| AgentError::KeyEnvelope("its header is malformed"))?;
        let point = header.sender_point()?;
        let wrapping_key = agree_ephemeral(
            self.private,
            UnparsedPublicKey::new(&ECDH_P256, point),
            AgentError::KeyEnvelope("its sender's key is no point of the curve"),
            |secret| Ok(concat_kdf(secret, ALGORITHM, b"", b"", 256)),
        )?;
        let content_key = unwrap_key(&wrapping_key, &decode(&envelope.encrypted_key)?)?;
        envelope.decrypt(&content_key)
    }
}

/// Flattened JWE JSON (RFC 7516 §7.2.2). No `aad` member: it would change what is authenticated.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    protected: String,
    encrypted_key: String,
    iv: String,
    ciphertext: String,
    tag: String,
}

impl Envelope {
    fn decrypt(&self, key: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>, AgentError> {
        let refused = |_| AgentError::KeyEnvelope("it was altered or made for another key");
        let nonce = Nonce::try_assume_unique_for_key(&decode(&self.iv)?).map_err(refused)?;
        let mut content = Zeroizing::new(decode(&self.ciphertext)?);
        content.extend_from_slice(&decode(&self.tag)?);
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(refused)?);
        // RFC 7516 §5.1: what is authenticated is the header's text as it was sent.
        let length = key
            .open_in_place(nonce, Aad::from(self.protected.as_bytes()), &mut content)
            .map_err(refused)?
            .len();
        content.truncate(length);
        Ok(content)
    }
}

/// The protected header. No `apu` or `apv`: they would change the derived key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    enc: String,
    epk: SenderKey,
}

#[derive(Deserialize)]
struct SenderKey {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

impl Header {
    /// The sender's key as SEC 1 writes an uncompressed point.
    fn sender_point(&self) -> Result<Vec<u8>, AgentError> {
        let said = (&*self.alg, &*self.enc, &*self.epk.kty, &*self.epk.crv);
        if said != (ALGORITHM, "A256GCM", "EC", CURVE) {
            return Err(AgentError::KeyEnvelope("its algorithms are not the agreed ones"));
        }
        let (x, y) = (decode(&self.epk.x)?, decode(&self.epk.y)?);
        if x.len() != 32 || y.len() != 32 {
            return Err(AgentError::KeyEnvelope("its sender's key is no point of the curve"));
        }
        Ok([&[4], x.as_slice(), y.as_slice()].concat())
    }
}

fn unwrap_key(wrapping_key: &[u8; 32], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, AgentError> {
    let refused = |_| AgentError::KeyEnvelope("it was altered or made for another key");
    let mut key = Zeroizing::new([0; 32]);
    let unwrapped = AesKek::new(&AES_256, wrapping_key)
        .and_then(|wrapping| wrapping.unwrap(wrapped, key.as_mut_slice()).map(|key| key.len()))
        .map_err(refused)?;
    if unwrapped == key.len() {
        Ok(key)
    } else {
        Err(AgentError::KeyEnvelope("its content key has another length"))
    }
}

/// The Concat KDF of RFC 7518 §4.6.2 (NIST SP 800-56A §5.8.1) with SHA-256, for up to 256 bits:
/// one round. A shorter key is the beginning of the result.
fn concat_kdf(
    secret: &[u8],
    algorithm: &str,
    apu: &[u8],
    apv: &[u8],
    bits: u32,
) -> Zeroizing<[u8; 32]> {
    let mut hash = Sha256::new_with_prefix(1_u32.to_be_bytes());
    hash.update(secret);
    for field in [algorithm.as_bytes(), apu, apv] {
        hash.update(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(field);
    }
    hash.update(bits.to_be_bytes());
    Zeroizing::new(hash.finalize().into())
}

fn decode(text: &str) -> Result<Vec<u8>, AgentError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| AgentError::KeyEnvelope("it is not base64"))
}

const ALGORITHM: &str = "ECDH-ES+A256KW";
const CURVE: &str = "P-256";

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;
    use serde_json::{Value, json};

    /// RFC 7518 Appendix C.
    #[test]
    fn the_key_derivation_is_the_published_one() {
        const SECRET: [u8; 32] = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49,
            110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let derived = concat_kdf(&SECRET, "A128GCM", b"Alice", b"Bob", 128);
        assert_eq!(URL_SAFE_NO_PAD.encode(&derived[..16]), "VqqN6vgjbSBcIijNcacQGg");
    }

    /// The sending side, written from the RFC.
    fn seal(recipient: &TeePubKey, content: &[u8], header: impl FnOnce(&mut Value)) -> Value {
        let recipient = serde_json::to_value(recipient).unwrap();
        let coordinate = |name: &str| decode(recipient[name].as_str().unwrap()).unwrap();
        let point = [&[4][..], &coordinate("x"), &coordinate("y")].concat();
        let random = SystemRandom::new();
        let sender = EphemeralPrivateKey::generate(&ECDH_P256, &random).unwrap();
        let public = sender.compute_public_key().unwrap();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut protected = json!({ "alg": ALGORITHM, "enc": "A256GCM", "epk": {
            "kty": "EC", "crv": CURVE,
            "x": encode(&public.as_ref()[1..33]), "y": encode(&public.as_ref()[33..65]),
        }});
        header(&mut protected);
        let protected = encode(protected.to_string().as_bytes());
        let peer = UnparsedPublicKey::new(&ECDH_P256, point);
        let kek =
            agree_ephemeral(sender, peer, (), |z| Ok(concat_kdf(z, ALGORITHM, b"", b"", 256)));
        let kek = AesKek::new(&AES_256, kek.unwrap().as_slice()).unwrap();
        let mut wrapped = [0; 40];
        kek.wrap(&[5; 32], &mut wrapped).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[5; 32]).unwrap());
        let mut ciphertext = content.to_vec();
        let nonce = Nonce::assume_unique_for_key([6; 12]);
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::from(protected.as_bytes()), &mut ciphertext)
            .unwrap();
        json!({
            "protected": protected, "encrypted_key": encode(&wrapped), "iv": encode(&[6; 12]),
            "ciphertext": encode(&ciphertext), "tag": encode(tag.as_ref()),
        })
    }

    fn refusal(key: EnvelopeKey, envelope: &Value) -> String {
        let refused = key.open(envelope.to_string().as_bytes()).unwrap_err();
        assert_eq!(refused.reason(), "guest.key-envelope");
        refused.to_string().replace("the key envelope cannot be opened: ", "")
    }

    #[test]
    fn an_envelope_opens_with_its_key_alone() {
        let key = EnvelopeKey::generate().unwrap();
        let envelope = seal(key.public(), b"a dataset secret", |_| ());
        let other = EnvelopeKey::generate().unwrap();
        assert_eq!(refusal(other, &envelope), "it was altered or made for another key");
        let opened = key.open(envelope.to_string().as_bytes()).unwrap();
        assert_eq!(opened.as_slice(), b"a dataset secret");
    }

    #[test]
    fn the_shape_is_that_of_kbs_types() {
        let key = EnvelopeKey::generate().unwrap();
        let envelope = seal(key.public(), b"x", |_| ());
        let response: wire::kbs::Response = serde_json::from_value(envelope).unwrap();
        let envelope = serde_json::to_value(&response).unwrap();
        assert_eq!(key.open(envelope.to_string().as_bytes()).unwrap().as_slice(), b"x");
    }

    #[test]
    fn what_is_altered_or_of_another_kind_is_refused() {
        for field in ["encrypted_key", "iv", "ciphertext", "tag"] {
            let key = EnvelopeKey::generate().unwrap();
            let mut envelope = seal(key.public(), b"secret", |_| ());
            let mut bytes = decode(envelope[field].as_str().unwrap()).unwrap();
            bytes[0] ^= 1;
            envelope[field] = json!(URL_SAFE_NO_PAD.encode(bytes));
            assert_eq!(
                refusal(key, &envelope),
                "it was altered or made for another key",
                "{field}"
            );
        }
        for (name, value, expected) in [
            ("alg", json!("ECDH-ES"), "its algorithms are not the agreed ones"),
            ("enc", json!("A128GCM"), "its algorithms are not the agreed ones"),
            ("apu", json!("QWxpY2U"), "its header is malformed"),
            (
                "epk",
                json!({"kty":"EC","crv":CURVE,"x":"AA","y":"AA"}),
                "its sender's key is no point of the curve",
            ),
        ] {
            let key = EnvelopeKey::generate().unwrap();
            let envelope = seal(key.public(), b"secret", |header| header[name] = value);
            assert_eq!(refusal(key, &envelope), expected, "{name}");
        }
        let key = EnvelopeKey::generate().unwrap();
        let mut envelope = seal(key.public(), b"secret", |_| ());
        envelope["aad"] = json!("AA");
        assert_eq!(refusal(key, &envelope), "it is malformed");
    }
}
