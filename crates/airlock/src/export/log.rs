//! The log's part of an export: each event that the export rests on, with its proof of inclusion.

use domain::Digest;
use domain::event::{Action, Entry, Outcome};
use domain::ids::PersonId;
use tlog::verify::verify_inclusion;
use tlog::{LeafProof, VerifierKey};

use super::{ExportError, LOG, Members, Receipt};

/// Entries whose inclusion was proved, oldest first.
#[derive(Clone, Debug)]
pub struct LogProofs(Vec<(u64, Entry)>);

impl LogProofs {
    /// Adds leaf and proof number `number` to an export's members.
    pub(crate) fn add(members: &mut Members, number: usize, leaf: Vec<u8>, proof: &LeafProof) {
        members.insert(leaf_path(number), leaf);
        members.insert(proof_path(number), proof.to_string().into_bytes());
    }

    /// Verifies every proof among `members`.
    ///
    /// # Errors
    /// [`ExportError::Log`] if one does not hold, [`ExportError::Member`] for one that is no pair
    /// of leaf and proof, [`ExportError::Format`] for a leaf that is no entry.
    pub(crate) fn verify(members: &Members, key: &VerifierKey) -> Result<Self, ExportError> {
        let paths: Vec<&String> = members.keys().filter(|path| path.starts_with(LOG)).collect();
        let mut entries = Vec::new();
        for number in 0..paths.len() / 2 {
            let leaf = member(members, &leaf_path(number))?;
            let proof = member(members, &proof_path(number))?;
            let proof: LeafProof = std::str::from_utf8(proof)
                .map_err(|_| ExportError::Member(proof_path(number)))?
                .parse()
                .map_err(ExportError::Log)?;
            let included = verify_inclusion(leaf, &proof, key).map_err(ExportError::Log)?;
            let entry = Entry::from_leaf(leaf).map_err(ExportError::Format)?;
            entries.push((included.index(), entry));
        }
        // Pairs numbered from 0 leave no room for a member that was not looked at.
        if let Some(odd) = paths.get(entries.len() * 2) {
            return Err(ExportError::Member((*odd).clone()));
        }
        Ok(Self(entries))
    }

    /// Checks that the log shows every stage of the export, each after the one before.
    ///
    /// # Errors
    /// [`ExportError::LogEvent`] with the first event that is missing or out of order.
    pub(crate) fn show(&self, receipt: &Receipt, digest: Digest) -> Result<(), ExportError> {
        let mut after = None;
        let stages = [
            (Action::DatasetSealed, receipt.dataset, "DatasetSealed"),
            (Action::ProjectApproved, receipt.proposal, "ProjectApproved"),
            (Action::LaunchAuthorised, receipt.manifest, "LaunchAuthorised"),
            (Action::EnclaveAttested, receipt.manifest, "EnclaveAttested"),
            (Action::KeyReleased, receipt.manifest, "KeyReleased"),
            (Action::OutputChecked, receipt.package, "OutputChecked"),
        ];
        for (action, object, name) in stages {
            after = Some(self.find(action, object, None, after).ok_or(ExportError::LogEvent(name))?);
        }
        let checked = after;
        for reviewer in &receipt.reviewers {
            let found = self
                .find(Action::OutputReviewed, receipt.package, Some(reviewer), checked)
                .ok_or(ExportError::LogEvent("OutputReviewed"))?;
            after = after.max(Some(found));
        }
        self.find(Action::OutputExported, digest, None, after)
            .map(|_| ())
            .ok_or(ExportError::LogEvent("OutputExported"))
    }

    /// The index of the accepted `action` on `object` after index `after`.
    fn find(
        &self,
        action: Action,
        object: Digest,
        person: Option<&PersonId>,
        after: Option<u64>,
    ) -> Option<u64> {
        self.0
            .iter()
            .filter(|(index, _)| after.is_none_or(|after| *index > after))
            .filter(|(_, entry)| person.is_none() || entry.person.as_ref() == person)
            .filter(|(_, entry)| {
                entry.event.action == action
                    && entry.event.object == object
                    && entry.event.outcome == Outcome::Accepted
            })
            .map(|(index, _)| *index)
            .min()
    }
}

pub(super) fn member<'a>(members: &'a Members, path: &str) -> Result<&'a [u8], ExportError> {
    members
        .get(path)
        .map(Vec::as_slice)
        .ok_or_else(|| ExportError::Member(path.to_owned()))
}

fn leaf_path(number: usize) -> String {
    format!("{LOG}{number:03}.json")
}

fn proof_path(number: usize) -> String {
    format!("{LOG}{number:03}.tlog-proof")
}
