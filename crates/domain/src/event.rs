//! What the log holds: one [`Entry`] for each decision, refusals included.
//!
//! INVARIANT: an entry has no field that can hold personal data. People appear as [`Pseudonym`]s,
//! commitments under keys that can be destroyed; titles, purposes and names stay in the objects that
//! `object` and `evidence` name by digest, of which [`Event::personal`] says which can be erased.

mod spelling;

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::claims::Trust;
use crate::ids::{EntryId, ProjectId};
use crate::pseudonym::Pseudonym;
use crate::{Digest, ReasonCode, Timestamp};

/// One log entry, kept as its RFC 8785 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The entry's own name, so that later entries can point at it.
    pub id: EntryId,
    /// Counts the entries of `actor` from 0 without gaps.
    pub sequence: u64,
    /// When the decision was taken, by the writer's clock.
    pub time: Timestamp,
    /// Who decided.
    pub actor: Actor,
    /// The person on whose statement the decision rests, as this project knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Pseudonym>,
    /// What was decided and how.
    #[serde(flatten)]
    pub event: Event,
}

/// The part of an [`Entry`] that the deciding service knows; the ledger adds name, sequence, time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Which of the nine stages' events this is.
    pub action: Action,
    /// What the decision is about: manifest, proposal, launch manifest or package.
    pub object: Digest,
    /// The project, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// Accepted, or refused with its reason.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The policy set that was asked, by digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Digest>,
    /// The rules that determined the decision, by their identifiers in that policy set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// What the decision rests on, by digest: evidence, signed statements, reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Digest>,
    /// The decisions that this one follows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<EntryId>,
    /// Whether the enclave's root of trust is a hardware vendor's, where one is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Trust>,
    /// How many reviewers must accept an output of the project: said where it is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviews_required: Option<u32>,
}

impl Event {
    /// An accepted `action` on `object`, with nothing else said yet.
    #[must_use]
    pub const fn accepted(action: Action, object: Digest) -> Self {
        Self::new(action, object, Outcome::Accepted)
    }

    /// A refused `action` on `object`.
    #[must_use]
    pub const fn refused(action: Action, object: Digest, reason: ReasonCode) -> Self {
        Self::new(action, object, Outcome::Refused { reason })
    }

    const fn new(action: Action, object: Digest, outcome: Outcome) -> Self {
        Self {
            action,
            object,
            project: None,
            outcome,
            policy: None,
            rules: Vec::new(),
            evidence: Vec::new(),
            previous: Vec::new(),
            platform: None,
            reviews_required: None,
        }
    }

    /// The objects, by digest, that hold what people said or who they are, and that go when the
    /// event's record is erased. What others rest on beyond that (a dataset's manifest, rules,
    /// evidence) says nothing of people.
    #[must_use]
    pub fn personal(&self) -> Vec<Digest> {
        let first = self.evidence.first().copied();
        match self.action {
            // The proposal and the custodians' statements; the manifest and the signed request.
            Action::ProjectApproved | Action::LaunchAuthorised => {
                [self.object].into_iter().chain(first).collect()
            }
            // The sealed output; the vote; the receipt.
            Action::JobFinished | Action::OutputReviewed | Action::OutputExported => {
                first.into_iter().collect()
            }
            Action::DatasetSealed
            | Action::EnclaveAttested
            | Action::KeyReleased
            | Action::OutputChecked
            | Action::ExportRevoked
            | Action::RecordErased => Vec::new(),
        }
    }
}

impl Entry {
    /// The bytes that become the log's leaf.
    ///
    /// # Errors
    /// As [`canonical::to_vec`].
    pub fn to_leaf(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_vec(self)
    }

    /// Reads a leaf as [`canonical::from_slice`] does: only its canonical spelling is accepted.
    ///
    /// # Errors
    /// As there.
    pub fn from_leaf(leaf: &[u8]) -> Result<Self, CanonicalError> {
        spelling::read(leaf).map_or_else(|| canonical::from_slice(leaf), Ok)
    }
}

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// The airlock.
    Airlock,
    /// The broker.
    Broker,
    /// Whoever runs the deployment.
    Operator,
}

