//! From the JSON of a bundle to [`Parsed`], which holds bytes and numbers and no text that could
//! still be wrong. `sigstore-verify` is handed a bundle written anew from it ([`Parsed::rewrite`]),
//! so there is one reading of the untrusted file, and it is this one.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use domain::Digest;
use serde_json::{Value, json};

use crate::BundleError;
use crate::checkpoint::Checkpoint;
use crate::wire;

/// A bundle's version, which decides what it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V01,
    V02,
    V03,
}

/// A bundle that has everything its version requires of its form.
pub(crate) struct Parsed {
    pub(crate) version: Version,
    pub(crate) signer: Signer,
    pub(crate) content: Content,
    pub(crate) entries: Vec<Entry>,
    /// RFC 3161 responses or tokens, DER.
    pub(crate) stamps: Vec<Vec<u8>>,
}

/// What the signature is to be verified with.
pub(crate) enum Signer {
    /// The signing certificate, DER, and the rest of the chain.
    Certificate { leaf: Vec<u8>, others: Vec<Vec<u8>> },
    /// A key that the verifier must know already.
    Key { hint: String },
}

/// What was signed, with the signature.
pub(crate) enum Content {
    Message { digest: Option<Vec<u8>>, signature: Vec<u8> },
    Envelope { payload_type: String, payload: Vec<u8>, signature: Vec<u8>, key_id: String },
}

impl Content {
    pub(crate) fn signature(&self) -> &[u8] {
        match self {
            Self::Message { signature, .. } | Self::Envelope { signature, .. } => signature,
        }
    }
}

/// Which of Rekor's entry formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    HashedRekord1,
    HashedRekord2,
    Dsse1,
    Intoto2,
}

impl Kind {
    fn of(kind: &str, version: &str) -> Option<Self> {
        match (kind, version) {
            ("hashedrekord", "0.0.1") => Some(Self::HashedRekord1),
            ("hashedrekord", "0.0.2") => Some(Self::HashedRekord2),
            ("dsse", "0.0.1") => Some(Self::Dsse1),
            ("intoto", "0.0.2") => Some(Self::Intoto2),
            _ => None,
        }
    }

    pub(crate) const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::HashedRekord1 => ("hashedrekord", "0.0.1"),
            Self::HashedRekord2 => ("hashedrekord", "0.0.2"),
            Self::Dsse1 => ("dsse", "0.0.1"),
            Self::Intoto2 => ("intoto", "0.0.2"),
        }
    }
}

