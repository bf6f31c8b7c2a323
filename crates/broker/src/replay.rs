//! Rebuilding what the broker knows from the log and its objects.

use std::collections::BTreeSet;

use domain::dataset::{DatasetManifest, SignedDataset};
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Entry, Outcome};
use domain::keys::PublicKey;
use domain::launch::LaunchManifest;
use domain::project::{Approval, Proposal};
use domain::{Digest, canonical};
use ledger::Ledger;

use crate::BrokerError;
use crate::state::{Dataset, Project, Record};

/// Reads the whole log. A dataset whose signer is no configured custodian any more, and projects
/// on it, are left out, and so is what was erased: nothing is released for them.
///
/// # Errors
/// [`BrokerError::Ledger`] if an object is missing or was altered, [`BrokerError::Replay`] if one
/// does not say what its entry says.
pub(crate) fn replay(
    ledger: &Ledger,
    custodians: &BTreeSet<PublicKey>,
) -> Result<Record, BrokerError> {
    let mut record = Record::default();
    for (index, entry) in ledger.entries()?.iter() {
        if entry.actor != Actor::Broker || entry.event.outcome != Outcome::Accepted {
            continue;
        }
        let event = Replayed { ledger, index: *index, entry: entry.clone() };
        if ledger.is_erased(&event.entry) {
            event.erased(&mut record);
            continue;
        }
        match event.entry.event.action {
            Action::DatasetSealed => event.dataset(custodians, &mut record)?,
            Action::ProjectApproved => event.project(&mut record)?,
            Action::LaunchAuthorised => event.launch(&mut record)?,
            Action::KeyReleased => record.mark_used(&event.entry.event.object),
            Action::EnclaveAttested
            | Action::JobFinished
            | Action::OutputChecked
            | Action::OutputReviewed
            | Action::OutputExported
            | Action::ExportRevoked
            | Action::RecordErased => {}
        }
    }
    Ok(record)
}

/// One entry with what it takes to read its objects.
struct Replayed<'a> {
    ledger: &'a Ledger,
    index: u64,
    entry: Entry,
}

impl Replayed<'_> {
    fn dataset(
        self,
        custodians: &BTreeSet<PublicKey>,
        record: &mut Record,
    ) -> Result<(), BrokerError> {
        let object = self.evidence(0)?;
        let envelope: Envelope = self.parse(&self.ledger.object(&object)?)?;
        if let Some(signed) = signed_by_any(&envelope, custodians) {
            self.require(signed.digest() == self.entry.event.object)?;
            record.add_dataset(Dataset { signed, envelope, object, entry: self.entry.id });
        }
        Ok(())
    }

    fn project(self, record: &mut Record) -> Result<(), BrokerError> {
        let bytes = self.ledger.object(&self.entry.event.object)?;
        let proposal = Proposal::parse(&bytes).map_err(|_| self.inconsistent())?;
        let statements: Vec<Envelope> = self.parse(&self.ledger.object(&self.evidence(0)?)?)?;
        let Ok(dataset) = record.dataset(&proposal.dataset) else { return Ok(()) };
        let approval = Approval::new(proposal, &dataset.signed, &statements, self.entry.time)
            .map_err(|_| self.inconsistent())?;
        record.add_project(Project { approval, statements, dataset, entry: self.entry.id });
        Ok(())
    }

    fn launch(self, record: &mut Record) -> Result<(), BrokerError> {
        let digest = self.entry.event.object;
        let bytes = self.ledger.object(&digest)?;
        let manifest = LaunchManifest::from_initdata(&bytes).map_err(|_| self.inconsistent())?;
        record.add_launch(digest, manifest, self.entry.id);
        Ok(())
    }

    /// An approval that nobody can read any more is none; a request that was acted on, and that
    /// somebody may have kept, is not acted on again.
    fn erased(self, record: &mut Record) {
        if self.entry.event.action == Action::LaunchAuthorised {
            record.erased_requests.extend(self.entry.event.evidence.first());
        }
        if let (Action::ProjectApproved, Some(project)) =
            (self.entry.event.action, &self.entry.event.project)
        {
            record.end_project(project, self.entry.event.object);
        }
    }

    fn evidence(&self, place: usize) -> Result<Digest, BrokerError> {
        self.entry.event.evidence.get(place).copied().ok_or_else(|| self.inconsistent())
    }

    fn parse<T>(&self, bytes: &[u8]) -> Result<T, BrokerError>
    where
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        canonical::from_slice(bytes).map_err(|_| self.inconsistent())
    }

    fn require(&self, holds: bool) -> Result<(), BrokerError> {
        if holds { Ok(()) } else { Err(self.inconsistent()) }
    }

    const fn inconsistent(&self) -> BrokerError {
        BrokerError::Replay { index: self.index }
    }
}

fn signed_by_any(envelope: &Envelope, keys: &BTreeSet<PublicKey>) -> Option<SignedDataset> {
    keys.iter().find_map(|key| DatasetManifest::verify(envelope, key).ok())
}
