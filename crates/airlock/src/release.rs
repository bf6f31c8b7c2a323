//! Stage 8: an output that its reviewers accepted leaves, with its receipt.
//!
//! Order of durable writes: the members of the export that are not plaintext, and the signed
//! receipt, are kept as objects; `OutputExported` names the receipt in the log; only then does the
//! file exist. The file is put together from ledger and log whenever it is asked for: its members
//! are those that the receipt names, its proofs those of a checkpoint that is kept for it.

use std::collections::{BTreeMap, BTreeSet};

use disclosure::CheckRecord;
use domain::canonical;
use domain::claims::Claims;
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Entry, Event};
use domain::ids::{EntryId, ExportId, OutputId};
use domain::review::ReviewedOutput;
use domain::{Digest, Timestamp, Verified};
use ledger::Entries;
use wire::airlock::Exported;

use crate::ballot::Ballots;
use crate::chain::{is, read};
use crate::export::{
    APPROVALS, BUNDLE, CHECKS, CRL, DATASET, EVIDENCE, ExportError, FILES, LogProofs, MANIFEST,
    Members, PROPOSAL, RECEIPT, REVIEWS, RULES, Receipt, Trust, TrustVersion, links, pack,
};
use crate::intake::{Moment, Opened};
use crate::output::{Delivery, checked, must_have_passed, name_bits};
use crate::{Airlock, AirlockError};

/// An export that the log shows: what a file may be made from.
struct Released {
    receipt: Receipt,
    envelope: Envelope,
    index: u64,
    ballots: Ballots,
}

impl Airlock {
    /// Releases the output called `id`, or hands back its export if it has left before.
    pub(crate) fn export(&self, id: &OutputId) -> Result<Exported, AirlockError> {
        let _deciding = self.deciding();
        let entries = self.ledger.entries()?;
        let delivery = Delivery::named(&entries, id)?;
        if export_of(&entries, delivery.package).is_none() {
            self.release(&entries, &delivery)
                .map_err(|error| self.refuse(Action::OutputExported, delivery.package, error))?;
        }
        let entries = self.ledger.entries()?;
        let released = self.released(&entries, delivery.package)?;
        let file = self.file(&entries, &released, &delivery)?;
        Ok(Exported {
            export: released.receipt.export.clone(),
            sha256: Digest::of(&file),
            log_index: released.index,
            bundle: self.published_with(released.index)?.is_some(),
        })
    }

    /// The file of the export called `id`.
    pub(crate) fn export_file(&self, id: &ExportId) -> Result<Vec<u8>, AirlockError> {
        let entries = self.ledger.entries()?;
        let delivery = self.delivery_of(&entries, id)?;
        self.file(&entries, &self.released(&entries, delivery.package)?, &delivery)
    }

    /// The delivery from which the export called `id` comes.
    pub(crate) fn delivery_of(
        &self,
        entries: &Entries,
        id: &ExportId,
    ) -> Result<Delivery, AirlockError> {
        Delivery::all(entries)
            .find(|delivery| export_id(delivery.package) == *id)
            .ok_or(AirlockError::NotFound)
    }

    /// Judges everything at one moment, makes the receipt of it, and logs the decision.
    fn release(&self, entries: &Entries, delivery: &Delivery) -> Result<(), AirlockError> {
        let moment = Moment { at: self.now(), crl: self.crl()? };
        let package = delivery.package;
        let opened = self.reopen(entries, delivery)?;
        let claims = self.verify_evidence(&opened.chain, &opened.sealed, package, &moment)?;
        let ballots = Ballots::count(entries, package).readable(&self.ledger);
        let votes = ballots.envelopes(&self.ledger)?;
        let reviewed = reviewed(&opened, &votes, entries, moment.at)?;
        let remembered = self.remembered(entries, &opened)?;
        let mut members = kept_members(&opened, &votes, &moment)?;
        members.extend(plaintext(&opened));
        let receipt = receipt(&opened, &claims, &reviewed, &members, moment.at);
        // Nothing leaves that its receiver would have to refuse.
        links(&members, &receipt, &self.own_trust(&opened), &self.roots)?;
        for (path, bytes) in &members {
            match kept_as(path) {
                Kept::Personal => self.ledger.keep_personal(bytes)?,
                Kept::Plain => self.ledger.keep(bytes)?,
                Kept::Not => continue,
            };
        }
        let envelope = receipt.sign(&self.signing_key)?;
        let kept = canonical::to_vec(&envelope).map_err(AirlockError::Malformed)?;
        let event = Event {
            project: Some(receipt.project.clone()),
            evidence: [self.ledger.keep_personal(&kept)?, package]
                .into_iter()
                .chain(remembered)
                .collect(),
            policy: Some(receipt.release_policy),
            platform: Some(receipt.platform),
            previous: rests_on(entries, package, &ballots),
            ..Event::accepted(
                Action::OutputExported,
                envelope.payload_digest().map_err(AirlockError::ReadSignature)?,
            )
        };
        let draft = self.draft(event, None);
        // CRASH: after the entry, `export` finds it and goes on; before, nothing has left.
        match self.stamped(&envelope)? {
            None => self.ledger.record(draft, ())?,
            Some(signed) => self.ledger.record_published(draft, signed.leaf().clone(), ())?,
        };
        Ok(())
    }