/// What happened, in the order of the nine stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    /// 1: a sealed dataset and its wrapped key were taken in.
    DatasetSealed,
    /// 2: enough custodians approved a project.
    ProjectApproved,
    /// 3: a launch manifest was issued for one launch.
    LaunchAuthorised,
    /// 4: the evidence of an enclave was judged.
    EnclaveAttested,
    /// 5: the dataset key was released to an attested enclave, or not.
    KeyReleased,
    /// 6: a job ended, as its enclave reported.
    JobFinished,
    /// 7: an output was checked inside the enclave and again in the airlock.
    OutputChecked,
    /// 7: a reviewer voted.
    OutputReviewed,
    /// 8: an export left.
    OutputExported,
    /// 8: an export was withdrawn.
    ExportRevoked,
    /// What was kept of people behind an earlier entry was destroyed: `object` is the digest of that
    /// entry's leaf, `previous` its name, `evidence` the objects that went.
    RecordErased,
}

/// How a decision went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Accepted,
    /// It was not.
    Refused {
        /// Why, as a stable code.
        reason: ReasonCode,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason as _;

    #[test]
    fn every_member_is_read_back() {
        let (digest, id) = (Digest::of(b"object"), EntryId::from_random([1; 16]));
        let event = Event {
            action: Action::ProjectApproved,
            object: digest,
            project: Some("visits-by-plan".parse().unwrap()),
            outcome: Outcome::Accepted,
            policy: Some(Digest::of(b"policy")),
            rules: vec!["approve".to_owned()],
            evidence: vec![digest, Digest::of(b"other")],
            previous: vec![id.clone()],
            platform: Some(Trust::Hardware),
            reviews_required: Some(2),
        };
        let person = format!("hmac-sha256:{}", digest.hex()).parse().unwrap();
        let entry = Entry {
            id,
            sequence: u64::MAX >> 11,
            time: "2026-11-20T12:00:00Z".parse().unwrap(),
            actor: Actor::Operator,
            person: Some(person),
            event,
        };
        let leaf = entry.to_leaf().unwrap();
        assert_eq!(Entry::from_leaf(&leaf).unwrap(), entry);
    }

    #[test]
    fn a_refusal_and_nothing_else_has_a_reason() {
        let reason = ReasonCode::try_from("policy.refused".to_owned()).unwrap();
        let entry = |event| Entry {
            id: EntryId::from_random([1; 16]),
            sequence: 0,
            time: Timestamp::EPOCH,
            actor: Actor::Broker,
            person: None,
            event,
        };
        let object = Digest::of(b"object");
        let text = |event| String::from_utf8(entry(event).to_leaf().unwrap()).unwrap();
        let refused = text(Event::refused(Action::KeyReleased, object, reason));
        let accepted = text(Event::accepted(Action::KeyReleased, object));
        for (wrong, code) in [
            (refused.replace(r#""reason":"policy.refused","#, ""), "format.not-json"),
            (refused.replace(r#""refused""#, r#""accepted""#), "format.not-canonical"),
            (accepted.replace(r#""accepted""#, r#""refused""#), "format.not-json"),
        ] {
            assert!(wrong != refused && wrong != accepted);
            assert_eq!(Entry::from_leaf(wrong.as_bytes()).unwrap_err().reason(), code);
        }
    }

    #[test]
    fn leaf_round_trips_and_stays_readable() {
        let reason = ReasonCode::try_from("evidence.debug-enabled".to_owned()).unwrap();
        let event = Event {
            platform: Some(Trust::Emulated),
            ..Event::refused(Action::EnclaveAttested, Digest::of(b"manifest"), reason)
        };
        let entry = Entry {
            id: EntryId::from_random([7; 16]),
            sequence: 3,
            time: "2026-11-20T12:00:00Z".parse().unwrap(),
            actor: Actor::Broker,
            person: None,
            event,
        };
        let leaf = entry.to_leaf().unwrap();
        assert_eq!(Entry::from_leaf(&leaf).unwrap(), entry);
        let text = String::from_utf8(leaf).unwrap();
        // A name where a pseudonym belongs makes it no entry.
        let mut named: serde_json::Value = serde_json::from_str(&text).unwrap();
        named["person"] = "alice".into();
        let named = canonical::to_vec(&named).unwrap();
        assert_eq!(Entry::from_leaf(&named).unwrap_err().reason(), "format.not-json");
        assert!(
            text.starts_with(
                r#"{"action":"EnclaveAttested","actor":"broker","decision":"refused","#
            ),
            "{text}"
        );
    }
}
