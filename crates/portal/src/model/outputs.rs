//! Outputs and exports.

use domain::Digest;
use domain::claims::Trust;
use domain::ids::{ExportId, OutputId, PersonId, ProjectId};
use serde::Deserialize;
use wire::airlock::{OutputState, RefusedFile};

use super::{Moment, is_emulated};

/// `/v1/outputs/{output}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Output {
    pub(crate) output: OutputId,
    pub(crate) project: ProjectId,
    pub(crate) author: PersonId,
    pub(crate) package: Digest,
    pub(crate) received: Moment,
    state: OutputState,
    pub(crate) files: Vec<String>,
    pub(crate) refused: Vec<RefusedFile>,
    platform: Trust,
    pub(crate) accepted_votes: u32,
    pub(crate) votes_needed: u32,
    pub(crate) export: Option<ExportId>,
    pub(crate) bundle: bool,
}

impl Output {
    pub(crate) fn is_emulated(&self) -> bool {
        is_emulated(Some(self.platform))
    }

    pub(crate) const fn state(&self) -> &'static str {
        match self.state {
            OutputState::Refused => "refused",
            OutputState::InReview => "in review",
            OutputState::Rejected => "rejected by a reviewer",
            OutputState::Accepted => "accepted",
            OutputState::Exported => "exported",
        }
    }

    pub(crate) fn is_in_review(&self) -> bool {
        self.state == OutputState::InReview
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.state == OutputState::Accepted
    }

    pub(crate) fn is_exported(&self) -> bool {
        self.state == OutputState::Exported
    }
}

/// The answer to `POST /v1/outputs/{output}/export`.
#[derive(Debug, Deserialize)]
pub(crate) struct Export {
    pub(crate) export: ExportId,
    pub(crate) output: OutputId,
    pub(crate) sha256: Digest,
    pub(crate) log_index: u64,
    pub(crate) bundle: bool,
    platform: Trust,
}

impl Export {
    pub(crate) fn is_emulated(&self) -> bool {
        is_emulated(Some(self.platform))
    }
}
