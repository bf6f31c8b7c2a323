//! Stages 7 and 8 as seen from outside the airlock: listings, votes and exports. Plaintext under
//! review never comes through here: reviewers fetch it from the airlock with a signed request.

use axum::http::StatusCode;
use domain::claims::Trust;
use domain::ids::{ExportId, OutputId, PersonId, ProjectId};
use domain::{Digest, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use wire::airlock::{Exported, OutputState, OutputSummary, RefusedFile, SubmitReview};

use crate::app::notice;
use crate::authz::Caller;
use crate::db::{exports, projects};
use crate::{Control, ControlError};

/// An output, as the airlock lists it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Output {
    /// Its name.
    #[schema(value_type = String)]
    output: OutputId,
    /// Its project.
    #[schema(value_type = String)]
    project: ProjectId,
    /// Who made it.
    #[schema(value_type = String)]
    author: PersonId,
    /// The package, by digest: what reviewers sign.
    #[schema(value_type = String)]
    package: Digest,
    /// When it arrived.
    #[schema(value_type = String, format = DateTime)]
    received: Timestamp,
    /// `refused`, `in-review`, `rejected`, `accepted` or `exported`.
    #[schema(value_type = String)]
    state: OutputState,
    /// The files that passed.
    files: Vec<String>,
    /// The files that were refused: `name` and `reason` of each.
    #[schema(value_type = Vec<Object>)]
    refused: Vec<RefusedFile>,
    /// `hardware` or `emulated`.
    #[schema(value_type = String)]
    platform: Trust,
    /// Accepting votes so far.
    accepted_votes: u32,
    /// How many the project asks for.
    votes_needed: u32,
    /// What to know about the platform.
    notice: Option<&'static str>,
    /// The export in which it left; its file is at `/v1/exports/{export}`.
    #[schema(value_type = Option<String>)]
    export: Option<ExportId>,
    /// Whether a sigstore bundle was published with it, at `/v1/exports/{export}/bundle`.
    bundle: bool,
}

/// An export that left.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Export {
    /// Its name; the file is at `/v1/exports/{export}`.
    #[schema(value_type = String)]
    pub(crate) export: ExportId,
    /// The output that left in it.
    #[schema(value_type = String)]
    pub(crate) output: OutputId,
    /// SHA-256 of the zip file.
    #[schema(value_type = String)]
    pub(crate) sha256: Digest,
    /// Where in the log its event stands.
    pub(crate) log_index: u64,
    /// Whether a sigstore bundle was published with it, at `/v1/exports/{export}/bundle`.
    pub(crate) bundle: bool,
    /// `hardware` or `emulated`.
    #[schema(value_type = String)]
    pub(crate) platform: Trust,
    /// What to know about that platform.
    pub(crate) notice: Option<&'static str>,
}

impl Output {
    fn of(summary: OutputSummary, left: Option<(ExportId, bool)>) -> Self {
        let (export, bundle) = left.unzip();
        Self {
            notice: notice(summary.platform),
            output: summary.output,
            project: summary.project,
            author: summary.author,
            package: summary.package,
            received: summary.received,
            state: summary.state,
            files: summary.files,
            refused: summary.refused,
            platform: summary.platform,
            accepted_votes: summary.accepted_votes,
            votes_needed: summary.votes_needed,
            export,
            bundle: bundle.unwrap_or_default(),
        }
    }
}

impl Control {
    /// The output with the export in which it left.
    pub(crate) async fn described(&self, summary: OutputSummary) -> Result<Output, ControlError> {
        let left = exports::of_output(&self.pool, &summary.output).await?;
        Ok(Output::of(summary, left))
    }

    /// The outputs that the caller may know of, newest first.
    pub(crate) async fn outputs(
        &self,
        caller: &Caller,
    ) -> Result<Vec<OutputSummary>, ControlError> {
        let mut all: Vec<OutputSummary> = self.airlock.get("/v0/outputs").await?;
        if let Some(person) = caller.confined_to() {
            let own = projects::of_member(&self.pool, person).await?;
            all.retain(|output| own.iter().any(|name| name == output.project.as_str()));
        }
        all.sort_by(|a, b| (b.received, &b.output).cmp(&(a.received, &a.output)));
        Ok(all)
    }

    /// The output, if the caller may know of it.
    pub(crate) async fn output(
        &self,
        caller: &Caller,
        output: &OutputId,
    ) -> Result<OutputSummary, ControlError> {
        let path = format!("/v0/outputs/{output}");
        let found: OutputSummary = match self.airlock.get(&path).await {
            // Otherwise the airlock's reason would tell a hidden output from one that is not there.
            Err(ControlError::Refused { status, .. }) if status == StatusCode::NOT_FOUND => {
                return Err(ControlError::NotFound);
            }
            other => other?,
        };
        self.must_take_part(caller.confined_to(), &found).await?;
        Ok(found)
    }

    /// Passes a signed vote on.
    pub(crate) async fn review(
        &self,
        caller: &Caller,
        output: &OutputId,
        vote: &SubmitReview,
    ) -> Result<OutputSummary, ControlError> {
        self.output(caller, output).await?;
        self.airlock.post(&format!("/v0/outputs/{output}/reviews"), vote).await
    }

    /// Has the airlock release an output.
    pub(crate) async fn export(
        &self,
        caller: &Caller,
        output: &OutputId,
    ) -> Result<Export, ControlError> {
        let summary = self.output(caller, output).await?;
        let path = format!("/v0/outputs/{output}/export");
        let left: Exported = self.airlock.post(&path, &serde_json::Value::Null).await?;
        // CRASH: the airlock answers the same again.
        let platform = summary.platform;
        exports::put(&self.pool, &left, output, &summary.project, platform).await?;
        Ok(Export {
            export: left.export,
            output: output.clone(),
            sha256: left.sha256,
            log_index: left.log_index,
            bundle: left.bundle,
            platform,
            notice: notice(platform),
        })
    }

    /// The zip file of an export, as it comes in.
    pub(crate) async fn export_file(
        &self,
        caller: &Caller,
        export: &ExportId,
    ) -> Result<reqwest::Response, ControlError> {
        self.must_see(caller, export).await?;
        self.airlock.download(&format!("/v0/exports/{export}")).await
    }

    /// The sigstore bundle that was published with an export, as it comes in.
    pub(crate) async fn export_bundle(
        &self,
        caller: &Caller,
        export: &ExportId,
    ) -> Result<reqwest::Response, ControlError> {
        self.must_see(caller, export).await?;
        self.airlock.download(&format!("/v0/exports/{export}/bundle")).await
    }

    async fn must_see(&self, caller: &Caller, export: &ExportId) -> Result<(), ControlError> {
        match exports::is_visible(&self.pool, export, caller.confined_to()).await? {
            true => Ok(()),
            false => Err(ControlError::NotFound),
        }
    }

    async fn must_take_part(
        &self,
        person: Option<&PersonId>,
        output: &OutputSummary,
    ) -> Result<(), ControlError> {
        let Some(person) = person else { return Ok(()) };
        let visible = projects::find(&self.pool, &output.project, Some(person)).await?;
        visible.map(drop).ok_or(ControlError::NotFound)
    }
}
