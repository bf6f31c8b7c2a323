//! The votes that counted, read from the log. Their order does not matter, so that nobody gains by
//! holding a vote back or sending it twice: one rejection is final, a second acceptance by the same
//! reviewer is none.

use std::collections::BTreeMap;

use domain::Digest;
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Entry, Outcome};
use domain::pseudonym::Pseudonym;
use domain::review::Vote;
use ledger::{Entries, Indexed, Ledger, LedgerError, ObjectError};

use crate::AirlockError;
use crate::chain::read;

/// A vote that counted: where its entry stands and which object it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ballot {
    pub(crate) index: u64,
    vote: Digest,
}

/// The counted votes on one package, by who cast them as the project knows them.
#[derive(Debug, Default)]
pub(crate) struct Ballots {
    accepted: BTreeMap<Pseudonym, Ballot>,
    rejected: BTreeMap<Pseudonym, Ballot>,
}

impl Ballots {
    /// The votes on `package`.
    pub(crate) fn count(entries: &Entries, package: Digest) -> Self {
        Self::among(entries.about(package), package)
    }

    /// The votes on `package` that are among `entries`.
    fn among<'a>(entries: impl Iterator<Item = &'a Indexed>, package: Digest) -> Self {
        let mut ballots = Self::default();
        for (index, entry) in entries {
            if let Some((person, vote, object)) = counted(entry, package) {
                let held = match vote {
                    Vote::Accept => &mut ballots.accepted,
                    Vote::Reject => &mut ballots.rejected,
                };
                held.entry(person).or_insert(Ballot { index: *index, vote: object });
            }
        }
        ballots
    }

    /// The votes on which the export `exported` of `package` rests.
    pub(crate) fn of_export(entries: &Entries, package: Digest, exported: &Entry) -> Self {
        let named = |(_, entry): &&Indexed| exported.event.previous.contains(&entry.id);
        Self::among(entries.about(package).filter(named), package)
    }

    /// Without acceptances that were erased: nobody can show any more what they said. A rejection
    /// stays one.
    pub(crate) fn readable(mut self, ledger: &Ledger) -> Self {
        let erased = |ballot: &Ballot| {
            let read = ledger.object(&ballot.vote);
            matches!(read, Err(LedgerError::Object(ObjectError::Erased(_))))
        };
        self.accepted.retain(|_, ballot| !erased(ballot));
        self
    }

    /// Whether a reviewer rejected the package.
    pub(crate) fn rejected(&self) -> bool {
        !self.rejected.is_empty()
    }

    /// How many reviewers accepted it.
    pub(crate) fn accepted(&self) -> u32 {
        u32::try_from(self.accepted.len()).unwrap_or(u32::MAX)
    }

    /// Whether this reviewer's `vote` is already counted.
    pub(crate) fn has(&self, reviewer: &Pseudonym, vote: Vote) -> bool {
        match vote {
            Vote::Accept => self.accepted.contains_key(reviewer),
            Vote::Reject => self.rejected.contains_key(reviewer),
        }
    }

    /// Where the acceptances stand.
    pub(crate) fn acceptances(&self) -> impl Iterator<Item = u64> {
        self.accepted.values().map(|ballot| ballot.index)
    }

    /// The signed votes, acceptances first.
    pub(crate) fn envelopes(&self, ledger: &Ledger) -> Result<Vec<Envelope>, AirlockError> {
        let all = self.accepted.values().chain(self.rejected.values());
        all.map(|ballot| read(ledger, Some(&ballot.vote))).collect()
    }
}

/// A vote that counted has its reviewer as person; a rejection is the one refused entry that has.
fn counted(entry: &Entry, package: Digest) -> Option<(Pseudonym, Vote, Digest)> {
    let vote = match &entry.event.outcome {
        Outcome::Accepted => Vote::Accept,
        Outcome::Refused { reason } if reason.as_str() == "review.rejected" => Vote::Reject,
        Outcome::Refused { .. } => return None,
    };
    let own = entry.actor == Actor::Airlock
        && entry.event.action == Action::OutputReviewed
        && entry.event.object == package;
    let person = entry.person.filter(|_| own)?;
    Some((person, vote, *entry.event.evidence.first()?))
}