pub(crate) struct Entry {
    /// The log's own index, which in Rekor v1 counts over all its trees.
    pub(crate) index: u64,
    pub(crate) log_id: Vec<u8>,
    pub(crate) kind: Kind,
    /// Seconds since 1970; 0 is the format's way to say nothing.
    pub(crate) integrated: Option<i64>,
    pub(crate) promise: Option<Vec<u8>>,
    pub(crate) proof: Option<Proof>,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Proof {
    pub(crate) index: u64,
    pub(crate) size: u64,
    pub(crate) root: Digest,
    pub(crate) hashes: Vec<Digest>,
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// How many log entries or time stamps are looked at.
const MOST: usize = 32;

impl Parsed {
    /// Reads the JSON of a bundle.
    pub(crate) fn from_json(bundle: &str) -> Result<Self, BundleError> {
        let wire: wire::Bundle = serde_json::from_str(bundle).map_err(malformed)?;
        let version = version(wire.media_type.as_deref())?;
        let material = wire.verification_material.ok_or(BundleError::NoCertificate)?;
        let signer = signer(
            version,
            material.certificate,
            material.x509_certificate_chain,
            material.public_key,
        )?;
        let content = content(wire.message_signature, wire.dsse_envelope)?;
        let entries = material.tlog_entries.unwrap_or_default();
        let entries = bounded(entries)?.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let stamps = material
            .timestamp_verification_data
            .and_then(|data| data.rfc3161_timestamps)
            .unwrap_or_default();
        let stamps = bounded(stamps)?
            .iter()
            .map(|stamp| base64("signedTimestamp", &stamp.signed_timestamp))
            .collect::<Result<Vec<_>, _>>()?;
        let parsed = Self { version, signer, content, entries, stamps };
        parsed.refuse_repeats()?;
        Ok(parsed)
    }

    /// Two of a kind count once at most, so they are not there twice (as sigstore-go has it).
    fn refuse_repeats(&self) -> Result<(), BundleError> {
        let same =
            |a: &Entry, b: &Entry| a.log_id == b.log_id && (a.index == b.index || a.body == b.body);
        if repeats(&self.entries, same) {
            return Err(BundleError::Repeated("log entry"));
        }
        if repeats(&self.stamps, |a, b| a == b) {
            return Err(BundleError::Repeated("time stamp"));
        }
        Ok(())
    }

    /// The same bundle in the one spelling that `sigstore-verify` reads.
    pub(crate) fn rewrite(&self) -> String {
        let mut material = match &self.signer {
            Signer::Certificate { leaf, others } if others.is_empty() => {
                json!({ "certificate": raw_bytes(leaf) })
            }
            Signer::Certificate { leaf, others } => {
                let all: Vec<_> =
                    std::iter::once(leaf).chain(others).map(|c| raw_bytes(c)).collect();
                json!({ "x509CertificateChain": { "certificates": all } })
            }
            Signer::Key { hint } => json!({ "publicKey": { "hint": hint } }),
        };
        let stamps: Vec<_> =
            self.stamps.iter().map(|s| json!({ "signedTimestamp": text(s) })).collect();
        set(&mut material, "tlogEntries", self.entries.iter().map(Entry::rewrite).collect());
        set(&mut material, "timestampVerificationData", json!({ "rfc3161Timestamps": stamps }));
        let mut bundle = json!({
            "mediaType": match self.version {
                Version::V01 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
                Version::V02 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
                Version::V03 => "application/vnd.dev.sigstore.bundle.v0.3+json",
            },
            "verificationMaterial": material,
        });
        match &self.content {
            Content::Message { digest, signature } => {
                let mut message = json!({ "signature": text(signature) });
                if let Some(digest) = digest {
                    let digest = json!({ "algorithm": "SHA2_256", "digest": text(digest) });
                    set(&mut message, "messageDigest", digest);
                }
                set(&mut bundle, "messageSignature", message);
            }
            Content::Envelope { payload_type, payload, signature, key_id } => {
                let envelope = json!({
                    "payloadType": payload_type,
                    "payload": text(payload),
                    "signatures": [{ "sig": text(signature), "keyid": key_id }],
                });
                set(&mut bundle, "dsseEnvelope", envelope);
            }
        }
        bundle.to_string()
    }
}

impl Entry {
    fn rewrite(&self) -> Value {
        let (kind, version) = self.kind.name();
        let mut entry = json!({
            "logIndex": self.index.to_string(),
            "logId": { "keyId": text(&self.log_id) },
            "kindVersion": { "kind": kind, "version": version },
            "canonicalizedBody": text(&self.body),
        });
        if let Some(seconds) = self.integrated {
            set(&mut entry, "integratedTime", seconds.to_string().into());
        }
        if let Some(promise) = &self.promise {
            set(&mut entry, "inclusionPromise", json!({ "signedEntryTimestamp": text(promise) }));
        }
        if let Some(proof) = &self.proof {
            let hashes: Vec<_> = proof.hashes.iter().map(|hash| text(hash.as_bytes())).collect();
            let note = proof.checkpoint.as_ref().map_or("", Checkpoint::note);
            let proof = json!({
                "logIndex": proof.index.to_string(),
                "treeSize": proof.size.to_string(),
                "rootHash": text(proof.root.as_bytes()),
                "hashes": hashes,
                "checkpoint": { "envelope": note },
            });
            set(&mut entry, "inclusionProof", proof);
        }
        entry
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(map) = object {
        map.insert(name.to_owned(), value);
    }
}

fn raw_bytes(certificate: &[u8]) -> Value {
    json!({ "rawBytes": text(certificate) })
}

fn text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn malformed(error: impl Into<crate::error::Cause>) -> BundleError {
    BundleError::Malformed(error.into())
}

fn version(media_type: Option<&str>) -> Result<Version, BundleError> {
    match media_type {
        Some("application/vnd.dev.sigstore.bundle+json;version=0.1") => Ok(Version::V01),
        Some("application/vnd.dev.sigstore.bundle+json;version=0.2") => Ok(Version::V02),
        Some(
            "application/vnd.dev.sigstore.bundle+json;version=0.3"
            | "application/vnd.dev.sigstore.bundle.v0.3+json",
        ) => Ok(Version::V03),
        Some(other) => Err(BundleError::Version(format!("media type `{other}`"))),
        None => Err(BundleError::Version("no media type".to_owned())),
    }
}

fn signer(
    version: Version,
    certificate: Option<wire::Certificate>,
    chain: Option<wire::CertificateChain>,
    key: Option<wire::PublicKeyHint>,
) -> Result<Signer, BundleError> {
    let certificates = match (certificate, chain, key) {
        (Some(certificate), None, None) => vec![certificate],
        (None, Some(_), None) if version == Version::V03 => {
            return Err(BundleError::Version("version 0.3 has no certificate chain".to_owned()));
        }
        (None, Some(chain), None) => chain.certificates,
        (None, None, Some(key)) => return Ok(Signer::Key { hint: key.hint }),
        (None, None, None) => return Err(BundleError::NoCertificate),
        _ => return Err(malformed("more than one of certificate, chain and key")),
    };
    let mut certificates = certificates
        .iter()
        .map(|certificate| base64("rawBytes", &certificate.raw_bytes))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter();
    let leaf = certificates.next().ok_or(BundleError::NoCertificate)?;
    Ok(Signer::Certificate { leaf, others: certificates.collect() })
}

fn content(
    message: Option<wire::MessageSignature>,
    envelope: Option<wire::Envelope>,
) -> Result<Content, BundleError> {
    match (message, envelope) {
        (Some(message), None) => message_signature(message),
        (None, Some(envelope)) => dsse_envelope(envelope),
        (None, None) => Err(BundleError::NoSignature),
        (Some(_), Some(_)) => Err(malformed("both a signature and an envelope")),
    }
}

fn message_signature(message: wire::MessageSignature) -> Result<Content, BundleError> {
    let signature = signature(message.signature.as_deref().unwrap_or_default())?;
    let digest = match message.message_digest {
        None => None,
        Some(digest) if digest.algorithm == "SHA2_256" => Some(base64("digest", &digest.digest)?),
        Some(digest) => {
            return Err(BundleError::Algorithm(format!("a digest by `{}`", digest.algorithm)));
        }
    };
    Ok(Content::Message { digest, signature })
}

fn dsse_envelope(envelope: wire::Envelope) -> Result<Content, BundleError> {
    let [only] = envelope.signatures.as_slice() else {
        let none = envelope.signatures.is_empty();
        return Err(if none { BundleError::NoSignature } else { BundleError::SignatureCount });
    };
    Ok(Content::Envelope {
        payload: base64("payload", &envelope.payload)?,
        signature: signature(&only.sig)?,
        key_id: only.keyid.clone(),
        payload_type: envelope.payload_type,
    })
}

fn signature(text: &str) -> Result<Vec<u8>, BundleError> {
    let signature = base64("signature", text)?;
    if signature.is_empty() { Err(BundleError::NoSignature) } else { Ok(signature) }
}

fn entry(entry: wire::Entry) -> Result<Entry, BundleError> {
    let kind = &entry.kind_version;
    Ok(Entry {
        index: index(entry.log_index)?,
        log_id: base64("keyId", &entry.log_id.key_id)?,
        kind: Kind::of(&kind.kind, &kind.version)
            .ok_or(BundleError::LogEntryKind("it is none that is read here"))?,
        integrated: Some(entry.integrated_time.0).filter(|&seconds| seconds != 0),
        promise: entry
            .inclusion_promise
            .map(|promise| base64("signedEntryTimestamp", &promise.signed_entry_timestamp))
            .transpose()?,
        proof: entry.inclusion_proof.map(proof).transpose()?,
        body: base64("canonicalizedBody", &entry.canonicalized_body)?,
    })
}

fn proof(proof: wire::Proof) -> Result<Proof, BundleError> {
    let note = proof.checkpoint.map(|checkpoint| checkpoint.envelope);
    Ok(Proof {
        index: index(proof.log_index)?,
        size: index(proof.tree_size)?,
        root: hash("rootHash", &proof.root_hash)?,
        hashes: proof.hashes.iter().map(|text| hash("hashes", text)).collect::<Result<_, _>>()?,
        checkpoint: note
            .filter(|note| !note.is_empty())
            .map(Checkpoint::parse)
            .transpose()
            .map_err(BundleError::CheckpointMalformed)?,
    })
}

fn index(integer: wire::Integer) -> Result<u64, BundleError> {
    u64::try_from(integer.0).map_err(|_| BundleError::LogIndex)
}

/// A hash of the tree; one of another length cannot prove anything.
fn hash(field: &'static str, text: &str) -> Result<Digest, BundleError> {
    let bytes: [u8; 32] = base64(field, text)?.try_into().map_err(|_| BundleError::LogInclusion)?;
    Ok(Digest::from_bytes(bytes))
}

/// Base64 as the JSON of protocol buffers has it: either alphabet, padded or not, no stray bits. Line
/// breaks are skipped, since `base64(1)` puts them in and other verifiers (Go, Python, JavaScript)
/// skip them.
fn base64(field: &'static str, text: &str) -> Result<Vec<u8>, BundleError> {
    let plain: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let engine = match (plain.contains(['-', '_']), plain.len().is_multiple_of(4)) {
        (false, true) => STANDARD,
        (false, false) => STANDARD_NO_PAD,
        (true, true) => URL_SAFE,
        (true, false) => URL_SAFE_NO_PAD,
    };
    engine.decode(plain).map_err(|_| BundleError::Encoding(field))
}

fn bounded<T>(list: Vec<T>) -> Result<Vec<T>, BundleError> {
    if list.len() > MOST { Err(malformed(format!("more than {MOST} of a kind"))) } else { Ok(list) }
}

fn repeats<T>(list: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    list.iter().enumerate().any(|(n, one)| list.iter().skip(n + 1).any(|other| same(one, other)))
}
