//! What the broker answers besides the KBS protocol, under `/v0`.

use domain::dsse::Envelope;
use domain::ids::{LaunchId, ProjectId};
use domain::keys::PublicKey;
use domain::{Digest, ReasonCode};
use serde::{Deserialize, Serialize};

/// `POST /v0/datasets`: take in a sealed dataset's manifest and wrapped key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterDataset {
    /// The signed manifest.
    pub manifest: Envelope,
    /// Who signed it; the broker's configuration must name this custodian.
    pub signer: PublicKey,
    /// The dataset secret wrapped to the broker's HPKE key (`seal::WrappedDatasetKey`).
    pub wrapped_key: String,
}

/// `POST /v0/projects`: an approved proposal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveProject {
    /// The proposal's canonical bytes.
    #[serde(with = "crate::bytes")]
    pub proposal: Vec<u8>,
    /// The custodians' statements.
    pub approvals: Vec<Envelope>,
    /// The output rules that the proposal names by digest (TOML); the broker keeps them as an object
    /// of the ledger, so that airlock and auditors can re-check outputs.
    #[serde(with = "crate::bytes")]
    pub output_rules: Vec<u8>,
}

/// Answer to both of the above: what was recorded, by digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registered {
    /// Of the dataset manifest or the proposal.
    pub digest: Digest,
    /// Where in the log its event stands.
    pub log_index: u64,
}

/// `POST /v0/launches`: issue a launch manifest for a researcher's signed job request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthoriseLaunch {
    /// A signed `domain::launch::JobRequest`.
    pub request: Envelope,
}

/// The answer to [`AuthoriseLaunch`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LaunchAuthorised {
    /// The launch's name, for status requests.
    pub launch: LaunchId,
    /// The manifest as initdata bytes.
    #[serde(with = "crate::bytes")]
    pub initdata: Vec<u8>,
    /// Where in the log its event stands.
    pub log_index: u64,
}

/// `POST /v0/job/refusal` (with the attestation token): the enclave stopped, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRefusal {
    /// Which check stopped it.
    pub reason: ReasonCode,
}

/// `GET /v0/about`: what a client needs to pin and to seal to. Unauthenticated: compare it with the
/// trust file that the custodian handed out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// HPKE key to which dataset secrets are wrapped.
    pub sealing_key: String,
    /// The log's origin.
    pub log_origin: String,
    /// The log's key.
    pub log_key: PublicKey,
    /// The release policy in force.
    pub release_policy: Digest,
}

/// `GET /v0/projects/{project}`: what the broker holds of a project, for the airlock and auditors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProjectRecord {
    /// The project.
    pub project: ProjectId,
    /// The proposal's canonical bytes.
    #[serde(with = "crate::bytes")]
    pub proposal: Vec<u8>,
    /// The custodians' statements.
    pub approvals: Vec<Envelope>,
    /// The dataset's signed manifest.
    pub manifest: Envelope,
    /// Who signed it.
    pub signer: PublicKey,
}
