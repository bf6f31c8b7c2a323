//! Where each output stands, read from the ledger.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use domain::canonical;
use domain::claims::Trust;
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Entry, Outcome};
use domain::ids::{OutputId, PersonId, ProjectId};
use domain::output::OutputPackage;
use domain::pseudonym::Pseudonym;
use domain::{Digest, Reason as _, ReasonCode, Timestamp};
use ledger::{Entries, Indexed};
use wire::airlock::{
    OutputContent, OutputState, OutputSummary, READ_OUTPUT_TYPE, ReadOutput, RefusedFile,
};

use crate::ballot::Ballots;
use crate::chain::{Chain, Steps, is};
use crate::intake::{Moment, Opened};
use crate::kept;
use crate::release::export_of;
use crate::{Airlock, AirlockError};

/// The accepted delivery of one launch, as the log has it.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) package: Digest,
    pub(crate) manifest: Digest,
    received: Timestamp,
    sealed: Digest,
    crl: Digest,
    project: Option<ProjectId>,
    author: Option<Pseudonym>,
    platform: Option<Trust>,
}

impl Delivery {
    /// All deliveries, oldest first.
    pub(crate) fn all(entries: &Entries) -> impl Iterator<Item = Self> {
        entries.iter().filter_map(|(_, entry)| Self::of(entry))
    }

    fn of(entry: &Entry) -> Option<Self> {
        let [sealed, package, _report, crl] = entry.event.evidence.as_slice() else { return None };
        is(entry, Actor::Airlock, Action::JobFinished).then_some(Self {
            package: *package,
            manifest: entry.event.object,
            received: entry.time,
            sealed: *sealed,
            crl: *crl,
            project: entry.event.project.clone(),
            author: entry.person,
            platform: entry.event.platform,
        })
    }

    /// The sealed output, as an object of the ledger.
    pub(crate) const fn sealed(&self) -> Digest {
        self.sealed
    }

    /// The delivery of the launch whose manifest this is, if it has delivered.
    pub(crate) fn of_launch(entries: &Entries, manifest: Digest) -> Option<Self> {
        let mut about = entries.about(manifest).filter_map(|(_, entry)| Self::of(entry));
        about.find(|delivery| delivery.manifest == manifest)
    }

    /// The delivery of `package`.
    pub(crate) fn of_package(entries: &Entries, package: Digest) -> Result<Self, AirlockError> {
        let mut about = entries.about(package).filter_map(|(_, entry)| Self::of(entry));
        about.find(|delivery| delivery.package == package).ok_or(AirlockError::NotFound)
    }

    /// The delivery of the output called `id`.
    pub(crate) fn named(entries: &Entries, id: &OutputId) -> Result<Self, AirlockError> {
        Self::all(entries)
            .find(|delivery| output_id(delivery.package) == *id)
            .ok_or(AirlockError::NotFound)
    }
}

