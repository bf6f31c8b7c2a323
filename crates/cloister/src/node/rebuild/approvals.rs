//! Stages 1 and 2: datasets and approvals.

use std::collections::btree_map::Entry;

use control::{DatasetDecision, ProjectDecision};
use domain::dataset::DatasetManifest;
use domain::dsse::Envelope;
use domain::ids::ProjectId;
use domain::project::Proposal;

use super::{At, Because, RebuildError, Replay};

impl Replay {
    /// The broker checked the signature: the entry names the payload's digest.
    pub(super) fn dataset(&mut self, at: &At<'_>) -> Result<(), RebuildError> {
        let envelope: Envelope = at.json(&at.evidence(0)?, "the dataset's envelope")?;
        let digest = envelope.payload_digest().ok();
        at.require(digest == Some(at.entry.event.object), "the dataset's digest")?;
        let manifest = DatasetManifest::unverified(&envelope);
        let manifest = manifest.map_err(|_| at.inconsistent("the dataset's manifest"))?;
        match self.datasets.entry(at.entry.event.object) {
            Entry::Occupied(_) => self.leave_out(at.index, Because::Repeated),
            Entry::Vacant(new) => {
                new.insert(at.logged(DatasetDecision::of(manifest, at.index)));
            }
        }
        Ok(())
    }

    pub(super) fn approval(&mut self, at: &At<'_>) -> Result<(), RebuildError> {
        let name = at.entry.event.project.clone();
        let name = name.ok_or_else(|| at.inconsistent("the project's name"))?;
        if at.is_erased() {
            self.ended.insert(at.entry.event.object);
            self.end_project(&name, at.index);
            return Ok(());
        }
        let bytes = at.object(&at.entry.event.object)?;
        let proposal = Proposal::parse(&bytes).map_err(|_| at.inconsistent("the proposal"))?;
        at.require(proposal.project == name, "the project's name")?;
        at.require(self.datasets.contains_key(&proposal.dataset), "the project's dataset")?;
        let statements: Vec<Envelope> = at.json(&at.evidence(0)?, "the custodians' statements")?;
        let rules = at.object(&proposal.output_rules)?;
        let approved = ProjectDecision::of(proposal, bytes, rules, statements, at.index);
        self.standing.entry(name.clone()).or_default().insert(approved.digest);
        match self.projects.get(&name).map(|logged| &logged.decision) {
            Some(before) if before.digest == approved.digest => {
                self.leave_out(at.index, Because::Repeated);
                return Ok(());
            }
            Some(before) if before.dataset != approved.dataset => {
                let (first, second) = (before.log_index, at.index);
                return Err(RebuildError::ProjectTwice { project: name, first, second });
            }
            Some(before) => self.leave_out(before.log_index, Because::Superseded),
            None => {}
        }
        self.projects.insert(name, at.logged(approved));
        Ok(())
    }

    /// With an approval goes everything that the project had: no older one comes back.
    fn end_project(&mut self, name: &ProjectId, index: u64) {
        self.leave_out(index, Because::Erased);
        self.ended.extend(self.standing.remove(name).into_iter().flatten());
        let approval = self.projects.remove(name).map(|logged| logged.decision.log_index);
        let jobs = self.jobs.extract_if(.., |_, logged| logged.decision.project == *name);
        let jobs: Vec<_> = jobs.map(|(_, logged)| logged.decision.log_index).collect();
        let exports = self.exports.extract_if(.., |_, export| export.project == *name);
        let exports: Vec<_> = exports.map(|(_, export)| export.log_index).collect();
        for index in approval.into_iter().chain(jobs).chain(exports) {
            self.leave_out(index, Because::Erased);
        }
    }
}
