//! Does a log entry record this signature, by this signer, over this artifact? Its body says so in
//! one of four formats of Rekor (`hashedrekord` 0.0.1 and 0.0.2, `dsse` 0.0.1, `intoto` 0.0.2).
//!
//! Checked before the entry is looked for in the log, so that a body that was altered is named by
//! what was altered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use sigstore_verify::crypto::KeyAlgorithm;
use sigstore_verify::rekor::RekorEntryBody;
use sigstore_verify::rekor::body::{
    DsseV001Body, HashedRekordV001Body, HashedRekordV002Body, IntotoV002Body,
};
use sigstore_verify::types::{DerCertificate, DerPublicKey, HashAlgorithm, pae};

use crate::parse::{Content, Entry, Kind, Parsed};
use crate::signed::Verifier;
use crate::{Artifact, BundleError, wire};

/// Checks one entry of the bundle against the rest of it.
pub(crate) fn verify(
    entry: &Entry,
    parsed: &Parsed,
    artifact: Artifact<'_>,
    verifier: &Verifier,
) -> Result<(), BundleError> {
    let (kind, version) = entry.kind.name();
    let head: wire::BodyHead = serde_json::from_slice(&entry.body).map_err(malformed)?;
    if (head.kind.as_str(), head.api_version.as_str()) != (kind, version) {
        return Err(BundleError::LogEntryKind("its body is of another"));
    }
    let body = RekorEntryBody::from_json(&entry.body, kind, version).map_err(malformed)?;
    let claim = Claim { parsed, artifact, verifier };
    match (&body, &parsed.content) {
        (RekorEntryBody::HashedRekordV001(body), Content::Message { .. }) => {
            claim.hashed_rekord_1(body)
        }
        (RekorEntryBody::HashedRekordV002(body), _) => claim.hashed_rekord_2(body),
        (RekorEntryBody::DsseV001(body), Content::Envelope { payload, .. }) => {
            claim.dsse_1(body, payload)
        }
        (RekorEntryBody::IntotoV002(body), Content::Envelope { payload_type, payload, .. }) => {
            claim.intoto_2(body, payload_type, payload)
        }
        _ => Err(BundleError::LogEntryKind(match entry.kind {
            Kind::Dsse1 | Kind::Intoto2 => "it is one for envelopes",
            Kind::HashedRekord1 | Kind::HashedRekord2 => "it is one for plain signatures",
        })),
    }
}

fn malformed(error: impl Into<crate::error::Cause>) -> BundleError {
    BundleError::LogEntryMalformed(error.into())
}

/// What the bundle and its verifier say, which the entry must say too.
struct Claim<'a> {
    parsed: &'a Parsed,
    artifact: Artifact<'a>,
    verifier: &'a Verifier,
}

impl Claim<'_> {
    fn hashed_rekord_1(&self, body: &HashedRekordV001Body) -> Result<(), BundleError> {
        let spec = &body.spec;
        sha256(spec.data.hash.algorithm)?;
        let logged = spec.data.hash.value.as_str();
        same("artifact", logged.eq_ignore_ascii_case(&self.artifact.digest().hex()))?;
        self.signature(spec.signature.content.as_bytes())?;
        self.pem(spec.signature.public_key.content.as_bytes())
    }

    fn hashed_rekord_2(&self, body: &HashedRekordV002Body) -> Result<(), BundleError> {
        let record = &body.spec.hashed_rekord_v002;
        sha256(record.data.algorithm)?;
        let signed = match &self.parsed.content {
            Content::Message { .. } => self.artifact.digest(),
            Content::Envelope { payload_type, payload, .. } => {
                Digest::of(&pae(payload_type, payload))
            }
        };
        same("artifact", record.data.digest.as_bytes() == signed.as_bytes())?;
        self.signature(record.signature.content.as_bytes())?;
        let verifier = &record.signature.verifier;
        // `keyDetails` has one value only in this format.
        same("key", self.verifier.algorithm()? == KeyAlgorithm::EcdsaP256)?;
        let (certificate, key) = (&verifier.x509_certificate, &verifier.public_key);
        let equal = match (self.verifier, certificate, key) {
            (Verifier::Certificate { der, .. }, Some(logged), None) => {
                logged.raw_bytes.as_bytes() == der
            }
            (Verifier::Key(key), None, Some(logged)) => logged.raw_bytes == *key,
            _ => false,
        };
        same("key", equal)
    }

    fn dsse_1(&self, body: &DsseV001Body, payload: &[u8]) -> Result<(), BundleError> {
        let logged = &body.spec.payload_hash;
        sha256(logged.algorithm)?;
        same("artifact", logged.value.eq_ignore_ascii_case(&Digest::of(payload).hex()))?;
        let [only] = body.spec.signatures.as_slice() else {
            return Err(BundleError::LogEntryMismatch("number of signatures"));
        };
        self.signature(only.signature.as_bytes())?;
        self.pem(only.verifier.as_bytes())
    }

    fn intoto_2(
        &self,
        body: &IntotoV002Body,
        payload_type: &str,
        payload: &[u8],
    ) -> Result<(), BundleError> {
        let content = &body.spec.content;
        sha256(content.payload_hash.algorithm)?;
        let logged = content.payload_hash.value.as_str();
        same("artifact", logged.eq_ignore_ascii_case(&Digest::of(payload).hex()))?;
        same("artifact", content.envelope.payload_type == payload_type)?;
        let [only] = content.envelope.signatures.as_slice() else {
            return Err(BundleError::LogEntryMismatch("number of signatures"));
        };
        // This format has the signature in base64 twice; the first layer is off already.
        let signature = STANDARD.decode(only.sig.as_bytes());
        self.signature(signature.as_deref().unwrap_or_default())?;
        self.pem(only.public_key.as_bytes())
    }

    fn signature(&self, logged: &[u8]) -> Result<(), BundleError> {
        same("signature", logged == self.parsed.content.signature())
    }

    /// The signer as PEM: the certificate, or the key.
    fn pem(&self, pem: &[u8]) -> Result<(), BundleError> {
        let pem = std::str::from_utf8(pem).unwrap_or_default();
        let equal = match self.verifier {
            Verifier::Certificate { der, .. } => {
                DerCertificate::from_pem(pem).is_ok_and(|logged| logged.as_bytes() == der)
            }
            Verifier::Key(key) => DerPublicKey::from_pem(pem).is_ok_and(|logged| logged == *key),
        };
        same("key", equal)
    }
}

fn same(what: &'static str, equal: bool) -> Result<(), BundleError> {
    if equal { Ok(()) } else { Err(BundleError::LogEntryMismatch(what)) }
}

fn sha256(algorithm: HashAlgorithm) -> Result<(), BundleError> {
    match algorithm {
        HashAlgorithm::Sha2256 => Ok(()),
        other => Err(BundleError::Algorithm(format!("a log entry's digest by {other}"))),
    }
}
