//! The Confidential Containers KBS protocol, version 0.4.0, as the broker speaks it.
//!
//! `POST /kbs/v0/auth` → `POST /kbs/v0/attest` → `GET /kbs/v0/resource/{repository}/{type}/{tag}`.
//! REPORT_DATA is SHA-384 over the canonical JSON of `{additional-evidence, nonce, tee-pubkey}`.

use domain::canonical::CanonicalError;
use domain::claims::ReportData;
use domain::output::attestation_report_data;
pub use kbs_types::{
    Attestation, Challenge, CompositeEvidence, ErrorInformation, InitData, ProtectedHeader,
    Request, Response, RuntimeData, Tee, TeePubKey,
};
use serde::{Deserialize, Serialize};

/// The protocol version that both sides must name.
pub const VERSION: &str = "0.4.0";

/// The cookie that ties `/attest` to `/auth`.
pub const SESSION_COOKIE: &str = "kbs-session-id";

/// The resource path of a dataset's key: `dataset/key/<64 hex digits of the manifest digest>`.
#[must_use]
pub fn dataset_key_path(manifest: &domain::Digest) -> String {
    format!("dataset/key/{}", manifest.hex())
}

/// The answer of `/attest`: an EAR token (draft-ietf-rats-ear) as a JWT.
#[derive(Clone, Serialize, Deserialize)]
pub struct AttestationToken {
    /// The compact JWS.
    pub token: String,
}

impl std::fmt::Debug for AttestationToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AttestationToken(…)")
    }
}

/// The REPORT_DATA that binds evidence to a nonce and a key.
///
/// # Errors
/// [`CanonicalError`] never in practice: these types always have a JSON form.
pub fn report_data(
    additional_evidence: &str,
    runtime: &RuntimeData,
) -> Result<ReportData, CanonicalError> {
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Bound<'a> {
        additional_evidence: &'a str,
        nonce: &'a str,
        tee_pubkey: &'a TeePubKey,
    }
    attestation_report_data(&Bound {
        additional_evidence,
        nonce: &runtime.nonce,
        tee_pubkey: &runtime.tee_pubkey,
    })
}
