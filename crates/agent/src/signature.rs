//! The workload's signature: a Sigstore bundle v0.3 made with a key (`cosign sign-blob --key`).

use domain::Digest;
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::types::bundle::{MediaType, MessageSignature, VerificationMaterialContent};
use sigstore_verify::types::{Bundle, DerPublicKey, HashAlgorithm, SignatureContent};

use crate::WorkloadError;

/// Bytes that the approved signer signed.
#[derive(Debug)]
pub struct SignedArtifact {
    bundle: String,
}

impl SignedArtifact {
    /// Checks that `bundle` holds `signer`'s signature over exactly `artifact`.
    ///
    /// No transparency log and no time is asked for. That is allowed here, and only here, because
    /// the launch manifest pins the artifact's exact digest: what could have been signed when, by a
    /// key that was stolen later, is no question once the custodians approved these very bytes.
    /// (`sigstore_verify::verify` cannot be told so: it wants a log entry or a timestamp in every
    /// bundle. Parsing and the signature check are that project's all the same.)
    ///
    /// # Errors
    /// [`WorkloadError::Unsigned`] if there is no bundle or it cannot be read,
    /// [`WorkloadError::Signature`] if it is another key's or over other bytes.
    pub fn verify(
        bundle: Option<&[u8]>,
        signer_pem: &str,
        artifact: &[u8],
    ) -> Result<Self, WorkloadError> {
        let text = bundle.ok_or(WorkloadError::Unsigned("there is no signature bundle"))?;
        let text = std::str::from_utf8(text)
            .map_err(|_| WorkloadError::Unsigned("the signature bundle is no text"))?;
        let bundle = Bundle::from_json(text)
            .map_err(|_| WorkloadError::Unsigned("the signature bundle cannot be read"))?;
        let signature = message_signature(&bundle)?;
        if !is_over(signature, artifact) {
            return Err(WorkloadError::Signature);
        }
        DerPublicKey::from_pem(signer_pem)
            .ok()
            .and_then(|key| VerificationKey::from_spki(&key).ok())
            .ok_or(WorkloadError::Unsigned("the approved signer is no public key"))?
            .verify(artifact, &signature.signature)
            .map_err(|_| WorkloadError::Signature)?;
        Ok(Self { bundle: text.to_owned() })
    }

    /// The bundle's text, which the receipt carries on.
    #[must_use]
    pub fn bundle(&self) -> &str {
        &self.bundle
    }
}

/// The signature of a v0.3 bundle that was made with a key, not with a certificate.
fn message_signature(bundle: &Bundle) -> Result<&MessageSignature, WorkloadError> {
    let material = &bundle.verification_material.content;
    match (bundle.media_type, material, &bundle.content) {
        (
            MediaType::Bundle0_3,
            VerificationMaterialContent::PublicKey(_),
            SignatureContent::MessageSignature(signature),
        ) => Ok(signature),
        _ => Err(WorkloadError::Unsigned("the signature bundle is of another kind")),
    }
}

/// Whether the digest that the bundle names, as a hint to readers, is the artifact's.
fn is_over(signature: &MessageSignature, artifact: &[u8]) -> bool {
    signature.message_digest.as_ref().is_some_and(|named| {
        named.algorithm == HashAlgorithm::Sha2256
            && named.digest.as_bytes() == Digest::of(artifact).as_bytes()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::bundle;
    use domain::Reason as _;
    use sigstore_verify::crypto::KeyPair;

    fn reason(bundle: Option<&[u8]>, signer: &str, artifact: &[u8]) -> &'static str {
        SignedArtifact::verify(bundle, signer, artifact)
            .map_or_else(|error| error.reason(), |_| "ok")
    }

    #[test]
    fn key_and_bytes_must_both_be_right() {
        let key = KeyPair::generate_ecdsa_p256().unwrap();
        let pem = key.public_key_der().unwrap().to_pem();
        let other = KeyPair::generate_ecdsa_p256().unwrap().public_key_der().unwrap().to_pem();
        let json = bundle(&key, b"image");
        assert_eq!(reason(Some(&json), &pem, b"image"), "ok");
        assert_eq!(reason(Some(&json), &other, b"image"), "workload.signature");
        assert_eq!(reason(Some(&json), &pem, b"other"), "workload.signature");
        // The digest is right, the signature over something else.
        let parse = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).unwrap();
        let mut mixed = parse(&json);
        mixed["messageSignature"]["signature"] =
            parse(&bundle(&key, b"other"))["messageSignature"]["signature"].take();
        assert_eq!(
            reason(Some(mixed.to_string().as_bytes()), &pem, b"image"),
            "workload.signature"
        );
    }

    #[test]
    fn what_is_no_bundle_is_unsigned() {
        let key = KeyPair::generate_ecdsa_p256().unwrap();
        let pem = key.public_key_der().unwrap().to_pem();
        let json: serde_json::Value = serde_json::from_slice(&bundle(&key, b"image")).unwrap();
        assert_eq!(reason(None, &pem, b"image"), "workload.unsigned");
        for text in ["", "{}", "null", "\u{fffd}"] {
            assert_eq!(
                reason(Some(text.as_bytes()), &pem, b"image"),
                "workload.unsigned",
                "{text}"
            );
        }
        let mut old = json.clone();
        old["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1".into();
        assert_eq!(reason(Some(old.to_string().as_bytes()), &pem, b"image"), "workload.unsigned");
        let mut without = json.clone();
        without.as_object_mut().unwrap().remove("messageSignature");
        assert_eq!(
            reason(Some(without.to_string().as_bytes()), &pem, b"image"),
            "workload.unsigned"
        );
        let json = json.to_string();
        assert_eq!(reason(Some(json.as_bytes()), "no key", b"image"), "workload.unsigned");
    }

    #[test]
    fn published_bundles_are_judged_as_their_names_say() {
        let folder =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/sigstore/own-infra");
        let Ok(cases) = std::fs::read_dir(folder) else {
            println!("skipped: no vectors of Sigstore");
            return;
        };
        let mut judged = 0;
        for case in cases.map(|case| case.unwrap().path()).filter(|case| case.is_dir()) {
            let read = |file: &str| std::fs::read(case.join(file)).unwrap();
            let signer = String::from_utf8(read("key.pub")).unwrap();
            let found = reason(Some(&read("bundle.sigstore.json")), &signer, &read("artifact"));
            let name = case.file_name().unwrap().to_str().unwrap();
            // Logs, their roots and timestamps are not asked for here: only the artifact decides.
            let expected = match name {
                "own-message-artifact_fail" => "workload.signature",
                name if name.starts_with("own-message") => "ok",
                _ => "workload.unsigned",
            };
            assert_eq!(found, expected, "{name}");
            judged += 1;
        }
        assert_eq!(judged, 10);
    }
}
