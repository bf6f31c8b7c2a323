//! Other people's bundles with their verdicts: each refusal for the reason that its README gives.

use std::fs;
use std::path::{Path, PathBuf};

use domain::{Digest, Reason, Timestamp};

use crate::{Artifact, BundleError, Published, Signer, verify_published};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/sigstore");
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Everything that one case is judged by.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) bundle: String,
    pub(super) artifact: Vec<u8>,
    pub(super) root: String,
    pub(super) identity: String,
    pub(super) issuer: String,
    pub(super) key: Option<String>,
    pub(super) now: Timestamp,
}

impl Case {
    /// Reads a case; `None` where the vectors are not beside the project.
    pub(super) fn read(folder: &str, name: &str) -> Option<Self> {
        let case = Path::new(VECTORS).join(folder).join(name);
        let text = |path: PathBuf| fs::read_to_string(path).ok();
        let trimmed = |name: &str| text(case.join(name)).map(|text| text.trim().to_owned());
        Some(Self {
            bundle: text(case.join("bundle.sigstore.json"))?,
            artifact: fs::read(case.join("artifact"))
                .or_else(|_| fs::read(Path::new(VECTORS).join(folder).join("a.txt")))
                .ok()?,
            root: text(case.join("trusted_root.json")).or_else(|| {
                text(Path::new(VECTORS).join("trusted_roots/production.trusted_root.json"))
            })?,
            identity: trimmed("identity").unwrap_or_else(|| IDENTITY.to_owned()),
            issuer: trimmed("issuer").unwrap_or_else(|| ISSUER.to_owned()),
            key: text(case.join("key.pub")),
            now: "2026-11-26T12:00:00Z".parse().unwrap(),
        })
    }

    pub(super) fn judge(&self, artifact: Artifact<'_>) -> Result<Published, BundleError> {
        let signer = match &self.key {
            Some(key) => Signer::Key(key),
            None => Signer::Identity { identity: &self.identity, issuer: &self.issuer },
        };
        verify_published(&self.bundle, artifact, &signer, &self.root, self.now)
    }

    /// The reason of the refusal, or `verified`; the same by the file and by its digest.
    pub(super) fn verdict(&self) -> &'static str {
        let [file, digest] =
            [Artifact::Bytes(&self.artifact), Artifact::Digest(Digest::of(&self.artifact))]
                .map(|artifact| self.judge(artifact).map_or_else(|e| e.reason(), |_| "verified"));
        assert_eq!(file, digest, "the file and its digest get different verdicts");
        file
    }
}

#[test]
fn published_bundles_get_their_verdict_and_reason() {
    let (mut judged, mut wrong) = (0, Vec::new());
    for (folder, cases) in [("bundle-verify", CONFORMANCE.as_slice()), ("own-infra", &OWN)] {
        for (name, expected) in cases {
            let Some(case) = Case::read(folder, name) else { continue };
            let verdict = case.verdict();
            if verdict != *expected {
                wrong.push(format!("{folder}/{name}: {verdict}, not {expected}"));
            }
            judged += 1;
        }
        // No case is there that the tables do not know.
        let Ok(entries) = fs::read_dir(Path::new(VECTORS).join(folder)) else { continue };
        let folders = entries.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
        assert_eq!(folders, cases.len(), "{folder}");
    }
    assert_eq!(wrong, Vec::<String>::new());
    match judged {
        0 => println!("skipped: the sigstore vectors are not beside this project"),
        _ => assert_eq!(judged, CONFORMANCE.len() + OWN.len()),
    }
}

/// Case, and what its README says is wrong with it.
const CONFORMANCE: [(&str, &str); 42] = [
    ("bundle-empty-certificate-chain_fail", "bundle.no-certificate"),
    ("bundle-invalid-base64-signature_fail", "bundle.encoding"),
    ("bundle-negative-log-index_fail", "bundle.log-index"),
    ("bundle-unknown-version_fail", "bundle.version"),
    ("bundle-with-sct-with-extensions", "verified"),
    ("checkpoint-wrong-roothash_fail", "bundle.checkpoint-root"),
    ("dsse-invalid-sig_fail", "bundle.signature"),
    ("dsse-mismatch-sig_fail", "bundle.log-entry-mismatch"),
    ("happy-path-v0.1", "verified"),
    ("happy-path-v0.2", "verified"),
    ("happy-path-v0.3-new-mediaType", "verified"),
    ("incorrect-public-key_fail", "bundle.log-entry-mismatch"),
    ("integrated-time-in-future_fail", "bundle.certificate-validity"),
    ("intoto-log-entry-mismatch_fail", "bundle.log-entry-mismatch"),
    ("intoto-set-outside-signing-cert-validity_fail", "bundle.certificate-validity"),
    ("intoto-tsa-timestamp-outside-cert-validity_fail", "bundle.certificate-validity"),
    ("invalid-checkpoint-signature_fail", "bundle.checkpoint-signature"),
    ("invalid-inclusion-proof_fail", "bundle.log-inclusion"),
    ("managed-key-and-trusted-root", "verified"),
    ("managed-key-no-key_fail", "bundle.no-certificate"),
    ("message-digest-mismatch_fail", "bundle.artifact"),
    ("rekor2-checkpoint-cosigned", "verified"),
    ("rekor2-checkpoint-missing-origin_fail", "bundle.checkpoint-malformed"),
    ("rekor2-checkpoint-missing-size_fail", "bundle.checkpoint-malformed"),
    ("rekor2-checkpoint-multiple-cosigs", "verified"),
    ("rekor2-checkpoint-origin-not-first", "verified"),
    ("rekor2-checkpoint-two-sigs-from-origin", "verified"),
    ("rekor2-dsse-happy-path", "verified"),
    ("rekor2-dsse-mismatch-envelope_fail", "bundle.log-entry-mismatch"),
    ("rekor2-happy-path", "verified"),
    ("rekor2-no-inclusion-proof_fail", "bundle.no-inclusion-proof"),
    ("rekor2-timestamp-outside-trust-root-tsa-validity_fail", "bundle.timestamp-validity"),
    ("rekor2-timestamp-payload-mismatch_fail", "bundle.timestamp-mismatch"),
    ("rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail", "bundle.timestamp-untrusted"),
    ("rekor2-timestamp-with-embedded-cert", "verified"),
    ("rekor2-timestamp-with-incorrect-time_fail", "bundle.certificate-validity"),
    ("rekor2-timestamp-without-embedded-cert", "verified"),
    ("signature-mismatch_fail", "bundle.signature"),
    ("trust-root-tlog-validity-end-inclusive", "verified"),
    ("trust-root-tsa-validity-end-inclusive", "verified"),
    ("wrong-hashedrekord-cert-and-sig_fail", "bundle.log-entry-mismatch"),
    ("wrong-material_fail", "bundle.artifact"),
];

const OWN: [(&str, &str); 10] = [
    ("own-dsse", "verified"),
    ("own-dsse-artifact_fail", "bundle.artifact"),
    ("own-dsse-proof_fail", "bundle.log-inclusion"),
    ("own-dsse-root_fail", "bundle.checkpoint-signature"),
    ("own-dsse-ts-missing_fail", "bundle.no-time"),
    ("own-message", "verified"),
    ("own-message-artifact_fail", "bundle.artifact"),
    ("own-message-proof_fail", "bundle.log-inclusion"),
    ("own-message-root_fail", "bundle.checkpoint-signature"),
    ("own-message-ts-missing_fail", "bundle.no-time"),
];
