//! What the ledger shows of one launch, from the dataset to the released key.

use disclosure::Rules;
use domain::canonical;
use domain::dataset::{DatasetManifest, SignedDataset};
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Entry, Outcome};
use domain::launch::LaunchManifest;
use domain::project::{Approval, Proposal};
use domain::{Digest, Timestamp};
use ledger::{Entries, Ledger};

use crate::AirlockError;

/// An accepted decision and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) index: u64,
    pub(crate) entry: Entry,
}

/// Whether `entry` is an `actor`'s accepted `action`.
pub(crate) fn is(entry: &Entry, actor: Actor, action: Action) -> bool {
    entry.actor == actor && entry.event.action == action && entry.event.outcome == Outcome::Accepted
}

/// The broker's decisions that led to the release of a key to one launch, each the one that the
/// next names as its predecessor. Newer decisions on the same objects are none of this launch's.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    pub(crate) sealed: Decision,
    pub(crate) approved: Decision,
    pub(crate) authorised: Decision,
    pub(crate) attested: Decision,
    pub(crate) released: Decision,
}

impl Steps {
    /// The decisions on the launch whose manifest has this digest.
    ///
    /// # Errors
    /// [`AirlockError::NoSuchLaunch`].
    pub(crate) fn of(entries: &Entries, manifest: Digest) -> Result<Self, AirlockError> {
        let released = entries
            .about(manifest)
            .find(|(_, entry)| {
                is(entry, Actor::Broker, Action::KeyReleased) && entry.event.object == manifest
            })
            .map(|(index, entry)| Decision { index: *index, entry: entry.clone() })
            .ok_or(AirlockError::NoSuchLaunch("KeyReleased"))?;
        let attested = before(entries, &released, Action::EnclaveAttested, "EnclaveAttested")?;
        let authorised = before(entries, &attested, Action::LaunchAuthorised, "LaunchAuthorised")?;
        let approved = before(entries, &authorised, Action::ProjectApproved, "ProjectApproved")?;
        let sealed = before(entries, &approved, Action::DatasetSealed, "DatasetSealed")?;
        Ok(Self { sealed, approved, authorised, attested, released })
    }

    /// Where they stand in the log, oldest first.
    pub(crate) const fn indices(&self) -> [u64; 5] {
        [
            self.sealed.index,
            self.approved.index,
            self.authorised.index,
            self.attested.index,
            self.released.index,
        ]
    }
}

/// The broker's accepted `action` that `later` follows.
fn before(
    entries: &Entries,
    later: &Decision,
    action: Action,
    name: &'static str,
) -> Result<Decision, AirlockError> {
    let named = later.entry.event.previous.iter().filter_map(|name| entries.named(name));
    named
        .filter(|(index, entry)| *index < later.index && is(entry, Actor::Broker, action))
        .min_by_key(|(index, _)| *index)
        .map(|(index, entry)| Decision { index: *index, entry: entry.clone() })
        .ok_or(AirlockError::NoSuchLaunch(name))
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
    pub(crate) steps: Steps,
}

impl Chain {
    /// Reads what `steps` are about; the approval is judged at `at`.
    pub(crate) fn load(ledger: &Ledger, steps: Steps, at: Timestamp) -> Result<Self, AirlockError> {
        let manifest_digest = steps.released.entry.event.object;
        let initdata = ledger.object(&manifest_digest)?;
        let manifest = LaunchManifest::from_initdata(&initdata).map_err(AirlockError::Manifest)?;
        of_one_launch(&steps, &manifest)?;

        let dataset_envelope: Envelope = read(ledger, steps.sealed.entry.event.evidence.first())?;
        let dataset = DatasetManifest::verify(&dataset_envelope, &manifest.dataset_signer)
            .map_err(AirlockError::Dataset)?;
        let proposal_bytes = ledger.object(&manifest.proposal)?;
        let proposal = Proposal::parse(&proposal_bytes).map_err(AirlockError::Approval)?;
        let approvals: Vec<Envelope> = read(ledger, steps.approved.entry.event.evidence.first())?;
        let approval =
            Approval::new(proposal, &dataset, &approvals, at).map_err(AirlockError::Approval)?;
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
            steps,
        })
    }

    /// Refuses if the approval no longer holds at `at`: it ran out, or the project's custodians
    /// have approved another proposal since. Their latest word counts.
    pub(crate) fn still_approved(
        &self,
        entries: &Entries,
        at: Timestamp,
    ) -> Result<(), AirlockError> {
        self.approval.still_valid(at).map_err(AirlockError::Approval)?;
        let current = entries
            .iter()
            .rev()
            .map(|(_, entry)| entry)
            .find(|entry| {
                is(entry, Actor::Broker, Action::ProjectApproved)
                    && entry.event.project.as_ref() == Some(&self.manifest.project)
            })
            .map(|entry| entry.event.object);
        if current == Some(self.manifest.proposal) { Ok(()) } else { Err(AirlockError::Superseded) }
    }
}

/// The decisions must be about the things that the launch's manifest names.
fn of_one_launch(steps: &Steps, manifest: &LaunchManifest) -> Result<(), AirlockError> {
    let launch = steps.released.entry.event.object;
    let expected = [
        (&steps.attested, launch, "EnclaveAttested"),
        (&steps.authorised, launch, "LaunchAuthorised"),
        (&steps.approved, manifest.proposal, "ProjectApproved"),
        (&steps.sealed, manifest.dataset, "DatasetSealed"),
    ];
    let other =
        expected.into_iter().find(|(decision, object, _)| decision.entry.event.object != *object);
    other.map_or(Ok(()), |(_, _, name)| Err(AirlockError::NoSuchLaunch(name)))
}

/// The JSON object that `digest` names.
pub(crate) fn read<T: serde::Serialize + serde::de::DeserializeOwned>(
    ledger: &Ledger,
    digest: Option<&Digest>,
) -> Result<T, AirlockError> {
    let digest = digest.ok_or(AirlockError::NoSuchLaunch("evidence"))?;
    canonical::from_slice(&ledger.object(digest)?).map_err(AirlockError::Malformed)
}
