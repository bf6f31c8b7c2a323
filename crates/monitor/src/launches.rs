//! Stages 3 to 6: launches, from the approval that they follow to the output that they deliver.

use std::collections::{BTreeMap, BTreeSet};

use domain::Digest;
use domain::claims::Trust;
use domain::event::Event;
use domain::ids::ProjectId;
use domain::pseudonym::Pseudonym;
use serde::{Deserialize, Serialize};

use crate::approvals::{Approval, Approvals};
use crate::monitor::Seen;
use crate::names::Key;
use crate::violation::Violation;

/// The launches so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Launches {
    /// Those that have delivered nothing, by their manifest.
    open: BTreeMap<Digest, Launch>,
    /// The manifests of the others.
    delivered: BTreeSet<Key>,
}

/// A launch. What its approval says is kept: that of the project may be another one later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Launch {
    pub(crate) project: Option<ProjectId>,
    /// None if it follows none, which was said.
    pub(crate) approval: Option<Approval>,
    pub(crate) author: Option<Pseudonym>,
    /// The verdicts on its enclave, until it has its key.
    verdicts: BTreeMap<Key, Option<Trust>>,
    pub(crate) key: Option<KeyEntry>,
}

/// The entry by which a launch got its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyEntry {
    pub(crate) entry: Key,
    pub(crate) platform: Option<Trust>,
}

impl Launches {
    pub(crate) fn authorised(
        &mut self,
        seen: &Seen<'_>,
        approvals: &Approvals,
        violations: &mut Vec<Violation>,
    ) {
        let event = &seen.entry.event;
        let approval = approvals.followed_by(seen).cloned();
        if approval.is_none() {
            violations.push(Violation::LaunchWithoutApproval);
        }
        let launch = Launch {
            project: event.project.clone(),
            approval,
            author: Seen::must(seen.entry.person, "author", violations),
            verdicts: BTreeMap::new(),
            key: None,
        };
        if self.delivered.contains(&Key::of(&event.object)) || self.open.contains_key(&event.object)
        {
            // The first one stays: what a key was released to is not forgotten.
            violations.push(Violation::LaunchRepeated);
        } else {
            self.open.insert(event.object, launch);
        }
    }

    pub(crate) fn attested(
        &mut self,
        seen: &Seen<'_>,
        approvals: &Approvals,
        violations: &mut Vec<Violation>,
    ) {
        let event = &seen.entry.event;
        let Some(launch) = self.open.get_mut(&event.object) else {
            if !self.delivered.contains(&Key::of(&event.object)) {
                violations.push(Violation::VerdictWithoutLaunch);
            }
            return;
        };
        Seen::must(event.platform, "platform", violations);
        launch.check(event, approvals, violations);
        if launch.key.is_none() {
            launch.verdicts.insert(seen.name, event.platform);
        }
    }

    pub(crate) fn released(
        &mut self,
        seen: &Seen<'_>,
        approvals: &Approvals,
        violations: &mut Vec<Violation>,
    ) {
        let event = &seen.entry.event;
        if self.delivered.contains(&Key::of(&event.object)) {
            violations.push(Violation::KeyTwice);
            return;
        }
        let Some(launch) = self.open.get_mut(&event.object) else {
            violations.push(Violation::KeyWithoutLaunch);
            return;
        };
        if launch.key.is_some() {
            violations.push(Violation::KeyTwice);
            return;
        }
        launch.check(event, approvals, violations);
        let verdicts = std::mem::take(&mut launch.verdicts);
        let followed = verdicts.iter().find(|(name, _)| seen.follows(name));
        match followed {
            None => violations.push(Violation::KeyWithoutVerdict),
            Some((_, platform)) if *platform != event.platform => {
                violations.push(Violation::PlatformChanged);
            }
            Some(_) => {}
        }
        launch.key = Some(KeyEntry { entry: seen.name, platform: event.platform });
    }

    /// The launch whose output was delivered, if there is one that has a key.
    pub(crate) fn finished(
        &mut self,
        seen: &Seen<'_>,
        violations: &mut Vec<Violation>,
    ) -> Option<Launch> {
        let manifest = seen.entry.event.object;
        if self.delivered.contains(&Key::of(&manifest)) {
            violations.push(Violation::JobTwice);
            return None;
        }
        let launch = self.open.get(&manifest);
        let key = launch.and_then(|launch| launch.key.as_ref());
        if !key.is_some_and(|key| seen.follows(&key.entry)) {
            violations.push(Violation::JobWithoutKey);
        }
        key?;
        self.delivered.insert(Key::of(&manifest));
        self.open.remove(&manifest)
    }

    /// A launch whose manifest nobody can read any more gets no key.
    pub(crate) fn erased(&mut self, seen: &Seen<'_>) {
        for object in &seen.entry.event.evidence {
            if self.open.get(object).is_some_and(|launch| launch.key.is_none()) {
                self.open.remove(object);
            }
        }
    }
}

impl Launch {
    /// What holds for the verdict and for the key alike.
    fn check(&self, event: &Event, approvals: &Approvals, violations: &mut Vec<Violation>) {
        if event.project != self.project {
            violations.push(Violation::OtherProject);
        }
        let Some(approval) = &self.approval else { return };
        if event.policy != approval.policy {
            violations.push(Violation::OtherPolicy);
        }
        if !approvals.stands(approval) {
            violations.push(Violation::ApprovalSuperseded);
        }
    }
}
