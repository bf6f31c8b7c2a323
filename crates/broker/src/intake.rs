//! Stages 1 and 2: taking in sealed datasets and approved projects.

use std::sync::Arc;

use domain::Digest;
use domain::canonical;
use domain::dataset::{DatasetManifest, SignedDataset};
use domain::event::Action;
use domain::grant::GrantError;
use domain::project::{Approval, ApprovalError, Proposal};
use seal::WrappedDatasetKey;
use wire::broker::{ApproveProject, RegisterDataset, Registered};

use crate::BrokerError;
use crate::broker::{Broker, Case};
use crate::state::{Dataset, Project, Record};

impl Broker {
    /// `POST /v0/datasets`.
    ///
    /// # Errors
    /// [`BrokerError`], recorded.
    pub(crate) fn register_dataset(
        &self,
        request: &RegisterDataset,
    ) -> Result<Registered, BrokerError> {
        let mut state = self.current()?;
        let envelope = canonical_bytes(&request.manifest)?;
        let mut case = Case::new(Action::DatasetSealed, Digest::of(&envelope), self.now());
        case.event.evidence = vec![Digest::of(&envelope)];
        match self.judge_dataset(&state.record, &mut case, request, &envelope) {
            Err(refusal) => Err(self.refuse(case, refusal)),
            Ok(signed) => {
                let recorded = self.accept(case, signed)?;
                let place = recorded.place().clone();
                let signed = recorded.into_inner();
                let digest = signed.digest();
                state.record.add_dataset(Dataset {
                    signed,
                    envelope: request.manifest.clone(),
                    object: Digest::of(&envelope),
                    entry: place.entry,
                });
                Ok(Registered { digest, log_index: place.index })
            }
        }
    }

    fn judge_dataset(
        &self,
        record: &Record,
        case: &mut Case,
        request: &RegisterDataset,
        envelope: &[u8],
    ) -> Result<SignedDataset, BrokerError> {
        if !self.config.custodians.contains(&request.signer) {
            return Err(BrokerError::UnknownCustodian);
        }
        let signed = DatasetManifest::verify(&request.manifest, &request.signer)
            .map_err(BrokerError::Dataset)?;
        let digest = signed.digest();
        case.event.object = digest;
        let key = WrappedDatasetKey::try_from(request.wrapped_key.clone())
            .map_err(BrokerError::WrappedKey)?;
        let payload = request.manifest.unverified_payload();
        let payload = payload.map_err(|cause| BrokerError::Dataset(cause.into()))?;
        self.ledger.keep(&payload)?;
        self.ledger.keep(envelope)?;
        // CRASH: a key that is kept and not recorded is never released, and replaced by a retry.
        // The wrapped key is not signed: whoever has the manifest could send another one.
        self.vault.admit(&digest, &key, record.dataset(&digest).is_ok())?;
        Ok(signed)
    }

    /// `POST /v0/projects`.
    ///
    /// # Errors
    /// [`BrokerError`], recorded.
    pub(crate) fn approve_project(
        &self,
        request: &ApproveProject,
    ) -> Result<Registered, BrokerError> {
        let mut state = self.current()?;
        let digest = Digest::of(&request.proposal);
        let mut case = Case::new(Action::ProjectApproved, digest, self.now());
        match self.judge_project(&state.record, &mut case, request) {
            Err(refusal) => Err(self.refuse(case, refusal)),
            Ok((approval, dataset)) => {
                let recorded = self.accept(case, approval)?;
                let place = recorded.place().clone();
                state.record.add_project(Project {
                    approval: recorded.into_inner(),
                    statements: request.approvals.clone(),
                    dataset,
                    entry: place.entry,
                });
                Ok(Registered { digest, log_index: place.index })
            }
        }
    }

    fn judge_project(
        &self,
        record: &Record,
        case: &mut Case,
        request: &ApproveProject,
    ) -> Result<(Approval, Arc<Dataset>), BrokerError> {
        let statements = canonical_bytes(&request.approvals)?;
        case.event.evidence = vec![Digest::of(&statements)];
        let proposal = Proposal::parse(&request.proposal).map_err(BrokerError::Approval)?;
        case.event.project = Some(proposal.project.clone());
        case.event.reviews_required = Some(proposal.reviews_required);
        let dataset = record.dataset(&proposal.dataset)?;
        case.event.evidence.push(dataset.object);
        case.event.previous = vec![dataset.entry.clone()];
        case.event.policy = Some(self.policy.digest());
        // A project's name belongs to the dataset whose custodians approved it first.
        let current = record.project(&proposal.project);
        if current.is_ok_and(|current| current.dataset.signed.digest() != proposal.dataset) {
            return Err(BrokerError::Approval(ApprovalError::OtherDataset));
        }
        record.not_superseded(&Digest::of(&request.proposal))?;
        if proposal.release_policy != self.policy.digest() {
            return Err(BrokerError::Grant(GrantError::OtherPolicy));
        }
        if proposal.output_rules != Digest::of(&request.output_rules) {
            return Err(BrokerError::OtherOutputRules);
        }
        let approval = Approval::new(proposal, &dataset.signed, &request.approvals, case.at)
            .map_err(BrokerError::Approval)?;
        // Registered late is not decided late: the statements say when they were signed.
        if let Ok(current) = record.project(&approval.proposal().project)
            && current.approval.digest() != approval.digest()
            && !approval.not_older_than(&current.approval)
        {
            return Err(BrokerError::ApprovalSuperseded);
        }
        self.ledger.keep_personal(&request.proposal)?;
        self.ledger.keep(&request.output_rules)?;
        self.ledger.keep_personal(&statements)?;
        Ok((approval, dataset))
    }
}

/// The canonical form in which a signed statement is kept.
pub(crate) fn canonical_bytes<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, BrokerError> {
    canonical::to_vec(value).map_err(BrokerError::Canonical)
}
