//! Where each output stands, read from the ledger.

use domain::canonical;
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Entry, Outcome};
use domain::ids::OutputId;
use domain::review::{Review, Vote};
use domain::{Digest, ReasonCode};
use wire::airlock::{
    OutputContent, OutputState, OutputSummary, READ_OUTPUT_TYPE, ReadOutput, RefusedFile,
    SealedOutput,
};

use crate::chain::{accepted, read};
use crate::intake::Opened;
use crate::{Airlock, AirlockError};

/// An output's name follows from its package, so that every service gives it the same one.
pub(crate) fn output_id(package: Digest) -> OutputId {
    OutputId::from_random(name_bits(package))
}

/// The first 128 bits of a package's digest.
pub(crate) fn name_bits(package: Digest) -> [u8; 16] {
    let mut bits = [0; 16];
    for (to, from) in bits.iter_mut().zip(package.as_bytes()) {
        *to = *from;
    }
    bits
}

impl Airlock {
    /// All outputs that were taken in, oldest first.
    pub(crate) fn outputs(&self) -> Result<Vec<OutputSummary>, AirlockError> {
        delivered(&self.ledger.entries()?).map(|(package, _)| self.summary(package)).collect()
    }

    /// The package of the output called `id`.
    pub(crate) fn package_of(&self, id: &OutputId) -> Result<Digest, AirlockError> {
        delivered(&self.ledger.entries()?)
            .map(|(package, _)| package)
            .find(|package| output_id(*package) == *id)
            .ok_or(AirlockError::NotFound)
    }

    /// Opens a delivered output again from its kept ciphertext, with every check as of its arrival.
    pub(crate) fn reopen(&self, package: Digest) -> Result<Opened, AirlockError> {
        let entries = self.ledger.entries()?;
        let (_, finished) = delivered(&entries)
            .find(|(delivered, _)| *delivered == package)
            .ok_or(AirlockError::NotFound)?;
        let sealed: SealedOutput = read(&self.ledger, finished.event.evidence.first())?;
        self.open(sealed, finished.time)
    }

    /// The listing's row of a delivered output.
    pub(crate) fn summary(&self, package: Digest) -> Result<OutputSummary, AirlockError> {
        let entries = self.ledger.entries()?;
        let received = delivered(&entries)
            .find(|(delivered, _)| *delivered == package)
            .map(|(_, entry)| entry.time)
            .ok_or(AirlockError::NotFound)?;
        let opened = self.reopen(package)?;
        let votes = self.votes(&entries, package)?;
        let count = |wanted: Vote| votes.iter().filter(|(vote, _)| *vote == wanted).count();
        let accepted_votes = u32::try_from(count(Vote::Accept)).unwrap_or(u32::MAX);
        let votes_needed = opened.chain.approval.proposal().reviews_required;
        let exported = entries.iter().any(|(_, entry)| exports(entry, package));
        let state = match &opened.checked {
            Err(_) => OutputState::Refused,
            Ok(_) if exported => OutputState::Exported,
            Ok(_) if count(Vote::Reject) > 0 => OutputState::Rejected,
            Ok(_) if accepted_votes >= votes_needed => OutputState::Accepted,
            Ok(_) => OutputState::InReview,
        };
        Ok(OutputSummary {
            output: output_id(package),
            project: opened.package.project.clone(),
            author: opened.package.author.clone(),
            package,
            received,
            state,
            files: opened.package.files.iter().map(|file| file.name.clone()).collect(),
            refused: refused_files(&opened),
            platform: opened.claims.get().platform.trust(),
            accepted_votes,
            votes_needed,
        })
    }

    /// What a reviewer sees, for a request that a reviewer of the project signed just now.
    pub(crate) fn content(
        &self,
        id: &OutputId,
        request: &Envelope,
    ) -> Result<OutputContent, AirlockError> {
        let package = self.package_of(id)?;
        let opened = self.reopen(package)?;
        let payload = request.unverified_payload().map_err(AirlockError::ReadSignature)?;
        let claimed: ReadOutput =
            canonical::from_slice(&payload).map_err(AirlockError::Malformed)?;
        let reviewers = &opened.chain.approval.proposal().reviewers;
        let key = reviewers.get(&claimed.reviewer).ok_or(AirlockError::ReadNotAllowed)?;
        request.verify(READ_OUTPUT_TYPE, key).map_err(AirlockError::ReadSignature)?;
        let age = self.now().unix_seconds().abs_diff(claimed.signed.unix_seconds());
        if claimed.output != *id
            || age > READ_WINDOW_SECONDS
            || claimed.reviewer == opened.package.author
        {
            return Err(AirlockError::ReadNotAllowed);
        }
        Ok(OutputContent { summary: self.summary(package)?, package: opened.package_bytes })
    }

    /// The votes on `package` that counted, newest vote of each reviewer.
    pub(crate) fn votes(
        &self,
        entries: &[(u64, Entry)],
        package: Digest,
    ) -> Result<Vec<(Vote, Envelope)>, AirlockError> {
        let mut votes = std::collections::BTreeMap::new();
        for (_, entry) in entries.iter().filter(|(_, entry)| reviews(entry, package)) {
            let envelope: Envelope = read(&self.ledger, entry.event.evidence.first())?;
            let payload = envelope.unverified_payload().map_err(AirlockError::ReadSignature)?;
            let review: Review =
                canonical::from_slice(&payload).map_err(AirlockError::Malformed)?;
            votes.insert(review.reviewer.clone(), (review.vote, envelope));
        }
        Ok(votes.into_values().collect())
    }
}

/// The delivered packages with the entry of their delivery, oldest first.
fn delivered(entries: &[(u64, Entry)]) -> impl Iterator<Item = (Digest, &Entry)> {
    entries
        .iter()
        .map(|(_, entry)| entry)
        .filter(|entry| {
            entry.actor == Actor::Airlock
                && entry.event.action == Action::JobFinished
                && entry.event.outcome == Outcome::Accepted
        })
        .filter_map(|entry| Some((*entry.event.evidence.get(1)?, entry)))
}

/// A counted vote on `package`: accepting ones are accepted events, rejections carry their reason.
fn reviews(entry: &Entry, package: Digest) -> bool {
    let counted = match &entry.event.outcome {
        Outcome::Accepted => true,
        Outcome::Refused { reason } => reason.as_str() == "review.rejected",
    };
    entry.event.action == Action::OutputReviewed && entry.event.object == package && counted
}

/// An export of `package`.
pub(crate) fn exports(entry: &Entry, package: Digest) -> bool {
    entry.event.action == Action::OutputExported
        && entry.event.outcome == Outcome::Accepted
        && entry.event.evidence.get(1) == Some(&package)
}

/// Whether the log shows the accepted check of `package`.
pub(crate) fn checked_index(entries: &[(u64, Entry)], package: Digest) -> Option<u64> {
    accepted(entries, Actor::Airlock, Action::OutputChecked, package).map(|found| found.index)
}

/// Each refused file with the first check that it failed.
fn refused_files(opened: &Opened) -> Vec<RefusedFile> {
    let mut refused: Vec<RefusedFile> = Vec::new();
    for finding in &opened.report.findings {
        if !refused.iter().any(|file| file.name == finding.file) {
            let reason: ReasonCode = finding.code.clone();
            refused.push(RefusedFile { name: finding.file.clone(), reason });
        }
    }
    refused
}

/// How far a reader's clock may be from the airlock's.
const READ_WINDOW_SECONDS: u64 = 300;
