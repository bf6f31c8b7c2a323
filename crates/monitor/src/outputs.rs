//! Stages 7 and 8: outputs, from their delivery to their export.

use std::collections::{BTreeMap, BTreeSet};

use domain::Digest;
use domain::claims::Trust;
use domain::event::{Action, Actor, Entry, Event, Outcome};
use domain::ids::ProjectId;
use domain::pseudonym::Pseudonym;
use serde::{Deserialize, Serialize};

use crate::approvals::{Approval, Approvals};
use crate::launches::Launch;
use crate::monitor::Seen;
use crate::names::Key;
use crate::violation::Violation;

/// The outputs so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outputs {
    /// Those that have not left, by their package.
    open: BTreeMap<Digest, Output>,
    /// The packages of the others.
    exported: BTreeSet<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Output {
    project: Option<ProjectId>,
    approval: Option<Approval>,
    /// The entry by which its launch got its key.
    key: Option<Key>,
    /// The platform that its launch attested.
    platform: Option<Trust>,
    /// The author, as each entry has them: who was erased has another pseudonym afterwards.
    authors: BTreeSet<Pseudonym>,
    /// The entry of the first accepted check.
    checked: Option<Key>,
    /// Acceptances by others than the author.
    accepted: BTreeMap<Key, Pseudonym>,
    rejected: bool,
}

impl Outputs {
    /// Takes in the output of `launch`; of no launch that has a key, which was said, if there is none.
    pub(crate) fn delivered(
        &mut self,
        seen: &Seen<'_>,
        launch: Option<Launch>,
        violations: &mut Vec<Violation>,
    ) {
        let event = &seen.entry.event;
        let author = Seen::must(seen.entry.person, "author", violations);
        // The sealed output, the package, the report of its checks, the revocation list.
        let package = event.evidence.get(1).copied();
        let Some(package) = Seen::must(package, "package", violations) else { return };
        if self.exported.contains(&Key::of(&package)) || self.open.contains_key(&package) {
            violations.push(Violation::JobTwice);
            return;
        }
        let mut output = Output {
            project: event.project.clone(),
            approval: None,
            key: None,
            platform: event.platform,
            authors: author.into_iter().collect(),
            checked: None,
            accepted: BTreeMap::new(),
            rejected: false,
        };
        if let Some(Launch { project, approval, author, key, .. }) = launch {
            output.platform = key.as_ref().and_then(|key| key.platform);
            output.key = key.map(|key| key.entry);
            output.authors.extend(author);
            (output.project, output.approval) = (project, approval);
            output.same_origin(event, violations);
        }
        self.open.insert(package, output);
    }

    pub(crate) fn checked(&mut self, seen: &Seen<'_>, violations: &mut Vec<Violation>) {
        let event = &seen.entry.event;
        let Some(output) = self.open.get_mut(&event.object) else {
            if !self.exported.contains(&Key::of(&event.object)) {
                violations.push(Violation::CheckWithoutKey);
            }
            return;
        };
        // Of one that was delivered without a key, that was said.
        if output.key.is_some_and(|key| !seen.follows(&key)) {
            violations.push(Violation::CheckWithoutKey);
        }
        output.same_origin(event, violations);
        output.authors.extend(Seen::must(seen.entry.person, "author", violations));
        output.checked.get_or_insert(seen.name);
    }

    pub(crate) fn reviewed(&mut self, seen: &Seen<'_>, violations: &mut Vec<Violation>) {
        let event = &seen.entry.event;
        if self.exported.contains(&Key::of(&event.object)) {
            return;
        }
        let output = self.open.get_mut(&event.object);
        let Some(output) = output.filter(|output| output.checked.is_some()) else {
            violations.push(Violation::ReviewWithoutCheck);
            return;
        };
        output.same_origin(event, violations);
        match Seen::must(seen.entry.person, "reviewer", violations) {
            Some(reviewer) if output.authors.contains(&reviewer) => {
                violations.push(Violation::ReviewByAuthor);
            }
            // A pseudonym of another project says nothing of who is behind it.
            Some(reviewer) if event.project == output.project => {
                output.accepted.insert(seen.name, reviewer);
            }
            _ => {}
        }
    }

    /// One rejection is final. The airlock also gives its reason to whoever would accept later.
    pub(crate) fn refused(&mut self, entry: &Entry) {
        let event = &entry.event;
        let Outcome::Refused { reason } = &event.outcome else { return };
        if entry.actor == Actor::Airlock
            && event.action == Action::OutputReviewed
            && reason.as_str() == REJECTED
            && let Some(output) = self.open.get_mut(&event.object)
        {
            output.rejected = true;
        }
    }

    pub(crate) fn exported(
        &mut self,
        seen: &Seen<'_>,
        approvals: &Approvals,
        violations: &mut Vec<Violation>,
    ) {
        // The receipt, the package, and what the log holds of the dataset's chain of releases.
        let package = seen.entry.event.evidence.get(1);
        let Some(package) = Seen::must(package, "package", violations) else { return };
        if !self.exported.insert(Key::of(package)) {
            violations.push(Violation::ExportTwice);
            return;
        }
        match self.open.remove(package) {
            Some(output) => output.may_leave(seen, approvals, violations),
            None => violations.push(Violation::ExportWithoutCheck),
        }
    }

    /// An acceptance that nobody can read any more does not count. A rejection stays one.
    pub(crate) fn erased(&mut self, seen: &Seen<'_>) {
        let project = &seen.entry.event.project;
        for output in self.open.values_mut().filter(|output| output.project == *project) {
            for name in &seen.previous {
                output.accepted.remove(name);
            }
        }
    }
}

impl Output {
    /// Whether the entry is about the same project, on the same platform.
    fn same_origin(&self, event: &Event, violations: &mut Vec<Violation>) {
        if event.project != self.project {
            violations.push(Violation::OtherProject);
        }
        if event.platform != self.platform {
            violations.push(Violation::PlatformChanged);
        }
    }

    fn may_leave(&self, seen: &Seen<'_>, approvals: &Approvals, violations: &mut Vec<Violation>) {
        let event = &seen.entry.event;
        self.same_origin(event, violations);
        if !self.checked.is_some_and(|checked| seen.follows(&checked)) {
            violations.push(Violation::ExportWithoutCheck);
        }
        if self.rejected {
            violations.push(Violation::ExportRejected);
        }
        // By name of the entry, and then by person: one who accepts twice is one.
        let followed = self.accepted.iter().filter(|(name, _)| seen.follows(name));
        let reviewers: BTreeSet<&Pseudonym> = followed
            .map(|(_, reviewer)| reviewer)
            .filter(|reviewer| !self.authors.contains(reviewer))
            .collect();
        let approved = self.approval.as_ref().map_or(0, |approval| approval.reviews_required);
        let required = approved.max(MINIMUM_REVIEWS);
        if u32::try_from(reviewers.len()).is_ok_and(|found| found < required) {
            let found = reviewers.len();
            violations.push(Violation::ExportWithoutReviews { found, required });
        }
        let Some(approval) = &self.approval else { return };
        if event.policy != approval.policy {
            violations.push(Violation::OtherPolicy);
        }
        if !approvals.stood(approval, seen.entry.time) {
            violations.push(Violation::ApprovalSuperseded);
        }
    }
}

/// As in `domain::project`: no output leaves on the word of one person.
const MINIMUM_REVIEWS: u32 = 2;
/// The reason of a rejection (`domain::review`).
const REJECTED: &str = "review.rejected";
