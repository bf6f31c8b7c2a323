//! Stage 2, approved: a [`Proposal`] becomes an [`Approval`] by the signatures of k of n custodians.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::claims::Measurement;
use crate::dataset::SignedDataset;
use crate::dsse::{DsseError, Envelope};
use crate::ids::{PersonId, ProjectId};
use crate::keys::{PublicKey, SecretKey};
use crate::{Digest, Reason, Timestamp};

/// What a project asks of the custodians of one dataset. Its canonical JSON is what they sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The project.
    pub project: ProjectId,
    /// A line for people.
    pub title: String,
    /// What the data is used for, for people.
    pub purpose: String,
    /// The dataset: digest of its signed manifest's payload.
    pub dataset: Digest,
    /// What may run, each by digest and signer.
    pub workloads: Vec<Workload>,
    /// The launch measurements of the guest images that may run it.
    pub measurements: BTreeSet<Measurement>,
    /// The output rules, by digest of the file.
    pub output_rules: Digest,
    /// The release policy, by digest of the policy set.
    pub release_policy: Digest,
    /// Who may start jobs.
    pub researchers: BTreeMap<PersonId, PublicKey>,
    /// Who may review outputs.
    pub reviewers: BTreeMap<PersonId, PublicKey>,
    /// How many of them must accept an output.
    pub reviews_required: u32,
    /// After this moment nothing is launched or released for the project.
    pub expires: Timestamp,
}

/// A program that may be run, pinned by digest and by the key that signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// A name for people.
    pub name: String,
    /// How it is run.
    pub kind: WorkloadKind,
    /// SHA-256 of the OCI image manifest, or of the wasm component.
    pub digest: Digest,
    /// The cosign public key (`PUBLIC KEY` PEM) that must have signed that digest.
    pub signer: String,
    /// The command line arguments; none is added at launch.
    pub arguments: Vec<String>,
}

/// How a workload is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkloadKind {
    /// An OCI image under crun.
    Container,
    /// A WASI 0.2 component under wasmtime.
    Wasm,
}

impl Proposal {
    /// Reads a proposal in its canonical form and refuses one that could never be acted on.
    ///
    /// # Errors
    /// [`ApprovalError::Malformed`], [`ApprovalError::Unusable`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ApprovalError> {
        let proposal: Self = canonical::from_slice(bytes).map_err(ApprovalError::Malformed)?;
        proposal.validate()?;
        Ok(proposal)
    }

    /// The digest that approvals and launch manifests name.
    ///
    /// # Errors
    /// [`ApprovalError::Malformed`] if the proposal has no canonical form.
    pub fn digest(&self) -> Result<Digest, ApprovalError> {
        canonical::digest(self).map_err(ApprovalError::Malformed)
    }

    fn validate(&self) -> Result<(), ApprovalError> {
        let unusable = if self.workloads.is_empty() {
            Some("no workload")
        } else if self.measurements.is_empty() {
            Some("no guest image measurement")
        } else if self.researchers.is_empty() {
            Some("no researcher")
        } else if self.reviews_required < MINIMUM_REVIEWS {
            Some("fewer than two reviews required")
        } else if !self.enough_distinct_reviewers() {
            Some("not enough reviewers with a key of their own")
        } else {
            None
        };
        unusable.map_or(Ok(()), |what| Err(ApprovalError::Unusable(what)))
    }

    /// One key held under two names would let one person be both of the "two reviewers".
    fn enough_distinct_reviewers(&self) -> bool {
        let keys: BTreeSet<_> = self.reviewers.values().collect();
        keys.len() == self.reviewers.len()
            && u32::try_from(keys.len()).is_ok_and(|count| count >= self.reviews_required)
    }
}

/// What a custodian signs to approve a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalStatement {
    proposal: Digest,
    dataset: Digest,
    signed: Timestamp,
}

/// Signs an approval of `proposal` as the custodian holding `key`.
///
/// # Errors
/// As [`Proposal::digest`].
pub fn approve(
    proposal: &Proposal,
    key: &SecretKey,
    at: Timestamp,
) -> Result<Envelope, ApprovalError> {
    let statement =
        ApprovalStatement { proposal: proposal.digest()?, dataset: proposal.dataset, signed: at };
    let payload = canonical::to_vec(&statement).map_err(ApprovalError::Malformed)?;
    Ok(Envelope::sign(APPROVAL_TYPE, &payload, key))
}