/// An output's name follows from its package, so that every service gives it the same one.
#[must_use]
pub fn output_id(package: Digest) -> OutputId {
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

/// What a listing says of an output and never changes. Kept in memory so that a listing opens no
/// ciphertext twice: names and codes of the project's rules only, no text of the workload's own.
#[derive(Debug)]
pub(crate) struct Facts {
    project: ProjectId,
    author: PersonId,
    files: Vec<String>,
    refused: Vec<RefusedFile>,
    to_review: bool,
    platform: Trust,
    votes_needed: u32,
}

impl Airlock {
    /// All outputs that were taken in, oldest first, but for those whose records were erased.
    pub(crate) fn outputs(&self) -> Result<Vec<OutputSummary>, AirlockError> {
        let entries = self.ledger.entries()?;
        let readable =
            Delivery::all(&entries).filter(|delivery| !self.is_erased(&entries, delivery));
        readable
            .filter_map(|delivery| match self.row(&entries, &delivery) {
                Err(why) if !is_passing(&why) => {
                    self.row_of_unreadable(&entries, &delivery, &why).transpose()
                }
                row => Some(row),
            })
            .collect()
    }

    /// What the log says of an output that cannot be opened any more, and why: its platform is not trusted
    /// any more, or a part of it is lost. The other outputs are listed all the same; so they are if nobody can
    /// say whose it is.
    fn row_of_unreadable(
        &self,
        entries: &Entries,
        delivery: &Delivery,
        why: &AirlockError,
    ) -> Result<Option<OutputSummary>, AirlockError> {
        let Delivery {
            project: Some(project), author: Some(author), platform: Some(platform), ..
        } = delivery
        else {
            return Ok(None);
        };
        let author = match self.ledger.person(author).map_err(AirlockError::from) {
            Err(error) if is_passing(&error) => return Err(error),
            Err(_) => return Ok(None),
            Ok(author) => author,
        };
        let exported = export_of(entries, delivery.package).is_some();
        let ballots = Ballots::count(entries, delivery.package).readable(&self.ledger);
        Ok(Some(OutputSummary {
            output: output_id(delivery.package),
            project: project.clone(),
            author: author.person,
            package: delivery.package,
            received: delivery.received,
            state: if exported { OutputState::Exported } else { OutputState::Refused },
            files: Vec::new(),
            refused: vec![RefusedFile { name: String::new(), reason: ReasonCode::of(why) }],
            platform: *platform,
            accepted_votes: ballots.accepted(),
            votes_needed: 0,
        }))
    }

    /// Whether what is needed to open a delivery was erased: itself, its launch, or its approval.
    fn is_erased(&self, entries: &Entries, delivery: &Delivery) -> bool {
        let rests_on = Steps::of(entries, delivery.manifest).ok();
        let rests_on = rests_on.iter().flat_map(|steps| [&steps.approved, &steps.authorised]);
        let own = entries.about(delivery.package).map(|(_, entry)| entry).filter(|entry| {
            Delivery::of(entry).is_some_and(|found| found.package == delivery.package)
        });
        rests_on.map(|step| &step.entry).chain(own).any(|entry| self.ledger.is_erased(entry))
    }

    /// The listing's row of the output called `id`.
    pub(crate) fn output(&self, id: &OutputId) -> Result<OutputSummary, AirlockError> {
        let entries = self.ledger.entries()?;
        self.row(&entries, &Delivery::named(&entries, id)?)
    }

    /// The listing's row of a delivered package.
    pub(crate) fn summary(
        &self,
        entries: &Entries,
        package: Digest,
    ) -> Result<OutputSummary, AirlockError> {
        self.row(entries, &Delivery::of_package(entries, package)?)
    }

    fn row(&self, entries: &Entries, delivery: &Delivery) -> Result<OutputSummary, AirlockError> {
        let facts = self.facts(entries, delivery)?;
        let ballots = Ballots::count(entries, delivery.package).readable(&self.ledger);
        let exported = export_of(entries, delivery.package).is_some();
        // What passed its checks can still be kept in by what left before it.
        let to_review = facts.to_review && checked(entries, delivery.package).is_some();
        let mut refused = facts.refused.clone();
        if facts.to_review && !to_review {
            refused.extend(kept_in(entries, delivery.package, &refused));
        }
        let state = match (to_review, exported) {
            (false, _) => OutputState::Refused,
            (true, true) => OutputState::Exported,
            (true, false) if ballots.rejected() => OutputState::Rejected,
            (true, false) if ballots.accepted() >= facts.votes_needed => OutputState::Accepted,
            (true, false) => OutputState::InReview,
        };
        Ok(OutputSummary {
            output: output_id(delivery.package),
            project: facts.project.clone(),
            author: facts.author.clone(),
            package: delivery.package,
            received: delivery.received,
            state,
            files: facts.files.clone(),
            refused,
            platform: facts.platform,
            accepted_votes: ballots.accepted(),
            votes_needed: facts.votes_needed,
        })
    }

    fn facts(&self, entries: &Entries, delivery: &Delivery) -> Result<Arc<Facts>, AirlockError> {
        let known = || self.decisions.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = known().get(&delivery.package) {
            return Ok(Arc::clone(facts));
        }
        let facts = Arc::new(Facts::of(&self.reopen(entries, delivery)?));
        known().insert(delivery.package, Arc::clone(&facts));
        Ok(facts)
    }

    /// The launch that delivered, judged as of its delivery.
    fn chain_of(&self, entries: &Entries, delivery: &Delivery) -> Result<Chain, AirlockError> {
        Chain::load(&self.ledger, Steps::of(entries, delivery.manifest)?, delivery.received)
    }

    /// Opens a delivered output again from its kept ciphertext, with every check as of its arrival.
    pub(crate) fn reopen(
        &self,
        entries: &Entries,
        delivery: &Delivery,
    ) -> Result<Opened, AirlockError> {
        let chain = self.chain_of(entries, delivery)?;
        let sealed = kept::delivered(&self.ledger, &delivery.sealed, &delivery.manifest)?;
        let moment = Moment { at: delivery.received, crl: self.ledger.object(&delivery.crl)? };
        self.open(chain, sealed, &moment)
    }

    /// What a reviewer sees, for a request that a reviewer of the project signed just now. Nothing
    /// is opened before the reader is known.
    pub(crate) fn content(
        &self,
        id: &OutputId,
        request: &Envelope,
    ) -> Result<OutputContent, AirlockError> {
        let entries = self.ledger.entries()?;
        let delivery = Delivery::named(&entries, id)?;
        let chain = self.chain_of(&entries, &delivery)?;
        let now = self.now();
        may_read(&chain, id, request, now)?;
        chain.still_approved(&entries, now)?;
        let summary = self.row(&entries, &delivery)?;
        let opened = self.reopen(&entries, &delivery)?;
        // Who is behind a row is for the gate alone; the package's digest does not need it.
        let shown = OutputPackage { records: None, ..opened.package };
        let package = shown.to_bytes().map_err(AirlockError::Malformed)?;
        Ok(OutputContent { summary, package })
    }
}

/// Whether the storage or the log is not there now, which says nothing of an output.
fn is_passing(error: &AirlockError) -> bool {
    let reason = error.reason();
    reason.starts_with("log.") || ["object.store", "record.store"].contains(&reason)
}

/// Whether `request` is a fresh one of a reviewer who may judge this launch's output.
fn may_read(
    chain: &Chain,
    id: &OutputId,
    request: &Envelope,
    now: Timestamp,
) -> Result<(), AirlockError> {
    let payload = request.unverified_payload().map_err(AirlockError::ReadSignature)?;
    let claimed: ReadOutput = canonical::from_slice(&payload).map_err(AirlockError::Malformed)?;
    let proposal = chain.approval.proposal();
    let key = proposal.reviewers.get(&claimed.reviewer).ok_or(AirlockError::ReadNotAllowed)?;
    request.verify(READ_OUTPUT_TYPE, key).map_err(AirlockError::ReadSignature)?;
    let age = now.unix_seconds().abs_diff(claimed.signed.unix_seconds());
    // As with votes: the author stays the author under another name with the same key.
    let author = &chain.manifest.author;
    let is_author = claimed.reviewer == *author || proposal.researchers.get(author) == Some(key);
    if claimed.output != *id || age > READ_WINDOW_SECONDS || is_author {
        return Err(AirlockError::ReadNotAllowed);
    }
    Ok(())
}

impl Facts {
    fn of(opened: &Opened) -> Self {
        Self {
            project: opened.package.project.clone(),
            author: opened.package.author.clone(),
            files: opened.package.files.iter().map(|file| file.name.clone()).collect(),
            refused: refused_files(opened),
            to_review: opened.checked.is_ok(),
            platform: opened.claims.get().platform.trust(),
            votes_needed: opened.chain.approval.proposal().reviews_required,
        }
    }
}

/// Each refused file that the rules declare, with the first check that it failed; what concerns
/// anything else without a name, which the workload would have chosen.
fn refused_files(opened: &Opened) -> Vec<RefusedFile> {
    let notice = opened.report.notice(&opened.chain.rules);
    let first = |name: &String| {
        let findings = &opened.report.findings;
        let own = findings.iter().find(|finding| finding.file == *name);
        own.map(|finding| finding.code.clone()).or_else(|| notice.reason.clone())
    };
    let named = notice.refused.keys().filter_map(|name| Some((name.clone(), first(name)?)));
    let nameless = notice.codes.iter().map(|code| (String::new(), code.clone()));
    named.chain(nameless).map(|(name, reason)| RefusedFile { name, reason }).collect()
}

/// The reasons in the log that no file of the output has: it may not follow what left before.
fn kept_in(entries: &Entries, package: Digest, files: &[RefusedFile]) -> Vec<RefusedFile> {
    let reason = |entry: &Entry| match &entry.event.outcome {
        Outcome::Refused { reason } if entry.event.action == Action::OutputChecked => {
            (entry.event.object == package).then(|| reason.clone())
        }
        _ => None,
    };
    let reasons = entries.about(package).filter_map(|(_, entry)| reason(entry));
    let others = reasons.filter(|reason| !files.iter().any(|file| file.reason == *reason));
    others.map(|reason| RefusedFile { name: String::new(), reason }).collect()
}

/// What listings know of each package.
pub(crate) type KnownFacts = BTreeMap<Digest, Arc<Facts>>;

/// The accepted check of `package`, if the log shows it.
pub(crate) fn checked(entries: &Entries, package: Digest) -> Option<&Indexed> {
    entries.about(package).find(|(_, entry)| {
        is(entry, Actor::Airlock, Action::OutputChecked) && entry.event.object == package
    })
}

/// Refuses what the log does not show to have passed its checks, with the reason that it does show.
pub(crate) fn must_have_passed(entries: &Entries, package: Digest) -> Result<(), AirlockError> {
    if checked(entries, package).is_some() {
        return Ok(());
    }
    let kept_in = kept_in(entries, package, &[]).into_iter().next();
    Err(kept_in.map_or(AirlockError::NoSuchLaunch("OutputChecked"), |file| {
        AirlockError::Refused(file.reason)
    }))
}

/// How far a reader's clock may be from the airlock's.
const READ_WINDOW_SECONDS: u64 = 300;
