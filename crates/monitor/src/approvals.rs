//! Stages 1 and 2: which datasets were sealed, and which proposal of each project stands.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::ProjectId;
use domain::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::monitor::{CLOCK_SECONDS, Seen};
use crate::names::Key;
use crate::violation::Violation;

/// What was sealed and approved so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Approvals {
    /// The entries that sealed datasets.
    datasets: BTreeSet<Key>,
    projects: BTreeMap<ProjectId, Project>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Project {
    /// What stands, if it was not erased.
    approval: Option<Approval>,
    /// The entries that approved it.
    entries: BTreeSet<Key>,
    /// Since when it is so.
    since: Timestamp,
    /// The proposals whose place was taken, or which were erased.
    ended: BTreeSet<Key>,
}

/// What launches of a project are judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Approval {
    project: ProjectId,
    proposal: Digest,
    pub(crate) policy: Option<Digest>,
    pub(crate) reviews_required: u32,
}

impl Approvals {
    pub(crate) fn sealed(&mut self, seen: &Seen<'_>) {
        self.datasets.insert(seen.name);
    }

    pub(crate) fn approved(&mut self, seen: &Seen<'_>, violations: &mut Vec<Violation>) {
        let event = &seen.entry.event;
        if !seen.previous.iter().any(|name| self.datasets.contains(name)) {
            violations.push(Violation::ApprovalWithoutDataset);
        }
        Seen::must(event.policy, "policy", violations);
        let reviews_required =
            Seen::must(event.reviews_required, "number of reviews", violations).unwrap_or_default();
        let Some(project) = Seen::must(event.project.clone(), "project", violations) else {
            return;
        };
        let held = self.projects.entry(project.clone()).or_insert_with(|| Project {
            approval: None,
            entries: BTreeSet::new(),
            since: seen.entry.time,
            ended: BTreeSet::new(),
        });
        if held.ended.contains(&Key::of(&event.object)) {
            violations.push(Violation::ApprovalWentBack);
        }
        let approval =
            Approval { project, proposal: event.object, policy: event.policy, reviews_required };
        if held.approval.as_ref().map(|before| before.proposal) != Some(approval.proposal) {
            held.end(seen.entry.time);
        }
        held.approval = Some(approval);
        held.entries.insert(seen.name);
    }

    /// The approval that stands, if the entry names it as one that it follows.
    pub(crate) fn followed_by(&self, seen: &Seen<'_>) -> Option<&Approval> {
        let project = self.projects.get(seen.entry.event.project.as_ref()?)?;
        let followed = seen.previous.iter().any(|name| project.entries.contains(name));
        project.approval.as_ref().filter(|_| followed)
    }

    /// Whether its proposal is the one that the project's custodians approved last.
    pub(crate) fn stands(&self, approval: &Approval) -> bool {
        self.current(approval).is_some()
    }

    /// As [`Self::stands`], for who decides without the broker's lock: another approval that came
    /// while the decision was taken is none of its business.
    pub(crate) fn stood(&self, approval: &Approval, at: Timestamp) -> bool {
        let just_now = |project: &Project| project.since.plus_seconds(CLOCK_SECONDS) >= at;
        self.stands(approval) || self.projects.get(&approval.project).is_some_and(just_now)
    }

    fn current(&self, approval: &Approval) -> Option<&Approval> {
        let current = self.projects.get(&approval.project)?.approval.as_ref()?;
        (current.proposal == approval.proposal).then_some(current)
    }

    /// An approval that nobody can read any more is none.
    pub(crate) fn erased(&mut self, seen: &Seen<'_>) {
        let event = &seen.entry.event;
        let Some(project) = event.project.as_ref().and_then(|name| self.projects.get_mut(name))
        else {
            return;
        };
        let read = |approval: &Approval| event.evidence.contains(&approval.proposal);
        let named = seen.previous.iter().any(|name| project.entries.contains(name));
        if named || project.approval.as_ref().is_some_and(read) {
            project.end(seen.entry.time);
        }
    }
}

impl Project {
    /// From now on its proposal cannot come back.
    fn end(&mut self, at: Timestamp) {
        self.entries.clear();
        self.since = at;
        self.ended.extend(self.approval.take().map(|before| Key::of(&before.proposal)));
    }
}
