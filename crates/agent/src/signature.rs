//! The workload's signature: a Sigstore bundle v0.3 made with a key (`cosign sign-blob --key`).

use bundle::{BundleError, verify_pinned};
use domain::Digest;

use crate::WorkloadError;

/// Bytes that the approved signer signed.
#[derive(Debug)]
pub struct SignedArtifact {
    bundle: String,
}

impl SignedArtifact {
    /// Checks that `bundle` holds `signer`'s signature over exactly `artifact`. No transparency log and
    /// no time is asked for: the launch manifest pins the artifact's digest (`bundle::verify_pinned`).
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
        verify_pinned(text, &Digest::of(artifact), signer_pem).map_err(|error| match error {
            BundleError::Artifact | BundleError::Signature => WorkloadError::Signature,
            BundleError::Key => WorkloadError::Unsigned("the approved signer is no public key"),
            BundleError::Kind(_) => {
                WorkloadError::Unsigned("the signature bundle is of another kind")
            }
            _ => WorkloadError::Unsigned("the signature bundle cannot be read"),
        })?;
        Ok(Self { bundle: text.to_owned() })
    }

    /// The bundle's text, which the receipt carries on.
    #[must_use]
    pub fn bundle(&self) -> &str {
        &self.bundle
    }
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
}
