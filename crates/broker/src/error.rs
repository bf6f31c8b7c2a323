//! Why the broker refused.

use domain::Reason;
use domain::canonical::CanonicalError;
use domain::dataset::DatasetError;
use domain::grant::GrantError;
use domain::launch::LaunchError;
use domain::project::ApprovalError;
use evidence::EvidenceError;
use ledger::LedgerError;
use policy::PolicyError;

use crate::keystore::KeyStoreError;

/// Why the broker refused, or could not start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Evidence of further devices, which this broker does not verify.
    #[error("evidence of additional devices is not supported here")]
    AdditionalEvidence,
    /// The project is not approved, or no longer.
    #[error("the project's approval does not hold")]
    Approval(#[source] ApprovalError),
    /// No approval is recorded for the project or launch.
    #[error("no approval is recorded; have the custodians approve the project first")]
    ApprovalMissing,
    /// A newer proposal took the place of this one.
    #[error("the project was approved anew since; start the job again")]
    ApprovalSuperseded,
    /// A statement has no canonical form.
    #[error("a statement cannot be kept")]
    Canonical(#[source] CanonicalError),
    /// The cryptographic library or the operating system's randomness failed.
    #[error("a cryptographic operation failed")]
    Cryptography,
    /// The manifest is no signed dataset manifest.
    #[error("the dataset manifest is not accepted")]
    Dataset(#[source] DatasetError),
    /// Another secret was registered for the dataset before.
    #[error("the dataset is registered with another secret")]
    DatasetRegistered,
    /// The dataset was never registered.
    #[error("the dataset is not registered; register it first")]
    DatasetUnknown,
    /// The evidence does not verify.
    #[error("the enclave's evidence is refused")]
    Evidence(#[source] EvidenceError),
    /// Approval, manifest, evidence and permit do not belong together.
    #[error("the key is not granted")]
    Grant(#[source] GrantError),
    /// The attestation has no init data.
    #[error("the attestation names no launch manifest as its `init-data`")]
    InitDataMissing,
    /// The wrapped key cannot be kept or found.
    #[error("the wrapped key cannot be kept or found")]
    KeyStore(#[from] KeyStoreError),
    /// No launch manifest was issued, or it cannot be read.
    #[error("the launch is not authorised")]
    Launch(#[source] LaunchError),
    /// The launch manifest's time is over.
    #[error("the launch manifest has expired; start the job again")]
    LaunchExpired,
    /// A key was released for this job before, under this or another launch.
    #[error("the job has run; start another one")]
    JobRun,
    /// The manifest's key was released before.
    #[error("the launch manifest was used; start the job again")]
    LaunchUsed,
    /// The init data is no manifest that this broker issued.
    #[error("the launch manifest is not one that this broker issued")]
    LaunchUnknown,
    /// The log, or the objects that it names, cannot be written or read.
    #[error("the decision cannot be recorded")]
    Ledger(#[from] LedgerError),
    /// The request is not the expected JSON.
    #[error("the request cannot be read")]
    Malformed(#[source] serde_json::Error),
    /// The nonce's time is over.
    #[error("the nonce has expired; begin again")]
    NonceExpired,
    /// The nonce is not the session's.
    #[error("the nonce is not the one of this session")]
    NonceUnknown,
    /// The nonce was presented before.
    #[error("the nonce was used; begin again")]
    NonceUsed,
    /// The output rules are not those that the proposal names.
    #[error("the output rules are not those that the proposal names")]
    OtherOutputRules,
    /// An enclave asked for another resource than its launch is for.
    #[error("the launch is for another dataset")]
    OtherResource,
    /// The release policy does not permit.
    #[error("the release policy does not permit this")]
    Policy(#[source] PolicyError),
    /// No such project.
    #[error("no such project")]
    ProjectUnknown,
    /// The log names an object that says something else than was recorded.
    #[error("entry {index} of the log does not fit its objects")]
    Replay {
        /// The entry, counted from 0.
        index: u64,
    },
    /// The request's body is too long or broke off.
    #[error("the request is too long or incomplete")]
    RequestBody,
    /// The revocation list cannot be read.
    #[error("the revocation list cannot be read")]
    RevocationList(#[source] std::io::Error),
    /// No such session, or one of an earlier run of the broker.
    #[error("the session is not known here; begin again with a new launch")]
    SessionUnknown,
    /// Another kind of hardware than this broker verifies.
    #[error("only SEV-SNP enclaves are supported here")]
    Tee,
    /// The enclave's key is of another kind, or no point of the curve.
    #[error("the enclave's key is not a P-256 key for `ECDH-ES+A256KW`")]
    TeeKey,
    /// The token is missing, malformed or not signed by this broker.
    #[error("the attestation token is not valid")]
    Token,
    /// The token's time is over.
    #[error("the attestation token has expired")]
    TokenExpired,
    /// Too many sessions are open.
    #[error("too many sessions are open; try again later")]
    TooManySessions,
    /// The manifest is signed by nobody whose datasets are accepted here.
    #[error("the signer is not a custodian that this broker is configured for")]
    UnknownCustodian,
    /// Another version of the protocol.
    #[error("only version 0.4.0 of the protocol is spoken here")]
    Version,
    /// The wrapped key is not one, or not wrapped to this broker for this dataset.
    #[error("the wrapped key does not open here for this dataset")]
    WrappedKey(#[source] seal::Error),
}

impl Reason for BrokerError {
    fn reason(&self) -> &'static str {
        match self {
            Self::AdditionalEvidence => "kbs.additional-evidence",
            Self::Approval(cause) => cause.reason(),
            Self::ApprovalMissing => "approval.missing",
            Self::ApprovalSuperseded => "approval.superseded",
            Self::Canonical(cause) => cause.reason(),
            Self::Cryptography => "system.cryptography",
            Self::Dataset(cause) => cause.reason(),
            Self::DatasetRegistered => "dataset.already-registered",
            Self::DatasetUnknown => "dataset.unknown",
            Self::Evidence(cause) => cause.reason(),
            Self::Grant(cause) => cause.reason(),
            Self::InitDataMissing => "kbs.init-data-missing",
            Self::KeyStore(cause) => cause.reason(),
            Self::Launch(cause) => cause.reason(),
            Self::LaunchExpired => "launch.expired",
            Self::JobRun => "launch.job-already-run",
            Self::LaunchUsed => "launch.already-used",
            Self::LaunchUnknown => "launch.unknown-manifest",
            Self::Ledger(cause) => cause.reason(),
            Self::Malformed(_) => "request.malformed",
            Self::NonceExpired => "kbs.nonce-expired",
            Self::NonceUnknown => "kbs.nonce-unknown",
            Self::NonceUsed => "kbs.nonce-used",
            Self::OtherOutputRules => "approval.other-output-rules",
            Self::OtherResource => "kbs.other-resource",
            Self::Policy(cause) => cause.reason(),
            Self::ProjectUnknown => "project.unknown",
            Self::Replay { .. } => "log.inconsistent",
            Self::RequestBody => "request.body",
            Self::RevocationList(_) => "evidence.crl-missing",
            Self::SessionUnknown => "kbs.session-unknown",
            Self::Tee => "kbs.tee",
            Self::TeeKey => "kbs.tee-key",
            Self::Token => "kbs.token",
            Self::TokenExpired => "kbs.token-expired",
            Self::TooManySessions => "kbs.too-many-sessions",
            Self::UnknownCustodian => "dataset.unknown-custodian",
            Self::Version => "kbs.version",
            Self::WrappedKey(cause) => cause.reason(),
        }
    }
}

impl BrokerError {
    /// The rules that determined a denial by policy.
    pub(crate) fn rules(&self) -> &[String] {
        match self {
            Self::Policy(cause) => cause.rules(),
            _ => &[],
        }
    }
}
