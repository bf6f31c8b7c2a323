//! What a leaf of the log is: an [`Entry`], or a [`PublishedSignature`] for programs that know
//! nothing of entries.
//!
//! INVARIANT: neither has room for personal data. A published signature is a digest, two numbers
//! and a point on a curve, and is read as nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::event::Entry;
use crate::{Digest, Reason};

/// One leaf of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// A decision.
    Entry(Box<Entry>),
    /// A signature that was published.
    Published(Box<PublishedSignature>),
}

impl Leaf {
    /// The bytes that the log holds.
    ///
    /// # Errors
    /// As [`canonical::to_vec`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        match self {
            Self::Entry(entry) => entry.to_leaf(),
            Self::Published(signature) => signature.to_leaf(),
        }
    }

    /// Reads a leaf; only the one spelling of either kind is accepted.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn from_bytes(leaf: &[u8]) -> Result<Self, LeafError> {
        // Canonical JSON sorts its names, so the kinds differ in their first one.
        if leaf.starts_with(br#"{"apiVersion":"#) {
            PublishedSignature::from_leaf(leaf).map(|leaf| Self::Published(Box::new(leaf)))
        } else {
            Ok(Self::Entry(Box::new(Entry::from_leaf(leaf).map_err(LeafError::Json)?)))
        }
    }
}

/// That a key signed something with this digest: the body of an entry of Rekor v2 (`hashedrekord`
/// 0.0.2), ECDSA over P-256 with SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedSignature {
    /// SHA-256 of the bytes that were signed.
    pub digest: Digest,
    /// The signature.
    pub signature: EcdsaSignature,
    /// The key that made it.
    pub key: P256Key,
}

impl PublishedSignature {
    /// The bytes that become the log's leaf.
    ///
    /// # Errors
    /// As [`canonical::to_vec`].
    pub fn to_leaf(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_vec(&Body::of(self))
    }

    /// Reads a leaf; only its canonical spelling is accepted.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn from_leaf(leaf: &[u8]) -> Result<Self, LeafError> {
        let body: Body = canonical::from_slice(leaf).map_err(LeafError::Json)?;
        let record = &body.spec.hashed_rekord_v002;
        let digest: [u8; 32] =
            base64(&record.data.digest)?.try_into().map_err(|_| LeafError::Value)?;
        let published = Self {
            digest: Digest::from_bytes(digest),
            signature: EcdsaSignature::from_der(&base64(&record.signature.content)?)?,
            key: P256Key::from_spki(&base64(&record.signature.verifier.public_key.raw_bytes)?)?,
        };
        // Whatever else the body says is said in one way only.
        if Body::of(&published) == body { Ok(published) } else { Err(LeafError::Value) }
    }
}

/// An ECDSA signature over P-256: `SEQUENCE { r INTEGER, s INTEGER }` in DER (RFC 3279 §2.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcdsaSignature(Vec<u8>);

impl EcdsaSignature {
    /// Reads the DER of a signature: two positive numbers of at most 32 bytes, nothing else.
    ///
    /// # Errors
    /// [`LeafError::Value`].
    pub fn from_der(der: &[u8]) -> Result<Self, LeafError> {
        let numbers = match der {
            [0x30, length, numbers @ ..] if usize::from(*length) == numbers.len() => numbers,
            _ => return Err(LeafError::Value),
        };
        let rest = after_integer(numbers).and_then(after_integer).ok_or(LeafError::Value)?;
        if rest.is_empty() { Ok(Self(der.to_vec())) } else { Err(LeafError::Value) }
    }

    /// The DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}

/// What follows a positive INTEGER of at most 256 bits in its shortest form.
fn after_integer(der: &[u8]) -> Option<&[u8]> {
    let (length, rest) = match der {
        [0x02, length, rest @ ..] => (usize::from(*length), rest),
        _ => return None,
    };
    let (number, rest) = rest.split_at_checked(length)?;
    let shortest = match number {
        [0, next, ..] => *next >= 0x80 && number.len() <= 33,
        [first, ..] => (1..0x80).contains(first) && number.len() <= 32,
        [] => false,
    };
    shortest.then_some(rest)
}

/// A public key on P-256: `SubjectPublicKeyInfo` in DER with an uncompressed point (RFC 5480).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct P256Key(Vec<u8>);

impl P256Key {
    /// Reads the DER. That the point is on the curve shows when a signature is verified.
    ///
    /// # Errors
    /// [`LeafError::Value`].
    pub fn from_spki(der: &[u8]) -> Result<Self, LeafError> {
        let point = der.strip_prefix(P256_SPKI.as_slice()).filter(|point| point.len() == 64);
        point.map(|_| Self(der.to_vec())).ok_or(LeafError::Value)
    }