    /// What a receiver's trust file would say of this deployment.
    fn own_trust(&self, opened: &Opened) -> Trust {
        Trust {
            version: TrustVersion::V1,
            log_origin: self.ledger.key().origin().to_owned(),
            log_key: *self.ledger.key().public(),
            airlock: self.signing_key.public(),
            custodians: BTreeSet::from([opened.chain.manifest.dataset_signer]),
            provider_keys: self.platform_rules.provider_keys.clone(),
            emulated_root: None,
        }
    }

    fn released(&self, entries: &Entries, package: Digest) -> Result<Released, AirlockError> {
        let (index, entry) = export_of(entries, package).ok_or(AirlockError::NotFound)?;
        let envelope: Envelope = read(&self.ledger, entry.event.evidence.first())?;
        let (receipt, digest) = Receipt::verify(&envelope, &self.signing_key.public())?;
        if digest != entry.event.object {
            return Err(AirlockError::Export(ExportError::Member(RECEIPT.to_owned())));
        }
        let ballots = Ballots::of_export(entries, package, entry);
        Ok(Released { receipt, envelope, index, ballots })
    }

    /// The zip file, the same whenever it is made: its proofs are against the checkpoint that was the newest
    /// when it was made first.
    fn file(
        &self,
        entries: &Entries,
        released: &Released,
        delivery: &Delivery,
    ) -> Result<Vec<u8>, AirlockError> {
        let opened = self.reopen(entries, delivery)?;
        let mut made_anew = plaintext(&opened);
        let votes = released.ballots.envelopes(&self.ledger)?;
        let votes = canonical::to_vec(&votes).map_err(AirlockError::Malformed)?;
        made_anew.insert(REVIEWS.to_owned(), votes);
        let mut members = Members::new();
        for (path, digest) in &released.receipt.members {
            let bytes = match made_anew.remove(path) {
                Some(bytes) if Digest::of(&bytes) == *digest => bytes,
                Some(_) => return Err(ExportError::Member(path.clone()).into()),
                None => self.ledger.object(digest)?,
            };
            members.insert(path.clone(), bytes);
        }
        let receipt = canonical::to_vec(&released.envelope).map_err(AirlockError::Malformed)?;
        members.insert(RECEIPT.to_owned(), receipt);
        let receipt = released.envelope.payload_digest().map_err(AirlockError::ReadSignature)?;
        let proved = self.ledger.prove_for(&receipt, &proved(entries, released, &opened))?;
        for (number, (leaf, proof)) in proved.into_iter().enumerate() {
            LogProofs::add(&mut members, number, leaf, &proof);
        }
        Ok(pack(&members)?)
    }
}

/// The output, if its approval holds at `at` and its reviewers accepted it.
fn reviewed(
    opened: &Opened,
    votes: &[Envelope],
    entries: &Entries,
    at: Timestamp,
) -> Result<ReviewedOutput, AirlockError> {
    let output = opened.checked.clone().map_err(AirlockError::Refused)?;
    opened.chain.still_approved(entries, at)?;
    must_have_passed(entries, opened.package_digest)?;
    ReviewedOutput::new(output, &opened.chain.approval, votes).map_err(AirlockError::Review)
}

