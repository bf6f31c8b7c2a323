//! What can go wrong, and the only mapping of it to HTTP.

use std::path::PathBuf;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::dataset::DatasetError;
use domain::project::ApprovalError;
use domain::{Reason, ReasonCode};
use wire::Problem;

/// Why control did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// A part of control ended early.
    #[error("the request was interrupted; look at its state before trying again")]
    Aborted,
    /// The airlock does not answer, or not in a form that control knows.
    #[error("the airlock does not answer; try again later")]
    AirlockUnavailable(#[source] reqwest::Error),
    /// The broker does not answer, or not in a form that control knows.
    #[error("the broker does not answer; try again later")]
    BrokerUnavailable(#[source] reqwest::Error),
    /// The workload's signature was not uploaded.
    #[error("the workload has no bundle; upload it to `/v1/workloads/{{digest}}/bundle`")]
    BundleMissing,
    /// No client can be made for another service.
    #[error("the connection to another service cannot be set up")]
    Channel(#[from] channel::ChannelError),
    /// A database is made anew only where there is none.
    #[error("`{}` is there; stop the node and move it away first, with what lies beside it", _0.display())]
    DatabaseExists(PathBuf),
    /// SQLite failed, or what it holds cannot be read.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The dataset's manifest is not acceptable.
    #[error(transparent)]
    Dataset(DatasetError),
    /// The folder does not hold the dataset that is registered.
    #[error("the dataset folder does not hold the sealed dataset with this manifest")]
    DatasetFolder,
    /// The project's dataset is not registered here.
    #[error("the project's dataset is not registered here; its custodian must do so first")]
    DatasetMissing,
    /// A job cannot be stopped after its end.
    #[error("the job has ended")]
    JobEnded,
    /// Another request has the same job identifier.
    #[error("another job has this identifier; choose a new one")]
    JobExists,
    /// The job request cannot be read.
    #[error("the job request is not in its canonical form")]
    JobRequest,
    /// No or no valid token.
    #[error("log in: send `Authorization: Bearer TOKEN` with a token that has not expired")]
    LoginRequired,
    /// The request cannot be read.
    #[error("the request is malformed: {0}")]
    Malformed(String),
    /// The endpoint has no such method.
    #[error("the resource has no such method")]
    MethodNotAllowed,
    /// The database's schema is not one that this program can bring up to date.
    #[error("the database cannot be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// There is none, or none that the caller may know of.
    #[error("there is no such resource")]
    NotFound,
    /// A person may only start jobs in their own name.
    #[error("the job request names another author than the person who is logged in")]
    OtherAuthor,
    /// The output rules are not those of the proposal.
    #[error("the output rules do not have the digest that the proposal names")]
    OutputRules,
    /// Nothing can be added to an approval.
    #[error("the project is approved already")]
    ProjectApproved,
    /// Another proposal has the same project identifier.
    #[error("another proposal has this project identifier; choose a new one")]
    ProjectExists,
    /// Jobs need an approved project.
    #[error("the project is not approved yet")]
    ProjectNotApproved,
    /// The proposal is not acceptable.
    #[error(transparent)]
    Proposal(ApprovalError),
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    Randomness(#[from] getrandom::Error),
    /// Broker or airlock refused.
    #[error("{}", problem.detail)]
    Refused {
        /// The status under which that goes on.
        status: StatusCode,
        /// What they said.
        problem: Problem,
    },
    /// The role does not include this.
    #[error("your role does not include this")]
    RoleNotAllowed,
    /// A file or folder cannot be read or written.
    #[error("files cannot be read or written")]
    Storage(#[from] std::io::Error),
    /// The body is too big.
    #[error("the request is bigger than what is taken in here")]
    TooLarge,
    /// The bytes are not those of the workload.
    #[error("the bytes are neither a component with this digest nor an image layout that holds it")]
    WorkloadDigest,
    /// Another person uploaded it with other content.
    #[error("another person uploaded this workload; only they or an operator can replace it")]
    WorkloadExists,
    /// The workload was not uploaded.
    #[error("the workload is not here; upload it to `/v1/workloads/{{digest}}`")]
    WorkloadMissing,
}

impl Reason for ControlError {
    /// [`Self::Refused`] has its reason from the other service: see [`ControlError::code`].
    fn reason(&self) -> &'static str {
        match self {
            Self::Aborted => "system.aborted",
            Self::AirlockUnavailable(_) => "airlock.unavailable",
            Self::BrokerUnavailable(_) => "broker.unavailable",
            Self::BundleMissing => "workload.bundle-missing",
            Self::Channel(_) => "system.channel",
            Self::Database(_) => "system.database",
            Self::DatabaseExists(_) => "rebuild.database-exists",
            Self::Dataset(cause) => cause.reason(),
            Self::DatasetFolder => "dataset.folder",
            Self::DatasetMissing => "dataset.unknown",
            Self::JobEnded => "job.ended",
            Self::JobExists => "job.exists",
            Self::JobRequest => "launch.malformed",
            Self::LoginRequired => "access.login-required",
            Self::Malformed(_) => "request.malformed",
            Self::MethodNotAllowed => "request.method",
            Self::Migration(_) => "system.migration",
            Self::NotFound => "access.not-found",
            Self::OtherAuthor => "job.other-author",
            Self::OutputRules => "project.output-rules",
            Self::ProjectApproved => "project.already-approved",
            Self::ProjectExists => "project.exists",
            Self::ProjectNotApproved => "project.not-approved",
            Self::Proposal(cause) => cause.reason(),
            Self::Randomness(_) => "system.randomness",
            Self::Refused { .. } => "service.refused",
            Self::RoleNotAllowed => "access.role",
            Self::Storage(_) => "system.storage",
            Self::TooLarge => "request.too-large",
            Self::WorkloadDigest => "workload.digest",
            Self::WorkloadExists => "workload.exists",
            Self::WorkloadMissing => "workload.missing",
        }
    }
}

impl ControlError {
    /// The reason code, which for a refusal of another service is theirs.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        self.problem().reason
    }

    /// What the person is told. Causes stay inside.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Refused { problem, .. } => problem.clone(),
            other => Problem::of(other),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Dataset(_)
            | Self::JobRequest
            | Self::Malformed(_)
            | Self::OutputRules
            | Self::Proposal(_)
            | Self::WorkloadDigest => StatusCode::BAD_REQUEST,
            Self::LoginRequired => StatusCode::UNAUTHORIZED,
            Self::OtherAuthor | Self::RoleNotAllowed => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BundleMissing
            | Self::DatasetFolder
            | Self::DatasetMissing
            | Self::JobEnded
            | Self::JobExists
            | Self::ProjectApproved
            | Self::ProjectExists
            | Self::ProjectNotApproved
            | Self::WorkloadExists
            | Self::WorkloadMissing => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused { status, .. } => *status,
            Self::AirlockUnavailable(_) | Self::BrokerUnavailable(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Aborted
            | Self::Channel(_)
            | Self::Database(_)
            | Self::DatabaseExists(_)
            | Self::Migration(_)
            | Self::Randomness(_)
            | Self::Storage(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status = self.status();
        let kind = [(header::CONTENT_TYPE, Problem::MEDIA_TYPE)];
        let mut response = (status, kind, Json(self.problem())).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = header::HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
