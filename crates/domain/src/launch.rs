//! Stage 3, launched: the manifest that binds one launch to everything it may touch.
//!
//! The manifest is carried as Confidential Containers initdata (TOML, version 0.1.0); the SHA-256
//! of those bytes is the launch's HOST_DATA (SEV-SNP) or MRCONFIGID (TDX).

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::dsse::{DsseError, Envelope};
use crate::ids::{JobId, LaunchId, PersonId, ProjectId};
use crate::keys::{PublicKey, SecretKey};
use crate::project::{Approval, Workload};
use crate::{Digest, Reason, Timestamp};

/// What a researcher signs to start a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRequest {
    /// The job.
    pub job: JobId,
    /// The project under whose approval it runs.
    pub project: ProjectId,
    /// Which of the approved workloads, by digest.
    pub workload: Digest,
    /// Who asks.
    pub author: PersonId,
}

impl JobRequest {
    /// Signs the request as its author.
    ///
    /// # Errors
    /// [`LaunchError::Malformed`] if the request has no canonical form.
    pub fn sign(&self, key: &SecretKey) -> Result<Envelope, LaunchError> {
        let payload = canonical::to_vec(self).map_err(LaunchError::Malformed)?;
        Ok(Envelope::sign(JOB_REQUEST_TYPE, &payload, key))
    }

    /// The project that an unverified request names, to find the approval with which to call
    /// [`LaunchManifest::authorise`].
    ///
    /// # Errors
    /// [`LaunchError::Signature`] or [`LaunchError::Malformed`].
    pub fn unverified_project(envelope: &Envelope) -> Result<ProjectId, LaunchError> {
        let payload = envelope.unverified_payload().map_err(LaunchError::Signature)?;
        let request: Self = canonical::from_slice(&payload).map_err(LaunchError::Malformed)?;
        Ok(request.project)
    }

    fn verify(envelope: &Envelope, approval: &Approval) -> Result<Self, LaunchError> {
        let payload = envelope.unverified_payload().map_err(LaunchError::Signature)?;
        let claimed: Self = canonical::from_slice(&payload).map_err(LaunchError::Malformed)?;
        let key = approval
            .proposal()
            .researchers
            .get(&claimed.author)
            .ok_or(LaunchError::NotAResearcher)?;
        envelope.verify(JOB_REQUEST_TYPE, key).map_err(LaunchError::Signature)?;
        Ok(claimed)
    }
}

/// The services and keys that every launch of one deployment is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// SHA-256 of the broker's TLS key (DER SubjectPublicKeyInfo).
    pub broker_tls: Digest,
    /// SHA-256 of the airlock's TLS key (DER SubjectPublicKeyInfo).
    pub airlock_tls: Digest,
    /// The airlock's HPKE key, to which outputs are sealed, in its text form.
    pub airlock_sealing: String,
    /// The log's origin line.
    pub log_origin: String,
    /// The log's key.
    pub log_key: PublicKey,
}

/// Everything that one launch is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchManifest {
    /// Random; one manifest, one launch.
    pub launch: LaunchId,
    /// The job that is run.
    pub job: JobId,
    /// Who asked for it: not a reviewer of its output.
    pub author: PersonId,
    /// The project.
    pub project: ProjectId,
    /// The approved proposal.
    pub proposal: Digest,
    /// The dataset's manifest.
    pub dataset: Digest,
    /// The key that signed the dataset's manifest.
    pub dataset_signer: PublicKey,
    /// What is run.
    pub workload: Workload,
    /// The output rules.
    pub output_rules: Digest,
    /// The release policy.
    pub release_policy: Digest,
    /// The services and keys around the enclave.
    pub deployment: Deployment,
    /// After this moment no key is released for this launch.
    pub expires: Timestamp,
}