/// The members that the ledger may keep: none of them holds plaintext.
fn kept_members(
    opened: &Opened,
    votes: &[Envelope],
    moment: &Moment,
) -> Result<Members, AirlockError> {
    let chain = &opened.chain;
    let json = |value: Result<Vec<u8>, _>| value.map_err(AirlockError::Malformed);
    let checks = CheckRecord::of(&opened.report, opened.package_digest, TOOL);
    Ok(Members::from([
        (MANIFEST.to_owned(), chain.initdata.clone()),
        (EVIDENCE.to_owned(), json(canonical::to_vec(&opened.sealed.evidence))?),
        (CRL.to_owned(), moment.crl.clone()),
        (PROPOSAL.to_owned(), chain.proposal_bytes.clone()),
        (APPROVALS.to_owned(), json(canonical::to_vec(&chain.approvals))?),
        (DATASET.to_owned(), json(canonical::to_vec(&chain.dataset_envelope))?),
        (RULES.to_owned(), chain.rules_bytes.clone()),
        (CHECKS.to_owned(), json(checks.to_bytes())?),
        (REVIEWS.to_owned(), json(canonical::to_vec(&votes))?),
        (BUNDLE.to_owned(), opened.sealed.workload_bundle.clone().into_bytes()),
    ]))
}

/// The members that come out of the sealed package, and stay nowhere between requests.
fn plaintext(opened: &Opened) -> Members {
    let files = opened.package.files.iter();
    let file = |file: &domain::output::PackageFile| {
        (format!("{FILES}{}", file.name), file.content.clone().into_bytes())
    };
    files.map(file).collect()
}

/// How the ledger keeps a member of an export.
enum Kept {
    /// As an object that can be erased.
    Personal,
    /// As an object that says nothing of people.
    Plain,
    /// Not at all: plaintext stays nowhere, and the votes are objects one by one.
    Not,
}

fn kept_as(path: &str) -> Kept {
    match path {
        REVIEWS => Kept::Not,
        PROPOSAL | APPROVALS | MANIFEST => Kept::Personal,
        path if path.starts_with(FILES) => Kept::Not,
        _ => Kept::Plain,
    }
}

/// The decisions that an export follows: the accepted check, and the votes that counted.
fn rests_on(entries: &Entries, package: Digest, ballots: &Ballots) -> Vec<EntryId> {
    let votes: BTreeSet<u64> = ballots.acceptances().collect();
    let voted = entries.about(package).filter(|(index, _)| votes.contains(index));
    checked(entries, package).into_iter().chain(voted).map(|(_, entry)| entry.id.clone()).collect()
}

fn receipt(
    opened: &Opened,
    claims: &Verified<Claims>,
    reviewed: &ReviewedOutput,
    members: &Members,
    released: Timestamp,
) -> Receipt {
    let manifest = &opened.chain.manifest;
    let members = members.iter().map(|(path, bytes)| (path.clone(), Digest::of(bytes)));
    Receipt {
        export: export_id(opened.package_digest),
        released,
        platform: claims.get().platform.trust(),
        measurement: claims.get().measurement,
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
        members: members.collect::<BTreeMap<_, _>>(),
    }
}

/// Where the decisions stand that the export rests on, oldest first: exactly those that its
/// verification asks for.
fn proved(entries: &Entries, released: &Released, opened: &Opened) -> Vec<u64> {
    let package = opened.package_digest;
    let mut indices = opened.chain.steps.indices().to_vec();
    indices.extend(checked(entries, package).map(|(index, _)| *index));
    indices.extend(released.ballots.acceptances());
    indices.push(released.index);
    indices.sort_unstable();
    indices
}

/// The accepted export of `package`.
pub(crate) fn export_of(entries: &Entries, package: Digest) -> Option<(u64, &Entry)> {
    entries
        .about(package)
        .find(|(_, entry)| {
            is(entry, Actor::Airlock, Action::OutputExported)
                && entry.event.evidence.get(1) == Some(&package)
        })
        .map(|(index, entry)| (*index, entry))
}

/// One package, one export.
fn export_id(package: Digest) -> ExportId {
    ExportId::from_random(name_bits(package))
}

/// What the record of the checks calls this program.
const TOOL: &str = concat!("cloister-airlock ", env!("CARGO_PKG_VERSION"));
