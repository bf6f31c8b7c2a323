//! Bundles of our own: signed, recorded in our log, stamped, written as v0.3.
//!
//! ```text
//! SigningKey::sign… → Draft ──leaf()──→ the log ──proof──┐
//!                       └──signature()──→ the authority ──stamp──→ Draft::bundle
//! ```
//! `hashedrekord` 0.0.2 is defined for ECDSA over P-256 alone, so the key is one of those: the
//! airlock's Ed25519 key cannot sign a bundle that others read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::leaf::{EcdsaSignature, P256Key, PublishedSignature};
use domain::{Digest, Timestamp};
use serde_json::{Value, json};
use sigstore_verify::crypto::{KeyAlgorithm, KeyPair};
use sigstore_verify::types::{DerPublicKey, Sha256Hash, pae};
use tlog::{LeafProof, SignedCheckpoint, VerifierKey};

/// A P-256 key that signs bundles.
#[derive(Debug)]
pub struct SigningKey {
    pair: KeyPair,
    public: DerPublicKey,
}

impl SigningKey {
    /// Reads a private key: PKCS #8, DER.
    ///
    /// # Errors
    /// [`WriteError::Key`] for another kind of key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, WriteError> {
        let pair = KeyPair::from_pkcs8_der(der).map_err(|_| WriteError::Key)?;
        if pair.algorithm() != KeyAlgorithm::EcdsaP256 {
            return Err(WriteError::Key);
        }
        let public = pair.public_key_der().map_err(|_| WriteError::Key)?;
        Ok(Self { pair, public })
    }

    /// The public key as PEM, for those who verify.
    #[must_use]
    pub fn public_pem(&self) -> String {
        self.public.to_pem()
    }

    /// Signs a file, given its SHA-256.
    ///
    /// # Errors
    /// [`WriteError::Sign`].
    pub fn sign_file(&self, digest: Digest) -> Result<Draft, WriteError> {
        let message = json!({
            "messageDigest": { "algorithm": "SHA2_256", "digest": STANDARD.encode(digest.as_bytes()) },
        });
        self.sign(digest, Content::Message(message))
    }

    /// Signs an in-toto statement in an envelope (DSSE).
    ///
    /// # Errors
    /// [`WriteError::Sign`].
    pub fn sign_statement(&self, statement: &[u8]) -> Result<Draft, WriteError> {
        let digest = Digest::of(&pae(IN_TOTO, statement));
        self.sign(digest, Content::Statement(statement.to_vec()))
    }

    fn sign(&self, digest: Digest, content: Content) -> Result<Draft, WriteError> {
        let signature = self
            .pair
            .sign_digest(&Sha256Hash::new(*digest.as_bytes()))
            .map_err(|_| WriteError::Sign)?;
        let published = PublishedSignature {
            digest,
            signature: EcdsaSignature::from_der(signature.as_bytes())
                .map_err(|_| WriteError::Sign)?,
            key: P256Key::from_spki(self.public.as_bytes()).map_err(|_| WriteError::Sign)?,
        };
        Ok(Draft { content, published })
    }
}

/// Something signed that is not in the log yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    content: Content,
    published: PublishedSignature,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Message(Value),
    Statement(Vec<u8>),
}

impl Draft {
    /// What was signed and recorded earlier: a statement, and its leaf as it came out of the log.
    ///
    /// # Errors
    /// [`WriteError::Leaf`] if the leaf is of something else.
    pub fn of_statement(
        statement: &[u8],
        published: PublishedSignature,
    ) -> Result<Self, WriteError> {
        if published.digest != Digest::of(&pae(IN_TOTO, statement)) {
            return Err(WriteError::Leaf);
        }
        Ok(Self { content: Content::Statement(statement.to_vec()), published })
    }

    /// What the log is to record.
    #[must_use]
    pub const fn leaf(&self) -> &PublishedSignature {
        &self.published
    }