/// A proposal that enough custodians of its dataset approved.
#[derive(Clone, Debug)]
pub struct Approval {
    proposal: Proposal,
    digest: Digest,
    approvers: BTreeSet<PublicKey>,
    signed: BTreeSet<Timestamp>,
}

impl Approval {
    /// Judges the custodians' statements over `proposal` at time `at`.
    ///
    /// # Errors
    /// Each way in which they are not enough is a variant of its own.
    pub fn new(
        proposal: Proposal,
        dataset: &SignedDataset,
        statements: &[Envelope],
        at: Timestamp,
    ) -> Result<Self, ApprovalError> {
        proposal.validate()?;
        let digest = proposal.digest()?;
        if proposal.dataset != dataset.digest() {
            return Err(ApprovalError::OtherDataset);
        }
        if proposal.expires <= at {
            return Err(ApprovalError::Expired);
        }
        let custodians = &dataset.manifest().custodians;
        let mut approvers = BTreeSet::new();
        let mut signed = BTreeSet::new();
        for statement in statements {
            let signer = custodians
                .keys()
                .iter()
                .find_map(|key| Some((key, statement.verify(APPROVAL_TYPE, key).ok()?)));
            let (key, payload) = signer.ok_or(ApprovalError::Signature(DsseError::Signature))?;
            let said: ApprovalStatement =
                canonical::from_slice(&payload).map_err(ApprovalError::Malformed)?;
            if said.dataset != proposal.dataset {
                return Err(ApprovalError::OtherDataset);
            }
            if said.proposal != digest {
                return Err(ApprovalError::OtherProposal);
            }
            approvers.insert(*key);
            signed.insert(said.signed);
        }
        let count = u32::try_from(approvers.len()).unwrap_or(u32::MAX);
        if count < custodians.threshold() {
            return Err(ApprovalError::TooFew);
        }
        Ok(Self { proposal, digest, approvers, signed })
    }

    /// What was approved.
    #[must_use]
    pub const fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// The proposal's digest.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The custodians whose signatures were found.
    #[must_use]
    pub const fn approvers(&self) -> &BTreeSet<PublicKey> {
        &self.approvers
    }

    /// Whether each of its statements was signed at or after the newest of `before`'s, by the
    /// custodians' clocks: a proposal that was withheld cannot take the place of a later one.
    #[must_use]
    pub fn not_older_than(&self, before: &Self) -> bool {
        self.signed.first() >= before.signed.last()
    }

    /// Refuses if the approval has run out at `at`.
    ///
    /// # Errors
    /// [`ApprovalError::Expired`].
    pub fn still_valid(&self, at: Timestamp) -> Result<(), ApprovalError> {
        if self.proposal.expires <= at { Err(ApprovalError::Expired) } else { Ok(()) }
    }
}

/// Why a proposal is not approved.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// The approval's time is over.
    #[error("the approval has expired; propose the project again")]
    Expired,
    /// Not the expected canonical JSON.
    #[error("the proposal or approval is malformed")]
    Malformed(#[source] CanonicalError),
    /// The approval or the proposal is for another dataset.
    #[error("the approval is for another dataset")]
    OtherDataset,
    /// A custodian signed another proposal.
    #[error("the approval is for another proposal")]
    OtherProposal,
    /// A statement was signed by nobody who may approve.
    #[error("an approval is not signed by a custodian of the dataset")]
    Signature(#[source] DsseError),
    /// Fewer custodians than the dataset's manifest asks for.
    #[error("too few custodians approved")]
    TooFew,
    /// The proposal could never be acted on.
    #[error("the proposal cannot be used: {0}")]
    Unusable(&'static str),
}

impl Reason for ApprovalError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Expired => "approval.expired",
            Self::Malformed(_) => "approval.malformed",
            Self::OtherDataset => "approval.other-dataset",
            Self::OtherProposal => "approval.other-proposal",
            Self::Signature(_) => "approval.signature",
            Self::TooFew => "approval.too-few",
            Self::Unusable(_) => "approval.unusable",
        }
    }
}

/// DSSE payload type of a custodian's approval.
const APPROVAL_TYPE: &str = "application/vnd.cloister.approval.v1+json";

/// No output leaves on the word of one person.
const MINIMUM_REVIEWS: u32 = 2;
