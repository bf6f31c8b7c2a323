//! Published bundles with their verdicts, and keys of our own.

use std::fs;
use std::path::{Path, PathBuf};

use domain::{Digest, Reason};

use crate::{BundleError, Published, Signer, verify_pinned, verify_published};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/sigstore");
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn judge(case: &Path) -> Result<Published, BundleError> {
    let bundle = text(&case.join("bundle.sigstore.json")).unwrap();
    let artifact = fs::read(case.join("artifact"))
        .or_else(|_| fs::read(case.parent().unwrap().join("a.txt")))
        .unwrap();
    let root = text(&case.join("trusted_root.json")).unwrap_or_else(|| {
        let name = "trusted_roots/production.trusted_root.json";
        text(&Path::new(VECTORS).join(name)).unwrap()
    });
    let identity =
        text(&case.join("identity")).map_or(IDENTITY.to_owned(), |t| t.trim().to_owned());
    let issuer = text(&case.join("issuer")).map_or(ISSUER.to_owned(), |t| t.trim().to_owned());
    let key = text(&case.join("key.pub"));
    let signer = match &key {
        Some(key) => Signer::Key(key),
        None => Signer::Identity { identity: &identity, issuer: &issuer },
    };
    verify_published(&bundle, &Digest::of(&artifact), &signer, &root)
}

#[test]
fn published_bundles_get_their_verdict() {
    let mut judged = 0;
    for folder in ["bundle-verify", "own-infra"] {
        let Ok(entries) = fs::read_dir(Path::new(VECTORS).join(folder)) else { continue };
        for case in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
            let name = case.file_name().unwrap().to_str().unwrap();
            let verdict = judge(&case);
            assert_eq!(verdict.is_ok(), !name.ends_with("_fail"), "{folder}/{name}: {verdict:?}");
            judged += 1;
        }
    }
    if judged == 0 {
        println!("skipped: the sigstore vectors are not beside this project");
    } else {
        assert!(judged >= 52, "only {judged} bundles were found");
    }
}

fn own(name: &str) -> Option<(String, String, Digest)> {
    let case = Path::new(VECTORS).join("own-infra").join(name);
    let artifact: PathBuf = case.join("artifact");
    Some((
        text(&case.join("bundle.sigstore.json"))?,
        text(&case.join("key.pub"))?,
        Digest::of(&fs::read(artifact).ok()?),
    ))
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
    assert_eq!(refused("{}", &digest, &key), "bundle.malformed");
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
    let refused = verify_published(COSIGN, &digest, &key, root).unwrap_err();
    assert_eq!(refused.reason(), "bundle.unacceptable");
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
