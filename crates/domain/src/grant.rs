//! Stage 5, key released: the grant that only an approval, verified evidence and a policy's permit
//! can make together.

use crate::claims::{Claims, HostData};
use crate::ids::LaunchId;
use crate::launch::LaunchManifest;
use crate::project::{Approval, ApprovalError};
use crate::{Digest, Reason, Timestamp, Verified};

/// A policy set's permission, with the rules that gave it.
///
/// INVARIANT: [`Permit::assertion`] is called in crate `policy` alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    policy: Digest,
    rules: Vec<String>,
}

impl Permit {
    /// States that the policy set with digest `policy` permitted, by `rules`.
    #[must_use]
    pub const fn assertion(policy: Digest, rules: Vec<String>) -> Self {
        Self { policy, rules }
    }

    /// The policy set, by digest.
    #[must_use]
    pub const fn policy(&self) -> Digest {
        self.policy
    }

    /// The rules that permitted.
    #[must_use]
    pub fn rules(&self) -> &[String] {
        &self.rules
    }
}

/// The right of one attested enclave to one dataset's key.
#[derive(Debug)]
pub struct KeyGrant {
    launch: LaunchId,
    dataset: Digest,
    permit: Permit,
}

impl KeyGrant {
    /// Joins approval, manifest, evidence and permit; each must speak of the same launch.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn decide(
        approval: &Approval,
        manifest: &LaunchManifest,
        claims: &Verified<Claims>,
        permit: Permit,
        at: Timestamp,
    ) -> Result<Self, GrantError> {
        approval.still_valid(at).map_err(GrantError::Approval)?;
        let digest = manifest.digest().map_err(|_| GrantError::OtherManifest)?;
        if claims.get().host_data != HostData::from(digest) {
            return Err(GrantError::OtherManifest);
        }
        if manifest.proposal != approval.digest() || manifest.dataset != approval.proposal().dataset
        {
            return Err(GrantError::OtherApproval);
        }
        if !approval.proposal().measurements.contains(&claims.get().measurement) {
            return Err(GrantError::Measurement);
        }
        if manifest.expires <= at {
            return Err(GrantError::LaunchExpired);
        }
        if permit.policy() != manifest.release_policy {
            return Err(GrantError::OtherPolicy);
        }
        Ok(Self { launch: manifest.launch.clone(), dataset: manifest.dataset, permit })
    }

    /// The launch that may have the key.
    #[must_use]
    pub const fn launch(&self) -> &LaunchId {
        &self.launch
    }

    /// The dataset whose key it may have.
    #[must_use]
    pub const fn dataset(&self) -> Digest {
        self.dataset
    }

    /// The policy decision that it rests on.
    #[must_use]
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }
}

/// Why no key is granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The approval no longer holds.
    #[error("the approval no longer holds")]
    Approval(#[source] ApprovalError),
    /// The manifest's time is over.
    #[error("the launch manifest has expired; start the job again")]
    LaunchExpired,
    /// The guest image is not one that the custodians approved.
    #[error("the guest image is not one that the custodians approved")]
    Measurement,
    /// The manifest was issued for another approval.
    #[error("the launch manifest belongs to another approval")]
    OtherApproval,
    /// HOST_DATA is not this manifest's digest.
    #[error("the evidence is bound to another launch manifest")]
    OtherManifest,
    /// Another policy set decided than the approved one.
    #[error("the decision was taken by another policy than the approved one")]
    OtherPolicy,
}

impl Reason for GrantError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Approval(cause) => cause.reason(),
            Self::LaunchExpired => "launch.expired",
            Self::Measurement => "evidence.measurement",
            Self::OtherApproval => "launch.other-approval",
            Self::OtherManifest => "evidence.host-data",
            Self::OtherPolicy => "policy.other-policy",
        }
    }
}
