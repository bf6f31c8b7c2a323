//! Stages 7 and 8: reviewers see and accept an output, and it leaves.

use cloister::node::now;
use domain::Digest;
use domain::canonical;
use domain::dsse::Envelope;
use domain::output::OutputPackage;
use domain::review::{Review, Vote};
use serde_json::{Value, json};
use wire::airlock::{Exported, OutputContent, OutputSummary, READ_OUTPUT_TYPE, ReadOutput};

use super::Workspace;
use crate::LabError;
use crate::people::Person;

impl Workspace {
    /// The outputs that the airlock holds.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn outputs(&self) -> Result<Vec<OutputSummary>, LabError> {
        self.airlock.get("/v0/outputs", None, "the outputs").await
    }

    /// Exactly what would leave, as `reviewer` sees it.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn read_output(
        &self,
        reviewer: &Person,
        output: &OutputSummary,
    ) -> Result<OutputContent, LabError> {
        let request = ReadOutput {
            output: output.output.clone(),
            reviewer: reviewer.id.clone(),
            signed: now(),
        };
        let payload = canonical::to_vec(&request).map_err(|_| LabError::Made("a request"))?;
        let envelope = Envelope::sign(READ_OUTPUT_TYPE, &payload, &reviewer.key);
        let path = format!("/v0/outputs/{}/content", output.output);
        self.airlock.post(&path, None, &envelope, "the output's content").await
    }

    /// `person` votes on the package with this digest, signing for it.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn vote(
        &self,
        person: &Person,
        output: &OutputSummary,
        package: Digest,
        vote: Vote,
    ) -> Result<(), LabError> {
        let review = Review { package, reviewer: person.id.clone(), vote, signed: now() };
        let review = review.sign(&person.key).map_err(|_| LabError::Made("a review"))?;
        let path = format!("/v0/outputs/{}/reviews", output.output);
        let body = json!({ "review": review });
        let _summary: Value = self.airlock.post(&path, None, &body, "the review").await?;
        Ok(())
    }

    /// Each reviewer reads the output, then accepts it.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn accept(&self, output: &OutputSummary) -> Result<(), LabError> {
        for reviewer in &self.people.reviewers {
            let content = self.read_output(reviewer, output).await?;
            let package = OutputPackage::from_bytes(&content.package)
                .and_then(|package| package.digest())
                .map_err(|_| LabError::Made("the package's digest"))?;
            self.vote(reviewer, output, package, Vote::Accept).await?;
        }
        Ok(())
    }

    /// The output leaves: its export and the export's file.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn export(&self, output: &OutputSummary) -> Result<(Exported, Vec<u8>), LabError> {
        let login = self.login(&self.people.researcher);
        let path = format!("/v1/outputs/{}/export", output.output);
        let exported: Exported = self.control.post(&path, login, &json!({}), "the export").await?;
        let path = format!("/v1/exports/{}", exported.export);
        let file = self.control.bytes(&path, login, "the export's file").await?;
        Ok((exported, file))
    }
}
