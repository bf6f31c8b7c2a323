//! Stage 8: an output that its reviewers accepted leaves, with its receipt.
//!
//! Order of durable writes: the signed receipt is kept as an object; `OutputExported` names it in
//! the log; only then does the file exist. The file is put together from ledger and log whenever it
//! is asked for.

use std::collections::BTreeMap;

use domain::canonical;
use domain::dsse::Envelope;
use domain::event::{Action, Entry, Event};
use domain::ids::{ExportId, OutputId};
use domain::review::ReviewedOutput;
use domain::{Digest, ReasonCode, Recorded};
use wire::airlock::Exported;

use crate::chain::read;
use crate::export::{
    APPROVALS, BUNDLE, CRL, DATASET, EVIDENCE, FILES, LogProofs, MANIFEST, Members, PROPOSAL,
    RECEIPT, REPORT, REVIEWS, RULES, Receipt, pack,
};
use crate::intake::Opened;
use crate::output::{checked_index, exports, name_bits};
use crate::{Airlock, AirlockError};

/// A receipt whose export is in the log: what a file may be made from.
struct Released {
    receipt: Envelope,
    export: ExportId,
}

impl Airlock {
    /// Releases the output called `id`, or hands back its export if it has left before.
    pub(crate) fn export(&self, id: &OutputId) -> Result<Exported, AirlockError> {
        let _deciding = self.deciding();
        let package = self.package_of(id)?;
        let entries = self.ledger.entries()?;
        let released = match entries.iter().find(|(_, entry)| exports(entry, package)) {
            Some((index, entry)) => (self.released(entry)?, *index),
            None => {
                let recorded = self.release(package, &entries)?;
                let index = recorded.place().index;
                (recorded.into_inner(), index)
            }
        };
        let (released, log_index) = released;
        let file = self.file(&released, package)?;
        Ok(Exported { export: released.export, sha256: Digest::of(&file), log_index })
    }

    /// The file of the export called `id`.
    pub(crate) fn export_file(&self, id: &ExportId) -> Result<Vec<u8>, AirlockError> {
        let entries = self.ledger.entries()?;
        let exported = entries
            .iter()
            .map(|(_, entry)| entry)
            .filter(|entry| entry.event.action == Action::OutputExported)
            .filter_map(|entry| Some((entry, *entry.event.evidence.get(1)?)))
            .find(|(_, package)| export_id(*package) == *id);
        let (entry, package) = exported.ok_or(AirlockError::NotFound)?;
        self.file(&self.released(entry)?, package)
    }

    fn release(
        &self,
        package: Digest,
        entries: &[(u64, Entry)],
    ) -> Result<Recorded<Released>, AirlockError> {
        let opened = self.reopen(package)?;
        let reviewed = match self.reviewed(&opened, package, entries) {
            Ok(reviewed) => reviewed,
            Err(error) => {
                let reason = ReasonCode::of(&error);
                let event = Event::refused(Action::OutputExported, package, reason);
                self.record(Event { evidence: vec![], ..event }, None, ())?;
                return Err(error);
            }
        };
        let members = self.members(&opened, package, entries)?;
        let receipt = self.receipt(&opened, &reviewed, &members);
        let envelope = receipt.sign(&self.signing_key)?;
        let kept = canonical::to_vec(&envelope).map_err(AirlockError::Malformed)?;
        let kept = self.ledger.keep(&kept)?;
        let digest = envelope.payload_digest().map_err(AirlockError::ReadSignature)?;
        let event = Event {
            project: Some(receipt.project.clone()),
            evidence: vec![kept, package],
            policy: Some(receipt.release_policy),
            platform: Some(receipt.platform),
            ..Event::accepted(Action::OutputExported, digest)
        };
        // CRASH: after the entry, `export` finds it and goes on; before, nothing has left.
        self.record(event, None, Released { receipt: envelope, export: receipt.export })
    }

    fn reviewed(
        &self,
        opened: &Opened,
        package: Digest,
        entries: &[(u64, Entry)],
    ) -> Result<ReviewedOutput, AirlockError> {
        let output = opened.checked.clone().map_err(AirlockError::Refused)?;
        opened.chain.approval.still_valid(self.now()).map_err(AirlockError::Approval)?;
        checked_index(entries, package).ok_or(AirlockError::NoSuchLaunch("OutputChecked"))?;
        let votes: Vec<Envelope> =
            self.votes(entries, package)?.into_iter().map(|(_, envelope)| envelope).collect();
        ReviewedOutput::new(output, &opened.chain.approval, &votes).map_err(AirlockError::Review)
    }

