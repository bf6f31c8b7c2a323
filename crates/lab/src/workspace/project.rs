//! Stage 2: the researcher proposes, the custodian approves with a signature.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cloister::node::now;
use domain::Digest;
use domain::canonical;
use domain::dsse::Envelope;
use domain::keys::SecretKey;
use domain::project::{Proposal, approve};
use getrandom::SysRng;
use seal::WrappedDatasetKey;
use seal::rand_core::UnwrapErr;
use serde::Deserialize;
use serde_json::{Value, json};

use super::materials::{Signed, base64};
use super::{NODE, Workspace};
use crate::LabError;
use crate::people::Person;

/// Control's view of a project, as far as the laboratory reads it.
#[derive(Deserialize)]
struct ProjectState {
    state: String,
    #[serde(default)]
    refusal: Value,
}

impl Workspace {
    /// The custodian registers the dataset and hands its wrapped key to the broker.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn register(&self) -> Result<(), LabError> {
        let manifest = self.folder.join(NODE).join("datasets").join(DATASET_FOLDER);
        let manifest = manifest.join("manifest.dsse.json");
        let text = fs::read(&manifest).map_err(|error| LabError::File(manifest.clone(), error))?;
        let envelope: Envelope = serde_json::from_slice(&text)
            .map_err(|error| LabError::File(manifest, error.into()))?;
        let rng = &mut UnwrapErr(SysRng);
        let digest = self.dataset.digest();
        let wrapped = WrappedDatasetKey::wrap(&self.secret, &self.served.sealing_key, &digest, rng)
            .map_err(|_| LabError::Made("the wrapped key"))?;
        let body = json!({
            "manifest": envelope,
            "signer": self.dataset.signer(),
            "wrapped_key": wrapped,
            "folder": DATASET_FOLDER,
        });
        let custodian = self.login(&self.people.custodian);
        let _dataset: Value =
            self.control.post("/v1/datasets", custodian, &body, "the dataset").await?;
        Ok(())
    }

    /// The researcher uploads a program and its signature.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn upload(&self, signed: &Signed) -> Result<(), LabError> {
        let login = self.login(&self.people.researcher);
        let path = format!("/v1/workloads/{}", signed.workload.digest);
        let program = fs::read(&signed.program)
            .map_err(|error| LabError::File(signed.program.clone(), error))?;
        self.control.put(&path, login, program, "the workload").await?;
        let bundle = signed.bundle.clone();
        self.control.put(&format!("{path}/bundle"), login, bundle, "the signature").await
    }

    /// A proposal to run `workloads` on the dataset, with everything as it should be.
    ///
    /// # Errors
    /// [`LabError::Made`].
    pub fn proposal(&self, workloads: &[&Signed]) -> Result<Proposal, LabError> {
        let person = |person: &Person| (person.id.clone(), person.key.public());
        Ok(Proposal {
            project: PROJECT.parse().map_err(|_| LabError::Made("the project's name"))?,
            title: "Visits and spending by insurance plan".to_owned(),
            purpose: "Does cost sharing lower the use of care, by site, age and sex?".to_owned(),
            dataset: self.dataset.digest(),
            workloads: workloads.iter().map(|signed| signed.workload.clone()).collect(),
            measurements: BTreeSet::from([self.measurement]),
            output_rules: Digest::of(&self.rules),
            release_policy: self.served.release_policy,
            researchers: BTreeMap::from([person(&self.people.researcher)]),
            reviewers: self.people.reviewers.iter().map(person).collect(),
            reviews_required: 2,
            expires: now().plus_seconds(24 * 3600),
        })
    }

    /// The researcher proposes; control keeps the draft.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn propose(&self, proposal: &Proposal) -> Result<(), LabError> {
        let bytes = canonical::to_vec(proposal).map_err(|_| LabError::Made("the proposal"))?;
        let body = json!({ "proposal": base64(&bytes), "output_rules": base64(&self.rules) });
        let researcher = self.login(&self.people.researcher);
        let _draft: Value =
            self.control.post("/v1/projects", researcher, &body, "the proposal").await?;
        Ok(())
    }

    /// A custodian approves with a signature by `key`.
    ///
    /// # Errors
    /// [`LabError::Unexpected`] if the project is not approved then.
    pub async fn approve(&self, proposal: &Proposal, key: &SecretKey) -> Result<(), LabError> {
        let statement =
            approve(proposal, key, now()).map_err(|_| LabError::Made("the approval"))?;
        let path = format!("/v1/projects/{}/approvals", proposal.project);
        let custodian = self.login(&self.people.custodian);
        let project: ProjectState =
            self.control.post(&path, custodian, &statement, "the approval").await?;
        if project.state == "approved" {
            return Ok(());
        }
        let found = project.refusal.to_string();
        Err(LabError::Unexpected { what: "the project", expected: "approved", found })
    }

    /// All of stage 2 for `workloads`.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn approved(&self, workloads: &[&Signed]) -> Result<Proposal, LabError> {
        self.register().await?;
        for signed in workloads {
            self.upload(signed).await?;
        }
        let proposal = self.proposal(workloads)?;
        self.propose(&proposal).await?;
        self.approve(&proposal, &self.people.custodian.key).await?;
        Ok(proposal)
    }
}

/// Where the node keeps the demo's dataset.
pub const DATASET_FOLDER: &str = "randhie";
const PROJECT: &str = "visits-by-plan";
