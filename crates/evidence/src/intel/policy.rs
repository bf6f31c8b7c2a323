//! Which TCB is good enough.

use std::collections::BTreeSet;

use domain::claims::TcbStatus;
use domain::claims::intel::TcbAssessment;
use serde::Deserialize;

use crate::EvidenceError;
use crate::error::refuse_if;

/// What is accepted. `UpToDate` is; `SWHardeningNeeded` where every advisory is tolerated; nothing
/// else is, and nothing makes it so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcbPolicy {
    /// Lowest accepted `tcbEvaluationDataNumber` of TCB info and QE identity: collateral from an
    /// older evaluation does not know what was found since.
    pub minimum_evaluation_data_number: u32,
    /// Advisories, such as `INTEL-SA-00615`, whose mitigation in software the guests are known to
    /// have.
    pub tolerated_advisories: BTreeSet<String>,
}

impl TcbPolicy {
    /// The policy of `attestation/minimum-tcb-intel.toml`.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] never in practice: a test reads the file.
    pub fn published() -> Result<Self, EvidenceError> {
        Self::from_toml(include_str!("../../../../attestation/minimum-tcb-intel.toml"))
    }

    /// Reads a file like `attestation/minimum-tcb-intel.toml`.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] if it is not one.
    pub fn from_toml(text: &str) -> Result<Self, EvidenceError> {
        toml::from_str(text).map_err(|_| EvidenceError::Malformed("TCB policy"))
    }

    /// Whether the status is good enough. A hardening that no advisory explains cannot be judged.
    pub(super) fn accepts(&self, tcb: &TcbAssessment) -> Result<(), EvidenceError> {
        match tcb.status {
            TcbStatus::UpToDate => Ok(()),
            TcbStatus::SwHardeningNeeded if !tcb.advisories.is_empty() => {
                let tolerated = tcb.advisories.is_subset(&self.tolerated_advisories);
                refuse_if(!tolerated, EvidenceError::AdvisoryNotTolerated)
            }
            status => Err(EvidenceError::TcbStatus(status)),
        }
    }

    /// Whether the collateral is of a late enough evaluation.
    pub(super) fn is_recent(&self, evaluation_data_number: u32) -> Result<(), EvidenceError> {
        refuse_if(
            evaluation_data_number < self.minimum_evaluation_data_number,
            EvidenceError::TcbEvaluation(evaluation_data_number),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_policy_is_readable() {
        let policy = TcbPolicy::published().unwrap();
        assert!(policy.minimum_evaluation_data_number >= 17, "{policy:?}");
    }
}