    /// Everything in the export but the receipt and the log's proofs.
    fn members(
        &self,
        opened: &Opened,
        package: Digest,
        entries: &[(u64, Entry)],
    ) -> Result<Members, AirlockError> {
        let chain = &opened.chain;
        let votes: Vec<Envelope> =
            self.votes(entries, package)?.into_iter().map(|(_, envelope)| envelope).collect();
        let json = |value: Result<Vec<u8>, _>| value.map_err(AirlockError::Malformed);
        let mut members = Members::from([
            (MANIFEST.to_owned(), chain.initdata.clone()),
            (EVIDENCE.to_owned(), json(canonical::to_vec(&opened.sealed.evidence))?),
            (CRL.to_owned(), self.crl()?),
            (PROPOSAL.to_owned(), chain.proposal_bytes.clone()),
            (APPROVALS.to_owned(), json(canonical::to_vec(&chain.approvals))?),
            (DATASET.to_owned(), json(canonical::to_vec(&chain.dataset_envelope))?),
            (RULES.to_owned(), chain.rules_bytes.clone()),
            (REPORT.to_owned(), opened.package.report.clone().into_bytes()),
            (REVIEWS.to_owned(), json(canonical::to_vec(&votes))?),
            (BUNDLE.to_owned(), opened.sealed.workload_bundle.clone().into_bytes()),
        ]);
        for file in &opened.package.files {
            members.insert(format!("{FILES}{}", file.name), file.content.clone().into_bytes());
        }
        Ok(members)
    }

    fn receipt(&self, opened: &Opened, reviewed: &ReviewedOutput, members: &Members) -> Receipt {
        let manifest = &opened.chain.manifest;
        let claims = opened.claims.get();
        Receipt {
            export: export_id(opened.package_digest),
            released: self.now(),
            platform: claims.platform.trust(),
            measurement: claims.measurement,
            project: manifest.project.clone(),
            job: manifest.job.clone(),
            launch: manifest.launch.clone(),
            author: manifest.author.clone(),
            manifest: opened.chain.manifest_digest,
            dataset: manifest.dataset,
            proposal: manifest.proposal,
            workload: manifest.workload.digest,
            output_rules: manifest.output_rules,
            release_policy: manifest.release_policy,
            package: opened.package_digest,
            report: opened.report.digest(),
            reviewers: reviewed.reviewers().iter().cloned().collect(),
            members: members
                .iter()
                .map(|(path, bytes)| (path.clone(), Digest::of(bytes)))
                .collect::<BTreeMap<_, _>>(),
        }
    }

    fn released(&self, exported: &Entry) -> Result<Released, AirlockError> {
        let receipt: Envelope = read(&self.ledger, exported.event.evidence.first())?;
        let package = exported.event.evidence.get(1).ok_or(AirlockError::NotFound)?;
        Ok(Released { receipt, export: export_id(*package) })
    }

    /// The zip file, with proofs against the log's newest checkpoint.
    fn file(&self, released: &Released, package: Digest) -> Result<Vec<u8>, AirlockError> {
        let entries = self.ledger.entries()?;
        let opened = self.reopen(package)?;
        let mut members = self.members(&opened, package, &entries)?;
        let receipt = canonical::to_vec(&released.receipt).map_err(AirlockError::Malformed)?;
        members.insert(RECEIPT.to_owned(), receipt);
        let chain = opened.chain.decisions.iter().map(|decision| decision.index);
        let own = entries
            .iter()
            .filter(|(_, entry)| concerns(entry, package))
            .map(|(index, _)| *index);
        for (number, index) in chain.chain(own).enumerate() {
            let (leaf, proof) = self.ledger.prove(index)?;
            LogProofs::add(&mut members, number, leaf, &proof);
        }
        Ok(pack(&members)?)
    }
}

/// The airlock's decisions on `package`: checked, reviewed, exported; refusals too.
fn concerns(entry: &Entry, package: Digest) -> bool {
    let stage = matches!(entry.event.action, Action::OutputChecked | Action::OutputReviewed);
    (stage && entry.event.object == package) || exports(entry, package)
}

/// One package, one export.
fn export_id(package: Digest) -> ExportId {
    ExportId::from_random(name_bits(package))
}
