//! The log's part of an export: each event that the export rests on, with its proof of inclusion.

use std::collections::{BTreeMap, BTreeSet};

use domain::Digest;
use domain::event::{Action, Actor, Entry, Outcome};
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

    /// Checks that the entries are the decisions that the export rests on, each after the one
    /// before, and no others.
    ///
    /// # Errors
    /// [`ExportError::LogEvent`] with the first event that is missing or out of order,
    /// [`ExportError::Member`] for an entry beyond them.
    pub(crate) fn show(
        &self,
        receipt: &Receipt,
        digest: Digest,
        rests_on: &RestsOn,
    ) -> Result<(), ExportError> {
        if !self.0.is_sorted_by(|(one, _), (next, _)| one < next) {
            return Err(ExportError::LogEvent("in the log's order"));
        }
        let mut entries = self.0.iter().map(|(_, entry)| entry);
        for step in steps(receipt, rests_on) {
            let found = entries.next().filter(|entry| step.is(entry));
            found.ok_or(ExportError::LogEvent(step.name))?;
        }
        let mut reviewers: BTreeSet<&PersonId> = receipt.reviewers.iter().collect();
        while !reviewers.is_empty() {
            let counted = |entry: &&Entry| {
                review(receipt).is(entry)
                    && entry
                        .event
                        .evidence
                        .first()
                        .and_then(|vote| rests_on.votes.get(vote))
                        .is_some_and(|reviewer| reviewers.remove(reviewer))
            };
            entries.next().filter(counted).ok_or(ExportError::LogEvent("OutputReviewed"))?;
        }
        let exported = Step {
            actor: Actor::Airlock,
            action: Action::OutputExported,
            object: digest,
            evidence: Some(receipt.package),
            name: "OutputExported",
        };
        let last = entries.next().filter(|entry| exported.is(entry));
        last.ok_or(ExportError::LogEvent(exported.name))?;
        match entries.next() {
            None => Ok(()),
            Some(_) => Err(ExportError::Member(leaf_path(self.0.len().saturating_sub(1)))),
        }
    }
}

/// The signed statements of the export that the log's entries must name.
pub(crate) struct RestsOn {
    /// The dataset's manifest envelope.
    pub(crate) dataset: Digest,
    /// The custodians' approvals.
    pub(crate) approvals: Digest,
    /// The reviewers' votes, and whose they are.
    pub(crate) votes: BTreeMap<Digest, PersonId>,
}

/// A decision that the log must show as accepted.
struct Step {
    actor: Actor,
    action: Action,
    object: Digest,
    /// What it must name among its evidence, where the export holds it.
    evidence: Option<Digest>,
    name: &'static str,
}

impl Step {
    fn is(&self, entry: &Entry) -> bool {
        entry.actor == self.actor
            && entry.event.action == self.action
            && entry.event.object == self.object
            && entry.event.outcome == Outcome::Accepted
            && self.evidence.is_none_or(|digest| entry.event.evidence.contains(&digest))
    }
}

fn steps(receipt: &Receipt, rests_on: &RestsOn) -> [Step; 6] {
    let (broker, airlock) = (Actor::Broker, Actor::Airlock);
    let launch = receipt.manifest;
    let (dataset, approvals) = (Some(rests_on.dataset), Some(rests_on.approvals));
    let report = Some(receipt.report);
    [
        (broker, Action::DatasetSealed, receipt.dataset, dataset, "DatasetSealed"),
        (broker, Action::ProjectApproved, receipt.proposal, approvals, "ProjectApproved"),
        (broker, Action::LaunchAuthorised, launch, None, "LaunchAuthorised"),
        (broker, Action::EnclaveAttested, launch, None, "EnclaveAttested"),
        (broker, Action::KeyReleased, launch, None, "KeyReleased"),
        (airlock, Action::OutputChecked, receipt.package, report, "OutputChecked"),
    ]
    .map(|(actor, action, object, evidence, name)| Step {
        actor,
        action,
        object,
        evidence,
        name,
    })
}

const fn review(receipt: &Receipt) -> Step {
    Step {
        actor: Actor::Airlock,
        action: Action::OutputReviewed,
        object: receipt.package,
        evidence: None,
        name: "OutputReviewed",
    }
}

pub(super) fn member<'a>(members: &'a Members, path: &str) -> Result<&'a [u8], ExportError> {
    members.get(path).map(Vec::as_slice).ok_or_else(|| ExportError::Member(path.to_owned()))
}

fn leaf_path(number: usize) -> String {
    format!("{LOG}{number:03}.json")
}

fn proof_path(number: usize) -> String {
    format!("{LOG}{number:03}.tlog-proof")
}
