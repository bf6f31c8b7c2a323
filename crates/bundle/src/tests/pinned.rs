//! What is asked of an artifact whose digest is pinned by an approval, and what is not.

use domain::{Digest, Reason};

use super::vectors::Case;
use crate::{Artifact, Signer, verify_pinned, verify_published};

fn own(name: &str) -> Option<(String, String, Digest)> {
    let case = Case::read("own-infra", name)?;
    Some((case.bundle, case.key?, Digest::of(&case.artifact)))
}

#[test]
fn a_pinned_artifact_needs_its_key_and_its_digest() {
    let (Some((bundle, key, digest)), Some((unsigned_time, _, _))) =
        (own("own-message"), own("own-message-ts-missing_fail"))
    else {
        println!("skipped: the sigstore vectors are not beside this project");
        return;
    };
    assert_eq!(verify_pinned(&bundle, &digest, &key).unwrap().digest(), digest);
    assert_eq!(verify_pinned(&unsigned_time, &digest, &key).unwrap().digest(), digest);
    let refused = |bundle: &str, digest: &Digest, key: &str| {
        verify_pinned(bundle, digest, key).unwrap_err().reason()
    };
    assert_eq!(refused(&bundle, &Digest::of(b"other"), &key), "bundle.artifact");
    assert_eq!(refused(&bundle, &digest, "no key"), "bundle.key");
    assert_eq!(refused("", &digest, &key), "bundle.malformed");
    assert_eq!(refused("{}", &digest, &key), "bundle.version");
    assert_eq!(refused(&bundle, &digest, OTHER_KEY), "bundle.signature");
    let (statement, key, digest) = own("own-dsse").unwrap();
    assert_eq!(refused(&statement, &digest, &key), "bundle.kind");
}

/// What Debian's cosign 2.5.0 wrote for the six bytes `hello\n`, and its throw-away key.
#[test]
fn a_bundle_without_any_time_is_enough_for_a_pinned_artifact_only() {
    let digest = Digest::of(b"hello\n");
    assert_eq!(verify_pinned(COSIGN, &digest, COSIGN_KEY).unwrap().digest(), digest);
    let key = Signer::Key(COSIGN_KEY);
    let root = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    let now = "2026-11-26T12:00:00Z".parse().unwrap();
    let refused = verify_published(COSIGN, Artifact::Digest(digest), &key, root, now).unwrap_err();
    assert_eq!(refused.reason(), "bundle.no-log-entry");
    let forged = COSIGN.replace("WJG1", "WJG2");
    let refused = verify_pinned(&forged, &digest, COSIGN_KEY).unwrap_err();
    assert_eq!(refused.reason(), "bundle.artifact");
    let forged = COSIGN.replace("MEUCIBPf", "MEUCIBPg");
    let refused = verify_pinned(&forged, &digest, COSIGN_KEY).unwrap_err();
    assert_eq!(refused.reason(), "bundle.signature");
}

const COSIGN: &str = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial":{"publicKey":{"hint":"s508l8oSGQ0WlbqkVyPX6RdFwDJoKkcj24jIG8KlrlI="}}, "messageSignature":{"messageDigest":{"algorithm":"SHA2_256", "digest":"WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="}, "signature":"MEUCIBPfFZ5uUFkhAQnsvpDxakva0haFYo47G7KL8+GwVTzMAiEAoS8Tm16jN/B8CUCn12YxAj+r1T7V+E+wHmhBlHKuDAA="}}"#;
const COSIGN_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE187vynmzq0SCX8C3nWfEAk1j8plo
hFLG491smSwZCp2Xb667u15NIvjp94Wwd9yqmgP+4MsVVDFAItT6GjnIbQ==
-----END PUBLIC KEY-----
";

/// A P-256 key that signed nothing here.
const OTHER_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
";