    /// What an authority is to stamp: the signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.published.signature.as_der()
    }

    /// The bundle, with the leaf's proof in `log` and the time stamps (RFC 3161 responses, DER) on
    /// [`Draft::signature`].
    ///
    /// # Errors
    /// [`WriteError::Leaf`] if the proof is not of this leaf in this log. Stamps are not judged.
    pub fn bundle(
        &self,
        log: &VerifierKey,
        proof: &LeafProof,
        stamps: &[Vec<u8>],
    ) -> Result<String, WriteError> {
        let leaf = self.published.to_leaf().map_err(|_| WriteError::Leaf)?;
        tlog::verify_inclusion(&leaf, proof, log).map_err(|_| WriteError::Leaf)?;
        let checkpoint =
            SignedCheckpoint::verify(&proof.checkpoint, log).map_err(|_| WriteError::Leaf)?;
        let hashes: Vec<_> = proof.hashes.iter().map(|hash| text(hash.as_bytes())).collect();
        let stamps: Vec<_> =
            stamps.iter().map(|stamp| json!({ "signedTimestamp": text(stamp) })).collect();
        let entry = json!({
            "logIndex": proof.index.to_string(),
            "logId": { "keyId": text(log_id(log).as_bytes()) },
            "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
            "inclusionProof": {
                "logIndex": proof.index.to_string(),
                "rootHash": text(checkpoint.checkpoint().root.as_bytes()),
                "treeSize": checkpoint.checkpoint().size.to_string(),
                "hashes": hashes,
                "checkpoint": { "envelope": proof.checkpoint },
            },
            "canonicalizedBody": text(&leaf),
        });
        let mut bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "publicKey": { "hint": key_hint(&self.published.key) },
                "tlogEntries": [entry],
                "timestampVerificationData": { "rfc3161Timestamps": stamps },
            },
        });
        let (name, content) = self.content();
        if let Value::Object(fields) = &mut bundle {
            fields.insert(name.to_owned(), content);
        }
        Ok(bundle.to_string())
    }

    fn content(&self) -> (&'static str, Value) {
        let signature = text(self.signature());
        match &self.content {
            Content::Message(message) => {
                let mut message = message.clone();
                if let Value::Object(fields) = &mut message {
                    fields.insert("signature".to_owned(), signature.into());
                }
                ("messageSignature", message)
            }
            Content::Statement(payload) => (
                "dsseEnvelope",
                json!({
                    "payloadType": IN_TOTO,
                    "payload": text(payload),
                    "signatures": [{ "sig": signature, "keyid": "" }],
                }),
            ),
        }
    }
}

/// What verifiers of a log's bundles must believe: the log, and who stamps time.
#[derive(Clone, Debug)]
pub struct TrustedRoot<'a> {
    /// The log. Its address is made of its origin: `@sigstore/verify` looks for the name of a
    /// checkpoint's signer in it.
    pub log: &'a VerifierKey,
    /// Whoever stamped something, each its own.
    pub authorities: &'a [TimeAuthority],
    /// From when on all are believed, as far as their certificates go.
    pub since: Timestamp,
}

/// One signer of time stamps. An authority that changes its certificate is another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeAuthority {
    /// What it is called, for people.
    pub name: String,
    /// Its certificate, then those above it, the root last; DER.
    pub certificates: Vec<Vec<u8>>,
}

impl TrustedRoot<'_> {
    /// `trusted_root.json`, version 0.1, which both `@sigstore/verify` and `sigstore-verify` read.
    #[must_use]
    pub fn to_json(&self) -> String {
        let window = json!({ "start": self.since });
        let authorities: Vec<_> =
            self.authorities.iter().map(|authority| authority.to_json(&window)).collect();
        let key = [ED25519_SPKI.as_slice(), self.log.public().as_bytes()].concat();
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": format!("https://{}", self.log.origin()),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": text(&key),
                    "keyDetails": "PKIX_ED25519",
                    "validFor": window,
                },
                "logId": { "keyId": text(log_id(self.log).as_bytes()) },
            }],
            "certificateAuthorities": [],
            "ctlogs": [],
            "timestampAuthorities": authorities,
        })
        .to_string()
    }
}

impl TimeAuthority {
    fn to_json(&self, window: &Value) -> Value {
        let certificates: Vec<_> =
            self.certificates.iter().map(|der| json!({ "rawBytes": text(der) })).collect();
        json!({
            "subject": { "organization": "", "commonName": self.name },
            "certChain": { "certificates": certificates },
            "validFor": window,
        })
    }
}

/// How a bundle names its key, and a verifier looks it up: the SHA-256 of its
/// `SubjectPublicKeyInfo`, base64 (as cosign does).
#[must_use]
pub fn key_hint(key: &P256Key) -> String {
    text(Digest::of(key.as_spki()).as_bytes())
}

/// A log's identifier: the whole hash of which C2SP signed-note uses the first four bytes.
fn log_id(log: &VerifierKey) -> Digest {
    let typed = [log.origin().as_bytes(), b"\n\x01", log.public().as_bytes()].concat();
    Digest::of(&typed)
}

fn text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Why a bundle cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Not a P-256 key in PKCS #8.
    #[error("the signing key is not a P-256 key in PKCS #8")]
    Key,
    /// The leaf or its proof is of something else.
    #[error("the log's leaf or its proof is not of this signature")]
    Leaf,
    /// The signature could not be made.
    #[error("the signature could not be made")]
    Sign,
}

impl domain::Reason for WriteError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Key => "bundle.signing-key",
            Self::Leaf => "bundle.leaf",
            Self::Sign => "bundle.signing",
        }
    }
}

const IN_TOTO: &str = "application/vnd.in-toto+json";

/// `SubjectPublicKeyInfo` of an Ed25519 key up to the key itself (RFC 8410 §4).
const ED25519_SPKI: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