    /// The DER.
    #[must_use]
    pub fn as_spki(&self) -> &[u8] {
        &self.0
    }
}

/// `SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { 04 …` up to the coordinates.
const P256_SPKI: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// Why bytes are no leaf.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    /// Not the JSON of either kind, or not its one spelling.
    #[error("a leaf is neither an entry nor a published signature")]
    Json(#[source] CanonicalError),
    /// A value of a published signature is not what it should be.
    #[error("a published signature has a value that is none")]
    Value,
}

impl Reason for LeafError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Json(error) => error.reason(),
            Self::Value => "format.published-signature",
        }
    }
}

fn base64(text: &str) -> Result<Vec<u8>, LeafError> {
    STANDARD.decode(text).map_err(|_| LeafError::Value)
}

/// `rekor/v2/entry.proto`, as much of it as is written here.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    api_version: String,
    kind: String,
    spec: Spec,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    #[serde(rename = "hashedRekordV002")]
    hashed_rekord_v002: Record,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    data: Data,
    signature: Signature,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    algorithm: String,
    digest: String,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    content: String,
    verifier: Verifier,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Verifier {
    key_details: String,
    public_key: Key,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Key {
    raw_bytes: String,
}

impl Body {
    fn of(published: &PublishedSignature) -> Self {
        let verifier = Verifier {
            key_details: "PKIX_ECDSA_P256_SHA_256".to_owned(),
            public_key: Key { raw_bytes: STANDARD.encode(published.key.as_spki()) },
        };
        let signature =
            Signature { content: STANDARD.encode(published.signature.as_der()), verifier };
        let data = Data {
            algorithm: "SHA2_256".to_owned(),
            digest: STANDARD.encode(published.digest.as_bytes()),
        };
        Self {
            api_version: "0.0.2".to_owned(),
            kind: "hashedrekord".to_owned(),
            spec: Spec { hashed_rekord_v002: Record { data, signature } },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry of the own-infra vectors: signature and key are real.
    const BODY: &str = r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"vAB/nrQwQMg1nOeFn8dIzzDGZwDZtDgyCxQ54tGF+V8="},"signature":{"content":"MEYCIQCzx/Zg7IVrU+lgdrEa5OorvSDeOFe03Tnv5nZUvwmlFwIhALB0znrZIYE2wHYhjVlWr4ZYBFP7VH1KJg0B3/pKfVvF","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECIu5/yKrKRp0yG/Gd7qJe6re43DMYSm4LRcLo/wmQVxELamnFgZ5VtkeqgK5OtQJSQ6HzV51jqajMaHet1uoRg=="}}}}}}"#;

    fn refused(leaf: &str) -> &'static str {
        Leaf::from_bytes(leaf.as_bytes()).unwrap_err().reason()
    }

    #[test]
    fn a_published_signature_has_one_spelling_and_room_for_nothing_else() {
        let published = PublishedSignature::from_leaf(BODY.as_bytes()).unwrap();
        assert_eq!(published.to_leaf().unwrap(), BODY.as_bytes());
        let leaf = Leaf::from_bytes(BODY.as_bytes()).unwrap();
        assert_eq!(leaf, Leaf::Published(Box::new(published)));
        for (from, to, reason) in [
            ("{\"api", "{ \"api", "format.not-json"),
            ("0.0.2", "0.0.1", "format.published-signature"),
            ("\"kind\":\"hashedrekord\"", "\"kind\":\"Jane Doe\"", "format.published-signature"),
            ("SHA2_256\",", "Jane Doe\",", "format.published-signature"),
            ("vAB/", "vAB", "format.published-signature"),
            ("PKIX_ECDSA_P256_SHA_256", "Jane Doe", "format.published-signature"),
            // Another tag, a longer sequence, a negative number, a byte behind.
            ("\"MEYC", "\"MUYC", "format.published-signature"),
            ("\"MEYC", "\"MEcC", "format.published-signature"),
            ("\"MEYCIQCz", "\"MEYCIYCz", "format.published-signature"),
            ("fVvF\"", "fVvFAAAA\"", "format.published-signature"),
            // Another curve, a compressed point, a longer key.
            ("\"MFkw", "\"MFow", "format.published-signature"),
            ("AQcDQgAE", "AQcDQgAC", "format.published-signature"),
            ("uoRg==", "uoRgAA", "format.published-signature"),
            ("}}}}}}", "},\"name\":\"Jane Doe\"}}}}}", "format.not-json"),
        ] {
            assert!(BODY.contains(from), "{from}");
            assert_eq!(refused(&BODY.replacen(from, to, 1)), reason, "{from} to {to}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for leaf in ["", "{}", "null", "{\"actor\":\"airlock\"}"] {
            assert_eq!(refused(leaf), "format.not-json", "{leaf}");
        }
    }
}
