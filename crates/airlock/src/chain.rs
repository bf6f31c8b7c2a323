//! What the ledger shows of one launch, from the dataset to the released key.

use disclosure::Rules;
use domain::canonical;
use domain::dataset::{DatasetManifest, SignedDataset};
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Entry, Outcome};
use domain::launch::LaunchManifest;
use domain::project::{Approval, Proposal};
use domain::{Digest, Timestamp};
use ledger::Ledger;

use crate::AirlockError;

/// An accepted decision and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) index: u64,
    pub(crate) entry: Entry,
}

/// The newest accepted `action` by `actor` on `object`.
pub(crate) fn accepted(
    entries: &[(u64, Entry)],
    actor: Actor,
    action: Action,
    object: Digest,
) -> Option<Decision> {
    entries
        .iter()
        .rev()
        .find(|(_, entry)| {
            entry.actor == actor
                && entry.event.action == action
                && entry.event.object == object
                && entry.event.outcome == Outcome::Accepted
        })
        .map(|(index, entry)| Decision { index: *index, entry: entry.clone() })
}

/// A launch to which the broker released a key, with everything that it was bound to.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) manifest: LaunchManifest,
    pub(crate) manifest_digest: Digest,
    pub(crate) initdata: Vec<u8>,
    pub(crate) dataset: SignedDataset,
    pub(crate) dataset_envelope: Envelope,
    pub(crate) approval: Approval,
    pub(crate) proposal_bytes: Vec<u8>,
    pub(crate) approvals: Vec<Envelope>,
    pub(crate) rules: Rules,
    pub(crate) rules_bytes: Vec<u8>,
    /// Sealed, approved, authorised, attested, released: in this order.
    pub(crate) decisions: Vec<Decision>,
}

impl Chain {
    /// Reads the chain of the launch manifest with this digest; the approval is judged at `at`.
    pub(crate) fn load(
        ledger: &Ledger,
        entries: &[(u64, Entry)],
        manifest_digest: Digest,
        at: Timestamp,
    ) -> Result<Self, AirlockError> {
        let find = |action, object, name| {
            accepted(entries, Actor::Broker, action, object)
                .ok_or(AirlockError::NoSuchLaunch(name))
        };
        let authorised = find(Action::LaunchAuthorised, manifest_digest, "LaunchAuthorised")?;
        let attested = find(Action::EnclaveAttested, manifest_digest, "EnclaveAttested")?;
        let released = find(Action::KeyReleased, manifest_digest, "KeyReleased")?;
        let initdata = ledger.object(&manifest_digest)?;
        let manifest =
            LaunchManifest::from_initdata(&initdata).map_err(AirlockError::Manifest)?;
        let approved = find(Action::ProjectApproved, manifest.proposal, "ProjectApproved")?;
        let sealed = find(Action::DatasetSealed, manifest.dataset, "DatasetSealed")?;

        let dataset_envelope: Envelope = read(ledger, sealed.entry.event.evidence.first())?;
        let dataset = DatasetManifest::verify(&dataset_envelope, &manifest.dataset_signer)
            .map_err(AirlockError::Dataset)?;
        let proposal_bytes = ledger.object(&manifest.proposal)?;
        let proposal = Proposal::parse(&proposal_bytes).map_err(AirlockError::Approval)?;
        let approvals: Vec<Envelope> = read(ledger, approved.entry.event.evidence.first())?;
        let approval = Approval::new(proposal, &dataset, &approvals, at)
            .map_err(AirlockError::Approval)?;
        let rules_bytes = ledger.object(&manifest.output_rules)?;
        let rules = Rules::parse(&rules_bytes).map_err(AirlockError::Rules)?;
        Ok(Self {
            manifest,
            manifest_digest,
            initdata,
            dataset,
            dataset_envelope,
            approval,
            proposal_bytes,
            approvals,
            rules,
            rules_bytes,
            decisions: vec![sealed, approved, authorised, attested, released],
        })
    }
}

/// The JSON object that `digest` names.
pub(crate) fn read<T: serde::Serialize + serde::de::DeserializeOwned>(
    ledger: &Ledger,
    digest: Option<&Digest>,
) -> Result<T, AirlockError> {
    let digest = digest.ok_or(AirlockError::NoSuchLaunch("evidence"))?;
    canonical::from_slice(&ledger.object(digest)?).map_err(AirlockError::Malformed)
}
