//! The monitor: what every entry must keep to, and which rules are asked about its decision.

use std::collections::BTreeMap;

use domain::event::{Action, Actor, Entry, Outcome};
use domain::{Digest, Leaf, Timestamp};
use serde::{Deserialize, Serialize};

use crate::approvals::Approvals;
use crate::launches::Launches;
use crate::names::{Key, Names};
use crate::outputs::Outputs;
use crate::violation::{Finding, Violation};

/// How far an entry's time may be behind an earlier one's, and an export's entry behind the approval
/// of another proposal. Decisions are dated when they are taken and stand in the log when they are
/// durable; broker and airlock decide at the same time; and a clock that is being set goes back by
/// seconds. All of that together is well under five minutes, which is also how far a reader's clock
/// may be from the airlock's.
pub const CLOCK_SECONDS: i64 = 300;

/// A state machine over the entries of one log.
///
/// It grows by 24 bytes for each entry (to know names that come twice, and what an erasure names), by
/// 16 for each job that was delivered and each export, and by some hundred bytes for whatever is
/// open: projects, launches without an output, outputs that have not left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitor {
    size: u64,
    violations: u64,
    /// The number that each actor has next.
    sequences: BTreeMap<Actor, u64>,
    /// The latest time so far, or that of the entry that went back.
    latest: Option<Timestamp>,
    /// The time of the last entry.
    newest: Option<Timestamp>,
    names: Names,
    approvals: Approvals,
    launches: Launches,
    outputs: Outputs,
}

impl Monitor {
    /// Takes in the next leaf of the log; what is wrong with it.
    pub fn take(&mut self, leaf: &[u8]) -> Vec<Finding> {
        let index = self.size;
        self.size = index.saturating_add(1);
        let mut violations = Vec::new();
        let mut name = None;
        match Leaf::from_bytes(leaf) {
            Ok(Leaf::Entry(entry)) => {
                self.judge(&entry, leaf, &mut violations);
                name = Some(entry.id);
            }
            // For programs that verify sigstore bundles; it says nothing that another entry does not.
            Ok(Leaf::Published(_)) => {}
            Err(_) => violations.push(Violation::Leaf),
        }
        let count = u64::try_from(violations.len()).unwrap_or(u64::MAX);
        self.violations = self.violations.saturating_add(count);
        let finding = |violation| Finding { index, entry: name.clone(), violation };
        violations.into_iter().map(finding).collect()
    }

    /// How many leaves it has taken in.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// How many violations it has found in them.
    #[must_use]
    pub const fn violations(&self) -> u64 {
        self.violations
    }

    /// The time of the last entry, by its writer's clock.
    #[must_use]
    pub const fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    fn judge(&mut self, entry: &Entry, leaf: &[u8], violations: &mut Vec<Violation>) {
        let seen = Seen::new(entry);
        self.in_sequence(entry, violations);
        self.in_time(entry, violations);
        let erasure = is_accepted(entry, Action::RecordErased);
        for (previous, key) in entry.event.previous.iter().zip(&seen.previous) {
            if !erasure && !self.names.knows(key) {
                violations.push(Violation::PreviousUnknown { previous: previous.clone() });
            }
        }
        if entry.event.outcome == Outcome::Accepted {
            self.accepted(&seen, violations);
        } else {
            self.outputs.refused(entry);
        }
        if !self.names.add(seen.name, &Digest::of(leaf)) {
            violations.push(Violation::EntryRepeated);
        }
    }

    fn in_sequence(&mut self, entry: &Entry, violations: &mut Vec<Violation>) {
        let (actor, found) = (entry.actor, entry.sequence);
        let next = self.sequences.entry(actor).or_default();
        let expected = *next;
        *next = expected.max(found.saturating_add(1));
        if found > expected {
            violations.push(Violation::SequenceGap { actor, expected, found });
        } else if found < expected {
            violations.push(Violation::SequenceRepeated { actor, expected, found });
        }
    }

    fn in_time(&mut self, entry: &Entry, violations: &mut Vec<Violation>) {
        let found = entry.time;
        self.newest = Some(found);
        match self.latest {
            Some(latest) if found.plus_seconds(CLOCK_SECONDS) < latest => {
                violations.push(Violation::TimeBackwards { latest, found });
                // Said once, and not of every entry until the clock is there again.
                self.latest = Some(found);
            }
            latest => self.latest = latest.max(Some(found)),
        }
    }

    /// Refused decisions have no consequence; of the accepted ones, each has its rules. What an actor
    /// says that it has no say in has none either: no service acts on it.
    fn accepted(&mut self, seen: &Seen<'_>, violations: &mut Vec<Violation>) {
        let (actor, action) = (seen.entry.actor, seen.entry.event.action);
        if actor != decides(action) {
            violations.push(Violation::WrongActor { actor, action });
            return;
        }
        let Self { approvals, launches, outputs, names, .. } = self;
        match action {
            Action::DatasetSealed => approvals.sealed(seen),
            Action::ProjectApproved => approvals.approved(seen, violations),
            Action::LaunchAuthorised => launches.authorised(seen, approvals, violations),
            Action::EnclaveAttested => launches.attested(seen, approvals, violations),
            Action::KeyReleased => launches.released(seen, approvals, violations),
            Action::JobFinished => {
                let delivered = launches.finished(seen, violations);
                outputs.delivered(seen, delivered, violations);
            }
            Action::OutputChecked => outputs.checked(seen, violations),
            Action::OutputReviewed => outputs.reviewed(seen, violations),
            Action::OutputExported => outputs.exported(seen, approvals, violations),
            Action::ExportRevoked => {}
            Action::RecordErased => {
                let leaf = &seen.entry.event.object;
                if !seen.previous.first().is_some_and(|name| names.is(name, leaf)) {
                    violations.push(Violation::ErasureUnknown);
                }
                approvals.erased(seen);
                launches.erased(seen);
                outputs.erased(seen);
            }
        }
    }
}

/// An entry with its names as the monitor keeps them.
pub(crate) struct Seen<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) name: Key,
    pub(crate) previous: Vec<Key>,
}

impl<'a> Seen<'a> {
    fn new(entry: &'a Entry) -> Self {
        let previous = entry.event.previous.iter().map(Key::of_entry).collect();
        Self { entry, name: Key::of_entry(&entry.id), previous }
    }

    /// Whether it names this entry as one that it follows.
    pub(crate) fn follows(&self, name: &Key) -> bool {
        self.previous.contains(name)
    }

    /// `value`, which the entry must have: where it has not, that is a violation.
    pub(crate) fn must<T>(
        value: Option<T>,
        missing: &'static str,
        violations: &mut Vec<Violation>,
    ) -> Option<T> {
        if value.is_none() {
            violations.push(Violation::Incomplete { missing });
        }
        value
    }
}

fn is_accepted(entry: &Entry, action: Action) -> bool {
    entry.event.action == action && entry.event.outcome == Outcome::Accepted
}

/// Whose decision it is to accept.
const fn decides(action: Action) -> Actor {
    match action {
        Action::DatasetSealed
        | Action::ProjectApproved
        | Action::LaunchAuthorised
        | Action::EnclaveAttested
        | Action::KeyReleased => Actor::Broker,
        Action::JobFinished
        | Action::OutputChecked
        | Action::OutputReviewed
        | Action::OutputExported
        | Action::ExportRevoked => Actor::Airlock,
        Action::RecordErased => Actor::Operator,
    }
}