impl LaunchManifest {
    /// Derives the manifest of one launch from an approval and a researcher's signed request.
    ///
    /// # Errors
    /// The approval has run out, the requester is no researcher of the project, or the workload
    /// is not an approved one.
    pub fn authorise(
        launch: LaunchId,
        approval: &Approval,
        dataset_signer: PublicKey,
        request: &Envelope,
        deployment: Deployment,
        at: Timestamp,
        lifetime_seconds: i64,
    ) -> Result<Self, LaunchError> {
        let proposal = approval.proposal();
        approval.still_valid(at).map_err(|_| LaunchError::ApprovalExpired)?;
        let request = JobRequest::verify(request, approval)?;
        if request.project != proposal.project {
            return Err(LaunchError::OtherProject);
        }
        let workload = proposal
            .workloads
            .iter()
            .find(|workload| workload.digest == request.workload)
            .ok_or(LaunchError::WorkloadNotApproved)?;
        Ok(Self {
            launch,
            job: request.job,
            author: request.author,
            project: request.project,
            proposal: approval.digest(),
            dataset: proposal.dataset,
            dataset_signer,
            workload: workload.clone(),
            output_rules: proposal.output_rules,
            release_policy: proposal.release_policy,
            deployment,
            expires: at.plus_seconds(lifetime_seconds).min(proposal.expires),
        })
    }

    /// The initdata bytes whose SHA-256 the launch is bound to.
    ///
    /// # Errors
    /// [`LaunchError::Malformed`] if a text in the manifest holds a quote that the TOML literal
    /// cannot carry.
    pub fn to_initdata(&self) -> Result<Vec<u8>, LaunchError> {
        let json = canonical::to_vec(self).map_err(LaunchError::Malformed)?;
        if json.contains(&b'\'') {
            return Err(LaunchError::Malformed(CanonicalError::NotCanonical));
        }
        Ok([INITDATA_HEAD, json.as_slice(), INITDATA_TAIL].concat())
    }

    /// Reads initdata bytes; there is exactly one spelling of each manifest.
    ///
    /// # Errors
    /// [`LaunchError::Malformed`].
    pub fn from_initdata(bytes: &[u8]) -> Result<Self, LaunchError> {
        let json = bytes
            .strip_prefix(INITDATA_HEAD)
            .and_then(|rest| rest.strip_suffix(INITDATA_TAIL))
            .ok_or(LaunchError::Malformed(CanonicalError::NotCanonical))?;
        canonical::from_slice(json).map_err(LaunchError::Malformed)
    }

    /// What HOST_DATA must be.
    ///
    /// # Errors
    /// As [`LaunchManifest::to_initdata`].
    pub fn digest(&self) -> Result<Digest, LaunchError> {
        self.to_initdata().map(|bytes| Digest::of(&bytes))
    }
}

/// Why no launch manifest was issued or read.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The project's approval has run out.
    #[error("the approval has expired; propose the project again")]
    ApprovalExpired,
    /// Not the expected form.
    #[error("the job request or launch manifest is malformed")]
    Malformed(#[source] CanonicalError),
    /// The author is not among the project's researchers.
    #[error("the author of the job is not a researcher of the project")]
    NotAResearcher,
    /// The request names another project than the approval.
    #[error("the job request is for another project")]
    OtherProject,
    /// The request is not signed by its author.
    #[error("the job request is not signed by its author")]
    Signature(#[source] DsseError),
    /// The workload is not in the approved proposal.
    #[error("the workload is not one that the custodians approved")]
    WorkloadNotApproved,
}

impl Reason for LaunchError {
    fn reason(&self) -> &'static str {
        match self {
            Self::ApprovalExpired => "approval.expired",
            Self::Malformed(_) => "launch.malformed",
            Self::NotAResearcher => "launch.not-a-researcher",
            Self::OtherProject => "launch.other-project",
            Self::Signature(_) => "launch.signature",
            Self::WorkloadNotApproved => "launch.workload-not-approved",
        }
    }
}

const INITDATA_HEAD: &[u8] =
    b"version = \"0.1.0\"\nalgorithm = \"sha256\"\n\n[data]\n\"launch.json\" = '''\n";
const INITDATA_TAIL: &[u8] = b"'''\n";

/// DSSE payload type of a researcher's job request.
const JOB_REQUEST_TYPE: &str = "application/vnd.cloister.job-request.v1+json";
